# SPDX-License-Identifier: Apache-2.0
"""The actions ``plan`` and ``apply`` of the stacks of a project: show what would change, and change exactly that.

A client sends files and variables, learns which variables the files need, and never parses the files. ``plan`` changes
nothing. Its hash identifies the plan and the state that it was compared with. ``apply`` with that hash carries out this
plan, or does nothing if something changed meanwhile.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from orca.engine import Behaviour, Call
from orca.orchestration.services import rights as service_rights
from orca.orchestration.stacks import files as stack_files
from orca.orchestration.stacks import plan as stack_plan
from orca.orchestration.stacks import rights as stack_rights
from orca.orchestration.stacks import volumes as stack_volumes
from orca.orchestration.stacks.compare import compare
from orca.orchestration.stacks.files import Given
from orca.orchestration.stacks.plan import Plan
from orca.resources import ids, rows
from orca.resources.errors import ActionNotAvailable, Refused
from orca.resources.stack import stack_key_of
from orca.store import ReadTx, Tx

PURPOSE = "stack plan"
"""The purpose for which the key of the hashes is derived."""

behaviour = Behaviour()


class PlanChanged(Refused):
    """The hash belongs to another plan; the answer shows the present one."""

    def __init__(self, shown: dict[str, Any]) -> None:
        message = "something changed since the plan was made: look at the new one, and apply that"
        super().__init__("PlanChanged", message, field="hash", status=409)
        self.more = {"plan": shown}


@behaviour.reads("environment.plan", "environment.apply")
def read(present: Mapping[str, Any], given: dict[str, Any]) -> Given:
    """Read the files, before anything is compared."""
    return stack_files.read(given["name"], given["files"], given.get("variables") or {})


@behaviour.collective("environment.plan")
def plan(tx: ReadTx, call: Call, data: dict[str, Any]) -> dict[str, Any]:
    """Return what ``apply`` would do, or which variables are needed for that.

    Raises:
        Refused: with all reasons for which ``apply`` would be refused, one per line.
    """
    given: Given = call.read
    if given.compose is None:
        return _shown(given.name, needs=given.needs)
    stack = _stack(tx, call.account_id, given.name)
    found = _compare(tx, call, stack, given)
    return _describe(call, stack, given, found)


@behaviour.collective("environment.apply")
def apply(tx: Tx, call: Call, data: dict[str, Any]) -> rows.Environment:
    """Make a stack match the files.

    Raises:
        Refused: as for ``plan``; also missing variables, or ``PlanChanged``.
    """
    given: Given = call.read
    if given.compose is None:
        names = ", ".join(given.needs)
        message = f"variables: the files name {names}: give a value for each, or null where there is none"
        raise Refused("MissingRequired", message, field="variables")
    stack = _stack(tx, call.account_id, given.name)
    if stack is not None and stack.state == "removing":
        raise ActionNotAvailable("environment", "apply", stack.state)
    found = _compare(tx, call, stack, given)
    if data.get("hash") is not None:
        shown = _describe(call, stack, given, found)
        if not hmac.compare_digest(data["hash"], shown["hash"]):
            raise PlanChanged(shown)
    if stack is None:
        stack = tx.insert(
            rows.Environment,
            **given.texts,
            name=given.name,
            kind="environment",
            accountId=call.account_id,
            startOnCreate=True,
        )
        call.request(tx, stack, "apply")
        return tx.own(stack)
    if any(stack.get(name) != value for name, value in given.texts.items()) or not stack.startOnCreate:
        stack = tx.update(stack, **given.texts, startOnCreate=True)
    if found.entries or found.failing or stack.state != "active" or stack.transitioning == "error":
        call.request(tx, stack, "apply")
    return tx.own(stack)


def _stack(tx: ReadTx, project_id: int, name: str) -> rows.Environment | None:
    return tx.first(rows.Environment, liveKey=stack_key_of(project_id, name))


def _compare(tx: ReadTx, call: Call, stack: rows.Environment | None, given: Given) -> Plan:
    assert given.compose is not None
    text = stack_volumes.scoped(tx, given.name, stack, given.compose)
    stack_rights.check_text(tx, call, text, "files")
    if stack is not None:
        service_rights.check_rollback(
            tx, call, tx.find(rows.Service, environmentId=stack.id, state=stack_plan.CANCELED)
        )
    gone = stack is not None and stack.state == "removing"
    present = None if gone else stack
    found = compare(tx, call.account_id, given.name, present, text)
    if found.refusals:
        raise Refused("InvalidOption", "\n".join(found.refusals), field="files")
    return found


def _describe(call: Call, stack: rows.Environment | None, given: Given, found: Plan) -> dict[str, Any]:
    assert given.compose is not None
    before = (stack.environment if stack is not None else None) or {}
    after = given.texts["environment"]
    assert isinstance(after, dict)
    return _shown(
        given.name,
        stackId=None if stack is None else ids.show("environment", stack.id),
        changed=stack is None or bool(found.entries),
        entries=[_entry(each) for each in found.entries],
        lines=[
            *[f"create stack {given.name}"] * (stack is None),
            *(f"create volume {volume.name}" for volume in found.volumes),
            *(each.line for each in found.entries),
        ],
        warnings=[
            *given.compose.warnings,
            *(f"{each}; the link is made once there is one" for each in found.missing),
            *found.warnings,
        ],
        variables=sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)),
        hash=_hash(call, stack, given, found),
    )


def _shown(name: str, *, needs: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    wanted = {"variables": list(needs)} if needs else None
    return {"type": "stackPlan", "links": {}, "actions": {}, "name": name, "needs": wanted, **fields}


def _entry(entry: stack_plan.Entry) -> dict[str, Any]:
    changes = [{"what": each.what, "from": each.before, "to": each.after} for each in entry.differences]
    return {"action": entry.action, "service": entry.service, "changes": changes, "line": entry.line}


def _hash(call: Call, stack: rows.Environment | None, given: Given, found: Plan) -> str:
    """A hash of the plan and of its base. States, health and times are not part of it; values of variables are
    protected by the server's key.
    """
    assert given.compose is not None
    subject = {
        "project": call.account_id,
        "stack": None if stack is None else stack.id,
        "name": given.name,
        "specs": given.compose.services,
        "entries": found.entries,
        "missing": found.missing,
        "volumes": found.volumes,
    }
    text = msgspec.json.encode(subject, order="sorted")
    return hmac.new(call.core.vault.derive(PURPOSE), text, "sha256").hexdigest()
