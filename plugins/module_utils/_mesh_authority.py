# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A certificate authority in a folder, for meshes without a server."""

from __future__ import annotations

import datetime
import os
import traceback

from .hoststate.apply import files

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    MISSING = None
except ImportError:
    MISSING = traceback.format_exc()

_CA_DAYS = 3650
# Machines' clocks differ; a certificate from the future would be refused.
_BACKDATED = datetime.timedelta(hours=1)


class Authority:
    """Opens the authority in ``directory``, or makes it.

    ``made`` says whether it had to be made; ``pem`` is its certificate (empty when ``check`` kept it from being made).
    """

    def __init__(self, directory, check):
        self._directory, self._check = directory, check
        key, certificate = files.read(self._path("ca.key")), files.read(self._path("ca.pem"))
        self.made = key is None or certificate is None
        self._key = self._certificate = None
        self.pem = ""
        if self.made and check:
            return
        if self.made:
            os.makedirs(self._path("issued"), mode=0o700, exist_ok=True)
            key, certificate = self._make()
        self._key = serialization.load_pem_private_key(key.encode(), None)
        self._certificate = x509.load_pem_x509_certificate(certificate.encode())
        self.pem = certificate

    def certify(self, requests, valid_days, renew_days):
        """Give each identity its certificate; returns {identity: pem} and the identities for which it was issued now.

        ``requests`` are those of ``read``.
        """
        certificates, issued = {}, []
        for identity, request in sorted(requests.items()):
            path = self._path(os.path.join("issued", "%s.pem" % identity))
            pem = files.read(path)
            if pem is None or not self._fits(pem, request, renew_days):
                issued.append(identity)
                pem = None
                if not self._check:
                    pem = self._issue(identity, request, valid_days)
                    files.write(path, pem)
            if pem is not None:
                certificates[identity] = pem
        return certificates, issued

    def _make(self):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "orca mesh")])
        certificate = (
            _builder(name, name, key.public_key(), _CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        texts = (
            key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode(),
            certificate.public_bytes(pem).decode(),
        )
        files.write(self._path("ca.key"), texts[0], 0o600)
        files.write(self._path("ca.pem"), texts[1])
        return texts

    def _issue(self, identity, request, days):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identity)])
        certificate = (
            _builder(name, self._certificate.subject, request.public_key(), days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(identity)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def _fits(self, pem, request, renew_days):
        certificate = x509.load_pem_x509_certificate(pem.encode())
        if self._certificate is None or certificate.issuer != self._certificate.subject:
            return False
        try:
            certificate.verify_directly_issued_by(self._certificate)
        except Exception:  # InvalidSignature, ValueError, TypeError: issued by an authority that is not here any more
            return False
        left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.timezone.utc)
        return certificate.public_key() == request.public_key() and left.days >= renew_days

    def _path(self, name):
        return os.path.join(self._directory, name)


def _builder(subject, issuer, public_key, days):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def read(requests):
    """The certificate requests by identity, from their texts.

    :raises ValueError: a request is not one, is not signed by its own key, or is not for its identity.
    """
    return {identity: _request(identity, text) for identity, text in sorted(requests.items())}


def _request(identity, text):
    try:
        request = x509.load_pem_x509_csr(text.encode())
    except ValueError as error:
        raise ValueError("the request of %s is not a certificate request (PEM)" % identity) from error
    if not request.is_signature_valid or _name(request.subject) != identity:
        raise ValueError("the request of %s is not for this identity" % identity)
    return request


def _name(subject):
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return names[0].value if names else None
