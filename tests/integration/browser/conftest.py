# SPDX-License-Identifier: Apache-2.0
"""A real server with simulated hosts, and Debian's Chromium looking at it."""

import json
import shutil
from base64 import b64encode
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.integration.api.conftest import Process, until

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("browser") / "data", "--sim")
    process.start(loopback_only=True)
    yield process
    process.stop()


@pytest.fixture(scope="module")
def project(server: Process) -> Iterator[httpx.Client]:
    """The default project, with a simulated host and a container with a hostile name."""
    with httpx.Client(base_url=server.url, auth=server.admin(), timeout=20) as client:
        found = client.get("/v2/projects", params={"name": "Default"}).json()["data"][0]["id"]
        client.base_url = f"{server.url}/v2/projects/{found}"
        assert client.post("agents", json={"uri": "sim://one"}).status_code == 201
        until(client, "hosts", lambda answer: [row["state"] for row in answer["data"]] == ["active"])
        body = {"imageUuid": "sim:x", "name": HOSTILE, "labels": {HOSTILE: '"><b>'}, "startOnCreate": False}
        made = client.post("containers", json=body).json()
        until(client, f"containers/{made['id']}", lambda row: row["state"] == "stopped")
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path is not None, "Debian's package chromium is needed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[(1280, "light"), (390, "dark")], ids=["wide", "phone"])
def page(browser: Browser, server: Process, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of somebody who gave an access key; it fails if a script of somebody else ran."""
    width, scheme = request.param
    key, secret = server.admin()
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        extra_http_headers={"Authorization": f"Basic {b64encode(f'{key}:{secret}'.encode()).decode()}"},
    )
    context.set_default_timeout(8_000)
    page = context.new_page()
    seen: list[str] = []
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: seen.append(message.text) if "Security Policy" in message.text else None)
    yield page
    assert seen == []
    assert page.title() != "taken"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
        "the page is wider than its window"
    )
    context.close()


@pytest.fixture(scope="module")
def login(server: Process) -> tuple[str, str]:
    """The administrator's login and password."""
    keys = json.loads((server.directory / "admin.json").read_text())
    return "admin", keys["password"]
