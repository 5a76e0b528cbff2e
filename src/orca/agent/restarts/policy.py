# SPDX-License-Identifier: Apache-2.0
"""The pauses before a container starts again; ``orca.wire.RestartPolicy`` says whether it does. Pure."""

FIRST = 0.1
CAP = 60.0
STEADY = 10.0
"""Seconds, as Docker's: the first pause, the longest one, and the run after which pauses begin again with the first."""

NEVER = ("", "no")
"""The engine's names for the policy that starts nothing."""


class Pause:
    """The growing pause before a container's next start."""

    def __init__(self) -> None:
        """Begin with the shortest."""
        self._seconds = 0.0

    def after(self, ran: float) -> float:
        """Return the seconds to wait after a run of ``ran`` seconds."""
        steady = ran > STEADY or self._seconds == 0.0
        self._seconds = FIRST if steady else min(CAP, self._seconds * 2)
        return self._seconds
