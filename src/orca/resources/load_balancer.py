# SPDX-License-Identifier: Apache-2.0
"""Independent load balancers of the 2015 API: balancer, configuration, listeners, targets."""

from orca.resources.fields import array, boolean, embedded, enum, integer, ref, string, text
from orca.resources.processes import process, simple, updating
from orca.resources.types import Action, ResourceType, access, given, wire_only

LOAD_BALANCER = ResourceType(
    name="loadBalancer",
    plural="loadBalancers",
    prefix="1lb",
    access=access("crud"),
    fields={
        "accountId": ref("account", always=True),
        "certificateIds": array("reference[certificate]", "cru"),
        "defaultCertificateId": ref("certificate", "cru", column=False),
        "globalLoadBalancerId": ref("globalLoadBalancer"),
        "loadBalancerConfigId": ref("loadBalancerConfig", "cr", required=True, nullable=False),
        "serviceId": ref("service"),
        "weight": integer(column=True),
    },
    processes={
        "create": process("requested", "activating", "active"),
        "activate": process("inactive", "activating", "active"),
        "deactivate": process("active activating updating-active", "deactivating", "inactive"),
        "remove": process("active activating updating-active inactive deactivating", "removing", "removed"),
        "update": updating("active"),
    },
    actions={
        "addhost": Action("addRemoveLoadBalancerHostInput", "loadBalancer"),
        "addtarget": Action("addRemoveLoadBalancerTargetInput", "loadBalancer"),
        "removehost": Action("addRemoveLoadBalancerHostInput", "loadBalancer"),
        "removetarget": Action("addRemoveLoadBalancerTargetInput", "loadBalancer"),
        "sethosts": Action("setLoadBalancerHostsInput", "loadBalancer"),
        "settargets": Action("setLoadBalancerTargetsInput", "loadBalancer"),
    },
)

LOAD_BALANCER_CONFIG = ResourceType(
    name="loadBalancerConfig",
    plural="loadBalancerConfigs",
    prefix="1lbc",
    access=access("crud"),
    fields={
        "appCookieStickinessPolicy": embedded("loadBalancerAppCookieStickinessPolicy", "cru"),
        "haproxyConfig": embedded("haproxyConfig", "cru"),
        "healthCheck": embedded("loadBalancerHealthCheck", "cru"),
        "lbCookieStickinessPolicy": embedded("loadBalancerCookieStickinessPolicy", "cru"),
        "serviceId": ref("service"),
    },
    processes=simple(update=True),
    actions={
        "addlistener": Action("addRemoveLoadBalancerListenerInput", "loadBalancerConfig"),
        "removelistener": Action("addRemoveLoadBalancerListenerInput", "loadBalancerConfig"),
        "setlisteners": Action("setLoadBalancerListenersInput", "loadBalancerConfig"),
    },
)

LOAD_BALANCER_LISTENER = ResourceType(
    name="loadBalancerListener",
    plural="loadBalancerListeners",
    prefix="1lbl",
    access=access("crud"),
    fields={
        "algorithm": enum("roundrobin", "leastconn", "source", rights="cr", default="roundrobin"),
        "privatePort": integer("cr", column=True, min=1, max=65535),
        "serviceId": ref("service"),
        "sourcePort": integer("cr", column=True, min=1, max=65535),
        "sourceProtocol": enum("tcp", "http", "ssl", "https", rights="cr", column=True, required=True, nullable=False),
        "targetPort": integer("cr", column=True, min=1, max=65535),
        "targetProtocol": enum("tcp", "http", "ssl", "https", rights="cr", column=True),
    },
    processes=simple(),
)

LOAD_BALANCER_CONFIG_LISTENER_MAP = ResourceType(
    name="loadBalancerConfigListenerMap",
    plural="loadBalancerConfigListenerMaps",
    prefix="1lbclm",
    access=access("r"),
    named="r",
    fields={
        "loadBalancerConfigId": ref("loadBalancerConfig", always=True),
        "loadBalancerListenerId": ref("loadBalancerListener", always=True),
    },
    processes=simple(),
)

LOAD_BALANCER_TARGET = ResourceType(
    name="loadBalancerTarget",
    plural="loadBalancerTargets",
    prefix="1lbt",
    access=access("r"),
    named="r",
    fields={
        # Input of the balancer's actions, which make the row.
        "instanceId": ref("instance", "cr"),
        "ipAddress": string("cr", column=True),
        "loadBalancerId": ref("loadBalancer", always=True),
        "ports": array("string", "cr"),
    },
    processes=simple(update=True),
)

LOAD_BALANCER_HOST_MAP = ResourceType(
    name="loadBalancerHostMap",
    plural="loadBalancerHostMaps",
    prefix="1lbhm",
    access=access("r"),
    named="r",
    fields={
        "hostId": ref("host", always=True),
        "loadBalancerId": ref("loadBalancer", always=True),
    },
    processes=simple(),
    hidden_actions=frozenset(simple()),
)

GLOBAL_LOAD_BALANCER = ResourceType(
    name="globalLoadBalancer",
    plural="globalLoadBalancers",
    prefix="1glb",
    access=access("crud"),
    fields={
        "globalLoadBalancerHealthCheck": array("globalLoadBalancerHealthCheck", "cr"),
        "globalLoadBalancerPolicy": array("globalLoadBalancerPolicy", "cr"),
    },
    processes={
        "create": process("requested", "activating", "active"),
        "remove": process("active activating updating-active", "removing", "removed"),
        "addloadbalancer": process("active", "updating-active", "active"),
        "removeloadbalancer": process("active", "updating-active", "active"),
    },
    inputs={"addloadbalancer": "addLoadBalancerInput", "removeloadbalancer": "removeLoadBalancerInput"},
)

