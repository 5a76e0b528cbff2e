# SPDX-License-Identifier: Apache-2.0
"""Docker's documents and ours."""

from pathlib import Path

import pytest

from orca.agent.specification import (
    address_of,
    container,
    is_checked,
    is_left_behind,
    milliseconds,
    part_of_platform,
    report,
)
from orca.wire import EngineCheck, Instance, LogConfig, PublishedPort, RestartPolicy

UUID = "0f0e0d0c-1111-4222-8333-444455556666"
RESOLV = Path("/var/lib/orca/resolv") / UUID


def instance(**fields: object) -> Instance:
    return Instance(**{"uuid": UUID, "name": "shop_web_1", "image": "web:1", **fields})  # type: ignore[arg-type]


def document(**state: object) -> dict[str, object]:
    return {
        "Id": "abc",
        "Name": "/shop_web_1-0f0e0d0c",
        "State": {
            "Status": "running",
            "Running": True,
            "ExitCode": 0,
            "StartedAt": "2026-01-02T03:04:05.678901234Z",
            **state,
        },
        "Config": {"Image": "web:1", "Labels": {"io.orca.instance.uuid": UUID, "io.orca.system": "net"}},
        "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}, "orca": {"IPAddress": "10.42.1.10"}}},
    }


def test_a_managed_container_has_its_address_and_resolver_and_no_docker_ports() -> None:
    body, name = container(
        instance(address="10.42.1.10", ports=[PublishedPort(public_port=80, private_port=8080)]), RESOLV
    )
    assert name == "shop_web_1-0f0e0d0c"
    assert body["HostConfig"]["NetworkMode"] == "orca"
    assert body["HostConfig"]["Binds"] == [f"{RESOLV}:/etc/resolv.conf:ro"]
    assert body["NetworkingConfig"]["EndpointsConfig"] == {"orca": {"IPAMConfig": {"IPv4Address": "10.42.1.10"}}}
    assert "PortBindings" not in body["HostConfig"]
    assert body["Labels"]["io.orca.instance.uuid"] == UUID


@pytest.mark.parametrize(
    ("name", "named"),
    [("my shop!_web_1", "my-shop-_web_1"), ("-x", "x"), ("é", "r"), ("", "r")],
)
def test_a_name_that_no_engine_takes_is_made_one(name: str, named: str) -> None:
    assert container(instance(name=name), RESOLV)[1] == f"{named}-0f0e0d0c"


def test_other_networks_are_dockers() -> None:
    body, _ = container(instance(network_mode="host"), None)
    assert body["HostConfig"]["NetworkMode"] == "host"
    assert body["HostConfig"]["Binds"] == []
    assert "NetworkingConfig" not in body


def test_what_a_container_joins() -> None:
    joined = instance(network_mode="container:c0ffee", volumes_from=["c0ffee", "dada"])
    body, _ = container(joined, Path("/var/lib/docker/resolv.conf"))
    host = body["HostConfig"]
    assert (host["NetworkMode"], host["VolumesFrom"]) == ("container:c0ffee", ["c0ffee", "dada"])
    assert host["Binds"] == ["/var/lib/docker/resolv.conf:/etc/resolv.conf:ro"]
    assert "NetworkingConfig" not in body


@pytest.mark.parametrize(
    ("state", "mode", "left"),
    [
        ("exited", "container:dada", True),
        ("created", "container:c0ffee", False),
        ("running", "container:dada", False),
    ],
)
def test_a_container_whose_owner_is_another_now_is_made_again(state: str, mode: str, left: bool) -> None:
    row = {"State": state, "HostConfig": {"NetworkMode": mode}}
    assert is_left_behind(instance(network_mode="container:c0ffee"), row) is left
    assert not is_left_behind(instance(), row)


def test_how_a_container_is_connected() -> None:
    shown = {"orca": "managed", "default": "bridge", "host": "host", "container:c0ffee": "container:c0ffee"}
    for mode, told in shown.items():
        assert report({**document(), "HostConfig": {"NetworkMode": mode}}).network_mode == told


def test_the_engines_own_check_in_its_nanoseconds() -> None:
    assert "Healthcheck" not in container(instance(), RESOLV)[0]
    check = EngineCheck(test=["CMD", "true"], interval=1500, retries=2, start_period=0, start_interval=250)
    assert container(instance(engine_check=check), RESOLV)[0]["Healthcheck"] == {
        "Test": ["CMD", "true"],
        "Interval": 1_500_000_000,
        "Retries": 2,
        "StartInterval": 250_000_000,
    }
    assert [is_checked(document(Health=found)) for found in (None, {"Status": "none"}, {"Status": "starting"})] == [
        False,
        False,
        True,
    ]


def test_volumes_are_binds_or_anonymous() -> None:
    body, _ = container(instance(network_mode="none", volumes=["/a:/b:ro", "/data"]), None)
    assert body["HostConfig"]["Binds"] == ["/a:/b:ro"]
    assert body["Volumes"] == {"/data": {}}


