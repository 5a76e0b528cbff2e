# SPDX-License-Identifier: Apache-2.0
"""The API explains itself: a real host shows its fields, and every link leads somewhere."""

from __future__ import annotations

from api import Api, Json
from lab import Lab

LINKS = {
    *("self", "account", "clusters", "containerEvents", "hostLabels", "instances", "ipAddresses"),
    *("loadBalancerHostMaps", "loadBalancers", "physicalHost", "serviceEvents", "storagePools"),
    *("stats", "hostStats", "containerStats"),
}
ACTIONS = {"update", "deactivate"}


def follow(api: Api, resource: Json) -> dict[str, Json]:
    """What is behind each of a resource's links."""
    return {name: api.call("GET", url) for name, url in resource["links"].items()}


def test_a_host_shows_its_fields(lab: Lab) -> None:
    api = lab.api
    host = lab.host_resource(lab.hosts[0])
    assert host["links"]["self"].endswith(f"/v1/projects/{host['accountId']}/hosts/{host['id']}")
    assert set(host["links"]) >= LINKS
    assert set(host["actions"]) >= ACTIONS
    behind = follow(api, host)
    assert behind["physicalHost"]["type"] in {"physicalHost", "machine"}
    assert [row["address"] for row in behind["ipAddresses"]["data"]] == [lab.hosts[0].address]
    assert len(behind["storagePools"]["data"]) == 1
    assert behind["hostStats"]["token"]


def test_hosts_show_the_engines_of_both_debian_releases(lab: Lab) -> None:
    engines = [lab.host_resource(host)["info"]["osInfo"]["dockerVersion"] for host in lab.hosts]
    assert [version.partition(".")[0] for version in engines] == ["20", "26", "20"]


def test_every_link_of_a_container_and_its_service_resolves(lab: Lab) -> None:
    probe = lab.probe("api-a", host=0)
    api = lab.api
    (container,) = api.list("containers", uuid=probe.resource["uuid"])
    behind = follow(api, container)
    assert [row["id"] for row in behind["hosts"]["data"]] == [lab.host_resource(lab.hosts[0])["id"]]
    for service in api.list("services"):
        follow(api, service)
    for stack in api.list("environments"):
        follow(api, stack)
