# SPDX-License-Identifier: Apache-2.0
"""Stacks (v1 calls them environments), services, and the links between services."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orca.resources.fields import (
    NOBODY,
    Field,
    OwnKey,
    any_json,
    array,
    boolean,
    embedded,
    integer,
    mapping,
    ref,
    string,
    text,
)
from orca.resources.instance import CONTAINER_INPUT
from orca.resources.limits import MOST_SIDEKICKS
from orca.resources.processes import Process, ProcessTable, process, simple, updating
from orca.resources.types import Action, Link, ResourceType, access, given, wire_only

if TYPE_CHECKING:
    from orca.resources import rows


def stack_key_of(project_id: int, name: str) -> str:
    """The live key of a project's stack by name, ignoring case."""
    return f"{project_id}:{name.casefold()}"


def stack_key(record: rows.Environment) -> str:
    """A stack's name is unique in its project."""
    return stack_key_of(record.accountId, str(record.name))


def service_key_of(stack_id: int, name: str) -> str:
    """The live key of a stack's service by name, ignoring case."""
    return f"{stack_id}:{name.casefold()}"


def service_key(record: rows.Service) -> str:
    """A service's name is unique in its stack."""
    return service_key_of(record.environmentId, str(record.name))


def selects_links(record: rows.Service) -> bool | None:
    """True for the few services whose selector may link them to any other one."""
    return True if record.selectorLink else None


def expose_key(record: rows.ServiceExposeMap) -> str | None:
    """A container, an address or a host name is exposed once for a service."""
    target = record.instanceId or record.ipAddress or record.hostName
    return f"{record.serviceId}:{target}" if target else None


_APPLIED = (
    *("requested", "activating", "active", "updating-active", "upgraded", "canceled-upgrade", "upgrading"),
    *("finishing-upgrade", "canceling-upgrade", "rolling-back", "erroring", "error"),
)
"""States in which ``apply`` is possible: all except those of a removal."""

STACK_PROCESSES: ProcessTable = {
    "create": process("requested", "activating", "active"),
    "update": updating("active"),
    "error": process("activating", "erroring", "error"),
    "upgrade": process("active canceled-upgrade", "upgrading", "upgraded"),
    "finishupgrade": process("upgraded", "finishing-upgrade", "active"),
    "cancelupgrade": process("upgrading finishing-upgrade", "canceling-upgrade", "canceled-upgrade"),
    "rollback": process("upgrading upgraded canceled-upgrade", "rolling-back", "active"),
    "apply": Process(
        frozenset(_APPLIED),
        {state: "activating" if state in ("requested", "activating") else "updating-active" for state in _APPLIED},
        {"activating": "active", "updating-active": "active"},
    ),
    "remove": process(
        "requested active activating updating-active error erroring upgrading upgraded canceling-upgrade"
        " canceled-upgrade finishing-upgrade rolling-back",
        "removing",
        "removed",
    ),
}

# An upgrade in the form of 2015 ends in `active`; the declared one waits for a decision in `upgraded`.
SERVICE_PROCESSES: ProcessTable = {
    "create": process("requested", "registering", "inactive"),
    "activate": process("inactive", "activating", "active"),
    "update": updating("inactive", "active"),
    "upgrade": process("active activating inactive updating-active", "upgrading", "upgraded"),
    "finishupgrade": process("upgraded", "finishing-upgrade", "active"),
    "cancelupgrade": process("upgrading finishing-upgrade", "canceling-upgrade", "canceled-upgrade"),
    "rollback": process("upgrading upgraded canceled-upgrade", "rolling-back", "active"),
    "restart": process("active", "restarting", "active"),
    "move": process("active", "moving", "active"),
    "deactivate": process(
        "active activating updating-inactive updating-active restarting moving", "deactivating", "inactive"
    ),
    "remove": process(
        "inactive registering active activating updating-inactive updating-active deactivating requested restarting"
        " moving upgrading upgraded canceling-upgrade canceled-upgrade finishing-upgrade rolling-back",
        "removing",
        "removed",
    ),
}

