# SPDX-License-Identifier: Apache-2.0
"""``/metrics``: what it says, and to whom."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import yaml
from pretended import PretendedHost
from prometheus_client.parser import text_string_to_metric_families
from realserver import free_port

ROOT = Path(__file__).parents[3]
PROMETHEUS = ROOT / ".cache" / "prometheus" / "usr" / "bin"
"""Debian's programs; `script/test` unpacks them there."""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def figures(server, **options) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = await server.http.get(f"{server.url}/metrics", **options)
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


async def test_figures_are_for_administrators_and_some_for_everybody_if_a_setting_says_so(server):
    async with httpx.AsyncClient() as nobody:
        url = f"{server.url}/metrics"
        assert (await nobody.get(url)).status_code == 403
        assert (await nobody.get(url, auth=("a", "b"))).status_code == 401
        bad = await server.call("PUT", "/v2/settings/metrics.public", {"value": "perhaps"})
        assert bad.status_code == 422
        await server.call("PUT", "/v2/settings/metrics.public", {"value": "true"})
        public = await nobody.get(url)
        assert public.status_code == 200
        assert "orca_database_units_total" in public.text
        assert "orca_host" not in public.text
        assert (await nobody.get(f"{url}/targets")).status_code == 403
        await server.call("PUT", "/v2/settings/metrics.public", {"value": None})
        assert (await nobody.get(url)).status_code == 403


@asynccontextmanager
async def shop(server):
    """A host with two containers of a service that has figures of its own."""
    host = PretendedHost("metered", "192.0.2.77")
    agent = await server.join(host, (await server.token())["token"])
    stack = await server.stack("metered")
    launch = {"imageUuid": "docker:ok", "labels": {"prometheus.port": "9100", "prometheus.path": "/figures"}}
    given = {"name": "web", "environmentId": stack["id"], "scale": 2, "launchConfig": launch, "startOnCreate": True}
    service = await server.post("services", given)
    try:
        await server.until(
            f"services/{service['id']}", lambda row: row["state"] == "active" and row["transitioning"] == "no"
        )
        yield
    finally:
        await server.call("DELETE", f"environments/{stack['id']}")
        await server.until(f"environments/{stack['id']}", lambda row: row["state"] in ("removed", "purged"))
        await server.call("DELETE", f"hosts/{(await server.rows(f'hosts?uuid={host.uuid}'))[0]['id']}")
        await agent.disconnect()


async def test_hosts_and_containers_have_figures_for_those_who_may_see_them(server):
    async with shop(server):
        everything = {
            (name, dict(labels)["container"]): value
            for (name, labels), value in (await figures(server)).items()
            if "container" in dict(labels)
        }
        for container in ("metered_web_1", "metered_web_2"):
            assert everything["orca_container_up", container] == 1
            assert everything["orca_container_memory_bytes", container] == 1 << 24
            assert everything["orca_container_cpu_seconds_total", container] > 0
        of_services = {
            name: value
            for (name, labels), value in (await figures(server)).items()
            if dict(labels).get("service") == "web" and "container" not in dict(labels)
        }
        assert of_services == {"orca_service_state": 1, "orca_service_wanted": 2, "orca_service_containers": 2}
        key = await server.key(server.project)
        own = await figures(server, auth=key)
        assert {name for name, labels in own if dict(labels).get("project") == "Default"} >= {
            "orca_host_up",
            "orca_container_up",
        }
        assert not any(name.startswith(("orca_database", "process_")) for name, _ in own)
        other = await server.post("/v2/projects", {"name": "elsewhere"})
        await server.until(f"/v2/projects/{other['id']}", lambda row: row["state"] == "active")
        stranger = await server.key(f"/v2/projects/{other['id']}")
        assert not any(dict(labels).get("project") == "Default" for _, labels in await figures(server, auth=stranger))
        assert (await server.http.get(f"{server.url}/metrics/targets", auth=stranger)).json() == []


async def test_an_agents_key_reads_no_figures(server):
    keys = await server.credentials((await server.token())["token"], PretendedHost("spy", "192.0.2.78"))
    for path in ("/metrics", "/metrics/targets"):
        assert (await server.http.get(server.url + path, auth=keys)).status_code == 403


async def test_a_real_prometheus_takes_them_and_finds_containers_of_users(server, tmp_path):
    """Its own rules load, its scrape succeeds, and the discovered targets are the addresses of the containers."""
    admin = json.loads((server.folder / "admin.json").read_text())
    keys = {"basic_auth": {"username": admin["accessKey"], "password": admin["secretKey"]}}
    address = server.url.removeprefix("http://")
    jobs = [
        {"job_name": "orca", "scrape_interval": "1s", "static_configs": [{"targets": [address]}], **keys},
        {"job_name": "containers", "http_sd_configs": [{"url": f"{server.url}/metrics/targets", **keys}]},
    ]
    described = {"scrape_configs": jobs, "rule_files": [str(ROOT / "monitoring" / "rules.yml")]}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(described))
    port = free_port()
    async with shop(server):
        process = await asyncio.create_subprocess_exec(
            PROMETHEUS / "prometheus",
            *(f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}"),
            f"--web.listen-address=127.0.0.1:{port}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1") as prometheus, asyncio.timeout(30):
                while not (found := await asked(prometheus, "query?query=orca_container_up")).get("result"):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                assert {each["metric"]["container"] for each in found["result"]} >= {"metered_web_1", "metered_web_2"}
                while len(targets := (await asked(prometheus, "targets"))["activeTargets"]) < 3:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                (rules,) = [
                    group for group in (await asked(prometheus, "rules"))["groups"] if group["name"] == "orca-hosts"
                ]
                assert rules["rules"]
        finally:
            process.kill()
            await process.wait()
    assert {each["health"] for each in targets if each["scrapePool"] == "orca"} == {"up"}
    mine = [each for each in targets if each["scrapePool"] == "containers"]
    assert {each["labels"]["container"] for each in mine} == {"metered_web_1", "metered_web_2"}
    assert {each["scrapeUrl"].partition(":9100")[2] for each in mine} == {"/figures"}


async def asked(prometheus, path):
    """What Prometheus answers; nothing while it starts."""
    try:
        answer = await prometheus.get(f"/{path}")
    except httpx.TransportError:
        return {}
    return answer.json()["data"] if answer.status_code == 200 else {}


@pytest.mark.parametrize("command", [("check", "rules", "rules.yml"), ("test", "rules", "rules.test.yml")])
async def test_the_alert_rules_are_good(command):
    process = await asyncio.create_subprocess_exec(
        PROMETHEUS / "promtool",
        *command,
        cwd=ROOT / "monitoring",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
