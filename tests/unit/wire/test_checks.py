# SPDX-License-Identifier: Apache-2.0
"""What the server takes over of a report: never more than can be true, whatever an agent says."""

import ipaddress
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca import wire
from orca.wire import checks, names

TEXT = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["10.42.1.10", "10.42.1.10; rm -rf", "c0ffee", "a\nb", "\0", "x" * 5000, "::1", "0.0.0.0", "010.1.1.1"]
    ),
)
NUMBERS = st.one_of(st.integers(), st.sampled_from([-(1 << 63), 1 << 63, 10**40]))
VALUES = {
    str: TEXT,
    int: NUMBERS,
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Everything that a field of a form can hold."""
    if kind in VALUES:
        return VALUES[kind]
    arguments = get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs(kind)
    if get_origin(kind) is list:
        return st.lists(values(arguments[0]), max_size=4)
    if get_origin(kind) is dict:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=4)
    if all(isinstance(argument, str) for argument in arguments):
        return st.sampled_from(arguments)
    return st.one_of([st.none() if each is type(None) else values(each) for each in arguments])


def structs(form: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Everything that has a form."""
    return st.builds(form, **{name: values(kind) for name, kind in get_type_hints(form).items() if name[0] != "_"})


def leaves(value: Any) -> Iterator[Any]:
    """All texts and numbers in a message."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield value


FORMS = [*checks.FORMS.values(), wire.Activated, wire.ConfigApplied, wire.BalancerFigures, wire.Drained]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@given(data=st.data())
def test_what_is_left_can_be_stored_and_shown(form: type[wire.Message], data: st.DataObject) -> None:
    said = data.draw(structs(form))
    try:
        kept = wire.sound(said)
    except wire.Unsound:
        return
    assert wire.sound(kept) == kept, "what is sound stays as it is"
    # `applied` is compared only and stored nowhere.
    told = {key: value for key, value in msgspec.to_builtins(kept).items() if key != "applied"}
    for leaf in leaves(told):
        if isinstance(leaf, str):
            assert len(leaf) <= checks.CSR_CHARACTERS
            assert "\0" not in leaf
        elif isinstance(leaf, int | float):
            assert abs(leaf) <= checks.LAST_TIME


@given(structs(wire.Container))
def test_a_container_is_where_an_address_says(said: wire.Container) -> None:
    try:
        kept = wire.sound(said)
    except wire.Unsound:
        assert not checks.ID.fullmatch(said.external_id)
        return
    assert kept.address in (None, said.address)
    if kept.address is not None:
        assert str(ipaddress.IPv4Address(kept.address)) == kept.address
    assert kept.name
    assert kept.name.isprintable()


def test_the_fields_of_a_container() -> None:
    labels = {f"key{number}": "x" * 100 for number in range(1000)}
    said = wire.Container(
        external_id="c0ffee",
        name="web\n1" + "x" * 1000,
        state="running",
        image="i" * 1000,
        uuid="no uuid",
        exit_code=10**20,
        started_at=-5,
        address="10.42.1.10; rm -rf",
        labels=labels,
    )
    kept = wire.sound(said)
    assert (kept.address, kept.uuid, kept.exit_code, kept.started_at) == (None, None, None, None)
    assert kept.name.startswith("web 1x")
    assert (len(kept.name), len(kept.image)) == (checks.NAME_CHARACTERS, checks.IMAGE_CHARACTERS)
    assert len(kept.labels) == checks.LABELS
    large = wire.Container(external_id="c", name="n", state="running", labels={str(n): "x" * 4000 for n in range(9)})
    assert sum(len(key) + len(value) for key, value in wire.sound(large).labels.items()) <= checks.LABEL_BYTES


@pytest.mark.parametrize(("uuid", "system"), [(None, "net"), ("c0ffee", ""), ("no uuid\n", "net")])
def test_a_container_of_an_instance_is_no_part_of_the_platform(uuid: str | None, system: str) -> None:
    said = wire.Container(external_id="c", name="n", state="running", uuid=uuid, system="net")
    assert wire.sound(said).system == system


def test_the_facts_of_a_host() -> None:
    said = wire.HostFacts(
        hostname="h1; reboot",
        addresses=["192.0.2.1", "nonsense", "127.0.0.1", "224.0.0.1", "0.0.0.0", "fe80::1"],
        kernel="6.1\n\n",
        cpu_count=-1,
        memory_bytes=1 << 70,
    )
    kept = wire.sound(said)
    assert (kept.hostname, kept.addresses, kept.kernel) == (None, ["192.0.2.1"], "6.1  ")
    assert (kept.cpu_count, kept.memory_bytes) == (None, None)
    assert wire.sound(wire.HostFacts()).addresses is None


@pytest.mark.parametrize(
    ("said", "key"),
    [
        (wire.Container(external_id="a/../b", name="n", state="running"), "externalId"),
        (wire.Hello(uuid=""), "uuid"),
        (wire.Hello(uuid="h", mesh_csr="x" * 10_000), "meshCsr"),
        (wire.Hello(uuid="h", containers=[wire.Container("c", "n", "running")] * 5001), "containers"),
        (wire.MeshEdge(peer="h 1", state="up", at=1), "peer"),
        (wire.MeshEdge(peer="h1", state="up", at=-1), "at"),
        (wire.Activated(external_id="\n", state="running", started=1), "externalId"),
    ],
)
def test_what_is_refused_names_the_key(said: wire.Message, key: str) -> None:
    with pytest.raises(wire.Unsound, match=f"^{key}: "):
        wire.sound(said)


def test_the_state_of_a_started_container_is_plain_text() -> None:
    said = wire.Activated(external_id="c", state="run\0ning\n" + "x" * 1000, started=0)
    kept = wire.sound(said)
    assert kept.state.startswith("run ning x")
    assert len(kept.state) == checks.FACT_CHARACTERS


def test_every_report_has_a_form_and_a_check() -> None:
    assert set(checks.FORMS) == {
        names.HELLO,
        names.CONTAINER_CHANGE,
        names.HOST_CHANGE,
        names.HEALTH_CHANGE,
        names.BALANCER_REPORT,
        names.METADATA_ASKED,
        names.MESH_EDGE,
        names.MESH_SUMMARY,
        names.PEER_SILENT,
    }
    assert set(checks.FORMS.values()) <= set(checks._CHECKS)


def test_of_what_has_no_place_nothing_is_made() -> None:
    frame = wire.receive('{"name": "mesh.summary", "data": {"peers": [], "more": [[], [], []]}}')
    assert frame.read(wire.MeshSummary) == wire.MeshSummary()
    with pytest.raises(wire.WireError, match="peers"):
        wire.receive('{"name": "mesh.summary", "data": {"peers": 1}}').read(wire.MeshSummary)


def test_an_answer_is_read_in_its_form() -> None:
    assert wire.read_answer("x", {"pulled": False}, wire.Pulled) == wire.Pulled(pulled=False)
    with pytest.raises(wire.WireError, match=r"answer to x makes no sense.*pulled"):
        wire.read_answer("x", {"pulled": "yes"}, wire.Pulled)
