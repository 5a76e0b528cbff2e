# SPDX-License-Identifier: Apache-2.0
"""What clients give for a stack: which variables are asked for, and what is kept of them."""

from __future__ import annotations

import pytest

from orca.orchestration.stacks import files as stack_files
from orca.resources.errors import Refused

FILE = "docker-compose.yml"


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("web: {image: x}", []),
        ("web: {image: $IMAGE}", ["IMAGE"]),
        ("web: {image: '${A:-a}', command: 'echo ${B-b}'}", ["A", "B"]),
        ("web: {image: x, command: echo $$ORCA_SECRET}", []),
        ("web: {image: x, command: echo $$$ORCA_SECRET}", ["ORCA_SECRET"]),
        ("# $COMMENT\nweb: {image: x}", []),
        ("web: {image: x, environment: [TOKEN, MODE=1]}", ["TOKEN"]),
        ("web: {image: x, environment: {TOKEN: }}", ["TOKEN"]),
    ],
)
def test_variables_are_asked_for_where_the_reader_looks_for_them(text: str, needs: list[str]) -> None:
    found = stack_files.read("shop", {FILE: text}, {})
    assert list(found.needs) == needs
    assert (found.compose is None) is bool(needs)


def test_what_was_asked_for_and_is_not_there_is_not_asked_for_again() -> None:
    found = stack_files.read("shop", {FILE: "web: {image: 'x:${TAG:-1}'}"}, {"TAG": None})
    assert found.needs == ()
    assert found.texts["environment"] == {}
    assert found.compose is not None
    assert found.compose.services[0].fields["launchConfig"]["imageUuid"] == "docker:x:1"


def test_only_what_the_files_name_is_kept() -> None:
    given = {"TAG": "1", "HOME": "/root"}
    found = stack_files.read("shop", {FILE: "web: {image: 'x:$TAG'}"}, given)
    assert found.texts["environment"] == {"TAG": "1"}


def test_the_file_of_scales_is_known_by_its_name() -> None:
    found = stack_files.read("shop", {"a/rancher-compose.yml": "web: {scale: 3}", "a/stack.yml": "web: {image: x}"}, {})
    assert found.compose is not None
    assert found.compose.services[0].fields["scale"] == 3


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "there is no compose file"),
        ({"a.yml": "", "b.yml": ""}, "one compose file is expected, not a.yml, b.yml"),
        ({FILE: ""}, f"{FILE}: the file is empty"),
        ({FILE: "web: {imagee: x}"}, "image: is required"),
    ],
)
def test_files_that_cannot_be_used(files: dict[str, str], message: str) -> None:
    with pytest.raises(Refused, match=message):
        stack_files.read("shop", files, {})


def test_what_is_wrong_is_blamed_on_the_file_that_the_client_gave() -> None:
    files = {
        "deploy/web.yml": "web: {image: a, imagee: b}\nweb2: {}",
        "deploy/rancher-compose.yml": "other: {scale: 1}",
    }
    with pytest.raises(Refused) as caught:
        stack_files.read("shop", files, {})
    assert caught.value.field == "files"
    assert [line.split(": ")[0] for line in caught.value.message.splitlines()] == [
        "deploy/rancher-compose.yml:1:1",
        "deploy/web.yml:1:17",
        "deploy/web.yml:2:1",
    ]
    assert {each["file"] for each in caught.value.more["refusals"]} == set(files)
    assert "'other' is not in deploy/web.yml" in caught.value.message


def test_variables_are_text_or_nothing():
    with pytest.raises(Refused, match="variables: TAG: a text is expected, or null where there is none"):
        stack_files.read("shop", {FILE: "web: {image: a}"}, {"TAG": 5})
