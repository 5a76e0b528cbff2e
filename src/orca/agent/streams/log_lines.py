# SPDX-License-Identifier: Apache-2.0
"""Turn the engine's log of a container into frames ``<nn> <timestamp> <text>``.

The engine cuts long lines at 16 KB; the parts carry the timestamp of the first and, all but the last, no line end.
Here they become one line again, up to ``LONGEST`` bytes.
"""

from collections.abc import Iterator

LONGEST = 1 << 18

TTY, STDOUT, STDERR = 0, 1, 2


class Lines:
    """Puts lines together. The same input always gives the same frames."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[bytes, bytearray]] = {}

    def add(self, stream: int, packet: bytes) -> Iterator[str]:
        """Take one packet, ``<timestamp> <text>``; give the frames of the lines that end with it."""
        stamp, _, text = packet.partition(b" ")
        before = self._open.pop(stream, None)
        if before is not None and before[0] != stamp:
            yield frame(stream, *before)  # the container died within a line
            before = None
        line = before[1] if before is not None else bytearray()
        line += text
        if line.endswith(b"\n") or len(line) >= LONGEST:
            yield frame(stream, stamp, line)
        else:
            self._open[stream] = (stamp, line)

    def rest(self) -> Iterator[str]:
        """The log ended: what had no line end."""
        for stream, (stamp, line) in self._open.items():
            yield frame(stream, stamp, line)
        self._open.clear()


class TerminalLines:
    """The same for a container with a terminal, whose output has no packets but lines."""

    def __init__(self) -> None:
        self._line = bytearray()

    def add(self, chunk: bytes) -> Iterator[str]:
        """Take a piece of the stream; give the frames of the lines that end in it."""
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            yield from self._frame(self._line + part)
            self._line = bytearray()
        self._line += rest
        if len(self._line) >= LONGEST:
            yield from self.rest()

    def rest(self) -> Iterator[str]:
        """The log ended: what had no line end."""
        yield from self._frame(self._line)
        self._line = bytearray()

    @staticmethod
    def _frame(line: bytearray) -> Iterator[str]:
        if line:
            stamp, _, text = bytes(line).partition(b" ")
            yield frame(TTY, stamp, text.replace(stamp + b" ", b""))


def frame(stream: int, stamp: bytes, text: bytes | bytearray) -> str:
    """One frame; the line end is left out."""
    line = text.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
    return f"{stream:02d} {stamp.decode('ascii', 'replace')} {line}"


def stem(frame: str) -> str:
    """The first two words of a frame, which say where in the log it is."""
    return " ".join(frame.split(" ", 2)[:2])
