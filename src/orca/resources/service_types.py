# SPDX-License-Identifier: Apache-2.0
"""Further types of services: balancers, aliases, external services."""

from orca.resources.fields import NOBODY, array, boolean, embedded, integer, ref, string, text
from orca.resources.limits import MOST_ROWS
from orca.resources.types import Action, ResourceType, access, given, wire_only

LOAD_BALANCER_SERVICE = ResourceType(
    name="loadBalancerService",
    plural="loadBalancerServices",
    parent="service",
    access=access("crud"),
    fields={
        "certificateIds": array("reference[certificate]", "cru"),
        "createIndex": integer(roles=NOBODY, column=True),
        "defaultCertificateId": ref("certificate", "cru", column=False),
        "desiredScale": integer(roles=NOBODY),
        "loadBalancerConfig": embedded("loadBalancerConfig", "cr"),
        "lockedScale": integer(roles=NOBODY),
        "secondaryLaunchConfigs": array("secondaryLaunchConfig", roles=NOBODY),
        "selectorContainer": string(roles=NOBODY, column=True, max_length=4096),
    },
    actions={
        "addservicelink": Action("addRemoveLoadBalancerServiceLinkInput", "service"),
        "removeservicelink": Action("addRemoveLoadBalancerServiceLinkInput", "service"),
        "setservicelinks": Action("setLoadBalancerServiceLinksInput", "service"),
    },
)

LOAD_BALANCER_SERVICE_LINK = wire_only(
    "loadBalancerServiceLink",
    {
        "serviceId": ref("service", "cr", column=False, required=True, nullable=False),
        "name": text("cr", roles=NOBODY, also="cr", valid_chars="a-zA-Z0-9-._"),
        "ports": array("string", "cr"),
    },
    access=given("cr", user="cr"),
)

ADD_REMOVE_LOAD_BALANCER_SERVICE_LINK_INPUT = wire_only(
    "addRemoveLoadBalancerServiceLinkInput",
    {"serviceLink": embedded("loadBalancerServiceLink", "cr", required=True, nullable=False)},
)

SET_LOAD_BALANCER_SERVICE_LINKS_INPUT = wire_only(
    "setLoadBalancerServiceLinksInput", {"serviceLinks": array("loadBalancerServiceLink", "cr")}
)

EXTERNAL_SERVICE = ResourceType(
    name="externalService",
    plural="externalServices",
    parent="service",
    access=access("crud"),
    fields={
        "assignServiceIpAddress": boolean(roles=NOBODY, default=False, nullable=False),
        "createIndex": integer(roles=NOBODY, column=True),
        "currentScale": integer(roles=NOBODY),
        "desiredScale": integer(roles=NOBODY),
        "externalIpAddresses": array("string", "cru", most=MOST_ROWS),
        "healthCheck": embedded("instanceHealthCheck", "cr"),
        "hostname": text("cru"),
        "lockedScale": integer(roles=NOBODY),
        "publicEndpoints": array("publicEndpoint", roles=NOBODY),
        "retainIp": boolean(roles=NOBODY),
        "scale": integer(roles=NOBODY, default=1, nullable=False),
        "scalePolicy": embedded("scalePolicy", roles=NOBODY),
        "secondaryLaunchConfigs": array("secondaryLaunchConfig", roles=NOBODY),
        "selectorContainer": string(roles=NOBODY, column=True, max_length=4096),
        "selectorLink": string("cr", column=True, max_length=4096),
        "vip": string(roles=NOBODY, column=True),
    },
)

DNS_SERVICE = ResourceType(
    name="dnsService",
    plural="dnsServices",
    parent="service",
    access=access("crud"),
    fields={
        "createIndex": integer(roles=NOBODY, column=True),
        "currentScale": integer(roles=NOBODY),
        "desiredScale": integer(roles=NOBODY),
        "dns": array("string", roles=NOBODY),
        "lockedScale": integer(roles=NOBODY),
        "publicEndpoints": array("publicEndpoint", roles=NOBODY),
        "scale": integer(roles=NOBODY, default=1, nullable=False),
        "scalePolicy": embedded("scalePolicy", roles=NOBODY),
        "secondaryLaunchConfigs": array("secondaryLaunchConfig", roles=NOBODY),
        "selectorContainer": string(roles=NOBODY, column=True, max_length=4096),
        "selectorLink": string("cru", column=True, max_length=4096),
        "vip": string(roles=NOBODY, column=True),
    },
    actions={
        "addservicelink": Action("addRemoveServiceLinkInput", "service"),
        "removeservicelink": Action("addRemoveServiceLinkInput", "service"),
        "setservicelinks": Action("setServiceLinksInput", "service"),
    },
)

TYPES = (
    LOAD_BALANCER_SERVICE,
    LOAD_BALANCER_SERVICE_LINK,
    ADD_REMOVE_LOAD_BALANCER_SERVICE_LINK_INPUT,
    SET_LOAD_BALANCER_SERVICE_LINKS_INPUT,
    EXTERNAL_SERVICE,
    DNS_SERVICE,
)
