# SPDX-License-Identifier: Apache-2.0
"""Registries, their credentials, and what a host is told when it pulls."""

import pytest

from orca.resources import TYPES, rows
from orca.resources.errors import Refused

SECRET = "correct horse battery"


def everything(tx):
    """Every row there is, as text."""
    return "".join(str(row) for type in TYPES if TYPES[type].table for row in tx.execute(tx.table(type).select()))


async def registry(platform, address="registry.example:5000"):
    row = await platform.create("registry", serverAddress=address)
    await platform.until(lambda tx: tx.require(rows.Registry, row.id).state == "active")
    return row


async def credential(platform, row, user="puller"):
    made = await platform.create(
        "registryCredential", registryId=row.id, publicValue=user, secretValue=SECRET, email="a@example.com"
    )
    await platform.until(lambda tx: tx.require(rows.RegistryCredential, made.id).state == "active")
    return made


async def test_a_host_is_shown_the_credential_of_the_images_registry(platform, agent):
    made = await credential(platform, await registry(platform))
    row = await platform.create("container", imageUuid="docker:registry.example:5000/web:1")
    other = await platform.create("container", imageUuid="docker:ok")
    await platform.running(2)
    assert agent.host.orders[row.uuid]["registryAuth"] == {
        "username": "puller",
        "password": SECRET,
        "email": "a@example.com",
        "serverAddress": "registry.example:5000",
    }
    assert "registryAuth" not in agent.host.orders[other.uuid]
    assert (await platform.read(lambda tx: tx.require(rows.Instance, row.id))).registryCredentialId == made.id


async def test_the_secret_lies_nowhere_in_clear(platform, agent, tmp_path):
    await credential(platform, await registry(platform))
    await platform.create("container", imageUuid="docker:registry.example:5000/web:1")
    await platform.running(1)
    for file in tmp_path.glob("orca.db*"):
        assert SECRET.encode() not in file.read_bytes()
    assert SECRET not in await platform.read(everything)


async def test_several_registries_have_one_address(platform, agent):
    former = await credential(platform, await registry(platform, "https://Registry.example:5000/"))
    row = await registry(platform, "registry.example:5000")
    made = await credential(platform, row)
    first = await platform.create("container", imageUuid="docker:registry.example:5000/web:1")
    assert await used(platform, first) == made.id
    await platform.running(1)
    await platform.act("registryCredential", made.id, "deactivate")
    await platform.until(lambda tx: tx.require(rows.Credential, made.id).state == "inactive")
    second = await platform.create("container", imageUuid="docker:registry.example:5000/web:1")
    assert await used(platform, second) == former.id
    # One whose credential has ended gets another one when it starts again.
    await platform.act("container", first.id, "stop")
    await platform.until(lambda tx: tx.require(rows.Instance, first.id).state == "stopped")
    await platform.act("container", first.id, "start")
    await platform.until(lambda tx: tx.require(rows.Instance, first.id).state == "running")
    assert await used(platform, first) == former.id


async def used(platform, row):
    return await platform.read(lambda tx: tx.require(rows.Container, row.id).registryCredentialId)


async def test_credentials_go_with_their_registry(platform):
    row = await registry(platform)
    made = await credential(platform, row)
    await platform.act("registry", row.id, "deactivate")
    await platform.until(lambda tx: tx.require(rows.Registry, row.id).state == "inactive")
    await platform.delete("registry", row.id)
    await platform.until(lambda tx: tx.require(rows.Credential, made.id).state == "removed")


async def test_an_image_is_a_row_once_per_project(platform, agent):
    for _ in range(2):
        await platform.create("container", imageUuid="docker:ok/web:1")
    await platform.running(2)
    images = await platform.read(lambda tx: [(row.name, row.format, row.state) for row in tx.find(rows.Image)])
    assert images == [("ok/web:1", "docker", "active")]


async def test_real_volumes_have_no_snapshots(platform, agent):
    await platform.create("container", imageUuid="docker:ok", dataVolumes=["db:/data"])
    await platform.running(1)
    volume = await platform.read(lambda tx: tx.first(rows.Volume))
    with pytest.raises(Refused, match="keeps no snapshots"):
        await platform.create("snapshot", volumeId=volume.id)
