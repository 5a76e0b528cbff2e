# SPDX-License-Identifier: Apache-2.0
"""The frames of the agent protocol: what is left out, what is refused, what survives a round trip."""

import json

import msgspec
import pytest

from orca.wire import (
    Activate,
    ConfigItem,
    ConfigUpdate,
    Container,
    Event,
    Hello,
    Instance,
    PublishedPort,
    RegistryAuth,
    WireError,
    decode,
    encode,
    names,
)


def test_empty_keys_are_left_out_of_the_frame() -> None:
    event = Event.report(names.HOST_CHANGE, {"addresses": ["192.0.2.1"]})
    assert json.loads(encode(event)).keys() == {"id", "name", "time", "data"}


def test_ids_and_times_are_always_on_the_wire() -> None:
    frame = json.loads(encode(Event.request(names.PING)))
    assert frame["id"]
    assert frame["time"] > 1_500_000_000_000
    assert frame["replyTo"] == f"reply.{frame['id']}"


def test_a_reply_is_named_after_reply_to_and_points_at_the_request() -> None:
    request = Event.request(names.PING)
    assert request.reply().name == request.reply_to
    assert request.reply().previous_ids == [request.id]
    assert request.reply().transitioning is None
    progress = request.reply_progress("Pulling", 40)
    assert (progress.transitioning, progress.transitioning_message, progress.transitioning_progress) == (
        "yes",
        "Pulling",
        40,
    )
    assert request.reply_error("no").transitioning == "error"


def test_data_survives_the_round_trip() -> None:
    wanted = Activate(
        key="1pi7/activate",
        instance=Instance(
            uuid="u",
            name="web_1",
            image="web",
            address="10.42.1.10",
            ports=[PublishedPort(public_port=80, private_port=8080)],
        ),
    )
    event = decode(encode(Event.request(names.ACTIVATE, wanted)))
    assert event.read(Activate) == wanted
    assert event.data["instance"]["ports"] == [{"publicPort": 80, "privatePort": 8080}]


def test_an_item_tells_removal_from_unchanged() -> None:
    update = ConfigUpdate(
        complete=True,
        items=[
            ConfigItem(name="a", version=1),
            ConfigItem(name="b", version=2, description=None),
            ConfigItem(name="c", version=3, description={}),
        ],
    )
    again = decode(encode(Event.request(names.CONFIG_UPDATE, update))).read(ConfigUpdate)
    assert [item.description for item in again.items] == [msgspec.UNSET, None, {}]


def test_a_hello_carries_facts_and_containers() -> None:
    hello = Hello(uuid="h", hostname="h1", containers=[Container(external_id="x", name="n", state="running")])
    again = decode(encode(Event.report(names.HELLO, hello))).read(Hello)
    assert again == hello


def test_wrong_data_names_the_key() -> None:
    with pytest.raises(WireError, match=r"compute\.instance\.activate.*instance"):
        Event.request(names.ACTIVATE, {"key": "k"}).read(Activate)


@pytest.mark.parametrize("frame", ["", "[]", "{", '{"id": "x"}', b"\xff"])
def test_a_frame_that_is_no_event_is_refused(frame: str | bytes) -> None:
    with pytest.raises(WireError):
        decode(frame)


def test_unknown_keys_are_ignored() -> None:
    assert decode('{"name": "ping", "id": "1", "time": 1, "future": true}').name == names.PING


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(RegistryAuth(username="u", password="secret"))
