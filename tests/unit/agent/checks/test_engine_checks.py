# SPDX-License-Identifier: Apache-2.0
"""The engine's own checks, in its documents about containers."""

from orca.agent.checks import EngineChecks
from orca.agent.checks.engine import OUTPUT_BYTES, health

UUID = "00000000-0000-4000-8000-000000000001"


def document(status, *, output="", exit_code=1, running=True, started="2026-01-01T00:00:00Z", labels=None, env=()):
    log = [{"Start": "", "End": "", "ExitCode": exit_code, "Output": output}]
    found = {"Status": status, "FailingStreak": 3, "Log": log} if status else None
    return {
        "State": {"Running": running, "StartedAt": started, "Health": found},
        "Config": {"Labels": {"io.orca.instance.uuid": UUID} if labels is None else labels, "Env": list(env)},
    }


def test_edges_are_told_once():
    told = []
    checks = EngineChecks(lambda found: told.extend((each.state, each.reason) for each in found))
    for status in ("starting", "starting", "healthy", "healthy", "unhealthy", "unhealthy"):
        checks.look(document(status, output="no answer\n"))
    assert told == [("starting", None), ("healthy", None), ("unhealthy", "no answer")]
    assert [each.state for each in checks.everything] == ["unhealthy"]
    checks.look(document("unhealthy", started="2026-01-01T00:01:00Z"))
    assert len(told) == 4, "another start is another verdict"
    checks.look(document("unhealthy", running=False))
    assert checks.everything == []


def test_containers_without_a_check_and_foreign_ones_do_not_count():
    assert health(document(None), 1) is None
    assert health(document("none"), 1) is None
    assert health(document("healthy", labels={}), 1) is None


def test_the_output_is_cut_and_values_of_variables_are_hidden():
    env = ("PASSWORD=s3cret-word", "EMPTY=", "SHORT=up")
    found = health(document("unhealthy", output="up: login with s3cret-word failed", env=env), 1)
    assert found.reason == "up: login with *** failed"
    found = health(document("unhealthy", output="ä" * 5000 + "the end"), 1)
    assert found.reason.endswith("the end")
    assert len(found.reason.encode()) <= OUTPUT_BYTES
    assert health(document("unhealthy", exit_code=7), 1).reason == "the command ended with exit code 7"
