# SPDX-License-Identifier: Apache-2.0
"""The table of kinds: from config items to the descriptions of kinds, and what a new kind takes."""

import re
from pathlib import Path

import pytest

from orca.agent.config import Config
from orca.hoststate.apply import PUSH, DriftWatch, Host, Kind, apply_kind, files, kinds
from orca.hoststate.apply import Path as Owned
from orca.hoststate.plan import dns, firewall, mesh
from orca.hoststate.plan.items import FAMILIES, Family
from orca.hoststate.plan.items import NETWORK as NETWORK_ITEM
from orca.wire import ConfigItem, ConfigUpdate

NETWORK = {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24", "images": {"net": "n", "dns": "d"}}
PORT = {"publicPort": 80, "privatePort": 8080, "protocol": "tcp", "bindAddress": "", "address": "10.42.1.10"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("network", "network"),
        ("mesh", "mesh"),
        ("peer/a", "mesh"),
        ("port/a", "firewall"),
        ("dns/10.42.1.10", "dns"),
        ("names/stack-1/7", "dns"),
        ("check/a", "checks"),
        ("balancer/a", "balancers"),
        ("targets/a/web-80", "balancers"),
        ("certificate/a", "balancers"),
        ("metadata/10.42.1.10", "metadata"),
        ("metadata/host", "metadata"),
    ],
)
def test_kind_of_an_item(name, kind):
    assert kinds.kind_of(name).name == kind


@pytest.mark.parametrize("name", ["", "peer", "peer/", "network/x", "mesh/", "route/1"])
def test_unknown_items_are_refused(name):
    with pytest.raises(ValueError, match="unknown config item"):
        kinds.kind_of(name)


def test_a_change_affects_its_kind_and_the_network_all():
    assert [kind.name for kind in kinds.affected(["port/a", "peer/b"])] == ["firewall", "mesh"]
    assert kinds.affected(["network"]) == kinds.KINDS


def test_without_a_network_nothing_is_wanted():
    assert all(kind.describe({"port/a": PORT}) is None for kind in kinds.KINDS)


def test_a_description_is_complete_in_itself():
    wanted = {
        "network": NETWORK,
        "port/a": PORT,
        "dns/10.42.1.10": {"scopes": ["service-1", "stack-1"]},
        "dns/10.42.1.11": {"names": {"db": ["10.42.2.10"]}},
        "names/service-1": {"names": {"db": ["10.42.2.10"]}},
        "names/stack-1/2": {"names": {"db.shop": ["10.42.2.10"]}},
        "names/stack-1/3": {"names": {"web.shop": ["10.42.1.10"]}},
    }
    base = {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24"}
    assert firewall.describe(wanted) == {**base, "bridge": "orca0", "ports": {"a": PORT}}
    assert dns.describe(wanted) == {
        **base,
        "scopes": {
            "service-1": {"db": ["10.42.2.10"]},
            "stack-1": {"db.shop": ["10.42.2.10"], "web.shop": ["10.42.1.10"]},
        },
        # The second is what a server of 0.1.0 says.
        "clients": {"10.42.1.10": ["service-1", "stack-1"], "10.42.1.11": {"db": ["10.42.2.10"]}},
    }
    assert mesh.describe(wanted) is None, "no certificate yet"
    own = {"id": "h1", "certificate": "c", "ca": "a"}
    peer = {"name": "two", "address": "192.0.2.2", "subnet": "10.42.2.0/24"}
    assert mesh.describe({**wanted, "mesh": own, "peer/h2": peer}) == {**base, **own, "peers": {"h2": peer}}


def test_one_kind_is_made_from_each_family():
    assert [family for kind in kinds.KINDS for family in kind.families] == list(FAMILIES)


# -- a new kind: one value like this one, and one line in the table ------------------------------------------------

MOTTO = Family("motto")


def _describe(items):
    mottos = {key: item["text"] for key, item in MOTTO.of(items).items()}
    return {"mottos": mottos} if NETWORK_ITEM.item() in items and mottos else None


def _text(description):
    return None if description is None else "\n".join(sorted(description["mottos"].values()))


def _file(host):
    return str(Path(host.root) / "mottos/now")


def _mode(host):
    return Path(_file(host)).parent.stat().st_mode & 0o777


MOTTOS = Kind(
    "mottos",
    (MOTTO,),
    _describe,
    lambda host, description, result, check: files.ensure(_file(host), _text(description), result, check),
    lambda host: lambda wanted, _docker: files.read(_file(host)) != _text(wanted),
    (Owned("mottos", 0o700),),
)


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host whose network needs no engine, with one kind more."""
    carrier = kinds.KINDS[0]._replace(
        apply=lambda host, description, result, check: None,
        drift=lambda host: lambda wanted, docker: False,
        prepare=None,
    )
    monkeypatch.setattr(kinds, "KINDS", (carrier, MOTTOS))
    return Host(str(tmp_path / "orca"), str(tmp_path / "docker.sock"))


def update(*items):
    return ConfigUpdate(items=[ConfigItem(name=n, version=v, description=d) for n, v, d in items])


async def test_an_agent_plans_applies_and_watches_a_new_kind(host):
    assert kinds.families() == ("network", "motto")
    agent = Config(host, lambda port, protocol, bind: None)
    try:
        reply = await agent.update(update(("motto/a", 2, {"text": "be brief"}), ("network", 1, NETWORK)))
        assert (reply.applied, reply.errors) == ({"network": 1, "motto/a": 2}, {})
        assert files.read(_file(host)) == "be brief"
        assert _mode(host) == 0o700
        assert (host.ledger.read("mottos").owner, host.ledger.read("mottos").version) == ("agent", 2)

        assert await agent.drifted(docker=False) == []
        files.write(_file(host), "be long")
        assert await agent.drifted(docker=False) == [MOTTOS]
        await agent.reapply([MOTTOS])
        assert files.read(_file(host)) == "be brief"
    finally:
        agent.close()

    again = Config(host, lambda port, protocol, bind: None)
    try:
        await again.restore()
        assert again.applied == {"network": 1, "motto/a": 2}
        await again.update(update(("motto/a", 3, None)))
        assert files.read(_file(host)) is None
        assert host.ledger.read("mottos") is None
    finally:
        again.close()


def test_a_playbook_applies_a_new_kind(host):
    network, mottos = kinds.KINDS
    wanted = mottos.describe({"network": NETWORK, "motto/a": {"text": "be kind"}})
    assert apply_kind(mottos, wanted, PUSH, check=True, host=host).actions == ["write " + _file(host)]
    assert "create directory " + str(Path(_file(host)).parent) in apply_kind(network, NETWORK, PUSH, host=host).actions
    assert apply_kind(mottos, wanted, PUSH, host=host).changed
    assert not apply_kind(mottos, wanted, PUSH, host=host).changed
    assert DriftWatch(host).drifted({"mottos": wanted}) == []


# -- what says the same elsewhere ------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[3]


def test_the_module_that_waits_offers_every_kind():
    text = (ROOT / "plugins/modules/host_state_wait.py").read_text()
    (choices,) = re.findall(r"choices: \[(.+)\]", text)
    assert sorted(choices.split(", ")) == sorted(kind.name for kind in kinds.KINDS)
