# SPDX-License-Identifier: Apache-2.0
"""``orca server backup`` and ``orca server restore``: a tar file with the database and, if asked, the keys."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from orca.cli.database import RESTORING
from orca.cli.errors import CommandError
from orca.resources import schema
from orca.store import CannotOpen, migrations
from orca.store.dump import dump, load

FORMAT = 1
KEYS = ("master.key", "token.key", "admin.json", "tls")
"""The secret files of the data directory; with them and the database one can read every secret."""
NEEDED = ("master.key", "tls")


def backup_to(data_dir: Path, url: str, target: Path, *, with_keys: bool) -> None:
    """Write the archive, readable by its owner alone; an older one of that name is replaced when it is complete."""
    os.umask(0o077)
    manifest = {
        "format": FORMAT,
        "version": version("orca-platform"),
        "schema": migrations.HEAD,
        "database": sa.make_url(url).get_backend_name(),
        "created": int(time.time() * 1000),
        "keys": with_keys,
    }
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=f".{target.name}.") as folder:
        database, archive = Path(folder) / "database", Path(folder) / "archive"
        try:
            dump(url, database)
        except CannotOpen as error:
            raise CommandError(str(error)) from None
        with tarfile.open(archive, "w") as tar:
            text = json.dumps(manifest, indent=1).encode()
            entry = tarfile.TarInfo("manifest.json")
            entry.size, entry.mode, entry.mtime = len(text), 0o600, int(time.time())
            tar.addfile(entry, io.BytesIO(text))
            tar.add(database, "database")
            for name in KEYS if with_keys else ():
                if (data_dir / name).exists():
                    tar.add(data_dir / name, f"keys/{name}")
        with archive.open("rb") as file:
            os.fsync(file.fileno())
        archive.replace(target)


def restore_from(data_dir: Path, url: str, source: Path) -> dict[str, Any]:
    """Replace the server's state by the archive's content; return the manifest. The caller holds the data directory."""
    os.umask(0o077)
    try:
        with tarfile.open(source) as tar, tempfile.TemporaryDirectory(dir=data_dir, prefix=".restore.") as folder:
            tar.extractall(folder, filter="data")
            return _put(data_dir, url, Path(folder))
    except (tarfile.TarError, KeyError, ValueError, FileNotFoundError) as error:
        reason = str(error).partition("\n")[0]  # the other errors are one for each way of packing
        raise CommandError(f"{source} is not a backup of a server: {reason}") from None
    except CannotOpen as error:
        raise CommandError(str(error)) from None


def _put(data_dir: Path, url: str, folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    made_by, own = manifest["database"], sa.make_url(url).get_backend_name()
    if manifest["format"] != FORMAT or manifest["schema"] > migrations.HEAD:
        raise CommandError(f"this backup was made by version {manifest['version']}; this one is too old for it")
    if {"mysql": "mariadb"}.get(made_by, made_by) != {"mysql": "mariadb"}.get(own, own):
        raise CommandError(f"this is a backup of {made_by}, and the database to restore is {own}; see --database")
    if not manifest["keys"] and not all((data_dir / name).exists() for name in NEEDED):
        raise CommandError(f"this backup holds no keys: put {', '.join(KEYS)} of that server into {data_dir} first")
    from orca.api.datadir.bootstrap import identity

    marker = data_dir / RESTORING
    marker.touch(0o600)
    for name in KEYS:
        given = folder / "keys" / name
        if given.is_dir():
            (data_dir / name).mkdir(mode=0o700, exist_ok=True)
            for file in given.iterdir():
                file.replace(data_dir / name / file.name)
        elif given.exists():
            given.replace(data_dir / name)
    load(url, folder / "database", schema())
    identity(data_dir)
    marker.unlink()
    return manifest


@contextlib.contextmanager
def _files() -> Iterator[None]:
    """Name the file that cannot be read or written. Raises ``CommandError``."""
    try:
        yield
    except OSError as error:
        where = "" if error.filename is None else f"{error.filename}: "
        raise CommandError(f"{where}{error.strerror or error}") from error


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--with-keys", is_flag=True, help="Master key, certificate authority and admin key too: guard it well.")
@click.pass_obj
def backup(place: tuple[Path, str], file: Path, with_keys: bool) -> None:
    """Write the state of a server, which may be running, to FILE."""
    with _files():
        backup_to(*place, file, with_keys=with_keys)
    click.echo(f"written to {file}" + ("" if with_keys else f"; not in it: {', '.join(KEYS)}"), err=True)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def restore(place: tuple[Path, str], file: Path) -> None:
    """Replace the state of a stopped server by that in FILE.

    Containers made after the backup keep running; the server shows them as native.
    """
    from orca.api.datadir.layout import StartError, locked

    try:
        with _files(), locked(place[0]):
            manifest = restore_from(*place, file)
    except StartError as error:
        raise CommandError(str(error)) from error
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(manifest["created"] / 1000))
    click.echo(f"restored the state of {when}", err=True)
