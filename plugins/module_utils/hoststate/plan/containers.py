# SPDX-License-Identifier: Apache-2.0
"""What the platform's own containers have in common, as parts of the body of ``POST /containers/create``."""

from __future__ import annotations

import hashlib
from typing import Any, Dict, Mapping

from . import labels
from .items import canonical

#: Docker starts them again, whatever happened, and drops every right that they are not given.
HOST_CONFIG: Mapping[str, Any] = {
    "CapDrop": ["ALL"],
    "RestartPolicy": {"Name": "always"},
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "5m", "max-file": "2"}},
}


def specified(body: Mapping[str, Any]) -> Dict[str, Any]:
    """Return ``body`` with a label of what it was made from, to see later whether it still is what is wanted."""
    spec = hashlib.sha256(canonical(body).encode("utf-8")).hexdigest()[:16]
    return dict(body, Labels=dict(body["Labels"], **{labels.SPEC: spec}))
