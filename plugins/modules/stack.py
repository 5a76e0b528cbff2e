#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: stack
short_description: Bring up stacks from compose files
version_added: 0.1.0
author: The orca.platform authors (@orca)
description:
  - Creates, updates and removes a stack, the services of one C(docker-compose.yml), on the hosts of a project.
  - The server creates or updates the services that the file names, and removes others. It compares the file
    with the present services. A service that somebody removed, stopped or scaled by hand is
    brought back, and the module reports a change. Changed blanks or comments in the file do not count.
  - If the image or anything else of a service's containers changed, the server replaces them, batch by batch as the
    service's C(upgrade_strategy) says. It removes the old containers once the new ones are healthy. Without a health
    check, the new ones must have run for 10 seconds. If one fails, the server rolls the service back to its old
    containers, and the module fails with the reason.
  - The server first finishes an upgrade that waits for a decision, and rolls back a canceled one.
  - For a link to a stack that does not exist, the module warns. The service starts without the link, and the server
    adds it once that stack exists.
  - The texts may describe services with sidekicks, balancers (image C(rancher/load-balancer-service)), aliases
    (C(rancher/dns-service)) and services elsewhere (C(rancher/external-service)). C(docs/compose.md) of the collection
    says for each key and label what it means. An unknown key is an error; the message names the service and the key.
extends_documentation_fragment:
  - orca.platform.api
  - orca.platform.api.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows the plan. Of variables, environments and labels only the names are shown.
  idempotent:
    support: full
    details: The server compares the texts with the present services.
options:
  name:
    description: Name of the stack, unique in the project. Letters, digits and hyphens.
    type: str
    required: true
  state:
    description:
      - V(present) creates the stack or updates it to match the file, and starts services that were stopped.
      - V(absent) removes the stack with its services and containers.
    type: str
    choices: [present, absent]
    default: present
  compose:
    description:
      - Content of a C(docker-compose.yml).
      - Give this or O(compose_file) when O(state=present).
    type: str
  compose_file:
    description: Path of a C(docker-compose.yml) on the node that runs the module.
    type: path
  rancher_compose:
    description:
      - Content of a C(rancher-compose.yml), which holds the platform's own keys of services, by their names.
      - All services take C(metadata) and C(start_on_create). Those with containers take C(scale), C(scale_policy),
        C(retain_ip), C(health_check) and C(upgrade_strategy); balancers also C(load_balancer_config), C(default_cert)
        and C(certs); services elsewhere take C(external_ips) or C(hostname), and C(health_check).
    type: str
  environment:
    description:
      - Values for the variables that the compose texts name, such as C($TAG) and C(${TAG:-latest}).
      - The module sends the server only those that the texts name. C($$) in a text is a dollar sign, not a variable.
      - The diff shows only their names, but the result and C(-vvv) hold the values. Give the task C(no_log) if they
        are secrets.
    type: dict
    default: {}
  wait:
    description:
      - Wait until all services are active, or until the stack is gone.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait, in seconds.
    type: int
    default: 300
seealso:
  - module: orca.platform.host_info
"""

EXAMPLES = r"""
- name: Bring up the stack of a compose file
  orca.platform.stack:
    name: shop
    compose_file: "{{ playbook_dir }}/files/docker-compose.yml"
  delegate_to: localhost
  register: shop

- name: Say where it answers
  ansible.builtin.debug:
    msg: "http://{{ shop.endpoints[0].address }}:{{ shop.endpoints[0].port }}/"

- name: Bring up two web containers linked to memcached
  orca.platform.stack:
    name: example
    compose: |
      web:
        image: registry.example.com:5000/orca/web:1
        links:
          - memcached
        ports:
          - "8080:80"
      memcached:
        image: registry.example.com:5000/orca/memcached:1
    rancher_compose: |
      web:
        scale: 2
  delegate_to: localhost

- name: Give a database outside of the platform a name, and check the web containers
  orca.platform.stack:
    name: shop
    compose: |
      web:
        image: registry.example.com:5000/orca/web:1
        links:
          - db
      db:
        image: rancher/external-service
    rancher_compose: |
      web:
        scale: 2
        health_check:
          port: 80
      db:
        external_ips:
          - 192.0.2.20
  delegate_to: localhost

