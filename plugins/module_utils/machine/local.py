# SPDX-License-Identifier: GPL-3.0-or-later
"""Driver ``local``: a machine is a container with systemd and sshd on the control node's own Docker engine."""

from __future__ import annotations

import io
import socket
import tarfile
import threading
import time
from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

from . import container, network
from .driver import Driver, Machine, MachineError, Spec

try:
    import docker
    import docker.errors
    import requests.exceptions
except ImportError as missing:
    DOCKER_MISSING: Optional[ImportError] = missing
    EngineErrors: Tuple[Any, ...] = ()
else:
    DOCKER_MISSING = None
    EngineErrors = (docker.errors.DockerException, requests.exceptions.RequestException)

LABEL = "io.orca.machine"
POLL_SECONDS = 0.1
STOP_SECONDS = 5
LOOK = "cat /root/.ssh/authorized_keys; echo ---; cat /etc/ssh/ssh_host_ed25519_key.pub; echo ---; cat /proc/1/cgroup"


class LocalDriver(Driver):
    """Machines on the Docker network ``network_name``, in ``subnet`` (CIDR; a free /24 when None).

    ``wait_timeout`` is in seconds and counts for each machine. The Docker SDK must be there (DOCKER_MISSING is None).
    """

    name = "local"

    def __init__(self, network_name: str, subnet: Optional[str], wait_timeout: float) -> None:
        self.network = network.Network(network_name, subnet)
        self.wait_timeout = wait_timeout
        self._images: Dict[str, str] = {}
        self._addresses: Dict[str, str] = {}
        self._of_thread = threading.local()

    @property
    def client(self) -> Any:
        """The Engine API; a client per thread, because an HTTP session is not made to be shared."""
        if not hasattr(self._of_thread, "client"):
            try:
                self._of_thread.client = docker.APIClient(version="auto", timeout=120)
            except EngineErrors as error:
                raise MachineError(f"the control node's container engine does not answer: {error}") from error
        return self._of_thread.client

    def find(self, names: Sequence[str]) -> Dict[str, Machine]:
        found = {}
        for name in names:
            try:
                found[name] = self._machine(name)
            except docker.errors.NotFound:
                continue
        return found

    def prepare(self, specs: Sequence[Spec], check: bool) -> bool:
        try:
            self._images = {spec.name: self._image(spec.image) for spec in specs}
            changed = self.network.ensure(self.client, check)
            if not check:
                wanted = {spec.name: spec.address for spec in specs}
                self._addresses = self.network.addresses_for(self.client, wanted)
        except EngineErrors as error:
            raise MachineError(f"network: {self.network.name}: {error}") from error
        return changed

    def differences(self, spec: Spec, have: Machine) -> List[str]:
        changed = ["state"] if have.state != "running" else []
        return changed + [key for key in ("memory", "cpus") if getattr(spec, key) not in (None, getattr(have, key))]

    def create(self, spec: Spec, public_key: str) -> Machine:
        image = self._images[spec.name]
        address = self._addresses[spec.name]
        endpoint = self.client.create_endpoint_config(ipv4_address=address)
        try:
            made = self.client.create_container(
                image,
                command=container.command(),
                name=spec.name,
                hostname=spec.name,
                environment={"ORCA_MACHINE_RESOLVER": self.network.gateway(self.client)},
                labels={**spec.labels, LABEL: spec.name, f"{LABEL}.driver": self.name},
                volumes=["/var/lib/docker"],
                host_config=container.host_config(self.client, spec, self.network.name),
                networking_config=self.client.create_networking_config({self.network.name: endpoint}),
            )
        except EngineErrors as error:
            raise MachineError(f"{spec.name}: the engine cannot make it from {image}: {error}") from error
        try:
            return self._start(spec.name, public_key)
        except BaseException:
            self.client.remove_container(made["Id"], v=True, force=True)
            raise

    def update(self, spec: Spec, have: Machine, public_key: str) -> Machine:
        try:
            limits = container.limits(spec.memory, spec.cpus)
            if limits:
                self.client.update_container(have.id, **limits)
        except EngineErrors as error:
            raise MachineError(f"{spec.name}: cannot change its limits: {error}") from error
        return self._start(spec.name, public_key)

    def look(self, have: Machine, public_key: str) -> Machine:
        deadline = time.monotonic() + self.wait_timeout
        while True:
            parts = self._run(have.id, LOOK).split("---\n")
            if len(parts) == 3:
                break
            # It is on its way up or down, or the engine has lost what the command said, as it may under load.
            if time.monotonic() > deadline:
                raise MachineError(f"{have.name}: commands cannot be run in it; `docker logs {have.name}` may tell why")
            time.sleep(POLL_SECONDS)
        keys, host_key, cgroup = parts
        return replace(
            have,
            host_key=" ".join(host_key.split()[:2]) or None,
            authorized=public_key in keys,
            docker_cgroup_parent=container.docker_cgroup_parent(cgroup),
        )

    def remove(self, have: Machine) -> None:
        try:
            # systemd gets to stop the inner engine, or its containers' mounts keep the volume busy.
            self.client.stop(have.id, timeout=STOP_SECONDS)
            self.client.remove_container(have.id, v=True, force=True)
        except EngineErrors as error:
            raise MachineError(f"{have.name}: the engine cannot remove it: {error}") from error

    def clean_up(self, check: bool) -> bool:
        try:
            return self.network.remove_unused(self.client, check)
        except EngineErrors as error:
            raise MachineError(f"network: {self.network.name}: {error}") from error

    def _start(self, name: str, public_key: str) -> Machine:
        """Start the container (no error if it runs), let the key in, wait until systemd and sshd are up."""
        try:
            self.client.put_archive(name, "/root", _authorized_keys(public_key))
            self.client.start(name)
        except EngineErrors as error:
            raise MachineError(f"{name}: the engine cannot start it: {error}") from error
        deadline = time.monotonic() + self.wait_timeout
        waiting_for = "systemd"
        while time.monotonic() < deadline:
            machine = self._machine(name)
            if machine.state != "running":
                log = self.client.logs(name, tail=10).decode(errors="replace").strip()
                raise MachineError(f"{name}: stopped while it started: {log or 'it left no log'}")
            if self._run(name, "systemctl is-system-running --wait").strip() in ("running", "degraded"):
                waiting_for = f"sshd at {machine.address}"
                machine = self.look(machine, public_key)
                if machine.host_key and machine.address and _speaks_ssh(machine.address):
                    return machine
            time.sleep(POLL_SECONDS)
        raise MachineError(f"{name}: no {waiting_for} within {self.wait_timeout:g} s")

    def _machine(self, name: str) -> Machine:
        """Raises docker.errors.NotFound for a container that does not exist."""
        try:
            seen = self.client.inspect_container(name)
        except docker.errors.NotFound:
            raise
        except EngineErrors as error:
            raise MachineError(f"{name}: {error}") from error
        if (seen["Config"]["Labels"] or {}).get(LABEL) != name:
            raise MachineError(f"name: {name} is taken by a container that this driver did not make")
        host = seen["HostConfig"]
        endpoint = seen["NetworkSettings"]["Networks"].get(self.network.name)
        if endpoint is None:
            networks = ", ".join(seen["NetworkSettings"]["Networks"]) or "none"
            raise MachineError(f"network: {name} exists on another network than {self.network.name}: {networks}")
        return Machine(
            name=name,
            id=seen["Id"],
            state="running" if seen["State"]["Running"] and not seen["State"]["Paused"] else "stopped",
            image=seen["Config"]["Image"],
            memory=host["Memory"] or None,
            cpus=host["CpuQuota"] / container.CPU_PERIOD if host["CpuQuota"] else None,
            address=endpoint["IPAddress"] or (endpoint["IPAMConfig"] or {}).get("IPv4Address"),
        )

    def _image(self, image: str) -> str:
        """The image itself when it has a tag, else the newest of that repository.

        Raises:
            MachineError: the engine has none.
        """
        repository, colon, _tag = image.rpartition(":")
        if colon and "/" not in _tag:
            known = self.client.images(name=image)
        else:
            repository = image
            known = self.client.images(name=repository)
        if not known:
            raise MachineError(f"image: the control node's engine has no {image}; build it with script/images")
        newest = max(known, key=lambda entry: entry["Created"])
        return image if colon and "/" not in _tag else newest["RepoTags"][0]

    def _run(self, name: str, shell: str) -> str:
        """Standard output of a shell command in the machine, empty if it cannot run there (yet)."""
        try:
            execution = self.client.exec_create(name, ["sh", "-c", shell], stderr=False)
            return str(self.client.exec_start(execution["Id"]).decode(errors="replace"))
        except docker.errors.APIError as error:
            if error.status_code == 409:  # it is not running
                return ""
            raise MachineError(f"{name}: {error}") from error


def _authorized_keys(public_key: str) -> bytes:
    """A tar archive for /root that lets the holder of the key in."""
    content = f"{public_key}\n".encode()
    folder = tarfile.TarInfo(".ssh")
    folder.type, folder.mode = tarfile.DIRTYPE, 0o700
    file = tarfile.TarInfo(".ssh/authorized_keys")
    file.mode, file.size = 0o600, len(content)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(folder)
        archive.addfile(file, io.BytesIO(content))
    return buffer.getvalue()


def _speaks_ssh(address: str) -> bool:
    """True if an SSH server greets on port 22 of ``address``."""
    try:
        with socket.create_connection((address, 22), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
