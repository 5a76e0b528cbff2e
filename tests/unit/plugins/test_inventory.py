# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin, populated from documents made by hand and from a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.orca.platform.plugins.inventory.orca import InventoryModule, machine_variables, read_machines
from fakeserver import KEYS, FakeServer, running

ROOT = Path(__file__).resolve().parents[3]
FACTS = {"driver": "local", "address": "172.31.0.11", "host_key": "ssh-ed25519 A", "docker_cgroup_parent": "/x/engine"}
OPTIONS = {"strict": False, "compose": {}, "groups": {}, "keyed_groups": [], "cache": False} | dict.fromkeys(
    ("api_url", "api_access_key", "api_secret_key", "api_ca_path", "api_project", "api_home", "api_timeout")
)
HOST = {
    "id": "1h1",
    "name": None,
    "hostname": "orca-h1",
    "state": "active",
    "agentState": "active",
    "agentIpAddress": "192.0.2.1",
    "labels": {"disk": "ssd"},
}


def plugin(**options: Any) -> InventoryModule:
    """The plugin as `parse` finds it, with these options of its file."""
    made = InventoryModule()
    made.inventory = InventoryData()
    made.templar = Templar(loader=DataLoader())
    made._options = OPTIONS | options
    return made


def members(made: InventoryModule, group: str) -> list[str]:
    return [host.name for host in made.inventory.groups[group].get_hosts()]


def machine(home: Path, name: str) -> None:
    folder = home / "machines" / name
    folder.mkdir(parents=True)
    (folder / "machine.json").write_text(json.dumps(FACTS))


def test_machines_that_are_being_made_are_left_out(tmp_path: Path) -> None:
    assert read_machines(str(tmp_path)) == {}
    machine(tmp_path, "orca-h1")
    (tmp_path / "machines" / "being-made").mkdir()
    assert read_machines(str(tmp_path)) == {"orca-h1": FACTS}
    (tmp_path / "machines" / "orca-h1" / "machine.json").write_text("{")
    with pytest.raises(AnsibleParserError, match=r"machine\.json"):
        read_machines(str(tmp_path))


def test_how_a_machine_is_reached_keeps_host_keys_checked() -> None:
    variables = machine_variables("h1", FACTS, "/home/orca")
    assert variables["ansible_ssh_private_key_file"] == "/home/orca/machines/h1/id_ed25519"
    assert variables["ansible_ssh_common_args"] == "-o UserKnownHostsFile=/home/orca/known_hosts"
    assert variables["docker_cgroup_parent"] == "/x/engine"


def test_hosts_and_machines_are_one_entry_with_groups_and_variables() -> None:
    # Expressions from the inventory's own file are trusted; Ansible's reader of such files says so.
    expressions = [trust_as_template(name) for name in ("orca_labels", "orca_address")]
    made = plugin(keyed_groups=[{"key": expressions[0], "prefix": "label"}], compose={"where": expressions[1]})
    made.populate_machines({"orca-h1": FACTS}, "/home/orca")
    made.populate_hosts([HOST, HOST | {"id": "1h2", "name": "far", "labels": {"note": "{{ 1 + 1 }}"}}])
    local, far = (made.inventory.hosts[name].get_vars() for name in ("orca-h1", "far"))
    assert local["ansible_host"] == "172.31.0.11", "the maker of a machine knows best where it is reached"
    assert local["orca_address"] == local["where"] == "192.0.2.1"
    assert far["ansible_host"] == "192.0.2.1"
    assert far["orca_labels"] == {"note": "{{ 1 + 1 }}"}, "what the API says is never a template"
    assert members(made, "orca_hosts") == ["orca-h1", "far"]
    assert members(made, "orca_machines") == members(made, "label_disk_ssd") == ["orca-h1"]


def test_a_host_without_a_name_is_left_out_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    made, warnings = plugin(), []
    monkeypatch.setattr(made.display, "warning", warnings.append)
    made.populate_hosts([HOST | {"hostname": None}])
    assert not made.inventory.hosts
    assert warnings == ["host 1h1 has no name yet and is left out"]


def test_hosts_of_one_name_are_listed_by_their_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    made = plugin()
    monkeypatch.setattr(made.display, "warning", warnings.append)
    made.populate_hosts([HOST, HOST | {"id": "1h2"}, HOST | {"id": "1h3", "name": "other"}])
    assert members(made, "orca_hosts") == ["1h1", "1h2", "other"]
    assert ["orca-h1 is the name of several hosts" in warning for warning in warnings] == [True, True]


def test_a_server_that_is_configured_and_dead_is_an_error() -> None:
    with pytest.raises(AnsibleParserError, match=r"cannot list hosts: GET /v2/projects at http://127\.0\.0\.1:1"):
        plugin(api_url="http://127.0.0.1:1")._hosts("orca.yml", cache=False)


def test_the_whole_plugin_without_and_with_a_server(tmp_path: Path) -> None:
    machine(tmp_path, "orca-h1")
    path = tmp_path / "orca.yml"
    path.write_text(yaml.safe_dump({"plugin": "orca.platform.orca"}))
    env = {name: value for name, value in os.environ.items() if not name.startswith("ORCA_")}

    def listed(**variables: str) -> tuple[dict[str, Any], str]:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(path), "--list", "--export"],
            env=env | {"ORCA_HOME": str(tmp_path), "LC_ALL": "C.UTF-8"} | variables,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout), done.stderr

    inventory, warnings = listed()
    assert inventory["orca_machines"]["hosts"] == ["orca-h1"]
    assert warnings.count("no server is configured") == 1
    with running(FakeServer()) as server:
        server.add("hosts", "1h1", hostname="orca-h1", labels={}, agentIpAddress="192.0.2.1")
        inventory, warnings = listed(ORCA_URL=server.url, ORCA_ACCESS_KEY=KEYS[0], ORCA_SECRET_KEY=KEYS[1])
    assert inventory["orca_hosts"]["hosts"] == ["orca-h1"]
    assert not warnings
