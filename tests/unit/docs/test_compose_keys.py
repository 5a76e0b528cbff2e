# SPDX-License-Identifier: Apache-2.0
"""The keys of compose files on the page are those that are read, with the fields that they stand for."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import partial

import doc_tables

from orca.orchestration.compose import keys as compose_keys
from orca.orchestration.compose import section as compose_section
from orca.orchestration.compose.keys import IGNORED, LAUNCH, SERVICE_KEYS, Key
from orca.resources.tables import snake

TAKEN_APART = set(re.findall(r'body\.pop\("(\w+)"', inspect.getsource(compose_section)))
"""Keys that are read before those of the table, since they say more than one field."""
DOCKER = ("key", "field of the launch config")
RANCHER = ("key", "field", "of")


def shown(*header: str) -> Iterator[tuple[str, list[str]]]:
    """Each key of the first column with what stands in braces behind it."""
    for row in doc_tables.rows(*header):
        for key, parts in re.findall(r"`(\w+)(?:: \{\w+\})?`(?: \{([^}]*)\})?", row[0]):
            yield key, doc_tables.words(parts)


def test_keys_of_docker_compose_are_on_the_page_and_none_besides() -> None:
    assert sorted(key for key, _ in shown(*DOCKER)) == sorted({*LAUNCH, *IGNORED, *TAKEN_APART})


def test_keys_of_docker_compose_stand_beside_their_field() -> None:
    for keys, fields in doc_tables.rows(*DOCKER):
        for key in doc_tables.words(keys):
            if key in LAUNCH:
                field = LAUNCH[key].field
                assert field in doc_tables.words(fields) or (fields.startswith("the same") and field == key), key


def rancher() -> dict[str, Key]:
    return {key: entry for kind in SERVICE_KEYS.values() for key, entry in kind.rancher.items()}


def test_keys_of_rancher_compose_are_on_the_page_and_none_besides() -> None:
    assert {key for key, _ in shown(*RANCHER)} == set(rancher())


def test_parts_of_keys_are_on_the_page_and_none_besides() -> None:
    records = {key: entry.read for key, entry in rancher().items() if isinstance(entry.read, partial)}
    assert "health_check" in records
    for key, parts in shown(*RANCHER):
        if key in records:
            type, only = records[key].args
            fields = only or compose_keys.declared()[type].fields
            assert sorted(parts) == sorted(map(snake, fields)), key


def test_images_that_stand_for_kinds_are_on_the_page() -> None:
    rows = doc_tables.rows("image", "type", "what it takes besides `labels` and `metadata`")
    kinds = {image: doc_tables.words(kind) for image, kind, _ in rows}
    assert all(name in kinds[f"`{kind.image}`"] for name, kind in SERVICE_KEYS.items() if kind.image)
