# SPDX-License-Identifier: Apache-2.0
"""How an image is named. Source: the grammar of github.com/distribution/reference; digests as go-digest takes them.

Engines refuse other names, but only once a container is to start.
"""

from __future__ import annotations

import re

_LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REGISTRY = rf"({_LABEL}(\.{_LABEL})*|\[[a-fA-F0-9:]+\])(:[0-9]+)?"
_PART = "[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*"
_NAME = f"({_REGISTRY}/)?{_PART}(/{_PART})*"
_TAG = "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}"
_DIGEST = "(sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})"
REFERENCE = f"{_NAME}(:{_TAG})?(@{_DIGEST})?"
"""The pattern of an image of a registry, as an engine takes it."""
IMAGE_UUID = f"docker:{REFERENCE}|sim:.+"
"""The pattern of an image in the API: one of a registry, or one that only simulated hosts run."""
LONGEST = 520
"""Characters: 255 of a name, 128 of a tag, and the longest digest."""
FORM = "[HOST[:PORT]/]NAME[:TAG][@DIGEST] is expected"


def wrong_reference(text: str) -> str | None:
    """Why an engine refuses a text as an image, and what to write instead; None if the engine accepts it."""
    if len(text) > LONGEST:
        return f"an image has at most {LONGEST} characters"
    if re.fullmatch(REFERENCE, text):
        return None
    name, _, digest = text.partition("@")
    name, colon, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "")
    if colon and not tag:
        return f"{text!r} has an empty tag: name one, or leave the colon out"
    if not re.fullmatch(_NAME, name) and re.fullmatch(_NAME, name.lower()):
        return f"{text!r} has capitals in the name of its repository: write {name.lower()!r}"
    if colon and not re.fullmatch(_TAG, tag):
        return f"{text!r} has the tag {tag!r}: letters, digits, '_', '.' and '-' are expected, at most 128"
    if "@" in text and not re.fullmatch(_DIGEST, digest):
        return f"{text!r} has no whole digest: @sha256: and 64 digits in lower case are expected"
    return f"{text!r} is not an image: {FORM}"


def wrong_image(text: str) -> str | None:
    """The same for an image with or without its prefix."""
    return None if text.startswith("sim:") else wrong_reference(text.removeprefix("docker:"))


def wrong_image_uuid(text: str) -> str | None:
    """The same for an image with its prefix; one with another is refused elsewhere, in the words of v1."""
    return wrong_image(text) if text.startswith("docker:") else None
