# SPDX-License-Identifier: Apache-2.0
"""Read a client's files and variables for a stack, or find the variables that are still needed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from orca.orchestration.compose.files import Compose
from orca.orchestration.stacks import text as stack_text
from orca.resources.errors import Refused

SCALES = ("rancher-compose.yml", "rancher-compose.yaml")
"""The name of the file with the platform's own keys of services."""


@dataclass(frozen=True, slots=True)
class Given:
    """A client's input. ``texts``: the fields of the stack; ``compose``: their content, None while variables in
    ``needs`` are missing.
    """

    name: str
    texts: dict[str, str | dict[str, str]]
    compose: Compose | None
    needs: tuple[str, ...] = ()


class Variables(Mapping[str, str]):
    """The variables for the reader of the files; notes each name that the reader looks up.

    So only the reader knows where a text names a variable. ``given``: values by name, None for a variable that the
    client does not have.
    """

    def __init__(self, given: Mapping[str, str | None]) -> None:
        self._given = given
        self.used: dict[str, str] = {}
        self.needs: set[str] = set()

    def __getitem__(self, name: str) -> str:
        if name not in self._given:
            self.needs.add(name)
        value = self._given.get(name)
        if value is None:
            raise KeyError(name)
        self.used[name] = value
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name, value in self._given.items() if value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read(name: str, files: Mapping[str, str], variables: Mapping[str, str | None]) -> Given:
    """Read a client's input.

    Raises:
        Refused: no compose file or several, or one that cannot be used.
    """
    for variable, value in variables.items():
        if value is not None and not isinstance(value, str):
            message = f"variables: {variable}: a text is expected, or null where there is none"
            raise Refused("InvalidFormat", message, field="variables")
    asked = Variables(variables)
    docker, rancher = _roles(files)
    texts: dict[str, str | dict[str, str]] = {"dockerCompose": files[docker], "rancherCompose": files.get(rancher, "")}
    try:
        compose = stack_text.read({**texts, "environment": asked}, (docker, rancher))
    except Refused:
        # A missing value may be the reason.
        if not asked.needs:
            raise
        compose = None
    if asked.needs:
        return Given(name, texts, None, tuple(sorted(asked.needs)))
    if compose is None:
        raise Refused("MissingRequired", f"{docker}: the file is empty; name its services", field="files")
    return Given(name, {**texts, "environment": dict(sorted(asked.used.items()))}, compose)


def _roles(files: Mapping[str, str]) -> tuple[str, str]:
    """The paths of the compose file and of the file of scales; the latter need not be among the files."""
    scales = [path for path in files if PurePosixPath(path).name in SCALES]
    others = [path for path in files if path not in scales]
    for what, found in (("compose file", others), (f"file {SCALES[0]}", scales)):
        if len(found) > 1:
            raise Refused(
                "InvalidOption", f"files: one {what} is expected, not {', '.join(sorted(found))}", field="files"
            )
    if not others:
        raise Refused("MissingRequired", "files: there is no compose file", field="files")
    return others[0], scales[0] if scales else SCALES[0]
