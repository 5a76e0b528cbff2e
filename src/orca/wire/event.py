# SPDX-License-Identifier: Apache-2.0
"""The v1 event: the one envelope of every text frame between server and agent.

Source: docs/architecture/wire.md. Keys that are empty are left out of the frame; unknown keys are ignored, so
that an older peer understands a newer one.
"""

import time
import uuid
from typing import Any, Literal, Self, TypeVar

import msgspec

T = TypeVar("T")

Transitioning = Literal["yes", "error"]


class WireError(ValueError):
    """A frame is not an event, or its data does not have the form that its name promises."""


def now_ms() -> int:
    """Return the time as UTC milliseconds since 1970, the unit of every time on the wire."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """Return a fresh event id."""
    return str(uuid.uuid4())


def to_data(payload: msgspec.Struct | dict[str, Any] | None) -> dict[str, Any]:
    """Return ``payload`` as the JSON object that ``Event.data`` holds."""
    if payload is None:
        return {}
    if isinstance(payload, dict):
        return payload
    data: dict[str, Any] = msgspec.to_builtins(payload)
    return data


class Head(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """What the server reads of an event besides its data.

    ``transitioning`` is ``"yes"`` for progress, ``"error"`` for a failed command and absent for success;
    ``transitioning_progress`` is a percentage.
    """

    name: str
    previous_ids: list[str] = msgspec.field(default_factory=list)
    transitioning: Transitioning | None = None
    transitioning_message: str | None = None
    transitioning_progress: int | None = None


class Event(Head, kw_only=True, omit_defaults=True, rename="camel"):
    """One v1 event; ``time`` is UTC milliseconds."""

    id: str = msgspec.field(default_factory=new_id)
    time: int = msgspec.field(default_factory=now_ms)
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    resource_type: str | None = None
    resource_id: str | None = None
    reply_to: str | None = None

    @classmethod
    def report(cls, name: str, payload: msgspec.Struct | dict[str, Any] | None = None) -> Self:
        """Make an event that expects no answer."""
        return cls(name=name, data=to_data(payload))

    @classmethod
    def request(cls, name: str, payload: msgspec.Struct | dict[str, Any] | None = None) -> Self:
        """Make an event that expects replies; ``reply_to`` is ``reply.<id>``."""
        event = cls(name=name, data=to_data(payload))
        event.reply_to = f"reply.{event.id}"
        return event

    def reply(self, payload: msgspec.Struct | dict[str, Any] | None = None) -> "Event":
        """Make the reply that ends this request successfully."""
        return Event(
            name=self.reply_to or f"reply.{self.id}",
            data=to_data(payload),
            resource_type=self.resource_type,
            resource_id=self.resource_id,
            previous_ids=[self.id],
        )

    def reply_progress(self, message: str, progress: int | None = None) -> "Event":
        """Make a reply that reports the progress of this request (``progress`` in percent)."""
        event = self.reply()
        event.transitioning, event.transitioning_message, event.transitioning_progress = "yes", message, progress
        return event

    def reply_error(self, message: str) -> "Event":
        """Make the reply that ends this request as failed."""
        event = self.reply()
        event.transitioning, event.transitioning_message = "error", message
        return event

    def read(self, form: type[T]) -> T:
        """Return ``data`` as a message struct.

        Raises:
            WireError: the data lacks a key or has a value of another type; the message names the key.
        """
        try:
            return msgspec.convert(self.data, form)
        except msgspec.ValidationError as error:
            raise WireError(f"event {self.name}: {error}") from error


class Incoming(Head, kw_only=True, omit_defaults=True, rename="camel"):
    """An agent's frame as the server reads it.

    ``data`` stays text until its form is known, so that nothing is built from keys that the form lacks.
    """

    data: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))

    def read(self, form: type[T]) -> T:
        """Return ``data`` in a form. Raises ``WireError`` as ``Event.read`` does."""
        try:
            return msgspec.json.decode(self.data, type=form)
        except msgspec.DecodeError as error:
            raise WireError(f"event {self.name[:REPORTED_CHARACTERS]}: {error}") from error

    def event(self) -> Event:
        """Return the frame with its data as an object. Raises ``WireError``."""
        return Event(**msgspec.structs.asdict(self) | {"data": self.read(dict[str, Any])})


REPORTED_CHARACTERS = 64
"""Most characters of an unknown name that messages show."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Event)
_incoming = msgspec.json.Decoder(Incoming)


def encode(event: Event) -> str:
    """Return the text frame of ``event``."""
    return _encoder.encode(event).decode()


def decode(frame: str | bytes) -> Event:
    """Return the event in a text frame.

    Raises:
        WireError: the frame is not JSON or not an event.
    """
    try:
        return _decoder.decode(frame)
    except msgspec.DecodeError as error:
        raise WireError(f"not an event: {error}") from error


def receive(frame: str | bytes) -> Incoming:
    """Return the event in a frame of an agent.

    Raises:
        WireError: the frame is not JSON or not an event.
    """
    try:
        return _incoming.decode(frame)
    except msgspec.DecodeError as error:
        raise WireError(f"not an event: {error}") from error
