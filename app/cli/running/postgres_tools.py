"""PostgreSQL's own programs for copies: which there are, and how they are called."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy import URL

# Where libpq takes a password from, besides its place in the URL.
_SECRETS = ("password", "sslpassword")


def dump_command(url: URL, path: Path) -> list[str]:
    """Return the command that copies a database into a file."""
    return ["pg_dump", "--format=custom", f"--file={path}", _bare(url)]


def restore_command(url: URL, path: Path) -> list[str]:
    """Return the command that puts a copy into the place of a database, all or nothing."""
    options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
    return ["pg_restore", *options, f"--dbname={_bare(url)}", str(path)]


def list_command(path: Path) -> list[str]:
    """Return the command that reads a copy's table of contents."""
    return ["pg_restore", "--list", str(path)]


def check_installed(command: Sequence[str]) -> None:
    """End with one line that names the command where its program is not here."""
    if shutil.which(command[0]) is None:
        where = f"Install PostgreSQL's client, or run `{shlex.join(command)}` where it is."
        raise click.ClickException(f"{command[0]} isn't installed here. {where}")


def run(url: URL, command: Sequence[str]) -> str:
    """Run one of these programs and return what it printed; one line says why it failed."""
    # In its arguments all users of this machine could read the password.
    password = {"PGPASSWORD": url.password} if isinstance(url.password, str) else {}
    done = subprocess.run(
        command, env={**os.environ, **password}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise click.ClickException(f"{command[0]} failed: {reason}")
    return done.stdout


def _bare(url: URL) -> str:
    """Return the database's address without a password."""
    query = url.difference_update_query(_SECRETS).query
    return URL.create("postgresql", url.username, None, url.host, url.port, url.database, query).render_as_string()
