# SPDX-License-Identifier: Apache-2.0
"""Knobs of agents and faults of containers, as text says them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.simulator import knobs
from orca.simulator.faults import Faults, by_image, by_words

START = "compute.instance.activate"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name":"web"}', {}),
        ('{"name":"simForgetImmediately"}', {"vanishes": True}),
        ('{"name":"simDisconnectAgent"}', {"silences": True}),
        ('{"data":{"simShutdownAfter":"5"}}', {"ends_after": 5000}),
        ('{"data":{"simShutdownAfter":0.5}}', {"ends_after": 500}),
        ('{"data":{"x":["simShutdownAfter","5"]}}', {"ends_after": 5000}),
        ('{"data":{"simShutdownAfter":"soon"}}', {}),
        ('{"data":{"simUnhealthyAfter":"0.5"}}', {"fails_after": 500}),
        ('{"name":"simCreateAnother_ab-1.c"}', {"another": "ab-1.c"}),
        ('{"data":{"compute.instance.activate::fail":true}}', {"refused": True}),
        ('{"data":{"compute.instance.remove::fail":true}}', {}),
    ],
)
def test_words(text, expected):
    assert by_words(START, text) == Faults(**expected)


@given(st.text())
def test_any_text_has_faults_or_none(text):
    assert isinstance(by_words(START, text), Faults)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("ok/web:1", {}),
        ("registry.example/missing", {"missing": True}),
        ("hang", {"hangs": True}),
        ("ok/slow", {"pull": 300}),
        ("crash", {"ends_after": 0}),
    ],
)
def test_images(image, expected):
    assert by_image(image) == Faults(**expected, exit_code=3)


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
