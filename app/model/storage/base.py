"""What every mapped class shares: names of constraints, and moments in UTC."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, MetaData, Table, TypeDecorator
from sqlalchemy.orm import DeclarativeBase

MAX_ID = 2**31 - 1
"""The largest number that a ticket or any other row can have."""


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, on databases that keep time zones and on SQLite, which does not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive moment: nobody could say later when it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment without a time zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back UTC, which SQLite has dropped."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


CREDENTIAL = {"credential": True}
"""The `info` of a table whose rows are credentials or sessions: they end with their person, and are never moved."""


def is_credential(table: Table) -> bool:
    """Return whether the rows of a table are credentials or sessions."""
    return bool(table.info.get("credential"))


class Base(DeclarativeBase):
    """The base of all mapped classes; constraints have names, so that migrations can alter them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Moment()}  # noqa: RUF012 - SQLAlchemy reads a plain dict
