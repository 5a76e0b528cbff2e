# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 14: certificates of balancers."""

from __future__ import annotations

import datetime
import ipaddress

import pytest
from cattle import ApiError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def pem(key):
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def text(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def issue(name, key, issuer=None, issuer_key=None, names=()):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        issuer.subject if issuer else subject,
        subject,
        key.public_key(),
        4711,
        NOW,
        NOW + datetime.timedelta(days=365),
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256())


@pytest.fixture(scope="module")
def authority():
    key = ec.generate_private_key(ec.SECP256R1())
    return issue("authority", key), key


@pytest.fixture(scope="module")
def site(authority):
    key = rsa.generate_private_key(65537, 2048)
    names = [x509.DNSName("www.example.com"), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]
    return text(issue("example.com", key, *authority, names=names)), pem(key)


def refused(call, **fields):
    with pytest.raises(ApiError) as caught:
        call(**fields)
    error = caught.value.error
    return error.status, error.code, getattr(error, "fieldName", None)


@pytest.fixture
def made(project, authority, site):
    cert, key = site
    row = project.wait_success(
        project.create_certificate(name="example", cert=cert, key=key, certChain=text(authority[0]))
    )
    yield row
    project.wait_success(project.delete(project.reload(row)))


def test_shows_what_it_says(project, made, site):
    assert made.state == "active"
    assert (made.CN, made.issuer, made.serialNumber) == ("example.com", "CN=authority", "4711")
    assert (made.keySize, made.algorithm, made.version) == (2048, "SHA256withECDSA", "3")
    assert (made.issuedAt, made.expiresAt) == ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
    assert list(made.subjectAlternativeNames) == ["www.example.com", "192.0.2.1"]
    expected = x509.load_pem_x509_certificate(site[0].encode()).fingerprint(hashes.SHA256()).hex(":").upper()
    assert made.certFingerprint == expected


def test_never_shows_its_key(project, superadmin, made, site):
    for client in (project, superadmin):
        shown = client.by_id_certificate(made.id)
        assert shown.key is None
        assert "PRIVATE" not in str(vars(shown))
        assert "secret" not in vars(getattr(shown, "data", made))


def test_a_name_is_used_once(project, made, site):
    cert, key = site
    assert refused(project.create_certificate, name="example", cert=cert, key=key) == (422, "NotUnique", "name")


def test_what_does_not_belong_together(project, authority, site):
    cert, key = site
    other = pem(ec.generate_private_key(ec.SECP256R1()))
    stranger = text(issue("stranger", ec.generate_private_key(ec.SECP256R1())))
    create = project.create_certificate
    assert refused(create, name="bad", cert="no", key=key) == (422, "InvalidFormat", "cert")
    assert refused(create, name="bad", cert=cert, key="no") == (422, "InvalidFormat", "key")
    assert refused(create, name="bad", cert=cert, key=other) == (422, "InvalidFormat", "key")
    assert refused(create, name="bad", cert=cert, key=key, certChain="no") == (422, "InvalidFormat", "certChain")
    assert refused(create, name="bad", cert=cert, key=key, certChain=stranger) == (422, "InvalidFormat", "certChain")
    assert refused(create, cert=cert, key=key) == (422, "MissingRequired", "name")
    assert refused(create, name="bad", cert=cert) == (422, "MissingRequired", "key")
    assert list(project.list_certificate(name="bad")) == []
    long = refused(
        project.create_certificate, name="long", cert=site[0], key=site[1], certChain=text(authority[0]) * 30
    )
    assert long == (422, "InvalidFormat", "cert"), "no balancer takes so much"


def test_rotation(project, made, authority):
    key = ec.generate_private_key(ec.SECP256R1())
    cert = text(issue("new.example.com", key, *authority))
    wrong = refused(lambda: project.update(made, cert=cert))
    assert wrong == (422, "InvalidFormat", "key")
    row = project.wait_success(project.update(made, cert=cert, key=pem(key)))
    assert (row.state, row.CN, row.keySize) == ("active", "new.example.com", 256)
    assert project.update(row, description="edge").CN == "new.example.com"


def test_one_in_use_stays(project, made):
    config = project.wait_success(project.create_load_balancer_config())
    balancer = project.wait_success(
        project.create_load_balancer(loadBalancerConfigId=config.id, defaultCertificateId=made.id)
    )
    assert refused(lambda: project.delete(made))[:2] == (422, "InvalidAction")
    project.wait_success(project.delete(balancer))
