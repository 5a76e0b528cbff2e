# SPDX-License-Identifier: Apache-2.0
"""The pauses before a container starts again; whether it does is said by ``orca.wire.RestartPolicy``. Pure."""

FIRST = 0.1
CAP = 60.0
STEADY = 10.0
"""Seconds: the first pause, the longest one, and the run after which the pause is the first one again (as Docker's)."""

NEVER = ("", "no")
"""The engine's names of the policy under which it starts nothing."""


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
