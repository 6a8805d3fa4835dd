"""The schema's version, and how a database is brought to it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

# Imported so that every table is known.
from .records import (
    imported_mail,
    letters,
    message_ids,
    messages,
    milestones,
    our_domains,
    people,
    person_keys,
    queues,
    received_mail,
    tickets,
    web_access,
)
from .search import index_task
from .storage.base import Base
from .storage.database import Database
from .storage.revision import REVISION
from .storage.sqlite_copy import copy_database
from .storage.unit_of_work import UnitOfWork
from .tickets import undo

if TYPE_CHECKING:
    from alembic.config import Config

METADATA = Base.metadata
TABLES = (
    imported_mail,
    index_task,
    letters,
    received_mail,
    messages,
    people,
    person_keys,
    message_ids,
    milestones,
    our_domains,
    queues,
    tickets,
    undo,
    web_access,
)


class NotReady(Exception):
    """The database has not been made, or is of another version than this program; the text says what to do."""


class OtherDomain(NotReady):
    """The settings name another domain than the one that the database belongs to."""


def version(connection: Connection) -> str | None:
    """The migration that a database stands at; None for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def check_version(database: Database) -> None:
    """Raise NotReady unless the database is at this program's version, whatever domain it belongs to."""
    path = database.url.database
    if database.is_sqlite and path and not Path(path).exists():
        raise NotReady("No database yet. Run: tickets init")
    with database.read_only() as uow:
        _check_version(uow)


def _check_version(uow: UnitOfWork) -> None:
    stored = version(uow.session.connection())
    if stored != REVISION:
        raise NotReady(_advice(stored))


def check_ready(database: Database) -> None:
    """Raise NotReady unless the database is at this program's version, and belongs to the domain in use."""
    check_version(database)
    with database.read_only() as uow:
        _check_domain(uow)


def _check_domain(uow: UnitOfWork) -> None:
    """Refuse to work under another domain: the public would get letters from addresses that lead nowhere."""
    kept = our_domains.kept_domain(uow)
    if kept is not None and kept != uow.domain:
        advice = f"Set the domain to {kept}, or move the database with: tickets config --adopt-domain"
        raise OtherDomain(f"This database belongs to the domain {kept}, but the settings say {uow.domain}. {advice}")


def _advice(stored: str | None) -> str:
    if stored is None:
        return "The database is empty. Run: tickets init"
    if stored > REVISION:
        return f"The database is newer ({stored}) than this program ({REVISION}). Upgrade the program."
    return f"The database is at version {stored}, this program at {REVISION}. To upgrade it, run: tickets init"


def upgrade(
    database: Database,
    fill: Callable[[UnitOfWork], None] = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> bool:
    """Bring a database to this program's version, all or nothing; True if it was new, and then `fill` fills it.

    What an upgrade has to do for each of very many rows comes after it, in batches.

    A SQLite database of an older version is copied first; `tell` gets a line that says where to. NotReady if it is of a
    newer version, CannotCopy if there is no place for the copy: then nothing was done.
    """
    if database.is_sqlite and database.url.database:
        _make_private(Path(database.url.database))
    with database.transaction() as uow:
        _take_turn(uow.session.connection())
        stored = version(uow.session.connection())
        if stored is not None and stored > REVISION:
            raise NotReady(_advice(stored))
        if stored is not None and stored != REVISION:
            _keep_a_copy(database, stored, tell)
        if stored != REVISION:
            _migrate(uow)
        _check_domain(uow)
        if our_domains.kept_domain(uow) is None:
            our_domains.adopt_domain(uow)
        if stored is None:
            fill(uow)
    # Loaded here: few commands upgrade.
    from .letters.old_letters import name_old_letters

    # In transactions of its own: an upgrade that ends here goes on with the next one, or when something is erased.
    name_old_letters(database, tell)
    return stored is None


def _keep_a_copy(database: Database, stored: str, tell: Callable[[str], None]) -> None:
    """Copy a SQLite database as it stands before a migration, for whoever must go back to the older program.

    No more than one for each version: the newest, as an upgrade that failed may come again weeks later. The turn to
    write is ours, so nothing can be written that the copy lacks. PostgreSQL's administrators have their own backups.
    """
    if not database.is_sqlite or database.url.database is None:
        return
    path = Path(database.url.database)
    copy = path.with_name(f"{path.name}.before-{stored}")
    copy_database(path, copy, replace=True)
    tell(f"The database is upgraded from version {stored} to {REVISION}; as it was, it is kept at {copy}")


def _make_private(path: Path) -> None:
    """Make the database's file, and its directory, for this account alone: it will hold other people's mail."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600, exist_ok=True)


def _take_turn(connection: Connection) -> None:
    """Two programs that start at once take turns; the second finds the work done. On SQLite there is one writer."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('tickets migration'))"))


def _migrate(uow: UnitOfWork) -> None:
    from alembic import command

    command.upgrade(alembic_config(uow.session.connection()), "head")


def alembic_config(connection: Connection | None = None) -> "Config":
    """Alembic's configuration, without a file: the scripts beside this one, on the connection given."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "metadata": METADATA})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
