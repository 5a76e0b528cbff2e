# SPDX-License-Identifier: Apache-2.0
"""Writes src/orca/resources/rows: the resource types as classes, so that mypy knows the fields of a row.

python script/rows.py            write the modules
python script/rows.py --check    fail if they are not what the declarations say
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from orca.resources import TYPES, ResourceType
from orca.resources.catalog import CONCEPTS
from orca.resources.fields import Field
from orca.resources.instance import PROCESSES
from orca.resources.types import base_fields
from orca.store import Record

FOLDER = Path(__file__).parent.parent / "src" / "orca" / "resources" / "rows"

FAMILIES = {
    "people": "account credential identity",
    "hosts": "host driver cluster label",
    "networks": "network addressing network_service",
    "containers": "instance storage",
    "services": "stack service_types upgrade health",
    "balancers": "load_balancer certificate",
    "operations": "event handler operation task stream",
}
"""The modules, and the files of declarations that each is made from."""

ONE_KIND = {"instance": "container"}
"""Roots of which every row is of one kind: what is read as the root has the fields of the kind."""

MADE = "Written by script/rows.py from the declarations in src/orca/resources."
LICENSE = "# SPDX-License-Identifier: Apache-2.0\n"
PYTHON = {
    "int": "int",
    "date": "int",
    "boolean": "bool",
    "string": "str",
    "enum": "str",
    "password": "str",
    "json": "Any",
}
"""What a value of a declared type is in Python; objects of other types are dicts. Dates are UTC milliseconds."""


def python(type: str) -> str:
    """The Python type of a value of a declared type."""
    form = re.fullmatch(r"(array|map|reference)\[(.+)\]", type)
    if form is None:
        return PYTHON.get(type, "dict[str, Any]")
    outer, inner = form.groups()
    if outer == "reference":
        return "int"
    return f"list[{python(inner)}]" if outer == "array" else f"dict[str, {python(inner)}]"


def annotation(field: Field) -> str:
    """The Python type of a field: None where it was never set, unless every row has it."""
    type = python(field.type)
    return type if field.always or type == "Any" else f"{type} | None"


def class_name(type: str) -> str:
    """``serviceConsumeMap`` is the class ``ServiceConsumeMap``."""
    return type[0].upper() + type[1:]


def stored(family: str | None = None) -> list[ResourceType]:
    """The types that have rows, of one module or of all."""
    names = None if family is None else FAMILIES[family].split()
    chosen = [concept for concept in CONCEPTS if names is None or concept.__name__.rpartition(".")[2] in names]
    return [type for concept in chosen for type in concept.TYPES if type.table]


def is_below(kind: ResourceType, type: ResourceType) -> bool:
    """True if ``kind`` is a kind of ``type``, near or far."""
    return kind.parent is not None and (kind.parent == type.name or is_below(TYPES[kind.parent], type))


def readable(type: ResourceType) -> dict[str, Field]:
    """What can be read of any row of a type: its own fields, those of the types above, and its table's columns."""
    if type.parent is not None:
        above = readable(TYPES[type.parent])
        return above | {
            name: field
            for name, field in type.all_fields.items()
            # What any row of the type above may lack, those of this kind may always have; nothing else can differ.
            if name not in above or (field.always and python(field.type) == python(above[name].type))
        }
    fields = dict(type.all_fields)
    for kind in (kind for kind in stored() if is_below(kind, type)):
        whole = ONE_KIND.get(type.name) == kind.name
        for name, field in kind.fields.items():
            if name not in fields and (whole or field.column):
                fields[name] = replace(field, always=whole and field.always)
    return fields


def annotations(fields: Mapping[str, Field]) -> list[str]:
    """The lines of a class for fields; what each record has is known."""
    known = {*dir(Record), *Record.__annotations__}
    return [f"    {name}: {annotation(field)}" for name, field in fields.items() if name not in known]


def class_above(type: ResourceType) -> str:
    """The name of the class that a type's class is made from."""
    if type.parent is not None:
        return class_name(type.parent)
    if not type.base:
        return "Record"
    return "Resource" if type.processes else "Row"


def inherited(type: ResourceType) -> dict[str, Field]:
    """The fields of the class above."""
    if type.parent is not None:
        return readable(TYPES[type.parent])
    return base_fields(type) if type.base else {}


