"""The command `backup`: a copy of the database, made while it is in use."""

import shlex
from pathlib import Path

import click
from sqlalchemy import URL, make_url

from ...config.current import current_settings
from ...model.storage.sqlite_copy import CannotCopy, copy_database
from ..common import PathName

# Where libpq takes a password from, besides its place in the URL.
_SECRETS = ("password", "sslpassword")


@click.command("backup")
@click.argument("path", type=PathName(path_type=Path))
@click.option("--force", is_flag=True, help="Replace the file at PATH.")
def backup_command(path: Path, force: bool) -> None:
    """Back up the database while it runs.

    Copies an SQLite database into one file, as it is at one moment. For PostgreSQL it prints the command to use.
    docs/operate.md says how to restore it.

    \b
    Example:
      tickets backup /var/backups/tickets.db
    """
    url = make_url(current_settings().database_url)
    if url.get_backend_name() != "sqlite":
        raise click.ClickException(f"No copy was made. PostgreSQL has its own command: {_dump(url, path)}")
    source = Path(url.database or "")
    if not source.exists():
        raise click.ClickException("No database yet, so there is nothing to copy.")
    if path.is_dir():
        raise click.ClickException(f"{path} is a folder. Give the name of a file in it.")
    try:
        copy_database(source, path, replace=force)
    except CannotCopy as error:
        hint = " Use --force to replace it." if not force and str(error).endswith("is there already.") else ""
        raise click.ClickException(f"{error}{hint}") from None
    click.echo(f"Copied to {path} ({path.stat().st_size} bytes)")


def _dump(url: URL, path: Path) -> str:
    """PostgreSQL's command. It asks for the password, or finds it in ~/.pgpass; in its arguments all users see it."""
    query = url.difference_update_query(_SECRETS).query
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    return shlex.join(["pg_dump", "--format=custom", f"--file={path}", bare.render_as_string()])
