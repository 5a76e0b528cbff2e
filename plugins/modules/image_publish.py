#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: image_publish
short_description: Push images built on the control node to a registry
version_added: 0.1.0
author: The orca.platform authors (@orca-platform)
description:
  - Pushes images from the control node's Docker engine to a registry from which hosts pull, and returns their
    names there.
  - Asks the registry first, and pushes only what it does not have.
    Image tags are content hashes, so a tag never changes its meaning.
  - Runs on the control node. Without O(push_over_ssh), its user must be allowed to write below C(/etc/docker).
requirements:
  - On the control node, docker (Python package) >= 7.1.
attributes:
  check_mode:
    description: Can predict what it would do. A registry that does not answer yet counts as empty then.
    support: full
  diff_mode:
    description: Lists the references the registry has.
    support: full
options:
  registry:
    description: C(address:port) of the registry, without a scheme. It must speak HTTPS.
    type: str
    required: true
  ca_file:
    description:
      - CA certificate (PEM) on the control node that signed the registry's certificate.
      - Without O(push_over_ssh), the module also gives it to the control node's Docker engine, as
        C(/etc/docker/certs.d/REGISTRY/ca.crt).
      - Without it, the module trusts public CAs.
    type: path
  images_file:
    description: File that C(script/images) writes.
    type: path
    required: true
  names:
    description: Which images of O(images_file) to push; all but O(exclude) by default.
    type: list
    elements: str
  exclude:
    description: Images that no host pulls.
    type: list
    elements: str
    default: [base, machine-debian12, machine-debian13]
  push_over_ssh:
    description:
      - How to reach a registry that takes images on its machine's loopback interface only, as role C(registry)
        makes it.
      - Without it, the module pushes images to O(registry) itself.
    type: dict
    suboptions:
      host:
        description: Address of the machine.
        type: str
        required: true
      port:
        description: Its SSH port.
        type: int
        default: 22
      user:
        description: The user to log in as.
        type: str
        default: root
      private_key_file:
        description: Login key on the control node. By default what the SSH client finds.
        type: path
      arguments:
        description: More arguments for the SSH client, as in C(ansible_ssh_common_args).
        type: str
        default: ""
      registry_port:
        description: Port of the loopback interface that takes images.
        type: int
        default: 5001
  timeout:
    description: Seconds to wait for an answer of the registry.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Publish what hosts will pull
  orca.platform.image_publish:
    registry: 172.31.0.10:5000
    ca_file: ~/.orca/server/ca.pem
    images_file: .cache/images.json
    push_over_ssh:
      host: 172.31.0.10
      private_key_file: ~/.orca/machines/orca-server/id_ed25519
      arguments: -o UserKnownHostsFile=~/.orca/known_hosts
  delegate_to: localhost
  run_once: true
  register: published

- name: Say what the network image is called there
  ansible.builtin.debug:
    msg: "{{ published.images.net }}"
"""

RETURN = r"""
images:
  description: Full reference of each image by its name.
  returned: success
  type: dict
  sample: {net: "172.31.0.10:5000/orca/net:5cb56cd14851"}
pushed:
  description: Names of the images that were pushed, or would be.
  returned: success
  type: list
  elements: str
  sample: [net]
