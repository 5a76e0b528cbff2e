# SPDX-License-Identifier: Apache-2.0
"""Image references as text. Source: the reference grammar of the distribution project (github.com/distribution)."""

from __future__ import annotations

DEFAULT_REGISTRY = "index.docker.io"
"""The registry of references that name none."""
IMAGE_PREFIX = "docker:"
SIMULATED_PREFIX = "sim:"
"""Images that only simulated hosts run: nothing is pulled."""
NOTHING = "rancher/none"
"""v1's image name for a service, or a sidekick, without containers of its own."""


def image_reference(image_uuid: str) -> str:
    """``orca/web:1`` of ``docker:orca/web:1``; a simulated image stays unchanged."""
    return image_uuid.removeprefix(IMAGE_PREFIX)


def is_nothing(image_uuid: str | None) -> bool:
    """True if an image, or its absence, means that there is no container."""
    return not image_uuid or stands_for(image_uuid) == NOTHING


def stands_for(image_uuid: str) -> str:
    """An image without prefix and tag, to recognise v1's special names."""
    return image_uuid.removeprefix(IMAGE_PREFIX).removeprefix(SIMULATED_PREFIX).partition(":")[0]


def registry_of(reference: str) -> str:
    """The registry's ``HOST[:PORT]`` in an image reference.

    The first part names a registry when it holds a dot, a colon or a capital, or is ``localhost``; otherwise it is a
    name on Docker's own.
    """
    first, slash, _ = reference.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        return first.lower()
    return DEFAULT_REGISTRY
