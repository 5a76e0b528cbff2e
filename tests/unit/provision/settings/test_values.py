# SPDX-License-Identifier: Apache-2.0
"""Values of settings that are refused, and what the others mean."""

from __future__ import annotations

import pytest

from orca.provision.settings import values
from orca.resources.errors import Refused


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (values.DEFAULTS[values.CONTAINER_LOG], ("json-file", {"max-size": "10m", "max-file": "3"})),
        ("local max-size=1g compress=false", ("local", {"max-size": "1g", "compress": "false"})),
        ("engine", ("engine", {})),
    ],
)
def test_the_default_log(text: str, meant: tuple[str, dict[str, str]]) -> None:
    values.check(values.CONTAINER_LOG, text)
    assert values.log_default(text) == meant


@pytest.mark.parametrize("text", ["", "syslog", "local max-size", "local path=/etc", "engine max-size=1m"])
def test_a_default_log_that_nobody_could_read_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"container\.log: json-file or local with options"):
        values.check(values.CONTAINER_LOG, text)
