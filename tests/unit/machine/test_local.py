# SPDX-License-Identifier: GPL-3.0-or-later
"""What driver local makes of what its machines say."""

from __future__ import annotations

import pytest
from ansible_collections.orca.platform.plugins.module_utils.machine.driver import Machine, MachineError
from ansible_collections.orca.platform.plugins.module_utils.machine.local import LocalDriver

MACHINE = Machine(name="m1", id="c1", state="running", image="orca/machine:1")


def driver(monkeypatch: pytest.MonkeyPatch, *outputs: str, seconds: float = 5.0) -> LocalDriver:
    """A driver whose machine says these things, one after another, and then the last for ever."""
    said = list(outputs)
    monkeypatch.setattr(LocalDriver, "_run", lambda *_: said.pop(0) if len(said) > 1 else said[0])
    return LocalDriver("net", None, seconds)


def test_a_look_is_repeated_while_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = "ssh-ed25519 AAA me\n---\nssh-ed25519 BBB root@m1\n---\n0::/init.scope\n"
    seen = driver(monkeypatch, "", whole[:10], whole).look(MACHINE, "ssh-ed25519 AAA me")
    assert (seen.authorized, seen.host_key) == (True, "ssh-ed25519 BBB")


def test_a_machine_that_says_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MachineError, match="m1: commands cannot be run in it"):
        driver(monkeypatch, "", seconds=0).look(MACHINE, "key")
