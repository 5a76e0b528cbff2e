# SPDX-License-Identifier: Apache-2.0
"""Stacks whose text asks for power over hosts, and whether the caller may (``orca.storage.host_rights``)."""

from __future__ import annotations

from orca.engine import Call
from orca.orchestration.compose.files import Compose
from orca.orchestration.compose.keys import SERVICE_KEYS, key_of
from orca.orchestration.services.rights import configs_in
from orca.orchestration.stacks import volumes as stack_volumes
from orca.storage.host_rights import powers_of, refusal, told, why_not
from orca.store import ReadTx


def check_text(tx: ReadTx, call: Call, text: Compose, field: str) -> None:
    """Refuse power over hosts that a compose text gives its services; the answer names every key, and blames the text's
    field.

    Raises:
        Refused: 403.
    """
    reason = why_not(tx, call)
    if reason is None:
        return
    wrong = list(stack_volumes.powers(tx, call, text))
    wrong += [
        f"service {name!r}: {told(key_of(power, SERVICE_KEYS[spec.type]), reason)}"
        for spec in text.services
        for name, config in [(config.get("name") or spec.name, config) for config in configs_in(spec.fields)]
        for power in powers_of(tx, call.account_id, config)
    ]
    if wrong:
        raise refusal(wrong, field)
