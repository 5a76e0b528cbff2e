# SPDX-License-Identifier: GPL-3.0-or-later
"""An authority in a folder is made, and signs requests."""

from unittest.mock import ANY

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from harness.case import Case, Failure


def request(name):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


REQUESTS = {"h1": request("h1"), "h2": ""}
FOLDER = {"directory": "{root}/mesh"}
CASES = [
    Case(
        "mesh_authority",
        "is made and signs what hosts ask for",
        {**FOLDER, "requests": REQUESTS},
        gives={"ca": ANY, "certificates": {"h1": ANY}, "issued": ["h1"]},
        secrets=["PRIVATE KEY"],
    )
]


def failure(when, message, **arguments):
    return Failure("mesh_authority", when, {**FOLDER, "requests": REQUESTS, **arguments}, message)


FAILURES = [
    failure(
        "of a request for another identity",
        "the request of h2 is not for this identity",
        requests={"h2": REQUESTS["h1"]},
    ),
    failure("of what is no request", "the request of h1 is not a certificate request (PEM)", requests={"h1": "please"}),
    failure("that would sign all again and again", "valid_days must be more than renew_days", valid_days=90),
    failure("in a folder that is a file", "Not a directory", directory="{root}/etc/resolv.conf"),
    failure("without requests", "'requests' is of type", requests=[1]),
]
