# SPDX-License-Identifier: Apache-2.0
"""A Docker engine in memory behind the agent's own client: containers, images, volumes and events."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

from orca.agent.engine import EngineRefused
from orca.hoststate.engine_api import Call

NEVER = "0001-01-01T00:00:00Z"
THEN = "2026-01-01T00:00:00Z"


class MemoryEngine:
    """``registry`` holds the images that can be pulled, ``held`` those whose pull does not end."""

    def __init__(self, *images: str) -> None:
        self.containers: dict[str, dict[str, Any]] = {}
        self.images = set(images)
        self.volumes: dict[str, dict[str, Any]] = {}
        self.registry: set[str] = set()
        self.held: set[str] = set()
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._addresses = itertools.count(2)

    # -- what the agent asks ------------------------------------------------------------------------------------------

    async def request(self, call: Call, *, seconds: float = 0) -> Any:
        match [call.method, *call.path.strip("/").split("/")]:
            case ["GET", "containers", "json"]:
                return self._listed(call.query["filters"])
            case ["POST", "containers", "create"]:
                return self._create(str(call.query["name"]), dict(call.body or {}))
            case ["GET", "containers", id, "json"]:
                return self._there(id)
            case ["POST", "containers", id, "start"]:
                return self.start(id)
            case ["POST", "containers", id, "stop"]:
                return self.end(id, 0)
            case ["DELETE", "containers", id]:
                self.end(id, 137)
                await self._events.join()  # it takes a moment, in which somebody can look at it
                return self.remove(id)
            case ["GET", "images", *name, "json"]:
                if "/".join(name) not in self.images:
                    raise EngineRefused(404, "No such image")
                return {}
            case ["GET", "volumes", name]:
                if name not in self.volumes:
                    raise EngineRefused(404, "No such volume")
                return self.volumes[name]
            case ["POST", "volumes", "create"]:
                body = dict(call.body or {})
                self.volumes[body["Name"]] = {**body, "Options": body["DriverOpts"] or None}
                return self.volumes[body["Name"]]
            case ["DELETE", "volumes", name]:
                return self.volumes.pop(name)
        raise AssertionError(call)

    async def find(self, call: Call) -> Any:
        try:
            return await self.request(call)
        except EngineRefused as error:
            if error.status != 404:
                raise
            return None

    @contextlib.asynccontextmanager
    async def documents(self, call: Call) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        yield self._pulled(str(call.query["fromImage"])) if call.path == "/images/create" else self._happened()

    # -- what happens -------------------------------------------------------------------------------------------------

    def run_by_hand(self, name: str, **labels: str) -> str:
        """Somebody types `docker run`; returns the id."""
        id = self._create(name, {"Image": "by/hand", "Labels": labels, "HostConfig": {"NetworkMode": "default"}})["Id"]
        self.start(id)
        return str(id)

    def start(self, id: str) -> None:
        document = self._there(id)
        if not document["State"]["Running"]:
            document["State"] |= {"Running": True, "Status": "running", "StartedAt": THEN, "ExitCode": 0}
            if document["HostConfig"]["NetworkMode"] == "bridge":
                endpoint = {"IPAddress": f"172.17.0.{next(self._addresses)}"}
                document["NetworkSettings"]["Networks"]["bridge"] = endpoint
            self._tell(id, "start")

    def end(self, id: str, exit_code: int) -> None:
        document = self._there(id)
        if document["State"]["Running"]:
            document["State"] |= {"Running": False, "Status": "exited", "ExitCode": exit_code, "FinishedAt": THEN}
            document["NetworkSettings"]["Networks"].pop("bridge", None)
            self._tell(id, "die")

    def remove(self, id: str) -> None:
        """Take away one that does not run."""
        self._there(id)
        del self.containers[id]
        self._tell(id, "destroy")

    def id_of(self, instance: str) -> str:
        """The id of an instance's container."""
        return next(id for id, each in self.containers.items() if instance in each["Config"]["Labels"].values())

    # -- parts --------------------------------------------------------------------------------------------------------

    def _there(self, id: str) -> dict[str, Any]:
        if id not in self.containers:
            raise EngineRefused(404, "No such container")
        return self.containers[id]

    def _listed(self, filters: dict[str, list[str]]) -> list[dict[str, Any]]:
        if "publish" in filters:
            return []
        wanted = [label.split("=", 1) for label in filters.get("label", [])]
        return [
            {"Id": id, "State": each["State"]["Status"]}
            for id, each in self.containers.items()
            if all(each["Config"]["Labels"].get(key) == value for key, value in wanted)
        ]

    def _create(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        id, given = uuid.uuid4().hex, (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
        state = {"Status": "created", "Running": False, "ExitCode": 0, "StartedAt": NEVER, "FinishedAt": NEVER}
        host = {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, **body["HostConfig"]}
        self.containers[id] = {
            "Id": id,
            "Name": f"/{name}",
            "Config": {"Image": body["Image"], "Labels": body.get("Labels") or {}},
            "HostConfig": host,
            "State": state,
            "NetworkSettings": {"Networks": json.loads(json.dumps(given))},
        }
        self._tell(id, "create")
        return {"Id": id}

    def _tell(self, id: str, action: str) -> None:
        self._events.put_nowait({"Action": action, "Actor": {"ID": id}})

    async def _pulled(self, reference: str) -> AsyncIterator[dict[str, Any]]:
        image = reference.removesuffix(":latest")
        if image in self.held:
            yield {"id": "layer", "status": "Downloading", "progressDetail": {"current": 1, "total": 10}}
            await asyncio.get_running_loop().create_future()
        if image not in self.registry:
            yield {"error": "manifest unknown"}
            return
        self.images.add(image)
        yield {"status": "Downloaded"}

    async def _happened(self) -> AsyncIterator[dict[str, Any]]:
        while True:
            yield await self._events.get()
            self._events.task_done()
