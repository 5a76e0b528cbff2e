# SPDX-License-Identifier: Apache-2.0
"""schemathesis asks a real server whatever the OpenAPI documents allow, and what they do not.

Half a minute by default; ``ORCA_FUZZ_EXAMPLES`` (requests per operation) makes it long.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

EXAMPLES = os.environ.get("ORCA_FUZZ_EXAMPLES")
FORGIVING = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"),
    *("unsupported_method", "allow_header_conformance", "ignored_auth"),
)
CHECKS = {
    "v1": ["--mode", "positive", "--checks", ",".join(FORGIVING)],
    "v2": ["--mode", "all", "--checks", "all", "--exclude-checks", "use_after_free,positive_data_acceptance"],
}
"""v1 takes what is not well-formed as far as it can. Removed resources go on being found; `fuzz_checks` stands for
`positive_data_acceptance`.
"""
PATIENT = "from orca.provision.people import throttle; throttle.FREE = dict.fromkeys(throttle.FREE, 10**9)"
"""Guessing passwords is slowed down with 429; whoever tries all doors with a wrong one is to see them all closed."""
SHORT = {
    "examples,fuzzing": "/(containers|environments|hosts|volumes|apikeys|services|schemas)",
    "stateful": "/(environments|registries)",
    "coverage": "/(schemas|volumes)/",
}
"""What the short run asks about in each phase of schemathesis: types with code of their own, and few where one list's
filters are hundreds of requests. The long run asks about everything.
"""


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory):
    """A server with access control, as schemathesis also looks for doors that are open."""
    from tests.integration.api.conftest import Process

    process = Process(tmp_path_factory.mktemp("fuzz") / "data", before=PATIENT)
    process.start(loopback_only=True)
    yield process
    process.stop()


@pytest.fixture(scope="module")
def key(closed) -> tuple[str, str]:
    """A key of the first project."""
    with httpx.Client(base_url=closed.url, auth=closed.admin(), timeout=20) as client:
        project = client.get("/v2/projects", params={"name": "Default"}).json()["data"][0]["id"]
        made = client.post(f"/v2/projects/{project}/apikeys", json={}).json()
    found = made["publicValue"], made["secretValue"]
    while httpx.get(f"{closed.url}/v1", auth=found).status_code != 200:
        time.sleep(0.01)
    return found


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_document_is_served(closed, key, version):
    answer = httpx.get(f"{closed.url}/{version}/openapi.json", auth=key, timeout=20)
    assert answer.status_code == 200
    document = answer.json()
    assert document["servers"] == [{"url": f"{closed.url}/{version}"}]
    assert httpx.get(f"{closed.url}/{version}/openapi.json").status_code == 401


@pytest.mark.parametrize(("version", "phases"), [(version, phases) for version in CHECKS for phases in SHORT])
def test_the_server_keeps_to_the_document(closed, key, version, phases, tmp_path: Path):
    document = tmp_path / "openapi.json"
    document.write_text(httpx.get(f"{closed.url}/{version}/openapi.json", auth=key, timeout=20).text)
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", str(document)]
    command += ["--url", f"{closed.url}/{version}", "--auth", ":".join(key), *CHECKS[version]]
    command += ["--no-color", "--seed", "1"]
    command += ["--phases", phases, "--max-examples", EXAMPLES or "3", "--continue-on-failure"]
    command += ["--generation-database", "none", "--suppress-health-check", "all"]
    # Streams and replies have a shape of their own; keys that remove themselves end the run.
    command += ["--exclude-path-regex", "/(subscribe|publish|token|apikeys/|credentials/|projects/|accounts/)"]
    if EXAMPLES is None:
        command += ["--include-path-regex", SHORT[phases]]
    hooks = {"SCHEMATHESIS_HOOKS": "fuzz_checks", "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, check=False, env={**os.environ, **hooks}
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nothing_answers_without_a_key(closed, key, version):
    paths = httpx.get(f"{closed.url}/{version}/openapi.json", auth=key, timeout=20).json()["paths"]
    with httpx.Client(base_url=f"{closed.url}/{version}", timeout=20) as nobody:
        for path, asked in paths.items():
            for method in sorted({"get", "post", "put", "delete"} & set(asked)):
                if path.startswith("/token") or path == "/schemas":
                    continue
                answer = nobody.request(method, path.format(id="1", link="x"))
                # Schemas of what nobody sees are not there for them; which are is told in tests/integration/api.
                assert answer.status_code == (404 if path == "/schemas/{id}" else 401), (method, path)
