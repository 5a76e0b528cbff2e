# SPDX-License-Identifier: Apache-2.0
"""Which database a server uses; its password is never on the command line, where every user could read it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import click
from click.core import ParameterSource

RESTORING = "restoring"
"""A file in the data directory during a restore; no server starts while a killed restore is unfinished."""


def database_url(ctx: click.Context, database: str | None, password_file: Path | None) -> str | None:
    """The URL with its password; None for SQLite in the data directory. Raises ``click.UsageError``."""
    if database is None:
        if password_file is not None:
            raise click.UsageError("--database-password-file belongs to --database")
        return None
    parts = urlsplit(database)
    if parts.password is not None and ctx.get_parameter_source("database") is ParameterSource.COMMANDLINE:
        raise click.UsageError("a password in --database is seen by all users; use --database-password-file")
    if password_file is None:
        return database
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        raise click.UsageError("--database-password-file needs a user in --database: postgresql://USER@HOST/NAME")
    password = quote(password_file.read_text().strip(), safe="")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:{password}@{host}"))
