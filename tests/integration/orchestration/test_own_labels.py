# SPDX-License-Identifier: Apache-2.0
"""Labels of the platform's family: users cannot give them, and what carries one all the same hides nothing."""

import msgspec
import pytest
from pretended import PretendedHost

from orca.resources import rows
from orca.resources.errors import Refused
from orca.wire import names

MARKS = [names.LABEL_SYSTEM, names.LABEL_INSTANCE_UUID, names.LABEL_STACK_NAME, "io.orca.machine", "io.orca.of.later"]


@pytest.fixture
async def stack(platform):
    return await platform.create("environment", name="shop")


def launch(label):
    return {"imageUuid": "docker:ok", "labels": {"own": "1", label: "net"}}


async def refused(request, label):
    with pytest.raises(Refused) as refusal:
        await request
    assert (refusal.value.status, refusal.value.field) == (422, "labels")
    assert label in refusal.value.message
    assert "leave out" in refusal.value.message


@pytest.mark.parametrize("label", MARKS)
async def test_nobody_gives_a_mark_of_the_platform(platform, stack, label):
    given, plain = launch(label), {"imageUuid": "docker:ok"}
    await refused(platform.create("container", **given), label)
    for kind in ("service", "loadBalancerService"):
        await refused(platform.create(kind, environmentId=stack.id, name="web", launchConfig=given), label)
    configs = {"launchConfig": plain, "secondaryLaunchConfigs": [{**given, "name": "log"}]}
    await refused(platform.create("service", environmentId=stack.id, name="web", **configs), label)
    web = await platform.create("service", environmentId=stack.id, name="web", launchConfig=plain, startOnCreate=True)
    await platform.until(lambda tx: tx.require(rows.Service, web.id).transitioning != "yes")
    strategy = {"launchConfig": given}
    await refused(platform.act("service", web.id, "upgrade", inServiceStrategy=strategy), label)
    row = await platform.create("container", **plain, startOnCreate=False)
    await refused(platform.act("container", row.id, "setlabels", labels={label: "net"}), label)


@pytest.mark.parametrize("label", MARKS)
async def test_nor_in_a_compose_text(platform, label):
    text = f"web:\n  image: ok\n  labels:\n    {label}: net\n"
    with pytest.raises(Refused) as refusal:
        await platform.create("environment", name="shop", dockerCompose=text)
    assert refusal.value.status == 422
    assert label in refusal.value.message


async def test_labels_that_the_platform_gave_can_be_sent_back(platform, stack):
    await platform.join(PretendedHost("h1", "192.0.2.1"))
    await platform.create(
        "service", environmentId=stack.id, name="web", launchConfig={"imageUuid": "docker:ok"}, startOnCreate=True
    )
    (row,) = await platform.running(1)
    assert row.labels[names.LABEL_STACK_NAME] == "shop"
    await platform.act("container", row.id, "setlabels", labels={**row.labels, "own": "1"})
    other = {**row.labels, names.LABEL_STACK_NAME: "another"}
    await refused(platform.act("container", row.id, "setlabels", labels=other), names.LABEL_STACK_NAME)


async def test_a_container_whose_image_says_that_it_is_of_the_platform_is_followed(platform):
    """Labels of an image become labels of its containers; an agent of 0.1.0 reports such a one as a part."""
    agent = await platform.join(PretendedHost("h1", "192.0.2.1"))
    row = await platform.create("container", imageUuid="docker:ok")
    await platform.running(1)
    container = agent.host.by_uuid(row.uuid)
    connection = platform.connection_of(agent)
    agent.host.containers[container.external_id] = msgspec.structs.replace(container, system="net")
    await platform.disconnect(connection)
    await platform.connect(connection.agent_id, agent)
    again = await platform.create("container", imageUuid="docker:ok")
    await platform.running(2)
    container = agent.host.by_uuid(row.uuid)
    agent.end(container)
    await platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "stopped")
    assert (await platform.read(lambda tx: tx.require(rows.Instance, again.id))).state == "running"
