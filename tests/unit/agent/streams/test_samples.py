# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from orca.agent.streams.container_sample import container_look
from orca.agent.streams.host_sample import SECTOR, TICK, host_look

DOCUMENT: dict[str, Any] = {
    "read": "2026-11-23T09:32:00.5Z",
    "cpu_stats": {
        "cpu_usage": {
            "total_usage": 300,
            "percpu_usage": [100, 200],
            "usage_in_kernelmode": 120,
            "usage_in_usermode": 180,
        }
    },
    "memory_stats": {"usage": 4096, "limit": 8192, "stats": {"cache": 1}},
    "networks": {
        "eth1": {"rx_bytes": 5},
        "eth0": {"rx_bytes": 1, "rx_packets": 2, "tx_bytes": 3, "tx_dropped": 4},
    },
    "blkio_stats": {
        "io_service_bytes_recursive": [
            {"major": 8, "minor": 0, "op": "Read", "value": 10},
            {"major": 8, "minor": 0, "op": "Write", "value": 20},
            {"major": 8, "minor": 0, "op": "Sync", "value": 25},
            {"major": 8, "minor": 0, "op": "Async", "value": 5},
            {"major": 8, "minor": 0, "op": "Discard", "value": 0},
            {"major": 8, "minor": 0, "op": "Total", "value": 30},
        ]
    },
}


def element(**changes: Any) -> dict[str, Any]:
    look = container_look(json.dumps({**DOCUMENT, **changes}).encode())
    assert look is not None
    return dict(json.loads(msgspec.json.encode(look.element("1i5", "container"))))


def test_a_container_in_the_words_of_v1() -> None:
    eth0 = {"name": "eth0", "rx_bytes": 1, "rx_packets": 2, "rx_errors": 0, "rx_dropped": 0}
    eth0 |= {"tx_bytes": 3, "tx_packets": 0, "tx_errors": 0, "tx_dropped": 4}
    shown = element()
    interfaces = shown["network"].pop("interfaces")
    assert shown == {
        "id": "1i5",
        "resourceType": "container",
        "memLimit": 8192,
        "timestamp": "2026-11-23T09:32:00.5Z",
        "cpu": {"usage": {"total": 300, "per_cpu_usage": [100, 200], "user": 180, "system": 120}},
        "memory": {"usage": 4096},
        "network": eth0,
        "diskio": {
            "io_service_bytes": [
                {"major": 8, "minor": 0, "stats": {"Read": 10, "Write": 20, "Sync": 25, "Async": 5, "Total": 30}}
            ]
        },
    }
    assert [interface["name"] for interface in interfaces] == ["eth0", "eth1"]


def test_the_second_version_of_control_groups() -> None:
    transfers = [
        {"major": 8, "minor": 0, "op": "read", "value": 1},
        {"major": 8, "minor": 0, "op": "write", "value": 2},
    ]
    shown = element(
        cpu_stats={"cpu_usage": {"total_usage": 3, "usage_in_kernelmode": 1, "usage_in_usermode": 2}},
        blkio_stats={"io_service_bytes_recursive": transfers},
    )
    assert shown["cpu"]["usage"] == {"total": 3, "per_cpu_usage": [], "user": 2, "system": 1}
    (disk,) = shown["diskio"]["io_service_bytes"]
    assert disk["stats"] == {"Read": 1, "Write": 2, "Sync": 0, "Async": 0, "Total": 3}


def test_no_network_and_no_disk() -> None:
    shown = element(networks={}, blkio_stats={"io_service_bytes_recursive": None})
    assert (shown["network"]["name"], shown["network"]["interfaces"]) == ("", [])
    assert shown["diskio"] == {"io_service_bytes": []}


def test_a_stopped_container_has_no_look() -> None:
    assert container_look(json.dumps({**DOCUMENT, "read": "0001-01-01T00:00:00Z"}).encode()) is None


@pytest.mark.parametrize("line", [b"", b"[]", b"{", b'{"read": 1}', b"\xff"])
def test_what_is_no_document_is_an_error(line: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        container_look(line)


FILES = {
    "proc/stat": "cpu  10 1 5 99 9 2 3 7 0 0\ncpu0 4 1 2 50 4 1 1 3 0 0\ncpu1 6 0 3 49 5 1 2 4 0 0\nintr 1 2\n",
    "proc/meminfo": "MemTotal:       1000 kB\nMemFree:         200 kB\nMemAvailable:    600 kB\nHugePages_Total:   0\n",
    "proc/net/route": "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
    "eth1 0000A8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\neth1 00000000 0101A8C0 0003 0 0 0 00000000 0 0 0\n",
    "proc/net/dev": "Inter-| Receive | Transmit\n face |bytes packets\n"
    "    lo: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\n  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
    "  eth1: 11 12 13 14 0 0 0 0 15 16 17 18 0 0 0 0\nveth12: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\n",
    "proc/diskstats": "   8       0 sda 1 0 4 0 2 0 6 0 0 0 0\n   8       1 sda1 1 0 4 0 2 0 6 0 0 0 0\n"
    "   7       0 loop0 1 0 4 0 2 0 6 0 0 0 0\n",
}


def test_a_host_from_its_files(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for disk in ("sda", "loop0"):
        (tmp_path / "sys/block" / disk).mkdir(parents=True)
    look = host_look(tmp_path)
    usage = look.sample.cpu.usage
    assert (usage.user, usage.system, usage.total) == (11 * TICK, 10 * TICK, 21 * TICK)
    assert usage.per_cpu_usage == [9 * TICK, 12 * TICK]
    assert (look.sample.memory.usage, look.mem_limit) == (400 * 1024, 1000 * 1024)
    network = look.sample.network
    assert (network.name, network.rx_bytes, network.rx_dropped, network.tx_bytes) == ("eth1", 11, 14, 15)
    assert [interface.name for interface in network.interfaces] == ["eth1", "eth0"]
    (disk_io,) = look.sample.diskio.io_service_bytes
    assert (disk_io.major, disk_io.minor) == (8, 0)
    assert (disk_io.stats.read, disk_io.stats.write, disk_io.stats.total) == (4 * SECTOR, 6 * SECTOR, 10 * SECTOR)


def test_this_machine() -> None:
    first, second = host_look(), host_look()
    assert second.sample.timestamp > first.sample.timestamp
    assert second.sample.cpu.usage.total >= first.sample.cpu.usage.total > 0
