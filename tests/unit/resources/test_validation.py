# SPDX-License-Identifier: Apache-2.0
"""From bodies to values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.resources.errors import Refused
from orca.resources.validation import Validator, parse_date
from orca.resources.views import view

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def existing(type, ids):
    return {id for id in ids if id < 100}


def validator(strict=False):
    return Validator(view("project", "v2" if strict else "v1"), strict=strict)


def create(type, body, **options):
    check = validator(**options)
    values = check.create(view("project", "v1").types[type], body)
    check.look_up(existing)
    return values


def refused(type, body, **options):
    with pytest.raises(Refused) as error:
        create(type, body, **options)
    return error.value.code, error.value.field


def test_defaults_and_coercions():
    values = create("container", {"imageUuid": "docker:x", "memory": "24", "command": "sleep", "tty": "true"})
    assert values["memory"] == 24
    assert values["command"] == ["sleep"]
    assert values["tty"] is True
    assert (values["networkMode"], values["startOnCreate"], values["privileged"]) == ("managed", True, False)
    assert "accountId" not in values


def test_null_means_null_or_the_default():
    values = create("container", {"imageUuid": "docker:x", "networkMode": None, "privileged": None})
    assert (values["networkMode"], values["privileged"]) == (None, False)


def test_fields_without_rights_are_dropped_quietly():
    check = validator()
    values = check.create(
        view("project", "v1").types["container"], {"imageUuid": "docker:x", "externalId": "x", "id": 5}
    )
    assert "externalId" not in values
    assert check.ignored == []


def test_unknown_fields_are_collected_or_refused():
    check = validator()
    check.create(view("project", "v1").types["container"], {"imageUuid": "docker:x", "colour": "blue"})
    assert check.ignored == ["colour"]
    assert refused("container", {"imageUuid": "docker:x", "colour": 1}, strict=True) == ("UnknownField", "colour")


def test_references_become_numbers():
    body = {
        "imageUuid": "docker:x",
        "requestedHostId": "1h5",
        "dataVolumesFrom": ["1i3"],
        "instanceLinks": {"db": None},
    }
    values = create("container", body)
    assert (values["requestedHostId"], values["dataVolumesFrom"]) == (5, [3])
    assert values["instanceLinks"] == {"db": None}
    assert refused("container", {"imageUuid": "x", "requestedHostId": "1h500"}) == (
        "InvalidReference",
        "requestedHostId",
    )


def test_parts_are_checked_too():
    service = {"name": "a", "environmentId": "1e1"}
    values = create(
        "service", service | {"launchConfig": {"imageUuid": "docker:x", "restartPolicy": {"name": "always"}}}
    )
    assert values["launchConfig"] == {"imageUuid": "docker:x", "restartPolicy": {"name": "always"}}
    wrong = service | {"launchConfig": {"restartPolicy": {"name": "sometimes"}}}
    assert refused("service", wrong) == ("InvalidOption", "name")
    assert refused("service", service | {"launchConfig": "docker:x"}) == ("InvalidFormat", "launchConfig")
    assert refused("service", service | {"secondaryLaunchConfigs": [{}]}) == ("MissingRequired", "name")


@given(st.dictionaries(st.sampled_from(sorted(view("project", "v1").types["container"].fields)), JSON))
def test_no_body_is_a_defect(body):
    try:
        create("container", body)
    except Refused as error:
        assert error.status == 422


@given(st.integers(min_value=0, max_value=4_000_000_000_000))
def test_dates_as_milliseconds(moment):
    assert parse_date(moment) == moment
    assert parse_date(str(moment)) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2015-10-21T07:28:00Z", 1445412480000),
        ("2015-10-21T09:28:00+02:00", 1445412480000),
        ("2015-10-21", 1445385600000),
        ("yesterday", None),
        (None, None),
        (True, None),
        ([], None),
    ],
)
def test_dates_as_text(text, moment):
    assert parse_date(text) == moment


def test_no_null_among_text():
    assert refused("container", {"imageUuid": "docker:x", "labels": {"a": None}}) == ("NotNullable", "labels")
    config = {"imageUuid": "docker:x", "environment": {"A": None}}
    assert refused("service", {"name": "x", "environmentId": "1e1", "launchConfig": config}) == (
        "NotNullable",
        "environment",
    )
    links = create("container", {"imageUuid": "docker:x", "instanceLinks": {"a": None}})["instanceLinks"]
    assert links == {"a": None}
    metadata = {"name": "x", "environmentId": "1e1", "launchConfig": {"imageUuid": "docker:x"}, "metadata": {"a": None}}
    assert create("service", metadata)["metadata"] == {"a": None}
