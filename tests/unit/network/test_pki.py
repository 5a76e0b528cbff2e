# SPDX-License-Identifier: Apache-2.0
"""The environment's authority signs what the host is, not what the host asks to be."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from orca.network.pki import Authority, BadRequest, not_after, public_key_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HOST = "6a2f41a3-0000-4000-8000-000000000001"


def request_for(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str = "somebody-else") -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("orca environment Default", NOW)


def test_certificate_names_the_host_only(authority: Authority):
    key = ec.generate_private_key(ec.SECP256R1())
    pem = authority.sign(request_for(key), HOST, NOW)
    certificate = x509.load_pem_x509_certificate(pem.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [HOST]
    assert certificate.subject.rfc4514_string() == f"CN={HOST}"
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_certificate_is_signed_by_the_authority(authority: Authority):
    pem = authority.sign(request_for(ec.generate_private_key(ec.SECP256R1())), HOST, NOW)
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    x509.load_pem_x509_certificate(pem.encode()).verify_directly_issued_by(issuer)
    assert not_after(pem) < not_after(authority.certificate)


def test_certificate_belongs_to_the_request(authority: Authority):
    key = ec.generate_private_key(ec.SECP256R1())
    request = request_for(key)
    assert public_key_of(authority.sign(request, HOST, NOW)) == public_key_of(request)
    assert public_key_of(request_for(ec.generate_private_key(ec.SECP256R1()))) != public_key_of(request)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_what_is_no_request_is_refused(authority: Authority, text: str):
    with pytest.raises(BadRequest, match="not a certificate signing request"):
        authority.sign(text, HOST, NOW)


def test_another_kind_of_key_is_refused(authority: Authority):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(BadRequest, match="elliptic-curve"):
        authority.sign(request_for(key), HOST, NOW)
