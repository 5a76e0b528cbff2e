# SPDX-License-Identifier: Apache-2.0
"""Knobs of agents and triggers of containers, as text says them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.simulator import knobs, triggers
from orca.simulator.triggers import Triggers

NONE = Triggers(forget=False, disconnect=False, shutdown_after=None, another=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name":"web"}', NONE),
        ('{"name":"simForgetImmediately"}', Triggers(True, False, None, None)),
        ('{"name":"simDisconnectAgent"}', Triggers(False, True, None, None)),
        ('{"data":{"simShutdownAfter":"5"}}', Triggers(False, False, 5.0, None)),
        ('{"data":{"simShutdownAfter":0.5}}', Triggers(False, False, 0.5, None)),
        ('{"data":{"x":["simShutdownAfter","5"]}}', Triggers(False, False, 5.0, None)),
        ('{"data":{"simShutdownAfter":"soon"}}', NONE),
        ('{"name":"simCreateAnother_ab-1.c"}', Triggers(False, False, None, "ab-1.c")),
    ],
)
def test_triggers(text, expected):
    assert triggers.read(text) == expected


@given(st.text())
def test_any_text_has_triggers_or_none(text):
    assert isinstance(triggers.read(text), Triggers)


def test_an_event_fails_by_its_own_name():
    text = '{"data":{"compute.instance.activate::fail":true}}'
    assert triggers.fails("compute.instance.activate", text)
    assert not triggers.fails("compute.instance.remove", text)


def test_knobs_have_the_values_of_the_reference():
    found = knobs.read({})
    assert (found.hosts, found.storage_pools_per_host, found.add_physical_host) == (1, 1, True)
    assert (found.ip_address, found.delay) == ("192.168.0.21", 0)


@pytest.mark.parametrize(
    "given",
    [{"hosts": []}, {"hosts": 5000}, {"addPhysicalHost": "perhaps"}, {"delay": -1}, {"storagePoolsPerHost": 11}],
)
def test_knobs_that_are_none(given):
    with pytest.raises(knobs.BadKnobs):
        knobs.read({knobs.KEY: given})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda of: st.dictionaries(st.text(), of)))
def test_any_data_is_read_or_refused(data):
    try:
        found = knobs.read({knobs.KEY: data})
    except knobs.BadKnobs:
        return
    assert 0 <= found.hosts <= 1000


@pytest.mark.parametrize(("uri", "simulated"), [("sim://x", True), ("event:///x", False), ("", False), (None, False)])
def test_what_is_simulated(uri, simulated):
    assert knobs.is_simulated(uri) is simulated
