# SPDX-License-Identifier: Apache-2.0
"""Where the protocol may go without TLS: from a machine to itself."""

import ipaddress


def is_loopback(host: str) -> bool:
    """True if a name or address leads a machine to itself (RFC 6761, section 6.3, for the names)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
