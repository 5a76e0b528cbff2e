# SPDX-License-Identifier: Apache-2.0
"""The host's own key: it is made here and never leaves the host; only a certificate request does."""

from __future__ import annotations

import os
import re

from ..plan.mesh import KEY
from . import command
from .errors import HostStateError
from .host import Host

_IDENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}\Z")


def has_key(host: Host) -> bool:
    """True if the key exists."""
    return os.path.exists(os.path.join(host.mesh, KEY))


def require_identity(text: str) -> None:
    """Refuse an identity that a certificate cannot carry.

    :raises HostStateError: ``text`` is no host label.
    """
    if not _IDENTITY.match(text):
        raise HostStateError("{0!r} is not an identity (letters, digits and hyphens)".format(text))


def certificate_request(host: Host, identity: str) -> str:
    """A certificate request (PEM) by the host's key; ``identity`` (the host's uuid) is common name and SAN dNSName.

    The key (ECDSA P-256, PKCS#8) is made by the first call.

    :raises HostStateError: ``identity`` is no host label, or openssl failed.
    """
    require_identity(identity)
    key = os.path.join(host.mesh, KEY)
    os.makedirs(os.path.dirname(key), mode=0o700, exist_ok=True)
    if not os.path.exists(key):
        partial = key + ".new"
        # The file has the right mode from its first byte on, and gets its name only when it is complete.
        os.close(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        command.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", partial])
        os.rename(partial, key)
    return command.run(
        [
            "openssl",
            "req",
            "-new",
            "-sha256",
            "-key",
            key,
            "-subj",
            "/CN=" + identity,
            "-addext",
            "subjectAltName=DNS:" + identity,
        ]
    )