ENVIRONMENT = ResourceType(
    name="environment",
    plural="environments",
    prefix="1e",
    access=access("crud", admin="r"),
    fields={
        "accountId": ref("account", always=True),
        "name": string("cru", column=True, required=True, nullable=False, max_length=63, always=True),
        "dockerCompose": text("cr", also="u"),
        "rancherCompose": text("cr", also="u"),
        "environment": mapping("string", "cr"),
        "externalId": string("cru", column=True, max_length=128),
        "healthState": string(column=True, max_length=128),
        "outputs": mapping("string", "cru"),
        "previousEnvironment": mapping("string", "cru"),
        "previousExternalId": string("cru"),
        "startOnCreate": boolean("cr", default=False, nullable=False),
    },
    own={
        "textsBefore": OwnKey("map[json]"),
    },
    processes=STACK_PROCESSES,
    hidden_actions=frozenset({"error", "apply"}),
    inputs={"upgrade": "environmentUpgrade"},
    actions={
        "activateservices": Action(None, "environment", frozenset({"active", "updating-active"})),
        "addoutputs": Action("addOutputsInput", "environment"),
        "deactivateservices": Action(None, "environment", frozenset({"active", "updating-active"})),
        "exportconfig": Action("composeConfigInput", "composeConfig"),
    },
    collection_actions={
        "plan": Action("stackInput", "stackPlan", ours=True, looks=True),
        "apply": Action("stackInput", "environment", ours=True),
    },
    links={"instances": Link("container", "environmentId")},
    live_key=stack_key,
)

SERVICE = ResourceType(
    name="service",
    plural="services",
    prefix="1s",
    looked_up=(("environmentId", "healthState"), ("accountId", "selecting")),
    derived={"selecting": selects_links},
    access=access("crud", admin="r"),
    fields={
        "accountId": ref("account", always=True),
        "name": string("cru", column=True, required=True, nullable=False, max_length=63, always=True),
        "environmentId": ref("environment", "cr", required=True, nullable=False, always=True),
        "launchConfig": embedded("launchConfig", "cr"),
        "secondaryLaunchConfigs": array("secondaryLaunchConfig", "cr", most=MOST_SIDEKICKS),
        "scale": integer("cru", default=1, min=0, max=10_000),
        "scalePolicy": embedded("scalePolicy", "cru"),
        "assignServiceIpAddress": boolean("cr", default=False, nullable=False),
        "currentScale": integer(column=True),
        "desiredScale": integer(roles=NOBODY),
        "fqdn": string(),
        "lockedScale": integer(roles=NOBODY),
        "retainIp": boolean("cru"),
        "createIndex": integer(column=True),
        "externalId": string("cr", column=True, max_length=128),
        "healthState": string(column=True, max_length=128),
        "metadata": mapping("json", "cru"),
        "publicEndpoints": array("publicEndpoint"),
        "selectorContainer": string("cru", column=True, max_length=4096),
        "selectorLink": string("cru", column=True, max_length=4096),
        "selecting": boolean("", column=True),
        "startOnCreate": boolean("cr", default=False, nullable=False),
        "upgrade": embedded("serviceUpgrade"),
        "vip": string("cr", column=True),
        "waitsFor": array("json", ours=True, description="Links to services that are not there yet"),
    },
    own={
        "aim": OwnKey("int"),
        "full": OwnKey("boolean"),
        "failures": OwnKey("int"),
        "retryAt": OwnKey("date"),
        "replacedAt": OwnKey("date"),
        "replacingSince": OwnKey("date"),
        "replacements": OwnKey("int"),
        "asleep": OwnKey("boolean"),
        "strategy": OwnKey("map[json]"),
        "scaleBefore": OwnKey("int"),
        "targetScaleBefore": OwnKey("int"),
        "moveOrder": OwnKey("int"),
    },
    processes=SERVICE_PROCESSES,
    hidden_actions=frozenset({"move"}),
    inputs={"upgrade": "serviceUpgrade", "restart": "serviceRestart"},
    actions={
        "addservicelink": Action("addRemoveServiceLinkInput", "service"),
        "removeservicelink": Action("addRemoveServiceLinkInput", "service"),
        "setservicelinks": Action("setServiceLinksInput", "service"),
    },
    links={"instances": Link("container", "serviceId")},
    live_key=service_key,
)

