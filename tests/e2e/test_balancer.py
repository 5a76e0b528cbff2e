# SPDX-License-Identifier: Apache-2.0
"""A balancer on real hosts: it chooses by host and path, ends TLS, and loses no request while targets come and go."""

from __future__ import annotations

import datetime
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lab import Container, Lab, Stack
from machine import Machine, sh
from waiting import until

PLAIN, SECURE = 18080, 18443
NAME = "shop.example"
# Answers who it is, whom it sees and what was asked for; it says that it is ill once /tmp/ill is there.
PAGE = """
import http.server as h, os, signal, socket, sys
class Page(h.BaseHTTPRequestHandler):
  protocol_version = 'HTTP/1.1'
  def do_GET(self):
    ill = self.path == '/health' and os.path.exists('/tmp/ill')
    text = ' '.join([socket.gethostname(), self.headers.get('X-Forwarded-For', '-'), self.path]).encode()
    self.send_response(500 if ill else 200)
    self.send_header('Content-Length', str(len(text)))
    self.end_headers()
    self.wfile.write(text)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
h.ThreadingHTTPServer(('', 8080), Page).serve_forever()
"""
COMMAND = 'command: [python3, -u, -c, "' + PAGE.strip().replace("\n", "\\n") + '"]'
COMPOSE = f"""
web:
  image: {{probe}}
  {COMMAND}
  labels: {{{{io.orca.drain.seconds: "5"}}}}
admin:
  image: {{probe}}
  {COMMAND}
edge:
  image: rancher/load-balancer-service
  ports: ["{PLAIN}:8080", "{SECURE}:8080"]
  links: [web, admin]
  labels:
    io.rancher.loadbalancer.ssl.ports: "{SECURE}"
    io.rancher.loadbalancer.target.admin: "admin.example=8080,/admin=8080"
"""
RANCHER = """
web:
  scale: 2
  health_check:
    {port: 8080, request_line: GET /health HTTP/1.0, interval: 500, response_timeout: 500, unhealthy_threshold: 2,
     healthy_threshold: 1, strategy: none}
edge: {default_cert: shop}
"""


def ask(machine: Machine, path: str = "/", host: str = "any.example", context: ssl.SSLContext | None = None) -> str:
    """What the balancer on a machine answers to one request on a connection of its own. Raises OSError but for 200."""
    raw = socket.create_connection((machine.address, PLAIN if context is None else SECURE), timeout=10)
    with raw if context is None else context.wrap_socket(raw, server_hostname=NAME) as connection:
        asked = http.client.HTTPConnection(host)
        asked.sock = connection
        asked.request("GET", path, headers={"Host": host})
        answer = asked.getresponse()
        text = answer.read().decode()
    if answer.status != 200:
        raise OSError(f"{answer.status} {text}")
    return text


def answering(machine: Machine, path: str = "/", host: str = "any.example", times: int = 12) -> set[str]:
    """The host names of those who answer."""
    return {ask(machine, path, host).split()[0] for _ in range(times)}


def hostnames(containers: list[Container]) -> set[str]:
    return {container.run("hostname").strip() for container in containers}


@contextmanager
def certificate(lab: Lab) -> Iterator[str]:
    """A certificate of the project that names `NAME`; gives it in PEM form."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    row = lab.api.create("certificates", name="shop", cert=pem, key=key.private_bytes(*form).decode())
    try:
        lab.api.settled(row)
        yield pem
    finally:
        lab.api.remove(row)


class Clients:
    """Two who ask again and again, and remember what went wrong: one keeps its connection, one does not."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.answers = 0
        self.failures: list[str] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(kept,)) for kept in (True, False)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, kept: bool) -> None:
        connection = http.client.HTTPConnection(self.machine.address, PLAIN, timeout=10)
        while not self._over.is_set():
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                text = answer.read()
                self.answers += 1
                if answer.status != 200:
                    self.failures.append(f"{answer.status} {text!r}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
            if not kept:
                connection.close()
        connection.close()


def test_requests_reach_targets_and_none_is_lost(lab: Lab, tmp_path: Path) -> None:
    with certificate(lab) as pem, lab.stack("balanced", COMPOSE, RANCHER) as stack:
        (edge,) = stack.containers("edge")
        webs, (admin,) = stack.containers("web"), stack.containers("admin")
        assert len({web.machine.name for web in webs}) == 2, "the targets are spread over hosts"
        names = hostnames(webs)
        until(lambda: answering(edge.machine) == names, 20, "both targets answer through the published port")
        gateway = sh("docker", "network", "inspect", lab.network, "-f", "{{(index .IPAM.Config 0).Gateway}}").stdout
        assert ask(edge.machine).split()[1] == gateway.strip(), "targets see the client's address"

        by_rule = hostnames([admin])
        assert answering(edge.machine, host="admin.example") == by_rule
        assert answering(edge.machine, path="/admin/x") == by_rule
        assert answering(edge.machine, path="/other") == names

        (tmp_path / "ca.pem").write_text(pem)
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        assert ask(edge.machine, context=context).split()[0] in names

        _an_unhealthy_target_leaves(edge, webs)
        _none_is_lost(lab, stack, edge)


def _an_unhealthy_target_leaves(edge: Container, webs: list[Container]) -> None:
    ill, well = webs
    ill.run("touch", "/tmp/ill")
    until(lambda: answering(edge.machine) == hostnames([well]), 10, "the unhealthy one gets no request")
    ill.run("rm", "/tmp/ill")
    until(lambda: answering(edge.machine) == hostnames(webs), 10, "it is back when it is well")


def _none_is_lost(lab: Lab, stack: Stack, edge: Container) -> None:
    (service,) = [row for row in stack.services() if row["name"] == "web"]
    with Clients(edge.machine) as clients:
        for scale in (1, 3, 1):
            lab.api.call("PUT", service["links"]["self"], json={"scale": scale})
            until(lambda scale=scale: _has(stack, scale), 60, f"scale {scale}")
            before = clients.answers
            until(lambda before=before: clients.answers > before + 50, 20, "requests go on")
    assert clients.failures == []


def _has(stack: Stack, scale: int) -> bool:
    """Whether the service has so many containers, and no other that is still there."""
    return [row["state"] for row in stack.instances("web")] == ["running"] * scale
