# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources and requests of the API, as cases write them."""

from __future__ import annotations

from typing import Any

from harness.conversation import KEYS, SERVER, Call, api

Json = dict[str, Any]
PROJECT = "/v2/projects/1a5"
ACCESS = {"api_url": SERVER, "api_access_key": KEYS[0], "api_secret_key": KEYS[1], "api_home": "{root}/home"}
"""Options of every module that talks to the server."""


def row(type: str, id: str, plural: str | None = None, **fields: Any) -> Json:
    """A resource that is active, unless `fields` say otherwise; `actions` names those that are offered."""
    path = f"{SERVER}{PROJECT}/{plural or type.lower() + 's'}/{id}"
    actions = {action: f"{path}?action={action}" for action in fields.pop("actions", ())}
    links = {"self": path, **fields.pop("links", {})}
    about = {"id": id, "type": type, "state": "active", "transitioning": "no", "transitioningMessage": None}
    return {**about, "links": links, "actions": actions, **fields}


def listed(*rows: Json, **more: Any) -> Json:
    """A collection with these resources."""
    return {"type": "collection", "data": list(rows), "pagination": {"next": None}, **more}


def refusal(status: int, code: str, **more: Any) -> Json:
    """An error document."""
    return {"type": "error", "status": status, "code": code, **more}


def chosen() -> Call:
    """The request by which the project is found."""
    return api("GET", "/v2/projects?name=Default", listed({"id": "1a5", "name": "Default"}))
