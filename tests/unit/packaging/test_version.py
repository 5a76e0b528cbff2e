# SPDX-License-Identifier: Apache-2.0
"""Collection and Python distribution are released together."""

from importlib.metadata import version
from pathlib import Path

import yaml

import orca

ROOT = Path(__file__).resolve().parents[3]


def test_collection_and_distribution_carry_one_version():
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    assert galaxy["version"] == orca.__version__ == version("orca-platform")
