# SPDX-License-Identifier: Apache-2.0
"""Accounts, projects (accounts that own resources) and their members."""

from orca.resources.fields import NOBODY, OPERATORS, OwnKey, array, boolean, embedded, enum, integer, ref, string
from orca.resources.processes import generic
from orca.resources.types import Action, ResourceType, access, given, wire_only

CHOSEN_UUID = string(column=True, max_length=128, by_role={"admin": "cr", "service": "cr"})

ACCOUNT = ResourceType(
    name="account",
    plural="accounts",
    prefix="1a",
    access=access("r", admin="crud", service="crud"),
    fields={
        "accountId": ref("account", "", reverse=""),
        "externalId": string("cru", column=True, index=True, roles=OPERATORS),
        "externalIdType": string("cru", column=True, max_length=128, roles=OPERATORS),
        "kind": string("cru", column=True, default="user"),
        "defaultNetworkId": ref("network", roles=NOBODY, column=False, index=False),
        "uuid": CHOSEN_UUID,
    },
    own={
        "masterKey": OwnKey("string"),
    },
    processes=generic(),
)

PROJECT = ResourceType(
    name="project",
    plural="projects",
    parent="account",
    apart=True,
    scope=True,
    access=access("r", admin="crud", user="crud", service="cr"),
    fields={
        "accountId": ref("account", "", reverse=""),
        "members": array("projectMember", "cr", nullable=True),
        "servicesPortRange": embedded("servicesPortRange", "cru"),
        "hostPowers": boolean(
            "cru",
            default=True,
            nullable=False,
            ours=True,
            description="Members may give containers power over their hosts: privileged, host paths, devices and such",
        ),
        "dnsScope": enum(
            "link",
            "project",
            rights="cru",
            default="link",
            nullable=False,
            ours=True,
            description="What containers see besides their links: names of their stack (link), or of their project",
        ),
        "publicDns": boolean("cru", default=False, nullable=False),
        "defaultNetworkId": ref("network", roles=NOBODY, also="r", column=False, index=False),
        "externalId": string(column=True, index=True, roles=NOBODY),
        "externalIdType": string(column=True, max_length=128, roles=NOBODY),
        "uuid": CHOSEN_UUID,
        "kind": string(column=True, default="project"),
    },
    processes=generic(),
    for_owners=frozenset({*generic(), "setmembers", "rebalance"}),
    actions={
        "setmembers": Action("setProjectMembersInput", "setProjectMembersInput"),
        "rebalance": Action("moveInput", "movePlan", ours=True),
    },
)

PROJECT_MEMBER = ResourceType(
    name="projectMember",
    plural="projectMembers",
    prefix="1pm",
    access=access("r", admin="cr", user="cr", service="r"),
    named="r",
    fields={
        "accountId": ref("account", roles=NOBODY),
        "projectId": ref("project", reverse="projectMembers", always=True),
        "externalId": string("cr", column=True, always=True),
        "externalIdType": enum(
            "rancher_id", rights="cr", column=True, default="rancher_id", nullable=False, always=True
        ),
        "role": enum(
            "owner",
            "member",
            "restricted",
            "readonly",
            rights="cr",
            column=True,
            default="member",
            nullable=False,
            always=True,
        ),
    },
    processes=generic(),
    for_owners=frozenset(generic()),
)

SERVICES_PORT_RANGE = wire_only(
    "servicesPortRange",
    {
        "startPort": integer("cru", default=49153, min=1, max=65535),
        "endPort": integer("cru", default=65535, min=1, max=65535),
    },
    access=given("cru", user="cru"),
)
SET_MEMBERS = wire_only(
    "setProjectMembersInput",
    {"members": array("projectMember", "cr", required=True, nullable=False)},
    access=given("cr"),
)

TYPES = (ACCOUNT, PROJECT, PROJECT_MEMBER, SERVICES_PORT_RANGE, SET_MEMBERS)
