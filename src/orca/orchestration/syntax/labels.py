# SPDX-License-Identifier: Apache-2.0
"""Labels that are the platform's own marks on a host: users do not give them to their containers.

With ``io.orca.system`` a container would pass for a part of the platform, which nobody follows; the others say whose a
container is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orca.resources.errors import Refused
from orca.wire.names import LABEL_FAMILY


def check(labels: Mapping[str, Any] | None, present: Mapping[str, Any] | None = None) -> None:
    """Refuse labels of the platform's family, unless they are ``present`` already with that value.

    Raises:
        Refused: 422, naming the label.
    """
    present = present or {}
    for name, value in (labels or {}).items():
        if name.startswith(LABEL_FAMILY) and not (name in present and str(present[name]) == str(value)):
            message = f"labels: {name!r} is the platform's own mark; leave out labels that begin with {LABEL_FAMILY}"
            raise Refused("InvalidOption", message, field="labels")
