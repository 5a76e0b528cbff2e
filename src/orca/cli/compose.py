# SPDX-License-Identifier: Apache-2.0
"""The files of a stack on this computer, and the protocol by which the server plans and applies them.

The files are sent as they are. The server says which variables they name; only those are sent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from orca.cli.client import Client, Resource
from orca.cli.errors import ApiError, CommandError

COMPOSE_NAMES = ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml")
SCALES = "rancher-compose.yml"
ROUNDS = 10
"""How often the server may request more, or others may change the stack while it is being planned."""


@dataclass
class Wanted:
    """A stack as its files describe it. ``variables``: those that the server requested; None if one is not set."""

    name: str
    files: dict[str, str]
    variables: dict[str, str | None]

    @classmethod
    def read(cls, name: str | None, file: Path | None, rancher_file: Path | None) -> Wanted:
        """Read the files. Raises UsageError if they, or the name, cannot be used."""
        path = compose_file(file)
        files = {path.name: _read(path)}
        beside = path.with_name(SCALES)
        if rancher_file is not None or beside.exists():
            files[SCALES] = _read(rancher_file or beside)
        return cls(name or default_name(path), files, {})

    def plan(self, client: Client) -> Resource:
        """Ask the server what it would do. Raises ApiError with everything it refuses."""
        for _ in range(ROUNDS):
            found: Resource = self._ask(client, "plan")
            needs = found.get("needs") or {}
            if not needs:
                return found
            if set(needs) != {"variables"} or not set(needs["variables"]) - self.variables.keys():
                raise CommandError(f"the server needs {', '.join(needs)}, which this orca cannot give: update it")
            self.variables |= {name: os.environ.get(name) for name in needs["variables"]}
        raise CommandError("the server keeps asking for variables")

    def apply(self, client: Client, plan: Resource) -> Iterator[tuple[Resource, Resource | None]]:
        """Have the server carry out the plan. Whenever the plan has changed meanwhile, yields the new plan with None;
        last yields the plan that was carried out, with the stack.
        """
        for _ in range(ROUNDS):
            try:
                yield plan, self._ask(client, "apply", hash=plan["hash"])
                return
            except ApiError as exc:
                if exc.code != "PlanChanged":
                    raise
            plan = self.plan(client)
            yield plan, None
        raise CommandError(f"others keep changing stack {self.name}")

    def _ask(self, client: Client, action: str, **more: Any) -> Resource:
        body = {"name": self.name, "files": self.files, "variables": self.variables, **more}
        return client.act_on_all("environments", action, body)


def compose_file(given: Path | None) -> Path:
    """The compose file: the given one, or one of the usual names in this folder."""
    if given is not None:
        return given
    for name in COMPOSE_NAMES:
        if Path(name).exists():
            return Path(name)
    raise click.UsageError(f"no {COMPOSE_NAMES[0]} in {Path.cwd()}; name one with -f")


def default_name(compose: Path) -> str:
    """The folder's name reduced to what a stack may be called: letters, digits and inner hyphens."""
    folder = compose.resolve().parent.name
    name = re.sub(r"[^A-Za-z0-9]+", "-", folder).strip("-")
    if not name:
        raise click.UsageError(f"the folder {folder or os.sep} gives no name for a stack; name it with -p")
    return name


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as exc:
        raise click.UsageError(f"cannot read {path}: {exc}") from exc
