# SPDX-License-Identifier: Apache-2.0
"""From the checks of a host to servers of HAProxy, and the commands that make them."""

from pathlib import Path

import pytest

from orca.hoststate import haproxy_api
from orca.hoststate.apply import HostStateError
from orca.hoststate.apply import haproxy as shell
from orca.hoststate.plan import checks, haproxy
from orca.hoststate.plan.haproxy import Map, Server

HTTP = {"method": "GET", "path": "/ok;a?b", "host": "shop.example"}
ITEM = {
    "instance": "i",
    "host": "h",
    "start": 2,
    "address": "10.42.2.10",
    "port": 80,
    "http": None,
    "expect": "200-399",
    "interval": 2000,
    "timeout": 1500,
    "rise": 2,
    "fall": 3,
}


def described(**items):
    return {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24", "checks": items}


def the_only(**changes):
    (check,) = checks.checks(described(a={**ITEM, **changes})).values()
    return check


def test_the_configuration_is_the_one_that_haproxy_3_0_accepted():
    """``haproxy -c`` of 3.0.11 read this file, and its checks were seen to work."""
    assert checks.configuration() == (Path(__file__).parent / "checker.cfg").read_text()


def test_a_check_that_only_connects():
    check = the_only()
    assert check.server.backend == "tcp-2000", "the next time-out that is not shorter"
    assert check.server.name.startswith("a_2_")
    assert check.add() == [
        f"add server {check.server} 10.42.2.10:80 check inter 2000ms rise 2 fall 3",
        f"enable server {check.server}",
        f"enable health {check.server}",
        f"set server {check.server} health down",
    ]


def test_a_request_stands_in_maps_by_the_name_of_the_server():
    check = the_only(http=HTTP, timeout=90_000)
    assert check.server.backend == "http-60000-get-200-399"
    assert check.add()[:2] == [
        rf"add map /etc/orca-check/paths.map {check.server.name} /ok\;a?b",
        f"add map /etc/orca-check/names.map {check.server.name} shop.example",
    ]
    assert the_only(http={**HTTP, "host": None}).name == "10.42.2.10"
    assert checks.end(check.server) == [
        f"set server {check.server} state maint",
        f"del server {check.server}",
        f"del map /etc/orca-check/paths.map {check.server.name}",
        f"del map /etc/orca-check/names.map {check.server.name}",
    ]


def test_a_container_in_its_hosts_network_is_checked_at_the_address_of_the_host():
    (check,) = checks.checks(described(a={**ITEM, "address": None}), "192.0.2.7").values()
    assert check.address == "192.0.2.7"
    assert the_only(address=None).address == "10.42.1.1", "a host that has none is reached through the bridge"
    assert check.server != the_only(address=None).server, "another address is another check"


def test_only_what_differs_is_begun_and_ended():
    present = checks.checks(described(a=ITEM, b=ITEM, c=ITEM))
    wanted = checks.checks(described(a=ITEM, b={**ITEM, "start": 3}, d=ITEM))
    new, gone = checks.difference(wanted, present)
    assert [checks.identity(check.server.name) for check in new] == [("b", 3), ("d", 2)]
    assert [checks.identity(server.name) for server in gone] == [("b", 2), ("c", 2)]
    changed = checks.checks(described(a={**ITEM, "interval": 500}))
    assert checks.difference(changed, checks.checks(described(a=ITEM)))[0], "a changed check is another server"
    assert checks.difference(wanted, wanted) == ([], [])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"http": {**HTTP, "method": "BREW"}}, "check a: method 'BREW' is not one of GET"),
        ({"http": {**HTTP, "path": "/a b"}}, "'/a b' is not a path"),
        ({"http": {**HTTP, "path": "/" + "a" * 2048}}, "is not a path"),
        ({"http": {**HTTP, "host": "a\nb"}}, "is not a host"),
        ({"http": {**HTTP, "host": "a" * 256}}, "is not a host"),
        ({"http": HTTP, "expect": "418"}, "expected answers '418' are not one of 200-399"),
        ({"address": "web"}, "check a: .*'web'"),
    ],
)
def test_what_the_checker_cannot_do_is_refused_by_name(changes, message):
    with pytest.raises(ValueError, match=message):
        the_only(**changes)


