# SPDX-License-Identifier: Apache-2.0
from hypothesis import given
from hypothesis import strategies as st

from orca.agent.streams.execution import whole_characters


@given(st.text(), st.data())
def test_pieces_of_a_text_are_texts(text: str, data: st.DataObject) -> None:
    encoded, rest, found = text.encode(), b"", ""
    while encoded:
        size = data.draw(st.integers(1, len(encoded)))
        whole, rest = whole_characters(rest + encoded[:size])
        found += whole.decode()
        encoded = encoded[size:]
    assert (found, rest) == (text, b"")


@given(st.binary())
def test_nothing_is_lost_and_little_is_held_back(piece: bytes) -> None:
    whole, rest = whole_characters(piece)
    assert whole + rest == piece
    assert len(rest) <= 3
