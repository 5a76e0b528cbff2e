# SPDX-License-Identifier: Apache-2.0
"""Types for storage: images, volumes, pools, registries."""

from __future__ import annotations

from orca.resources.fields import (
    NOBODY,
    Field,
    OwnKey,
    array,
    boolean,
    embedded,
    enum,
    integer,
    mapping,
    ref,
    string,
    text,
)
from orca.resources.processes import allocation, generic, process, simple
from orca.resources.types import ResourceType, access, given, wire_only

IMAGE = ResourceType(
    name="image",
    plural="images",
    prefix="1i",
    access=access("r"),
    named="r",
    fields={
        "build": embedded("dockerBuild", roles=NOBODY),
        "checksum": string(roles=NOBODY, column=True),
        "format": string(roles=NOBODY, column=True),
        "instanceKind": enum("container", "virtualMachine", roles=NOBODY, column=True),
        "isPublic": boolean(roles=NOBODY, column=True),
        "physicalSizeMb": integer(roles=NOBODY, column=True),
        "registryCredentialId": ref("credential", roles=NOBODY),
        "url": string(roles=NOBODY, column=True),
        "virtualSizeMb": integer(roles=NOBODY, column=True),
    },
    processes=generic(),
)

VOLUME = ResourceType(
    name="volume",
    plural="volumes",
    prefix="1v",
    looked_up=(("accountId", "name"), "hostId"),
    access=access("crd", agent="r"),
    named="cr",
    fields={
        "accountId": ref("account", always=True),
        "name": string("cr", column=True, required=True),
        "allocationState": string(roles=NOBODY, column=True),
        "attachedState": string(roles=NOBODY, column=True),
        "capabilities": array("string", roles=NOBODY),
        "deviceNumber": integer(roles=NOBODY, column=True),
        "driver": text("cr", required=True, nullable=False),
        "driverOpts": mapping("string", "cr"),
        "externalId": string(column=True, max_length=128),
        "format": string(column=True, roles=NOBODY, by_role={"agent": "r"}),
        "hostId": ref("host", roles=NOBODY, also="r"),
        "imageId": ref("image", by_role={"agent": ""}),
        "instanceId": ref("instance", by_role={"agent": ""}),
        "isHostPath": boolean(default=False, nullable=False),
        "labels": mapping("string", "cr", ours=True),
        "perUnit": boolean("cr", default=False, ours=True),
        "physicalSizeMb": integer(roles=NOBODY, column=True),
        "uri": string(column=True, max_length=512),
        "virtualSizeMb": integer(roles=NOBODY, column=True),
        "zoneId": ref("zone", roles=NOBODY),
    },
    own={
        "anonymous": OwnKey("boolean"),
    },
    processes={**generic(), **allocation()},
    hidden_actions=frozenset({"activate"}),
)

MOUNT = ResourceType(
    name="mount",
    plural="mounts",
    prefix="1m",
    access=access("r"),
    named="r",
    fields={
        "accountId": ref("account", always=True),
        "instanceId": ref("instance", always=True),
        "path": string(column=True, max_length=512),
        "permissions": string(column=True, max_length=128),
        "volumeId": ref("volume", always=True),
    },
    processes=generic(),
    hidden_actions=frozenset({"activate", "purge", "restore", "update"}),
)

SNAPSHOT = ResourceType(
    name="snapshot",
    plural="snapshots",
    prefix="1s",
    access=access("rd"),
    named="r",
    fields={
        "volumeId": ref("volume", nullable=False),
    },
    processes={
        "create": process("requested", "creating", "created"),
        "backup": process("created", "backing-up", "backed-up"),
        "remove": process("creating created backing-up backed-up", "removing", "removed"),
    },
)

STORAGE_POOL = ResourceType(
    name="storagePool",
    plural="storagePools",
    prefix="1sp",
    access=access("r", agent="r"),
    named="r",
    fields={
        "agentId": ref("agent", roles=NOBODY),
        "driverName": string(),
        "external": boolean(roles=NOBODY, column=True),
        "externalId": string(column=True, max_length=128),
        "physicalTotalSizeMb": integer(roles=NOBODY, column=True),
        "virtualTotalSizeMb": integer(roles=NOBODY, column=True),
        "volumeAccessMode": string(),
        "zoneId": ref("zone", roles=NOBODY),
    },
    processes=generic(),
)

STORAGE_POOL_HOST_MAP = ResourceType(
    name="storagePoolHostMap",
    plural="storagePoolHostMaps",
    prefix="1sphm",
    access=access(""),
    fields={
        "hostId": ref("host", always=True),
        "storagePoolId": ref("storagePool", always=True),
    },
    processes=simple(),
)

VOLUME_STORAGE_POOL_MAP = ResourceType(
    name="volumeStoragePoolMap",
    plural="volumeStoragePoolMaps",
    prefix="1vspm",
    access=access(""),
    fields={
        "storagePoolId": ref("storagePool", always=True),
        "volumeId": ref("volume", always=True),
    },
    processes=generic(),
)

IMAGE_STORAGE_POOL_MAP = ResourceType(
    name="imageStoragePoolMap",
    plural="imageStoragePoolMaps",
    prefix="1ispm",
    access=access(""),
    fields={
        "imageId": ref("image"),
        "storagePoolId": ref("storagePool"),
    },
    processes=generic(),
)

REGISTRY = ResourceType(
    name="registry",
    plural="registries",
    parent="storagePool",
    access=access("crud"),
    fields={
        "accountId": ref("account", always=True),
        "external": boolean(roles=NOBODY, column=True),
        "physicalTotalSizeMb": integer(roles=NOBODY, column=True),
        "serverAddress": string("cr", column=True, required=True, nullable=False, min_length=1, always=True),
        "virtualTotalSizeMb": integer(roles=NOBODY, column=True),
    },
)

REGISTRY_CREDENTIAL = ResourceType(
    name="registryCredential",
    plural="registryCredentials",
    parent="credential",
    access=access("crud"),
    fields={
        "email": text("cru", required=True, nullable=False, min_length=1),
        "publicValue": string("cru", column=True, max_length=4096),
        "registryId": ref("registry", "cr", required=True, nullable=False, reverse="credentials"),
        "secretValue": Field(type="password", rights="cru", max_length=4096, secret=True),
    },
    own={
        "secret": OwnKey("string"),
    },
    live_key=lambda record: None,
)

DOCKER_BUILD = wire_only(
    "dockerBuild",
    {
        "context": text("cr"),
        "dockerfile": text("cr"),
        "forcerm": boolean("cr"),
        "nocache": boolean("cr"),
        "remote": text("cr"),
        "rm": boolean("cr"),
        "tag": text(roles=NOBODY),
    },
    access=given("cr"),
)

VOLUME_SNAPSHOT_INPUT = wire_only("volumeSnapshotInput", {"name": string("cr")})

TYPES = (
    IMAGE,
    VOLUME,
    MOUNT,
    SNAPSHOT,
    STORAGE_POOL,
    STORAGE_POOL_HOST_MAP,
    VOLUME_STORAGE_POOL_MAP,
    IMAGE_STORAGE_POOL_MAP,
    REGISTRY,
    REGISTRY_CREDENTIAL,
    DOCKER_BUILD,
    VOLUME_SNAPSHOT_INPUT,
)
