# SPDX-License-Identifier: Apache-2.0
"""Events from outside: hosts to be evacuated, names in an external DNS, services that run elsewhere.

Source: docs/v1.md, section 14. An event takes effect in the unit that stores it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from orca.engine import Behaviour, Call, request_removal
from orca.hoststate.plan.dns import is_host_name
from orca.orchestration.containers.api import start_removal
from orca.orchestration.services import api as services
from orca.orchestration.stacks import api as stacks
from orca.provision.hosts.reports import keep, reporter
from orca.resources import processes_of, rows
from orca.resources.errors import ActionNotAvailable, Refused
from orca.resources.validation import Validator
from orca.resources.views import view
from orca.store import Tx

EVACUATE = "host.evacuate"

KIND = "externalService"

behaviour = Behaviour()


# -- hosts ------------------------------------------------------------------------------------------------------------


@behaviour.create("externalHostEvent")
def host_event(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ExternalHostEvent:
    """Evacuate hosts of the project, one or all with a label: they accept nothing new, and services move away."""
    if fields.get("eventType") != EVACUATE:
        raise Refused("InvalidOption", f"eventType: {EVACUATE} is expected", field="eventType")
    hosts = tx.find(rows.Host, accountId=call.account_id)
    if fields.get("hostId") is not None:
        meant = [host for host in hosts if host.id == fields["hostId"]]
    else:
        key, sign, value = str(fields.get("hostLabel") or "").partition("=")
        if not sign:
            raise Refused("MissingRequired", "hostId, or hostLabel as key=value, is required", field="hostLabel")
        meant = [host for host in hosts if (host.labels or {}).get(key) == value]
    event = keep(tx, call, rows.ExternalHostEvent, fields, call.account_id)
    for host in meant:
        _evacuate(tx, call, host, delete=bool(fields.get("deleteHost")))
    return event


def _evacuate(tx: Tx, call: Call, host: rows.Host, *, delete: bool) -> None:
    """Evacuate a host. Independent containers stay, since nothing would recreate them, unless the host is deleted."""
    with contextlib.suppress(ActionNotAvailable):  # it is inactive, or leaves already
        if delete:
            request_removal(call.core.engine, tx, host)
        else:
            call.request(tx, host, "deactivate")
    if not delete:
        for instance in tx.find(rows.Instance, hostId=host.id):
            if instance.serviceId is not None:
                start_removal(tx, call.core.engine, instance)


# -- names ------------------------------------------------------------------------------------------------------------


@behaviour.create("externalDnsEvent")
def dns_event(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ExternalDnsEvent:
    """Store the name of a service in an external DNS."""
    project_id = reporter(tx, call)[1]
    stack = tx.first(rows.Environment, accountId=project_id, name=str(fields.get("stackName")))
    service = stack and tx.first(rows.Service, environmentId=stack.id, name=str(fields.get("serviceName")))
    if service is None:
        raise Refused("InvalidReference", "serviceName: the project has no such service", field="serviceName")
    fqdn = fields.get("fqdn")
    if fqdn and not is_host_name(fqdn):
        raise Refused("InvalidFormat", "fqdn: a host name is expected", field="fqdn")
    tx.update(service, fqdn=fqdn)
    return keep(tx, call, rows.ExternalDnsEvent, fields, project_id)


# -- services ---------------------------------------------------------------------------------------------------------


@behaviour.create("externalServiceEvent")
def service_event(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ExternalServiceEvent:
    """Create, update or remove a service that runs elsewhere; the event's ``externalId`` identifies it."""
    project_id = reporter(tx, call)[1]
    inside = replace(call, account_id=project_id)
    external_id = fields.get("externalId")
    if not external_id:
        raise Refused("MissingRequired", "externalId is required", field="externalId")
    known = tx.first(rows.ExternalService, accountId=project_id, externalId=external_id)
    match fields.get("eventType"):
        case "service.create" | "service.update":
            _create_or_update(tx, inside, known, fields)
        case "service.remove":
            _remove(tx, inside, known)
        case "stack.remove":
            _remove(tx, inside, _stack(tx, inside, fields))
        case _:
            raise Refused(
                "InvalidOption",
                "eventType: service.create, .update, .remove or stack.remove is expected",
                field="eventType",
            )
    return keep(tx, call, rows.ExternalServiceEvent, fields, project_id)


def _create_or_update(tx: Tx, call: Call, known: rows.Service | None, fields: dict[str, Any]) -> None:
    """Make the service match the event; the same event again changes nothing."""
    told = fields["service"]
    if not isinstance(told, dict) or told.get("kind", KIND) != KIND:
        raise Refused("InvalidOption", f"service: an object of kind {KIND} is expected", field="service")
    seen = view("project", "v1")
    types, validator = seen.types, Validator(seen, strict=False)

    def existing(type: str, ids: Collection[int]) -> Collection[int]:
        found = [row for id in ids if (row := tx.get(type, id)) is not None]
        return {row.id for row in found if row.get("accountId") == call.account_id}

    if known is not None:
        given = validator.update(types[KIND], told)
        validator.look_up(existing)
        changed = {name: value for name, value in given.items() if known.get(name) != value}
        services.update(tx, call, known, changed)
        return
    stack = _stack(tx, call, fields)
    if stack is None:
        stack = stacks.create(tx, call, validator.create(types["environment"], _environment(fields)))
    fixed = {"environmentId": stack.id, "externalId": fields["externalId"]}
    given = validator.create(types[KIND], {"startOnCreate": True, **told, **fixed})
    validator.look_up(existing)
    services.create_external(tx, call, given)


def _stack(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Environment | None:
    """The stack that the event's ``environment`` names."""
    return tx.first(rows.Environment, accountId=call.account_id, externalId=_environment(fields)["externalId"])


def _environment(fields: dict[str, Any]) -> dict[str, Any]:
    told = fields.get("environment")
    if not isinstance(told, dict) or not told.get("externalId"):
        raise Refused("MissingRequired", "environment: an object with an externalId is required", field="environment")
    external_id = str(told["externalId"])
    return {"name": told.get("name") or external_id, "externalId": external_id}


def _remove(tx: Tx, call: Call, row: rows.Service | rows.Environment | None) -> None:
    """Request the removal of a service or a stack, if it exists and is not being removed."""
    if row is not None and row.state in processes_of(row.type)["remove"].start:
        call.request(tx, row, "remove")
