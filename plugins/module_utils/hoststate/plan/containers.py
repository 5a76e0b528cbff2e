# SPDX-License-Identifier: Apache-2.0
"""The common parts of the platform's own containers, for the body of ``POST /containers/create``."""

from __future__ import annotations

import hashlib
from typing import Any, Dict, Mapping

from . import labels
from .items import canonical

#: Docker always restarts them, and drops every capability that they do not list.
HOST_CONFIG: Mapping[str, Any] = {
    "CapDrop": ["ALL"],
    "RestartPolicy": {"Name": "always"},
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "5m", "max-file": "2"}},
}


def specified(body: Mapping[str, Any]) -> Dict[str, Any]:
    """Return ``body`` with a label that identifies it, to compare it with a later wanted one."""
    spec = hashlib.sha256(canonical(body).encode("utf-8")).hexdigest()[:16]
    return dict(body, Labels=dict(body["Labels"], **{labels.SPEC: spec}))
