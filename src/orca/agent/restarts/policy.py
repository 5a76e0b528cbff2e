# SPDX-License-Identifier: Apache-2.0
"""Docker's restart policies: whether a container that ended starts again, and after which pause; pure."""

from orca.wire import RestartPolicy

FIRST = 0.1
CAP = 60.0
STEADY = 10.0
"""Seconds: the first pause, the longest one, and the run after which the pause is the first one again (as Docker's)."""

NEVER = ("", "no")
"""The engine's names of the policy under which it starts nothing."""


def again(policy: RestartPolicy, exit_code: int, restarts: int) -> bool:
    """True if a container that ended with ``exit_code`` after ``restarts`` restarts is to start again.

    ``unless-stopped`` is ``always`` here: what the platform stopped is not asked about.
    """
    if policy.name == "on-failure":
        return exit_code != 0 and (policy.maximum_retry_count == 0 or restarts < policy.maximum_retry_count)
    return policy.name in ("always", "unless-stopped")


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