"""

import contextlib
import json
import os
import ssl
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError, URLError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.orca.platform.plugins.module_utils._tunnel import TunnelError, tunnel

try:
    import docker
    import docker.errors
    import requests.exceptions
except ImportError as missing:
    DOCKER_MISSING = missing
    ENGINE_ERRORS = ()
else:
    DOCKER_MISSING = None
    ENGINE_ERRORS = (docker.errors.DockerException, requests.exceptions.RequestException)

NOT_PULLED = ["base", "machine-debian12", "machine-debian13"]
AT_ONCE = 3
MANIFESTS = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
CERTIFICATES = "/etc/docker/certs.d"


class PublishError(Exception):
    """An image cannot be published; the message says why."""


def wanted_images(path, names, exclude):
    """Name -> local tag of the images to publish, from the file of script/images."""
    try:
        with open(path, encoding="utf-8") as file:
            built = json.load(file)
    except FileNotFoundError:
        raise PublishError("images_file: there is no %s; script/images makes it" % path)
    except OSError as error:
        raise PublishError("images_file: cannot read %s: %s" % (path, error))
    except ValueError as error:
        raise PublishError("images_file: %s is not JSON: %s" % (path, error))
    unknown = sorted(set(names or []) - set(built))
    if unknown:
        raise PublishError("names: %s not in %s, which has %s" % (", ".join(unknown), path, ", ".join(sorted(built))))
    chosen = names if names is not None else [name for name in sorted(built) if name not in exclude]
    return {name: built[name]["tag"] for name in chosen}


class Registry:
    """The registry at ``address`` (host:port); ``ca`` is PEM text or None, ``timeout`` is in seconds."""

    def __init__(self, address, ca, timeout):
        self.address = address
        self.timeout = timeout
        # Straight to it: a proxy for the way out knows nothing of the machines here.
        try:
            context = ssl.create_default_context(cadata=ca)
        except (ssl.SSLError, ValueError) as error:
            raise PublishError("ca_file: it holds no certificate (PEM): %s" % error)
        self.opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))

    def has(self, tag):
        """Whether it has ``repository:tag``."""
        repository, _colon, version = tag.rpartition(":")
        url = "https://%s/v2/%s/manifests/%s" % (self.address, repository, version)
        request = Request(url, method="HEAD", headers={"Accept": MANIFESTS})  # noqa: S310 - always https, see above
        try:
            with self.opener.open(request, timeout=self.timeout):
                return True
        except HTTPError as error:
            if error.code == 404:
                return False
            raise PublishError("registry: %s answers %d to %s" % (self.address, error.code, url))
        except URLError as error:
            raise PublishError("registry: %s does not answer: %s" % (self.address, error.reason))
        except OSError as error:
            raise PublishError("registry: %s does not answer: %s" % (self.address, error))


def push(address, tag):
    """Push a local image under a name that is removed again afterwards."""
    repository, _colon, version = tag.rpartition(":")
    target = "%s/%s" % (address, repository)
    try:
        client = docker.APIClient(version="auto", timeout=600)
        client.tag(tag, target, version)
        try:
            for line in client.push(target, version, stream=True, decode=True):
                if "error" in line:
                    raise PublishError("%s: the push to %s failed: %s" % (tag, address, line["error"]))
        finally:
            client.remove_image("%s:%s" % (target, version), noprune=True)
    except ENGINE_ERRORS as error:
        raise PublishError("%s: the control node's engine cannot push it to %s: %s" % (tag, address, error))


def missing_images(registry, images, check):
    """The names in ``images`` that the registry lacks."""
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            has = list(pool.map(registry.has, images.values()))
    except PublishError:
        if check:
            return list(images)
        raise
    return [name for name, there in zip(images, has) if not there]  # noqa: B905 - Python 3.8 knows no strict


def trust(module, address, ca):
    """Let the control node's engine trust the registry's CA; whether that changes anything."""
    path = os.path.join(CERTIFICATES, address, "ca.crt")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            if file.read() == ca:
                return False
    if not module.check_mode:
        partial = path + ".partial"
        try:
            os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
            with open(partial, "w", encoding="utf-8") as file:
                file.write(ca)
        except OSError as error:
            raise PublishError("ca_file: cannot write %s: %s; run as root, or give push_over_ssh" % (path, error))
        module.atomic_move(partial, path)
    return True


def push_all(address, tags, ssh, timeout):
    """Push local images to the registry at ``address``, or to its loopback side by way of ``ssh`` if that is given."""
    if not tags:
        return
    with contextlib.ExitStack() as stack:
        if ssh is not None:
            port = stack.enter_context(
                tunnel(
                    ssh["host"],
                    ssh["registry_port"],
                    ssh["user"],
                    ssh["port"],
                    ssh["private_key_file"],
                    ssh["arguments"],
                    timeout,
                )
            )
            # The engine speaks plain HTTP to loopback addresses.
            address = "127.0.0.1:%d" % port
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda tag: push(address, tag), tags))


def main():
    module = AnsibleModule(
        {
            "registry": {"type": "str", "required": True},
            "ca_file": {"type": "path"},
            "images_file": {"type": "path", "required": True},
            "names": {"type": "list", "elements": "str"},
            "exclude": {"type": "list", "elements": "str", "default": NOT_PULLED},
            "push_over_ssh": {
                "type": "dict",
                "options": {
                    "host": {"type": "str", "required": True},
                    "port": {"type": "int", "default": 22},
                    "user": {"type": "str", "default": "root"},
                    "private_key_file": {"type": "path", "no_log": False},
                    "arguments": {"type": "str", "default": ""},
                    "registry_port": {"type": "int", "default": 5001},
                },
            },
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    if DOCKER_MISSING is not None:
        module.fail_json(msg=missing_required_lib("docker"), exception=str(DOCKER_MISSING))
    params = module.params
    address = params["registry"]
    try:
        images = wanted_images(params["images_file"], params["names"], params["exclude"])
        ca = None
        if params["ca_file"] is not None:
            try:
                with open(params["ca_file"], encoding="utf-8") as file:
                    ca = file.read()
            except FileNotFoundError:
                if not module.check_mode:
                    raise PublishError("ca_file: there is no %s" % params["ca_file"])
            except (OSError, UnicodeDecodeError) as error:
                raise PublishError("ca_file: cannot read %s: %s" % (params["ca_file"], error))
        ssh = params["push_over_ssh"]
        target = Registry(address, ca, params["timeout"])
        lacking = missing_images(target, images, module.check_mode)
        changed = trust(module, address, ca) if ca is not None and ssh is None else False
        if not module.check_mode:
            push_all(address, [images[name] for name in lacking], ssh, params["timeout"])
    except (PublishError, TunnelError) as error:
        module.fail_json(msg=str(error))
    references = {name: "%s/%s" % (address, tag) for name, tag in images.items()}
    before = sorted(references[name] for name in images if name not in lacking)
    module.exit_json(
        changed=changed or bool(lacking),
        images=references,
        pushed=sorted(lacking),
        diff={"before": {"images": before}, "after": {"images": sorted(references.values())}},
    )


if __name__ == "__main__":
    main()
