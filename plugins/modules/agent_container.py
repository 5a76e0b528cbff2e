#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_container
short_description: The agent that makes a machine with Docker a host of the platform
version_added: 0.1.0
author: The orca.platform authors (@orca-platform)
description:
  - Runs the agent as the container C(orca-agent) and waits until it is connected to its server.
  - The container gets the host's network, the capability C(NET_ADMIN), the Docker socket and C(/var/lib/orca),
    nothing else.
  - With O(state=absent) it removes the agent and everything that the agent made on the host, also the platform's
    containers. The server keeps the host until M(orca.platform.host) removes it there.
attributes:
  check_mode:
    description: Can predict what it would do.
    support: full
  diff_mode:
    description: Shows what differs.
    support: full
options:
  state:
    description: Whether the agent is there and connected, or gone with everything it made.
    type: str
    choices: [present, absent]
    default: present
  image:
    description: Image of the agent. Required with O(state=present). The host pulls it if it does not have it.
    type: str
  registration_url:
    description:
      - Address to register at, with the token in it, as M(orca.platform.registration_token) returns it.
      - If it is given, the agent registers, even on a host that has credentials.
        Leave it empty for hosts that M(orca.platform.agent_info) finds registered.
    type: str
  ca_sha256:
    description:
      - SHA-256 (hexadecimal) of the server's certificate authority. Required with an https O(registration_url).
      - The agent compares it before it sends anything, and from then on trusts this authority alone.
    type: str
  address:
    description: IPv4 address at which other hosts reach this one, where it is not one of its own (address translation).
    type: str
  docker_socket:
    description: Unix socket of the host's Docker engine.
    type: path
    default: /var/run/docker.sock
  wait_timeout:
    description: Seconds to wait for the connection. V(0) does not wait.
    type: int
    default: 60
requirements:
  - On the host, Python >= 3.8 and a Docker engine.
seealso:
  - module: orca.platform.agent_info
  - module: orca.platform.registration_token
"""

EXAMPLES = r"""
- name: Join
  orca.platform.agent_container:
    image: 192.0.2.1:5000/orca/agent:1f2e3d4c5b6a
    registration_url: "{{ joining.registration_url }}"
    ca_sha256: "{{ joining.ca_sha256 }}"

- name: Leave
  orca.platform.agent_container:
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be, in order.
  returned: success
  type: list
  elements: str
  sample: [write /var/lib/orca/agent/registration, create container orca-agent]
uuid:
  description: The host's own identity, null with O(state=absent) and before the agent's first start.
  returned: success
  type: str
  sample: 0e3c1f66-6a8b-4a4d-9d0e-0d8f1f5f3a11
url:
  description: The API that the host is registered at, null with O(state=absent) and before it registers.
  returned: success
  type: str
  sample: https://192.0.2.1:8080/v1
