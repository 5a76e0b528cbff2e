# SPDX-License-Identifier: GPL-3.0-or-later
"""A project's token is found or made, and revoked."""

import hashlib
import ssl
from datetime import UTC, datetime

from harness import host
from harness.case import Case, Failure
from harness.conversation import api
from harness.resources import ACCESS, PROJECT, chosen, listed, row

from orca.network.pki import Authority

URL, PIN = "https://orca.example.com/v1/scripts/F1A2:1:Q2x1", "0a" * 32
SELF = f"{PROJECT}/registrationtokens/1c1"
AUTHORITY = Authority.create("test", datetime.now(UTC)).certificate
BUSY = {"transitioning": "yes", "transitioningMessage": "in progress"}


def token(**fields):
    command = f"sudo docker run -e ORCA_CA_SHA256={PIN} orca/agent {URL}"
    fields = {"registrationUrl": URL, "command": command, "actions": ["deactivate"], **fields}
    return row("registrationToken", "1c1", "registrationtokens", **fields)


def with_authority(root):
    host.make(root)
    (root / "ca.pem").write_text(AUTHORITY)


def seen(*rows):
    return [chosen(), api("GET", f"{PROJECT}/registrationtokens?state=active", listed(*rows))]


PLAIN = token(command="sudo docker run orca/agent " + URL)
CASES = [
    Case(
        "registration_token",
        "makes a token and waits until it is active",
        ACCESS,
        check=seen(),
        change=[
            *seen(),
            api("POST", f"{PROJECT}/registrationtokens", token(state="registering", **BUSY), body={}),
            api("GET", SELF, token()),
        ],
        settled=seen(token()),
        gives={"registration_url": URL, "ca_sha256": PIN},
    ),
    Case(
        "registration_token",
        "names the authority that is trusted here where the command names none",
        {**ACCESS, "api_ca_path": "{root}/ca.pem"},
        check=seen(),
        change=[*seen(), api("POST", f"{PROJECT}/registrationtokens", PLAIN, body={})],
        settled=seen(PLAIN),
        prepare=with_authority,
        gives={"ca_sha256": hashlib.sha256(ssl.PEM_cert_to_DER_cert(AUTHORITY)).hexdigest()},
    ),
    Case(
        "registration_token",
        "revokes all tokens",
        {**ACCESS, "state": "absent"},
        check=seen(token()),
        change=[
            *seen(token()),
            api("POST", f"{SELF}?action=deactivate", token(state="deactivating", **BUSY), body={}),
            api("GET", SELF, token(state="inactive")),
        ],
        settled=seen(),
    ),
]
FAILURES = [
    Failure(
        "registration_token",
        "is given an authority that is not there",
        {**ACCESS, "api_ca_path": "{root}/nowhere.pem"},
        "api_ca_path: there is no file",
    ),
    Failure(
        "registration_token",
        "is given an authority that is none",
        {**ACCESS, "api_ca_path": "{root}/etc/resolv.conf"},
        "/etc/resolv.conf, see api_ca_path",
    ),
    Failure(
        "registration_token",
        "does not become active in time",
        {**ACCESS, "wait_timeout": 0},
        "timed out: registrationToken 1c1 is still registering: in progress",
        [*seen(), api("POST", f"{PROJECT}/registrationtokens", token(state="registering", **BUSY), body={})],
    ),
    Failure("registration_token", "is given a time that is none", {**ACCESS, "wait_timeout": "long"}, "wait_timeout"),
]
