# SPDX-License-Identifier: Apache-2.0
"""``orca server --recover-keys``: go on after the keys were lost."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from orca.api.datadir.layout import DATABASE, StartError, locked
from orca.api.datadir.recovery import recover as recover_keys
from orca.cli.errors import CommandError


def recover(data_dir: Path, url: str | None) -> None:
    """Recover a stopped server and print what was done. Raises ``CommandError``."""
    os.umask(0o077)
    if not data_dir.is_dir():
        raise CommandError(f"{data_dir} is not there")
    own = f"sqlite:///{(data_dir / DATABASE).resolve()}"
    try:
        with locked(data_dir):
            done = asyncio.run(recover_keys(data_dir, url or own, own_database=url is None))
    except StartError as error:
        raise CommandError(str(error)) from error
    for line in done or ["nothing is lost"]:
        click.echo(line)
