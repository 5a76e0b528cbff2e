# SPDX-License-Identifier: Apache-2.0
"""The executor, as far as it goes without root: owner files, files, the resolver's reload, Docker's answers."""

import socket
import struct
import threading
from pathlib import Path

import pytest
from fakeengine import FakeEngine

from orca.hoststate.apply import (
    AGENT,
    PUSH,
    Host,
    HostStateError,
    OwnedByOther,
    apply_kind,
    command,
    kernel,
    network,
)
from orca.hoststate.apply.dns import KIND
from orca.hoststate.apply.result import Result
from orca.hoststate.plan.items import digest

NETWORK = {
    "cidr": "10.42.0.0/16",
    "subnet": "10.42.1.0/24",
    "bridge": "orca0",
    "network": "orca",
    "images": {"net": "orca/net:1", "dns": "orca/dns:1"},
}
DNS = {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24", "clients": {"10.42.1.10": {"db": ["10.42.2.10"]}}}


@pytest.fixture
def folder(tmp_path_factory):
    """A folder with a short name: the path of a socket has at most 107 bytes."""
    return tmp_path_factory.mktemp("host")


@pytest.fixture
def host(folder):
    resolv = folder / "resolv.conf"
    resolv.write_text("nameserver 192.0.2.53\n")
    return Host(str(folder / "orca"), str(folder / "docker.sock"), str(resolv))


def test_applying_writes_the_owner_and_twice_changes_nothing(host):
    first = apply_kind(KIND, DNS, PUSH, 3, host=host)
    assert first.changed
    assert "forward.zones" in " ".join(first.actions)
    owner = host.ledger.read("dns")
    assert (owner.owner, owner.version, owner.sha256) == (PUSH, 3, digest(DNS))
    assert not apply_kind(KIND, DNS, PUSH, 3, host=host).changed
    assert host.ledger.read("dns").updated == owner.updated


def test_check_mode_shows_and_touches_nothing(host):
    result = apply_kind(KIND, DNS, PUSH, check=True, host=host)
    assert result.changed
    assert "10.42.2.10" in result.after
    assert not Path(host.root).exists()


def test_a_playbook_does_not_write_what_an_agent_owns(host):
    apply_kind(KIND, DNS, AGENT, 7, host=host)
    changed = {**DNS, "clients": {}}
    with pytest.raises(OwnedByOther, match=r"owned by agent.*takeover"):
        apply_kind(KIND, changed, PUSH, host=host)
    assert apply_kind(KIND, changed, PUSH, check=True, host=host).changed, "drift is shown all the same"
    assert apply_kind(KIND, changed, PUSH, takeover=True, host=host).changed
    assert host.ledger.read("dns").owner == PUSH
    assert apply_kind(KIND, DNS, AGENT, 8, host=host).changed, "an agent takes over"


def test_removing_forgets_the_owner(host):
    apply_kind(KIND, DNS, PUSH, host=host)
    host.ledger.save_items("dns", {"dns/10.42.1.10": {"version": 1, "description": {"names": {}}}})
    assert apply_kind(KIND, None, PUSH, host=host).changed
    assert host.ledger.read("dns") is None
    assert host.ledger.load_items("dns") == {}


def test_a_damaged_owner_file_is_named(host):
    apply_kind(KIND, DNS, PUSH, host=host)
    (Path(host.ledger.directory) / "dns.json").write_text("{}")
    with pytest.raises(HostStateError, match="damaged"):
        apply_kind(KIND, DNS, PUSH, host=host)


class Recursor(threading.Thread):
    """The resolver's end of its control channel."""

    def __init__(self, directory, code):
        super().__init__(daemon=True)
        (Path(directory) / "run").mkdir(parents=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(Path(directory) / "run/pdns_recursor.controlsocket"))
        self.listener.listen()
        self.code, self.heard = code, []

    def run(self):
        while True:
            try:
                channel, _ = self.listener.accept()
            except OSError:
                return
            with channel:
                _result, length = struct.unpack("=lQ", channel.recv(12))
                self.heard.append(channel.recv(length).decode())
                answer = b"done"
                channel.sendall(struct.pack("=lQ", self.code, len(answer)) + answer)


@pytest.fixture
def recursor(host):
    thread = Recursor(host.dns, 0)
    thread.start()
    yield thread
    thread.listener.shutdown(socket.SHUT_RDWR)
    thread.listener.close()
    thread.join()


def test_the_resolver_reloads_what_changed(host, recursor):
    apply_kind(KIND, DNS, AGENT, host=host)
    assert sorted(recursor.heard) == ["reload-lua-script", "reload-zones"]
    recursor.heard.clear()
    apply_kind(KIND, {**DNS, "clients": {}}, AGENT, host=host)
    assert recursor.heard == ["reload-lua-script"]


def test_a_failed_reload_is_repeated(host, recursor):
    recursor.code = 1
    with pytest.raises(HostStateError, match="recursor"):
        apply_kind(KIND, DNS, AGENT, host=host)
    recursor.code = 0
    recursor.heard.clear()
    assert apply_kind(KIND, DNS, AGENT, host=host).changed
    assert sorted(recursor.heard) == ["reload-lua-script", "reload-zones"]
    assert not apply_kind(KIND, DNS, AGENT, host=host).changed


def test_an_engine_that_filters_with_nftables_is_refused_with_the_cure(host, folder):
    with FakeEngine(newest="1.52", oldest="1.44", firewall="nftables").serving(folder / "docker.sock") as engine:
        with pytest.raises(HostStateError, match=r'"firewall-backend": "iptables" in /etc/docker/daemon.json'):
            apply_kind(network.KIND, NETWORK, AGENT, host=host)
        # From a version that we speak the engine would leave it out.
        assert engine.asked == ["/_ping", "/info"]


@pytest.mark.parametrize(("newest", "backend"), [("1.41", None), ("1.52", "iptables")])
def test_other_engines_are_taken(host, folder, newest, backend):
    with FakeEngine(newest=newest).serving(folder / "docker.sock"):
        assert host.docker.firewall_backend() == backend


def test_the_bridge_filter_is_loaded_where_the_kernel_lacks_it(tmp_path, monkeypatch):
    settings, result = tmp_path / "bridge", Result()
    monkeypatch.setattr(kernel, "_BRIDGE_FILTER", str(settings))
    monkeypatch.setattr(command, "find", lambda program: program)
    monkeypatch.setattr(command, "run", lambda argv: settings.mkdir() if argv == ["modprobe", "br_netfilter"] else None)
    kernel.ensure_bridge_filter(result, check=True)
    assert not settings.exists()
    kernel.ensure_bridge_filter(result, check=False)
    assert settings.exists()
    kernel.ensure_bridge_filter(result, check=False)
    assert result.actions == ["load module br_netfilter"] * 2


def test_a_bridge_filter_that_cannot_be_loaded_is_named_with_the_cure(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel, "_BRIDGE_FILTER", str(tmp_path / "bridge"))
    monkeypatch.setattr(command, "find", lambda _program: None)
    with pytest.raises(HostStateError, match=r"run `modprobe br_netfilter` there.*/etc/modules-load.d/orca.conf"):
        kernel.ensure_bridge_filter(Result(), check=False)
