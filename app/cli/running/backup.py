"""The commands `backup` and `restore`: a copy of the database made while it is in use, and the way back."""

import re
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import click
from sqlalchemy import URL, make_url

from ...config.current import current_settings, host_project
from ...config.parsing import Settings
from ...model.records.milestones import BACKUP, note
from ...model.schema import NotReady, check_ready
from ...model.storage.database import Database, utc_now
from ...model.storage.disk import new_draft, put_in_place
from ...model.storage.revision import REVISION
from ...model.storage.sqlite_copy import CannotCopy, copy_database
from ..checking.listener_probe import listener_state
from ..common import PathName
from . import postgres_tools

_NAME = re.compile(r"tickets-\d{8}T\d{6}\.(db|dump)")
_VERSIONS = "alembic_version"
_COUNTED = (("ticket", "tickets"), ("message", "messages"), ("person", "people"))


class _BackupContent(NamedTuple):
    """What a copy holds: its version, and how many rows of some tables, in words."""

    version: str
    content: str

    @classmethod
    def of(cls, version: str, counts: Mapping[str, int]) -> "_BackupContent":
        """Return the content of a copy that has so many rows of each table."""
        amounts = ", ".join(f"{counts[table]} {table if counts[table] == 1 else many}" for table, many in _COUNTED)
        return cls(version, f"{amounts}, at version {version}")


@click.command("backup")
@click.argument("path", type=PathName(path_type=Path))
@click.option("--force", is_flag=True, help="Replace the file at PATH.")
@click.option("--verify", is_flag=True, help="Open the copy and count what it holds.")
@click.option(
    "--rotate", type=click.IntRange(1, 10_000), metavar="N", help="PATH is a folder. Keep the newest N there."
)
def backup_command(path: Path, force: bool, verify: bool, rotate: int | None) -> None:
    """Back up the database while it runs.

    Copies an SQLite database into one file, as it is at one moment. For PostgreSQL it runs pg_dump.
    To go back: tickets restore PATH

    \b
    Examples:
      tickets backup /var/backups/tickets.db --verify
      tickets backup --rotate 14 /var/backups/tickets
    """
    settings = current_settings()
    url = make_url(settings.database_url)
    target = _next_in(path, url) if rotate is not None else path
    if target.is_dir():
        raise click.ClickException(f"{path} is a folder. Give the name of a file in it, or use --rotate 14.")
    if url.get_backend_name() == "sqlite":
        _copy_sqlite(Path(url.database or ""), target, force=force)
    else:
        _dump_postgres(url, target, force=force)
    click.echo(f"Copied to {target} ({target.stat().st_size} bytes)")
    if verify or rotate is not None:
        click.echo(f"Verified: {_content_of(url, target).content}")
    _note_backup(settings)
    if rotate is not None:
        _remove_older(path, keep=rotate)


def _next_in(folder: Path, url: URL) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    end = "db" if url.get_backend_name() == "sqlite" else "dump"
    return folder / f"tickets-{utc_now():%Y%m%dT%H%M%S}.{end}"


def _copy_sqlite(source: Path, target: Path, *, force: bool) -> None:
    if not source.exists():
        raise click.ClickException("No database yet, so there is nothing to copy.")
    try:
        copy_database(source, target, replace=force)
    except CannotCopy as error:
        hint = " Use --force to replace it." if not force and str(error).endswith("is there already.") else ""
        raise click.ClickException(f"{error}{hint}") from None


def _dump_postgres(url: URL, target: Path, *, force: bool) -> None:
    """Let pg_dump make the copy, which appears when it is whole."""
    if target.exists() and not force:
        raise click.ClickException(f"{target} is there already. Use --force to replace it.")
    postgres_tools.check_installed(postgres_tools.dump_command(url, target))
    if not target.parent.is_dir():
        raise click.ClickException(f"There is no folder {target.parent}.")
    draft = new_draft(target)
    try:
        postgres_tools.run(url, postgres_tools.dump_command(url, draft))
        put_in_place(draft, target, replace=force)
    finally:
        draft.unlink(missing_ok=True)


