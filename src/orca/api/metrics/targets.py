# SPDX-License-Identifier: Apache-2.0
"""Which containers Prometheus should ask for figures of their own, in the form of its ``http_sd``.

A container is asked if its service gives it the label ``prometheus.port``. Source:
https://prometheus.io/docs/prometheus/latest/http_sd/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orca.api.callers.caller import Caller
from orca.resources import ids, rows
from orca.store import ReadTx

PORT, FILE, SCHEME = "prometheus.port", "prometheus.path", "prometheus.scheme"
"""Labels of containers."""


def take(tx: ReadTx, caller: Caller) -> list[dict[str, Any]]:
    """One group for each container that runs, has an address, and wants to be asked."""
    projects = dict(tx.values(rows.Project, "id", "name"))
    hosts = dict(tx.values(rows.Host, "id", "name"))
    found: list[dict[str, Any]] = []
    for service in tx.rows(rows.Service, caller.scope(tx, "service", tx.query(rows.Service))):
        if not any(PORT in (config.get("labels") or {}) for config in _configs(service)):
            continue
        stack = tx.get(rows.Environment, service.environmentId)
        of = {
            "project": projects.get(service.accountId) or "",
            "stack": "" if stack is None else stack.name,
            "service": service.name,
        }
        for container in tx.find(rows.Instance, serviceId=service.id, state="running"):
            labels = container.labels or {}
            if container.primaryIpAddress and str(labels.get(PORT, "")).isdecimal():
                where = {"container": container.name or "", "host": hosts.get(container.hostId) or ""}
                found.append(
                    {
                        "targets": [f"{container.primaryIpAddress}:{int(labels[PORT])}"],
                        "labels": {
                            **of,
                            **where,
                            "id": ids.show("container", container.id),
                            "__metrics_path__": labels.get(FILE) or "/metrics",
                            "__scheme__": labels.get(SCHEME) or "http",
                        },
                    }
                )
    return found


def _configs(service: rows.Service) -> Iterator[dict[str, Any]]:
    yield service.launchConfig or {}
    yield from service.secondaryLaunchConfigs or []
