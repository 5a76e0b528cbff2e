# SPDX-License-Identifier: Apache-2.0
"""A balancer with a real HAProxy: what reaches which target, and what a change costs those who are connected."""

import asyncio
import contextlib
import ssl
from collections import Counter
from typing import Any

import pytest

from orca.wire import Drain, Refusal

from .balancing import PLAIN, Lab, lab, targets, until
from .pki import certificate

__all__ = ["lab", "targets"]

CHECK = {
    "port": None,
    "http": {"method": "GET", "path": "/", "host": None},
    "expect": "200-399",
    "interval": 200,
    "timeout": 2000,
    "rise": 1,
    "fall": 2,
}
#: The handshake of RFC 6455, section 1.2.
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def route(backend: str, host: str | None = None, path: str | None = None, priority: int | None = None, port: int = 80):
    return {"port": port, "host": host, "path": path, "priority": priority, "backend": backend}


def listener(port: int, protocol: str = "http", *, proxy: bool = False) -> dict[str, Any]:
    return {"port": port, "protocol": protocol, "proxy": proxy}


async def test_routes_choose_the_backend_and_change_while_it_runs(lab: Lab, targets) -> None:
    names = ("exact", "deep", "suffix", "longer", "prefix", "path", "rest", "first")
    routes = [
        route("rest"),
        route("path", path="/path"),
        route("exact", host="shop.example"),
        route("deep", host="shop.example", path="/deep"),
        route("suffix", host="*.example"),
        route("longer", host="*.eu.example"),
        route("prefix", host="shop.*"),
        route("first", path="/first", priority=1),
    ]
    lab.item |= {"backends": dict.fromkeys(names, PLAIN), "routes": routes}
    await lab.open()
    for each in await targets(*names):
        await lab.target(each.name, **{each.name: lab.at(each)})
    loaded = await lab.loads()
    for host, path, wanted in (
        ("shop.example", "/", "exact"),
        ("SHOP.example:8080", "/", "exact"),
        ("shop.example", "/deeper", "deep"),
        ("shop.example", "/path", "exact"),
        ("www.example", "/", "suffix"),
        ("a.eu.example", "/path", "longer"),
        ("shop.test", "/", "prefix"),
        ("test", "/path/x", "path"),
        ("test", "/", "rest"),
        ("shop.example", "/first/x", "first"),
    ):
        assert await lab.name(path, f"Host: {host}") == wanted, (host, path)
    await lab.change(routes=[route("path", host="shop.example"), route("exact", host="new.example")])
    assert await lab.name("/deep", "Host: shop.example") == "path"
    assert await lab.name("/", "Host: new.example") == "exact"
    assert await lab.name("/", "Host: test") == "503"
    assert await lab.loads() == loaded


