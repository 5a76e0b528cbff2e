# SPDX-License-Identifier: Apache-2.0
"""Read YAML text into a tree of values with their places.

PyYAML parses; the tree is built from its events, so that work ends as soon as a limit is exceeded. Aliases count as if
they were written out. Source of the rules: YAML 1.2 as Docker Compose reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from orca.orchestration.compose import scalars as compose_scalars
from orca.orchestration.compose.errors import Findings, Place, Wrong
from orca.orchestration.compose.tree import Node
from orca.resources.limits import MOST_DEPTH, MOST_DIGITS, MOST_ITEMS, MOST_NODES

MOST_TEXT = 4 * 1024 * 1024
"""Characters of one file."""
MOST_TAG_DIRECTIVES = 16
"""Most %TAG directives, since the parser's work grows with their square."""

_TAG = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (float, int),
}


class _Anchored(NamedTuple):
    node: Node
    size: int
    height: int


def read(text: str, file: str, findings: Findings) -> Node | None:
    """Return the tree of the one document of ``text``, None if it is empty. Errors go to ``findings``.

    Raises:
        Wrong: invalid YAML, or an exceeded limit; nothing more can be found in the rest.
    """
    start = Place(file, 1, 1)
    if len(text) > MOST_TEXT:
        raise Wrong(start, f"a file has at most {MOST_TEXT} characters: make it several stacks")
    if text.count("%TAG") > MOST_TAG_DIRECTIVES:
        raise Wrong(start, f"a file has at most {MOST_TAG_DIRECTIVES} %TAG directives: write tags in full")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Wrong(start, f"character {error.start + 1} is not valid Unicode text") from None
    try:
        return _Builder(yaml.parse(text, getattr(yaml, "CLoader", yaml.Loader)), file, findings).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else start
        context = f"{error.context}: " if error.context else ""
        raise Wrong(place, f"this is not YAML: {context}{error.problem}") from error
    except yaml.YAMLError as error:
        # An error without a place is about a character that YAML does not allow.
        raise Wrong(start, f"this is not YAML: {str(error).splitlines()[0]}") from error


class _Builder:
    """Builds one tree from the events of the parser."""

    def __init__(self, events: Iterator[Any], file: str, findings: Findings) -> None:
        self._events = events
        self._file = file
        self._findings = findings
        self._anchors: dict[str, _Anchored] = {}
        self._nodes = 0

    def document(self) -> Node | None:
        next(self._events)  # StreamStart
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        node, _ = self._node(next(self._events), 1)
        next(self._events)  # DocumentEnd
        following = next(self._events)
        if not isinstance(following, yaml.StreamEndEvent):
            raise Wrong(self._place(following), "a second document begins: give one document for each file")
        return node

    def _node(self, event: Any, depth: int, key: Place | None = None) -> tuple[Node, int]:
        """Build the node that begins with ``event``; also return its number of levels."""
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place, depth, key)
        before = self._nodes
        self._count(place, 1, depth)
        height = 1
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, place, key)
        else:
            is_list = isinstance(event, yaml.SequenceStartEvent)
            if event.tag not in (None, f"{_TAG}{'seq' if is_list else 'map'}"):
                self._unknown_tag(place, event.tag)
            value, height = self._list(place, depth) if is_list else self._map(place, depth)
            node = Node(value, place, key)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(node, self._nodes - before, height)
        return node, height

    def _alias(self, event: Any, place: Place, depth: int, key: Place | None) -> tuple[Node, int]:
        found = self._anchors.get(event.anchor)
        if found is None:
            self._findings.refuse(place, f"*{event.anchor}: there is no complete &{event.anchor} before it")
            return Node(None, place, key), 1
        self._count(place, found.size, depth + found.height - 1)
        return found.node._replace(key=key), found.height

    def _list(self, place: Place, depth: int) -> tuple[list[Node], int]:
        items: list[Node] = []
        height = 0
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            item, levels = self._node(event, depth + 1)
            items.append(item)
            height = max(height, levels)
            self._most(place, len(items))
        return items, height + 1

    def _map(self, place: Place, depth: int) -> tuple[dict[str, Node], int]:
        entries: dict[str, Node] = {}
        seen: dict[str, Place] = {}
        merged: list[Node] = []
        height = 0
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._place(event)
            name = self._key(event, key, depth + 1)
            value, levels = self._node(next(self._events), depth + 1, key)
            height = max(height, levels)
            if name is None:
                continue
            if name in seen:
                self._findings.refuse(key, f"{name!r} stands at {seen[name]} already: keep one of them")
                continue
            seen[name] = key
            self._most(place, len(seen))
            if _merges(event):
                merged = value.value if isinstance(value.value, list) else [value]
            else:
                entries[name] = value
        for node in merged:
            if not isinstance(node.value, dict):
                self._findings.refuse(node.place, "<<: a mapping, or a list of mappings, is expected")
                continue
            for name, value in node.value.items():
                entries.setdefault(name, value)
            self._most(place, len(entries))
        return entries, height + 1

    def _key(self, event: Any, place: Place, depth: int) -> str | None:
        """The text of a key, None if it is refused."""
        node, _ = self._node(event, depth)
        if isinstance(node.value, str):
            return node.value
        shown = f"{node.written} is not text" if node.written else "a key is text"
        self._findings.refuse(place, f"{shown}: write the key in quotes")
        return None

    def _scalar(self, event: Any, place: Place, key: Place | None) -> Node:
        text: str = event.value
        if "\0" in text:
            self._findings.refuse(place, "a text holds a NUL character: leave it out")
        tag = event.tag
        if tag == f"{_TAG}str" or (tag is None and not event.implicit[0]):
            return Node(text, place, key)
        name = "" if tag is None else tag.removeprefix(_TAG)
        try:
            value = compose_scalars.resolve(text, MOST_DIGITS)
        except compose_scalars.TooLong:
            message = f"a number has at most {MOST_DIGITS} digits: write it in quotes if it is text"
            self._findings.refuse(place, message)
            return Node(text, place, key)
        if tag is not None and name not in _TYPES:
            self._unknown_tag(place, tag)
        elif tag is not None and type(value) not in _TYPES[name]:
            self._findings.refuse(place, f"{text!r} does not fit its tag !!{name}: leave the tag out")
        elif name == "float" and isinstance(value, int):
            value = float(value)
        return Node(value, place, key, None if isinstance(value, str) else text)

    def _unknown_tag(self, place: Place, tag: str) -> None:
        shown = tag.replace(_TAG, "!!")
        self._findings.refuse(place, f"tag {shown} is not supported: leave it out")

    def _count(self, place: Place, nodes: int, depth: int) -> None:
        self._nodes += nodes
        if self._nodes > MOST_NODES:
            message = f"a file has at most {MOST_NODES} values, with aliases written out: make it several stacks"
            raise Wrong(place, message)
        if depth > MOST_DEPTH:
            raise Wrong(place, f"lists and mappings are at most {MOST_DEPTH} deep: make it flatter")

    def _most(self, place: Place, count: int) -> None:
        if count > MOST_ITEMS:
            raise Wrong(place, f"a list or a mapping has at most {MOST_ITEMS} entries: bring long ones as a file")

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1)


def _merges(key: Any) -> bool:
    """True if a key is YAML's sign to merge, not text that looks like it."""
    return isinstance(key, yaml.ScalarEvent) and key.implicit[0] and key.value == "<<"
