# SPDX-License-Identifier: Apache-2.0
"""A small client of the Docker Engine API over its unix socket (https://docs.docker.com/reference/api/engine/).

Only what host state needs: networks, our own system containers, exec, images. Unversioned paths are used, so the
engine answers in its own newest version.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import urllib.parse
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .errors import HostStateError

SOCKET = "/var/run/docker.sock"


class EngineUnavailable(HostStateError):
    """No Docker engine answers on the socket."""


class EngineError(HostStateError):
    """The engine refused a request."""

    def __init__(self, status: int, message: str, request: str) -> None:
        super().__init__("docker: {0} ({1}): {2}".format(request, status, message))
        self.status, self.message = status, message


class Engine:
    """One connection per request: requests are rare, and none can then block another.

    :param timeout: seconds without a byte from the engine after which a request fails.
    """

    def __init__(self, path: str = SOCKET, timeout: float = 60.0) -> None:
        self.path, self.timeout = path, timeout

    # -- requests ------------------------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        body: Optional[Mapping[str, Any]] = None,
        query: Optional[Mapping[str, Any]] = None,
        timeout: Optional[float] = None,
    ) -> Any:
        """Send one request and return the decoded answer (``None`` when empty).

        :param query: values that are not strings are sent as JSON (``filters``) or ``true``/``false``.
        :raises EngineUnavailable: nothing answers; :raises EngineError: status 400 or above.
        """
        data = self._raw(method, path, body, query, timeout)
        return json.loads(data) if data.strip() else None

    def version(self) -> Dict[str, Any]:
        """``GET /version``."""
        answer: Dict[str, Any] = self.request("GET", "/version")
        return answer

    # -- networks ------------------------------------------------------------------------------------------------

    def network(self, name: str) -> Optional[Dict[str, Any]]:
        """Inspect a network by name, ``None`` when there is none."""
        return self._inspect("/networks/" + _quote(name))

    def create_network(self, spec: Mapping[str, Any]) -> None:
        """``POST /networks/create``."""
        self.request("POST", "/networks/create", spec)

    def remove_network(self, name: str) -> None:
        """Remove a network; it must have no endpoints."""
        self.request("DELETE", "/networks/" + _quote(name))

    # -- containers ----------------------------------------------------------------------------------------------

    def container(self, name: str) -> Optional[Dict[str, Any]]:
        """Inspect a container by name or id, ``None`` when there is none."""
        return self._inspect("/containers/" + _quote(name) + "/json")

    def containers(self, labels: List[str], everything: bool = True) -> List[Dict[str, Any]]:
        """List containers bearing all ``labels`` (``key`` or ``key=value``); ``everything`` includes stopped ones."""
        answer: List[Dict[str, Any]] = self.request(
            "GET", "/containers/json", query={"all": everything, "filters": {"label": labels}}
        )
        return answer

    def create_container(self, name: str, spec: Mapping[str, Any]) -> str:
        """Create a container and return its id."""
        return str(self.request("POST", "/containers/create", spec, {"name": name})["Id"])

    def start(self, name: str) -> None:
        """Start a container; one that runs already is left alone."""
        self.request("POST", "/containers/" + _quote(name) + "/start")

    def remove_container(self, name: str) -> None:
        """Kill and remove a container together with its anonymous volumes; none of that name is fine."""
        try:
            self.request("DELETE", "/containers/" + _quote(name), query={"force": True, "v": True})
        except EngineError as error:
            if error.status != 404:
                raise

    def execute(self, name: str, argv: List[str], timeout: Optional[float] = None) -> Tuple[int, str, str]:
        """Run ``argv`` in a running container; return exit code, stdout and stderr."""
        created = self.request(
            "POST", "/containers/" + _quote(name) + "/exec", {"Cmd": argv, "AttachStdout": True, "AttachStderr": True}
        )
        stream = self._raw(
            "POST", "/exec/{0}/start".format(created["Id"]), {"Detach": False, "Tty": False}, None, timeout
        )
        stdout, stderr = _demultiplex(stream)
        code = self.request("GET", "/exec/{0}/json".format(created["Id"]))["ExitCode"]
        return int(code), stdout, stderr

    def logs(self, name: str, tail: int) -> str:
        """The last ``tail`` lines that a container wrote, to stdout and then to stderr."""
        query = {"stdout": True, "stderr": True, "tail": str(tail)}
        return "".join(_demultiplex(self._raw("GET", "/containers/" + _quote(name) + "/logs", None, query, None)))

    # -- images --------------------------------------------------------------------------------------------------

    def image(self, reference: str) -> Optional[Dict[str, Any]]:
        """Inspect an image, ``None`` when the engine does not have it."""
        return self._inspect("/images/" + _quote(reference) + "/json")

    def pull(self, reference: str, timeout: float = 600.0) -> None:
        """Pull ``reference`` (with tag or digest).

        :raises EngineError: also when the failure comes in the middle of the progress stream.
        """
        stream = self._raw("POST", "/images/create", None, {"fromImage": reference}, timeout)
        for line in stream.splitlines():
            message = json.loads(line).get("error") if line.strip() else None
            if message:
                raise EngineError(500, message, "pull " + reference)

    # -- transport -----------------------------------------------------------------------------------------------

    def _inspect(self, path: str) -> Optional[Dict[str, Any]]:
        try:
            answer: Dict[str, Any] = self.request("GET", path)
        except EngineError as error:
            if error.status == 404:
                return None
            raise
        return answer

    def _raw(
        self,
        method: str,
        path: str,
        body: Optional[Mapping[str, Any]],
        query: Optional[Mapping[str, Any]],
        timeout: Optional[float],
    ) -> bytes:
        target = path + ("?" + urllib.parse.urlencode({k: _parameter(v) for k, v in query.items()}) if query else "")
        connection = _UnixConnection(self.path, timeout or self.timeout)
        try:
            headers = {"Content-Type": "application/json", "Connection": "close"}
            connection.request(method, target, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise EngineUnavailable("docker: {0} {1} on {2}: {3}".format(method, path, self.path, error)) from error
        finally:
            connection.close()
        if response.status >= 400:
            raise EngineError(response.status, _message(data), method + " " + path)
        return data


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _quote(part: str) -> str:
    return urllib.parse.quote(part, safe="/:@")


def _parameter(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data.decode("utf-8", "replace").strip()


def _demultiplex(stream: bytes) -> Tuple[str, str]:
    """Split an attach stream: frames of {1 byte stream, 3 bytes zero, 4 bytes length, payload}."""
    parts: Dict[int, List[bytes]] = {1: [], 2: []}
    position = 0
    while position + 8 <= len(stream):
        kind, length = struct.unpack_from(">BxxxL", stream, position)
        parts.setdefault(kind, []).append(stream[position + 8 : position + 8 + length])
        position += 8 + length
    return (b"".join(parts[1]).decode("utf-8", "replace"), b"".join(parts[2]).decode("utf-8", "replace"))
