# SPDX-License-Identifier: Apache-2.0
"""Stacks (v1: environments): services made from compose text, and updated when the text changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from orca.engine import Behaviour, Call, Failed, Run
from orca.orchestration.compose import export as compose_export
from orca.orchestration.compose.files import Compose
from orca.orchestration.services import rights as service_rights
from orca.orchestration.services import upgrade
from orca.orchestration.stacks import apply as stack_apply
from orca.orchestration.stacks import rights as stack_rights
from orca.orchestration.stacks import text as stack_text
from orca.orchestration.stacks import volumes as stack_volumes
from orca.orchestration.stacks import world as stack_world
from orca.orchestration.stacks.compare import compare as compare_stack
from orca.orchestration.stacks.plan import Entry, Plan
from orca.orchestration.stacks.text import TEXTS
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import NotUnique, ReadTx, Tx

behaviour = Behaviour()


@behaviour.reads("environment", uses=TEXTS)
def read_text(present: Mapping[str, Any], given: dict[str, Any]) -> Compose | None:
    """Read the compose text of a request, so that nothing is made from a faulty one."""
    return stack_text.read({**present, **given}) if any(name in given for name in TEXTS) else None


@behaviour.reads("environment.upgrade", uses=TEXTS)
def read_upgrade(present: Mapping[str, Any], given: dict[str, Any]) -> Compose | None:
    """Read the compose text of an upgrade; a text that is not given stays."""
    return stack_text.read(_upgraded(present, given))


def _upgraded(present: Mapping[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] if given.get(name) is not None else present[name] for name in TEXTS}


@behaviour.create("environment")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Environment:
    """Create a stack. Its text was read before."""
    _check_rights(tx, call, fields["name"], None)
    row = tx.insert(rows.Environment, **{**fields, "accountId": call.account_id, "kind": "environment"})
    call.request(tx, row, "create")
    return row


@behaviour.update("environment")
def update(tx: Tx, call: Call, row: rows.Environment, fields: dict[str, Any]) -> rows.Environment:
    """Update a stack. The process ``update`` applies changed text; a changed name needs none."""
    if any(name in fields for name in TEXTS):
        _check_rights(tx, call, fields.get("name") or row.name, row)
        stack_text.check_types(tx, row, call.read)
        row = tx.update(row, **fields)
        call.request(tx, row, "update")
        return row
    return tx.update(row, **fields)


def _check_rights(tx: Tx, call: Call, name: str, stack: rows.Environment | None) -> None:
    text: Compose | None = call.read
    if text is not None:
        stack_rights.check_text(tx, call, stack_volumes.scoped(tx, name, stack, text), "dockerCompose")


@behaviour.process("environment.create", "environment.update")
async def create_or_update(run: Run) -> None:
    """Make the services of a stack match its text."""
    await _update_services(run)


async def _update_services(run: Run, *, upgraded: bool = False) -> None:
    """Update the services as in 2015.

    Changed launch configs wait for an upgrade (``upgraded``), stopped services stay stopped, and a link that leads
    nowhere fails the stack.
    """
    wanted = await _read(run)
    if wanted is None:
        return
    found = await _compare(run, wanted)
    if found.missing:
        raise Failed(found.missing[0], state="active")
    actions = {"create", "change", "remove", *(("replace",) if upgraded else ())}
    start = await run.read(lambda tx: bool(run.resource(tx, rows.Environment).startOnCreate))
    await _carry_out(run, found, [entry for entry in found.entries if entry.action in actions], start=start)
    for entry in found.entries:
        if entry.action == "replace" and not upgraded:
            run.log(f"{entry.line}: its containers stay until it is upgraded")


@behaviour.process("environment.apply")
async def apply(run: Run) -> None:
    """Make a stack match its text: removed services come back, stopped ones start, containers of another launch config
    are replaced.
    """
    wanted = await _read(run)
    if wanted is None:
        return
    names = {spec.name.casefold() for spec in wanted.services}
    await stack_apply.await_services(run, names)
    found = await _compare(run, wanted)
    await _carry_out(run, found, found.entries, start=True, finish=upgrade.HEALTHY)
    for reason in found.missing:
        run.log(f"{reason}; the link is made once there is one")


async def _read(run: Run) -> Compose | None:
    """The text of the stack, read outside of any unit."""
    texts = await run.read(lambda tx: _texts(run.resource(tx, rows.Environment)))
    try:
        wanted = await run.core.readings.run(run.account_id, lambda: stack_text.read(texts))
    except Refused as error:
        raise Failed(error.message, state="active") from error
    for warning in wanted.warnings if wanted else ():
        run.log(warning)
    return wanted


async def _compare(run: Run, wanted: Compose) -> Plan:
    def compare(tx: ReadTx) -> Plan:
        stack = run.resource(tx, rows.Environment)
        text = stack_volumes.scoped(tx, stack.name, stack, wanted)
        return compare_stack(tx, stack.accountId, stack.name, stack, text)

    found = await run.read(compare)
    if found.refusals:
        raise Failed("; ".join(found.refusals), state="active")
    return found


async def _carry_out(
    run: Run, found: Plan, entries: Sequence[Entry], *, start: bool, finish: str | None = None
) -> None:
    first = tuple(entry for entry in entries if entry.id in found.first and entry.action in ("remove", "replace"))
    rest = tuple(entry for entry in entries if entry not in first)
    try:
        if first:
            todo = stack_apply.steps(replace(found, entries=first, failing=()), start=start, finish=finish)
            await stack_apply.carry_out(run, list(todo))
            await stack_apply.freed(run, [entry.id for entry in first if entry.id is not None])
        todo = stack_apply.steps(replace(found, entries=rest), start=start, finish=finish)
        await stack_apply.carry_out(run, list(todo))
    except (Refused, NotUnique) as error:
        raise Failed(str(error), state="active") from error
    for entry in entries:
        run.log(entry.line)


def _texts(stack: rows.Environment) -> dict[str, Any]:
    return {name: getattr(stack, name) for name in TEXTS}


@behaviour.process("environment.remove")
async def remove(run: Run) -> None:
    """Remove the services, and wait until they are gone."""

    def begin(tx: Tx) -> None:
        for row in tx.find(rows.Service, environmentId=run.resource_id):
            if row.state != "removing":
                run.engine.request(tx, row, "remove")

    await run.step("remove services", begin)
    await run.wait_for(
        "the removal of services",
        lambda tx: tx.first(rows.Service, environmentId=run.resource_id) is None,
        roots={"service"},
    )


@behaviour.action("environment.addoutputs")
def add_outputs(tx: Tx, call: Call, row: rows.Environment, data: dict[str, Any]) -> rows.Environment:
    """Add outputs to the stack, or replace some."""
    return tx.update(row, outputs={**(row.outputs or {}), **(data.get("outputs") or {})})


@behaviour.action("environment.upgrade")
def upgrade_stack(tx: Tx, call: Call, row: rows.Environment, data: dict[str, Any]) -> rows.Environment:
    """Begin to upgrade to another text; services with a changed launch config are upgraded in place, then wait for a
    decision.
    """
    before = _texts(row)
    texts = _upgraded(before, data)
    _check_rights(tx, call, row.name, row)
    stack_text.check_types(tx, row, call.read)
    row = tx.update(
        row,
        **texts,
        externalId=data.get("externalId") or row.externalId,
        previousExternalId=row.externalId,
        previousEnvironment=row.environment,
        textsBefore=before,
    )
    call.request(tx, row, "upgrade")
    return row


@behaviour.process("environment.upgrade")
async def run_upgrade(run: Run) -> None:
    """Upgrade the services, and wait for them; if one failed or was canceled, the stack's upgrade fails."""
    await _update_services(run, upgraded=True)
    await _without(run, "upgrading")
    failed = await run.read(lambda tx: tx.find(rows.Service, environmentId=run.resource_id, state=upgrade.CANCELED))
    if failed:
        reasons = [f"{row.name}: {row.transitioningMessage or 'its upgrade was canceled'}" for row in failed]
        raise Failed("; ".join(reasons), state=upgrade.CANCELED)


