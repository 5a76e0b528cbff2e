# SPDX-License-Identifier: GPL-3.0-or-later
"""What the control node remembers of machines."""

from ansible_collections.orca.platform.plugins.module_utils.machine.driver import Machine
from ansible_collections.orca.platform.plugins.module_utils.machine.home import Home


def machine(name, address, host_key="ssh-ed25519 AAAA"):
    return Machine(name, "id", "running", "image", address=address, host_key=host_key)


def test_the_login_key_is_made_once_and_for_its_owner(tmp_path):
    home = Home(str(tmp_path / "home"))
    key = home.public_key("a")
    assert key.startswith("ssh-ed25519 ")
    assert home.public_key("a") == key
    assert home.public_key("b") != key
    assert home.private_key("a").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_known_hosts_follow_the_machines(tmp_path):
    home = Home(str(tmp_path / "home"))
    home.remember("local", machine("a", "192.0.2.1"))
    home.remember("local", machine("b", "192.0.2.2", "ssh-ed25519 BBBB"))
    assert home.known_hosts.read_text() == "a,192.0.2.1 ssh-ed25519 AAAA\nb,192.0.2.2 ssh-ed25519 BBBB\n"
    home.remember("local", machine("b", "192.0.2.9", "ssh-ed25519 BBBB"))
    home.forget("a")
    assert home.known_hosts.read_text() == "b,192.0.2.9 ssh-ed25519 BBBB\n"
    assert not home.remembers("a")


def test_remembering_the_same_writes_nothing(tmp_path):
    home = Home(str(tmp_path / "home"))
    home.remember("local", machine("a", "192.0.2.1"))
    before = {path: path.stat().st_ino for path in (tmp_path / "home").rglob("*") if path.is_file()}
    home.remember("local", machine("a", "192.0.2.1"))
    assert {path: path.stat().st_ino for path in (tmp_path / "home").rglob("*") if path.is_file()} == before


def test_nothing_to_forget_makes_no_folder(tmp_path):
    Home(str(tmp_path / "home")).forget("a")
    assert not (tmp_path / "home").exists()
