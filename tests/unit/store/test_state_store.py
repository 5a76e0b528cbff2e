# SPDX-License-Identifier: Apache-2.0
"""docs/state-store.md says where each table of the 2015 server is kept, and is what the declarations say."""

import importlib.util
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "script" / "state_store.py"


def load():
    spec = importlib.util.spec_from_file_location("state_store", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date():
    checked = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr


def test_each_table_is_somewhere_and_once():
    script = load()
    assert len(script.TABLES) == len(set(script.TABLES)) == 75
    assert [table for table in script.TABLES if (table in script.declared()) == (table in script.ELSEWHERE)] == []
