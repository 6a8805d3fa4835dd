"""Mapped objects out of the rows of prepared statements, at a fraction of what the ORM's own loading costs."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Column, Table, inspect
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state, manager_of_class

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
    return session.identity_map.get(_key(mapped, identity))


def load(session: Session, mapped: type[Mapped], row: Sequence[Any]) -> Mapped:
    """The object of a row of `columns_of`, as the session would have loaded it; the one that it has already stays."""
    return load_values(session, mapped, row_values(mapped, row))


def row_values(mapped: type[Base], row: Sequence[Any]) -> dict[str, Any]:
    """The values of a row of `columns_of`, by the names of an object's attributes."""
    return dict(zip(_names(mapped), row, strict=True))


def load_values(session: Session, mapped: type[Mapped], values: Mapping[str, Any]) -> Mapped:
    """The same, out of all the values of a row by their names."""
    key = _key(mapped, values["id"])
    row: Mapped | None = session.identity_map.get(key)
    if row is None:
        row = unattached(mapped, values)
        # As the ORM's own loading does it. `session.add` would look through all that hangs on an object.
        state = instance_state(row)
        state.key, state.session_id = key, session.hash_key
        session.identity_map.add(state)
    return row


def unattached(mapped: type[Mapped], values: Mapping[str, Any]) -> Mapped:
    """An object of no session with these values, to carry what a prepared statement has read or inserted."""
    made: Mapped = manager_of_class(mapped).new_instance()
    made.__dict__.update(values)
    return made


def set_stored(row: Base, values: Mapping[str, Any]) -> None:
    """Give an object values of columns that were just stored: there is nothing of them to flush any more."""
    state = instance_state(row)
    state.dict.update(values)
    for name in values:
        state.committed_state.pop(name, None)


def _key(mapped: type[Base], identity: int) -> Any:
    """Return what a session knows the row by."""
    return _mapper(mapped).identity_key_from_primary_key((identity,))


@cache
def _mapper(mapped: type[Base]) -> Any:
    return inspect(mapped)


@cache
def _names(mapped: type[Base]) -> Sequence[str]:
    mapper = inspect(mapped)
    return [mapper.get_property_by_column(column).key for column in columns_of(mapped)]
