# SPDX-License-Identifier: Apache-2.0
"""What belongs together: stacks (v1 calls them environments), services, and the links between services."""

from dataclasses import replace

from orca.resources.fields import (
    NOBODY,
    Field,
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
from orca.resources.machines import Machine, process, simple, updating
from orca.resources.types import Action, Link, ResourceType, access, wire_only
from orca.store import Record


def stack_key(record: Record) -> str:
    """A stack's name is unique in its project, without regard to case."""
    return f"{record.accountId}:{str(record.name).casefold()}"


def service_key(record: Record) -> str:
    """A service's name is unique in its stack, without regard to case."""
    return f"{record.environmentId}:{str(record.name).casefold()}"


def expose_key(record: Record) -> str | None:
    """A container stands for a service once."""
    return f"{record.serviceId}:{record.instanceId}" if record.instanceId else None


STACK_MACHINE: Machine = {
    "create": process("requested", "activating", "active"),
    "update": updating("active"),
    "error": process("activating", "erroring", "error"),
    "remove": process("requested active activating updating-active error erroring", "removing", "removed"),
}

SERVICE_MACHINE: Machine = {
    "create": process("requested", "registering", "inactive"),
    "activate": process("inactive", "activating", "active"),
    "update": updating("inactive", "active"),
    "deactivate": process("active activating updating-inactive updating-active", "deactivating", "inactive"),
    "remove": process(
        "inactive registering active activating updating-inactive updating-active deactivating requested",
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
        "name": string("cru", column=True, required=True, nullable=False, max_length=63),
        "dockerCompose": text("cr", also="u"),
        "rancherCompose": text("cr", also="u"),
        "environment": mapping("string", "cr"),
        "externalId": string("cru", column=True, max_length=128),
        "healthState": string(column=True, max_length=128),
        "outputs": mapping("string", "cru"),
        "startOnCreate": boolean("cr", default=False, nullable=False),
    },
    machine=STACK_MACHINE,
    hidden_actions=frozenset({"error"}),
    actions={
        "activateservices": Action(None, "environment", frozenset({"active", "updating-active"})),
        "deactivateservices": Action(None, "environment", frozenset({"active", "updating-active"})),
        "exportconfig": Action("composeConfigInput", "composeConfig"),
    },
    links={"instances": Link("container", "environmentId")},
    live_key=stack_key,
)

SERVICE = ResourceType(
    name="service",
    plural="services",
    prefix="1s",
    access=access("crud", admin="r"),
    fields={
        "name": string("cru", column=True, required=True, nullable=False, max_length=63),
        "environmentId": ref("environment", "cr", required=True, nullable=False),
        "launchConfig": embedded("launchConfig", "cr"),
        "secondaryLaunchConfigs": array("secondaryLaunchConfig", "cr"),
        "scale": integer("cru", default=1, min=0, max=10_000),
        "currentScale": integer(column=True),
        "createIndex": integer(column=True),
        "externalId": string("cr", column=True, max_length=128),
        "healthState": string(column=True, max_length=128),
        "metadata": mapping("json", "cru"),
        "publicEndpoints": array("publicEndpoint"),
        "selectorContainer": string("cru", column=True, max_length=4096),
        "selectorLink": string("cru", column=True, max_length=4096),
        "startOnCreate": boolean("cr", default=False, nullable=False),
        "upgrade": any_json(),
        "vip": string("cr", column=True),
    },
    machine=SERVICE_MACHINE,
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
        "serviceId": ref("service", reverse="consumedservices"),
        "consumedServiceId": ref("service", reverse="consumedbyservices"),
        "ports": array("string"),
    },
    machine=simple(update=True),
    live_key=lambda record: f"{record.serviceId}:{record.consumedServiceId}:{record.name or ''}",
    unique_field="serviceId",
)

SERVICE_EXPOSE_MAP = ResourceType(
    name="serviceExposeMap",
    plural="serviceExposeMaps",
    prefix="1sem",
    access=access("r"),
    named="r",
    fields={
        "serviceId": ref("service"),
        "instanceId": ref("instance"),
        "ipAddress": string(column=True),
        "hostName": string(column=True, roles=NOBODY),
        "dnsPrefix": string(column=True),
        "managed": boolean(column=True),
    },
    machine=simple(),
    live_key=expose_key,
    unique_field="instanceId",
)


def launch_fields() -> dict[str, Field]:
    """A launch configuration is what a container may be given; references lie inside its JSON, so none is a column."""
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
    wire_only("launchConfig", launch_fields()),
    wire_only("secondaryLaunchConfig", launch_fields() | {"name": string("cr", required=True, nullable=False)}),
    wire_only(
        "serviceLink",
        {
            "serviceId": ref("service", "cr", column=False, required=True, nullable=False),
            "name": string("cr"),
            "ports": array("string", "cr", ours=True),
        },
    ),
    wire_only(
        "addRemoveServiceLinkInput", {"serviceLink": embedded("serviceLink", "cr", required=True, nullable=False)}
    ),
    wire_only("setServiceLinksInput", {"serviceLinks": array("serviceLink", "cr")}),
    wire_only("composeConfigInput", {"serviceIds": array("reference[service]", "cr")}),
    wire_only("composeConfig", {"dockerComposeConfig": text(), "rancherComposeConfig": text()}),
)

TYPES = (ENVIRONMENT, SERVICE, SERVICE_CONSUME_MAP, SERVICE_EXPOSE_MAP, *EMBEDDED)
