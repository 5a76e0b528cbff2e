# SPDX-License-Identifier: Apache-2.0
"""The server's own certificate authority and its certificate.

The authority is made once and stays (agents and people pin it); the certificate is renewed when the names it must carry
change or its end comes near. ``server.json`` notes what the present files are for, so that a start with nothing to do
need not load the cryptography library.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from orca.store import files

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

CA_DAYS = 3650
SERVER_DAYS = 397
"""Longest life of a server certificate that common clients accept."""
RENEW_DAYS = 60


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The files of a TLS listener; clients trust ``ca_pem``, ``ca_sha256`` is the hash of its DER form (hex)."""

    certificate: Path
    key: Path
    ca_pem: str
    ca_sha256: str


class Note(msgspec.Struct):
    """The purpose of the present server certificate."""

    names: list[str]
    expires: float
    fingerprint: str


def ensure(directory: Path, names: list[str]) -> Identity:
    """The identity in ``directory``, made or renewed where needed, for these host names and addresses."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not all((directory / name).exists() for name in ("ca.crt", "ca.key")):
        make_authority(directory)
    authority = (directory / "ca.crt").read_text()
    fingerprint = der_sha256(authority)
    note = read_note(directory)
    wanted = sorted(set(names))
    if note is None or note.names != wanted or note.fingerprint != fingerprint or expires_soon(note):
        expires = issue(directory, wanted)
        files.put(directory / "server.json", msgspec.json.encode(Note(wanted, expires, fingerprint)), 0o644)
    return Identity(
        certificate=directory / "server.crt",
        key=directory / "server.key",
        ca_pem=authority,
        ca_sha256=fingerprint,
    )


def given(certificate: Path, key: Path) -> Identity:
    """The identity in the operator's files. The last certificate of the file is the authority that clients trust."""
    marker = "-----BEGIN CERTIFICATE-----"
    authority = marker + certificate.read_text().rpartition(marker)[2]
    return Identity(certificate=certificate, key=key, ca_pem=authority, ca_sha256=der_sha256(authority))


def der_sha256(pem: str) -> str:
    """The SHA-256 of the first certificate in PEM text, in hex: what agents compare before they trust it."""
    body = pem.split("-----BEGIN CERTIFICATE-----", 1)[1].split("-----END CERTIFICATE-----", 1)[0]
    return hashlib.sha256(base64.b64decode("".join(body.split()))).hexdigest()


def read_note(directory: Path) -> Note | None:
    """The note beside the certificate; None if the certificate must be made."""
    try:
        note = msgspec.json.decode((directory / "server.json").read_bytes(), type=Note)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    files_of_it = (directory / "server.crt", directory / "server.key")
    return note if all(path.exists() and path.stat().st_size for path in files_of_it) else None


def expires_soon(note: Note) -> bool:
    """True if it is time to renew."""
    return note.expires - time.time() < RENEW_DAYS * 86_400


def make_authority(directory: Path) -> None:
    """A new authority; its key never leaves this directory."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "orca server authority")])
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        builder(name, name, key, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    files.put(directory / "ca.key", private_pem(key), 0o600)
    files.put(directory / "ca.crt", public_pem(certificate), 0o644)


def issue(directory: Path, names: list[str]) -> float:
    """A new server certificate for these names; returns when it ends (seconds since the epoch)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    ca_key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    ca = x509.load_pem_x509_certificate((directory / "ca.crt").read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "orca server")])
    certificate = (
        builder(subject, ca.subject, key, SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName([alternative(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    files.put(directory / "server.key", private_pem(key), 0o600)
    files.put(directory / "server.crt", public_pem(certificate) + (directory / "ca.crt").read_bytes(), 0o644)
    return certificate.not_valid_after_utc.timestamp()


def builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    """The common part of all certificates. They begin an hour ago, because clocks of new hosts differ."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )


def alternative(name: str) -> x509.GeneralName:
    """A name as the certificate carries it: an address or a host name."""
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PEM, unencrypted: the file's mode protects it."""
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM)
