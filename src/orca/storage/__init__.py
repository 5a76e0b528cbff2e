# SPDX-License-Identifier: Apache-2.0
"""Floor 3, storage: images and the registries they come from, volumes, mounts, snapshots."""

from orca.engine import Services
from orca.storage import images, registries, snapshots, volumes


def install(services: Services) -> None:
    """Add the behaviour of what containers keep and start from; `orca.provision` comes before."""
    for module in (registries, images, volumes, snapshots):
        services.add(module.behaviour)


__all__ = ["install"]
