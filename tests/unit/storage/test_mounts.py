# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.storage.mounts import Mount, parse
from orca.storage.references import DEFAULT_REGISTRY, registry_of

PATHS = st.from_regex(r"/[a-z0-9/._-]{0,20}", fullmatch=True)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("/data", Mount("/data")),
        ("/srv/www:/www:ro", Mount("/www", "/srv/www", ("ro",))),
        ("db:/var/lib/mysql", Mount("/var/lib/mysql", "db")),
    ],
)
def test_the_three_forms(text, mount):
    assert parse(text) == mount
    assert str(mount) == text


@pytest.mark.parametrize("text", ["", "data", ":/x", "-db:/x", "db:x", "/a:/b:ro:x", "/a:/b:readonly", "../a:/b"])
def test_other_forms_are_refused_and_shown(text):
    with pytest.raises(ValueError, match="does not have the form"):
        parse(text)


@given(PATHS, st.one_of(st.just(""), PATHS, NAMES), st.lists(st.sampled_from(["ro", "z"]), unique=True))
def test_what_is_written_is_read(path, source, options):
    mount = Mount(path, source, tuple(options) if source else ())
    assert parse(str(mount)) == mount


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        assert parse(text).path.startswith("/")
    except ValueError as error:
        assert repr(text) in str(error)


@pytest.mark.parametrize(
    ("reference", "registry"),
    [
        ("ubuntu", DEFAULT_REGISTRY),
        ("library/ubuntu:14.04", DEFAULT_REGISTRY),
        ("quay.io/coreos/etcd", "quay.io"),
        ("Registry.Example:5000/web:1", "registry.example:5000"),
        ("localhost/web", "localhost"),
    ],
)
def test_the_registry_of_a_reference(reference, registry):
    assert registry_of(reference) == registry
