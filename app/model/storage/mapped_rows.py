"""Mapped objects out of the rows of prepared statements, at a fraction of what the ORM's own loading costs."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Column, Table, inspect
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import manager_of_class
from sqlalchemy.orm.util import identity_key

from .base import Base

Mapped = TypeVar("Mapped", bound=Base)


def columns_of(mapped: type[Base]) -> list[Column[Any]]:
    """The columns of a mapped class, in the order in which `load` takes their values."""
    table = mapped.__table__
    assert isinstance(table, Table)
    return list(table.columns)


def filled_columns(mapped: type[Base]) -> tuple[str, ...]:
    """The names of the columns that an insert fills: all but the id."""
    return tuple(column.name for column in columns_of(mapped) if column.name != "id")


def loaded(session: Session, mapped: type[Mapped], identity: int) -> Mapped | None:
    """The object of a row that this session has, or None."""
    return session.identity_map.get(identity_key(mapped, identity))


def load(session: Session, mapped: type[Mapped], row: Sequence[Any]) -> Mapped:
    """The object of a row of `columns_of`, as the session would have loaded it; the one that it has already stays."""
    return load_values(session, mapped, dict(zip(_names(mapped), row, strict=True)))


def load_values(session: Session, mapped: type[Mapped], values: Mapping[str, Any]) -> Mapped:
    """The same, out of all the values of a row by their names."""
    row: Mapped | None = session.identity_map.get(identity_key(mapped, values["id"]))
    if row is None:
        row = unattached(mapped, values)
        make_transient_to_detached(row)
        session.add(row)
    return row


def unattached(mapped: type[Mapped], values: Mapping[str, Any]) -> Mapped:
    """An object of no session with these values, to carry what a prepared statement has just inserted."""
    made: Mapped = manager_of_class(mapped).new_instance()
    made.__dict__.update(values)
    return made


@cache
def _names(mapped: type[Base]) -> Sequence[str]:
    mapper = inspect(mapped)
    return [mapper.get_property_by_column(column).key for column in columns_of(mapped)]
