# SPDX-License-Identifier: Apache-2.0
"""A Docker engine on a unix socket that speaks some versions of the API and refuses others, in the real ones' words.

It stands for engines that cannot be had here: 29 refuses clients below 1.44.
"""

import contextlib
import http.server
import json
import socketserver
import threading


class FakeEngine:
    """``newest`` and ``oldest`` are versions of the API; ``asked`` are the paths of all requests.

    ``firewall`` is the driver of its rules, which is shown from API 1.49 on.
    """

    def __init__(self, newest="1.41", oldest="1.12", firewall="iptables"):
        self.newest, self.oldest, self.firewall, self.asked = newest, oldest, firewall, []

    @contextlib.contextmanager
    def serving(self, path):
        with socketserver.ThreadingUnixStreamServer(str(path), _handler(self)) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


def _number(version):
    return tuple(map(int, version.split(".")))


def _handler(engine):
    class Handler(http.server.BaseHTTPRequestHandler):
        def address_string(self):
            return "unix"

        def log_message(self, *arguments):
            pass

        def answer(self, status, document, length=0):
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Api-Version", engine.newest)
            if length is not None:
                self.send_header("Content-Length", str(len(body) + length))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            engine.asked.append(self.path)
            if self.path == "/_ping":
                self.answer(200, b"OK")
                return
            if self.path == "/info":
                shown = _number(engine.newest) >= (1, 49)
                self.answer(200, {"FirewallBackend": {"Driver": engine.firewall}} if shown else {})
                return
            version, _slash, path = self.path.removeprefix("/v").partition("/")
            if _number(version) < _number(engine.oldest):
                text = f"client version {version} is too old. Minimum supported API version is {engine.oldest}, please"
                self.answer(400, {"message": text + " upgrade your client to a newer version"})
            elif path == "networks/orca":
                self.answer(200, {"Name": "orca"})
            elif path.startswith("networks/cut"):
                self.answer(200, {"Name": "orca"}, length=1)
            elif path.startswith("events"):
                self.answer(200, b'{"Action":"start"}\n\n{"Action":"die"}\n', length=None)
            elif path.startswith("images/create"):
                self.answer(200, b'{"status":"Pulling"}\n{"error":"manifest unknown"}\n')
            else:
                self.answer(404, {"message": "no such thing"})

        do_POST = do_DELETE = do_GET

    return Handler
