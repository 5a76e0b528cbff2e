# SPDX-License-Identifier: Apache-2.0
"""The certificate authority of a project, which vouches for its hosts in the mesh.

A host makes its key itself and sends a certificate signing request; the key never travels. ECDSA P-256 throughout
(RFC 5480); the subject alternative name is the IKE identity, a dNSName holding the host's uuid.

The cryptography library is imported where it is used: most starts of the server need no certificate at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

AUTHORITY_LIFETIME = timedelta(days=3650)
HOST_LIFETIME = timedelta(days=825)
CLOCK_SKEW = timedelta(hours=24)
"""Certificates are valid from a day ago: a host whose clock lags must still be able to join."""


class BadRequest(ValueError):
    """The certificate signing request cannot be signed; the message says why."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority as PEM texts; ``key`` is secret."""

    certificate: str
    key: str

    @classmethod
    def create(cls, name: str, now: datetime) -> Authority:
        """Make a new authority called ``name``, valid for ``AUTHORITY_LIFETIME`` from ``now`` (UTC)."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SKEW)
            .not_valid_after(now + AUTHORITY_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cls(_pem(certificate), private.decode())

    def sign(self, request: str, host_uuid: str, now: datetime) -> str:
        """Return the PEM certificate for the public key in ``request``, naming ``host_uuid`` and nothing else.

        Names in the request are ignored: the caller has authenticated the host and says who it is.

        Raises:
            BadRequest: not a request, signed with another key, or not an elliptic-curve key.
        """
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

        csr = _parse(request)
        key = serialization.load_pem_private_key(self.key.encode(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is not an elliptic-curve key")
        authority = x509.load_pem_x509_certificate(self.certificate.encode())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host_uuid)]))
            .issuer_name(authority.subject)
            .public_key(csr.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SKEW)
            .not_valid_after(now + HOST_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign_certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host_uuid)]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return _pem(certificate)


def public_key_of(pem: str) -> bytes:
    """The DER public key of a certificate or of a signing request, to compare them."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    certificate = "BEGIN CERTIFICATE-----" in pem
    loaded = x509.load_pem_x509_certificate(pem.encode()) if certificate else _parse(pem)
    return loaded.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def not_after(certificate: str) -> datetime:
    """When a PEM certificate ends (UTC)."""
    from cryptography import x509

    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc


def _parse(request: str) -> x509.CertificateSigningRequest:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        csr = x509.load_pem_x509_csr(request.encode())
        if not csr.is_signature_valid:
            raise BadRequest("the certificate signing request is not signed by the key it names")
        key = csr.public_key()
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        if isinstance(error, BadRequest):
            raise
        raise BadRequest(f"not a certificate signing request in PEM form: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise BadRequest("the key of a host must be an elliptic-curve key (P-256)")
    return csr


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM).decode()
