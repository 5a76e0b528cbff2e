# SPDX-License-Identifier: Apache-2.0
"""Commands that pages print are commands: of `orca` with these options and arguments, of Ansible with a playbook."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import click
import command_lines
import pages
import pytest
from pages import ROOT, Command

from orca.cli.exit_codes import ExitCode
from orca.cli.root import COMMANDS, cli

ARCHITECTURE = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs" / "architecture").glob("*.md"))]
PAGES = [*pages.PAGES, "docs/v1.md", "docs/security.md", "docs/agents.md", "docs/performance.md", *ARCHITECTURE]
ELSEWHERE = {"curl", "docker", "journalctl", "systemctl"}
"""Commands of consoles that are others'; those of `sh` blocks run (test_docs.py)."""
OTHERS = {"-e": "docker run, ansible-playbook", "--ulimit": "docker run", "--cacert": "curl"}
"""Options in back-ticks that are not those of `orca`."""


def read(command: Command, *, synopsis: bool) -> None:
    try:
        command_lines.check(command_lines.plain(command.words[1:]), synopsis=synopsis)
    except click.UsageError as error:
        raise AssertionError(f"{command}: {error.format_message()}") from error


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_orca_are_its_commands(page: str) -> None:
    for command in pages.printed(page):
        if command.words[0] == "orca":
            read(command, synopsis=False)
    for command in pages.mentioned(page):
        if command.words[0] == "orca" and command.words[1:2] != ("orca",):
            read(command, synopsis=True)


@pytest.mark.parametrize("words", ["upp", "up --dry", "rm", "completion tcsh", "login a b", "server --data-dir", "-x"])
def test_a_command_that_is_none_is_found_out(words: str) -> None:
    with pytest.raises(click.UsageError):
        command_lines.check(words.split())


def table() -> list[Command]:
    """The synopses in the first column of the table of commands."""
    rows = pages.text_of("docs/cli.md").split("\n## Commands\n", 1)[1].split("\n\n")[0].splitlines()
    column = [span for row in rows for span in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    assert len(column) >= len(COMMANDS)
    return [Command("docs/cli.md", ("orca", *span.split())) for span in column]


def test_the_table_of_commands_shows_each_with_its_arguments() -> None:
    for command in table():
        read(command, synopsis=False)
    assert {command.words[1] for command in table()} == set(COMMANDS)


def options(command: click.Command, context: click.Context) -> Iterator[str]:
    for param in command.params:
        if isinstance(param, click.Option):
            yield from (*param.opts, *param.secondary_opts)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from options(below, context)


@pytest.mark.parametrize("page", pages.PAGES)
def test_options_that_are_named_exist(page: str) -> None:
    known = {*options(cli, click.Context(cli)), *OTHERS, "-it"}
    for place, span in pages.spans(page):
        if re.match(r"--?[a-z]", span):
            assert re.split(r"[ =]", span)[0] in known, f"{place}: no command has {span}"


def test_the_exit_codes_on_the_page_are_those_of_the_program() -> None:
    section = pages.text_of("docs/cli.md").split("\n## Exit codes\n", 1)[1].split("\n## ", 1)[0]
    shown = {int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| (.*) \|$", section, re.MULTILINE)}
    assert shown == {code.value: code.meaning for code in ExitCode}


@pytest.mark.parametrize("page", pages.PAGES)
def test_each_block_is_of_a_kind_that_is_looked_at(page: str) -> None:
    for block in pages.blocks(page):
        kinds = (*pages.RUN, *pages.READ, *pages.SHOWN)
        assert block.language in kinds, f"{block}: a block of {block.language or 'no language'}"
        if block.language == "json":
            json.loads(block.text)
        if block.language in pages.SHOWN:
            commands = re.findall(r"^[ $]*((?:orca|curl|docker|ansible\S*) .*)$", block.text, re.MULTILINE)
            assert commands == [], str(block)


@pytest.mark.parametrize("page", pages.PAGES)
def test_commands_in_consoles_are_known(page: str) -> None:
    for command in pages.printed(page, "console"):
        word = command.words[0]
        if word.startswith("script/"):
            assert (ROOT / word).is_file(), command
        else:
            assert word in {"orca", "ansible-playbook", *ELSEWHERE}, f"{command}: what is {word}?"


@pytest.mark.parametrize("page", PAGES)
def test_playbooks_that_are_named_exist(page: str) -> None:
    for command in [*pages.printed(page), *pages.mentioned(page)]:
        if command.words[0] == "ansible-playbook":
            for word in command.words[1:]:
                name = word.removeprefix("orca.platform.")
                assert name == word or (ROOT / "playbooks" / f"{name}.yml").is_file(), command
