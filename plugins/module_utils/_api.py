# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to this collection: no stable interface for others.
"""A client of the server's hypermedia API: it knows one address, the rest it learns from links and actions.

It knows nothing of AnsibleModule: modules and the inventory plugin turn ``ApiError`` into their own kind of failure.
Protocol: docs/architecture/clients.md.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import time
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit

from ansible.module_utils.urls import open_url

VERSION = "v2"
DEFAULT_PROJECT = "Default"
DEFAULT_HOME = "~/.orca"
ID = re.compile(r"1a[0-9]+$")
POLL_INTERVAL = 0.3  # seconds between two looks at something in transition


class ApiError(Exception):
    """The server refused, did not answer, or did not finish in time. The text names the request and the reason."""

    def __init__(self, message, status=None, code=None, field=None):
        super().__init__(message)
        self.status, self.code, self.field = status, code, field

    def as_result(self):
        """Arguments for ``fail_json``."""
        return {"msg": str(self), "status": self.status, "code": self.code, "field": self.field}


class NoServer(ApiError):
    """No server is configured anywhere."""


class NoAnswer(ApiError):
    """Nothing answers at the server's address, as while the server restarts. ``sent``: it may have got the request."""

    def __init__(self, message, sent=True):
        super().__init__(message)
        self.sent = sent


class Target:
    """A server, the key to use and the project to work in. ``url`` has neither version nor final slash."""

    def __init__(self, url, access_key=None, secret_key=None, ca_path=None, project=DEFAULT_PROJECT, timeout=30):
        self.url, self.access_key, self.secret_key = url, access_key, secret_key
        self.ca_path, self.project, self.timeout = ca_path, project, timeout


def resolve(options, env=None):
    """The target that options ``api_*`` (a mapping; missing ones count as unset) and the environment describe.

    A key that was fetched together with one server's address is never sent to another address.
    Raises NoServer when no address is given anywhere, ApiError when what the role fetched cannot be read.
    """
    env = os.environ if env is None else env
    home = os.path.expanduser(options.get("api_home") or env.get("ORCA_HOME") or DEFAULT_HOME)
    url = _plain(options.get("api_url") or env.get("ORCA_URL"))
    fetched = _fetched(home)
    kept = fetched if url is None or fetched.get("url") == url else {}
    url = url or kept.get("url")
    if url is None:
        raise NoServer(f"no server is configured: set api_url or ORCA_URL, or let the role server fetch {home}/server")
    if urlsplit(url).scheme not in ("http", "https"):
        raise ApiError(f"api_url: {url} must begin with https:// or http://")
    authority = options.get("api_ca_path") or env.get("ORCA_CA") or kept.get("ca")
    if authority and not os.path.isfile(authority):
        raise ApiError(f"api_ca_path: there is no file {authority}")
    return Target(
        url,
        options.get("api_access_key") or env.get("ORCA_ACCESS_KEY") or kept.get("accessKey"),
        options.get("api_secret_key") or env.get("ORCA_SECRET_KEY") or kept.get("secretKey"),
        authority,
        options.get("api_project") or env.get("ORCA_PROJECT") or DEFAULT_PROJECT,
        options.get("api_timeout") or 30,
    )


def _fetched(home):
    """What role ``server`` left: the document ``admin.json``, with ``ca`` added when the authority lies beside it."""
    path = os.path.join(home, "server", "admin.json")
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        document["url"] = _plain(document["url"])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ApiError(f"cannot use {path}: {exc!r}") from exc
    authority = os.path.join(home, "server", "ca.pem")
    if os.path.exists(authority):
        document["ca"] = authority
    return document


def _plain(url):
    """An address as people paste it, reduced to scheme, host and port; None stays None."""
    if not url:
        return None
    url = url.rstrip("/")
    return url[:-3] if url.endswith(("/v1", "/v2")) else url