async def test_protocols(lab: Lab, targets) -> None:
    lab.item |= {
        "listeners": [listener(80), listener(81, proxy=True), listener(5432, "tcp")],
        "backends": {
            "web": PLAIN,
            "told": {**PLAIN, "proxy": True},
            "raw": {**PLAIN, "protocol": "tcp", "proxy": True, "algorithm": "source"},
        },
        "routes": [route("web"), route("told", port=81), route("raw", port=5432)],
    }
    await lab.open()
    (one,) = await targets("one")
    for backend in ("web", "told", "raw"):
        await lab.target(backend, one=lab.at(one))

    _, _, body = await lab.ask()
    assert f"x-forwarded-for: {lab.gateway}" in body
    assert "x-forwarded-proto: http" in body

    # The PROXY protocol in both directions: the target sees the client that the first proxy named.
    reader, writer = await lab.connect(81)
    writer.write(b"PROXY TCP4 192.0.2.9 192.0.2.1 4711 81\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert b"one 192.0.2.9 " in await reader.read()
    writer.close()
    _, _, body = await lab.ask(port=5432)
    assert body.startswith(f"one {lab.gateway} ")

    reader, writer = await lab.connect(80)
    writer.write(UPGRADE)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    writer.write(b"ping")
    assert await reader.readexactly(4) == b"ping"
    writer.close()

    # HTTP/2 without TLS, by its preface, as gRPC speaks it inside a network: GET / of a.example (RFC 7541, indexed).
    reader, writer = await lab.connect(80)
    block = b"\x82\x86\x84\x41\x09a.example"
    writer.write(H2_PREFACE + frame(4, 0, 0) + frame(1, 0x5, 1, block))
    kinds = {}
    async with asyncio.timeout(10):
        while 1 not in kinds:
            head = await reader.readexactly(9)
            kinds[head[3]] = await reader.readexactly(int.from_bytes(head[:3], "big"))
    assert kinds[1][:1] == b"\x88", ":status 200"
    writer.close()


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


async def test_certificates_by_name_change_while_it_runs(lab: Lab, targets) -> None:
    first, second, renewed = (certificate(name) for name in ("a.example", "b.example", "a.example"))
    lab.item |= {
        "listeners": [listener(443, "https"), listener(8443, "sni")],
        "routes": [route("web", port=443), route("raw", host="b.example", port=8443)],
        "backends": {"web": PLAIN, "raw": {**PLAIN, "protocol": "tcp"}},
        "certificates": ["one"],
        "default_certificate": "one",
    }
    await lab.send({"certificate/one": first})
    await lab.open()
    (one,) = await targets("one")
    await lab.target(one=lab.at(one))
    loaded = await lab.loads()

    async def shown(name: str, port: int = 443) -> tuple[bytes, str | None]:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2", "http/1.1"])
        _, writer = await lab.connect(port, ssl=context, server_hostname=name)
        secure = writer.get_extra_info("ssl_object")
        found = secure.getpeercert(binary_form=True), secure.selected_alpn_protocol()
        writer.close()
        return found

    assert await shown("a.example") == (der(first), "h2")
    await lab.send({"certificate/two": second})
    await lab.change(certificates=["one", "two"])
    assert (await shown("b.example"))[0] == der(second)
    assert (await shown("elsewhere"))[0] == der(first), "the default"
    await lab.send({"certificate/one": renewed})
    assert (await shown("a.example"))[0] == der(renewed)
    assert await lab.loads() == loaded
    await lab.change(default_certificate="two", certificates=["two"])
    await lab.loaded(loaded)
    assert (await shown("elsewhere"))[0] == der(second)
    await lab.send({"certificate/one": None})
    assert (await shown("a.example"))[0] == der(second)

    wrong = await lab.send({"certificate/two": {"chain": second["chain"], "key": first["key"]}})
    assert "certificate two cannot be used with its key" in wrong.errors["certificate/two"]
    assert (await shown("b.example"))[0] == der(second)
    key = lab.directory / "certificates/two.pem"
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o640, 0o750)
    assert [each.name for each in key.parent.iterdir()] == ["two.pem"]
    # Passed through, a name that no route has is refused, and the target's own certificate would be shown.
    with pytest.raises((ConnectionError, ssl.SSLError)):
        await shown("a.example", 8443)


def der(pair: dict[str, str]) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pair["chain"])


async def test_clients_come_back_to_their_target(lab: Lab, targets) -> None:
    cookie = {"name": "SRV", "mode": "insert", "indirect": True, "nocache": True, "postonly": False, "domain": None}
    application = {"name": "SESSION", "length": 32, "seconds": 60}
    lab.item |= {
        "listeners": [listener(80), listener(81), listener(82)],
        "backends": {
            "web": {**PLAIN, "cookie": cookie},
            "app": {**PLAIN, "application_cookie": application},
            "near": {**PLAIN, "algorithm": "source"},
        },
        "routes": [route("web"), route("app", port=81), route("near", port=82)],
    }
    await lab.open()
    both = {each.name: lab.at(each) for each in await targets("one", "two")}
    for backend in ("web", "app", "near"):
        await lab.target(backend, **both)
    _, head, body = await lab.ask()
    own, value = body.split(" ")[0], head.lower().partition("set-cookie: srv=")[2].split(";")[0]
    assert {await lab.name("/", f"Cookie: SRV={value}") for _ in range(5)} == {own}
    await lab.target("web", **{**both, own: {**both[own], "state": "drain"}})
    assert await lab.name("/", f"Cookie: SRV={value}") not in (own, "503"), "one that is about to stop gets nothing new"

    _, head, body = await lab.ask("/login", port=81)
    own = body.split(" ")[0]
    assert {await lab.name("/", f"Cookie: SESSION=of-{own}", port=81) for _ in range(5)} == {own}
    assert len({await lab.name(port=82) for _ in range(5)}) == 1

    async def settled() -> bool:
        return "resync_timeout=<PAST>" in await lab.command("show peers")

    async def handed_over() -> bool:
        return "key=of-" in await lab.command("show table app")

    await until(settled)  # a process hands over what it has learnt once it is 3 s old
    loaded = await lab.loads()
    await lab.change(custom={"defaults": "timeout client 60s"})
    await lab.loaded(loaded)

    await until(handed_over)
    assert {await lab.name("/", f"Cookie: SESSION=of-{own}", port=81) for _ in range(5)} == {own}, "after a load too"


