# SPDX-License-Identifier: Apache-2.0
"""YAML to a tree that knows its places: what Docker Compose reads, what is refused, and where work ends."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.compose import loader
from orca.orchestration.compose.errors import ComposeError, Findings, Place, Wrong
from orca.orchestration.compose.tree import Node
from orca.resources.limits import MOST_DEPTH, MOST_ITEMS, MOST_NODES


def read(text: str) -> Node | None:
    findings = Findings()
    with findings.collect():
        tree = loader.read(text, "f", findings)
    findings.raise_if_refused()
    return tree


def plain(node: Node | None) -> Any:
    if node is None:
        return None
    if isinstance(node.value, dict):
        return {name: plain(inner) for name, inner in node.value.items()}
    return [plain(inner) for inner in node.value] if isinstance(node.value, list) else node.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: {b: [1, 'x', ~]}", {"a": {"b": [1, "x", None]}}),
        ("\ufeffa: b", {"a": "b"}),
        ("a:\r\n  b: c\r\n", {"a": {"b": "c"}}),
        ("a:\tb", {"a": "b"}),
        ("---\na: b\n...\n", {"a": "b"}),
        ("%YAML 1.1\n---\na: yes", {"a": "yes"}),
        ("ON: a\nno: b", {"ON": "a", "no": "b"}),
        ("? a\n: b", {"a": "b"}),
        ("a: !!str 5\nb: !!int '5'\nc: !!float 1\nd: !!map {}", {"a": "5", "b": 5, "c": 1.0, "d": {}}),
        ("a: &x b\n*x : c", {"a": "b", "b": "c"}),
        ("", None),
        ("# nothing", None),
    ],
)
def test_what_is_read(text: str, expected: Any):
    assert plain(read(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a: &a {x: 1, y: 2}, b: {<<: *a, y: 3}}", {"y": 3, "x": 1}),
        ("{a: &a {x: 1}, b: {y: 3, <<: *a}}", {"y": 3, "x": 1}),
        ("{a: &a {x: 1}, c: &c {x: 2, z: 3}, b: {<<: [*a, *c]}}", {"x": 1, "z": 3}),
        ("{b: {<<: {x: 1}}}", {"x": 1}),
        ("{a: &a {x: 1}, c: &c {<<: *a, y: 2}, b: {<<: *c}}", {"y": 2, "x": 1}),
        ("{b: {'<<': x}}", {"<<": "x"}),
    ],
)
def test_merge_keys(text: str, expected: dict[str, Any]):
    assert plain(read(text))["b"] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "f:3:1: 'a' stands at f:1:1 already: keep one of them"),
        ("a: &a {}\nb: {<<: *a, <<: *a}", "f:2:13: '<<' stands at f:2:5 already"),
        ("a: &a x\nb: {<<: *a}", "f:1:4: <<: a mapping, or a list of mappings, is expected"),
        ("5: x", "f:1:1: 5 is not text: write the key in quotes"),
        ("? [a]\n: b", "f:1:3: a key is text"),
        ("a: *b", r"f:1:4: \*b: there is no complete &b before it"),
        ("a: &a [*a]", r"f:1:8: \*a: there is no complete"),
        ("a: !reset b", "f:1:4: tag !reset is not supported"),
        ("a: !!set {x}", "f:1:4: tag !!set is not supported"),
        ("a: !!bool yes", "f:1:4: 'yes' does not fit its tag !!bool"),
        ("a: b\n---\nc: d", "f:2:1: a second document begins"),
        ("a: [", "f:2:1: this is not YAML: while parsing a flow node: did not find expected node content"),
        ("a:\n\tb: c", "f:2:1: this is not YAML: .*found character that cannot start any token"),
        ("a: b\x07", "f:1:1: this is not YAML: .*control characters are not allowed"),
        ('a: "\\0"', "f:1:4: a text holds a NUL character"),
        ("a: \ud800", "f:1:1: character 4 is not valid Unicode text"),
        (f"a: {'1' * 41}", "f:1:4: a number has at most 40 digits: write it in quotes"),
    ],
)
def test_what_is_refused(text: str, message: str):
    with pytest.raises(ComposeError, match=message):
        read(text)


def test_all_that_is_wrong_is_refused_together():
    with pytest.raises(ComposeError) as refused:
        read("a: 1\na: 2\n5: *x\nb: !foo c")
    assert [refusal.place.line for refusal in refused.value.refusals] == [2, 3, 3, 4]


def test_places_are_those_of_the_text_also_through_aliases():
    tree = read("a: &a\n  é: [x]\nb: {<<: *a}\nc: *a")
    assert tree is not None
    (merged,) = tree.value["b"].value.values()
    assert (merged.named, merged.place) == (Place("f", 2, 3), Place("f", 2, 6))
    assert (tree.value["c"].named, tree.value["c"].place) == (Place("f", 4, 1), Place("f", 1, 4))


BOMB = "\n".join(["a0: &a0 [x]", *(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9))])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, f"f:6:.* at most {MOST_NODES} values, with aliases written out"),
        ("a: &a [" + "x," * 9000 + "]\nb: [" + "*a," * 12 + "]", f"at most {MOST_NODES} values"),
        ("[" + "x," * (MOST_ITEMS + 1) + "]", f"at most {MOST_ITEMS} entries"),
        ("\n".join(f"k{i}: x" for i in range(MOST_ITEMS + 1)), f"at most {MOST_ITEMS} entries"),
        ("{" + ",".join(f"<<{i}: &a{i} {{k{i}: x}}" for i in range(2)) + "}\n...\n--- a", "second document"),
        ("[" * (MOST_DEPTH + 1), f"at most {MOST_DEPTH} deep"),
        ("- " * (MOST_DEPTH + 1), f"at most {MOST_DEPTH} deep"),
        ("%TAG !a! b\n" * 17, "at most 16 %TAG directives"),
        ("#" * (4 * 1024 * 1024 + 1), "at most 4194304 characters"),
    ],
)
def test_work_ends_at_the_limits(text: str, message: str):
    with pytest.raises(ComposeError, match=message):
        read(text)


def test_merged_entries_count():
    maps = ",".join("{" + ",".join(f"k{i}_{j}: x" for j in range(9)) + "}" for i in range(1200))
    with pytest.raises(ComposeError, match=f"at most {MOST_ITEMS} entries"):
        read(f"a: {{<<: [{maps}]}}")


def test_depth_counts_through_aliases():
    half = MOST_DEPTH // 2 + 2
    with pytest.raises(ComposeError, match=f"at most {MOST_DEPTH} deep"):
        read(f"a: &a {'[' * half}{']' * half}\nb: {'[' * half}*a{']' * half}")


def test_reading_stops_where_the_limit_is_passed(monkeypatch: pytest.MonkeyPatch):
    taken = 0

    def counted(*args: Any) -> Any:
        nonlocal taken
        for event in parsed(*args):
            taken += 1
            yield event

    parsed = yaml.parse
    monkeypatch.setattr(yaml, "parse", counted)
    with pytest.raises(ComposeError):
        read("[" + "[" + "x," * 9000 + "]," * 1 + ("[" + "x," * 9000 + "],") * 100 + "]")
    assert taken <= MOST_NODES + 50


_PIECES = st.sampled_from(
    [*"[]{},:-?&*!|>'\"%@`#~\t\n ", "a", "1", "- ", ": ", "&a ", "*a", "<<: ", "\r\n", "\ufeff", "é"]
)


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_any_text_is_read_or_refused(text: str):
    try:
        read(text)
    except ComposeError as error:
        assert all(refusal.place.line > 0 and refusal.message for refusal in error.refusals)


@given(st.text(max_size=30) | st.binary(max_size=30).map(lambda data: data.decode("latin-1")))
def test_any_bytes_are_read_or_refused(text: str):
    try:
        read(text)
    except ComposeError as error:
        assert error.refusals


def test_without_the_c_library_the_same_is_read(monkeypatch: pytest.MonkeyPatch):
    text = "a: &a {b: yes, c: 017}\nd: [{<<: *a}, 'x']"
    expected = read(text)
    monkeypatch.delattr(yaml, "CLoader")
    assert read(text) == expected


def test_what_no_tree_can_be_made_of_ends_the_file():
    with pytest.raises(Wrong):
        loader.read("a: [", "f", Findings())
