# SPDX-License-Identifier: Apache-2.0
"""The directories of a host's balancers while no HAProxy runs; tests/integration/agent has one that does."""

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from orca.hoststate.apply import Host, Result
from orca.hoststate.apply.balancer_directory import Directory
from orca.hoststate.apply.balancers import KIND, accept, propose, refuse
from orca.hoststate.plan import balancer

PLAIN = {
    "protocol": "http",
    "algorithm": "roundrobin",
    "proxy": False,
    "check": None,
    "cookie": None,
    "application_cookie": None,
}
ITEM = {
    **balancer.MINIMAL,
    "instance": "b",
    "listeners": [{"port": 80, "protocol": "http", "proxy": False}],
    "routes": [{"port": 80, "host": "a.example", "path": "/x", "priority": None, "backend": "web"}],
    "backends": {"web": PLAIN},
}
TARGET = {"address": "10.42.1.7", "port": 8080, "weight": 100, "state": "ready"}


def described(item=ITEM, targets=None, certificates=None):
    network = {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24", "images": {"net": "n", "dns": "d"}}
    items = {"network": network, "targets/b/web": {"targets": targets or {}}}
    items |= {} if item is None else {"balancer/b": item}
    return KIND.describe({**items, **{f"certificate/{uuid}": text for uuid, text in (certificates or {}).items()}})


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(str(tmp_path), str(tmp_path / "docker.sock"))


@pytest.fixture
def directory(host: Host) -> Directory:
    return Directory(host.root, "b")


def apply(host, description, *, check=False):
    result = Result()
    KIND.apply(host, description, result, check)
    return result


def read(directory, name):
    return Path(directory.file(name)).read_text()


def test_it_starts_without_listeners_until_haproxy_has_read_the_structure(host, directory):
    apply(host, described(targets={"t": TARGET}))
    assert "frontend" not in read(directory, "haproxy.cfg")
    proposal = propose(host, described(targets={"t": TARGET}), "b")
    assert proposal.candidate
    assert "bind :80" in read(directory, "candidate.cfg")
    assert read(directory, "maps/80.routes") == "", "HAProxy reads it with the candidate"

    accept(host, described(), "b", proposal.item)
    apply(host, described(targets={"t": TARGET}))
    assert "bind :80" in read(directory, "haproxy.cfg")
    assert "10.42.1.7:8080" in read(directory, "haproxy.cfg")
    assert read(directory, "maps/80.routes") == "a.example/x web\n"
    assert not Path(directory.file("candidate.cfg")).exists()
    assert not propose(host, described(), "b").candidate
    assert not apply(host, described(targets={"t": TARGET}), check=True).changed
    assert not KIND.drift(host)(described(targets={"t": TARGET}), False)
    Path(directory.file("haproxy.cfg")).write_text("mine\n")
    assert KIND.drift(host)(described(targets={"t": TARGET}), False)


def test_what_is_refused_stays_out_until_it_changes(host, directory):
    accept_first(host)
    bad = {**ITEM, "custom": {"defaults": "one\ntwo"}}
    proposal = propose(host, described(bad), "b")
    line = read(directory, "candidate.cfg").splitlines().index("  two") + 1
    refuse(host, described(bad), "b", proposal, "unknown keyword", line)
    assert directory.refusal == {
        "structure": balancer.structure(bad),
        "reason": "unknown keyword",
        "section": "defaults",
        "line": 2,
    }
    assert not propose(host, described(bad), "b").candidate, "it has been decided on"
    apply(host, described(bad, {"t": TARGET}))
    assert "two" not in read(directory, "haproxy.cfg")
    assert "10.42.1.7:8080" in read(directory, "haproxy.cfg"), "targets go on"
    propose(host, described(ITEM), "b")
    assert directory.refusal is None


def accept_first(host):
    apply(host, described())
    accept(host, described(), "b", propose(host, described(), "b").item)
    apply(host, described())


def test_who_may_read_what(host, directory):
    accept_first(host)
    modes = {path.name: path.stat().st_mode & 0o7777 for path in Path(directory.path).iterdir()}
    assert (modes["run"], modes["certificates"], modes["maps"]) == (0o2770, 0o750, 0o750)
    assert (modes["haproxy.cfg"], modes["good.json"]) == (0o640, 0o600)
    assert Path(directory.path).stat().st_mode & 0o777 == 0o750


def test_one_that_is_not_wanted_leaves_nothing(host, directory):
    accept_first(host)
    apply(host, described(None))
    assert not Path(directory.path).exists()
    accept_first(host)
    apply(host, None)
    assert not Path(directory.path).exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"routes": [{"port": 81, "backend": "web"}]}, "balancer b: a route of port 81"),
        ({"backends": {"web": {**PLAIN, "algorithm": "best"}}}, "'best' is not one of"),
    ],
)
def test_an_item_that_makes_no_sense_is_refused_by_name(host, changes, message):
    for already in (False, True):
        if already:
            accept_first(host)
        with pytest.raises(ValueError, match=message):
            apply(host, described({**ITEM, **changes}))


def certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example")]), datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return {"chain": chain.decode(), "key": secret.decode()}


def test_certificates_are_files_that_nobody_else_reads(host, directory):
    one, two = certificate(), certificate()
    item = {**ITEM, "certificates": ["one", "two"]}
    accept_first(host)
    result = apply(host, described(item, certificates={"one": one}))
    assert read(directory, "certificates.list") == "/etc/orca-balancer/certificates/one.pem\n"
    assert read(directory, "certificates/one.pem") == one["chain"] + one["key"]
    assert Path(directory.file("certificates/one.pem")).stat().st_mode & 0o777 == 0o640
    assert "PRIVATE" not in result.before + result.after
    with pytest.raises(ValueError, match="certificate two cannot be used with its key") as refused:
        apply(host, described(item, certificates={"one": one, "two": {**two, "key": one["key"]}}))
    assert "PRIVATE" not in str(refused.value)
    apply(host, described(item, certificates={"two": two}))
    assert [path.name for path in Path(directory.file("certificates")).iterdir()] == ["two.pem"]
