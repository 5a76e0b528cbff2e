# SPDX-License-Identifier: Apache-2.0
"""What is told to a project from outside: hosts to be emptied, names in somebody's DNS, services that run elsewhere.

Source: docs/v1.md, section 14. An event takes effect in the unit that keeps it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, TypeVar

from orca.engine import Behaviour, Call
from orca.hoststate.plan.dns import is_host_name
from orca.orchestration.containers.api import start_removal
from orca.orchestration.services import api as services
from orca.orchestration.stacks import api as stacks
from orca.resources import machine, rows
from orca.resources.errors import Refused
from orca.resources.validation import Validator
from orca.resources.views import view
from orca.store import Tx

EVACUATE = "host.evacuate"
R = TypeVar("R", bound=rows.Resource)

KIND = "externalService"

behaviour = Behaviour()


# -- hosts ------------------------------------------------------------------------------------------------------------


@behaviour.create("externalHostEvent")
def host_event(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ExternalHostEvent:
    """Hosts of the project, one or all with a label, are to be emptied: they take nothing new, services move on."""
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
    event = _keep(tx, call, rows.ExternalHostEvent, fields, call.account_id)
    for host in meant:
        _evacuate(tx, call, host, delete=bool(fields.get("deleteHost")))
    return event


def _evacuate(tx: Tx, call: Call, host: rows.Host, *, delete: bool) -> None:
    """What stands alone stays: nobody would make it anew. A host that is deleted takes everything with it."""
    processes = machine("host")
    if host.state in processes["deactivate"].start:
        call.request(tx, host, "deactivate", remove=delete)
    elif delete and host.state in processes["remove"].start:
        call.request(tx, host, "remove")
    if not delete:
        for instance in tx.find(rows.Instance, hostId=host.id):
            if instance.serviceId is not None:
                start_removal(tx, call.core.engine, instance)


# -- names ------------------------------------------------------------------------------------------------------------


@behaviour.create("externalDnsEvent")
def dns_event(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ExternalDnsEvent:
    """A service has a name in a DNS outside."""
    project_id = _project_of(tx, call)
    stack = tx.first(rows.Environment, accountId=project_id, name=str(fields.get("stackName")))
    service = stack and tx.first(rows.Service, environmentId=stack.id, name=str(fields.get("serviceName")))
    if service is None:
        raise Refused("InvalidReference", "serviceName: the project has no such service", field="serviceName")
    fqdn = fields.get("fqdn")
    if fqdn and not is_host_name(fqdn):
        raise Refused("InvalidFormat", "fqdn: a host name is expected", field="fqdn")
    tx.update(service, fqdn=fqdn)
    return _keep(tx, call, rows.ExternalDnsEvent, fields, project_id)


# -- services ---------------------------------------------------------------------------------------------------------


@behaviour.create("externalServiceEvent")
def service_event(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ExternalServiceEvent:
    """A service that runs elsewhere came, changed or went. It is known by the event's ``externalId``."""
    project_id = _project_of(tx, call)
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
                "InvalidOption", "eventType: service.create, .update or .remove, or stack.remove", field="eventType"
            )
    return _keep(tx, call, rows.ExternalServiceEvent, fields, project_id)


def _create_or_update(tx: Tx, call: Call, known: rows.Service | None, fields: dict[str, Any]) -> None:
    """Make the service what the event says; told the same again, nothing changes."""
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
    """The stack that the event's ``environment`` means."""
    return tx.first(rows.Environment, accountId=call.account_id, externalId=_environment(fields)["externalId"])


def _environment(fields: dict[str, Any]) -> dict[str, Any]:
    told = fields.get("environment")
    if not isinstance(told, dict) or not told.get("externalId"):
        raise Refused("MissingRequired", "environment: an object with an externalId is required", field="environment")
    external_id = str(told["externalId"])
    return {"name": told.get("name") or external_id, "externalId": external_id}


def _remove(tx: Tx, call: Call, row: rows.Service | rows.Environment | None) -> None:
    """Have a service or a stack removed, if it is there and stays so far."""
    if row is not None and row.state in machine(row.type)["remove"].start:
        call.request(tx, row, "remove")


# -- the events themselves --------------------------------------------------------------------------------------------


def _project_of(tx: Tx, call: Call) -> int:
    """The project whose host the reporting agent serves."""
    agent = tx.first(rows.Agent, accountId=call.account_id)
    host = None if agent is None else tx.first(rows.Host, agentId=agent.id)
    if host is None:
        raise Refused("CantVerifyAgent", "only the agent of a host reports what happens outside")
    return host.accountId


def _keep(tx: Tx, call: Call, type: type[R], fields: dict[str, Any], project_id: int) -> R:
    event = tx.insert(type, **{**fields, "accountId": project_id, "reportedAccountId": call.account_id})
    call.request(tx, event, "create")
    return event
