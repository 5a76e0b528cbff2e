# SPDX-License-Identifier: Apache-2.0
"""How a host joins: registration tokens, the script behind them, and the credentials of its agent.

The order on the wire is the v1 one: token, script, ``POST register {key}``, ``GET register?key=``. The key is the uuid
that the host made for itself, so registering again gives the same host, with another key: a secret is shown only until
the agent's first hello.
"""

from __future__ import annotations

import re
import shlex
from typing import Any
from urllib.parse import urlsplit

from orca.engine import Assembly, Behaviour, Call, Core, Run, request_removal
from orca.hoststate.plan.agent import command
from orca.provision.hosts import tokens
from orca.provision.hosts.agent_account import key_is_shown, new_key, open_account
from orca.provision.people.credentials import new_access_key, new_secret_key
from orca.provision.settings import values as settings
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx
from orca.wire.loopback import is_loopback

TOKEN_CONTEXT = "registrationToken.secret"  # noqa: S105 - says what a sealed text is for
AGENT_CONTEXT = "agentApiKey.secret"
AGENT_URI = "event:///%s"

HOST_UUID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{7,62}", re.ASCII)
"""The form of a host's uuid, which its certificate and the tunnels of its peers contain."""

behaviour = Behaviour()


def install(assembly: Assembly) -> None:
    """Add registration."""
    assembly.add(behaviour)


def _secret(core: Core, row: rows.RegistrationToken) -> bytes:
    """What signs the tokens of an active row."""
    assert row.secret is not None, "only rows that are removed have lost theirs"
    return core.vault.open(row.secret, TOKEN_CONTEXT).encode()


def authenticate(tx: ReadTx, core: Core, token: str) -> rows.RegistrationToken:
    """The registrationToken row of a token's text; its ``accountId`` is the project that the host may join.

    Raises:
        tokens.TokenRefused: see there.
    """
    found: dict[str, rows.RegistrationToken] = {}

    def secret_of(access_key: str) -> bytes | None:
        row = tx.first(rows.RegistrationToken, publicValue=access_key)
        if row is None or row.state != "active":
            return None
        found[access_key] = row
        return _secret(core, row)

    lifetime = settings.number(tx, settings.TOKEN_PERIOD)
    return found[tokens.verify(token, secret_of, tx.now, lifetime)]


def registration_script(tx: ReadTx, core: Core, token: str, client: str) -> str:
    """The shell text behind a registration URL; ``client`` is the address the caller comes from.

    Raises:
        tokens.TokenRefused: see there.
    """
    authenticate(tx, core, token)
    exports = {
        "CATTLE_REGISTRATION_ACCESS_KEY": "registrationToken",
        "CATTLE_REGISTRATION_SECRET_KEY": token,
        "CATTLE_URL": f"{_server_url(tx, core)}/v1",
        "DETECTED_CATTLE_AGENT_IP": client,
        "ORCA_CA_SHA256": core.server.ca_sha256,
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in exports.items()]
    return "\n".join(["#!/bin/sh", *lines, ""])


# -- tokens -----------------------------------------------------------------------------------------------------------


