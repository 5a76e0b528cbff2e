# SPDX-License-Identifier: Apache-2.0
"""Programs outside the server that take part in its processes."""

from orca.resources.fields import NOBODY, array, enum, integer, mapping, ref, string, text
from orca.resources.processes import generic
from orca.resources.types import ResourceType, access, wire_only

EXTERNAL_HANDLER = ResourceType(
    name="externalHandler",
    plural="externalHandlers",
    prefix="1eh",
    access=access("", admin="cru", service="cru"),
    fields={
        "priority": integer("cru", column=True),
        "priorityName": enum("pre", "specific", "default_override", roles=NOBODY, default="specific", nullable=False),
        "processConfigs": array("externalHandlerProcessConfig", "cr", required=True, nullable=False),
        "retries": integer("cru", min=1, max=100),
        "timeoutMillis": integer("cru", min=1000, max=86_400_000),
    },
    processes=generic(),
)

EXTERNAL_HANDLER_PROCESS = ResourceType(
    name="externalHandlerProcess",
    plural="externalHandlerProcesses",
    prefix="1ehp",
    access=access("", admin="r", service="r"),
    named="r",
    processes=generic(),
)

EXTERNAL_HANDLER_EXTERNAL_HANDLER_PROCESS_MAP = ResourceType(
    name="externalHandlerExternalHandlerProcessMap",
    plural="externalHandlerExternalHandlerProcessMaps",
    prefix="1ehehpm",
    access=access("", admin="r", service="r"),
    named="r",
    fields={
        "externalHandlerId": ref("externalHandler", always=True),
        "externalHandlerProcessId": ref("externalHandlerProcess", always=True),
        "onError": string(column=True),
    },
    processes=generic(),
)

EXTERNAL_HANDLER_PROCESS_CONFIG = wire_only(
    "externalHandlerProcessConfig",
    {"name": text("cr"), "onError": text("cr")},
    access=access("", admin="cr", service="cr"),
)

EXTENSION_POINT = wire_only(
    "extensionPoint",
    {
        "excludeSetting": text(),
        "implementations": array("extensionImplementation"),
        "includeSetting": text(),
        "listSetting": text(),
        "id": text(),
        "name": text(),
    },
    access=access("", admin="r", service="r"),
    part=False,
)

EXTENSION_IMPLEMENTATION = wire_only(
    "extensionImplementation",
    {"className": text(), "name": text(), "properties": mapping("string")},
    access=access("", admin="r", service="r"),
)

TYPES = (
    EXTERNAL_HANDLER,
    EXTERNAL_HANDLER_PROCESS,
    EXTERNAL_HANDLER_EXTERNAL_HANDLER_PROCESS_MAP,
    EXTERNAL_HANDLER_PROCESS_CONFIG,
    EXTENSION_POINT,
    EXTENSION_IMPLEMENTATION,
)
