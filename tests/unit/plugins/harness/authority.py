# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate of the pretended registry."""

from __future__ import annotations

import ssl
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from harness.conversation import REGISTRY
from orca.api.connections import tls


class Registry(NamedTuple):
    """`ca_pem` is the authority that clients have to trust."""

    context: ssl.SSLContext
    ca_pem: str


@cache
def registry() -> Registry:
    """Made once for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        identity = tls.ensure(Path(folder), [REGISTRY.split(":")[0]])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.certificate, identity.key)
        return Registry(context, identity.ca_pem)
