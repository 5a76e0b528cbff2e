# SPDX-License-Identifier: Apache-2.0
"""The classes of rows are what the declarations say."""

import subprocess
import sys
from pathlib import Path

import pytest

from orca.resources import TYPES, rows, schema
from orca.store import Record

SCRIPT = Path(__file__).parents[3] / "script" / "rows.py"
STORED = sorted(schema().types)


def test_the_modules_are_up_to_date():
    checked = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", STORED)
def test_a_row_is_of_the_class_of_its_type(name):
    stored = schema()[name]
    assert stored.row is rows.BY_NAME[name]
    assert name == stored.row.TYPE
    assert schema()[stored.row] is stored
    assert issubclass(stored.row, rows.BY_NAME[stored.root])


@pytest.mark.parametrize("name", [name for name in STORED if schema()[name].own])
def test_an_own_key_is_no_field(name):
    stored = schema()[name]
    fields = {field for kind in schema().types.values() if kind.root == stored.root for field in columns(kind)}
    assert not fields & stored.own.keys()
    assert not {"fields", *dir(Record)} & stored.own.keys()
    assert all(getattr(stored.row, own).key == key for own, key in stored.own.items())


def columns(kind):
    return kind.columns | kind.json_fields | TYPES[kind.name].all_fields.keys()
