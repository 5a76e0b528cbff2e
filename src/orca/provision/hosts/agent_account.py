# SPDX-License-Identifier: Apache-2.0
"""The account an agent acts as, and its one key. Its secret half is shown to the host until the agent's first hello."""

from __future__ import annotations

from orca.provision.people.credentials import new_access_key, new_secret_key, secret_hash
from orca.store import Record, Tx

KIND = "agentApiKey"
KEY = "key"
"""Key of an agent's ``data``: how far its key has come, ``SHOWN`` or ``TAKEN``. Agents of 0.1.0 have none: taken."""
SHOWN = "shown"
TAKEN = "taken"


def open_account(tx: Tx, agent: Record) -> tuple[str, str]:
    """Give an agent its account and a key; returns the access key and the secret key, which is kept nowhere else."""
    account = tx.insert(
        "account", uuid=f"agentAccount{agent.id}", kind="agent", name=f"agent {agent.name or agent.uri}", state="active"
    )
    tx.update(agent, accountId=account.id)
    return new_key(tx, agent)


def new_key(tx: Tx, agent: Record) -> tuple[str, str]:
    """Give an agent another key, like ``open_account``. The one it had opens nothing from now on."""
    for row in tx.find("credential", kind=KIND, accountId=agent.accountId):
        tx.update(row, state="removed", removed=tx.now)
    access_key, secret = new_access_key(), new_secret_key()
    tx.insert(
        "credential",
        kind=KIND,
        accountId=agent.accountId,
        state="active",
        publicValue=access_key,
        secretHash=secret_hash(secret),
    )
    tx.update(agent, data={KEY: SHOWN})
    return access_key, secret


def key_is_shown(agent: Record | None) -> bool:
    """True if the agent's key may be shown to its host: the agent has not come with it yet."""
    return agent is not None and agent.data.get(KEY) == SHOWN


def take_key(tx: Tx, agent: Record) -> None:
    """Forget the secret half: the agent has come with its key."""
    if agent.data.get(KEY) == TAKEN:
        return
    for row in tx.find("register", key=agent.registrationKey):
        tx.update(row, data={"accessKey": None, "secret": None})
    tx.update(agent, data={KEY: TAKEN})
