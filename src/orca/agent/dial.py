# SPDX-License-Identifier: Apache-2.0
"""Open a WebSocket to the server with this host's key, trusting the server's own CA alone."""

import base64
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from .errors import Refused, Unreachable
from .identity import Credentials
from .trust import trust_only

OPEN_SECONDS = 10.0


async def dial(credentials: Credentials, ca: Path, path: str, **options: Any) -> ClientConnection:
    """Open ``path`` below the API's base.

    Args:
        credentials: the server to call, and the key to use.
        ca: the server's CA certificate (PEM).
        path: without a leading slash, with its query.
        options: of the WebSocket.

    Raises:
        Refused: the server does not accept the credentials, or cannot prove who it is.
        Unreachable: no connection.
    """
    secret = base64.b64encode(f"{credentials.access_key}:{credentials.secret_key}".encode()).decode()
    try:
        return await connect(
            f"ws{credentials.url.removeprefix('http')}/{path}",
            ssl=_trust(credentials, ca),
            additional_headers={"Authorization": f"Basic {secret}"},
            compression=None,  # it costs 300 KB a connection
            proxy=None,  # as for registering
            open_timeout=OPEN_SECONDS,
            **options,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        text = (error.response.body or b"").decode("utf-8", "replace").strip()
        if status in (401, 403):
            raise Refused(
                "the server refuses this host's credentials; register the host again with a new token"
            ) from error
        raise Unreachable(f"the server answers with status {status} {text[:200]}") from error
    except ssl.SSLCertVerificationError as error:
        raise Refused(f"the server's certificate is not valid: {error.verify_message}") from error
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise Unreachable(f"{urlsplit(credentials.url).netloc} is not accessible: {error}") from error


def _trust(credentials: Credentials, ca: Path) -> ssl.SSLContext | None:
    """The one authority to trust; None for a server on the loopback without TLS."""
    return trust_only(ca.read_text()) if credentials.url.startswith("https:") else None
