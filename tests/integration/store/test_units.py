# SPDX-License-Identifier: Apache-2.0
"""What the store promises holds on every kind of database: the unit tests of SQLite, run on each."""

import importlib.util
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "unit" / "store"


def load(name):
    """The tests of a module of unit tests, by name."""
    spec = importlib.util.spec_from_file_location(f"orca_store_{name}", UNIT / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if name.startswith("test_")}


pytest.register_assert_rewrite("orca_store_test_units", "orca_store_test_bus")
globals().update(load("test_units"))
globals().update(load("test_bus"))