@behaviour.create("registrationToken")
def create_token(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.RegistrationToken:
    """Create a token row with the sealed signing key. The token itself is computed when it is shown.

    Raises:
        Refused: the address at which hosts reach this server is unknown.
    """
    _find_server(tx, call)
    row = tx.insert(
        rows.RegistrationToken,
        accountId=call.account_id,
        kind="registrationToken",
        publicValue=new_access_key(),
        name=fields.get("name"),
        description=fields.get("description"),
        secret=call.core.vault.seal(new_secret_key(), TOKEN_CONTEXT),
    )
    call.request(tx, row, "create")
    return row


@behaviour.computed("registrationToken.token")
def token_of(tx: ReadTx, call: Call, row: rows.RegistrationToken) -> str | None:
    """Today's token of an active row."""
    if row.state != "active":
        return None
    secret = _secret(call.core, row)
    return tokens.issue(row.publicValue, secret, tx.now, settings.number(tx, settings.TOKEN_PERIOD))


@behaviour.computed("registrationToken.registrationUrl")
@behaviour.link("registrationToken.registrationUrl")
def registration_url(tx: ReadTx, call: Call, row: rows.RegistrationToken) -> str | None:
    """The URL with which a host joins."""
    token = token_of(tx, call, row)
    return None if token is None else f"{_server_url(tx, call.core)}/v1/scripts/{token}"


@behaviour.computed("registrationToken.image")
def agent_image(tx: ReadTx, call: Call, row: rows.RegistrationToken) -> str | None:
    """The image of the agent."""
    return settings.value(tx, settings.AGENT_IMAGE)


@behaviour.computed("registrationToken.command")
def registration_command(tx: ReadTx, call: Call, row: rows.RegistrationToken) -> str | None:
    """The command that makes a host join; its last word is the registration URL."""
    url = registration_url(tx, call, row)
    if url is None:
        return None
    environment = {"ORCA_CA_SHA256": call.core.server.ca_sha256}
    return "sudo " + command(settings.value(tx, settings.AGENT_IMAGE) or "", environment, [url])


# -- register ---------------------------------------------------------------------------------------------------------


@behaviour.create("register")
def register(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Register:
    """Register a host. The same key in the same project is the same registration. The host gets new credentials if an
    agent has used the former ones.

    Raises:
        Refused: the key cannot be a host's uuid. Or its host is in another project, has a connected agent, or had its
            registration removed.
    """
    key = fields["key"]
    if not HOST_UUID.fullmatch(key):
        raise Refused("InvalidFormat", "key: letters, digits and '-' are expected, 8 to 63", field="key")
    existing = tx.first(rows.Register, key=key)
    if existing is not None:
        if existing.accountId != call.account_id:
            raise Refused("NotUnique", "this host is registered in another project", field="key")
        return _registered_again(tx, call, existing)
    if tx.count(rows.Agent, liveKey=_agent_uri(key, fields.get("agentUriFormat"))):
        # Its registration was removed, but the host was not: nobody else gets its uuid.
        raise Refused("NotUnique", "the host of this key is still there: remove the host first", field="key")
    row = tx.insert(
        rows.Register,
        accountId=call.account_id,
        kind="register",
        key=key,
        name=fields.get("name"),
        agentUriFormat=fields.get("agentUriFormat"),
    )
    call.request(tx, row, "create")
    return row


def _registered_again(tx: Tx, call: Call, row: rows.Register) -> rows.Register:
    """Replace the credentials of a host that lost them. Credentials that it may not have read yet stay, unless the
    server lost them itself.
    """
    agent = tx.get(rows.Agent, row.agentId)
    if agent is None or row.agentUriFormat or (key_is_shown(agent) and row.secret is not None):
        return row
    if call.core.agents.get(agent.id) is not None:
        message = (
            "the agent of this host is connected: stop it to register the host again;"
            " on a copy of the host remove /var/lib/orca/agent first"
        )
        raise Refused("NotUnique", message, field="key")
    return _keep(tx, call.core, row, agent, new_key(tx, agent))


@behaviour.remove("register")
def remove(tx: Tx, call: Call, row: rows.Register) -> rows.Register:
    """Remove a registration. Who has only a token of the project ends none that is active: it may be another host's."""
    if call.role == "register":
        call.request(tx, row, "remove")
    else:
        request_removal(call.core.engine, tx, row)
    return row


@behaviour.process("register.create")
async def create_register(run: Run) -> None:
    """Make the agent of a registered host, with its own account and one key."""
    run.finish(lambda tx: _equip(tx, run))


def _equip(tx: Tx, run: Run) -> None:
    row = run.resource(tx, rows.Register)
    agent = tx.insert(
        rows.Agent,
        state="requested" if row.agentUriFormat else "active",
        name=row.key,
        uri=_agent_uri(row.key, row.agentUriFormat),
        registrationKey=row.key,
        managedConfig=True,
        agentResourcesAccountId=row.accountId,
        registeredKey=row.key,
    )
    _keep(tx, run.core, row, agent, open_account(tx, agent))
    if row.agentUriFormat:
        # The server reaches a simulated agent by its uri; it does not dial in.
        run.engine.request(tx, agent, "create")


def _keep(tx: Tx, core: Core, row: rows.Register, agent: rows.Agent, key: tuple[str, str]) -> rows.Register:
    """Keep an agent's key with the registration until the agent uses it."""
    access_key, secret = key
    sealed = core.vault.seal(secret, AGENT_CONTEXT)
    return tx.update(row, agentId=agent.id, issuedKey=access_key, secret=sealed)


def _agent_uri(key: str, form: str | None) -> str:
    return (form or AGENT_URI).replace("%s", key)


@behaviour.computed("register.accessKey")
def register_access_key(tx: ReadTx, call: Call, row: rows.Register) -> str | None:
    """Shown only to the registering host, from when it is active until its agent's first hello."""
    return row.issuedKey if _shown(tx, call, row) else None


@behaviour.computed("register.secretKey")
def register_secret_key(tx: ReadTx, call: Call, row: rows.Register) -> str | None:
    """Shown like the access key."""
    sealed = row.secret if _shown(tx, call, row) else None
    return None if sealed is None else call.core.vault.open(sealed, AGENT_CONTEXT)


def _shown(tx: ReadTx, call: Call, row: rows.Register) -> bool:
    """True if a host asks by its key before its agent's first hello. A list of registrations shows no secrets.

    A simulated agent has no hello. Its key is shown whenever it is asked for, as in 0.1.0.
    """
    asked = call.role == "register" and row.state == "active" and call.query.get("key") == row.key
    return asked and (row.agentUriFormat is not None or key_is_shown(tx.get(rows.Agent, row.agentId)))


def _find_server(tx: Tx, call: Call) -> None:
    """Without a configured address, take the address at which the first caller for a token reached the server."""
    if call.core.server.found or settings.value(tx, settings.API_HOST):
        return
    url = urlsplit(call.root)
    if is_loopback(url.hostname or ""):
        raise Refused(
            "InvalidState",
            f"hosts cannot reach this server as {url.hostname}: start it with --advertise-url, "
            f"set {settings.API_HOST} (PUT settings/{settings.API_HOST}), or ask at an address that hosts can reach",
        )
    settings.put(tx, settings.API_HOST, f"{url.scheme}://{url.netloc}")


def _server_url(tx: ReadTx, core: Core) -> str:
    return (settings.value(tx, settings.API_HOST) or core.server.url).rstrip("/")