class ApiClient:
    """Requests to one server, in one project.

    ``deadline`` (monotonic seconds): until then, a server that has answered once may stop answering for a while. A
    server that restarts continues its work.
    """

    def __init__(self, target, opener=open_url):
        self.target = target
        self.deadline = None
        self._open = opener
        self._answered = False
        self._project_path = None

    def request(self, method, url, body=None, again=False):
        """Send one request and return the decoded document.

        ``url`` is a path below the server's address, or an absolute one from an answer. ``again``: it may arrive twice,
        as a GET always may. Raises ApiError: NoAnswer without an answer.
        """
        while True:
            try:
                document = self._send(method, url, body)
            except NoAnswer as exc:
                if self.deadline is None or not self._answered or (exc.sent and not (again or method == "GET")):
                    raise
                pause(self.deadline, f"{exc}; run the task again when the server is back")
            else:
                self._answered = True
                return document

    def _send(self, method, url, body):
        absolute = self._absolute(url)
        asked = f"{method} {urlsplit(absolute).path} at {self.target.url}"
        target = self.target
        try:
            with self._open(
                absolute,
                method=method,
                data=None if body is None else json.dumps(body),
                headers={"Accept": "application/json", "Content-Type": "application/json"},
                url_username=target.access_key,
                url_password=target.secret_key,
                force_basic_auth=bool(target.access_key),
                ca_path=target.ca_path,
                timeout=target.timeout,
                follow_redirects="none",
                http_agent="orca.platform",
            ) as answer:
                return _decoded(asked, answer.read())
        except HTTPError as exc:
            raise _refused(asked, exc) from exc
        except URLError as exc:
            if isinstance(exc.reason, ssl.SSLCertVerificationError):
                raise ApiError(f"{asked}: {exc.reason}{self._trusted()}") from exc
            raise NoAnswer(f"{asked}: {exc.reason}", sent=not isinstance(exc.reason, ConnectionRefusedError)) from exc
        except (RemoteDisconnected, IncompleteRead) as exc:
            raise NoAnswer(f"{asked}: the connection was cut ({exc!r})") from exc
        except HTTPException as exc:
            raise ApiError(f"{asked}: {exc!r}; is this an orca server?") from exc
        except ssl.SSLError as exc:  # before there is a connection: of one, it would be the reason of a URLError
            raise ApiError(f"{asked}: {exc}{self._trusted()}") from exc
        except OSError as exc:
            raise NoAnswer(f"{asked}: {exc}") from exc

    def _trusted(self):
        return f"; trusted is {self.target.ca_path or 'what the system trusts'}, see api_ca_path"

    def _absolute(self, url):
        if "://" not in url:
            return f"{self.target.url}/{url.lstrip('/')}"
        if urlsplit(url)[:2] != urlsplit(self.target.url)[:2]:
            # A link is followed with the key attached, so it must lead to the server it came from.
            raise ApiError(f"the server at {self.target.url} links to {url}, which is elsewhere")
        return url

    def list(self, url, **filters):
        """Every resource of a collection, page after page."""
        following = f"{url}?{urlencode(filters)}" if filters else url
        found = []
        while following:
            page = self.request("GET", following)
            if not isinstance(page, dict) or "data" not in page:
                raise ApiError(f"GET {following} at {self.target.url}: this is not a list; is this an orca server?")
            found.extend(page["data"])
            following = (page.get("pagination") or {}).get("next")
        return found

    def in_project(self, plural):
        """Path of a collection as the chosen project sees it."""
        if self._project_path is None:
            self._project_path = f"{VERSION}/projects/{self._project_id()}"
        return f"{self._project_path}/{plural}"

    def _project_id(self):
        """The id of the chosen project. An id is never taken for a name, and a name of several projects chooses none.

        The owner of a project can give it any name and make others its members.
        """
        wanted, known = self.target.project, []
        if ID.match(wanted):
            known = [project for project in self.list(f"{VERSION}/projects") if project["id"] == wanted]
        known = known or self.list(f"{VERSION}/projects", name=wanted)
        if not known:
            raise ApiError(f"there is no project named {wanted} for this key at {self.target.url}")
        if len(known) > 1:
            ids = ", ".join(project["id"] for project in known)
            raise ApiError(f"api_project: {len(known)} projects are called {wanted}: name one by its id ({ids})")
        return known[0]["id"]

    def find(self, plural, **filters):
        """The first live resource of the project that matches, or None."""
        return next(iter(self.list(self.in_project(plural), **filters)), None)

    def create(self, plural, **fields):
        """Create a resource in the project and return it, usually still in transition."""
        return self.request("POST", self.in_project(plural), fields)

    def reload(self, resource):
        """The resource as it is now."""
        return self.request("GET", resource["links"]["self"])

    def update(self, resource, **fields):
        """Change fields of a resource and return it."""
        return self.request("PUT", resource["links"]["self"], fields)

    def act(self, resource, action, **body):
        """Call an action of a resource. One that is not offered now is an error that names the state."""
        url = resource.get("actions", {}).get(action)
        if url is None:
            raise ApiError(f"{action} is not possible while {called(resource)} is {resource.get('state')}")
        return self.request("POST", url, body)

    def act_on_all(self, plural, action, body, again=False):
        """Call an action of a collection of the project. One that is not offered to this key is an error."""
        collection = self.request("GET", f"{self.in_project(plural)}?limit=1")
        url = (collection.get("actions") or {}).get(action)
        if url is None:
            raise ApiError(f"{action} is not offered in project {self.target.project}: the key may only look there")
        return self.request("POST", url, body, again=again)

    def remove(self, resource):
        """Ask for the removal of a resource."""
        return self.request("DELETE", resource["links"]["self"])

    def wait_settled(self, resource, deadline):
        """The resource once nothing is under way. Raises ApiError when that ended in an error, or at the deadline."""
        while resource.get("transitioning") == "yes":
            pause(deadline, f"{called(resource)} is still {resource['state']}: {resource.get('transitioningMessage')}")
            resource = self.reload(resource)
        if resource.get("transitioning") == "error":
            raise ApiError(f"{called(resource)} is {resource['state']}: {resource.get('transitioningMessage')}")
        return resource

    def wait_gone(self, resource, deadline):
        """Return once a resource is removed. Raises ApiError when its removal failed, or at the deadline."""
        while not (resource.get("removed") or resource["state"] in ("removed", "purging", "purged")):
            if resource.get("transitioning") == "error":
                raise ApiError(f"{called(resource)} was not removed: {resource.get('transitioningMessage')}")
            pause(deadline, f"{called(resource)} is still {resource['state']}: {resource.get('transitioningMessage')}")
            try:
                resource = self.reload(resource)
            except ApiError as exc:
                if exc.status == 404:
                    return
                raise


def spelled(value):
    """A value of YAML as the API, whose values are text, spells it: true and not True, nothing for null."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def called(resource):
    """How messages name a resource."""
    return f"{resource.get('type')} {resource.get('name') or resource.get('hostname') or resource.get('id')}"


def pause(deadline, what):
    """Sleep until the next look; raise ApiError with ``what`` once the deadline (monotonic seconds) has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise ApiError(f"timed out: {what}")
    time.sleep(min(POLL_INTERVAL, left))


def _decoded(asked, text):
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as exc:
        raise ApiError(f"{asked}: the answer is not JSON; is this an orca server?") from exc


def _refused(asked, answer):
    """The error of a 4xx or 5xx answer, with what its error document says."""
    try:
        document = json.loads(answer.read())
    except ValueError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    code = document.get("code") or answer.reason
    text = f"{asked}: {answer.code} {code}"
    if document.get("fieldName"):
        text += f" (field {document['fieldName']})"
    for part in (document.get("message"), document.get("detail")):
        if part and part != code:
            text += f": {part}"
    return ApiError(text, answer.code, code, document.get("fieldName"))
