# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 7: what is removed can be purged and, where nothing of it was given back, restored."""

from __future__ import annotations


def test_an_account_comes_back_as_it_was(superadmin):
    account = superadmin.wait_success(superadmin.create_account(name="leaver", kind="user"))
    assert account.state == "active"
    assert "remove" not in vars(account.actions)
    account = superadmin.wait_success(account.deactivate())
    account = superadmin.wait_success(superadmin.delete(account))
    assert account.state == "removed"
    account = superadmin.wait_success(account.restore())
    assert (account.state, account.name, account.removed) == ("inactive", "leaver", None)
    account = superadmin.wait_success(superadmin.wait_success(account.activate()).deactivate())
    account = superadmin.wait_success(superadmin.wait_success(account.remove()).purge())
    assert account.state == "purged"
    assert "restore" not in vars(account.actions)


def test_a_key_that_was_taken_away_is_not_given_back(superadmin):
    key = superadmin.wait_success(superadmin.create_api_key())
    key = superadmin.wait_success(superadmin.delete(superadmin.wait_success(key.deactivate())))
    assert key.state == "removed"
    assert "restore" not in vars(key.actions)
    assert superadmin.wait_success(key.purge()).state == "purged"


def test_a_volume_that_nothing_uses(superadmin, project):
    volume = project.wait_success(project.create_volume(name="idle", driver="local"))
    assert volume.state == "requested"
    volume = project.wait_success(project.delete(volume))
    assert volume.state == "removed"
    assert volume.removed is not None
    assert project.wait_success(volume.purge()).state == "purged"


def test_a_removed_container_is_purged_and_not_restored(project, simulated_host):
    container = project.create_container(imageUuid="sim:web", requestedHostId=simulated_host.id)
    container = project.wait_success(container)
    container = project.wait_success(project.delete(container))
    assert container.state == "removed"
    assert not {"restore", "start", "update"} & set(vars(container.actions))
    assert project.wait_success(container.purge()).state == "purged"
