# SPDX-License-Identifier: Apache-2.0
"""Turn a registration URL into credentials (docs/architecture/wire.md).

The order matters. The agent fetches the server's CA without trust and compares it with the expected hash *before* it
sends the token or any other secret. From then on it trusts only that CA.
"""

import base64
import hashlib
import http.client
import json
import shlex
import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from ..wire.loopback import is_loopback
from .errors import RegistrationError, Unreachable
from .identity import Credentials
from .trust import trust_only

TIMEOUT = 10.0
POLL_SECONDS = 0.25
MAX_BODY = 1 << 20

_FOREIGN = "the answer is not a JSON object: is this the address of an orca server?"


@dataclass(frozen=True, slots=True)
class Registration:
    """The result of ``register``: the credentials and the CA (PEM; empty for plain HTTP on the loopback)."""

    credentials: Credentials
    ca_pem: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status code and body."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object.

        Raises:
            RegistrationError: it is none.
        """
        try:
            document = json.loads(self.body)
        except ValueError as error:
            raise RegistrationError(_FOREIGN) from error
        if not isinstance(document, dict):
            raise RegistrationError(_FOREIGN)
        return document

    def reason(self) -> str:
        """Return the API's own words for what went wrong."""
        try:
            document = json.loads(self.body)
            return str(document.get("message") or document.get("code") or self.status)
        except (ValueError, AttributeError):
            return f"HTTP status {self.status}"


def fetch(url: str, *, context: ssl.SSLContext | None, method: str = "GET", auth: str = "", body: Any = None) -> Answer:
    """Make one HTTP request.

    Args:
        url: where; its scheme decides on TLS.
        context: which authorities to trust (https only).
        method: the HTTP method.
        auth: ``user:password`` for Basic authentication.
        body: sent as JSON unless None.

    Raises:
        RegistrationError: the server's certificate is not acceptable.
        Unreachable: no answer.
    """
    parts = urlsplit(url)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=TIMEOUT, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    headers = {"Accept": "application/json, text/plain, */*"}
    if auth:
        headers["Authorization"] = "Basic " + base64.b64encode(auth.encode()).decode()
    if body is not None:
        headers["Content-Type"] = "application/json"
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target or "/", None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return Answer(response.status, response.read(MAX_BODY))
    except ssl.SSLCertVerificationError as error:
        raise RegistrationError(
            f"the server at {parts.netloc} shows a certificate that is not valid for it: {error.verify_message}"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{parts.scheme}://{parts.netloc} is not accessible: {error}") from error
    finally:
        connection.close()


def fetch_pinned_ca(base: str, ca_sha256: str) -> str:
    """Fetch the CA certificate of the server at ``base`` and return it (PEM) if it has the expected hash.

    Raises:
        RegistrationError: another CA, or no certificate at all, is served there.
        Unreachable: no answer.
    """
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE  # trust rests on the hash below
    answer = fetch(f"{base}/v1/scripts/ca.crt", context=blind)
    if answer.status != 200:
        raise RegistrationError(f"{base} does not give its CA certificate: {answer.reason()}")
    try:
        pem = answer.body.decode("ascii")
        found = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    except ValueError as error:
        raise RegistrationError(f"{base}/v1/scripts/ca.crt is not a certificate: is this an orca server?") from error
    if found != ca_sha256:
        raise RegistrationError(
            f"the server at {base} is not the expected one: its CA has SHA-256 {found} and not "
            f"{ca_sha256}. Nothing was sent to it"
        )
    return pem


def parse_settings(script: str) -> dict[str, str]:
    """Return the ``export NAME="value"`` lines of a registration script without running it."""
    settings: dict[str, str] = {}
    for line in script.splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue  # not an assignment; the caller says what is missing
        for word in words:
            name, equals, value = word.partition("=")
            if equals and name.isidentifier():
                settings[name] = value
    return settings


def register(registration_url: str, ca_sha256: str, key: str, *, timeout: float = 60.0) -> Registration:
    """Register this host and return its credentials; the same ``key`` gives the same host.

    Args:
        registration_url: ``https://server:port/v1/scripts/<token>``, optionally with ``#<CA's SHA-256>``.
        ca_sha256: hex SHA-256 of the DER form of the server's CA certificate (colons and upper case are fine); a
            fragment of the URL, which never goes on the wire, takes precedence.
        key: this host's uuid.
        timeout: seconds to wait for the server to make the credentials.

    Raises:
        RegistrationError: wrong URL, hash, name or token; nothing secret was sent before the CA was verified.
        Unreachable: no answer.
    """
    parts = _checked(registration_url)
    base = f"{parts.scheme}://{parts.netloc}"
    pin = (parts.fragment or ca_sha256).replace(":", "").strip().lower()
    ca_pem, context = "", None
    if parts.scheme == "https":
        if len(pin) != 64:
            raise RegistrationError(
                "the SHA-256 of the server's CA is needed to register over https (ORCA_CA_SHA256, 64 digits)"
            )
        ca_pem = fetch_pinned_ca(base, pin)
        context = trust_only(ca_pem)

    answer = fetch(registration_url, context=context)
    if answer.status != 200:
        raise RegistrationError(f"the registration token is not accepted: {answer.reason()}")
    settings = parse_settings(answer.body.decode("utf-8", "replace"))
    try:
        auth = f"{settings['CATTLE_REGISTRATION_ACCESS_KEY']}:{settings['CATTLE_REGISTRATION_SECRET_KEY']}"
        url = settings["CATTLE_URL"].rstrip("/")
    except KeyError as error:
        raise RegistrationError(f"the registration script does not say {error.args[0]}") from error
    if url.startswith("http://") and not is_loopback(urlsplit(url).hostname or ""):
        raise RegistrationError(f"the server names {url} as its address: plain http is accepted on the loopback only")

    answer = fetch(f"{url}/register", context=context, method="POST", auth=auth, body={"key": key})
    if answer.status not in (200, 201, 202):
        raise RegistrationError(f"the server refuses to register this host: {answer.reason()}")
    deadline = time.monotonic() + timeout
    query = f"{url}/register?{urlencode({'key': key})}"
    while time.monotonic() < deadline:
        answer = fetch(query, context=context, auth=auth)
        if answer.status != 200:
            raise RegistrationError(f"the server refuses to register this host: {answer.reason()}")
        for row in answer.json().get("data", []):
            if row.get("accessKey") and row.get("secretKey"):
                return Registration(Credentials(url, row["accessKey"], row["secretKey"], pin if ca_pem else ""), ca_pem)
        time.sleep(POLL_SECONDS)
    raise Unreachable(f"{base} registered this host but gave no credentials within {timeout:.0f} s")


def _checked(url: str) -> SplitResult:
    """Return the parts of a registration URL, or say what is wrong with it."""
    try:
        parts = urlsplit(url)
        port_ok = parts.port is None or parts.port > 0
    except ValueError as error:
        raise RegistrationError(f"the registration URL is not a URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_ok or "/v1/scripts/" not in parts.path:
        raise RegistrationError("the registration URL must look like https://server:port/v1/scripts/TOKEN")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise RegistrationError("the registration URL must begin with https:// (http is for the loopback only)")
    return parts
