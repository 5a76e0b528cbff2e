# SPDX-License-Identifier: Apache-2.0
"""What the reply of an external handler may set."""

import pytest

from orca.provision.handlers.external import fits
from orca.resources import TYPES


@pytest.mark.parametrize(("type", "field"), [("environment", "description"), ("container", "primaryIpAddress")])
def test_a_field_that_somebody_sees(type: str, field: str) -> None:
    assert fits(type, field, "10.42.1.2")


@pytest.mark.parametrize(
    ("type", "field"),
    [("apiKey", "secretHash"), ("apiKey", "secretValue"), ("agent", "registrationKey"), ("host", "meshCsr")],
)
def test_nothing_that_is_the_servers_own(type: str, field: str) -> None:
    assert field in {**TYPES[type].all_fields(), **TYPES[TYPES[type].parent or type].all_fields()}
    assert not fits(type, field, "a")
