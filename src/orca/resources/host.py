# SPDX-License-Identifier: Apache-2.0
"""Hosts, the physical hosts below them, and the agents on them."""

from orca.resources.fields import (
    NOBODY,
    OPERATORS,
    OwnKey,
    any_json,
    array,
    boolean,
    date,
    enum,
    integer,
    mapping,
    ref,
    string,
    text,
)
from orca.resources.limits import MOST_ROWS
from orca.resources.processes import generic, process
from orca.resources.types import Action, Link, ResourceType, access, given, wire_only

AGENT = ResourceType(
    name="agent",
    plural="agents",
    prefix="1a",
    access=access("", admin="r", service="r", agent="r"),
    # Simulated agents, if the server has them.
    also=dict.fromkeys(("project", "owner", "member"), "c"),
    fields={
        "uri": string("cr", column=True),
        "managedConfig": boolean("cr", default=True),
        "registrationKey": string("", column=True, index=True),
        "agentVersion": string(ours=True),
        "lastSeen": date(ours=True),
    },
    own={
        "agentResourcesAccountId": OwnKey("int"),
        "registeredKey": OwnKey("string", key="registrationKey"),
        "keyState": OwnKey("string", key="key"),
    },
    processes={
        **generic(extra_deactivate="reconnecting"),
        "reconnect": process("active activating", "reconnecting", "active"),
    },
    live_key=lambda record: record.uri,
    unique_field="uri",
)

HOST = ResourceType(
    name="host",
    plural="hosts",
    prefix="1h",
    access=access("rud", admin="r", user="r", restricted="r"),
    named="ru",
    fields={
        "accountId": ref("account", always=True),
        "agentId": ref("agent", roles=OPERATORS, reverse="hosts"),
        "agentState": string(column=True, max_length=128),
        "agentIpAddress": string(ours=True, column=True, description="The outer IPv4 address of the host"),
        "computeTotal": integer(default=1_000_000, nullable=False),
        "hostname": string(column=True),
        "info": any_json(),
        "labels": mapping("string", "ru", most=MOST_ROWS),
        "physicalHostId": ref("physicalHost"),
        "publicEndpoints": array("publicEndpoint"),
        "meshCsr": text(""),
        "encryption": enum(
            "kernel",
            "userspace",
            ours=True,
            description="Who encrypts what this host sends to others: its kernel, or, several times slower, a program",
        ),
        "placement": any_json(ours=True, description="Why the last containers came here"),
        "liveness": enum(
            "agent lost",
            "undecided",
            "dead",
            ours=True,
            description="What is known of a host whose agent is silent; none if the agent answers",
        ),
        "livenessReason": string(ours=True, max_length=1024, description="Who found out, and what follows"),
        "livenessSince": date(ours=True, description="Since when the host is silent"),
    },
    own={
        "joined": OwnKey("array[json]"),
        "joining": OwnKey("array[json]"),
        "families": OwnKey("array[string]"),
        "epoch": OwnKey("int"),
        "fenced": OwnKey("boolean"),
    },
    processes=generic(),
    actions={"fence": Action(None, "host", ours=True), "drain": Action("moveInput", "movePlan", ours=True)},
    links={"instances": Link("instance", "hostId")},
)

PHYSICAL_HOST = ResourceType(
    name="physicalHost",
    plural="physicalHosts",
    prefix="1ph",
    access=access("r"),
    named="r",
    fields={
        "agentId": ref("agent", roles=NOBODY),
        "driver": string(column=True),
        "externalId": string(column=True),
    },
    processes={
        "create": process("requested", "creating", "created", "bootstrap"),
        "bootstrap": process("created", "bootstrapping", "active"),
        "update": process("active", "updating", "active"),
        "error": process("creating bootstrapping updating", "erroring", "error"),
        "remove": process("requested bootstrapping creating active updating error erroring", "removing", "removed"),
    },
)

PUBLIC_ENDPOINT = wire_only(
    "publicEndpoint",
    {
        "ipAddress": string(),
        "port": integer(),
        "hostId": ref("host", column=False),
        "instanceId": ref("instance", column=False),
        "serviceId": ref("service", column=False),
    },
)

MOVE_INPUT = wire_only(
    "moveInput",
    {"dryRun": boolean("c", default=False, description="Only plan; nothing moves")},
    access=given("cr", user="cr"),
    ours=True,
)

MOVE_PLAN = wire_only(
    "movePlan",
    {
        "moves": array("json", description="What moves: containers, serviceId, host, to (where known), reason"),
        "stays": array("json", description="What stays on a drained host: containers, serviceId, host, reason"),
        "lines": array("string", description="The plan in words"),
    },
    ours=True,
)

TYPES = (AGENT, HOST, PHYSICAL_HOST, PUBLIC_ENDPOINT, MOVE_INPUT, MOVE_PLAN)
