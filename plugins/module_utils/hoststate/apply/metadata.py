# SPDX-License-Identifier: Apache-2.0
"""Kind ``metadata``: the file of the metadata service, which looks at it with each request."""

from __future__ import annotations

import os
from typing import Any, Mapping, Optional

from ..plan import metadata as plan
from ..plan.items import METADATA
from ..plan.places import METADATA as DIRECTORY
from . import files
from .host import Host
from .kind import Description, Kind, Look, Path
from .result import Result


def apply(host: Host, description: Optional[Mapping[str, Any]], result: Result, check: bool) -> None:
    """Write the file if it differs; ``None`` means that the service knows nobody."""
    if description is None and not os.path.isdir(host.metadata):
        return  # no such service was ever here
    if not check:
        os.makedirs(host.metadata, exist_ok=True)
    text = plan.EMPTY if description is None else plan.known(description)
    files.ensure(os.path.join(host.metadata, plan.KNOWN), text, result, check)


def drift(host: Host) -> Look:
    """Check for a lost file."""

    def differs(_wanted: Description, _docker: bool) -> bool:
        return not os.path.exists(os.path.join(host.metadata, plan.KNOWN))

    return differs


KIND = Kind(
    "metadata",
    (METADATA,),
    plan.describe,
    apply,
    drift,
    (
        Path(DIRECTORY),
        Path(DIRECTORY + "/run", 0o2770),
        Path(DIRECTORY + "/" + plan.KNOWN, 0o644, plan.EMPTY),
    ),
)