- name: Remove it
  orca.platform.stack:
    name: example
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done, a line each. They are the lines of C(orca plan).
  returned: success
  type: list
  elements: str
  sample: ["change web: scale 1 -> 2", "replace web: image orca/web:1 -> orca/web:2"]
stack:
  description: The stack as the API shows it. In check mode, as it is before the change.
  returned: when O(state=present)
  type: dict
  sample: {"id": "1e2", "name": "example", "state": "active", "type": "environment"}
services:
  description: The services of the stack as the API shows them.
  returned: when O(state=present)
  type: list
  elements: dict
  sample: [{"id": "1s3", "name": "web", "scale": 2, "state": "active"}]
endpoints:
  description: Where published ports answer.
  returned: when O(state=present)
  type: list
  elements: dict
  sample: [{"service": "web", "address": "192.0.2.11", "port": 8080}]
status:
  description: HTTP status with which the server refused, null when it did not answer or was not asked.
  returned: failure
  type: int
  sample: 422
code:
  description: What the server calls the reason, null where it gave none.
  returned: failure
  type: str
  sample: NotUnique
field:
  description: The field that the server refused, null where it named none.
  returned: failure
  type: str
  sample: name
"""

import time

from ansible_collections.orca.platform.plugins.module_utils._api import ApiError
from ansible_collections.orca.platform.plugins.module_utils._api_module import api_module, client_of
from ansible_collections.orca.platform.plugins.module_utils._stack import (
    Wanted,
    diff,
    endpoints,
    services_of,
    wait_up,
)

OPTIONS = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "compose": {"type": "str"},
    "compose_file": {"type": "path"},
    "rancher_compose": {"type": "str"},
    "environment": {"type": "dict", "default": {}},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}


def read_compose(module):
    """The compose text of the options; fails the module when the file cannot be read."""
    params = module.params
    if params["compose"] is not None:
        return params["compose"]
    try:
        with open(params["compose_file"], encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as exc:
        module.fail_json(msg=f"cannot read compose_file {params['compose_file']}: {exc}")


def make(module, client, wanted):
    """Bring the stack to what its texts say; the module's result. Raises ApiError."""
    deadline = client.deadline = time.monotonic() + module.params["wait_timeout"]
    have = client.find("environments", name=wanted.name)
    if have is not None and have["state"] == "removing" and not module.check_mode:
        client.wait_gone(have, deadline)
    plan = wanted.plan(client)
    stack = have or {"name": wanted.name, "type": "environment"}
    if not module.check_mode:
        plan, stack = wanted.apply(client, plan)
    for warning in plan["warnings"]:
        module.warn(warning)
    if not module.check_mode and module.params["wait"]:
        stack, services = wait_up(client, stack, deadline)
    else:
        services = services_of(client, stack) if "links" in stack else []
    return {
        "changed": plan["changed"],
        "plan": plan["lines"],
        "diff": diff(wanted.name, plan["lines"]),
        "stack": stack,
        "services": services,
        "endpoints": endpoints(services),
    }


def remove(module, client):
    """Remove the stack, if there is one; the module's result. Raises ApiError."""
    name = module.params["name"]
    deadline = client.deadline = time.monotonic() + module.params["wait_timeout"]
    stack = client.find("environments", name=name)
    asked = stack is not None and stack["state"] != "removing"
    lines = [f"remove stack {name}"] if asked else []
    if stack is not None and not module.check_mode:
        if asked:
            stack = client.remove(stack)
        if module.params["wait"]:
            client.wait_gone(stack, deadline)
    return {"changed": asked, "plan": lines, "diff": diff(name, lines)}


def main():
    module = api_module(
        OPTIONS,
        mutually_exclusive=[("compose", "compose_file")],
        required_if=[("state", "present", ("compose", "compose_file"), True)],
    )
    params = module.params
    try:
        if params["state"] == "absent":
            result = remove(module, client_of(module))
        else:
            texts = (read_compose(module), params["rancher_compose"], params["environment"])
            result = make(module, client_of(module), Wanted(params["name"], *texts))
    except ApiError as exc:
        module.fail_json(**exc.as_result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
