# SPDX-License-Identifier: Apache-2.0
"""The agent trusts the server's own authority, and no other."""

import ssl


def trust_only(ca_pem: str) -> ssl.SSLContext:
    """Return a client context that accepts certificates of this CA alone, for the name that was dialled."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ca_pem)
    return context
