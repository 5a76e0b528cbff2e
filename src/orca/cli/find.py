# SPDX-License-Identifier: Apache-2.0
"""Find the resource that a person means by an id, a name, ``TYPE/NAME``, or ``STACK/NAME``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from orca.cli.client import Client, Resource
from orca.cli.errors import ApiError, CommandError, NotFoundError

TYPES = {
    "container": "containers",
    "service": "services",
    "stack": "environments",
    "host": "hosts",
    "volume": "volumes",
}
"""The words of commands, and the API's collections."""
_ID = re.compile(r"1[a-z]+\d+")
_PREFIXES = {"1i": "container", "1s": "service", "1e": "stack", "1h": "host", "1v": "volume"}


def one(client: Client, text: str, types: Sequence[str]) -> Resource:
    """Find one resource of these types.

    Raises NotFoundError with similar names if there is none, CommandError if several have the name.
    """
    type, slash, name = text.partition("/")
    type = type.removesuffix("s")
    if slash and type in types:
        return one(client, name, [type])
    if slash:
        return _within(client, text.partition("/")[0], name, types)
    return _by_id(client, text, types) or _by_name(client, text, types)


def many(client: Client, texts: Iterable[str], types: Sequence[str]) -> list[Resource]:
    """Find all of them, before anything is done to the first."""
    return [one(client, text, types) for text in texts]


def name_of(resource: Resource) -> str:
    """The name that people use for a resource."""
    return str(resource.get("name") or resource.get("hostname") or resource["id"])


def type_of(resource: Resource) -> str:
    """The type of a resource, as in ``TYPES``."""
    plural = {"environment": "stack", "host": "host", "container": "container", "volume": "volume"}
    return plural.get(str(resource.get("baseType") or resource["type"])) or plural.get(resource["type"]) or "service"


def any_id(client: Client, identity: str) -> Resource | None:
    """The resource with that id, of any type: the schemas say which types have such ids."""
    number = identity.lstrip("1").lstrip("abcdefghijklmnopqrstuvwxyz")
    prefix = identity.removesuffix(number)
    for schema in client.list(client.in_project("schemas")):
        if schema.get("idPrefix") == prefix and "GET" in schema["resourceMethods"]:
            found = _get(client, f"{schema['links']['collection']}/{identity}")
            if found is not None and found["id"] == identity:
                return found
    return None


def looks_like_id(text: str) -> bool:
    """True if it has the form of an id."""
    return _ID.fullmatch(text) is not None


def _by_id(client: Client, identity: str, types: Sequence[str]) -> Resource | None:
    type = _PREFIXES.get(identity.rstrip("0123456789"))
    if type is None or type not in types or not looks_like_id(identity):
        return None
    found = _get(client, client.in_project(f"{TYPES[type]}/{identity}"))
    return None if found is None or found.get("removed") else found


def _get(client: Client, url: str) -> Resource | None:
    try:
        found: Resource = client.request("GET", url)
    except ApiError as exc:
        if exc.status in (403, 404, 405):
            return None
        raise
    return found


def _by_name(client: Client, name: str, types: Sequence[str]) -> Resource:
    found = [each for type in types for each in client.list(client.in_project(TYPES[type]), name=name)]
    if not found and "host" in types:
        found = list(client.list(client.in_project("hosts"), hostname=name))
    return _only(client, name, found, types)


def _within(client: Client, stack: str, name: str, types: Sequence[str]) -> Resource:
    parent = one(client, stack, ["stack"])
    inside = [type for type in types if type in ("service", "container")]
    if not inside:
        raise NotFoundError(f"{stack}/{name} names something in a stack; a {_either(types)} is expected")
    found: list[Resource] = []
    for type, link in (("service", "services"), ("container", "instances")):
        if type in inside:
            found += client.list(parent["links"][link], name=name)
    if not found:
        links = ("services", "instances")
        names = [name_of(each) for link in links if link in parent["links"] for each in client.follow(parent, link)]
        raise NotFoundError.of(_either(inside), name, names, f" in stack {stack}")
    return _only(client, name, found, inside)


def _only(client: Client, name: str, found: list[Resource], types: Sequence[str]) -> Resource:
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(f"{type_of(each)} {each['id']}" for each in found)
        raise CommandError(f"several are called {name}: {choices}; say which by its id, or as KIND/{name}")
    names = [name_of(each) for type in types for each in client.list(client.in_project(TYPES[type]))]
    raise NotFoundError.of(_either(types), name, names, f" in project {client.target.project}")


def _either(types: Sequence[str]) -> str:
    return " or ".join((", ".join(types[:-1]), types[-1])) if len(types) > 1 else "".join(types)
