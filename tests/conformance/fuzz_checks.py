# SPDX-License-Identifier: Apache-2.0
"""A check for schemathesis, which loads this file by ``SCHEMATHESIS_HOOKS``: what the document allows is taken.

It stands for ``positive_data_acceptance``, which knows no reason to refuse a request that is well-formed. There are
some, which OpenAPI cannot tell: those below, and what an action takes, as which one it is stands in the query.
"""

from __future__ import annotations

from typing import Any

import schemathesis
from schemathesis.core.failures import Failure

TAKEN = {*range(200, 400), 404}
"""404: ids are guessed."""

WHAT_THERE_IS = {
    "InvalidReference": "the row that a reference names may be missing",
    "NotUnique": "another row may have the name",
    "ActionNotAvailable": "a resource is asked for something in the wrong state",
    "InvalidState": "a resource that the request is about is in the wrong state",
    "Method not allowed": "DELETE: the wrong state, in v1's words",
    "Conflict": "somebody was faster",
    "LoadBalancerConfigIsInUse": "a balancer uses it",
    "Forbidden": "nobody in this project may make such a one: simulated agents, when the server has none",
}
"""Codes of refusals that depend on the rows there are, and why."""

OF_ANOTHER_KIND = {
    "MinLimitExceeded": "a number may be given as text, which no schema holds to its limits",
    "MaxLimitExceeded": "likewise",
    "MinLengthExceeded": "text may be given as a number, which has no length",
    "MaxLengthExceeded": "likewise",
    "InvalidCharacters": "no text holds a NUL character, also not in names inside objects",
}
"""Codes of refusals of values that say what they are in another way than the field."""

SEVERAL_FIELDS: dict[tuple[str, str | None], str] = {
    ("DriverConfigExactlyOneRequired", None): "a machine has one driver",
    ("MissingRequired", "sourcePort"): "a listener has it or privatePort",
}
"""Code and field of refusals in which fields of a request contradict one another, and how."""

LANGUAGES: dict[tuple[str, str | None], str] = {
    ("InvalidFormat", "cert"): "PEM",
    ("PortWrongFormat", "ports"): "Docker's notation",
    ("InvalidFormat", "dockerCompose"): "YAML",
}
"""Code and field of texts in a language that no pattern describes."""


class Rejected(Failure):
    """The server refuses what its document allows."""


@schemathesis.check
def what_the_document_allows_is_taken(ctx: Any, response: Any, case: Any) -> None:
    """Fails for a well-formed request that is refused for its form."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code in TAKEN:
        return
    if "action" in (case.query or {}):
        return
    error = response.json()
    code, field = error["code"], error.get("fieldName")
    if code not in WHAT_THERE_IS | OF_ANOTHER_KIND and (code, field) not in SEVERAL_FIELDS | LANGUAGES:
        raise Rejected(operation=case.operation.label, title=f"{code} {field}", message=str(error["message"]))
