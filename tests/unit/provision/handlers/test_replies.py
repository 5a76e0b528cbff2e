# SPDX-License-Identifier: Apache-2.0
"""What the reply of an external handler may set."""

import pytest

from orca.provision.handlers.external import fits, loose
from orca.resources import TYPES


@pytest.mark.parametrize(("type", "field"), [("environment", "description"), ("container", "primaryIpAddress")])
def test_a_field_that_somebody_sees(type: str, field: str) -> None:
    assert fits(type, field, "10.42.1.2")


@pytest.mark.parametrize(
    ("type", "field"),
    [("apiKey", "secretHash"), ("apiKey", "secretValue"), ("agent", "registrationKey"), ("host", "meshCsr")],
)
def test_nothing_that_is_the_servers_own(type: str, field: str) -> None:
    assert field in {**TYPES[type].all_fields, **TYPES[TYPES[type].parent or type].all_fields}
    assert not fits(type, field, "a")


def test_keys_of_data_that_nobody_else_keeps() -> None:
    told = {"fields": {"state": "x"}, "role": "owner", "place": "rack 7"}
    assert loose("apiKey", told) == {"place": "rack 7"}
