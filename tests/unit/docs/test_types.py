# SPDX-License-Identifier: Apache-2.0
"""Resource types are on the pages: those with a table by what they are kept in, those without by name."""

from __future__ import annotations

import doc_tables

from orca.resources import TYPES


def test_every_type_that_is_kept_is_on_a_page() -> None:
    shown = {word for text in doc_tables.pages().values() for word in doc_tables.words(text)}
    assert {name for name, type in TYPES.items() if type.table and name not in shown} == set()


def test_no_page_keeps_a_type_that_there_is_not() -> None:
    kept = {doc_tables.words(cell)[0] for _, cell in doc_tables.rows("table", "here") if " in `resources/" in cell}
    assert kept <= set(TYPES)