"""

import os
import shutil
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.orca.platform.plugins.module_utils._agent import AgentFiles
from ansible_collections.orca.platform.plugins.module_utils.hoststate.apply import (
    AGENT,
    EngineUnavailable,
    Host,
    HostStateError,
    Result,
    apply_kind,
    files,
)
from ansible_collections.orca.platform.plugins.module_utils.hoststate.apply.kinds import KINDS
from ansible_collections.orca.platform.plugins.module_utils.hoststate.apply.network import ensure_container
from ansible_collections.orca.platform.plugins.module_utils.hoststate.plan import labels
from ansible_collections.orca.platform.plugins.module_utils.hoststate.plan.agent import NAME, container
from ansible_collections.orca.platform.plugins.module_utils.hoststate.plan.places import DOCKER_SOCKET

NO_ENGINE = "this host has no running Docker engine; role orca.platform.docker installs one ({0})"
INTERVAL = 0.2  # s
CONFIRMED = 3.0  # s that a failure must last, because the agent tries again

OPTIONS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "image": {"type": "str"},
    "registration_url": {"type": "str", "no_log": True},
    "ca_sha256": {"type": "str"},
    "address": {"type": "str"},
    "docker_socket": {"type": "path", "default": DOCKER_SOCKET},
    "wait_timeout": {"type": "int", "default": 60},
}


def present(module, host, agent, result):
    """Write the order to register, if there is one, and run the container."""
    params, check = module.params, module.check_mode
    host.docker.version()  # before anything is written: a host without Docker is no host
    files.ensure_directory(agent.directory, 0o700, result, check)
    if params["registration_url"]:
        line = params["registration_url"] + ("#" + params["ca_sha256"] if params["ca_sha256"] else "") + "\n"
        files.ensure(agent.registration, line, result, check, mode=0o600, secret=True)
    ensure_container(host, NAME, container(params["image"], params["address"], params["docker_socket"]), result, check)


def absent(host, agent, result, check):
    """Remove the agent first, so that nobody repairs what is removed after it."""
    containers = host.docker.containers([labels.INSTANCE])
    names = [NAME] if host.docker.container(NAME) is not None else []
    for name in names + [entry["Names"][0].lstrip("/") for entry in containers]:
        result.add("remove container " + name)
        if not check:
            host.docker.remove_container(name)
    for kind in reversed(KINDS):
        planned = apply_kind(kind, None, AGENT, check=True, host=host)
        result.absorb(planned)
        if planned.changed and not check:  # applying takes the lock, which makes a directory
            apply_kind(kind, None, AGENT, host=host)
    if os.path.isdir(agent.root):
        result.add("remove " + agent.root)
        if not check:
            shutil.rmtree(agent.root)


def wait(module, host, agent, since):
    """Wait until the agent says that it is connected; what it said before ``since`` (ms) does not count.

    :raises HostStateError: it failed, or did not connect in time; with the agent's own words.
    """
    end, failing = time.monotonic() + module.params["wait_timeout"], None
    while True:
        state, message, said = agent.status()
        if said >= since and state == "connected":
            return
        if said >= since and state == "failed":
            failing = failing or time.monotonic()
            if time.monotonic() - failing > CONFIRMED:
                raise HostStateError("the agent cannot join: " + message)
        else:
            failing = None
        if time.monotonic() > end:
            raise HostStateError(
                "the agent did not connect within {0} s: {1}".format(
                    module.params["wait_timeout"], message or last_words(host) or "it says nothing"
                )
            )
        time.sleep(INTERVAL)


def last_words(host):
    """The last line of the agent's log, from before it could write its status."""
    lines = host.docker.logs(NAME, tail=5).strip().splitlines()
    return lines[-1] if lines else ""


def main():
    module = AnsibleModule(
        argument_spec=OPTIONS, supports_check_mode=True, required_if=[("state", "present", ("image",))]
    )
    if module.params["state"] == "present" and not module.params["image"]:
        module.fail_json(msg="image: must not be empty with state=present (role agent: agent_image)")
    host, agent, result = Host(docker_socket=module.params["docker_socket"]), AgentFiles(), Result()
    started = int(time.time() * 1000)
    try:
        if module.params["state"] == "absent":
            absent(host, agent, result, module.check_mode)
        else:
            present(module, host, agent, result)
            if module.params["wait_timeout"] and not module.check_mode:
                wait(module, host, agent, started if result.changed else 0)
    except EngineUnavailable as error:
        if not module.check_mode:
            module.fail_json(msg=NO_ENGINE.format(error))
        module.warn("Docker does not run on this host yet; everything would be made")
        result.add("create container " + NAME)
    except (HostStateError, OSError) as error:
        module.fail_json(msg=str(error), actions=result.actions)
    gone = module.params["state"] == "absent"
    module.exit_json(
        changed=result.changed,
        actions=result.actions,
        diff={"before": result.before, "after": result.after},
        uuid=None if gone else agent.uuid,
        url=None if gone else agent.url,
    )


if __name__ == "__main__":
    main()
