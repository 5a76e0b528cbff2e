# SPDX-License-Identifier: Apache-2.0
from hypothesis import given
from hypothesis import strategies as st

from orca.agent.streams.log_lines import LONGEST, STDERR, STDOUT, Lines, TerminalLines, stem

A, B = b"2026-11-23T08:59:24.576948155Z", b"2026-11-23T08:59:24.577096423Z"


def all_frames(packets: list[tuple[int, bytes]]) -> list[str]:
    lines = Lines()
    frames = [frame for kind, packet in packets for frame in lines.add(kind, packet)]
    return frames + list(lines.rest())


def test_a_line_has_its_kind_its_time_and_its_text() -> None:
    assert all_frames([(STDOUT, A + b" hello world\n"), (STDERR, B + b" \n")]) == [
        f"01 {A.decode()} hello world",
        f"02 {B.decode()} ",
    ]


def test_the_parts_of_a_long_line_are_put_together() -> None:
    packets = [(STDOUT, A + b" one "), (STDERR, B + b" between\n"), (STDOUT, A + b" two\n")]
    assert all_frames(packets) == [f"02 {B.decode()} between", f"01 {A.decode()} one two"]


def test_a_line_that_its_container_did_not_end() -> None:
    assert all_frames([(STDOUT, A + b" half"), (STDOUT, B + b" next\n"), (STDERR, B + b" last")]) == [
        f"01 {A.decode()} half",
        f"01 {B.decode()} next",
        f"02 {B.decode()} last",
    ]


def test_a_line_without_end_is_cut() -> None:
    part = b"x" * (LONGEST // 2)
    frames = all_frames([(STDOUT, A + b" " + part)] * 5)
    assert [len(frame) for frame in frames] == [
        len(f"01 {A.decode()} ") + size for size in (LONGEST, LONGEST, len(part))
    ]


def test_the_line_end_of_a_terminal_and_bytes_that_are_no_text() -> None:
    assert all_frames([(STDOUT, A + b" a\r\n"), (STDOUT, B + b" \xff\n")]) == [
        f"01 {A.decode()} a",
        f"01 {B.decode()} \ufffd",
    ]


def test_the_stem_is_the_first_two_words() -> None:
    assert stem(f"01 {A.decode()} a b c") == f"01 {A.decode()}"
    assert stem(f"01 {A.decode()} ") == f"01 {A.decode()}"


def test_a_terminal_repeats_the_time_within_a_long_line() -> None:
    lines = TerminalLines()
    assert list(lines.add(A + b" one " + A + b" two\r\n" + B + b" x")) == [f"00 {A.decode()} one two"]
    assert list(lines.rest()) == [f"00 {B.decode()} x"]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), max_size=20), st.data())
def test_a_terminals_lines_are_the_same_however_they_are_cut(texts: list[str], data: st.DataObject) -> None:
    stream = b"".join(A + b" " + text.encode() + b"\r\n" for text in texts)
    lines, frames = TerminalLines(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        frames += lines.add(stream[:size])
        stream = stream[size:]
    assert [frame.split(" ", 2)[2] for frame in frames] == texts
    assert not list(lines.rest())
