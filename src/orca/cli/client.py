# SPDX-License-Identifier: Apache-2.0
"""A client of the hypermedia API: it knows one address, everything else it learns from links and actions.

Protocol: the v1 wire format (Rancher 2015) in its ``/v2`` rendering, docs/architecture/clients.md.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import click
import httpx

from orca.cli import trust
from orca.cli.errors import ApiError, CommandError, DeadlineError, NoAnswerError, NotFoundError, UnreachableError
from orca.cli.target import Target, resolve

Resource = dict[str, Any]

VERSION = "v2"
PROJECT_ID = re.compile(r"1a[0-9]+")
REQUEST_TIMEOUT = 30.0  # seconds
POLL_INTERVAL = 0.25  # seconds between two requests about something in transition


class Client:
    """One authenticated connection pool to one server, working in one project."""

    def __init__(self, target: Target, timeout: float = REQUEST_TIMEOUT) -> None:
        self.target = target
        auth = (target.access_key, target.secret_key or "") if target.access_key else None
        # Loading the system's authorities takes a tenth of a second, which plain HTTP need not wait for.
        verify = trust.authorities(target.ca) if target.url.startswith("https:") else False
        self._http = httpx.Client(auth=auth, verify=verify, timeout=timeout)
        self._project_url: str | None = None

    @classmethod
    def of(cls, ctx: click.Context) -> Client:
        """The client of a command, from the global options; closed when the command ends."""
        client = cls(resolve(ctx.find_root().params))
        ctx.call_on_close(client.close)
        return client

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # -- requests -----------------------------------------------------------------------------------------------

    def request(self, method: str, url: str, body: Any = None, params: dict[str, Any] | None = None) -> Any:
        """Send one request and return the decoded document.

        ``url`` is a path below the server's address, or an absolute one that the server itself gave. Raises ApiError
        for an error document, NoAnswerError without an answer, another UnreachableError if the server is not to be
        trusted or refuses the key.
        """
        return decoded(self.send(method, url, body, params), self.target)

    def send(self, method: str, url: str, body: Any = None, params: dict[str, Any] | None = None) -> httpx.Response:
        """Send one request and return the response.

        Raises NoAnswerError without one, another UnreachableError if the server is not to be trusted.
        """
        absolute = self._absolute(url)
        try:
            return self._http.request(method, absolute, json=body, params=params)
        except httpx.TimeoutException as exc:
            raise NoAnswerError(f"{method} {absolute}: no answer within {self._http.timeout.read} s") from exc
        except httpx.TransportError as exc:
            raise trust.explained(exc, self.target.url, self.target.ca) from exc

    def _absolute(self, url: str) -> str:
        if "://" not in url:
            return f"{self.target.url}/{url.lstrip('/')}"
        if urlsplit(url)[:2] != urlsplit(self.target.url)[:2]:
            # A link is followed with the key attached, so it must lead to the server it came from.
            raise CommandError(f"the server links to {url}, which is not below {self.target.url}")
        return url

    def list(self, url: str, **filters: Any) -> Iterator[Resource]:
        """Every resource of a collection, page after page."""
        document = self.request("GET", url, params=filters or None)
        while True:
            yield from document["data"]
            following = (document.get("pagination") or {}).get("next")
            if not following:
                return
            document = self.request("GET", following)

    def find(self, plural: str, name: str) -> Resource | None:
        """The live resource of the project with that name, or None."""
        return next(iter(self.list(self.in_project(plural), name=name)), None)

    def follow(self, resource: Resource, link: str) -> Iterator[Resource]:
        """The collection behind a link of a resource."""
        return self.list(resource["links"][link])

    def act(self, resource: Resource, action: str, body: Any = None) -> Resource:
        """Call an action; an action that is not offered now is an error that says in which state the resource is."""
        url = resource.get("actions", {}).get(action)
        if url is None:
            offered = ", ".join(sorted(resource.get("actions", {}))) or "nothing"
            raise CommandError(
                f"{action} is not possible while {called(resource)} is {resource.get('state')} (possible: {offered})"
            )
        result: Resource = self.request("POST", url, body if body is not None else {})
        return result

    def act_on_all(self, plural: str, action: str, body: Any) -> Resource:
        """Call an action of a collection of the project. Raises CommandError where it is not offered to this key."""
        collection = self.request("GET", self.in_project(plural), params={"limit": 1})
        url = collection.get("actions", {}).get(action)
        if url is None:
            project = self.target.project
            raise CommandError(f"{action} is not offered in project {project}: the key may only look there")
        result: Resource = self.request("POST", url, body)
        return result

    def in_project(self, plural: str) -> str:
        """Address of a collection as the chosen project sees it."""
        if self._project_url is None:
            self._project_url = f"{VERSION}/projects/{self.project()['id']}"
        return f"{self._project_url}/{plural}"

    def project(self) -> Resource:
        """The chosen project, by its id or its name.

        The owner of a project can give it any name and make others its members. So an id is never taken for a name, and
        a name of several projects chooses none: a stack must not go to a stranger's project.
        """
        wanted, projects = self.target.project, f"{VERSION}/projects"
        if PROJECT_ID.fullmatch(wanted) and (found := self._by_id(wanted)) is not None:
            return found
        named = list(self.list(projects, name=wanted))
        if len(named) > 1:
            known = ", ".join(project["id"] for project in named)
            raise CommandError(f"{len(named)} projects are called {wanted} for this key: name one by its id ({known})")
        if named:
            return named[0]
        names = (str(project.get("name")) for project in self.list(projects))
        raise NotFoundError.of("project", wanted, names, " for this key")

    def _by_id(self, id: str) -> Resource | None:
        return next((project for project in self.list(f"{VERSION}/projects") if project["id"] == id), None)


def pause(deadline: float, what: str) -> None:
    """Sleep until the next request; raise DeadlineError with ``what`` once the deadline (monotonic seconds) has
    passed.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineError(what)
    time.sleep(min(POLL_INTERVAL, left))


def called(resource: Resource) -> str:
    """A resource's type and name for a message; what the API calls an environment is a stack."""
    type = "stack" if resource.get("type") == "environment" else resource.get("type")
    return f"{type} {resource.get('name') or resource.get('id')}"


def decoded(response: httpx.Response, target: Target) -> Any:
    """The document of an answer. Raises what ``Client.request`` raises."""
    request = f"{response.request.method} {response.request.url.path}"
    try:
        document = response.json() if response.content else None
    except ValueError as exc:
        raise UnreachableError(
            f"{request}: {response.status_code}, and the answer is not JSON; is this an orca server?"
        ) from exc
    if response.is_success:
        return document
    error = document if isinstance(document, dict) else {}
    if response.status_code == 401:
        raise UnreachableError(f"{target.url} refuses the key" if target.access_key else f"{target.url} wants a key")
    raise ApiError(
        request,
        response.status_code,
        str(error.get("code") or response.reason_phrase),
        error.get("message"),
        error.get("fieldName"),
        error.get("detail"),
    )
