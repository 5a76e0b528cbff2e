# SPDX-License-Identifier: Apache-2.0
"""Turn the body of a request into the input of its unit: decode, check and parse it before the unit, without rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orca.api.requests.ask import Ask
from orca.engine import Behaviour, Core, Reading, lookup
from orca.resources import TYPES
from orca.resources.errors import Refused
from orca.resources.validation import Validator
from orca.resources.views import ActionView, TypeView, View
from orca.store import Record

SMALL = 4096
"""Most bytes of a body that is read at once, since a thread would cost more."""


@dataclass(frozen=True)
class Meant:
    """The change that a request means. ``record`` is None for a new resource and for an action of a collection;
    ``action`` is None for all but actions.
    """

    type: TypeView
    record: Record | None = None
    action: ActionView | None = None


@dataclass(frozen=True, kw_only=True)
class Given:
    """The result of reading a request.

    ``fields``: the values of its body; ``parsed``: what the type's ``reads`` hook made of them; ``present``: the fields
    of the row that it used, which must be unchanged in the unit. ``looks``: the request changes nothing.
    """

    validator: Validator
    fields: dict[str, Any]
    looks: bool = False
    parsed: Any = None
    present: Mapping[str, Any]

    def fits(self, meant: Meant) -> bool:
        """True if the request still means what it meant when it was read."""
        record = meant.record
        return record is None or all(record.get(name) == value for name, value in self.present.items())


async def read(core: Core, ask: Ask, view: View, meant: Meant, owner: int) -> Given:
    """Read a request, in a thread where that may take a while. Raises ``Refused``."""
    hook = hook_of(core, meant)
    if hook is None and len(ask.body) <= SMALL:
        return work_out(ask, view, meant, hook)
    return await core.readings.run(owner, lambda: work_out(ask, view, meant, hook))


def hook_of(core: Core, meant: Meant) -> Reading | None:
    """The ``reads`` hook for this change, if there is one."""
    type = meant.type.name if meant.record is None else meant.record.type
    suffix = "" if meant.action is None else f".{meant.action.name}"
    return lookup(core.part(Behaviour).reads_of, type, suffix)


def work_out(ask: Ask, view: View, meant: Meant, hook: Reading | None) -> Given:
    """Decode, check, parse. Raises ``Refused``."""
    validator = Validator(view, strict=ask.strict)
    # The answer names it, also a refusal.
    ask.ignored = validator.ignored
    body = ask.json()
    if meant.action is not None:
        fields = action_input(validator, view, meant.action, body)
    elif meant.record is None:
        fields = validator.create(meant.type, body)
    else:
        fields = validator.update(meant.type, body)
    present: dict[str, Any] = {}
    if hook is not None and meant.record is not None:
        present = {name: meant.record.get(name) for name in hook.uses}
    parsed = None if hook is None else hook.read(present, fields)
    looks = meant.action is not None and meant.action.looks
    return Given(validator=validator, fields=fields, looks=looks, parsed=parsed, present=present)


def action_input(validator: Validator, view: View, action: ActionView, body: dict[str, Any]) -> dict[str, Any]:
    """The body of an action, checked against its declared input."""
    if action.input is None:
        return {}
    if action.input in TYPES and action.input in view.types:
        return validator.create(view.types[action.input], body, part=True)
    raise Refused("InvalidAction", f"{action.name} is not available to you")
