# SPDX-License-Identifier: Apache-2.0
"""The account an agent acts as, and its one key."""

from __future__ import annotations

from orca.provision.credentials import new_access_key, new_secret_key, secret_hash
from orca.store import Record, Tx


def open_account(tx: Tx, agent: Record) -> tuple[str, str]:
    """Give an agent its account and a key; returns the access key and the secret key, which is kept nowhere else."""
    account = tx.insert(
        "account", uuid=f"agentAccount{agent.id}", kind="agent", name=f"agent {agent.name or agent.uri}", state="active"
    )
    tx.update(agent, accountId=account.id)
    access_key, secret = new_access_key(), new_secret_key()
    tx.insert(
        "credential",
        kind="agentApiKey",
        accountId=account.id,
        state="active",
        publicValue=access_key,
        secretHash=secret_hash(secret),
    )
    return access_key, secret
