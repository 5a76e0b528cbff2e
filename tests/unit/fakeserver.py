# SPDX-License-Identifier: Apache-2.0
"""An API server in a thread that speaks the wire format and acts out what a test tells it: no store, no engine."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
Run = Callable[..., tuple[int, str, str]]  # a command line: arguments to exit code, standard output, standard error

KEYS = ("access", "secret")
PROJECT = "/v2/projects/1a5"


class Refused(Exception):
    """Answer with an error document."""

    def __init__(self, status: int, code: str, **more: Any) -> None:
        super().__init__(code)
        self.status, self.document = status, {"type": "error", "status": status, "code": code, **more}


PLAN: Json = {"type": "stackPlan", "needs": None, "changed": True, "lines": [], "warnings": [], "hash": "h"}
"""A plan of a stack, which tests complete."""


class FakeServer:
    """Resources by plural and id. A resource in transition takes its next state from `script` when it is read.

    `plans`: what the action `plan` answers, one after another, the last again and again. The action `apply` is refused
    unless it brings the hash of the last, and gives the stack of that name.
    """

    def __init__(self) -> None:
        self.url = ""
        self.rows: dict[str, dict[str, Json]] = {"projects": {}}
        self.script: dict[str, list[Json]] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.refuse: Refused | None = None
        self.silent: list[str] = []
        """Methods of the next requests that get no answer, as while a real server is restarted."""
        self.plans: list[Json] = []
        self.page_size = 100
        self.add("projects", "1a5", name="Default", type="project")

    def add(self, plural: str, identity: str, **fields: Any) -> Json:
        row = {"id": identity, "state": "active", "transitioning": "no", "removed": None, "actions": {}, **fields}
        row.setdefault("type", plural[:-1])
        row["links"] = {"self": f"{{url}}{PROJECT}/{plural}/{identity}", **row.get("links", {})}
        self.rows.setdefault(plural, {})[identity] = row
        return row

    def changes(self) -> list[tuple[str, str, Any]]:
        """The requests other than GET: method, path below the project, body."""
        return [request for request in self.requests if request[0] != "GET"]

    def answer(self, method: str, path: str, query: Json, body: Any) -> tuple[int, Any]:
        self.requests.append(
            (method, path.removeprefix(PROJECT + "/") + (f"?{query['action']}" if "action" in query else ""), body)
        )
        if self.refuse is not None and method != "GET":
            raise self.refuse
        parts = path.removeprefix(PROJECT).removeprefix("/v2").strip("/").split("/")
        if method == "POST" and "action" in query and len(parts) == 1:
            return self.planned(parts[0], query["action"], body)
        if method == "POST" and "action" in query:
            row = self.rows[parts[0]][parts[1]]
            row.update(self.script.get(f"{parts[1]} {query['action']}", [{}])[0])
            return 202, row
        if method == "POST":
            return 201, self.add(
                parts[0], f"1x{len(self.rows.get(parts[0], {})) + 1}", **{**body, **self.created(parts[0])}
            )
        if len(parts) == 1:
            return 200, self.collection(path, query, self.rows.get(parts[0], {}).values())
        if len(parts) == 3:
            return 200, self.collection(
                path, query, [r for r in self.rows.get(parts[2], {}).values() if r.get("environmentId") == parts[1]]
            )
        row = self.rows.get(parts[0], {}).get(parts[1])
        if row is None:
            raise Refused(404, "Not Found")
        if method == "PUT":
            row.update(body)
        elif method == "DELETE":
            row.update(state="removing", transitioning="yes")
        elif self.script.get(parts[1]):
            row.update(self.script[parts[1]].pop(0))
        return 200, row

    def planned(self, plural: str, action: str, body: Json) -> tuple[int, Json]:
        if action == "plan":
            return 200, self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]
        if body["hash"] != self.plans[-1]["hash"]:
            raise Refused(409, "PlanChanged", fieldName="hash")
        rows = self.rows.get(plural, {}).values()
        found = next((row for row in rows if row["name"] == body["name"]), None)
        return 202, found or self.add(plural, "1x1", name=body["name"], **self.created(plural))

    def created(self, plural: str) -> Json:
        return (self.script.get(f"new {plural}") or [{}])[0]

    def collection(self, path: str, query: Json, rows: Any) -> Json:
        live = [row for row in rows if row["state"] != "removed"]
        found = [row for row in live if all(row.get(key) == value for key, value in query.items() if key in row)]
        start = int(query.get("marker", "m0")[1:])
        page, rest = found[start : start + self.page_size], found[start + self.page_size :]
        for row in page:
            if self.script.get(row["id"]):
                row.update(self.script[row["id"]].pop(0))
        following = f"{{url}}{path}?marker=m{start + self.page_size}" if rest else None
        actions = {name: f"{{url}}{path}?action={name}" for name in ("plan", "apply")}
        return {"type": "collection", "data": page, "pagination": {"next": following}, "actions": actions}


@contextmanager
def running(server: FakeServer) -> Iterator[FakeServer]:
    """Serve on a free loopback port until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            address = urlsplit(self.path)
            query = {key: values[-1] for key, values in parse_qs(address.query).items()}
            wanted = "Basic " + base64.b64encode(":".join(KEYS).encode()).decode()
            if self.command in server.silent:
                server.silent.remove(self.command)
                self.close_connection = True
                return
            try:
                if self.headers.get("Authorization") != wanted:
                    raise Refused(401, "Unauthorized")
                status, document = server.answer(self.command, address.path, query, body)
            except Refused as refused:
                status, document = refused.status, refused.document
            text = json.dumps(document).replace("{url}", server.url).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: a failing test shows the recorded requests."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
