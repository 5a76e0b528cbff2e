# SPDX-License-Identifier: Apache-2.0
"""Statistics of this machine and of real containers, through a real server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from viewers import Site, Viewer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def elements(viewer: Viewer) -> list[dict[str, Any]]:
    return list(json.loads(await viewer.frame()))


async def host(site: Site) -> dict[str, Any]:
    return (await site.server.rows(f"hosts?uuid={site.host.uuid}"))[0]


async def project(site: Site) -> dict[str, Any]:
    return dict(await site.server.get(site.server.project))


def assert_form(element: dict[str, Any], id: str, type: str) -> None:
    assert (element["id"], element["resourceType"]) == (id, type)
    assert set(element) == {
        *("id", "resourceType", "memLimit", "timestamp", "cpu", "memory", "network", "diskio"),
    }
    assert set(element["cpu"]["usage"]) == {"total", "per_cpu_usage", "user", "system"}
    counters = {f"{way}_{what}" for way in ("rx", "tx") for what in ("bytes", "packets", "errors", "dropped")}
    assert set(element["network"]) == {"name", "interfaces"} | counters
    for disk in element["diskio"]["io_service_bytes"]:
        assert set(disk) == {"major", "minor", "stats"}
        assert set(disk["stats"]) == {"Read", "Write", "Sync", "Async", "Total"}


async def test_a_host_once_a_second(site: Site) -> None:
    shown = await host(site)
    access = await site.access(shown["links"]["hostStats"])
    assert access["type"] == "statsAccess"
    async with site.open(access) as viewer:
        (first,), (second,) = await elements(viewer), await elements(viewer)
    assert_form(first, shown["id"], "host")
    assert second["timestamp"] > first["timestamp"]
    # The kernel counts in hundredths of a second: a machine that idles may not have moved on.
    assert second["cpu"]["usage"]["total"] >= first["cpu"]["usage"]["total"] > 0
    assert 0 < first["memory"]["usage"] < first["memLimit"]


async def test_the_older_form_is_one_object(site: Site) -> None:
    async with site.open(await site.access((await host(site))["links"]["stats"])) as viewer:
        sample = json.loads(await viewer.frame())
    assert set(sample) == {"timestamp", "cpu", "memory", "network", "diskio"}


async def test_a_project_shows_a_host_again_that_was_cut_off(site: Site) -> None:
    access = await site.access((await project(site))["links"]["hostStats"])
    assert access["url"].endswith("/v1/hoststats/project/")
    async with site.open(access) as viewer:
        assert [element["resourceType"] for element in await elements(viewer)] == ["host"]
        await site.agent.disconnect()
        cut = datetime.now(UTC).isoformat()
        await site.until_agent("reconnecting")
        await site.reconnect()
        while (await elements(viewer))[0]["timestamp"] < cut:
            pass


async def test_a_running_container(site: Site, statistics: None) -> None:
    container = await site.container("while true; do :; done")
    access = await site.access(container["links"]["containerStats"])
    assert f"/v1/containerstats/{container['externalId']}" in access["url"]
    async with site.open(access) as viewer:
        (first,), (second,) = await elements(viewer), await elements(viewer)
    assert_form(first, container["id"], "container")
    assert second["cpu"]["usage"]["total"] - first["cpu"]["usage"]["total"] > 100_000_000
    assert first["memory"]["usage"] > 0


async def test_all_containers_of_a_host_also_those_that_come_later(site: Site, statistics: None) -> None:
    one = await site.container("exec sleep 1000")
    async with site.open(await site.access((await host(site))["links"]["containerStats"])) as viewer:
        while one["id"] not in {element["id"] for element in await elements(viewer)}:
            pass
        two = await site.container("exec sleep 1000")
        while not {one["id"], two["id"]} <= {element["id"] for element in await elements(viewer)}:
            pass


async def test_a_container_that_is_removed_ends_its_stream(site: Site, statistics: None) -> None:
    container = await site.container("exec sleep 1000")
    async with site.open(await site.access(container["links"]["containerStats"])) as viewer:
        await viewer.frame()
        site.made[-1].remove(force=True)
        _, code, _ = await viewer.rest()
    assert code == 1000


async def figures(site: Site, name: str) -> dict[str, float]:
    """The samples of a figure by the id of host or container."""
    answer = await site.server.http.get(f"{site.server.url}/metrics")
    found = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return {sample.labels["id"]: sample.value for sample in found if sample.name == name}


async def test_figures_of_the_host_without_a_viewer(site: Site) -> None:
    id = (await host(site))["id"]
    assert (await figures(site, "orca_host_cpu_seconds_total"))[id] > 0
    used, limit = await figures(site, "orca_host_memory_bytes"), await figures(site, "orca_host_memory_limit_bytes")
    assert 0 < used[id] < limit[id]


async def test_figures_of_containers_that_run(site: Site, statistics: None) -> None:
    one = await site.container("while true; do :; done")
    gone = await site.container("exec sleep 1000")
    site.made[-1].remove(force=True)  # the server has not heard of it
    # Readers who come within a second get the same figures.
    while one["id"] not in (found := await figures(site, "orca_container_memory_bytes")):
        pass
    assert found[one["id"]] > 0
    assert gone["id"] not in found
