# SPDX-License-Identifier: Apache-2.0
"""Containers that somebody made with Docker: their rows are made from what their hosts report.

Source: docs/v1.md, section 11.
"""

from __future__ import annotations

from orca import wire
from orca.network import addresses, ipam
from orca.orchestration.placement import belongings
from orca.orchestration.placement.joined import CONTAINER
from orca.orchestration.syntax.labels import SYSTEM
from orca.provision.hosts import labels
from orca.resources import rows
from orca.resources.network import MANAGED, NETWORK_KINDS
from orca.store import ANY, ReadTx, Tx

MOST = 1000
"""Most native containers of one host with rows; more are not shown until some of these are removed."""


def is_system(report: wire.Container) -> bool:
    """True if a container is a part of this platform, or of the one of 2015, on its host."""
    return bool(report.system) or (report.uuid is None and SYSTEM in report.labels)


def is_full(tx: ReadTx, host: rows.Host) -> bool:
    """True if no further native container of the host gets a row."""
    return tx.count(rows.Instance, hostId=host.id, nativeContainer=True) >= MOST


def add(tx: Tx, host: rows.Host, report: wire.Container, state: str) -> rows.Container:
    """Make the row of a reported container."""
    simulated = host.kind == "sim" and report.image.startswith("sim:")
    mode, owner = _connection(tx, host, report)
    row = tx.insert(
        rows.Container,
        kind="container",
        accountId=host.accountId,
        name=report.name,
        state=state,
        hostId=host.id,
        externalId=report.external_id,
        imageUuid=report.image if simulated else f"docker:{report.image}",
        nativeContainer=True,
        labels=report.labels,
        firstRunning=report.started_at,
        exitCode=report.exit_code,
        networkMode=mode,
        networkContainerId=owner,
        started=report.started_at,
    )
    belongings.give(tx, row)
    labels.write_rows(tx, row)
    return row


def adopt(tx: Tx, host: rows.Host, instance: rows.Instance, report: wire.Container) -> None:
    """Take a container that somebody made for a row that was never placed: its label names the row."""
    tx.update(
        instance,
        hostId=host.id,
        allocationState="active",
        externalId=report.external_id,
        nativeContainer=True,
        exitCode=report.exit_code,
    )


def connect(tx: Tx, host: rows.Host, instance: rows.Instance, report: wire.Container) -> None:
    """Fill in how a container is connected, which earlier agents did not report."""
    if instance.networkMode is None and report.network_mode:
        mode, owner = _connection(tx, host, report)
        tx.update(instance, networkMode=mode, networkContainerId=owner)
        belongings.join_network(tx, instance)


def is_over(tx: ReadTx, host: rows.Host, report: wire.Container) -> bool:
    """True if the reported container had a row, which was removed."""
    return tx.count(rows.Instance, hostId=host.id, externalId=report.external_id, removed=ANY) > 0


def _connection(tx: ReadTx, host: rows.Host, report: wire.Container) -> tuple[str | None, int | None]:
    """The mode of a container's network, and the container that it shares it with; None where that is not known."""
    mode, _, external_id = report.network_mode.partition(":")
    if not mode:
        return None, None
    if mode == CONTAINER:
        owner = tx.first(rows.Container, hostId=host.id, externalId=external_id)
        return ("none", None) if owner is None else (CONTAINER, owner.id)
    if mode == "bridge" and report.address is not None:
        network = addresses.network_of(tx, host.accountId)
        if ipam.in_range(report.address, addresses.cidr_of_all(network)):
            mode = MANAGED
    return (mode if mode in NETWORK_KINDS else "none"), None
