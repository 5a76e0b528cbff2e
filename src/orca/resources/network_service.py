# SPDX-License-Identifier: Apache-2.0
"""The services of a network for its containers, and their providers."""

from orca.resources.fields import boolean, ref, text
from orca.resources.processes import generic
from orca.resources.types import ResourceType, access

NETWORK_SERVICE = ResourceType(
    name="networkService",
    plural="networkServices",
    prefix="1ns",
    access=access(""),
    fields={
        "networkId": ref("network", nullable=False),
        "networkServiceProviderId": ref("networkServiceProvider"),
    },
    processes=generic(),
)

NETWORK_SERVICE_PROVIDER = ResourceType(
    name="networkServiceProvider",
    plural="networkServiceProviders",
    prefix="1nsp",
    access=access(""),
    fields={
        "networkId": ref("network", nullable=False),
    },
    processes=generic(),
)

NETWORK_SERVICE_PROVIDER_INSTANCE_MAP = ResourceType(
    name="networkServiceProviderInstanceMap",
    plural="networkServiceProviderInstanceMaps",
    prefix="1nspim",
    access=access(""),
    fields={
        "instanceId": ref("instance"),
        "networkServiceProviderId": ref("networkServiceProvider"),
    },
    processes=generic(),
)

AGENT_INSTANCE_PROVIDER = ResourceType(
    name="agentInstanceProvider",
    plural="agentInstanceProviders",
    parent="networkServiceProvider",
    access=access(""),
    fields={
        "agentInstanceImageUuid": text(),
    },
)

KINDS = tuple(
    ResourceType(name=name, plural=f"{name}s", parent="networkService", access=access(""))
    for name in (
        "dhcpService",
        "gatewayService",
        "hostNatGatewayService",
        "ipsecTunnelService",
        "linkService",
        "portService",
    )
)

METADATA_SERVICE = ResourceType(
    name="metadataService",
    plural="metadataServices",
    parent="networkService",
    access=access(""),
    fields={"configDrive": boolean(default=False, nullable=False)},
)

TYPES = (
    NETWORK_SERVICE,
    NETWORK_SERVICE_PROVIDER,
    NETWORK_SERVICE_PROVIDER_INSTANCE_MAP,
    AGENT_INSTANCE_PROVIDER,
    *KINDS,
    METADATA_SERVICE,
)
