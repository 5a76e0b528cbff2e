# SPDX-License-Identifier: Apache-2.0
"""The host's identity and its key for the server: the private files of ``/var/lib/orca/agent``."""

import json
import os
import tempfile
import uuid
from pathlib import Path
from typing import Any

import msgspec

from .errors import AgentError
from .paths import Paths


class Credentials(msgspec.Struct, frozen=True, rename="camel"):
    """What registration gave this host.

    ``url`` is the API's base (``https://server:8080/v1``); ``ca_sha256`` is the hex SHA-256 of the server CA (DER),
    empty for a server on the loopback that speaks plain HTTP.
    """

    url: str
    access_key: str
    secret_key: str
    ca_sha256: str = ""

    def __repr__(self) -> str:
        """Keep the secret key out of logs and tracebacks."""
        return f"Credentials(url={self.url!r}, access_key={self.access_key!r})"


def write_private(path: Path, content: str) -> None:
    """Replace ``path`` atomically by a file that only its owner can read (0600, in a directory made 0700)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp makes 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_private_json(path: Path, document: Any) -> None:
    """Write ``document`` as JSON through ``write_private``."""
    write_private(path, json.dumps(document, indent=2) + "\n")


def host_uuid(paths: Paths) -> str:
    """Return this host's uuid; make it on the first call.

    Raises:
        AgentError: the identity file exists but holds no uuid. It is never replaced silently: a new identity would
        register this host a second time.
    """
    try:
        text = paths.identity.read_text()
    except FileNotFoundError:
        fresh = str(uuid.uuid4())
        write_private_json(paths.identity, {"uuid": fresh})
        return fresh
    try:
        return str(uuid.UUID(str(json.loads(text)["uuid"])))
    except (ValueError, KeyError, TypeError) as error:
        raise AgentError(f"{paths.identity} does not hold this host's uuid; restore or remove it") from error


def read_credentials(paths: Paths) -> Credentials | None:
    """Return the stored credentials, None before the first registration.

    Raises:
        AgentError: the file is damaged.
    """
    try:
        content = paths.credentials.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(content, type=Credentials)
    except msgspec.DecodeError as error:
        raise AgentError(f"{paths.credentials} is damaged ({error}); remove it and register again") from error


def write_credentials(paths: Paths, credentials: Credentials) -> None:
    """Store ``credentials`` (0600)."""
    write_private_json(paths.credentials, msgspec.to_builtins(credentials))