SERVICE_CONSUME_MAP = ResourceType(
    name="serviceConsumeMap",
    plural="serviceConsumeMaps",
    prefix="1scm",
    access=access("r"),
    named="r",
    fields={
        "accountId": ref("account", always=True),
        "serviceId": ref("service", reverse="consumedservices", always=True),
        "consumedServiceId": ref("service", reverse="consumedbyservices", always=True),
        "ports": array("string"),
    },
    own={
        "selected": OwnKey("boolean"),
    },
    processes=simple(update=True),
    live_key=lambda record: f"{record.serviceId}:{record.consumedServiceId}:{record.name or ''}",
    unique_field="serviceId",
)

SERVICE_EXPOSE_MAP = ResourceType(
    name="serviceExposeMap",
    plural="serviceExposeMaps",
    prefix="1sem",
    looked_up=("accountId",),
    access=access("r"),
    named="r",
    fields={
        "accountId": ref("account", always=True),
        "serviceId": ref("service", always=True),
        "instanceId": ref("instance"),
        "ipAddress": string(column=True),
        "hostName": string(column=True, roles=NOBODY),
        "dnsPrefix": string(column=True, roles=NOBODY, also="r"),
        "managed": boolean(column=True),
        "upgrade": boolean(roles=NOBODY),
    },
    own={
        "addresses": OwnKey("array[string]"),
    },
    processes=simple(),
    live_key=expose_key,
    unique_field="instanceId",
)


def launch_fields() -> dict[str, Field]:
    """The fields of a launch config: those of a container. Its references are inside JSON, so none is a column."""
    return {name: replace(field, rights="cr", column=False) for name, field in CONTAINER_INPUT.items()} | {
        "count": integer("cr"),
        "kind": string("cr"),
        "name": string("cr"),
        "networkLaunchConfig": string("cr"),
        "dataVolumesFromLaunchConfigs": array("string", "cr"),
        "requestedIpAddress": string("cr"),
        "version": string("cr"),
    }


EMBEDDED = (
    wire_only("launchConfig", launch_fields(), access=given("cru", user="cru")),
    wire_only(
        "secondaryLaunchConfig",
        launch_fields() | {"name": string("cr", required=True, nullable=False)},
        access=given("cru", user="cr"),
    ),
    wire_only(
        "serviceLink",
        {
            "serviceId": ref("service", "cr", column=False, required=True, nullable=False),
            "name": string("cr"),
            "ports": array("string", "cr", ours=True),
        },
        access=given("cr", user="cr"),
    ),
    wire_only(
        "addRemoveServiceLinkInput",
        {"serviceLink": embedded("serviceLink", "cr", required=True, nullable=False)},
        access=given("cr"),
    ),
    wire_only("setServiceLinksInput", {"serviceLinks": array("serviceLink", "cr")}, access=given("cr")),
    wire_only("composeConfigInput", {"serviceIds": array("reference[service]", "cr")}, access=given("cr", user="cr")),
    wire_only("composeConfig", {"dockerComposeConfig": text(), "rancherComposeConfig": text()}),
    wire_only(
        "stackInput",
        {
            "name": string("c", required=True, nullable=False, max_length=63),
            "files": mapping(
                "string",
                "c",
                required=True,
                nullable=False,
                description="By path; rancher-compose.yml holds the scales",
            ),
            "variables": mapping("json", "c", description="Of those that the files name; null: there is none"),
            "hash": string("c", description="Of the plan that is to be carried out, and no other"),
        },
        access=given("cr", user="cr"),
        ours=True,
    ),
    wire_only(
        "stackPlan",
        {
            "name": string(),
            "needs": any_json(description="Variables that the files name and that were not given; ask again with them"),
            "stackId": ref("environment", column=False),
            "changed": boolean(),
            "entries": array("json"),
            "lines": array("string", description="The plan in words"),
            "warnings": array("string"),
            "variables": array("string", description="Variables that change; values are not shown"),
            "hash": string(),
        },
        ours=True,
    ),
)

TYPES = (ENVIRONMENT, SERVICE, SERVICE_CONSUME_MAP, SERVICE_EXPOSE_MAP, *EMBEDDED)
