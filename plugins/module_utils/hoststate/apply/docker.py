# SPDX-License-Identifier: Apache-2.0
"""The blocking shell of the Docker Engine API, as far as host state needs it: networks, our containers, exec,
images.
"""

from __future__ import annotations

import json
import socket
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..engine_api import (
    HEAD_END,
    Call,
    Head,
    Negotiation,
    ProtocolError,
    TooOld,
    calls,
    encode,
    message,
    parse_head,
    split,
    whole,
)
from ..plan.places import DOCKER_SOCKET
from .errors import HostStateError

_PIECE = 1 << 16


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

    def __init__(self, path: str = DOCKER_SOCKET, timeout: float = 60.0) -> None:
        self.path, self.timeout = path, timeout
        self._negotiation = Negotiation()

    # -- requests ------------------------------------------------------------------------------------------------

    def request(self, call: Call, timeout: Optional[float] = None) -> Any:
        """Send one request and return the decoded answer (``None`` when empty).

        :raises EngineUnavailable: nothing answers; :raises EngineError: status 400 or above.
        """
        data = self.read(call, timeout)
        return json.loads(data) if data.strip() else None

    def read(self, call: Call, timeout: Optional[float] = None) -> bytes:
        """Send one request and return the body of the answer; raises as ``request`` does."""
        head, data = self._exchange(call, timeout)
        if self._negotiation.refused(head.status, message(data) if head.status == 400 else ""):
            head, data = self._exchange(call, timeout)
        if head.status >= 400:
            raise EngineError(head.status, message(data), call.method + " " + call.path)
        return data

    def version(self) -> Dict[str, Any]:
        """``GET /version``."""
        answer: Dict[str, Any] = self.request(calls.version())
        return answer

    def firewall_backend(self) -> Optional[str]:
        """The driver that writes the engine's rules, such as ``iptables`` or ``nftables``; ``None`` from engines that
        know ``iptables`` only (before 28.2, API 1.49).
        """
        answer: Dict[str, Any] = self.request(calls.newest_info())
        return (answer.get("FirewallBackend") or {}).get("Driver")

    # -- networks ------------------------------------------------------------------------------------------------

    def networks(self, label: str) -> List[Dict[str, Any]]:
        """List the networks with ``label`` (``key`` or ``key=value``)."""
        answer: List[Dict[str, Any]] = self.request(calls.networks({"label": [label]}))
        return answer

    def network(self, name: str) -> Optional[Dict[str, Any]]:
        """Inspect a network by name, ``None`` when there is none."""
        return self._inspect(calls.network(name))

    def create_network(self, spec: Mapping[str, Any]) -> None:
        """``POST /networks/create``."""
        self.request(calls.create_network(spec))

    def remove_network(self, name: str) -> None:
        """Remove a network; it must have no endpoints."""
        self.request(calls.remove_network(name))

    # -- containers ----------------------------------------------------------------------------------------------

    def container(self, name: str) -> Optional[Dict[str, Any]]:
        """Inspect a container by name or id, ``None`` when there is none."""
        return self._inspect(calls.container(name))

    def containers(self, labels: List[str], everything: bool = True) -> List[Dict[str, Any]]:
        """List containers with all ``labels`` (``key`` or ``key=value``); ``everything`` includes stopped ones."""
        answer: List[Dict[str, Any]] = self.request(calls.containers({"label": labels}, everything))
        return answer

    def create_container(self, name: str, spec: Mapping[str, Any]) -> str:
        """Create a container and return its id."""
        return str(self.request(calls.create_container(name, spec))["Id"])

    def start(self, name: str) -> None:
        """Start a container; do nothing if it runs already."""
        self.request(calls.start(name))

    def restart(self, name: str) -> None:
        """Stop a container, and start it again."""
        self.request(calls.restart(name))

    def remove_container(self, name: str) -> None:
        """Kill and remove a container with its anonymous volumes; a missing one is no error."""
        try:
            self.request(calls.remove_container(name))
        except EngineError as error:
            if error.status != 404:
                raise

    def execute(self, name: str, argv: List[str], timeout: Optional[float] = None) -> Tuple[int, str, str]:
        """Run ``argv`` in a running container; return exit code, stdout and stderr."""
        id = str(self.request(calls.create_exec(name, argv))["Id"])
        stdout, stderr = split(self.read(calls.start_exec(id), timeout))
        return int(self.request(calls.inspect_exec(id))["ExitCode"]), stdout, stderr

    def logs(self, name: str, tail: int) -> str:
        """The last ``tail`` lines that a container wrote, to stdout and then to stderr."""
        return "".join(split(self.read(calls.logs(name, {"stdout": True, "stderr": True, "tail": str(tail)}))))

    # -- images --------------------------------------------------------------------------------------------------

    def image(self, reference: str) -> Optional[Dict[str, Any]]:
        """Inspect an image, ``None`` when the engine does not have it."""
        return self._inspect(calls.image(reference))

    def pull(self, reference: str, timeout: float = 600.0) -> None:
        """Pull ``reference``.

        :raises EngineError: also if the failure comes in the middle of the progress stream.
        """
        for line in self.read(calls.pull(reference), timeout).splitlines():
            failure = json.loads(line).get("error") if line.strip() else None
            if failure:
                raise EngineError(500, failure, "pull " + reference)

    # -- transport -----------------------------------------------------------------------------------------------

    def _inspect(self, call: Call) -> Optional[Dict[str, Any]]:
        try:
            answer: Dict[str, Any] = self.request(call)
        except EngineError as error:
            if error.status == 404:
                return None
            raise
        return answer

    def _exchange(self, call: Call, timeout: Optional[float]) -> Tuple[Head, bytes]:
        version = self._negotiation.version
        if version is None:
            pong, _body = self._transmit(calls.ping(), "", None)
            try:
                version = self._negotiation.learn(pong)
            except TooOld as error:
                raise HostStateError(str(error)) from error
        return self._transmit(call, version, timeout)

    def _transmit(self, call: Call, version: str, timeout: Optional[float]) -> Tuple[Head, bytes]:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
                channel.settimeout(timeout or self.timeout)
                channel.connect(self.path)
                channel.sendall(encode(call, version))
                pieces = list(iter(lambda: channel.recv(_PIECE), b""))
            text, _end, body = b"".join(pieces).partition(HEAD_END)
            head = parse_head(text)
            return head, whole(head, body)
        except (OSError, ProtocolError) as error:
            raise EngineUnavailable(
                "docker: {0} {1} on {2}: {3}".format(call.method, call.path, self.path, error)
            ) from error
