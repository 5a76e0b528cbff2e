# SPDX-License-Identifier: Apache-2.0
"""Every setting is on a page, with its default."""

from __future__ import annotations

import doc_tables

from orca.provision.settings import values as settings


def test_settings_are_on_the_page_with_their_defaults() -> None:
    shown = {
        doc_tables.words(name)[0]: (doc_tables.words(default) or [None])[0]
        for name, default, _ in doc_tables.rows("setting", "default", "what it says")
    }
    assert shown == {name: settings.DEFAULTS.get(name) for name in settings.PUBLIC}
