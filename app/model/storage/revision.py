"""The version of the schema that this program knows, and the refusal to work on another one."""

from sqlalchemy import column, select, table

from .prepared import Prepared
from .unit_of_work import UnitOfWork

REVISION = "0025"
"""The newest migration; kept here so that a command need not load Alembic to know that all is well."""

VERSION = table("alembic_version", column("version_num"))
"""The table in which Alembic keeps the version of a database, in one row."""


class SchemaMoved(Exception):
    """The database was upgraded under a running program, which can no longer know what its columns mean."""


def check_revision(version: str) -> None:
    """Raise SchemaMoved where somebody has upgraded the database since this program began to work on it."""
    if version != REVISION:
        raise SchemaMoved(f"The database was upgraded to {version}, and this program is of {REVISION}: restart it.")


_STANDS_AT = Prepared(select(VERSION.c.version_num))


def check_same_version(uow: UnitOfWork) -> None:
    """Ask the database for its version, and raise SchemaMoved where that is another one than the program's."""
    for (version,) in _STANDS_AT.rows(uow.connection, {}):
        check_revision(version)
