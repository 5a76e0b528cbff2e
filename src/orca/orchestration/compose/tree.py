# SPDX-License-Identifier: Apache-2.0
"""The tree of a compose file: values with their places. ``loader`` builds it, ``files`` fills in variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from orca.orchestration.compose.errors import Place, Wrong


class Node(NamedTuple):
    """A value of the tree. Lists hold nodes, maps nodes by text.

    ``key``: the place of the key of a map's entry. ``written``: the spelling of a plain scalar that is not text.
    """

    value: Any
    place: Place
    key: Place | None = None
    written: str | None = None

    @property
    def named(self) -> Place:
        """The place where an entry of a map begins."""
        return self.key or self.place

    def entries(self) -> dict[str, Node]:
        """The entries of a map.

        Raises:
            Wrong: it is none.
        """
        if not isinstance(self.value, dict):
            raise Wrong(self.place, "a mapping is expected")
        return self.value


def changed(node: Node, change: Callable[[Node, str], str]) -> Node:
    """The tree with ``change`` applied to every text, but not to keys."""
    value = node.value
    if isinstance(value, str):
        return node._replace(value=change(node, value))
    if isinstance(value, list):
        return node._replace(value=[changed(item, change) for item in value])
    if isinstance(value, dict):
        return node._replace(value={name: changed(item, change) for name, item in value.items()})
    return node
