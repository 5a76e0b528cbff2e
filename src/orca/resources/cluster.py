# SPDX-License-Identifier: Apache-2.0
"""Groups: of agents, and of hosts that act as one."""

from orca.resources.fields import integer, mapping, ref, text
from orca.resources.processes import generic, reported
from orca.resources.types import Action, ResourceType, access, wire_only

AGENT_GROUP = ResourceType(
    name="agentGroup",
    plural="agentGroups",
    prefix="1ag",
    access=access(""),
    processes=generic(),
    hidden_actions=frozenset(generic()),
)

CLUSTER = ResourceType(
    name="cluster",
    plural="clusters",
    parent="host",
    access=access("crud", restricted="r"),
    fields={
        "agentId": ref("agent"),
        "agentState": text(),
        "apiProxy": text(),
        "discoverySpec": text(),
        "labels": mapping("json"),
        "port": integer("cru"),
    },
    actions={
        "addhost": Action("addRemoveClusterHostInput", "cluster"),
        "removehost": Action("addRemoveClusterHostInput", "cluster"),
    },
)

CLUSTER_HOST_MAP = ResourceType(
    name="clusterHostMap",
    plural="clusterHostMaps",
    prefix="1chm",
    access=access(""),
    fields={
        "clusterId": ref("host", far="clusters", always=True),
        "hostId": ref("host", far="hosts", always=True),
    },
    processes=reported(),
    hidden_actions=frozenset(reported()),
)

ADD_REMOVE_CLUSTER_HOST_INPUT = wire_only(
    "addRemoveClusterHostInput",
    {"hostId": ref("host", "cr", column=False, required=True, nullable=False)},
)

TYPES = (
    AGENT_GROUP,
    CLUSTER,
    CLUSTER_HOST_MAP,
    ADD_REMOVE_CLUSTER_HOST_INPUT,
)
