# SPDX-License-Identifier: Apache-2.0
"""Floor 3, storage: images and the registries they come from, volumes, mounts, snapshots."""

from orca.engine import Assembly
from orca.storage import external_events, images, registries, snapshots, volumes


def install(assembly: Assembly) -> None:
    """Add the behaviour of images, volumes, registries and shared storage; ``orca.provision`` comes before."""
    for module in (registries, images, volumes, snapshots, external_events):
        assembly.add(module.behaviour)


__all__ = ["install"]