def _is_same(field: Field, above: Field | None) -> bool:
    """True if the class above says the same of a field."""
    return above is not None and annotation(field) == annotation(above)


def row_class(type: ResourceType) -> str:
    """The class of a type."""
    above = inherited(type)
    lines = [
        f"class {class_name(type.name)}({class_above(type)}):",
        "    __slots__ = ()",
        f'    TYPE = "{type.name}"',
        *annotations({name: field for name, field in readable(type).items() if not _is_same(field, above.get(name))}),
        *(f'    {name} = Own[{python(key.type)}]("{key.key or name}")' for name, key in type.own.items()),
    ]
    return "\n".join(lines) + "\n"


def imports(family: str, body: str) -> str:
    """The import lines of a module."""
    words = set(re.findall(r"\w+", body))
    lines = ["from __future__ import annotations\n"]
    if "Any" in words:
        lines.append("from typing import Any\n")
    near = {class_name(type.name) for type in stored(family)}
    above = {class_above(type) for type in stored(family)} - near
    homes = {"base": {"Resource", "Row"}} | {
        other: {class_name(type.name) for type in stored(other)} for other in sorted(FAMILIES)
    }
    lines += [
        f"from orca.resources.rows.{home} import {', '.join(sorted(above & names))}"
        for home, names in homes.items()
        if above & names
    ]
    lines += [f"from orca.store import {', '.join(used)}" for used in [sorted({"Own", "Record"} & words)] if used]
    return "\n".join(lines) + "\n\n\n"


def module_text(family: str) -> str:
    """One module of classes."""
    body = "\n\n".join(row_class(type) for type in stored(family))
    return f'{LICENSE}"""Rows of {family}. {MADE}"""\n\n' + imports(family, body) + body


def base_text() -> str:
    """The module of the classes above the others."""
    bare = base_fields(ResourceType(name="", plural=""))
    live = base_fields(ResourceType(name="", plural="", processes=PROCESSES))
    lines = [
        f'{LICENSE}"""What rows of most types have. {MADE}"""\n',
        "from __future__ import annotations\n",
        "from orca.store import Record\n\n",
        "class Row(Record):",
        '    """A row with the base fields."""\n',
        "    __slots__ = ()",
        *annotations(bare),
        "\n\nclass Resource(Row):",
        '    """A row with states and processes."""\n',
        "    __slots__ = ()",
        *annotations({name: field for name, field in live.items() if name not in bare}),
    ]
    return "\n".join(lines) + "\n"


def package_text() -> str:
    """The package: each class by its name."""
    homes = {"base": ["Resource", "Row"]} | {
        family: sorted(class_name(type.name) for type in stored(family)) for family in sorted(FAMILIES)
    }
    lines = [
        f'{LICENSE}"""The resource types as classes, so that mypy knows the fields of a row.\n',
        "``tx.find(rows.Instance, hostId=3)`` gives rows of that class.",
        f'{MADE}\n"""\n',
        "from collections.abc import Mapping\n",
        *(f"from orca.resources.rows.{home} import {listed(names)}" for home, names in sorted(homes.items())),
        "from orca.store import Record\n",
        "__all__ = [",
        *(f'    "{name}",' for name in ("BY_NAME", *sorted(name for names in homes.values() for name in names))),
        "]\n",
        "BY_NAME: Mapping[str, type[Record]] = {",
        *(f'    "{type.name}": {class_name(type.name)},' for type in stored()),
        "}",
    ]
    return "\n".join(lines) + "\n"


def listed(names: Iterable[str]) -> str:
    """Names to import, as the formatter wants them: one a line where there are many."""
    names = list(names)
    return ", ".join(names) if len(names) < 3 else "(\n" + "".join(f"    {name},\n" for name in names) + ")"


def texts() -> dict[str, str]:
    """Each file of the package."""
    modules = {f"{family}.py": module_text(family) for family in FAMILIES}
    return {"__init__.py": package_text(), "base.py": base_text(), **modules}


def main() -> int:
    """Write the modules, or check them."""
    wanted = texts()
    present = {path.name: path.read_text() for path in FOLDER.glob("*.py")}
    stale = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
    if "--check" in sys.argv[1:]:
        if stale:
            print(f"{', '.join(stale)} out of date: run python script/rows.py", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name])
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
