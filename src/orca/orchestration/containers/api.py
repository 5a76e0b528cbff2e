# SPDX-License-Identifier: Apache-2.0
"""Containers in the API: checks of requests, and what creating and removing one starts."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call, Processes
from orca.orchestration.health import command, reach
from orca.orchestration.health.terms import BadRequest, check_bounds, terms
from orca.orchestration.placement import belongings, joined, retained
from orca.orchestration.placement.choose import Published
from orca.orchestration.syntax import labels as own_labels
from orca.orchestration.syntax import launch, ports
from orca.orchestration.units import plan as unit_plan
from orca.provision.hosts import labels as label_rows
from orca.resources import limits, rows
from orca.resources.errors import Refused
from orca.storage import host_rights, registries, volumes
from orca.store import Tx

STOPPABLE = frozenset({"starting", "running", "restarting", "updating-running", "stopping"})
"""States from which a container is stopped before it is removed."""

behaviour = Behaviour()


def check_launch(fields: dict[str, Any]) -> None:
    """Refuse a container that no host could run.

    Raises:
        Refused: no image, an image of another kind, a value of the wrong form, a port published twice, a label of the
            platform's own, a check that no host could make.
    """
    image = fields.get("imageUuid")
    if not image:
        raise Refused("MissingRequired", "imageUuid is required", field="imageUuid")
    prefix, _, named = str(image).partition(":")
    if prefix not in ("docker", "sim") or not named:
        raise Refused("InvalidImageInstanceKind", f"{image} is not docker:<image>", field="imageUuid")
    own_labels.check(fields.get("labels"))
    _check_health(fields)
    _check_engine_health(fields)
    launch.check(fields)
    _check_ports(fields.get("ports") or [])
    volumes.check_form(fields)


def _check_health(fields: dict[str, Any]) -> None:
    check = fields.get("healthCheck")
    if not check:
        return
    if fields.get("networkMode") in reach.UNREACHED:
        raise unreachable()
    try:
        check_bounds(check)
        terms(check)
    except BadRequest as error:
        raise Refused("InvalidOption", f"healthCheck: {error}", field=error.field) from error


def unreachable() -> Refused:
    """The refusal of a check through the network where there is none."""
    message = "healthCheck: no checker reaches a container whose network is none or bridge; take the check away, use"
    return Refused("InvalidOption", f"{message} engineHealthCheck, or change networkMode", field="healthCheck")


def _check_engine_health(fields: dict[str, Any]) -> None:
    reason = command.wrong(fields.get("engineHealthCheck") or {})
    if reason is not None:
        raise Refused("InvalidOption", f"engineHealthCheck: {reason}", field="engineHealthCheck")


def _check_ports(texts: list[str]) -> None:
    try:
        specs = ports.parse_all(texts)
    except ports.TooManyPorts as error:
        raise Refused("MaxLimitExceeded", f"ports: {error}", field="ports") from error
    except ports.PortWrongFormat as error:
        raise Refused("PortWrongFormat", str(error), field="ports") from error
    published = Published({})
    for public in (spec.published for spec in specs):
        if public is not None and published.holder(public) is not None:
            raise Refused("NotUnique", f"port {public} is published twice", field="ports")
        if public is not None:
            published.add(public, "")


@behaviour.create("container")
@behaviour.create("instance")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Container | list[rows.Container]:
    """Create one container, or ``count`` of them."""
    fields = belongings.with_mode(tx, call.account_id, fields)
    check_launch(fields)
    _check_joined(tx, call, fields)
    host_rights.check(tx, call, fields)
    retained.check(tx, call.account_id, [fields])
    volumes.check(tx, call.account_id, fields)
    fields = registries.with_credential(tx, call.account_id, fields)
    count = fields.pop("count", None) or 1
    links = fields.pop("instanceLinks", None) or {}
    found = []
    for number in range(1, count + 1):
        row = tx.insert(rows.Container, **{**fields, "accountId": call.account_id, "kind": "container"})
        if fields.get("name") and count > 1:
            tx.update(row, name=f"{fields['name']}{number}")
        tx.update(row, name=row.name or f"r-{row.uuid[:8]}", createIndex=row.id, instanceLinks=links or None)
        for name, target in links.items():
            tx.insert(
                rows.InstanceLink,
                accountId=call.account_id,
                state="inactive",
                instanceId=row.id,
                linkName=name,
                targetInstanceId=target,
            )
        belongings.give(tx, row)
        call.request(tx, row, "create")
        found.append(row)
    return found if count > 1 else found[0]


def _check_joined(tx: Tx, call: Call, fields: dict[str, Any]) -> None:
    """Refuse to join containers of other projects, or that are gone; forget an owner where no network is shared."""
    if fields.get("networkMode") != joined.CONTAINER:
        fields.pop("networkContainerId", None)
    elif fields.get("networkContainerId") is None:
        raise Refused("MissingRequired", "whose network is shared?", field="networkContainerId")
    for field in ("networkContainerId", "dataVolumesFrom"):
        given = fields.get(field) or []
        ids = set(given if isinstance(given, list) else [given])
        found = tx.find(rows.Container, id=ids, accountId=call.account_id) if ids else []
        if ids - {row.id for row in found if not row.leaving}:
            raise Refused("InvalidReference", f"{field}: there is no such container", field=field)
    owner_id = fields.get("networkContainerId")
    if owner_id is not None:
        if fields.get("healthCheck") and reach.is_unreached(tx, tx.require(rows.Instance, owner_id)):
            raise unreachable()
        sharers = tx.count(rows.Instance, networkContainerId=owner_id) + (fields.get("count") or 1)
        if sharers > limits.MOST_SHARERS:
            message = f"at most {limits.MOST_SHARERS} containers share one's network"
            raise Refused("MaxLimitExceeded", f"networkContainerId: {message}", field="networkContainerId")


@behaviour.remove("container")
def remove(tx: Tx, call: Call, row: rows.Container) -> rows.Container:
    """Remove a container. One that runs or is starting is stopped first; its running process ends."""
    start_removal(tx, call.core.engine, row)
    return row


def start_removal(tx: Tx, engine: Processes, row: rows.Instance) -> None:
    """Request the removal of a container in any state; do nothing if it is already being removed."""
    if row.state in unit_plan.GONE:
        return
    tx.update(row, leaving=True)
    if row.state in STOPPABLE:
        engine.request(tx, row, "stop", remove=True)
    else:
        engine.request(tx, row, "remove")


@behaviour.action("container.setlabels")
def set_labels(tx: Tx, call: Call, row: rows.Container, data: dict[str, Any]) -> rows.Container:
    """Replace the labels. On the host they take effect when the container is next created."""
    labels = data.get("labels")
    if not isinstance(labels, dict):
        raise Refused("InvalidFormat", "labels: an object is expected", field="labels")
    limits.count_rows("labels", len(labels))
    if any(value is None or isinstance(value, dict | list) for value in labels.values()):
        raise Refused("InvalidFormat", "labels: the value of a label is text", field="labels")
    own_labels.check(labels, present=row.labels)
    words = {True: "true", False: "false"}
    row = tx.update(
        row, labels={name: words[value] if isinstance(value, bool) else str(value) for name, value in labels.items()}
    )
    label_rows.write_rows(tx, row)
    return row
