# SPDX-License-Identifier: Apache-2.0
"""Which server a command talks to, with which key: options, environment, remembered contexts, what a role fetched."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orca.cli.errors import NotFoundError, UnreachableError

DEFAULT_PROJECT = "Default"


@dataclass(frozen=True)
class Target:
    """A server and the key to use. No ``ca``: the system's authorities. ``made``: the id of a key that ``orca login``
    made.
    """

    url: str
    access_key: str | None = None
    secret_key: str | None = None
    ca: str | None = None
    project: str = DEFAULT_PROJECT
    made: str | None = None


def home(env: Mapping[str, str]) -> Path:
    """Folder of everything the tools keep on the control node: ``$ORCA_HOME``, else ``~/.orca``."""
    return Path(env.get("ORCA_HOME") or "~/.orca").expanduser()


def resolve(options: Mapping[str, Any], env: Mapping[str, str] = os.environ) -> Target:
    """The target of a command. An address from an option or the environment never gets the key of another one.

    Raises UnreachableError when no server is configured, or its file cannot be read;
    NotFoundError when a named context is unknown.
    """
    directory = home(env)
    url = options.get("url") or (None if options.get("context") else env.get("ORCA_URL"))
    base = (
        Target(url=_plain(url), ca=env.get("ORCA_CA"))
        if url
        else _remembered(directory, options.get("context")) or _fetched(directory)
    )
    if base is None:
        raise UnreachableError(
            f"no server is configured: set ORCA_URL, run `orca login`, or let the role server fetch {directory}/server"
        )
    return Target(
        url=base.url,
        access_key=env.get("ORCA_ACCESS_KEY") or base.access_key,
        secret_key=env.get("ORCA_SECRET_KEY") or base.secret_key,
        ca=options.get("ca") or env.get("ORCA_CA") or base.ca,
        project=options.get("project") or env.get("ORCA_PROJECT") or base.project,
    )


def remembered(directory: Path, name: str) -> Target | None:
    """The target that is remembered under a name."""
    contexts = read_contexts(directory)["contexts"]
    return Target(**contexts[name]) if name in contexts else None


def read_contexts(directory: Path) -> dict[str, Any]:
    """The remembered servers: ``{"current": name | None, "contexts": {name: target fields}}``."""
    path = directory / "config"
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError:
        return {"current": None, "contexts": {}}
    except (OSError, ValueError) as exc:
        raise UnreachableError(f"cannot read {path}: {exc}") from exc
    if not isinstance(document, dict) or not isinstance(document.get("contexts"), dict):
        raise UnreachableError(f"{path} is not a file of contexts; move it away and run `orca login` again")
    return document


def write_contexts(directory: Path, document: Mapping[str, Any]) -> None:
    """Replace the file of contexts atomically; it holds secrets, so only its owner may read it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = directory / f".config.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
    temporary.replace(directory / "config")


def remember(directory: Path, name: str, target: Target) -> None:
    """Keep a target under a name and make it the current one."""
    document = read_contexts(directory)
    document["contexts"][name] = asdict(target)
    document["current"] = name
    write_contexts(directory, document)


def forget(directory: Path, name: str) -> None:
    """Drop a remembered target; if it was the current one, there is no current one."""
    document = read_contexts(directory)
    del known(document, name)[name]
    if document.get("current") == name:
        document["current"] = None
    write_contexts(directory, document)


def choose(directory: Path, name: str) -> None:
    """Make a remembered target the current one."""
    document = read_contexts(directory)
    known(document, name)
    document["current"] = name
    write_contexts(directory, document)


def known(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The contexts of the document. Raises ``NotFoundError`` if it lacks that name."""
    contexts: dict[str, Any] = document["contexts"]
    if name not in contexts:
        raise NotFoundError(f"no context named {name} (known: {', '.join(sorted(contexts)) or 'none'})")
    return contexts


def _remembered(directory: Path, wanted: str | None) -> Target | None:
    document = read_contexts(directory)
    name = wanted or document.get("current")
    if not name:
        return None
    return Target(**known(document, name)[name])


def _fetched(directory: Path) -> Target | None:
    """The target that role ``server`` fetched: the server's ``admin.json`` with its certificate authority beside it."""
    path = directory / "server" / "admin.json"
    try:
        document = json.loads(path.read_text())
        url, access, secret = document["url"], document["accessKey"], document["secretKey"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise UnreachableError(f"cannot use {path}: {exc!r}") from exc
    authority = path.with_name("ca.pem")
    return Target(_plain(url), access, secret, str(authority) if authority.exists() else None)


def _plain(url: str) -> str:
    """An address without trailing slash and API version: people paste ``https://h:8080`` and ``https://h:8080/v1``."""
    url = url.rstrip("/")
    for version in ("/v1", "/v2"):
        url = url.removesuffix(version)
    return url
