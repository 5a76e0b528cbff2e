# SPDX-License-Identifier: Apache-2.0
"""Resource types are on the pages: those with a table by what they are kept in, those without by name."""

from __future__ import annotations

import inspect
import re

import doc_tables

from orca.api.streams import access
from orca.orchestration.stacks.external_events import EVACUATE
from orca.provision.settings import values as settings
from orca.resources import TYPES
from orca.resources.types import base_fields
from orca.storage.external_events import POOL_CREATE, VOLUME_CREATE, VOLUME_DELETE
from orca.wire import names

FILES = re.compile(r"\w+\.(json|key|py)")
STREAMS = set(re.findall(r'"(\w+\.\w+)"', inspect.getsource(access)))
"""Links of types to what is no row."""
TOLD = (EVACUATE, POOL_CREATE, VOLUME_CREATE, VOLUME_DELETE)
"""What events from outside say has happened."""
OTHERS = {*TOLD, *settings.PUBLIC, *STREAMS, *(text for name, text in vars(names).items() if name.isupper())}


def test_every_type_that_is_kept_is_on_a_page() -> None:
    shown = {word for named in doc_tables.named().values() for word in named}
    assert {name for name, type in TYPES.items() if type.table and name not in shown} == set()


def test_no_page_keeps_a_type_that_there_is_not() -> None:
    kept = {doc_tables.words(cell)[0] for _, cell in doc_tables.rows("table", "here") if " in `resources/" in cell}
    assert kept <= set(TYPES)


def parts(name: str) -> set[str]:
    """Fields, own keys, links, processes and actions of a type and of those that it is a kind of."""
    type = TYPES[name]
    own = {*type.fields, *type.own, *type.links, *type.processes, *type.actions, *type.collection_actions}
    return own | set(base_fields(type)) | (parts(type.parent) if type.parent else set())


def test_parts_of_types_that_pages_name_exist() -> None:
    types = {name.lower(): name for name in TYPES}
    for page, named in doc_tables.named().items():
        for word in named:
            found = re.fullmatch(r"([a-zA-Z]+)\.([a-zA-Z]+)", word)
            if found and found[1].lower() in types and word not in OTHERS and not FILES.fullmatch(word):
                assert found[2] in parts(types[found[1].lower()]), f"{page}: {word}"
