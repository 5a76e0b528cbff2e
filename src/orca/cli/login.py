# SPDX-License-Identifier: Apache-2.0
"""The command ``orca login``: check a key, or exchange a password for one, and remember it."""

from __future__ import annotations

import os
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

import click

from orca.cli import target as targets
from orca.cli import trust
from orca.cli.client import VERSION, Client, pause
from orca.cli.errors import CommandError, UnreachableError
from orca.cli.target import Target

KEY_TIMEOUT = 30.0  # seconds for a new key to become active


@click.command()
@click.argument("name", default="default")
@click.option("--access-key", metavar="KEY", help="Public half of an API key.  [env: ORCA_ACCESS_KEY]")
@click.option("--username", metavar="LOGIN", help="Sign in with a password instead: a key is made and remembered.")
@click.option("--secret-stdin", is_flag=True, help="Read the secret key, or the password, from standard input.")
@click.option("--ca-fingerprint", metavar="SHA256", help="Trust the authority the server offers if this is its hash.")
@click.pass_context
def login(
    ctx: click.Context,
    name: str,
    access_key: str | None,
    username: str | None,
    secret_stdin: bool,
    ca_fingerprint: str | None,
) -> None:
    """Check that a key works and remember it under NAME, which commands use from now on.

    Name the server with the global options: `orca --url URL login`. The secret half of the key is read from
    ORCA_SECRET_KEY or asked for. A password is exchanged for an API key of the account; it is not kept.
    """
    if access_key and username:
        raise click.UsageError("--access-key and --username exclude each other")
    directory = targets.home(os.environ)
    wanted = trusting(targets.resolve(ctx.find_root().params), directory, name, ca_fingerprint)
    access = access_key or (None if username else wanted.access_key)
    if username:
        chosen = _exchanged(wanted, username, _secret("Password", secret_stdin))
    else:
        access = access or click.prompt("Access key", err=True)
        kept = os.environ.get("ORCA_SECRET_KEY") if access_key else wanted.secret_key
        secret = _secret("Secret key", True) if secret_stdin else kept or _secret("Secret key", False)
        chosen = replace(wanted, access_key=access, secret_key=secret)
    client = Client(chosen)
    try:
        client.in_project("hosts")
    finally:
        client.close()
    before = targets.remembered(directory, name)
    if before is not None and before.access_key == chosen.access_key:
        chosen = replace(chosen, made=before.made)
    targets.remember(directory, name, chosen)
    end_key(before, directory, name)
    click.echo(f"{name}: {chosen.url}, project {chosen.project}", err=True)


def trusting(target: Target, directory: Path, name: str, fingerprint: str | None) -> Target:
    """The target with its authority in a file of its own, compared first if there is a fingerprint.

    Without one, if the system does not trust the server either, a person at a terminal decides.
    """
    if target.ca and not fingerprint:
        return replace(target, ca=str(Path(target.ca).expanduser().resolve()))
    if not target.url.startswith("https:"):
        if fingerprint:
            raise click.UsageError(f"{target.url} is not HTTPS: there is no authority to compare")
        return target
    if not fingerprint and (not sys.stdin.isatty() or _trusted(target)):
        return target
    pem = trust.fetch_authority(target.url)
    if fingerprint:
        trust.check(pem, fingerprint, target.url)
    else:
        click.echo(
            f"{target.url} offers an authority with the SHA-256 fingerprint\n  {trust.fingerprint(pem)}", err=True
        )
        click.confirm("Is it the one of your server (tls/ca.crt in its data directory)?", abort=True, err=True)
    return replace(target, ca=trust.keep(directory, name, pem))


def _trusted(target: Target) -> bool:
    """True if the system's authorities vouch for the server."""
    client = Client(replace(target, access_key=None))
    try:
        client.send("GET", "ping")
    except UnreachableError as exc:
        if "certificate" in str(exc):
            return False
        raise
    finally:
        client.close()
    return True


def _exchanged(target: Target, username: str, password: str) -> Target:
    """The target with a new API key of the account instead of its password."""
    client = Client(replace(target, access_key=username, secret_key=password))
    try:
        key = client.request("POST", f"{VERSION}/apikeys", {"name": f"orca on {socket.gethostname()}"})
        secret, deadline = key["secretValue"], time.monotonic() + KEY_TIMEOUT
        while key["state"] != "active":
            if key.get("transitioning") == "error":
                raise CommandError(f"the server made no key: {key.get('transitioningMessage')}")
            pause(deadline, f"the new key is still {key['state']}")
            key = client.request("GET", key["links"]["self"])
    finally:
        client.close()
    return replace(target, access_key=key["publicValue"], secret_key=secret, made=key["id"])


def end_key(target: Target | None, directory: Path, name: str) -> None:
    """Remove the key that ``login`` made for a remembered target, unless a context still has it.

    A failure is only reported: the server may be gone for good.
    """
    if target is None or target.made is None:
        return
    contexts = targets.read_contexts(directory)["contexts"].values()
    if any(each.get("access_key") == target.access_key for each in contexts):
        return
    client = Client(target)
    try:
        client.request("DELETE", f"{VERSION}/apikeys/{target.made}")
    except CommandError as exc:
        click.echo(f"orca: key {target.made}, which `orca login` made for {name}, goes on working: {exc}", err=True)
    finally:
        client.close()


def _secret(what: str, from_stdin: bool) -> str:
    text: str = sys.stdin.readline().rstrip("\r\n") if from_stdin else click.prompt(what, hide_input=True, err=True)
    return text
