# SPDX-License-Identifier: Apache-2.0
"""The text of a stack: read it, and refuse what its rows rule out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orca.orchestration.compose import files as compose
from orca.orchestration.compose.errors import ComposeError
from orca.orchestration.compose.files import Compose
from orca.orchestration.stacks.plan import retyped
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx

TEXTS = ("dockerCompose", "rancherCompose", "environment")


def read(fields: Mapping[str, Any], files: tuple[str, str] | None = None) -> Compose | None:
    """Read the compose text among ``fields``; None if there is none.

    ``files``: the client's names of the two texts, if it sent files.

    Raises:
        Refused: text that cannot be used, blamed on its field: ``files``, if the client sent files.
    """
    text = fields.get("dockerCompose")
    if not text:
        return None
    try:
        names = files or (compose.DOCKER, compose.RANCHER)
        return compose.parse(text, fields.get("rancherCompose"), fields.get("environment"), names)
    except ComposeError as error:
        field = "rancherCompose" if error.refusals[0].place.file == compose.RANCHER else "dockerCompose"
        field = field if files is None else "files"
        refused = Refused("InvalidFormat", str(error), field=field)
        refused.more = {"refusals": [refusal.described for refusal in error.refusals]}
        raise refused from error


def check_types(tx: ReadTx, stack: rows.Environment, wanted: Compose | None) -> None:
    """Refuse text that changes the type of an existing service.

    Raises:
        Refused: see above.
    """
    found = tx.find(rows.Service, environmentId=stack.id) if wanted else []
    present = {row.name.casefold(): row for row in found if row.state != "removing"}
    for spec in wanted.services if wanted else ():
        row = present.get(spec.name.casefold())
        if row is not None and row.kind != spec.type:
            raise Refused("InvalidOption", retyped(spec, row.kind), field="dockerCompose")
