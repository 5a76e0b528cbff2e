# SPDX-License-Identifier: Apache-2.0
"""Find the resource that a person means by an id, a name, ``KIND/NAME``, or ``STACK/NAME``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from orca.cli.client import Client, Resource
from orca.cli.errors import ApiError, CommandError, NotFoundError

KINDS = {"container": "containers", "service": "services", "stack": "environments", "host": "hosts"}
"""The words of commands, and the API's collections."""
_ID = re.compile(r"1[a-z]+\d+")
_PREFIXES = {"1i": "container", "1s": "service", "1e": "stack", "1h": "host"}


def one(client: Client, text: str, kinds: Sequence[str]) -> Resource:
    """Find one resource of these kinds.

    Raises NotFoundError with similar names if there is none, CommandError if several have the name.
    """
    kind, slash, name = text.partition("/")
    kind = kind.removesuffix("s")
    if slash and kind in kinds:
        return one(client, name, [kind])
    if slash:
        return _within(client, text.partition("/")[0], name, kinds)
    return _by_id(client, text, kinds) or _by_name(client, text, kinds)


def many(client: Client, texts: Iterable[str], kinds: Sequence[str]) -> list[Resource]:
    """Find all of them, before anything is done to the first."""
    return [one(client, text, kinds) for text in texts]


def name_of(resource: Resource) -> str:
    """The name that people use for a resource."""
    return str(resource.get("name") or resource.get("hostname") or resource["id"])


def kind_of(resource: Resource) -> str:
    """The kind, as in KINDS, of a resource."""
    plural = {"environment": "stack", "host": "host", "container": "container"}
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


def _by_id(client: Client, identity: str, kinds: Sequence[str]) -> Resource | None:
    kind = _PREFIXES.get(identity.rstrip("0123456789"))
    if kind is None or kind not in kinds or not looks_like_id(identity):
        return None
    found = _get(client, client.in_project(f"{KINDS[kind]}/{identity}"))
    return None if found is None or found.get("removed") else found


def _get(client: Client, url: str) -> Resource | None:
    try:
        found: Resource = client.request("GET", url)
    except ApiError as exc:
        if exc.status in (403, 404, 405):
            return None
        raise
    return found


def _by_name(client: Client, name: str, kinds: Sequence[str]) -> Resource:
    found = [each for kind in kinds for each in client.list(client.in_project(KINDS[kind]), name=name)]
    if not found and "host" in kinds:
        found = list(client.list(client.in_project("hosts"), hostname=name))
    return _only(client, name, found, kinds)


def _within(client: Client, stack: str, name: str, kinds: Sequence[str]) -> Resource:
    parent = one(client, stack, ["stack"])
    inside = [kind for kind in kinds if kind in ("service", "container")]
    if not inside:
        raise NotFoundError(f"{stack}/{name} names something in a stack; a {_either(kinds)} is expected")
    found: list[Resource] = []
    for kind, link in (("service", "services"), ("container", "instances")):
        if kind in inside:
            found += client.list(parent["links"][link], name=name)
    if not found:
        links = ("services", "instances")
        names = [name_of(each) for link in links if link in parent["links"] for each in client.follow(parent, link)]
        raise NotFoundError.of(_either(inside), name, names, f" in stack {stack}")
    return _only(client, name, found, inside)


def _only(client: Client, name: str, found: list[Resource], kinds: Sequence[str]) -> Resource:
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(f"{kind_of(each)} {each['id']}" for each in found)
        raise CommandError(f"several are called {name}: {choices}; say which by its id, or as KIND/{name}")
    names = [name_of(each) for kind in kinds for each in client.list(client.in_project(KINDS[kind]))]
    raise NotFoundError.of(_either(kinds), name, names, f" in project {client.target.project}")


def _either(kinds: Sequence[str]) -> str:
    return " or ".join((", ".join(kinds[:-1]), kinds[-1])) if len(kinds) > 1 else "".join(kinds)
