# SPDX-License-Identifier: Apache-2.0
"""The fields of messages between server and agent stand on the page as the messages have them."""

from __future__ import annotations

import re

import doc_tables
import msgspec
import pytest

from orca.wire import balancers, checks, commands, measure, metadata, names, streams

FORMS: dict[str, tuple[type[msgspec.Struct] | None, type[msgspec.Struct] | None]] = {
    names.PING: (None, None),
    names.CONFIG_UPDATE: (commands.ConfigUpdate, commands.ConfigApplied),
    names.ACTIVATE: (commands.Activate, commands.Activated),
    names.DEACTIVATE: (commands.Deactivate, commands.Deactivated),
    names.REMOVE: (commands.Remove, None),
    names.INSPECT: (commands.Inspect, commands.Inspected),
    names.PULL: (commands.Pull, commands.Pulled),
    names.VOLUME_REMOVE: (commands.RemoveVolume, commands.VolumeRemoved),
    names.DRAIN: (balancers.Drain, balancers.Drained),
    names.BALANCER_STATS: (balancers.LookAtBalancer, balancers.BalancerFigures),
    names.OPEN_STREAM: (streams.OpenStream, None),
    names.MEASURE: (measure.Measure, measure.Measured),
    names.DRAIN: (balancers.Drain, balancers.Drained),
    names.BALANCER_STATS: (balancers.LookAtBalancer, balancers.BalancerFigures),
    names.METADATA_UPDATE: (metadata.MetadataUpdate, None),
    names.PROBE: (commands.Probe, commands.Probed),
    names.EPOCH: (commands.Epoch, None),
    names.CANCEL: (commands.Cancel, None),
}
"""What the server sends, and the agent's reply; None: an empty object."""
AND_MORE = (names.HOST_CHANGE,)
"""Messages of which the page names some fields, and says where the others stand."""


def fields(form: type[msgspec.Struct] | None) -> set[str]:
    return set() if form is None else {each.encode_name for each in msgspec.structs.fields(form)}


def shown(cell: str) -> set[str]:
    """The keys of the first object in a cell: `{key, items: [{name}], at (ms), more?}` has key, items, at and more."""
    objects = [span for span in doc_tables.words(cell) if span.startswith("{")]
    if not objects:
        return set()
    inside = objects[0][1:-1]
    while re.search(r"\[[^\[\]]*\]|\{[^{}]*\}|\([^()]*\)|<[^<>]*>", inside):
        inside = re.sub(r"\[[^\[\]]*\]|\{[^{}]*\}|\([^()]*\)|<[^<>]*>", "", inside)
    return {re.split(r"[?: ]", part.strip())[0] for part in inside.split(",") if part.strip()}


@pytest.mark.parametrize("row", doc_tables.rows("name", "data", "reply data"), ids=lambda row: row[0])
def test_fields_of_what_the_server_sends_and_gets(row: tuple[str, ...]) -> None:
    data, reply = FORMS[doc_tables.words(row[0])[0]]
    assert (shown(row[1]), shown(row[2])) == (fields(data), fields(reply))


@pytest.mark.parametrize("row", doc_tables.rows("name", "data"), ids=lambda row: row[0])
def test_fields_of_what_an_agent_sends(row: tuple[str, ...]) -> None:
    name = doc_tables.words(row[0])[0]
    if name in AND_MORE:
        assert shown(row[1]) <= fields(checks.FORMS[name])
    else:
        assert shown(row[1]) == fields(checks.FORMS[name])


def test_keys_are_read_as_the_page_writes_them() -> None:
    assert shown("on change: `{a, b?, c: [{d, e}], f (ms), g: <host uuid>, h: one or two}` and `x`") == set("abcfgh")
