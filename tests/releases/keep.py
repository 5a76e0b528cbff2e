# SPDX-License-Identifier: Apache-2.0
"""Keep what upgrades from the present release are tested from: a used database of each kind, and the agent's wheel.

Run once per release, on the commit that is released: ``script/release keep``. A database is kept as ``orca server
backup --with-keys`` writes it, with the disk of the simulated hosts beside it. All keys in it are throw-away ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "integration"))

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from databases import SERVERS
from realserver import RealServer

KINDS = ("sqlite", *SERVERS)
HOSTS = 3
DOCKER_COMPOSE = """\
web:
  image: sim:web
  scale: 2
  links: [db, cache]
  environment: {COLOUR: blue, PASSWORD: "${DB_PASSWORD}"}
  labels: {io.rancher.sidekicks: log}
log: {image: "sim:log"}
db: {image: "sim:db", volumes: ["/var/lib/db"]}
cache: {image: "sim:cache", ports: ["11211:11211"]}
"""
RANCHER_COMPOSE = """\
web: {scale: 2}
db: {scale: 1}
"""
BALANCER = """\
front: {image: "sim:front"}
lb:
  image: rancher/load-balancer-service
  ports: ["80:8080"]
  links: [front]
"""


async def populate(server: RealServer) -> None:
    """Use the server as a company would: people, hosts, stacks, an upgrade, something stopped, something removed."""
    person = await server.post("/v2/accounts", {"name": "ann", "kind": "user"})
    await server.until(f"/v2/accounts/{person['id']}", lambda row: row["state"] == "active")
    login = {"accountId": person["id"], "publicValue": "ann", "secretValue": "correct horse battery"}
    await server.post("/v2/passwords", login)
    await server.post("/v2/apikeys", {"accountId": person["id"], "name": "ann's key"})
    member = {"externalId": person["id"], "externalIdType": "rancher_id", "role": "owner"}
    other = await server.post("/v2/projects", {"name": "Accounting", "members": [member]})
    await server.until(f"/v2/projects/{other['id']}", lambda row: row["state"] == "active")
    await server.post("apikeys", {"name": "robot"})
    await server.call("PUT", "/v2/settings/registration.token.period.millis", {"value": "86400000"})

    registry = await server.post("registries", {"serverAddress": "registry.example.com"})
    secret = {"registryId": registry["id"], "publicValue": "puller", "secretValue": "pull me", "email": "a@example.com"}
    await server.post("registrycredentials", secret)
    certificate, key = self_signed()
    await server.post("certificates", {"name": "front", "cert": certificate, "key": key})

    for number in range(HOSTS):
        await server.post("agents", {"uri": f"sim://kept-{number}"})
    await server.until("hosts", lambda page: sum(row["agentState"] == "active" for row in page["data"]) == HOSTS)

    shop = await stack(server, "shop", DOCKER_COMPOSE, RANCHER_COMPOSE, environment={"DB_PASSWORD": "hunter2"})
    await stack(server, "edge", BALANCER)
    await stack(server, "paused", "idle: {image: 'sim:idle'}\n")
    await upgrade(server, shop)
    await server.post(f"services/{await service(server, 'idle')}?action=deactivate", status=202)
    await server.until("services?name=idle", lambda page: page["data"][0]["state"] == "inactive")

    target = await container(server, "target", ports=["9000:9000"])
    await container(server, "linked", instanceLinks={"target": target})
    gone = await container(server, "gone")
    await server.call("DELETE", f"containers/{gone}")
    await server.until(f"containers/{gone}", lambda row: row["state"] in ("removed", "purged"))
    stopped = await container(server, "stopped")
    await server.post(f"containers/{stopped}?action=stop", status=202)
    await server.until(f"containers/{stopped}", lambda row: row["state"] == "stopped")
    await server.post("volumes", {"name": "data", "driver": "local"})
    await server.until("processinstances?endTime_null=true", lambda page: not page["data"], seconds=60)


async def stack(server: RealServer, name: str, docker: str, rancher: str | None = None, **fields: Any) -> str:
    """A stack that runs; its id."""
    body = {"name": name, "dockerCompose": docker, "rancherCompose": rancher, "startOnCreate": True, **fields}
    row = await server.post("environments", {key: value for key, value in body.items() if value is not None})
    await server.until(f"environments/{row['id']}", lambda row: row["state"] == "active")
    await server.until(
        f"services?environmentId={row['id']}",
        lambda page: page["data"] and all(row["state"] == "active" for row in page["data"]),
        seconds=60,
    )
    return str(row["id"])


async def upgrade(server: RealServer, stack_id: str) -> None:
    """One upgrade of a stack, finished, with what it leaves in the rows."""
    text = DOCKER_COMPOSE.replace("blue", "green")
    await server.post(
        f"environments/{stack_id}?action=upgrade",
        {"dockerCompose": text, "rancherCompose": RANCHER_COMPOSE, "environment": {"DB_PASSWORD": "hunter2"}},
        status=202,
    )
    await server.until(f"environments/{stack_id}", lambda row: row["state"] == "upgraded", seconds=60)
    await server.post(f"environments/{stack_id}?action=finishupgrade", status=202)
    await server.until(f"environments/{stack_id}", lambda row: row["state"] == "active", seconds=60)


async def service(server: RealServer, name: str) -> str:
    """The id of the service of that name."""
    (row,) = (await server.get(f"services?name={name}"))["data"]
    return str(row["id"])


async def container(server: RealServer, name: str, **fields: Any) -> str:
    """A container that runs and stands alone; its id."""
    row = await server.post("containers", {"name": name, "imageUuid": f"sim:{name}", **fields})
    await server.until(f"containers/{row['id']}", lambda row: row["state"] == "running")
    return str(row["id"])


def self_signed() -> tuple[str, str]:
    """A certificate and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "front.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=3650))
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.decode(), private.decode()


@contextlib.contextmanager
def database(kind: str) -> Iterator[list[str]]:
    """The server's options for an empty database of a kind."""
    if kind == "sqlite":
        yield []
        return
    with SERVERS[kind]() as running, running.database() as url:
        yield ["--database", url]


async def keep(kind: str, target: Path) -> None:
    """Make and use a database of a kind, and write it to `target`."""
    with database(kind) as options, tempfile.TemporaryDirectory() as scratch:
        folder, archive = Path(scratch) / "server", Path(scratch) / "archive.tar"
        async with RealServer.running(folder, "--sim", *options) as server:
            await populate(server)
            command = [sys.executable, "-c", "from orca.cli import main; main()", "server", "--data-dir", str(folder)]
            await asyncio.to_thread(
                subprocess.run, [*command, *options, "backup", "--with-keys", str(archive)], check=True
            )
        with tarfile.open(archive) as plain, tarfile.open(target, "w:xz") as packed:
            for member in plain:
                packed.addfile(member, plain.extractfile(member))
            packed.add(folder / "simulated.jsonl", "simulated.jsonl")


def main() -> None:
    """Everything, into the folder of this version."""
    folder = HERE / version("orca-platform")
    folder.mkdir(exist_ok=True)
    for kind in KINDS:
        asyncio.run(keep(kind, folder / f"{kind}.tar.xz"))
        print(f"{folder.name}/{kind}.tar.xz")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder)]
    subprocess.run(build, check=True, cwd=HERE.parent.parent, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
