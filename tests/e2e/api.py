# SPDX-License-Identifier: Apache-2.0
"""A client that knows v1 as a newcomer would: follow links, call actions, wait while `transitioning` is yes."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import httpx
from waiting import until

Json = dict[str, Any]


class ApiError(AssertionError):
    """An error answer: its body is in `body`."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status} {json.dumps(body)}")
        self.status, self.body = status, body


class Api:
    """The API of a server, as the holder of a key sees it."""

    def __init__(
        self, url: str, access_key: str, secret_key: str, ca: Path, version: str = "v1", *, check_name: bool = True
    ) -> None:
        self.base = f"{url.rstrip('/')}/{version}"
        context = ssl.create_default_context(cafile=str(ca))
        context.check_hostname = check_name
        self.http = httpx.Client(auth=(access_key, secret_key), verify=context, timeout=30)

    def call(self, method: str, url: str, **kwargs: Any) -> Json:
        """One request; a path is below the version's root. Raises ApiError for 4xx and 5xx, OSError if unanswered."""
        try:
            answer = self.http.request(method, url if url.startswith("http") else f"{self.base}/{url}", **kwargs)
        except httpx.TransportError as error:
            raise ConnectionError(f"{method} {url}: {error}") from error
        body: Json = answer.json() if answer.content else {}
        if answer.status_code >= 400:
            raise ApiError(answer.status_code, body)
        return body

    def get(self, path: str, **params: Any) -> Json:
        return self.call("GET", path, params=params or None)

    def list(self, plural: str, **filters: Any) -> list[Json]:
        """Every row, page by page."""
        page = self.get(plural, **filters)
        rows: list[Json] = page["data"]
        while (page.get("pagination") or {}).get("next"):
            page = self.call("GET", page["pagination"]["next"])
            rows += page["data"]
        return rows

    def create(self, plural: str, **body: Any) -> Json:
        return self.call("POST", plural, json=body)

    def action(self, resource: Json, name: str, **body: Any) -> Json:
        return self.call("POST", resource["actions"][name], json=body)

    def reload(self, resource: Json) -> Json:
        return self.call("GET", resource["links"]["self"])

    def delete(self, resource: Json) -> Json:
        return self.call("DELETE", resource["links"]["self"])

    def remove(self, resource: Json, within: float = 60) -> Json:
        """Remove and wait for the state `removed`."""
        self.delete(resource)
        return until(
            lambda: (r := self.reload(resource))["state"] in ("removed", "purged") and r,
            within,
            f"removal of {resource['id']}",
        )

    def settled(self, resource: Json, within: float = 120) -> Json:
        """The resource once nothing is under way; raises with its message when that ended in an error."""
        now = until(
            lambda: (r := self.reload(resource))["transitioning"] != "yes" and r,
            within,
            f"{resource['type']} {resource.get('name')}",
        )
        if now["transitioning"] == "error":
            raise ApiError(200, now)
        return now
