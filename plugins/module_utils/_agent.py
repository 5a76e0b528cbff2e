# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to this collection: no stable interface for others.
"""The agent of a host, seen from outside its container: its files, whether the server knows it."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import ssl
import urllib.parse

from .hoststate.apply import files
from .hoststate.plan.places import ROOT

TIMEOUT = 10  # s


class AgentFiles:
    """The files below ``/var/lib/orca/agent`` (docs/architecture/host.md)."""

    def __init__(self, root=ROOT):
        self.root = root
        self.directory = os.path.join(root, "agent")
        self.registration = os.path.join(self.directory, "registration")

    def document(self, name):
        """The JSON object in one of the files, empty while there is none or it is damaged: the agent reports damage."""
        try:
            found = json.loads(files.read(os.path.join(self.directory, name)) or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def uuid(self):
        """The host's uuid, None before the agent's first start."""
        return self.document("identity.json").get("uuid")

    @property
    def url(self):
        """The API that this host is registered at, None before."""
        return self.document("credentials.json").get("url")

    def status(self):
        """``(state, message, since)`` as the agent last said; since in UTC milliseconds."""
        status = self.document("status.json")
        return status.get("state", ""), status.get("message", ""), int(status.get("since", 0))

    def accepted(self):
        """True if the server accepts this host's credentials; None if the server does not answer."""
        credentials = self.document("credentials.json")
        if not credentials:
            return False
        secret = "{0}:{1}".format(credentials["accessKey"], credentials["secretKey"]).encode()
        url = urllib.parse.urlsplit(credentials["url"])
        try:
            if url.scheme == "https":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts this one authority, not the system's
                context.load_verify_locations(os.path.join(self.directory, "ca.pem"))
                connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=TIMEOUT, context=context)
            else:
                connection = http.client.HTTPConnection(url.hostname, url.port, timeout=TIMEOUT)
            with contextlib.closing(connection):
                headers = {"Authorization": "Basic " + base64.b64encode(secret).decode()}
                connection.request("GET", url.path + "/agents", headers=headers)
                status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        return True if status == 200 else False if status in (401, 403) else None