def _content_of(url: URL, copy: Path) -> _BackupContent:
    """Open a copy and count what it holds; one line says that it is none."""
    if not copy.is_file():
        raise click.ClickException(f"There is no file {copy}.")
    if url.get_backend_name() != "sqlite":
        return _content_of_dump(copy)
    try:
        return _content_of_sqlite(copy)
    except sqlite3.Error as error:
        raise click.ClickException(f"{copy} is no backup of a tracker: {error}.") from None


def _content_of_dump(copy: Path) -> _BackupContent:
    tables = [_VERSIONS, *(table for table, _ in _COUNTED)]
    postgres_tools.check_installed(postgres_tools.rows_command(copy, tables))
    counts, version = Counter[str](), ""
    for table, row in postgres_tools.rows_of(copy, tables):
        counts[table] += 1
        version = row if table == _VERSIONS else version
    if not version:
        raise click.ClickException(f"{copy} is no backup of a tracker.")
    return _BackupContent.of(version, counts)


def _content_of_sqlite(copy: Path) -> _BackupContent:
    with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        verdict = str(opened.execute("PRAGMA quick_check(1)").fetchone()[0])
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        version = str(opened.execute(f"SELECT version_num FROM {_VERSIONS}").fetchone()[0])
        return _BackupContent.of(version, {table: _count(opened, table) for table, _ in _COUNTED})


def _count(copy: sqlite3.Connection, table: str) -> int:
    number: int = copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return number


def _note_backup(settings: Settings) -> None:
    """Remember when the newest backup was made; a database that waits for its upgrade can't."""
    with closing(Database(settings.database_url, settings.domain)) as database, suppress(NotReady):
        check_ready(database)
        with database.transaction() as uow:
            note(uow, BACKUP)


def _remove_older(folder: Path, *, keep: int) -> None:
    backups = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    for path in backups[:-keep]:
        path.unlink()
        click.echo(f"Removed {path}")


@click.command("restore")
@click.argument("path", type=PathName(path_type=Path))
def restore_command(path: Path) -> None:
    """Put a backup in the place of the database. Stop the server first.

    The database as it was stays beside it, with .before-restore at the end of its name. PostgreSQL keeps no such copy.

    \b
    Example:
      systemctl stop tickets
      tickets restore /var/backups/tickets.db
      systemctl start tickets
    """
    settings = current_settings()
    url = make_url(settings.database_url)
    _check_stopped(settings)
    copy = _content_of(url, path)
    if copy.version > REVISION:
        problem = f"{path} is of a newer version ({copy.version}) than this program ({REVISION})"
        raise click.ClickException(f"{problem}. Upgrade the program first.")
    if url.get_backend_name() == "sqlite":
        _restore_sqlite(path, Path(url.database or ""))
    else:
        postgres_tools.run(url, postgres_tools.restore_command(url, path))
    click.echo(f"Restored from {path}: {copy.content}")
    if copy.version and copy.version != REVISION:
        click.echo("Next: tickets init upgrades it.")


def _check_stopped(settings: Settings) -> None:
    """Refuse while a server works on the database: what it takes in meanwhile would be lost."""
    for place in settings.listen if host_project() is None else ():
        free, state = listener_state(place)
        if free is False:
            raise click.ClickException(f"Stop the server first: {state}.")


def _restore_sqlite(copy: Path, database: Path) -> None:
    """Swap the files; the one that was there keeps its log with it, as its newest rows may be in that."""
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if database.exists() and database.samefile(copy):
        raise click.ClickException(f"{copy} is the database itself. Name a backup.")
    draft = new_draft(database)
    draft.unlink()
    try:
        copy_database(copy, draft)
    except CannotCopy as error:
        raise click.ClickException(str(error)) from None
    for end in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            database.with_name(f"{database.name}{end}").replace(
                database.with_name(f"{database.name}.before-restore{end}")
            )
    draft.replace(database)
