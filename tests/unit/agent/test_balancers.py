# SPDX-License-Identifier: Apache-2.0
"""What HAProxy says about targets and configurations, as 3.0.11 said it, and the container that it runs in."""

from orca.agent.balancers import lines, order
from orca.agent.balancers.lines import Edge
from orca.agent.specification import container
from orca.hoststate.plan.haproxy import Server
from orca.wire import Instance, TargetFigures

TARGET = Server("web-80", "t1_0dd9e3da")
TAIL = "1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
COLUMNS = (
    "pxname,svname,scur,stot,bin,bout,econ,eresp,status,check_desc,check_code,last_chk,check_duration,"
    "hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other"
)
STATISTICS = f"""# {COLUMNS}
web-80,t1_0dd9e3da,2,9,100,200,1,2,UP,Layer7 check passed,200,OK,1,1,4,0,0,1,0
web-80,t2_0dd9e3da,0,0,0,0,0,0,DOWN 1/2,Layer7 wrong status,503,Unavailable,1,0,0,0,0,0,0
db,t1_0dd9e3da,1,7,5,6,0,0,no check,,,,,,,,,,
db,t3_0dd9e3da,0,0,0,0,0,0,MAINT,,,,,,,,,,
db,by-hand,0,0,0,0,0,0,UP,,,,,,,,,,
"""
REFUSED = """\
[NOTICE]   (1) : haproxy version is 3.0.11-1+deb13u5
[ALERT]    (1) : config : parsing [/etc/orca-balancer/candidate.cfg:33] : errorfile : error opening file '/nope'.
[ALERT]    (1) : config : Error(s) found in configuration file : /etc/orca-balancer/candidate.cfg
[ALERT]    (1) : config : Fatal errors found in configuration.
"""
PROCESSES = """\
#<PID>          <type>          <reloads>       <uptime>        <version>
1               master          2 [failed: 0]   0d00h09m16s     3.0.11-1+deb13u5
# workers
21              worker          0               0d00h00m02s     3.0.11-1+deb13u5
# old workers
17              worker          1               0d00h00m04s     3.0.11-1+deb13u5
# programs
"""
SESSIONS = """\
0x55d0: proto=tcpv4 src=172.17.0.1:4 fe=port-80 be=web-80 srv=t1_0dd9e3da ts=00 epoch=0
0x55d1: proto=tcpv4 src=172.17.0.1:5 fe=port-80 be=web-80 srv=t2_0dd9e3da ts=00 epoch=0
0x55d2: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> ts=00 epoch=0
"""


def test_changes_of_targets_are_read_from_the_log() -> None:
    down = f'Server {TARGET} is DOWN, reason: Layer7 wrong status, code: 503, info: "Gone", check duration: 8ms. {TAIL}'
    assert lines.read_line(down) == Edge(TARGET, up=False, reason="HTTP 503")
    refused = (
        f'Server {TARGET} is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. '
    )
    assert lines.read_line(refused + TAIL) == Edge(TARGET, up=False, reason="connection refused")
    up = f"Server {TARGET} is UP, reason: Layer7 check passed, code: 200, check duration: 1ms. {TAIL}\n"
    assert lines.read_line(up) == Edge(TARGET, up=True, reason="")
    for other in (f"Server {TARGET} is UP/READY (leaving forced maintenance).", "Proxy web-80 stopped (cumulated)."):
        assert lines.read_line(other) is None


def test_statistics() -> None:
    found = list(lines.rows(STATISTICS))
    assert [str(server) for server, _ in found] == [
        "web-80/t1_0dd9e3da",
        "web-80/t2_0dd9e3da",
        "db/t1_0dd9e3da",
        "db/t3_0dd9e3da",
    ]
    assert lines.figures(found[0][1]) == TargetFigures("up", 2, 6, 3, 100, 200)
    assert lines.figures(found[2][1]) == TargetFigures("up", 1, 7, 0, 5, 6), "connections, where there is no HTTP"
    assert [lines.figures(row).state for _, row in found] == ["up", "down", "up", "drain"]
    assert [lines.edge(*each).reason for each in found] == ["", "HTTP 503", "", ""]


def test_a_refusal_has_haproxys_words_and_the_line() -> None:
    assert lines.refusal(REFUSED) == ("errorfile : error opening file '/nope'.", 33)
    assert lines.refusal("[ALERT]    (1) : Cannot raise FD limit to 40062, limit is 20000.") == (
        "Cannot raise FD limit to 40062, limit is 20000.",
        None,
    )
    assert lines.refusal("") == ("no reason given", None)


def test_processes_and_their_sessions() -> None:
    assert lines.former_workers(PROCESSES) == [17]
    assert lines.former_workers(PROCESSES.partition("# old")[0]) == []
    assert lines.sessions_of(SESSIONS, TARGET) == ["0x55d0"]


def test_the_container_has_no_right_and_nothing_of_the_order_that_could_give_one() -> None:
    ordered = Instance(
        uuid="u1",
        name="lb",
        image="rancher/load-balancer-service",
        command=["x"],
        volumes=["/:/host"],
        privileged=True,
        cap_add=["NET_ADMIN"],
        address="10.42.1.9",
        memory=1 << 28,
        labels={"a": "b"},
        balancer=True,
    )
    body, _ = container(order.container(ordered, "orca/haproxy:1", "/var/lib/orca/balancer/u1"), None)
    host = body["HostConfig"]
    assert (body["Image"], body["User"], body["Cmd"], body["Entrypoint"][:2]) == (
        "orca/haproxy:1",
        "65055:0",
        [],
        ["haproxy", "-W"],
    )
    assert host["Binds"] == ["/var/lib/orca/balancer/u1:/etc/orca-balancer"]
    assert (host["CapDrop"], host["CapAdd"], host["Privileged"]) == (["ALL"], [], False)
    assert host["Sysctls"] == {"net.ipv4.ip_unprivileged_port_start": "0"}
    assert host["ReadonlyRootfs"]
    assert body["StopSignal"] == "SIGUSR1"
    assert (host["Memory"], body["Labels"]["a"]) == (1 << 28, "b"), "limits and labels are the order's"
    assert "Sysctls" not in container(Instance(uuid="u2", name="web", image="web"), None)[0]["HostConfig"]
