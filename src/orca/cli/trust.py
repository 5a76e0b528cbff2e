# SPDX-License-Identifier: Apache-2.0
"""Which authorities a connection trusts: the system's, or one that a person has compared by fingerprint."""

from __future__ import annotations

import hashlib
import hmac
import re
import ssl
from functools import cache
from pathlib import Path

from orca.cli.errors import NoAnswerError, UnreachableError

FETCH_TIMEOUT = 15.0  # seconds


@cache
def authorities(ca: str | None) -> ssl.SSLContext:
    """The context of every connection. Raises UnreachableError when the file cannot be used."""
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as exc:
        raise UnreachableError(f"cannot read the certificate authority {ca}: {exc}") from exc


def explained(error: BaseException, url: str, ca: str | None) -> UnreachableError:
    """Explain a failed connection: NoAnswerError, or an error that says what to do about a certificate."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return NoAnswerError(f"{url} does not answer ({error}): start the server, or name another one with --url")
    if "mismatch" in cause.verify_message or "not valid for" in cause.verify_message:
        return UnreachableError(f"{url}: the certificate is for another name: {cause.verify_message}")
    trusted = f"the authority in {ca}" if ca else "the system's authorities"
    return UnreachableError(
        f"{url}: its certificate is not from {trusted} ({cause.verify_message}); "
        "name the right one with --ca FILE, or pin it with `orca login --ca-fingerprint SHA256`"
    )


def fetch_authority(url: str) -> str:
    """Fetch the authority that the server offers, in PEM, without trusting it: compare its fingerprint."""
    import httpx

    try:
        response = httpx.get(f"{url}/v1/scripts/ca.crt", verify=False, timeout=FETCH_TIMEOUT)  # noqa: S501
    except httpx.TransportError as exc:
        raise explained(exc, url, None) from exc
    if response.status_code != 200 or "BEGIN CERTIFICATE" not in response.text:
        raise UnreachableError(f"{url} offers no certificate authority; is this an orca server?")
    return response.text


def fingerprint(pem: str) -> str:
    """SHA-256 of a certificate's DER form, as ``openssl x509 -fingerprint -sha256`` shows it."""
    try:
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip())).hexdigest().upper()
    except ValueError as exc:
        raise UnreachableError(f"the server's certificate authority cannot be read: {exc}") from exc
    return ":".join(re.findall("..", digest))


def check(pem: str, wanted: str, url: str) -> None:
    """Raise UnreachableError unless the certificate has the wanted fingerprint, with or without colons."""
    found = fingerprint(pem)
    if not hmac.compare_digest(found.replace(":", ""), wanted.replace(":", "").strip().upper()):
        raise UnreachableError(
            f"{url} offers an authority with the fingerprint {found}, not {wanted}: it is not trusted"
        )


def keep(directory: Path, name: str, pem: str) -> str:
    """Write an authority to the folder of remembered ones; returns the path."""
    folder = directory / "authorities"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.pem"
    path.write_text(pem)
    return str(path)
