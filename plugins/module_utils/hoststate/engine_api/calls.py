# SPDX-License-Identifier: Apache-2.0
"""The requests that we use. Containers are identified by name or id, images and networks by reference or name."""

from __future__ import annotations

import base64
import json
import urllib.parse
from typing import Any, List, Mapping, Optional, Sequence

from .exchange import Call

Filters = Mapping[str, Sequence[str]]


def ping() -> Call:
    """Ask for the engine's versions."""
    return Call("GET", "/_ping", versioned=False)


def newest_info() -> Call:
    """Ask for facts about the engine and its host, in the engine's newest version: older ones leave some out."""
    return Call("GET", "/info", versioned=False)


def info() -> Call:
    """Ask for facts about the engine and its host."""
    return Call("GET", "/info")


def version() -> Call:
    """Ask for the version of the engine's program."""
    return Call("GET", "/version")


def events(filters: Filters) -> Call:
    """Open a stream of JSON documents, one per line."""
    return Call("GET", "/events", {"filters": filters})


# -- networks and volumes --------------------------------------------------------------------------------------


def networks(filters: Filters) -> Call:
    """List networks."""
    return Call("GET", "/networks", {"filters": filters})


def network(name: str) -> Call:
    """Inspect a network."""
    return Call("GET", "/networks/" + _quote(name))


def create_network(spec: Mapping[str, Any]) -> Call:
    """Make a network."""
    return Call("POST", "/networks/create", body=spec)


def remove_network(name: str) -> Call:
    """Remove a network; it must have no endpoints."""
    return Call("DELETE", "/networks/" + _quote(name))


def volume(name: str) -> Call:
    """Inspect a named volume."""
    return Call("GET", "/volumes/" + _quote(name))


def create_volume(spec: Mapping[str, Any]) -> Call:
    """Make a named volume; the engine keeps one that it has under that name."""
    return Call("POST", "/volumes/create", body=spec)


def remove_volume(name: str) -> Call:
    """Remove a named volume; no container may use it."""
    return Call("DELETE", "/volumes/" + _quote(name))


# -- containers ------------------------------------------------------------------------------------------------


def containers(filters: Filters, everything: bool = True) -> Call:
    """List containers; ``everything`` includes those that do not run."""
    return Call("GET", "/containers/json", {"all": everything, "filters": filters})


def container(name: str) -> Call:
    """Inspect a container."""
    return Call("GET", _container(name, "json"))


def create_container(name: str, spec: Mapping[str, Any]) -> Call:
    """Make a container; the answer has its ``Id``."""
    return Call("POST", "/containers/create", {"name": name}, spec)


def update_container(name: str, changes: Mapping[str, Any]) -> Call:
    """Change limits or the restart policy."""
    return Call("POST", _container(name, "update"), body=changes)


def start(name: str) -> Call:
    """Start a container; one that runs already gives 304."""
    return Call("POST", _container(name, "start"))


def restart(name: str) -> Call:
    """Stop a container, and start it again; the answer comes once it runs."""
    return Call("POST", _container(name, "restart"))


def stop(name: str, grace: int) -> Call:
    """Stop a container, killing it after ``grace`` seconds; the answer comes once it has ended."""
    return Call("POST", _container(name, "stop"), {"t": grace})


def remove_container(name: str) -> Call:
    """Kill and remove a container together with its anonymous volumes."""
    return Call("DELETE", "/containers/" + _quote(name), {"force": True, "v": True})


def wait_removed(name: str) -> Call:
    """Wait until the container is gone."""
    return Call("POST", _container(name, "wait"), {"condition": "removed"})


def logs(name: str, query: Mapping[str, Any]) -> Call:
    """Open a container's log, a stream that is multiplexed unless the container has a terminal."""
    return Call("GET", _container(name, "logs"), query)


def stats(name: str) -> Call:
    """Open a stream of JSON documents, one per second and line."""
    return Call("GET", _container(name, "stats"))


def stats_once(name: str) -> Call:
    """Open the document of now, on one line; the engine compares it with no earlier one."""
    return Call("GET", _container(name, "stats"), {"stream": False, "one-shot": True})


# -- commands in containers ------------------------------------------------------------------------------------


def create_exec(
    name: str, argv: List[str], tty: bool = False, stdin: bool = False, environment: Sequence[str] = ()
) -> Call:
    """Describe a command in a running container; the answer has its ``Id``."""
    body = {"Cmd": argv, "Tty": tty, "AttachStdin": stdin, "AttachStdout": True, "AttachStderr": True}
    return Call("POST", _container(name, "exec"), body=dict(body, Env=list(environment)))


def start_exec(id: str, tty: bool = False) -> Call:
    """Start a command, once. The connection carries its output (multiplexed without a terminal) and its input."""
    return Call("POST", "/exec/{0}/start".format(_quote(id)), body={"Detach": False, "Tty": tty})


def resize_exec(id: str, width: int, height: int) -> Call:
    """Tell a running command the size of its terminal, in characters."""
    return Call("POST", "/exec/{0}/resize".format(_quote(id)), {"w": width, "h": height})


def inspect_exec(id: str) -> Call:
    """Say how a command ended (``ExitCode``)."""
    return Call("GET", "/exec/{0}/json".format(_quote(id)))


# -- images ----------------------------------------------------------------------------------------------------


def image(reference: str) -> Call:
    """Inspect an image."""
    return Call("GET", "/images/" + _quote(reference) + "/json")


def pull(reference: str, auth: Optional[Mapping[str, str]] = None) -> Call:
    """Get an image: a stream of JSON documents, one per line; a document with ``error`` ends it.

    :param reference: without tag or digest it means ``latest``, as everywhere in Docker.
    :param auth: ``{username, password, serveraddress, email?}``.
    """
    _path, _slash, last = reference.rpartition("/")
    whole = reference if ":" in last or "@" in last else reference + ":latest"
    headers = {}
    if auth is not None:
        headers["X-Registry-Auth"] = base64.urlsafe_b64encode(json.dumps(auth).encode("utf-8")).decode("ascii")
    return Call("POST", "/images/create", {"fromImage": whole}, headers=headers)


def _container(name: str, what: str) -> str:
    return "/containers/{0}/{1}".format(_quote(name), what)


def _quote(part: str) -> str:
    return urllib.parse.quote(part, safe="/:@")