@behaviour.process("environment.finishupgrade")
async def finish_upgrade(run: Run) -> None:
    """Finish the upgrade of every service."""
    await run.step("services", lambda tx: _ask_services(tx, run, "upgraded", "finishupgrade"))
    await _without(run, "finishing-upgrade")


@behaviour.process("environment.cancelupgrade")
async def cancel_upgrade(run: Run) -> None:
    """Cancel the upgrade of every service."""
    await run.step("services", lambda tx: _ask_services(tx, run, "upgrading finishing-upgrade", "cancelupgrade"))
    await _without(run, "canceling-upgrade")


@behaviour.action("environment.rollback")
def roll_back_stack(tx: Tx, call: Call, row: rows.Environment, data: dict[str, Any]) -> rows.Environment:
    """Begin to roll back the upgrade of every service."""
    upgraded = tx.find(rows.Service, environmentId=row.id, state=service_rights.UPGRADED)
    service_rights.check_rollback(tx, call, upgraded)
    call.request(tx, row, "rollback")
    return row


@behaviour.process("environment.rollback")
async def rollback(run: Run) -> None:
    """Roll back the upgrade of every service, and the text."""
    await run.step("services", lambda tx: _ask_services(tx, run, " ".join(service_rights.UPGRADED), "rollback"))
    await _without(run, "rolling-back")

    def end(tx: Tx) -> None:
        stack = run.resource(tx, rows.Environment)
        tx.update(
            stack,
            **(stack.textsBefore or {}),
            externalId=stack.previousExternalId,
            textsBefore=None,
        )

    run.finish(end)


def _ask_services(tx: Tx, run: Run, states: str, action: str) -> None:
    for row in tx.find(rows.Service, environmentId=run.resource_id, state=states.split()):
        run.engine.request(tx, row, action)


async def _without(run: Run, state: str) -> None:
    """Wait until no service of the stack is in a state."""
    await run.wait_for(
        f"services that are {state}",
        lambda tx: tx.first(rows.Service, environmentId=run.resource_id, state=state) is None,
        roots={"service"},
    )


@behaviour.action("environment.activateservices")
def activate_services(tx: Tx, call: Call, row: rows.Environment, data: dict[str, Any]) -> rows.Environment:
    """Start every inactive service of the stack."""
    for service in tx.find(rows.Service, environmentId=row.id, state="inactive"):
        call.request(tx, service, "activate")
    return tx.update(row, startOnCreate=True)


@behaviour.action("environment.deactivateservices")
def deactivate_services(tx: Tx, call: Call, row: rows.Environment, data: dict[str, Any]) -> rows.Environment:
    """Stop every service of the stack."""
    for service in tx.find(rows.Service, environmentId=row.id):
        if service.state in ("active", "activating", "updating-active"):
            call.request(tx, service, "deactivate")
    return tx.update(row, startOnCreate=False)


@behaviour.action("environment.exportconfig")
def export_config(tx: Tx, call: Call, row: rows.Environment, data: dict[str, Any]) -> dict[str, Any]:
    """The stack as it is now, as compose text; ``serviceIds`` narrows it."""
    docker, rancher = compose_export.export(stack_world.specs(tx, row, set(data.get("serviceIds") or [])))
    return {"type": "composeConfig", "dockerComposeConfig": docker, "rancherComposeConfig": rancher}