def test_the_rest_is_passed_on() -> None:
    body, _ = container(
        instance(
            command=["a"],
            entry_point=["b"],
            environment={"K": "V"},
            memory=1 << 20,
            cpu_shares=7,
            privileged=True,
            cap_add=["X"],
            cap_drop=["Y"],
            restart_policy=RestartPolicy(name="on-failure", maximum_retry_count=3),
            tty=True,
        ),
        RESOLV,
    )
    assert (body["Cmd"], body["Entrypoint"], body["Env"], body["Tty"]) == (["a"], ["b"], ["K=V"], True)
    host = body["HostConfig"]
    assert (host["Memory"], host["CpuShares"], host["Privileged"], host["CapAdd"], host["CapDrop"]) == (
        1 << 20,
        7,
        True,
        ["X"],
        ["Y"],
    )
    assert "RestartPolicy" not in host, "restarts are the agent's"


def test_what_is_given_only_sometimes_is_passed_on_then() -> None:
    plain = container(instance(network_mode="none"), None)[0]["HostConfig"]
    body, _ = container(
        instance(
            network_mode="bridge",
            dns=["192.0.2.53"],
            dns_search=["example.org"],
            domain_name="example.org",
            extra_hosts=["db:192.0.2.7"],
            cpu_set="0,1",
            memory_swap=-1,
            devices=["/dev/null", "/dev/null:/dev/zero", "/dev/null:/dev/one:r"],
            pid_mode="host",
            read_only=True,
            security_opt=["label:disable"],
            volume_driver="convoy",
            log_config=LogConfig(driver="syslog", options={"tag": "web"}),
        ),
        None,
    )
    assert body["Domainname"] == "example.org"
    added = {
        "Dns": ["192.0.2.53"],
        "DnsSearch": ["example.org"],
        "ExtraHosts": ["db:192.0.2.7"],
        "CpusetCpus": "0,1",
        "MemorySwap": -1,
        "Devices": [
            {"PathOnHost": "/dev/null", "PathInContainer": "/dev/null", "CgroupPermissions": "rwm"},
            {"PathOnHost": "/dev/null", "PathInContainer": "/dev/zero", "CgroupPermissions": "rwm"},
            {"PathOnHost": "/dev/null", "PathInContainer": "/dev/one", "CgroupPermissions": "r"},
        ],
        "PidMode": "host",
        "ReadonlyRootfs": True,
        "SecurityOpt": ["label:disable"],
        "VolumeDriver": "convoy",
        "LogConfig": {"Type": "syslog", "Config": {"tag": "web"}},
    }
    assert not plain.keys() & added.keys()
    assert body["HostConfig"].items() >= added.items()
    managed = container(instance(network_mode="managed", dns=["192.0.2.53"], dns_search=["a"]), RESOLV)[0]
    assert not {"Dns", "DnsSearch"} & managed["HostConfig"].keys(), "they are in the mounted file"
    joined = instance(network_mode="container:abc", dns=["192.0.2.53"], extra_hosts=["a:192.0.2.7"], domain_name="a")
    body = container(joined, None)[0]
    assert not {"Dns", "ExtraHosts"} & body["HostConfig"].keys(), "they are the network owner's"
    assert body["Domainname"] == ""


def test_a_labelled_uuid_cannot_be_overwritten_by_the_user() -> None:
    body, _ = container(instance(labels={"io.orca.instance.uuid": "other"}), RESOLV)
    assert body["Labels"]["io.orca.instance.uuid"] == UUID


@pytest.mark.parametrize(
    ("labels", "part"),
    [
        ({"io.orca.system": "net"}, "net"),
        # An image brings its labels along, also these: what has an instance is a user's container.
        ({"io.orca.system": "net", "io.orca.instance.uuid": UUID}, ""),
        ({"io.orca.instance.uuid": UUID}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_part_of_the_platform_has_its_label_and_no_instance(labels: dict[str, str] | None, part: str) -> None:
    said = document()
    said["Config"] = {"Image": "web:1", "Labels": labels}
    assert part_of_platform(said) == report(said).system == part


def test_a_report() -> None:
    found = report(document(), "start")
    assert (found.external_id, found.uuid, found.state, found.status) == ("abc", UUID, "running", "start")
    assert (found.address, found.system, found.exit_code) == ("10.42.1.10", "", None)
    assert found.started_at == 1767323045678


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("created", "created"),
        ("paused", "running"),
        ("restarting", "running"),
        ("exited", "stopped"),
        ("removing", "removed"),
    ],
)
def test_states(status: str, state: str) -> None:
    assert report(document(Status=status)).state == state


def test_a_stopped_container_tells_its_exit_code() -> None:
    assert report(document(Status="exited", ExitCode=137)).exit_code == 137


def test_never_started_is_no_time() -> None:
    assert milliseconds("0001-01-01T00:00:00Z") is None


def test_no_network_is_no_address() -> None:
    assert address_of({"NetworkSettings": {"Networks": None}}) is None


def test_a_stopped_container_keeps_the_address_it_was_given() -> None:
    stopped = {"orca": {"IPAddress": "", "IPAMConfig": {"IPv4Address": "10.42.1.10"}}}
    assert address_of({"NetworkSettings": {"Networks": stopped}}) == "10.42.1.10"
    assert address_of({"NetworkSettings": {"Networks": {"orca": {"IPAddress": "", "IPAMConfig": None}}}}) is None
