# SPDX-License-Identifier: Apache-2.0
"""A certificate for balancers, read from PEM: whether its parts belong together, and its content.

The cryptography library is imported where it is used: most starts of the server need no certificate at all.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography import x509


MOST_BYTES = 15_000
"""Balancers take no more in one command."""


class BadCertificate(ValueError):
    """``field`` is the part that cannot be used; the message says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def read(cert: str, key: str, chain: str | None) -> dict[str, Any]:
    """Read a certificate into fields of the resource.

    Raises:
        BadCertificate: a part is not PEM, or does not belong to the others.
    """
    if len(f"{cert}{chain or ''}{key}".encode()) > MOST_BYTES:
        raise BadCertificate("cert", f"cert, certChain and key together have more than {MOST_BYTES} bytes")
    certificates = _certificates("cert", cert)
    if len(certificates) != 1:
        raise BadCertificate("cert", "cert must hold one certificate; those above it belong in certChain")
    (certificate,) = certificates
    _check_key(certificate, key)
    _check_chain(certificate, _certificates("certChain", chain) if chain and chain.strip() else [])
    return _facts(certificate)


def _certificates(field: str, pem: str) -> list[x509.Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise BadCertificate(field, f"{field} is not a certificate in PEM form") from None


def _check_key(certificate: x509.Certificate, pem: str) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise BadCertificate("key", "key is protected by a password: give it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadCertificate("key", "key is not a private key in PEM form") from None
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise BadCertificate("key", "key is not the key of this certificate")


def _check_chain(certificate: x509.Certificate, chain: list[x509.Certificate]) -> None:
    """Check that each certificate is issued by the next."""
    from cryptography.exceptions import InvalidSignature

    for issued, issuer in zip([certificate, *chain], chain, strict=False):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            name = issued.subject.rfc4514_string()
            raise BadCertificate("certChain", f"certChain: the next certificate did not issue {name}") from None


def _facts(certificate: x509.Certificate) -> dict[str, Any]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    common_names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        alternatives = [str(name.value) for name in names if isinstance(name, x509.DNSName | x509.IPAddress)]
    except x509.ExtensionNotFound:
        alternatives = []
    return {
        "CN": str(common_names[0].value) if common_names else None,
        "algorithm": _algorithm(certificate),
        "certFingerprint": certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        "expiresAt": _iso(certificate.not_valid_after_utc),
        "issuedAt": _iso(certificate.not_valid_before_utc),
        "issuer": certificate.issuer.rfc4514_string(),
        "keySize": getattr(certificate.public_key(), "key_size", None),
        "serialNumber": str(certificate.serial_number),
        "subjectAlternativeNames": alternatives,
        "version": str(certificate.version.value + 1),
    }


def _algorithm(certificate: x509.Certificate) -> str:
    """``SHA256withRSA``: the names that other tools use too."""
    signature = certificate.signature_hash_algorithm
    oid = certificate.signature_algorithm_oid
    from cryptography.x509.oid import SignatureAlgorithmOID

    name = next((name for name, known in vars(SignatureAlgorithmOID).items() if known == oid), oid.dotted_string)
    algorithm = name.partition("_WITH_")[0].replace("RSASSA_PSS", "RSA")
    return algorithm if signature is None else f"{signature.name.upper()}with{algorithm}"


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
