# SPDX-License-Identifier: Apache-2.0
"""Writes roles/*/README.md: what each role does and which variables it takes, from its argument specs.

python script/role_pages.py            write the pages
python script/role_pages.py --check    fail if they are not what the specs say
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
WIDTH = 120
MARKUP = re.compile(r"\b[CEMOPV]\(([^()]*)\)")
"""Ansible's markup of code, variables, modules, options, plugins and values."""

HEAD = """<!-- Written by script/role_pages.py from meta/argument_specs.yml. -->
# Role orca.platform.{name}

{description}

Runs on {platforms}. {playbooks}

## Variables

| variable | type | default | what it says |
|---|---|---|---|
"""


def plain(text: str) -> str:
    """A description in Markdown; of what belongs to a module or role, both names."""

    def code(found: re.Match[str]) -> str:
        owner, _, part = found[1].partition("#")
        option = part.partition(":")[2]
        return f"`{option}` of `{owner}`" if option else f"`{owner}`"

    return MARKUP.sub(code, text)


def sentences(description: str | list[str]) -> str:
    """All paragraphs of a description."""
    return plain(" ".join([description] if isinstance(description, str) else description))


def kind(option: dict[str, Any]) -> str:
    """The type of a variable, or the values that it may have."""
    if "choices" in option:
        return ", ".join(f"`{choice}`" for choice in option["choices"])
    return f"list of {option['elements']}" if "elements" in option else str(option["type"])


def default(option: dict[str, Any]) -> str:
    """The default as it is written in YAML; nothing where it is empty or worked out."""
    value = option.get("default")
    if value in (None, "", [], {}):
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def playbooks(name: str) -> str:
    """The playbooks of the collection that use the role."""
    using = [
        path.name
        for path in sorted((ROOT / "playbooks").glob("*.yml"))
        if f"role: orca.platform.{name}\n" in path.read_text()
    ]
    links = ", ".join(f"[{file}](../../playbooks/{file})" for file in using)
    return f"In use: {links}."


def page(role: Path) -> str:
    """The whole page of a role."""
    spec = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]
    about = yaml.safe_load((role / "meta/main.yml").read_text())["galaxy_info"]
    platforms = ", ".join(f"{each['name']} ({', '.join(each['versions'])})" for each in about["platforms"])
    paragraphs = [textwrap.fill(plain(text), WIDTH, break_on_hyphens=False) for text in spec["description"]]
    head = HEAD.format(
        name=role.name, description="\n\n".join(paragraphs), platforms=platforms, playbooks=playbooks(role.name)
    )
    lines = [
        f"| `{name}` | {kind(option)} | {default(option)} | {sentences(option['description'])} |\n"
        for name, option in spec["options"].items()
    ]
    return head + "".join(lines)


def main() -> int:
    """Write the pages, or check them."""
    pages = {role / "README.md": page(role) for role in sorted((ROOT / "roles").iterdir())}
    if "--check" in sys.argv[1:]:
        late = [
            str(path.relative_to(ROOT)) for path, text in pages.items() if not path.exists() or path.read_text() != text
        ]
        if late:
            print(f"{', '.join(late)}: out of date; run python script/role_pages.py", file=sys.stderr)
        return 1 if late else 0
    for path, text in pages.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