GLOBAL_LOAD_BALANCER_HEALTH_CHECK = wire_only("globalLoadBalancerHealthCheck", {"name": text("cr")}, access=given("cr"))

GLOBAL_LOAD_BALANCER_POLICY = wire_only("globalLoadBalancerPolicy", {"name": text("cr")}, access=given("cr"))

LOAD_BALANCER_HEALTH_CHECK = wire_only(
    "loadBalancerHealthCheck",
    {
        "healthyThreshold": integer("cru"),
        "interval": integer("cru"),
        "name": text("cru"),
        "port": integer("cru"),
        "requestLine": text("cru"),
        "responseTimeout": integer("cru"),
        "unhealthyThreshold": integer("cru"),
    },
    access=given("cru"),
)

LOAD_BALANCER_APP_COOKIE_STICKINESS_POLICY = wire_only(
    "loadBalancerAppCookieStickinessPolicy",
    {
        "cookie": text("cru", required=True, nullable=False),
        "maxLength": integer("cru", required=True),
        "mode": enum("path_parameters", "query_string", rights="cru"),
        "name": text("cru"),
        "prefix": boolean("cru"),
        "requestLearn": boolean("cru"),
        "timeout": integer("cru", required=True),
    },
    access=given("cru"),
)

LOAD_BALANCER_COOKIE_STICKINESS_POLICY = wire_only(
    "loadBalancerCookieStickinessPolicy",
    {
        "cookie": text("cru"),
        "domain": text("cru"),
        "indirect": boolean("cru"),
        "mode": enum("rewrite", "insert", "prefix", rights="cru"),
        "name": text("cru"),
        "nocache": boolean("cru"),
        "postonly": boolean("cru"),
    },
    access=given("cru"),
)

HAPROXY_CONFIG = wire_only("haproxyConfig", {"defaults": text("cru"), "global": text("cru")}, access=given("cru"))

BALANCER_STATS = wire_only(
    "balancerStats",
    {
        "targets": array(
            "json",
            description="By container of the balancer, backend and target: state, sessions, requests, errors, bytes",
        ),
        "unanswered": array("json", description="Containers that said nothing, and why"),
    },
    plural="balancerStatses",
    ours=True,
)

ADD_LOAD_BALANCER_INPUT = wire_only(
    "addLoadBalancerInput",
    {
        "loadBalancerId": ref(
            "loadBalancer",
            "cr",
            column=False,
            required=True,
            nullable=False,
        ),
        "weight": integer(
            "cr",
            required=True,
            nullable=False,
        ),
    },
)

REMOVE_LOAD_BALANCER_INPUT = wire_only(
    "removeLoadBalancerInput",
    {
        "loadBalancerId": ref(
            "loadBalancer",
            "cr",
            column=False,
            required=True,
            nullable=False,
        )
    },
)

ADD_REMOVE_LOAD_BALANCER_HOST_INPUT = wire_only(
    "addRemoveLoadBalancerHostInput",
    {
        "hostId": ref(
            "host",
            "cr",
            column=False,
            required=True,
            nullable=False,
        )
    },
)

ADD_REMOVE_LOAD_BALANCER_LISTENER_INPUT = wire_only(
    "addRemoveLoadBalancerListenerInput",
    {
        "loadBalancerListenerId": ref(
            "loadBalancerListener",
            "cr",
            column=False,
            required=True,
            nullable=False,
        )
    },
)

ADD_REMOVE_LOAD_BALANCER_TARGET_INPUT = wire_only(
    "addRemoveLoadBalancerTargetInput",
    {
        "loadBalancerTarget": embedded(
            "loadBalancerTarget",
            "cr",
            required=True,
            nullable=False,
        )
    },
)

SET_LOAD_BALANCER_HOSTS_INPUT = wire_only(
    "setLoadBalancerHostsInput",
    {
        "hostIds": array(
            "reference[host]",
            "cr",
        )
    },
)

SET_LOAD_BALANCER_LISTENERS_INPUT = wire_only(
    "setLoadBalancerListenersInput",
    {
        "loadBalancerListenerIds": array(
            "reference[loadBalancerListener]",
            "cr",
        )
    },
)

SET_LOAD_BALANCER_TARGETS_INPUT = wire_only(
    "setLoadBalancerTargetsInput",
    {
        "loadBalancerTargets": array(
            "loadBalancerTarget",
            "cr",
        )
    },
)

TYPES = (
    LOAD_BALANCER,
    LOAD_BALANCER_CONFIG,
    LOAD_BALANCER_LISTENER,
    LOAD_BALANCER_CONFIG_LISTENER_MAP,
    LOAD_BALANCER_TARGET,
    LOAD_BALANCER_HOST_MAP,
    GLOBAL_LOAD_BALANCER,
    GLOBAL_LOAD_BALANCER_HEALTH_CHECK,
    GLOBAL_LOAD_BALANCER_POLICY,
    LOAD_BALANCER_HEALTH_CHECK,
    LOAD_BALANCER_APP_COOKIE_STICKINESS_POLICY,
    LOAD_BALANCER_COOKIE_STICKINESS_POLICY,
    HAPROXY_CONFIG,
    BALANCER_STATS,
    ADD_LOAD_BALANCER_INPUT,
    REMOVE_LOAD_BALANCER_INPUT,
    ADD_REMOVE_LOAD_BALANCER_HOST_INPUT,
    ADD_REMOVE_LOAD_BALANCER_LISTENER_INPUT,
    ADD_REMOVE_LOAD_BALANCER_TARGET_INPUT,
    SET_LOAD_BALANCER_HOSTS_INPUT,
    SET_LOAD_BALANCER_LISTENERS_INPUT,
    SET_LOAD_BALANCER_TARGETS_INPUT,
)
