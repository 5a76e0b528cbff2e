# SPDX-License-Identifier: Apache-2.0
"""``/metrics``: what it says, and to whom."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def figures(server) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = await server.http.get(f"{server.url}/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_figures_follow_what_happens(server):
    before = await figures(server)
    async with server.listen() as listener:
        stack = await server.stack("measured")
        await listener.change(stack["id"], state="active")
        after = await figures(server)
    assert after["orca_event_subscribers", ()] == 1
    assert after["orca_database_units_total", ()] > before["orca_database_units_total", ()]
    assert 0 < after["orca_database_commits_total", ()] <= after["orca_database_units_total", ()]
    assert after["orca_event_frames_total", ()] > before["orca_event_frames_total", ()]
    route = (("method", "POST"), ("route", "/v2/environments"), ("status", "2xx"))
    assert after["orca_request_seconds_count", route] == before.get(("orca_request_seconds_count", route), 0) + 1
    assert {labels for name, labels in after if name == "orca_processes"} == {
        (("state", state),) for state in ("requested", "running", "waiting")
    }
    assert after["process_resident_memory_bytes", ()] > 0


async def test_labels_hold_no_ids_and_no_made_up_paths(server):
    for path in ("/v2/nonsense", "/made/up", "/v1/environments/1e999/a/b/c"):
        await server.call("GET", path)
    routes = {dict(labels).get("route", "") for _, labels in await figures(server)}
    assert not any(text in route for route in routes for text in ("nonsense", "made", "1e", "1a"))
    assert "other" in routes


async def test_figures_are_for_administrators_unless_a_setting_says_otherwise(server):
    made = await server.post("apikeys")
    await server.until(f"apikeys/{made['id']}", lambda shown: shown["state"] == "active")
    async with httpx.AsyncClient() as nobody:
        url = f"{server.url}/metrics"
        assert (await nobody.get(url)).status_code == 403
        assert (await nobody.get(url, auth=("a", "b"))).status_code == 401
        assert (await nobody.get(url, auth=(made["publicValue"], made["secretValue"]))).status_code == 403
        bad = await server.call("PUT", "/v2/settings/metrics.public", {"value": "perhaps"})
        assert bad.status_code == 422
        await server.call("PUT", "/v2/settings/metrics.public", {"value": "true"})
        assert (await nobody.get(url)).status_code == 200
        await server.call("PUT", "/v2/settings/metrics.public", {"value": None})
        assert (await nobody.get(url)).status_code == 403
