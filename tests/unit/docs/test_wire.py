# SPDX-License-Identifier: Apache-2.0
"""What server and agent say to each other, and the items of a host, stand on the pages as they stand in the code."""

from __future__ import annotations

import doc_tables

from orca.hoststate.apply.kinds import KINDS
from orca.wire import checks, names

NO_EVENTS = ("LABEL_", "CANCELLED")
EVENTS = {text for name, text in vars(names).items() if name.isupper() and not name.startswith(NO_EVENTS)}


def first_words(*header: str) -> list[str]:
    return [doc_tables.words(row[0])[0] for row in doc_tables.rows(*header)]


def test_what_the_server_says_is_on_the_page() -> None:
    assert sorted(first_words("name", "data", "reply data")) == sorted(EVENTS - set(checks.FORMS))


def test_what_an_agent_says_is_on_the_page() -> None:
    assert sorted(first_words("name", "data")) == sorted(checks.FORMS)


def test_families_of_config_items_are_on_the_page_with_their_kind() -> None:
    shown = [(doc_tables.words(item)[0], kind) for item, kind, _ in doc_tables.rows("item", "kind", "description")]
    declared = {(family.name, family.keyed, kind.name) for kind in KINDS for family in kind.families}
    assert {(item.split("/")[0], "/" in item, kind) for item, kind in shown} == declared
