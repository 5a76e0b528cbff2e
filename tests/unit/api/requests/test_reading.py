# SPDX-License-Identifier: Apache-2.0
"""What is read out of a request before its unit."""

from types import SimpleNamespace

import pytest

from orca.api.requests.ask import Ask
from orca.api.requests.reading import SMALL, Meant, read, work_out
from orca.engine import Behaviour
from orca.engine.reading import Readings
from orca.resources.errors import Refused
from orca.resources.views import view

VIEW = view("owner", "v2")
STACK = VIEW.types["environment"]


class Row(dict):
    """A row as the reading sees it."""

    type = "environment"


def ask(body=b'{"name": "shop", "dockerCompose": "web: {image: x}"}'):
    return Ask(
        method="POST", version="v2", path=["environments"], query=[], headers={}, origin="", client="", body=body
    )


def services(*functions, uses=()):
    behaviour = Behaviour()
    for function in functions:
        behaviour.reads("environment", uses=uses)(function)
    return SimpleNamespace(part={Behaviour: behaviour}.get, readings=Readings())


async def test_the_hook_gets_checked_fields_and_its_result_goes_on():
    def hook(present, given):
        return dict(present), given["name"], given["startOnCreate"]

    given = await read(services(hook, uses=("name",)), ask(), VIEW, Meant(STACK), 1)
    assert given.parsed == ({}, "shop", False)


async def test_the_hook_sees_the_row_and_what_it_saw_must_still_be_so():
    row = Row(name="before", state="active")
    given = await read(
        services(lambda present, given: present["name"], uses=("name",)), ask(), VIEW, Meant(STACK, row), 1
    )
    assert given.parsed == "before"
    assert given.fits(Meant(STACK, Row(name="before", state="updating-active")))
    assert not given.fits(Meant(STACK, Row(name="changed meanwhile", state="active")))


async def test_what_the_hook_refuses_is_refused():
    def hook(present, given):
        raise Refused("InvalidFormat", "never", field="dockerCompose")

    with pytest.raises(Refused):
        await read(services(hook), ask(), VIEW, Meant(STACK), 1)


async def test_small_bodies_without_a_hook_need_no_thread():
    there = services()
    there.readings = None
    assert (await read(there, ask(), VIEW, Meant(STACK), 1)).fields["name"] == "shop"
    with pytest.raises(AttributeError):
        await read(there, ask(b'{"name": "%s"}' % (b"x" * SMALL)), VIEW, Meant(STACK), 1)


def test_two_hooks_for_one_name_are_a_defect():
    with pytest.raises(ValueError, match="two handlers"):
        services(lambda present, given: 1, lambda present, given: 2)


def test_a_body_that_holds_too_much_is_refused_by_field():
    body = b'{"name": "x", "environment": {%s}}' % b",".join(b'"k%d": ""' % number for number in range(20_000))
    with pytest.raises(Refused) as refused:
        work_out(ask(body), VIEW, Meant(STACK), None)
    assert (refused.value.code, refused.value.field) == ("MaxLimitExceeded", "environment")
