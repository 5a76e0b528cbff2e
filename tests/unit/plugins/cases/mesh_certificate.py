# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's key is made where there is none, and a request for its certificate returned."""

from harness.case import Case, Failure, half_way
from harness.conversation import command

REQUEST = "-----BEGIN CERTIFICATE REQUEST-----\nMIH\n-----END CERTIFICATE REQUEST-----\n"
KEY = "{root}/var/lib/orca/mesh/private/host.key"
MAKE = f"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {KEY}.new"
ASK = f"openssl req -new -sha256 -key {KEY} -subj /CN=h-1 -addext subjectAltName=DNS:h-1"
SECRET = "the private key"
MADE = command(MAKE, writes={KEY.replace("{root}/", "") + ".new": SECRET})

REFUSED = command(MAKE, "no such curve", status=1)

CASES = [
    Case(
        "mesh_certificate",
        "makes the key and asks for a certificate",
        {"id": "h-1"},
        check=[],
        change=[MADE, command(ASK, REQUEST)],
        settled=[command(ASK, REQUEST)],
        gives={"id": "h-1", "request": REQUEST},
        secrets=[SECRET],
    )
]
WRONG = "'h 1' is not an identity (letters, digits and hyphens)"
FAILURES = [
    Failure("mesh_certificate", "for what is no identity", {"id": "h 1"}, WRONG),
    Failure("mesh_certificate", "in check mode, too, for what is no identity", {"id": "h 1"}, WRONG, check=True),
    half_way(
        Failure(
            "mesh_certificate",
            "without openssl's consent",
            {"id": "h-1"},
            "unknown curve",
            [command(MAKE, "unknown curve", status=1)],
        )
    ),
    Failure("mesh_certificate", "without an identity", {}, "missing required arguments: id"),
]
