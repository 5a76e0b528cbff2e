# SPDX-License-Identifier: Apache-2.0
"""Stacks (v1: environments): services made from compose text, and kept in line with it when the text changes."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call, Engine, Failed, Run
from orca.orchestration import compose, compose_export, launch, service_links, services, upgrade
from orca.orchestration.compose import Compose, LinkSpec, ServiceSpec
from orca.orchestration.compose_keys import ComposeError
from orca.resources.errors import Refused
from orca.store import NotUnique, ReadTx, Record, Tx

TEXTS = ("dockerCompose", "rancherCompose", "environment")

behaviour = Behaviour()


@behaviour.create("environment")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> Record:
    """A stack; compose text is read at once, so that a mistake in it makes nothing."""
    _read(fields)
    row = tx.insert("environment", **{**fields, "accountId": call.account_id, "kind": "environment"})
    call.request(tx, row, "create")
    return row


@behaviour.update("environment")
def update(tx: Tx, call: Call, row: Record, fields: dict[str, Any]) -> Record:
    """Changed text is applied by the process `update`; a changed name alone needs none."""
    if any(name in fields for name in TEXTS):
        _read({name: fields.get(name, getattr(row, name)) for name in TEXTS})
        row = tx.update(row, **fields)
        call.request(tx, row, "update")
        return row
    return tx.update(row, **fields)


@behaviour.process("environment.create", "environment.update")
async def follow_text(run: Run) -> None:
    """Make the services of a stack those of its text."""

    def unit(tx: Tx) -> list[str]:
        stack = run.resource(tx)
        try:
            wanted = _read({name: getattr(stack, name) for name in TEXTS})
            return [] if wanted is None else apply(tx, run.engine, stack, wanted, start=bool(stack.startOnCreate))
        except (Refused, NotUnique) as error:
            raise Failed(str(error), state="active") from error

    for note in await run.step("services", unit):
        run.log(note)


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
    texts = {name: data[name] if data.get(name) is not None else getattr(row, name) for name in TEXTS}
    _read(texts)
    before = {name: getattr(row, name) for name in TEXTS}
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

    def unit(tx: Tx) -> list[str]:
        stack = run.resource(tx)
        try:
            wanted = _read({name: getattr(stack, name) for name in TEXTS})
            if wanted is None:
                return []
            return apply(tx, run.engine, stack, wanted, start=bool(stack.startOnCreate), replace=True)
        except (Refused, NotUnique) as error:
            raise Failed(str(error), state="active") from error

    for note in await run.step("services", unit):
        run.log(note)
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
    wanted = set(data.get("serviceIds") or [])
    found = [service for service in tx.find("service", environmentId=row.id) if not wanted or service.id in wanted]
    docker, rancher = compose_export.export(_spec(tx, service) for service in found)
    return {"type": "composeConfig", "dockerComposeConfig": docker, "rancherComposeConfig": rancher}


def apply(tx: Tx, engine: Engine, stack: Record, wanted: Compose, *, start: bool, replace: bool = False) -> list[str]:
    """Make the services of `stack` those of `wanted`; returns notes for the process log.

    Services that the text does not have any more are removed. A changed launch config of an existing service is noted
    and left alone: replacing running containers is an upgrade, which is asked for by itself (`replace`).

    Raises:
        Refused: an external link to a stack or service that does not exist; a name that cannot be used.
    """
    notes = list(wanted.warnings)
    present = {
        row.name.casefold(): row for row in tx.find("service", environmentId=stack.id) if row.state != "removing"
    }
    named: dict[str, Record] = {}
    for spec in wanted.services:
        row = present.pop(spec.name.casefold(), None)
        if row is None:
            row = services.insert(tx, stack, _fields(spec, start=start))
            engine.request(tx, row, "create")
            notes.append(f"service {spec.name}: created with scale {spec.scale}")
        else:
            notes += _change(tx, engine, row, spec, replace=replace)
        named[spec.name.casefold()] = row
    for spec in wanted.services:
        links = [(_target(tx, stack, named, link).id, link.alias) for link in spec.links]
        if service_links.set_links(tx, named[spec.name.casefold()], links):
            notes.append(f"service {spec.name}: links set")
    for row in present.values():
        engine.request(tx, row, "remove")
        notes.append(f"service {row.name}: removed")
    return notes


def _read(fields: dict[str, Any]) -> Compose | None:
    """The compose text among `fields`, None when there is none."""
    text = fields.get("dockerCompose")
    if not text:
        return None
    try:
        return compose.parse(text, fields.get("rancherCompose"), fields.get("environment") or {})
    except ComposeError as error:
        field = "rancherCompose" if str(error).startswith("rancher-compose") else "dockerCompose"
        raise Refused("InvalidFormat", str(error), field=field) from error


def _spec(tx: ReadTx, service: Record) -> ServiceSpec:
    """A service as text would state it."""
    links = []
    for target_id, alias in service_links.links_of(tx, service):
        target = tx.require("service", target_id)
        stack = (
            None if target.environmentId == service.environmentId else tx.require("environment", target.environmentId)
        )
        links.append(LinkSpec(target.name, alias or target.name, None if stack is None else stack.name))
    config = launch.instance_fields(service.launchConfig or {})
    return ServiceSpec(service.name, config, service.scale or 0, tuple(links), service.metadata or {})


def _fields(spec: ServiceSpec, *, start: bool) -> dict[str, Any]:
    return {
        "name": spec.name,
        "scale": spec.scale,
        "launchConfig": spec.launch_config,
        "metadata": spec.metadata,
        "startOnCreate": start and spec.start_on_create,
    }


def _change(tx: Tx, engine: Engine, row: Record, spec: ServiceSpec, *, replace: bool) -> list[str]:
    """Follow scale and metadata; note what only an upgrade can change."""
    notes = []
    if row.metadata != spec.metadata:
        tx.update(row, metadata=spec.metadata)
    before, after = (launch.instance_fields(config or {}) for config in (row.launchConfig, spec.launch_config))
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if row.scale != spec.scale:
        notes.append(f"service {spec.name}: scale {row.scale} to {spec.scale}")
        tx.update(row, scale=spec.scale)
    if changed and replace:
        upgrade.begin_in_service(tx, row, {"launchConfig": spec.launch_config})
        engine.request(tx, row, "upgrade")
        return [*notes, f"service {spec.name}: upgraded for {', '.join(changed)}"]
    if notes and row.state in ("active", "inactive", "updating-active", "updating-inactive"):
        engine.request(tx, row, "update")
    if changed:
        notes.append(f"service {spec.name}: {', '.join(changed)} changed: its containers stay until it is upgraded")
    return notes


def _target(tx: ReadTx, stack: Record, named: dict[str, Record], link: LinkSpec) -> Record:
    if link.stack is None:
        return named[link.service.casefold()]
    for other in tx.find("environment", accountId=stack.accountId):
        if other.name.casefold() == link.stack.casefold():
            for row in tx.find("service", environmentId=other.id):
                if row.name.casefold() == link.service.casefold() and row.state != "removing":
                    return row
            raise Refused("InvalidReference", f"external_links: stack {link.stack} has no service {link.service}")
    raise Refused("InvalidReference", f"external_links: there is no stack {link.stack}")