@pytest.mark.parametrize("name", ["", "a_1", "a_x_00000000", "a b_1_00000000"])
def test_other_names_are_no_checks(name):
    assert checks.identity(name) is None


def test_words_of_commands_hold_anything_but_lines():
    assert haproxy.word("a b;c\\d") == r"a\ b\;c\\d"
    for text in ("", "a\nb"):
        with pytest.raises(ValueError, match="cannot be a word"):
            haproxy.word(text)
    with pytest.raises(ValueError, match="not a name"):
        str(Server("a b", "c"))
    assert Map("/m").look_up("srv_name") == "%[srv_name,map(/m)]"


# -- the runtime socket; answers as 3.0.11 gave them -------------------------------------------------------------------

STATES = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state \
bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr \
srv_agent_port
2 tcp-2000 1 a_1 127.0.0.1 2 0 1 1 7 6 3 4 6 0 0 0 - 18099 - 0 0 - - 0
2 tcp-2000 2 e_1 127.0.0.1 0 0 1 1 8 8 2 0 6 0 0 0 - 18098 - 0 0 - - 0
7 tcp-500 1 new 127.0.0.1 0 0 1 1 0 1 0 0 6 0 0 0 - 1 - 0 0 - - 0
7 tcp-500 2 off 127.0.0.1 0 1 1 1 0 6 0 0 6 0 0 0 - 1 - 0 0 - - 0
7 tcp-500 3 rising 127.0.0.1 0 0 1 1 0 6 3 1 6 0 0 0 - 1 - 0 0 - - 0"""


def test_states_tell_what_is_up_and_what_nobody_has_checked():
    found = haproxy_api.states(STATES)
    assert found[Server("tcp-2000", "a_1")] == haproxy_api.State(1, up=True, settled=True)
    assert found[Server("tcp-2000", "e_1")] == haproxy_api.State(2, up=False, settled=True)
    assert not any(found[Server("tcp-500", name)].settled for name in ("new", "off", "rising"))
    for answer in ("2\n# be_name", "1\n# be_name\nb", "Unknown command"):
        with pytest.raises(haproxy_api.ProtocolError):
            haproxy_api.states(answer)


def test_an_empty_line_ends_each_answer():
    data = f"New server registered.\n\n\n{STATES}\n\n".encode()
    assert haproxy_api.decode(data, 3) == ["New server registered.", "", STATES]
    for count, received in ((2, data), (3, data[:-1]), (1, b"")):
        with pytest.raises(haproxy_api.ProtocolError):
            haproxy_api.decode(received, count)


def test_many_commands_go_in_lines_that_haproxy_can_hold():
    commands = [f"del server tcp-2000/{number}" for number in range(2000)]
    groups = list(haproxy_api.lines(commands))
    assert [command for group in groups for command in group] == commands
    assert max(len(haproxy_api.encode(group)) for group in groups) <= haproxy_api.LINE_BYTES
    assert haproxy_api.encode(["a", "b"]) == b"a;b\n"
    longest = the_only(http={**HTTP, "path": "/" + ";" * 2047, "host": "a" * 255}).add()
    assert max(len(haproxy_api.encode(group)) for group in haproxy_api.lines(longest)) <= haproxy_api.LINE_BYTES


def test_a_refusal_names_the_command_without_what_may_be_a_secret(monkeypatch):
    commands = the_only(http={**HTTP, "path": "/ok?token=secret"}).add()
    monkeypatch.setattr(shell, "ask", lambda path, commands, timeout: ["unknown map"] * len(commands))
    with pytest.raises(HostStateError, match=r"haproxy: add map /etc/orca-check/paths.map: unknown map\Z"):
        shell.order("socket", commands)
