# SPDX-License-Identifier: Apache-2.0
"""The limits that docs/agents.md names are those in force."""

from pathlib import Path

import pytest

from orca.api.agents import queues as agent_queues
from orca.api.agents import socket as agent_socket
from orca.api.connections import listeners
from orca.api.events import hub, subscriber
from orca.engine import agents
from orca.network import delivery
from orca.orchestration.containers import events as container_events
from orca.orchestration.containers import native
from orca.wire import checks

PAGE = (Path(__file__).parents[3] / "docs" / "agents.md").read_text()
KIB, MIB = 1 << 10, 1 << 20


@pytest.mark.parametrize(
    ("row", "limits"),
    [
        ("names", [checks.NAME_CHARACTERS, checks.IMAGE_CHARACTERS, checks.FACT_CHARACTERS, checks.REASON_CHARACTERS]),
        ("labels of a container", [checks.LABELS, checks.NAME_CHARACTERS, checks.LABEL_CHARACTERS]),
        ("labels of a container", [f"{checks.LABEL_BYTES // KIB} KiB"]),
        ("outer addresses of a host", [checks.ADDRESSES]),
        ("containers in one hello", [checks.CONTAINERS]),
        ("one frame", [f"{listeners.WS_MAX_BYTES // MIB} MiB", f"{agent_socket.REPLY_BYTES // MIB} MiB"]),
        ("`dockerInspect`", [f"{container_events.INSPECT_BYTES // KIB} KiB"]),
        ("reports of one agent", [f"{agent_queues.INBOX_BYTES // KIB} KiB"]),
        ("frames to one agent", [f"{agent_queues.OUTBOX_BYTES // MIB} MiB"]),
        ("updates of config items to one host", [delivery.UNANSWERED]),
        ("hellos that are taken in", [agents.GREETINGS]),
        ("connections of one agent", [agents.MOST_CONNECTIONS]),
        ("events for one client", [subscriber.QUEUE_FRAMES, f"{subscriber.QUEUE_BYTES // MIB} MiB"]),
        ("event streams of one key", [hub.AUDIENCES_PER_KEY]),
        ("events of external handlers", [hub.PASSING]),
    ],
)
def test_a_row_of_the_page(row: str, limits: list[int | str]) -> None:
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {row}")]
    for limit in limits:
        assert (f"{limit:,}" if isinstance(limit, int) else limit) in line


def test_native_containers() -> None:
    assert f"at most {native.MOST:,} native containers" in PAGE
