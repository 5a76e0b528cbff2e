# SPDX-License-Identifier: Apache-2.0
"""Image references as text. Source: the reference grammar of the distribution project (github.com/distribution)."""

from __future__ import annotations

DEFAULT_REGISTRY = "index.docker.io"
"""What Docker asks when a reference names no registry."""
IMAGE_PREFIX = "docker:"
SIMULATED_PREFIX = "sim:"
"""Images that only simulated hosts run: nothing is pulled."""


def image_reference(image_uuid: str) -> str:
    """``orca/web:1`` of ``docker:orca/web:1``; a simulated image is as it is."""
    return image_uuid.removeprefix(IMAGE_PREFIX)


def registry_of(reference: str) -> str:
    """The registry's ``HOST[:PORT]`` in an image reference.

    The first part names a registry when it holds a dot or a colon, or is ``localhost``; otherwise it is a name on
    Docker's own.
    """
    first, slash, _ = reference.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first.lower()
    return DEFAULT_REGISTRY
