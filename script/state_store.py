# SPDX-License-Identifier: Apache-2.0
"""Writes docs/state-store.md: where each table of the 2015 server is kept here.

python script/state_store.py            write the page
python script/state_store.py --check    fail if the page is not what the declarations say
"""

from __future__ import annotations

import sys
from pathlib import Path

from orca.resources import TYPES, schema
from orca.resources.catalog import CONCEPTS

PAGE = Path(__file__).parent.parent / "docs" / "state-store.md"

TABLES = tuple(
    """
DATABASECHANGELOG DATABASECHANGELOGLOCK account agent agent_group auth_token certificate cluster_host_map config_item
config_item_status container_event credential credential_instance_map data environment external_handler
external_handler_external_handler_process_map external_handler_process generic_object global_load_balancer
healthcheck_instance healthcheck_instance_host_map host host_ip_address_map host_label_map host_vnet_map image
image_storage_pool_map instance instance_host_map instance_label_map instance_link ip_address ip_address_nic_map
ip_association ip_pool label load_balancer load_balancer_certificate_map load_balancer_config
load_balancer_config_listener_map load_balancer_host_map load_balancer_listener load_balancer_target mount network
network_service network_service_provider network_service_provider_instance_map nic offering physical_host port
process_execution process_instance project_member resource_pool service service_consume_map service_event
service_expose_map setting snapshot snapshot_storage_pool_map storage_pool storage_pool_host_map subnet
subnet_vnet_map task task_instance user_preference vnet volume volume_storage_pool_map zone
""".split()  # noqa: SIM905 - seventy-five quoted names are no easier to read
)
"""The tables of the 2015 server."""

ELSEWHERE = {
    "DATABASECHANGELOG": "a library's table: `alembic_version`, the head of the migrations",
    "DATABASECHANGELOGLOCK": "a lock of the database itself, held while migrations run and gone with its holder",
    "data": "not needed because secrets lie sealed (AES-GCM under `master.key`) in the rows they belong to; the mesh's "
    "private keys never leave their hosts",
    "ip_association": "not needed because there are no floating addresses",
    "load_balancer_certificate_map": "a field: `certificateIds` of `loadBalancer` and `loadBalancerService`",
    "offering": "not needed because sizes and prices of machines are their drivers' affair",
    "snapshot_storage_pool_map": "not needed because a snapshot lies in the pool of its volume",
}
"""What has no table of its own name."""

BESIDES = {
    "credential_instance_map": "a container's registry credential itself is its `registryCredentialId`",
    "config_item": "versions are counted for each item and host, in `config_item_status`",
    "instance_host_map": "placement itself is the column `instance.hostId`",
    "label": "the labels of a host or container are also a map in its row, and the scheduler reads that map",
    "process_execution": "one row per run of a process, with its log",
    "resource_pool": "addresses, ranges and ports are claimed by unique columns (`live_key`) of their own rows",
    "setting": "built-in values are in the program; a row is a value that somebody chose",
}
"""What else there is to say of tables of the same name."""

HEAD = """<!-- Written by script/state_store.py from the declarations in src/orca/resources. -->
# State store

The server keeps everything in one database: SQLite, or the one that `--database` names. Only its keys lie in files
beside it. Each root type has one table. The types below it share that table, and the column `kind` tells their rows
apart. A field is a column if something filters, joins or locks by it; other fields lie in the JSON column `data`.
Rows that can be removed have `state`, `removed` and `removeTime`. The server deletes a removed row after a while.

## The tables of the 2015 server

That server had 75 tables. For each, this table names its declaration here, or says where the same facts are kept, or
why it is not needed.

| table | here |
|---|---|
"""

OURS = """
## Tables that it did not have

| table | holds |
|---|---|
"""

ADDED = {
    "event": "each change with its number, so that a subscriber can resume from there",
    "config_digest": "for each host, one number for the config items it should have and one for those it applied",
    "service_label": "labels of services, by which link selectors find them",
    "tally": "how many containers each host has, kept with every change",
    "process_step": "results of a process's steps, which are not repeated after a crash",
}


def declared() -> dict[str, list[str]]:
    """By table: the types kept in it, the root first."""
    found: dict[str, list[str]] = {}
    for name, stored in schema().types.items():
        found.setdefault(stored.table.name, []).append(name)
    return {
        table: sorted(names, key=lambda name: (TYPES[name].parent is not None, name)) for table, names in found.items()
    }


def cell(table: str, types: list[str]) -> str:
    """What a table is here."""
    root, *below = types
    file = next(Path(str(concept.__file__)).name for concept in CONCEPTS if TYPES[root] in concept.TYPES)
    text = f"`{root}` in `resources/{file}`"
    if below:
        text += "; also " + ", ".join(f"`{name}`" for name in below)
    return f"{text}. {BESIDES[table][0].upper()}{BESIDES[table][1:]}" if table in BESIDES else text


def page() -> str:
    """The whole page."""
    types = declared()
    tables = set(schema().metadata.tables)
    lines = [f"| {table} | {cell(table, types[table]) if table in types else ELSEWHERE[table]} |" for table in TABLES]
    more = [
        f"| {table} | {cell(table, types[table]) if table in types else ADDED[table]} |"
        for table in sorted(tables - set(TABLES))
    ]
    return HEAD + "\n".join(lines) + "\n" + OURS + "\n".join(more) + "\n"


def main() -> int:
    """Write the page, or check it."""
    text = page()
    if "--check" in sys.argv[1:]:
        if PAGE.read_text() == text:
            return 0
        print(f"{PAGE.name} is out of date: run python script/state_store.py", file=sys.stderr)
        return 1
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
