# SPDX-License-Identifier: Apache-2.0
"""What the server asks of an agent, and the data of the agent's replies (docs/architecture/wire.md).

``key`` is ``<process id>/<step>``: a command that is sent again under the same key finds the running command, or its
effect, instead of being done twice.
"""

from typing import Any

import msgspec


class Message(msgspec.Struct, omit_defaults=True, rename="camel"):
    """Base of all event data: camelCase keys, defaults left out, unknown keys ignored."""


class ConfigItem(Message):
    """One config item of docs/architecture/items.md.

    ``description`` null removes the item; absent (only in a complete update) means "version unchanged, keep it".
    """

    name: str
    version: int
    description: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET


class ConfigUpdate(Message):
    """Data of ``config.update``; ``complete`` says that exactly these items exist."""

    items: list[ConfigItem]
    complete: bool = False


class ConfigApplied(Message):
    """Reply to ``config.update``: versions now in effect, and per failed item why it is not."""

    applied: dict[str, int] = msgspec.field(default_factory=dict)
    errors: dict[str, str] = msgspec.field(default_factory=dict)


class RegistryAuth(Message):
    """Credentials for the registry an image is pulled from."""

    username: str = ""
    password: str = ""
    email: str = ""
    server_address: str = ""

    def __repr__(self) -> str:
        """Keep the password out of logs and tracebacks."""
        return f"RegistryAuth(username={self.username!r}, server_address={self.server_address!r})"


class RestartPolicy(Message):
    """Docker's restart policy, which the agent carries out; ``maximum_retry_count`` is for ``on-failure`` only."""

    name: str = "no"
    maximum_retry_count: int = 0

    def again(self, exit_code: int, restarts: int) -> bool:
        """True if a container that ended with ``exit_code`` after ``restarts`` restarts is to start again.

        ``unless-stopped`` is ``always`` here: nobody asks about a container that the platform stopped.
        """
        if self.name == "on-failure":
            return exit_code != 0 and (self.maximum_retry_count == 0 or restarts < self.maximum_retry_count)
        return self.name in ("always", "unless-stopped")


class PublishedPort(Message):
    """One published port; ``bind_address`` empty means every address of the host."""

    public_port: int
    private_port: int
    protocol: str = "tcp"
    bind_address: str = ""


class LogConfig(Message):
    """The engine's log driver and its options; without a driver the engine's own."""

    driver: str = ""
    options: dict[str, str] = msgspec.field(default_factory=dict)


class EngineCheck(Message):
    """The engine's own check of a container; what is absent is as its image says, else the engine's default.

    ``test`` is ``NONE`` alone, or ``CMD`` or ``CMD-SHELL`` with a command. All but ``retries`` are milliseconds.
    """

    test: list[str] | None = None
    interval: int | None = None
    timeout: int | None = None
    retries: int | None = None
    start_period: int | None = None
    start_interval: int | None = None


class NamedVolume(Message):
    """A named volume that a container mounts: what the engine makes it with, unless it has one of that name."""

    uuid: str
    name: str
    driver: str = "local"
    driver_opts: dict[str, str] = msgspec.field(default_factory=dict)
    labels: dict[str, str] = msgspec.field(default_factory=dict)


