# SPDX-License-Identifier: Apache-2.0
"""Ports that are taken, from the kernel's tables."""

import ipaddress
import socket
from pathlib import Path

import pytest

from orca.agent.listeners import Listener, listeners

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 4242 1\n"


def table(directory: Path, name: str, *rows: tuple[str, str]) -> None:
    text = HEADER + "".join(ROW.format(address=address, state=state) for address, state in rows)
    (directory / name).write_text(text)


def test_reads_the_kernels_form(tmp_path: Path) -> None:
    table(tmp_path, "tcp", ("0100007F:1F90", "0A"), ("00000000:0016", "0A"), ("0A00020F:1F91", "01"))
    table(tmp_path, "tcp6", ("00000000000000000000000000000000:0050", "0A"))
    table(tmp_path, "udp", ("00000000:0035", "07"))
    table(tmp_path, "udp6", ("0000000000000000FFFF00000100007F:0044", "07"))
    assert {(e.protocol, str(e.address), e.port, e.uid) for e in listeners(tmp_path)} == {
        ("tcp", "127.0.0.1", 8080, 1000),
        ("tcp", "0.0.0.0", 22, 1000),
        ("tcp", "::", 80, 1000),
        ("udp", "0.0.0.0", 53, 1000),
        ("udp", "127.0.0.1", 68, 1000),
    }


def test_a_kernel_without_ipv6(tmp_path: Path) -> None:
    table(tmp_path, "tcp", ("00000000:0016", "0A"))
    table(tmp_path, "udp")
    assert len(list(listeners(tmp_path))) == 1


@pytest.mark.parametrize(
    ("address", "bind", "blocks"),
    [
        ("0.0.0.0", "", True),
        ("0.0.0.0", "192.0.2.1", True),
        ("::", "", True),
        ("192.0.2.1", "", True),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("127.0.0.1", "", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "192.0.2.1", False),
        ("127.0.0.53", "", False),
        ("127.0.0.53", "127.0.0.53", True),
        ("::1", "", False),
    ],
)
def test_what_stands_in_the_way(address: str, bind: str, blocks: bool) -> None:
    listener = Listener("tcp", ipaddress.ip_address(address), 80, 0)
    assert listener.blocks(80, "tcp", bind) is blocks
    assert not listener.blocks(80, "udp", bind)
    assert not listener.blocks(81, "tcp", bind)


def test_sees_a_real_socket() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        assert any(entry.blocks(port, "tcp") for entry in listeners())
