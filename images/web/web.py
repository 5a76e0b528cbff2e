# SPDX-License-Identifier: GPL-3.0-or-later
"""A page that counts its visits in memcached, found under the name it is linked by.

Environment: PORT (default 80), MEMCACHED (`host:port`, default `memcached:11211`).
`GET /` answers `visit N, answered by HOST` and 503 with the reason while memcached cannot be reached; `GET /health`
answers 200 whenever the process serves.
"""

import http.server
import os
import signal
import socket
import sys

TIMEOUT = 2.0  # seconds for memcached to answer
KEY = b"visits"


class CacheError(Exception):
    """Memcached cannot be reached, or answers what its text protocol does not allow."""


def command(address, line):
    """Send one line of memcached's text protocol to `(host, port)` and return the line it answers."""
    try:
        with socket.create_connection(address, timeout=TIMEOUT) as connection:
            connection.sendall(line + b"\r\n")
            with connection.makefile("rb") as answers:
                return answers.readline().rstrip(b"\r\n")
    except OSError as exc:
        raise CacheError(f"memcached at {address[0]}:{address[1]}: {exc}") from exc


def count_visit(address):
    """Add one to the counter and return it. The name is looked up each time: containers come and go."""
    for _ in range(3):
        answer = command(address, b"incr " + KEY + b" 1")
        if answer.isdigit():
            return int(answer)
        if answer != b"NOT_FOUND":
            break
        # `add` loses against another copy of this page that was faster; then `incr` finds the counter.
        if command(address, b"add " + KEY + b" 0 0 1\r\n1") == b"STORED":
            return 1
    raise CacheError(f"memcached answers {answer.decode(errors='replace')!r}")


class Page(http.server.BaseHTTPRequestHandler):
    """Answers one connection."""

    address = ("memcached", 11211)

    def do_GET(self):
        if self.path == "/health":
            self.reply(200, "ok")
            return
        try:
            visits = count_visit(self.address)
        except CacheError as exc:
            self.reply(503, f"{exc}")
            return
        self.reply(200, f"visit {visits}, answered by {socket.gethostname()}")

    def reply(self, status, text):
        body = (text + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    host, _, port = os.environ.get("MEMCACHED", "memcached:11211").partition(":")
    Page.address = (host, int(port or 11211))
    # As process 1 it gets no default reaction to SIGTERM, and `docker stop` would wait for its timeout.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    http.server.ThreadingHTTPServer(("", int(os.environ.get("PORT", "80"))), Page).serve_forever()


if __name__ == "__main__":
    main()
