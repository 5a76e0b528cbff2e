# SPDX-License-Identifier: Apache-2.0
"""What a host's metadata service knows without the server: who its clients are, and what concerns them.

Described by ``{cidr, subnet, host: uuid?, clients: {container address: container uuid}, objects: {key: object}}``. A
key is ``container/<uuid>``, ``service/<uuid>``, ``stack/<uuid>`` or ``host/<uuid>``.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Dict, Mapping, Optional

from .items import METADATA, canonical
from .network import environment

#: The file with all of it.
KNOWN = "known.json"
#: The socket over which the agent passes on what the server says, below the directory.
FEED = "run/feed.sock"
#: The key of the item about the host itself; all other keys are addresses.
HOST = "host"

#: The file of a service without a description, which knows nobody.
EMPTY = canonical({"subnet": None, "host": None, "clients": {}, "objects": {}}) + "\n"


def describe(items: Mapping[str, Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    """Join config items (name -> description); ``None``: the host has no network.

    :raises ValueError: the key of an item is no address.
    """
    base = environment(items)
    if base is None:
        return None
    clients: Dict[str, str] = {}
    objects: Dict[str, Any] = {}
    host: Optional[str] = None
    for key, item in sorted(METADATA.of(items).items()):
        if key == HOST:
            host = item["self"]
        else:
            clients[str(ipaddress.IPv4Address(key))] = item["self"]
        objects.update(item["objects"])
    return dict(base, host=host, clients=clients, objects=objects)


def known(description: Mapping[str, Any]) -> str:
    """The text of the file."""
    return canonical({key: description[key] for key in ("subnet", "host", "clients", "objects")}) + "\n"
