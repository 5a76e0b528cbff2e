# SPDX-License-Identifier: Apache-2.0
"""Labels as rows of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orca.resources.fields import NOBODY, ref, string, text
from orca.resources.indexed_text import LENGTH, fold
from orca.resources.processes import reported
from orca.resources.types import ResourceType, access, wire_only

if TYPE_CHECKING:
    from orca.resources import rows


def folded_label(label: rows.Label) -> str:
    """A label is found without regard to case."""
    return fold(f"{label.key}={label.value or ''}")


LABEL = ResourceType(
    name="label",
    plural="labels",
    prefix="1l",
    access=access("r"),
    named="r",
    looked_up=("folded",),
    derived={"folded": folded_label},
    fields={
        "accountId": ref("account", always=True),
        "key": string(column=True, max_length=1024, always=True),
        "folded": string("", column=True, max_length=LENGTH),
        "type": string(roles=NOBODY, column=True),
        "value": string(column=True, max_length=4096),
    },
    processes=reported(),
)

HOST_LABEL_MAP = ResourceType(
    name="hostLabelMap",
    plural="hostLabelMaps",
    prefix="1hlm",
    access=access(""),
    fields={
        "hostId": ref("host", always=True),
        "labelId": ref("label", far="hostLabels", reverse="hostLabels", always=True),
    },
    processes=reported(),
)

INSTANCE_LABEL_MAP = ResourceType(
    name="instanceLabelMap",
    plural="instanceLabelMaps",
    prefix="1ilm",
    access=access(""),
    fields={
        "instanceId": ref("instance", always=True),
        "labelId": ref("label", far="instanceLabels", reverse="instanceLabels", always=True),
    },
    processes=reported(),
)

ADD_LABEL_INPUT = wire_only(
    "addLabelInput",
    {
        "key": text("cr", required=True, nullable=False),
        "value": text("cr"),
    },
)

REMOVE_LABEL_INPUT = wire_only(
    "removeLabelInput",
    {"label": ref("label", "cr", column=False, required=True, nullable=False)},
)

TYPES = (
    LABEL,
    HOST_LABEL_MAP,
    INSTANCE_LABEL_MAP,
    ADD_LABEL_INPUT,
    REMOVE_LABEL_INPUT,
)
