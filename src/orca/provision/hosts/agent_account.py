# SPDX-License-Identifier: Apache-2.0
"""The account an agent acts as, and its one key. Its secret half is shown to the host until the agent's first hello."""

from __future__ import annotations

from orca.engine import discard
from orca.provision.people.credentials import new_access_key, new_secret_key, secret_hash
from orca.resources import rows
from orca.store import Tx

KIND = "agentApiKey"
SHOWN = "shown"
TAKEN = "taken"
"""How far the key of an agent has come (``keyState``). Without a state, as for agents of 0.1.0, it counts as taken."""


def open_account(tx: Tx, agent: rows.Agent) -> tuple[str, str]:
    """Give an agent its account and a key; return the access key and the secret key, which is stored nowhere."""
    account = tx.insert(
        rows.Account,
        uuid=f"agentAccount{agent.id}",
        kind="agent",
        name=f"agent {agent.name or agent.uri}",
        state="active",
    )
    tx.update(agent, accountId=account.id)
    return new_key(tx, agent)


def new_key(tx: Tx, agent: rows.Agent) -> tuple[str, str]:
    """Give an agent another key, like ``open_account``. The old one is invalid from now on."""
    discard(tx, *tx.find(rows.Credential, kind=KIND, accountId=agent.accountId))
    access_key, secret = new_access_key(), new_secret_key()
    tx.insert(
        rows.Credential,
        kind=KIND,
        accountId=agent.accountId,
        state="active",
        publicValue=access_key,
        secretHash=secret_hash(secret),
    )
    tx.update(agent, keyState=SHOWN)
    return access_key, secret


def key_is_shown(agent: rows.Agent | None) -> bool:
    """True if the agent's key may be shown to its host, because the agent has not used it yet."""
    return agent is not None and agent.keyState == SHOWN


def take_key(tx: Tx, agent: rows.Agent) -> None:
    """Forget the secret half, because the agent has used its key."""
    if agent.keyState == TAKEN:
        return
    for row in tx.find(rows.Register, key=agent.registrationKey):
        tx.update(row, issuedKey=None, secret=None)
    tx.update(agent, keyState=TAKEN)


def close_account(tx: Tx, agent: rows.Agent) -> None:
    """Remove what an agent signs in with: its account, its key and its registration."""
    discard(
        tx,
        *tx.find(rows.Credential, accountId=agent.accountId),
        *tx.find(rows.Register, key=agent.registrationKey),
        *tx.find(rows.Account, id=agent.accountId),
    )