async def test_weights_are_a_canary(lab: Lab, targets) -> None:
    await lab.open()
    old, new = await targets("old", "new")
    await lab.target(old=lab.at(old, weight=95), new=lab.at(new, weight=5))
    assert Counter([await lab.name() for _ in range(100)]) == {"old": 95, "new": 5}
    await lab.target(old=lab.at(old, weight=0), new=lab.at(new, weight=100))
    assert Counter([await lab.name() for _ in range(10)]) == {"new": 10}
    assert await lab.loads() == 1


async def test_connections_end_before_a_target_stops(lab: Lab, targets) -> None:
    await lab.open()
    one, two = await targets("one", "two")
    await lab.target(one=lab.at(one))

    async def talk() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await lab.connect(80)
        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        return reader, writer

    earlier, writer = await talk()
    await lab.change(custom={"defaults": "timeout client 60s"})
    await lab.loaded(1)  # the former process keeps that connection
    reader, last = await talk()
    await lab.target(one=lab.at(one, state="drain"), two=lab.at(two))
    assert {await lab.name() for _ in range(5)} == {"two"}
    draining = asyncio.create_task(lab.balancers.drain(Drain(lab.uuid, "one", 30_000)))
    for stream, mine in ((earlier, writer), (reader, last)):
        mine.write(b"still")
        assert await stream.readexactly(5) == b"still"
        assert not draining.done()
        mine.close()
    assert (await draining).left == 0

    await lab.target(one=lab.at(one), two=lab.at(two, state="drain"))
    reader, _ = await talk()
    assert (await lab.balancers.drain(Drain(lab.uuid, "one", 100))).left == 1
    assert await reader.read() == b""
    assert (await lab.balancers.drain(Drain(lab.uuid, "nobody", 100))).left == 0
    await lab.target(two=lab.at(two))

    async def gone() -> bool:
        return "one_" not in await lab.command("show servers state")

    await until(gone)


async def test_targets_change_a_thousand_times_and_nobody_notices(lab: Lab, targets) -> None:
    await lab.open()
    steady, last, *others = await targets("a", "z", "b", "c", "d")
    await lab.target(a=lab.at(steady))
    failed, answered, changing = [], 0, True

    async def client() -> None:
        nonlocal answered
        while changing:
            try:
                name = await lab.name()
            except (OSError, IndexError, ValueError) as error:
                name = repr(error)
            answered += 1
            if name not in "abcdz":
                failed.append(name)

    clients = [asyncio.create_task(client()) for _ in range(2)]
    for number in range(200):
        # Five changes in one message: the three others come and go, and two weights change.
        weights = {"a": lab.at(steady, weight=1 + number % 256), "z": lab.at(last, weight=1 + number % 200)}
        coming = {each.name: lab.at(each, weight=1 + number) for each in others} if number % 2 else {}
        assert not (await lab.target(**weights, **coming)).errors
    changing = False
    await asyncio.gather(*clients)
    assert (failed, await lab.loads()) == ([], 1)
    assert answered > 100


