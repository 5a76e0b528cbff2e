# SPDX-License-Identifier: Apache-2.0
"""What pages name is there: files and headings, roles, modules and their variables, settings, figures, collections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pages
import pytest
import requests
import yaml
from pages import ROOT
from server_process import Server

from orca.provision.settings import values as settings

EVERY = [str(path.relative_to(ROOT)) for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))]
each_page = pytest.mark.parametrize("page", pages.PAGES)
ROUTES = {"ping", "metrics", "token", "scripts", "openapi.json", "schemas", "subscribe", "publish"}
ROUTES |= {"hoststats", "containerstats", "logs", "exec"}
"""What is below the versions besides collections."""
OTHERS = {"pg_advisory_lock", "pg_dump", "requires_ansible"}
"""Words like variables that are not ours: a function, a program, a key of meta/runtime.yml."""
PROGRAMS = ("src", "roles", "plugins", "images", "script", "inventories", "playbooks")


def slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", EVERY)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", pages.prose_of(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent / path if path else ROOT / page
        assert found.exists(), f"{page}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", found.read_text(), re.MULTILINE)
            assert anchor in map(slug, headings), f"{page}: {target}"


@each_page
def test_files_of_the_repository_exist(page: str) -> None:
    tops = ("script", "docs", "inventories", "roles", "tests", "images", "playbooks", "plugins", "molecule")
    for place, span in pages.spans(page):
        word = span.split()[0]
        if word.startswith(tuple(f"{top}/" for top in tops)):
            assert (ROOT / word).exists(), f"{place}: {word}"


def content(kind: str) -> set[str]:
    folder, pattern = {
        "role": (ROOT / "roles", "*"),
        "module": (ROOT / "plugins" / "modules", "*.py"),
        "playbook": (ROOT / "playbooks", "*.yml"),
        "plugin": (ROOT / "plugins" / "inventory", "*.py"),
    }[kind]
    return {path.stem for path in folder.glob(pattern)}


@each_page
def test_roles_modules_and_playbooks_exist(page: str) -> None:
    prose = " ".join(pages.prose_of(page).split())
    for kind, names in re.findall(r"\b(role|module|playbook|plugin)s? ((?:`[\w.]+`(?:, (?:and )?| and )?)+)", prose):
        for name in re.findall(r"`(?:orca\.platform\.)?(\w+)`", names):
            assert name in content(kind), f"{page}: there is no {kind} {name}"
    everything = set().union(*map(content, ("role", "module", "playbook", "plugin")))
    for name in re.findall(r"\borca\.platform\.(\w+)", pages.text_of(page)):
        assert name in everything, f"{page}: orca.platform.{name}"


def variables() -> set[str]:
    """Variables and groups of the roles, playbooks and inventories, and options of the modules."""
    texts = [path.read_text() for top in ("roles", "playbooks", "inventories") for path in (ROOT / top).rglob("*.yml")]
    found = set(re.findall(r"\b[a-z]\w*_\w+\b", "\n".join(texts)))
    for name in content("module"):
        text = (ROOT / "plugins" / "modules" / f"{name}.py").read_text()
        documented = yaml.safe_load(re.split(r'DOCUMENTATION = r?"""', text)[1].split('"""')[0])
        found |= set(documented.get("options") or {})
    return found | content("module") | content("playbook") | OTHERS


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md", "docs/cli.md"])
def test_variables_exist(page: str) -> None:
    known = variables()
    for place, span in pages.spans(page):
        found = re.fullmatch(r"([a-z]+(?:_[a-z]+)+)(?:[:=] ?\S+)?", span)
        if found and not found[1].startswith(("orca_", "process_")):
            assert found[1] in known, f"{place}: {found[1]}"


def test_the_versions_of_ansible_are_those_of_the_collection() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    assert f'`requires_ansible: "{runtime["requires_ansible"]}"`' in pages.text_of("README.md")


def program() -> str:
    """All that reads variables of the environment."""
    return "\n".join(_read(path) for top in PROGRAMS for path in sorted((ROOT / top).rglob("*")))


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.is_file() and path.suffix not in {".tar", ".pyc"} else ""


def test_a_server_of_the_role_keeps_its_data_where_the_page_says() -> None:
    section = pages.text_of("docs/operations.md").split("\n## Where data lies\n", 1)[1].split("\n## ", 1)[0]
    defaults, fixed = (
        yaml.safe_load((ROOT / "roles" / "server" / folder / "main.yml").read_text()) for folder in ("defaults", "vars")
    )
    for shown in (defaults["server_data_dir"], defaults["server_prefix"], fixed["__server_user"]):
        assert f"`{shown}`" in section, shown
    (volume,) = re.findall(r"^VOLUME (\S+)$", (ROOT / "images/server/Dockerfile").read_text(), re.MULTILINE)
    assert f"`{volume}` in the container" in section


def test_variables_of_the_environment_are_read() -> None:
    text = program()
    for page in pages.PAGES:
        for name in set(re.findall(r"\bORCA_[A-Z_]+", pages.text_of(page))):
            wanted = "ORCA_SETTING_" if name.startswith("ORCA_SETTING_") else name
            assert wanted in text, f"{page}: nothing reads {name}"


@each_page
def test_settings_exist(page: str) -> None:
    prose = " ".join(pages.prose_of(page).split())
    for name in re.findall(r"settings/([a-z.]+\w)|\bsettings? `([a-z.]+)`", prose):
        assert next(filter(None, name)) in settings.PUBLIC, f"{page}: {name}"


def test_figures_are_those_of_the_server(server: Server) -> None:
    shown = set(re.findall(r"^# TYPE (orca_\w+)", requests.get(f"{server.url}/metrics", timeout=20).text, re.MULTILINE))
    named = set(re.findall(r"`(orca_\w+)`", pages.prose_of("docs/monitoring.md")))
    assert named == shown


def routes(text: str) -> Iterator[str]:
    yield from re.findall(r"/v[12](?:/projects/(?:<\w+>|\d\w+))?/([\w.]+)", text)
    yield from re.findall(r"\b(?:GET|POST|PUT|DELETE) ([a-z]\w+)", text)


@each_page
def test_collections_exist(page: str, server: Server) -> None:
    names = {
        schema["pluralName"].lower() for schema in requests.get(f"{server.url}/v2/schemas", timeout=20).json()["data"]
    }
    for place, span in pages.spans(page):
        for name in routes(span):
            assert name.lower() in names | ROUTES, f"{place}: {span}"
