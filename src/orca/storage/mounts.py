# SPDX-License-Identifier: Apache-2.0
"""The mounts of a container, as text: ``/path``, ``/host/path:/path[:ro]``, ``name:/path[:ro]`` (docker run -v)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

LOCAL = "local"
"""The driver of volumes that lie on their host."""
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*\Z")
"""A volume's name (github.com/moby/moby, volume names)."""
OPTIONS = frozenset({"ro", "rw", "z", "Z", "nocopy", "shared", "slave", "private", "rshared", "rslave", "rprivate"})


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount of a container. ``source``: a path of the host, a volume's name, or empty for an anonymous volume."""

    path: str
    source: str = ""
    options: tuple[str, ...] = ()

    @property
    def is_host_path(self) -> bool:
        """True if it is a folder of the host rather than a volume."""
        return self.source.startswith("/")

    @property
    def read_only(self) -> bool:
        """True if the container may only read."""
        return "ro" in self.options

    def of(self, source: str) -> Mount:
        """The same mount of another source."""
        return replace(self, source=source)

    def __str__(self) -> str:
        if not self.source:
            return self.path
        return ":".join([self.source, self.path, *([",".join(self.options)] if self.options else [])])


def parse(text: str) -> Mount:
    """Read one mount.

    Raises:
        ValueError: it does not have the documented form; the message shows it.
    """
    parts = str(text).split(":")
    problem = f"volume {text!r} does not have the form /path, /host/path:/path[:ro] or name:/path[:ro]"
    if len(parts) > 3:
        raise ValueError(problem)
    source, path = ("", parts[0]) if len(parts) == 1 else (parts[0], parts[1])
    options = tuple(parts[2].split(",")) if len(parts) == 3 else ()
    if not path.startswith("/") or not OPTIONS.issuperset(options):
        raise ValueError(problem)
    if len(parts) > 1 and not source.startswith("/") and not NAME.match(source):
        raise ValueError(problem)
    return Mount(path, source, options)