async def test_what_haproxy_refuses_changes_nothing(lab: Lab, targets) -> None:
    await lab.open()
    (one, two) = await targets("one", "two")
    await lab.target(one=lab.at(one))
    loaded = await lab.loads()
    await lab.change(custom={"defaults": "# mine\n\ntimeout clien 5s", "global": "tune.bufsize 16384"})

    def refusal() -> Refusal | None:
        return next((each for report in reversed(lab.reports) for each in report.refusals), None)

    await until(lambda: refusal() is not None)
    assert (refusal().instance, refusal().section, refusal().line) == (lab.uuid, "defaults", 3)
    assert "timeout clien" in refusal().reason or "'timeout'" in refusal().reason
    assert await lab.loads() == loaded
    await lab.target(two=lab.at(two))
    assert await lab.name() == "two", "targets go on"

    lab.reports.clear()
    lab.balancers.everything()
    assert lab.reports[0].complete
    assert lab.reports[0].refusals[0].line == 3

    # HAProxy reads this without a word, and cannot begin with it.
    await lab.change(custom={"global": "stats socket /nowhere/at.all"})
    await until(lambda: "cannot be loaded" in (refusal().reason or ""))
    assert await lab.name() == "two"
    await asyncio.to_thread(lab.container.restart)
    await lab.balancers.started(lab.uuid)
    assert await lab.name() == "two", "nor does it stand in the way of a start"

    await lab.change(custom={})
    await until(lambda: refusal().reason is None)
    assert await lab.name() == "two"


async def test_a_load_refuses_no_connection(lab: Lab, targets) -> None:
    await lab.open()
    (one,) = await targets("one")
    await lab.target(one=lab.at(one))
    failed, changing = [], True

    async def client() -> None:
        while changing:
            try:
                name = await lab.name()
            except (OSError, IndexError, ValueError) as error:
                name = repr(error)
            if name != "one":
                failed.append(name)

    async def idle() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await lab.connect(80)
        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        return reader, writer

    clients = [asyncio.create_task(client()) for _ in range(2)]
    held = []
    for number in range(3):
        held.append(await idle())
        before = await lab.loads()
        await lab.change(
            listeners=[listener(80), listener(8000 + number)], routes=[route("web"), route("web", port=8000 + number)]
        )
        await lab.loaded(before)
        assert await lab.name(port=8000 + number) == "one"
    changing = False
    await asyncio.gather(*clients)
    assert failed == []
    for reader, writer in held:
        writer.write(b"still")
        assert await reader.readexactly(5) == b"still"


async def test_it_stops_when_its_connections_have_ended(lab: Lab, targets) -> None:
    await lab.open()
    (one,) = await targets("one")
    await lab.target(one=lab.at(one))
    reader, writer = await lab.connect(80)
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    stopping = asyncio.create_task(lab.containers.deactivate(lab.uuid, 60))

    async def closed() -> bool:
        try:
            return not await lab.name()
        except (OSError, IndexError):  # refused, or ended without an answer
            return True

    await until(closed)
    writer.write(b"still")
    assert await reader.readexactly(5) == b"still"
    writer.close()
    assert await asyncio.wait_for(stopping, 30) == "stopped"


async def test_a_killed_worker_comes_back_as_it_was(lab: Lab, targets) -> None:
    await lab.open()
    (one,) = await targets("one")
    await lab.target(one=lab.at(one))
    worker = (await lab.command("show info")).partition("\nPid: ")[2].split()[0]
    container = lab.container
    await asyncio.to_thread(container.exec_run, ["python3", "-c", f"import os; os.kill({worker}, 9)"])
    await asyncio.to_thread(container.wait, timeout=20)
    await asyncio.to_thread(container.start)
    await lab.balancers.started(lab.uuid)
    assert await lab.name() == "one"


async def test_its_own_checks_see_what_the_server_cannot(lab: Lab, targets) -> None:
    lab.item["backends"] = {"web": {**PLAIN, "check": CHECK}}
    await lab.open()
    one, two = await targets("one", "two")
    await lab.target(one=lab.at(one), two=lab.at(two))
    assert {await lab.name() for _ in range(4)} == {"one", "two"}, "at once, before the first check"

    def said(target: str) -> list[tuple[str, str | None]]:
        edges = [each for report in lab.reports for each in report.targets]
        return [(each.state, each.reason) for each in edges if (each.backend, each.target) == ("web", target)]

    two.broken = True
    await until(lambda: said("two") == [("down", "HTTP 503")])
    assert {await lab.name() for _ in range(4)} == {"one"}
    loaded = await lab.loads()
    await lab.change(custom={"defaults": "timeout client 60s"})
    await lab.loaded(loaded)
    assert {await lab.name() for _ in range(4)} == {"one"}, "the next process knows it too"
    two.broken = False
    await until(lambda: said("two")[-1][0] == "up")
    with contextlib.suppress(OSError):
        one.close()
    await until(lambda: bool(said("one")) and said("one")[-1] == ("down", "connection refused"))
    assert await lab.name() == "two"
