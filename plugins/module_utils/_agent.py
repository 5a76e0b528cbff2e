# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to this collection: no stable interface for others.
"""The agent of a host, seen from outside its container: its files, its container, whether the server knows it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import os
import ssl
import urllib.parse

from .hoststate.apply import files
from .hoststate.apply.host import ROOT
from .hoststate.plan.items import canonical
from .hoststate.plan.network import SPEC_LABEL, SYSTEM_LABEL

NAME = "orca-agent"
INSTANCE_LABEL = "io.orca.instance.uuid"
TIMEOUT = 10  # s


class AgentFiles:
    """The files below ``/var/lib/orca/agent`` (docs/architecture.md, section 3)."""

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
        """Whether the server takes this host's credentials: True, False, or None where it cannot be asked."""
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


def container(image, address, docker_socket, root=ROOT):
    """Body of ``POST /containers/create`` for the agent: the host's network, one capability, socket and directory."""
    body = {
        "Image": image,
        "Env": ["ORCA_AGENT_ADDRESS=" + address] if address else [],
        "Labels": {SYSTEM_LABEL: "agent"},
        "HostConfig": {
            "NetworkMode": "host",
            "CapDrop": ["ALL"],
            "CapAdd": ["NET_ADMIN"],
            # What `--security-opt systempaths=unconfined` stands for: kernel settings of the network are written.
            "MaskedPaths": [],
            "ReadonlyPaths": [],
            "Binds": [docker_socket + ":/var/run/docker.sock", root + ":" + root],
            "RestartPolicy": {"Name": "always"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "5m", "max-file": "2"}},
        },
    }
    body["Labels"][SPEC_LABEL] = hashlib.sha256(canonical(body).encode("utf-8")).hexdigest()[:16]
    return body
