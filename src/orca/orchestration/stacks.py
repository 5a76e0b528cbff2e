# SPDX-License-Identifier: Apache-2.0
"""Stacks (v1: environments): services made from compose text, and kept in line with it when the text changes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from orca.engine import Behaviour, Call, Failed, Run
from orca.orchestration import compose_export, stack_text
from orca.orchestration.compose import Compose
from orca.orchestration.stack_text import TEXTS
from orca.resources.errors import Refused
from orca.store import NotUnique, Record, Tx

behaviour = Behaviour()


@behaviour.reads("environment", uses=TEXTS)
def read_text(present: Mapping[str, Any], given: dict[str, Any]) -> Compose | None:
    """The compose text that a stack is given, so that a mistake in it makes nothing."""
    return stack_text.read({**present, **given}) if any(name in given for name in TEXTS) else None


@behaviour.reads("environment.upgrade", uses=TEXTS)
def read_upgrade(present: Mapping[str, Any], given: dict[str, Any]) -> Compose | None:
    """The compose text that a stack is upgraded to: what is not given stays."""
    return stack_text.read(_upgraded(present, given))


def _upgraded(present: Mapping[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] if given.get(name) is not None else present[name] for name in TEXTS}


@behaviour.create("environment")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> Record:
    """A stack. Its text was read before."""
    row = tx.insert("environment", **{**fields, "accountId": call.account_id, "kind": "environment"})
    call.request(tx, row, "create")
    return row


@behaviour.update("environment")
def update(tx: Tx, call: Call, row: Record, fields: dict[str, Any]) -> Record:
    """Changed text is applied by the process `update`; a changed name alone needs none."""
    if any(name in fields for name in TEXTS):
        stack_text.check_kinds(tx, row, call.read)
        row = tx.update(row, **fields)
        call.request(tx, row, "update")
        return row
    return tx.update(row, **fields)


@behaviour.process("environment.create", "environment.update")
async def follow_text(run: Run) -> None:
    """Make the services of a stack those of its text."""
    await _follow(run)


class _TextChanged(Exception):
    """Somebody changed the text between its reading and the unit that applies it."""


async def _follow(run: Run, *, replace: bool = False) -> None:
    while True:
        with contextlib.suppress(_TextChanged):
            for note in await _apply(run, replace=replace):
                run.log(note)
            return


async def _apply(run: Run, *, replace: bool) -> list[str]:
    """Read the text outside of the unit that applies it. Raises `_TextChanged`: then it must be read again."""
    texts = await run.read(lambda tx: _texts(run.resource(tx)))
    try:
        wanted = await run.services.readings.run(run.account_id, lambda: stack_text.read(texts))
    except Refused as error:
        raise Failed(str(error), state="active") from error

    def unit(tx: Tx) -> list[str]:
        stack = run.resource(tx)
        if _texts(stack) != texts:
            raise _TextChanged
        if wanted is None:
            return []
        try:
            start = bool(stack.startOnCreate)
            return stack_text.apply(tx, run.engine, stack, wanted, start=start, replace=replace)
        except (Refused, NotUnique) as error:
            raise Failed(str(error), state="active") from error

    return await run.step("services", unit)


def _texts(stack: Record) -> dict[str, Any]:
    return {name: getattr(stack, name) for name in TEXTS}


@behaviour.process("environment.remove")
async def remove(run: Run) -> None:
    """Remove the services, and wait until they are gone."""

    def begin(tx: Tx) -> None:
        for row in tx.find("service", environmentId=run.resource_id):
            if row.state != "removing":
                run.engine.request(tx, row, "remove")

    await run.step("remove services", begin)
    await run.wait_for(
        "services to be removed",
        lambda tx: tx.first("service", environmentId=run.resource_id) is None,
        roots={"service"},
    )


@behaviour.action("environment.addoutputs")
def add_outputs(tx: Tx, call: Call, row: Record, data: dict[str, Any]) -> Record:
    """Add to what the stack gives out, or replace some of it."""
    return tx.update(row, outputs={**(row.outputs or {}), **(data.get("outputs") or {})})


@behaviour.action("environment.upgrade")
def upgrade_stack(tx: Tx, call: Call, row: Record, data: dict[str, Any]) -> Record:
    """Follow another text; services whose launch config differs are upgraded in place, and wait for a decision."""
    before = _texts(row)
    texts = _upgraded(before, data)
    stack_text.check_kinds(tx, row, call.read)
    row = tx.update(
        row,
        **texts,
        externalId=data.get("externalId") or row.externalId,
        previousExternalId=row.externalId,
        previousEnvironment=row.environment,
        data={"textsBefore": before},
    )
    call.request(tx, row, "upgrade")
    return row


@behaviour.process("environment.upgrade")
async def run_upgrade(run: Run) -> None:
    """Upgrade the services, and wait for them."""

    await _follow(run, replace=True)
    await _without(run, "upgrading")


@behaviour.process("environment.finishupgrade")
async def finish_upgrade(run: Run) -> None:
    """Finish the upgrade of every service."""
    await run.step("services", lambda tx: _ask_services(tx, run, "upgraded", "finishupgrade"))
    await _without(run, "finishing-upgrade")


@behaviour.process("environment.cancelupgrade")
async def cancel_upgrade(run: Run) -> None:
    """Stop the upgrade of every service where it is."""
    await run.step("services", lambda tx: _ask_services(tx, run, "upgrading finishing-upgrade", "cancelupgrade"))
    await _without(run, "canceling-upgrade")


@behaviour.process("environment.rollback")
async def rollback(run: Run) -> None:
    """Take the upgrade of every service back, and the text with it."""
    await run.step("services", lambda tx: _ask_services(tx, run, "upgrading upgraded canceled-upgrade", "rollback"))
    await _without(run, "rolling-back")

    def end(tx: Tx) -> None:
        stack = run.resource(tx)
        tx.update(
            stack,
            **(stack.data.get("textsBefore") or {}),
            externalId=stack.previousExternalId,
            data={"textsBefore": None},
        )

    run.finish(end)


def _ask_services(tx: Tx, run: Run, states: str, action: str) -> None:
    for row in tx.find("service", environmentId=run.resource_id, state=states.split()):
        run.engine.request(tx, row, action)


async def _without(run: Run, state: str) -> None:
    """Wait until no service of the stack is in a state any more."""
    await run.wait_for(
        f"services that are {state}",
        lambda tx: tx.first("service", environmentId=run.resource_id, state=state) is None,
        roots={"service"},
    )


@behaviour.action("environment.activateservices")
def activate_services(tx: Tx, call: Call, row: Record, data: dict[str, Any]) -> Record:
    """Start every service of the stack that is not."""
    for service in tx.find("service", environmentId=row.id, state="inactive"):
        call.request(tx, service, "activate")
    return tx.update(row, startOnCreate=True)


@behaviour.action("environment.deactivateservices")
def deactivate_services(tx: Tx, call: Call, row: Record, data: dict[str, Any]) -> Record:
    """Stop every service of the stack."""
    for service in tx.find("service", environmentId=row.id):
        if service.state in ("active", "activating", "updating-active"):
            call.request(tx, service, "deactivate")
    return tx.update(row, startOnCreate=False)


@behaviour.action("environment.exportconfig")
def export_config(tx: Tx, call: Call, row: Record, data: dict[str, Any]) -> dict[str, Any]:
    """The stack as it is now, as compose text; `serviceIds` narrows it."""
    docker, rancher = compose_export.export(stack_text.specs(tx, row, set(data.get("serviceIds") or [])))
    return {"type": "composeConfig", "dockerComposeConfig": docker, "rancherComposeConfig": rancher}
