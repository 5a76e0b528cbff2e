# SPDX-License-Identifier: Apache-2.0
"""Types for the server's tasks, and for its description of its own types."""

from orca.resources.fields import NOBODY, array, boolean, date, embedded, enum, mapping, ref, string, text
from orca.resources.image_names import wrong_image
from orca.resources.processes import generic, process
from orca.resources.types import Action, ResourceType, access, wire_only

TASK = ResourceType(
    name="task",
    plural="tasks",
    prefix="1t",
    access=access("", admin="r", service="r"),
    named="r",
    actions={
        "execute": Action(None, "task"),
    },
)

TASK_INSTANCE = ResourceType(
    name="taskInstance",
    plural="taskInstances",
    prefix="1ti",
    access=access("", admin="r", service="r"),
    named="r",
    fields={
        "endTime": date(column=True),
        "exception": string(column=True),
        "serverId": string(column=True, max_length=128),
        "startTime": date(column=True),
        "taskId": ref("task"),
    },
)

OPERATING = access("", admin="r", service="r")

PROCESS_DEFINITION = wire_only(
    "processDefinition",
    {
        "id": text(),
        "name": text(),
        "extensionBased": boolean(),
        "postProcessListeners": embedded("extensionPoint"),
        "preProcessListeners": embedded("extensionPoint"),
        "processHandlers": embedded("extensionPoint"),
        "resourceType": text(),
        "stateTransitions": array("stateTransition"),
    },
    access=OPERATING,
    part=False,
)

STATE_TRANSITION = wire_only(
    "stateTransition",
    {"field": text(), "fromState": text(), "toState": text(), "type": enum("TRANSITIONING", "DONE")},
    access=access("", admin="r", service="r"),
)

RESOURCE_DEFINITION = wire_only("resourceDefinition", {"id": text(), "name": text()}, access=OPERATING, part=False)

TYPE_DOCUMENTATION = wire_only(
    "typeDocumentation",
    {"id": text(), "description": text(), "resourceFields": mapping("fieldDocumentation")},
    part=False,
)

FIELD_DOCUMENTATION = wire_only("fieldDocumentation", {"description": text(), "placeholder": text(roles=NOBODY)})

PULL_TASK = ResourceType(
    name="pullTask",
    plural="pullTasks",
    parent="genericObject",
    access=access("cr"),
    named="cr",
    # It pulls at once; one that failed or was stopped is inactive, and is activated to try again.
    processes={**generic(), "create": process("requested", "activating", "active")},
    fields={
        "accountId": ref("account", always=True),
        "image": text("cr", required=True, nullable=False, wrong=wrong_image, always=True),
        "key": string(roles=NOBODY, column=True),
        "labels": mapping("string", "cr"),
        "mode": enum("all", "cached", rights="cr", default="all", required=True, nullable=False, always=True),
        "status": mapping("string"),
    },
)

TYPES = (
    TASK,
    TASK_INSTANCE,
    PROCESS_DEFINITION,
    STATE_TRANSITION,
    RESOURCE_DEFINITION,
    TYPE_DOCUMENTATION,
    FIELD_DOCUMENTATION,
    PULL_TASK,
)