class Instance(Message):
    """A container as the server wants it.

    ``network_mode`` is ``managed`` (the orca network, with ``address``) or one of Docker's own: ``bridge``, ``host``,
    ``none``, ``container:<external id>``. ``volumes`` are Docker binds (``/host:/path:ro``) or bare container paths;
    ``named_volumes`` describes those of them that have a name. ``volumes_from`` are external ids of containers whose
    volumes it takes. ``memory`` and ``memory_swap`` are in bytes. ``devices`` are ``/host[:/path[:rwm]]``,
    ``extra_hosts`` ``name:address``. A ``balancer`` runs the platform's own HAProxy: the agent knows its image,
    command, user, mounts, capabilities and kernel settings, and ignores those here.
    A ``fenced`` container must never run on two hosts: a host that is cut off from the others stops it.
    """

    uuid: str
    name: str
    image: str
    registry_auth: RegistryAuth | None = None
    command: list[str] | None = None
    entry_point: list[str] | None = None
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    hostname: str = ""
    user: str | None = None
    working_dir: str | None = None
    tty: bool = False
    stdin_open: bool = False
    volumes: list[str] = msgspec.field(default_factory=list)
    named_volumes: list[NamedVolume] = msgspec.field(default_factory=list)
    volumes_from: list[str] = msgspec.field(default_factory=list)
    memory: int | None = None
    cpu_shares: int | None = None
    privileged: bool = False
    cap_add: list[str] = msgspec.field(default_factory=list)
    cap_drop: list[str] = msgspec.field(default_factory=list)
    restart_policy: RestartPolicy | None = None
    network_mode: str = "managed"
    address: str | None = None
    dns_search: list[str] = msgspec.field(default_factory=list)
    ports: list[PublishedPort] = msgspec.field(default_factory=list)
    dns: list[str] = msgspec.field(default_factory=list)
    domain_name: str | None = None
    extra_hosts: list[str] = msgspec.field(default_factory=list)
    cpu_set: str | None = None
    memory_swap: int | None = None
    devices: list[str] = msgspec.field(default_factory=list)
    pid_mode: str | None = None
    read_only: bool = False
    security_opt: list[str] = msgspec.field(default_factory=list)
    volume_driver: str | None = None
    log_config: LogConfig | None = None
    balancer: bool = False
    engine_check: EngineCheck | None = None
    fenced: bool = False


class Activate(Message):
    """Data of ``compute.instance.activate``: the container labelled with the uuid exists and runs."""

    key: str
    instance: Instance


class Activated(Message):
    """Reply to ``compute.instance.activate``; ``started`` in UTC milliseconds.

    ``checked``: the engine checks it by a command; what that finds is reported as it comes.
    """

    external_id: str
    state: str
    started: int
    address: str | None = None
    checked: bool = False


class Deactivate(Message):
    """Data of ``compute.instance.deactivate``; ``timeout`` in seconds until the container is killed.

    ``external_id`` names a container that the platform did not make; its labels have no uuid.
    """

    key: str
    uuid: str
    timeout: int = 10
    external_id: str | None = None


class Deactivated(Message):
    """Reply to ``compute.instance.deactivate``."""

    state: str


class Remove(Message):
    """Data of ``compute.instance.remove``; succeeds with empty data, also when there is no such container.

    ``external_id``: see ``Deactivate``.
    """

    key: str
    uuid: str
    external_id: str | None = None


class RemoveVolume(Message):
    """Data of ``storage.volume.remove``; succeeds also when there is no such volume, or none that the platform made."""

    key: str
    name: str


class VolumeRemoved(Message):
    """Reply to ``storage.volume.remove``; ``kept``: it stays, because the platform did not make it."""

    kept: bool = False


class Inspect(Message):
    """Data of ``compute.instance.inspect``."""

    uuid: str


class Inspected(Message):
    """Reply to ``compute.instance.inspect``: Docker's own document."""

    inspect: dict[str, Any]


class Pull(Message):
    """Data of ``compute.instance.pull``; ``cached``: only if the host already has an image of that name."""

    key: str
    image: str
    registry_auth: RegistryAuth | None = None
    cached: bool = False


class Pulled(Message):
    """Reply to ``compute.instance.pull``; ``pulled`` is false if the host had no such image to update."""

    pulled: bool = True


class Probe(Message):
    """Data of ``host.probe``: can the host ``peer`` (a uuid) be reached through the tunnel, now?"""

    peer: str


class Probed(Message):
    """Reply to ``host.probe``; ``answered`` is false after six seconds without any answer, three of them since."""

    answered: bool


class Epoch(Message):
    """Data of ``host.epoch``: the answer to each hello. ``moved``: uuids of containers that run elsewhere by now.

    ``epoch`` counts how often the host was found dead.
    """

    epoch: int
    moved: list[str] = msgspec.field(default_factory=list)


class Cancel(Message):
    """Data of ``command.cancel``: the ids of the commands to end. It has no reply of its own."""

    previous_ids: list[str]
