# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles docker and registry leave on a machine."""

import json

import pytest

testinfra_hosts = ["all"]


def registry(host):
    """``address:port`` of the registry."""
    return host.check_output("ls /etc/docker/certs.d")


def ca(host):
    """Where the engine finds the registry's CA."""
    return f"/etc/docker/certs.d/{registry(host)}/ca.crt"


def test_engine_runs_and_starts_at_boot(host):
    docker = host.service("docker")
    assert docker.is_running
    assert docker.is_enabled


def test_engine_reads_its_settings(host):
    info = json.loads(host.check_output("docker info --format '{{json .}}'"))
    assert info["LiveRestoreEnabled"]
    assert info["LoggingDriver"] == "json-file"
    settings = json.loads(host.file("/etc/docker/daemon.json").content_string)
    assert settings["log-opts"] == {"max-size": "10m", "max-file": "3"}
    assert settings["max-concurrent-downloads"] == 4


def test_containers_lie_below_the_machine(host):
    """Else the machine's limits would not hold for them, and they would outlive it on the control node."""
    settings = json.loads(host.file("/etc/docker/daemon.json").content_string)
    own = host.check_output("sed -n 's/.*name=systemd:\\(.*\\)\\/init.scope/\\1/p' /proc/1/cgroup")
    if own:
        assert settings["cgroup-parent"] == f"{own}/engine"


def test_the_way_out_ends_at_once(host):
    """The name server a machine has answers with a refusal, not with silence."""
    assert host.run("timeout 2 getent hosts example.com").rc == 2


@pytest.mark.parametrize("path", ["/etc/docker/registry/tls.key", "/etc/docker/registry/tls.crt"])
def test_registry_key_is_its_own(host, path):
    if "registry" not in host.backend.get_variables()["group_names"]:
        pytest.skip("no registry on this machine")
    assert host.file(path).mode == 0o400
    assert host.file(path).user == "docker-registry"


def test_registry_answers_by_https_alone(host):
    assert host.check_output(f"curl -sS --cacert {ca(host)} https://{registry(host)}/v2/") == "{}"
    assert host.run(f"curl -sS --fail http://{registry(host)}/v2/").rc != 0


def test_what_was_published_can_be_pulled(host):
    tags = json.loads(
        host.check_output(f"curl -sS --cacert {ca(host)} https://{registry(host)}/v2/orca/memcached/tags/list")
    )
    host.check_output(f"docker pull --quiet {registry(host)}/orca/memcached:{tags['tags'][0]}")


def test_hosts_cannot_push(host):
    """Whoever could would choose what every host runs."""
    image = f"{registry(host)}/empty:{host.check_output('hostname')}"
    host.check_output(f"tar -c --files-from /dev/null | docker import - {image}")
    refused = host.run(f"docker push --quiet {image}").stderr  # Docker 20.10 shows the status, 26.1 its name
    assert "405" in refused or "Method not allowed" in refused, refused
    assert host.run(f"curl -sS --max-time 2 http://{registry(host).split(':')[0]}:5001/v2/").rc != 0
