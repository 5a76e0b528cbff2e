# SPDX-License-Identifier: Apache-2.0
"""iptables of the host, in the variant that Docker uses."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional

from ..plan.firewall import Tables, parse
from . import command, files
from .errors import HostStateError

NFT, LEGACY = "nft", "legacy"

#: Names of the legacy tables that exist. Asking ``iptables-legacy-save`` instead would create them.
_LEGACY_TABLES = "/proc/net/ip_tables_names"


class Observed(NamedTuple):
    """The tables of the variant in use."""

    variant: str
    tables: Tables


def observe() -> Observed:
    """Read the tables: one process, or two where legacy tables exist.

    :raises HostStateError: none is installed, or both hold rules, so that nobody knows which a packet meets first.
    """
    tables: Dict[str, Tables] = {}
    if _program(NFT, "save"):
        tables[NFT] = _save(NFT)
    if _program(LEGACY, "save") and (legacy_in_use() or NFT not in tables):
        tables[LEGACY] = _save(LEGACY)
    if not tables:
        raise HostStateError("iptables is not installed on this host")
    holding = [
        variant for variant in tables if any(rules for chains in tables[variant].values() for rules in chains.values())
    ]
    if len(holding) > 1:
        without = " or ".join(variant for variant in holding if not _has_docker(tables[variant])) or "neither"
        raise HostStateError(
            "both iptables-nft and iptables-legacy hold rules on this host; "
            "flush one of them (without Docker's chains: {0})".format(without)
        )
    variant = (holding or [_default(tables)])[0]
    return Observed(variant, tables[variant])


def legacy_in_use() -> bool:
    """True if this kernel holds tables of the legacy variant."""
    return bool(files.read(_LEGACY_TABLES))


def restore(variant: str, transaction: str) -> None:
    """Commit ``transaction`` (``iptables-restore`` format), waiting up to 10 s for the lock of other writers."""
    argv = _program(variant, "restore")
    if argv is None:
        raise HostStateError("iptables-restore is not installed on this host")
    # The nft variant is transactional and needs no lock; some versions do not know the option.
    command.run(argv + ["--noflush"] + (["--wait", "10"] if variant == LEGACY else []), stdin=transaction)


def _save(variant: str) -> Tables:
    argv = _program(variant, "save")
    if argv is None:
        raise HostStateError("iptables-save is not installed on this host")
    return parse(command.run(argv))


def _program(variant: str, verb: str) -> Optional[List[str]]:
    """The program ``iptables-nft-save`` or ``iptables-legacy-save``; a lone ``iptables-save`` counts as the variant
    that it reports.
    """
    name = "iptables-{0}-{1}".format(variant, verb)
    if command.find(name):
        return [name]
    plain = "iptables-" + verb
    other = "iptables-{0}-{1}".format(LEGACY if variant == NFT else NFT, verb)
    if (
        command.find(plain)
        and not command.find(other)
        and ("nf_tables" in command.run([plain, "--version"])) == (variant == NFT)
    ):
        return [plain]
    return None


def _default(tables: Dict[str, Tables]) -> str:
    """Without any rules: Docker will use what the host calls ``iptables``."""
    if len(tables) == 1 or not command.find("iptables"):
        return next(iter(tables))
    return NFT if "nf_tables" in command.run(["iptables", "--version"]) else LEGACY


def _has_docker(tables: Tables) -> bool:
    return "DOCKER" in tables.get("nat", {})
