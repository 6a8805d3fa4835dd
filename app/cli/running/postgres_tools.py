"""PostgreSQL's own programs for copies: which there are, and how they are called."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
from sqlalchemy import URL

# Where libpq takes a password from, besides its place in the URL.
_SECRETS = ("password", "sslpassword")
_COPY = re.compile(r"COPY (?:\w+\.)?(\w+) .*FROM stdin;")


def dump_command(url: URL, path: Path) -> list[str]:
    """Return the command that copies a database into a file."""
    return ["pg_dump", "--format=custom", f"--file={path}", _bare(url)]


def restore_command(url: URL, path: Path) -> list[str]:
    """Return the command that puts a copy into the place of a database, all or nothing."""
    options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
    return ["pg_restore", *options, f"--dbname={_bare(url)}", str(path)]


def rows_command(path: Path, tables: Iterable[str]) -> list[str]:
    """Return the command that prints the rows that a copy has of some tables."""
    return ["pg_restore", "--data-only", "--file=-", *(f"--table={table}" for table in tables), str(path)]


def rows_of(path: Path, tables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield every row that a copy has of some tables, with its table's name; one line says why it can't be read."""
    command = rows_command(path, tables)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as reading:
        assert reading.stdout is not None
        assert reading.stderr is not None
        yield from _copied_rows(reading.stdout)
        errors = reading.stderr.read()
    if reading.returncode != 0:
        raise _failed(command, errors)


def _copied_rows(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the rows of PostgreSQL's COPY statements: between a line with the table's name and one with a mark."""
    table = ""
    for line in lines:
        if not table:
            begins = _COPY.match(line)
            table = begins[1] if begins else ""
        elif line == "\\.\n":
            table = ""
        else:
            yield table, line.rstrip("\n")


def check_installed(command: Sequence[str]) -> None:
    """End with one line that names the command where its program is not here."""
    if shutil.which(command[0]) is None:
        where = f"Install PostgreSQL's client, or run `{shlex.join(command)}` where it is."
        raise click.ClickException(f"{command[0]} isn't installed here. {where}")


def run(url: URL, command: Sequence[str]) -> str:
    """Run one of these programs and return what it printed; one line says why it failed."""
    # In its arguments all users of this machine could read the password.
    password = {"PGPASSWORD": url.password} if isinstance(url.password, str) else {}
    result = subprocess.run(
        command, env={**os.environ, **password}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise _failed(command, result.stderr)
    return result.stdout


def _failed(command: Sequence[str], errors: str) -> click.ClickException:
    reason = (errors.strip().splitlines() or ["it gave no reason"])[-1]
    return click.ClickException(f"{command[0]} failed: {reason}")


def _bare(url: URL) -> str:
    """Return the database's address without a password."""
    query = url.difference_update_query(_SECRETS).query
    return URL.create("postgresql", url.username, None, url.host, url.port, url.database, query).render_as_string()
