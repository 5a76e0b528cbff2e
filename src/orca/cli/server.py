# SPDX-License-Identifier: Apache-2.0
"""The command ``orca server``: its options become the settings of the one server process."""

from __future__ import annotations

import gc
import logging
from pathlib import Path

import click

from orca.cli.database import RESTORING, database_url
from orca.cli.errors import CommandError


class ServerGroup(click.Group):
    """Runs the server itself; the commands below it are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["backup", "restore", "superadmin-key"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from orca.cli import backup, superadmin

        commands = (backup.backup, backup.restore, superadmin.superadmin_key)
        return {command.name: command for command in commands}.get(cmd_name)


@click.group(cls=ServerGroup, invoke_without_command=True)
@click.option(
    "--data-dir",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="State store, certificate authority, master key and first admin key; made at the first start.",
)
@click.option(
    "--database",
    metavar="URL",
    envvar="ORCA_DATABASE",
    show_envvar=True,
    help="postgresql://USER@HOST/NAME or mariadb://USER@HOST/NAME; by default SQLite in the data folder.",
)
@click.option(
    "--database-password-file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The database's password; or put it into ORCA_DATABASE.",
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    multiple=True,
    default=["127.0.0.1:8080"],
    show_default=True,
    help="Where to listen; may repeat. Loopback speaks HTTP, any other address HTTPS.",
)
@click.option("--advertise-url", metavar="URL", help="Address that agents and people dial; it is in the certificate.")
@click.option(
    "--access-control",
    type=click.Choice(["on", "off"]),
    default="on",
    show_default=True,
    help="`off` only on loopback addresses, and only for a data folder made so.",
)
@click.option("--tls-cert", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM.")
@click.option("--tls-key", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM.")
@click.option("--tls", type=click.Choice(["on", "off"]), default="on", help="`off` only behind a trusted proxy.")
@click.option(
    "--trusted-proxies",
    metavar="ADDRESS",
    multiple=True,
    show_default=True,
    help="A network whose X-Forwarded-* headers count, besides loopback; may repeat.",
)
@click.option(
    "--recover-keys",
    is_flag=True,
    help="Go on without lost keys: make others, mark what was sealed with the old ones as lost, list it, and end.",
)
@click.option("--sim", is_flag=True, help="Every project may have simulated agents (POST agents {uri: sim://NAME}).")
@click.pass_context
def server(
    ctx: click.Context,
    data_dir: Path,
    database: str | None,
    database_password_file: Path | None,
    listen: tuple[str, ...],
    advertise_url: str | None,
    access_control: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls: str,
    trusted_proxies: tuple[str, ...],
    recover_keys: bool,
    sim: bool,
) -> None:
    """Run the server until SIGTERM or SIGINT, or run one of the commands below beside it.

    The first start writes the admin key to admin.json in the data folder, readable by its owner alone.
    """
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together")
    url = database_url(ctx, database, database_password_file)
    if ctx.invoked_subcommand is not None:
        ctx.obj = (data_dir, url or f"sqlite:///{(data_dir / 'orca.db').resolve()}")
        return
    if (data_dir / RESTORING).exists():
        raise CommandError(f"a restore of {data_dir} was cut off; do it again")
    if recover_keys:
        from orca.cli.recovery import recover

        recover(data_dir, url)
        return
    # Imported objects stay, so collecting garbage meanwhile would waste a sixth of the start. `serve` turns it on
    # again.
    gc.disable()
    # Imported here, so that wrong usage is reported before half a second of imports.
    from orca.api.datadir.layout import StartError
    from orca.api.server import Settings, serve

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # Its INFO is a line for each request.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    settings = Settings(
        data_dir=data_dir,
        database=url,
        listen=listen,
        advertise_url=advertise_url,
        access_control=access_control == "on",
        tls=tls == "on",
        tls_cert=tls_cert,
        tls_key=tls_key,
        trusted_proxies=frozenset(trusted_proxies),
        sim=sim,
    )
    try:
        status = serve(settings)
    except StartError as exc:
        raise CommandError(str(exc)) from exc
    ctx.exit(status)
