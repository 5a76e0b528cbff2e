# SPDX-License-Identifier: Apache-2.0
"""Certificates of a project, for its balancers. The key is sealed: no answer holds it."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call
from orca.provision.certificates import text as certificate_text
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

CONTEXT = "certificate.key"

behaviour = Behaviour()


@behaviour.create("certificate")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Certificate:
    """Create a certificate, if its parts belong together."""
    key = fields.pop("key")
    facts = _read(fields["cert"], key, fields.get("certChain"))
    row = tx.insert(rows.Certificate, **{**fields, **facts, "accountId": call.account_id})
    tx.update(row, secret=call.core.vault.seal(key, CONTEXT))
    call.request(tx, row, "create")
    return row


@behaviour.update("certificate")
def update(tx: Tx, call: Call, row: rows.Certificate, fields: dict[str, Any]) -> rows.Certificate:
    """Rename it, or replace the certificate; without a new key the old one must fit."""
    key = fields.pop("key", None)
    if key is None and not {"cert", "certChain"} & fields.keys():
        return tx.update(row, **fields)
    vault = call.core.vault
    sealed = row.secret
    if key is None:
        if sealed is None:
            raise Refused("MissingRequired", "the server lost the key of this certificate: give it again", field="key")
        key = vault.open(sealed, CONTEXT)
    facts = _read(fields.get("cert", row.cert) or "", key, fields.get("certChain", row.certChain))
    row = tx.update(row, **fields, **facts, secret=vault.seal(key, CONTEXT))
    call.request(tx, row, "update")
    return row


@behaviour.remove("certificate")
def remove(tx: Tx, call: Call, row: rows.Certificate) -> rows.Certificate:
    """Remove the certificate, unless a balancer uses it."""
    user = next((each for each in _balancers(tx, row.accountId) if row.id in _certificates_of(each)), None)
    if user is not None:
        raise Refused("InvalidAction", f"the certificate is used by {user.name or 'a load balancer'}")
    call.request(tx, row, "remove")
    return row


@behaviour.action("certificate.remove")
def remove_by_action(tx: Tx, call: Call, row: rows.Certificate, data: dict[str, Any]) -> rows.Certificate:
    """Remove the certificate by its action; the same rule holds."""
    return remove(tx, call, row)


def _balancers(tx: ReadTx, account_id: int) -> list[rows.LoadBalancer | rows.LoadBalancerService]:
    """The balancers that may use certificates of the project."""
    return [
        *tx.find(rows.LoadBalancer, accountId=account_id),
        *tx.find(rows.LoadBalancerService, accountId=account_id),
    ]


def _certificates_of(balancer: rows.LoadBalancer | rows.LoadBalancerService) -> list[int | None]:
    return [*(balancer.certificateIds or []), balancer.defaultCertificateId]


def _read(cert: str, key: str, chain: str | None) -> dict[str, Any]:
    try:
        return certificate_text.read(cert, key, chain)
    except certificate_text.BadCertificate as error:
        raise Refused("InvalidFormat", str(error), field=error.field) from None
