# SPDX-License-Identifier: Apache-2.0
"""What `orca hosts`, `ps`, `stacks`, `processes` and `api` print."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import yaml
from fakeserver import FakeServer, Run


def test_hosts_as_table_json_and_yaml(orca: Run, server: FakeServer) -> None:
    server.add("hosts", "1h1", hostname="h1", agentState="active", agentIpAddress="192.0.2.1", labels={"disk": "ssd"})
    code, out, _ = orca("hosts")
    assert code == 0
    assert out.splitlines() == [
        "ID   NAME  STATE   AGENT   ADDRESS    LABELS    FAILED",
        "1h1  h1    active  active  192.0.2.1  disk=ssd",
    ]
    assert json.loads(orca("hosts", "-o", "json")[1])[0]["id"] == "1h1"
    assert yaml.safe_load(orca("hosts", "-o", "yaml")[1])[0]["id"] == "1h1"


def test_hosts_wide_says_who_encrypts_and_how_many_containers_fit(orca: Run, server: FakeServer) -> None:
    info = {"osInfo": {"dockerVersion": "20.10.24", "kernelVersion": "6.1.0"}}
    server.add("hosts", "1h1", hostname="h1", agentState="active", info=info, encryption="userspace")
    server.add("hosts", "1h2", hostname="h2", agentState="active")
    addresses = {"startAddress": "10.42.1.10", "endAddress": "10.42.1.239"}
    server.add("subnets", "1s1", hostId="1h1", networkAddress="10.42.1.0", cidrSize=24, **addresses)
    assert orca("hosts", "-o", "wide")[1].splitlines() == [
        "ID   NAME  STATE   AGENT   ADDRESS  ENGINE    KERNEL  ENCRYPTION  RANGE         ROOM  LABELS  FAILED",
        "1h1  h1    active  active           20.10.24  6.1.0   userspace   10.42.1.0/24  230",
        "1h2  h2    active  active",
    ]


def test_ps_hides_what_is_stopped_and_shows_every_page(orca: Run, server: FakeServer) -> None:
    server.page_size = 2
    server.add("hosts", "1h1", name="h1")
    for number in range(5):
        server.add(
            "containers", f"1i{number}", name=f"c{number}", state="running", hostId="1h1", imageUuid="docker:orca/web:1"
        )
    server.rows["containers"]["1i3"]["state"] = "stopped"
    names = [line.split()[1] for line in orca("ps")[1].splitlines()[1:]]
    assert names == ["c0", "c1", "c2", "c4"]
    assert len(orca("ps", "-a")[1].splitlines()) == 6


def test_ps_shows_health_since_when_and_why(orca: Run, server: FakeServer) -> None:
    moment = int(time.time() * 1000)
    server.add("hosts", "1h1", name="h1")
    for number, (health, seconds, reason) in enumerate(
        ((None, 0, None), ("healthy", 7300, None), ("unhealthy", 190, "h1: connection refused")), 1
    ):
        found = {"healthState": health, "healthSinceTS": moment - seconds * 1000, "healthReason": reason}
        server.add("containers", f"1i{number}", name=f"c{number}", state="running", hostId="1h1", **found)
    shown = [line.split(None, 3) for line in orca("ps")[1].splitlines()[1:]]
    assert [row[3].split("  ")[0] for row in shown] == ["h1", "healthy 2h", "unhealthy 3m"]
    assert shown[2][3].endswith("h1: connection refused")
    said = {"verdict": "down", "sinceTS": moment - 7_300_000, "reason": "connection refused"}
    server.add("healthcheckInstanceHostMaps", "1hihm1", instanceId="1i3", hostId="1h1", **said)
    server.add("healthcheckInstanceHostMaps", "1hihm2", instanceId="1i9", hostId="1h1", verdict="up")
    (line,) = orca("ps", "--checks")[1].splitlines()[1:]
    assert line.split(None, 4) == ["c3", "h1", "down", "2h", "connection refused"]
    since = datetime.fromtimestamp(time.time() - 130, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    server.rows["containers"]["1i2"]["engineHealth"] = {"state": "unhealthy", "since": since, "output": "n" * 4000}
    of_engine, of_host = orca("ps", "--checks")[1].splitlines()[1:]
    assert "  engine of h1  " in of_engine
    assert of_engine.split()[4:6] == ["unhealthy", "2m"]
    assert len(of_engine) < 200
    assert of_host.startswith("c3")
    (of_engine, _) = json.loads(orca("ps", "--checks", "-o", "json")[1])
    assert (of_engine["instanceId"], of_engine["type"], len(of_engine["reason"])) == ("1i2", "engineHealth", 4000)


def test_ps_takes_whatever_has_containers(orca: Run, server: FakeServer) -> None:
    for number, host in ((1, "1h1"), (2, "1h2"), (3, "1h1")):
        server.add("hosts", host, name=f"h{host[-1]}", type="host")
        service = {"serviceId": "1s1"} if number < 3 else {}
        server.add(
            "containers", f"1i{number}", name=f"c{number}", state="running", hostId=host, type="container", **service
        )
    server.add("services", "1s1", name="web", type="service", environmentId="1e1")

    def listed(name: str) -> list[str]:
        code, out, err = orca("ps", name)
        assert code == 0, err
        return [line.split()[1] for line in out.splitlines()[1:]]

    assert listed("host/h1") == ["web", "c1", "c3"]
    assert listed("h2") == ["web", "c2"]
    assert listed("c3") == ["c3"]
    assert listed("web") == ["web", "c1", "c2"]


def test_a_name_cannot_send_control_characters_to_the_terminal(orca: Run, server: FakeServer) -> None:
    server.add("hosts", "1h1", name="\x1b[31mred")
    assert "\x1b" not in orca("hosts")[1]


def test_stacks_shows_services_and_reasons(orca: Run, server: FakeServer) -> None:
    server.add("environments", "1e1", name="shop", transitioning="error", transitioningMessage="no such image")
    server.add("services", "1s1", name="web", environmentId="1e1", scale=2)
    assert "shop  active          web:active(2)  no such image" in orca("stacks")[1]


def test_processes_shows_what_each_waits_for(orca: Run, server: FakeServer) -> None:
    server.add(
        "processinstances", "1pi1", processName="instance.start", resourceType="instance", resourceId="7",
        waiting="the agent of host h2", endTime=None,
    )  # fmt: skip
    assert "the agent of host h2" in orca("processes")[1]


def test_api_reaches_collections_and_full_paths(orca: Run, server: FakeServer) -> None:
    server.add("hosts", "1h1", name="h1")
    assert json.loads(orca("api", "GET", "hosts")[1])["data"][0]["name"] == "h1"
    assert json.loads(orca("api", "get", "/v2/projects")[1])["data"][0]["id"] == "1a5"
    assert orca("api", "POST", "hosts", "-d", "{")[0] == 2
    assert orca("api", "GET", "hosts/1h9")[0] == 5


def test_a_refused_key_and_a_dead_server_are_told_apart_from_failures(
    orca: Run, server: FakeServer, monkeypatch
) -> None:
    monkeypatch.setenv("ORCA_SECRET_KEY", "wrong")
    code, _, err = orca("hosts")
    assert code == 3
    assert "refuses the key" in err
    code, _, err = orca("--url", "http://127.0.0.1:1", "hosts")
    assert code == 3
    assert "127.0.0.1:1" in err


def test_help_names_every_command(orca: Run) -> None:
    from orca.cli.root import COMMANDS

    code, out, _ = orca("--help")
    assert code == 0
    assert all(name in out for name in COMMANDS)


def test_what_a_service_waits_for_is_shown(orca: Run, server: FakeServer) -> None:
    waits = [{"stack": "sn", "service": "cache", "name": "cache", "ports": []}]
    server.add("services", "1s1", name="web", type="service", waitsFor=waits)
    assert "waits for sn/cache" in orca("services")[1]
    assert "waits for sn/cache" in orca("ps")[1]


def test_volumes_are_shown_with_their_host_and_who_mounts_them(orca: Run, server: FakeServer) -> None:
    server.add("hosts", "1h1", name="h1")
    server.add("containers", "1i1", name="db", state="running")
    local = {"driver": "local", "isHostPath": False}
    server.add("volumes", "1v1", name="shop_db", state="active", hostId="1h1", **local)
    server.add("volumes", "1v2", name="home", state="inactive", hostId=None, **local)
    server.add("volumes", "1v3", name="new", state="requested", hostId=None, **local)
    server.add("volumes", "1v4", name="/srv", state="active", hostId="1h1", driver="local", isHostPath=True)
    server.add("mounts", "1m1", volumeId="1v1", instanceId="1i1")
    assert orca("volumes")[1].splitlines() == [
        "ID   NAME     STATE      DRIVER  HOST  MOUNTED BY  FAILED",
        "1v1  shop_db  active     local   h1    db",
        "1v2  home     inactive   local   any",
        "1v3  new      requested  local",
    ]
    assert orca("volumes", "--unused", "-q")[1].split() == ["1v2", "1v3"]
    assert orca("volumes", "-a", "-q")[1].split() == ["1v1", "1v2", "1v3", "1v4"]


def test_balancers_show_each_target_and_who_is_silent(orca: Run, server: FakeServer) -> None:
    figures = {"state": "up", "sessions": 2, "requests": 70, "errors": 1, "bytesIn": 10, "bytesOut": 900}
    target = {"container": "shop_edge_1", "backend": "80", "target": "shop_web_1", **figures}
    silent = {"container": "shop_edge_2", "reason": "no answer in 5 s"}
    server.add("stats", "1s2", targets=[target], unanswered=[silent])
    server.add("services", "1s1", name="web")
    link = {"stats": "{url}/v2/projects/1a5/stats/1s2"}
    server.add("services", "1s2", name="edge", type="loadBalancerService", links=link)
    code, out, err = orca("balancers")
    assert code == 0
    assert " ".join(out.splitlines()[1].split()) == "shop_edge_1 80 shop_web_1 up 2 70 1 10 900"
    assert err == "shop_edge_2: no answer in 5 s\n"
    assert json.loads(orca("balancers", "edge", "-o", "json")[1])[0]["targets"] == [target]
    code, _, err = orca("balancers", "web")
    assert (code, "web is of type service; balancers are loadBalancerService" in err) == (1, True)
