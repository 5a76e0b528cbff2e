# SPDX-License-Identifier: Apache-2.0
"""The certificate of a running server: it carries the name that hosts use, also after that name changed."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from orca.api.connections import tls
from orca.provision.settings import values as settings
from orca.store import Database, Overflow

DAY = 86_400


class ServerCertificate:
    """Keeps the files in ``directory`` valid for ``names`` and the host of setting ``api.host``.

    ``contexts``: of the listeners; connections made after a change see the new certificate.
    """

    def __init__(self, db: Database, directory: Path, names: set[str]) -> None:
        self.contexts: list[ssl.SSLContext] = []
        self._db = db
        self._directory = directory
        self._names = names

    async def ensure(self) -> tls.Identity:
        """Make or renew the certificate where needed."""
        url = await self._db.read(lambda tx: settings.value(tx, settings.API_HOST))
        host = urlsplit(url or "").hostname
        names = self._names | ({host} if host else set())
        identity = await asyncio.to_thread(tls.ensure, self._directory, sorted(names))
        for context in self.contexts:
            context.load_cert_chain(identity.certificate, identity.key)
        return identity

    async def keep_current(self) -> None:
        """Ensure it again when a setting changes, and every day, because a server may run longer than its
        certificate lasts.
        """
        with self._db.bus.subscribe({"setting"}) as changes:
            while True:
                with contextlib.suppress(Overflow, TimeoutError):
                    await asyncio.wait_for(changes.batch(), DAY)
                await self.ensure()
