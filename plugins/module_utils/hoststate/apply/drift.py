# SPDX-License-Identifier: Apache-2.0
"""Check which kinds have drifted from their description, cheaply enough for every few seconds.

A check costs some reads of ``/proc`` and ``/sys`` and one netlink message; some kinds add to that.
"""

from __future__ import annotations

from typing import List, Mapping, Optional

from . import kinds
from .host import Host
from .kind import Description, Kind


class DriftWatch:
    """The checks of all kinds on one host; each remembers the last correct state."""

    def __init__(self, host: Host) -> None:
        self._looks = [(kind, kind.drift(host)) for kind in kinds.KINDS]

    def drifted(self, descriptions: Mapping[str, Optional[Description]], docker: bool = False) -> List[Kind]:
        """Return the kinds, in order of application, that ``apply_kind`` would change.

        :param descriptions: by the name of the kind; absent or ``None`` ones are not watched. :param docker: also ask
        Docker for the system containers; a caller that follows Docker's events need not each time. :raises
        HostStateError: see ``.iptables.observe``; EngineUnavailable: only with ``docker``.
        """
        wanted = [(kind, look, descriptions.get(kind.name)) for kind, look in self._looks]
        return [kind for kind, look, text in wanted if text is not None and look(text, docker)]
