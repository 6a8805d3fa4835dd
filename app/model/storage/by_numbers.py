"""Rows by some numbers of theirs, read by prepared statements, which have a fixed number of parameters."""

from collections.abc import Collection, Iterator

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam
from sqlalchemy.orm import InstrumentedAttribute

from .prepared import Prepared, Row

_AT_ONCE = 64
_NAMES = [f"number{at}" for at in range(_AT_ONCE)]
_PARAMETERS: list[BindParameter[int]] = [bindparam(name) for name in _NAMES]


def is_one_of_numbers(column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Return the condition that `rows_of_numbers` fills in."""
    return column.in_(_PARAMETERS)


def rows_of_numbers(
    connection: Connection, statement: Prepared, numbers: Collection[int], **values: object
) -> Iterator[Row]:
    """Yield the rows that a statement has for these numbers, so many at once; null stands for those that lack."""
    every = [*numbers]
    for at in range(0, len(every), _AT_ONCE):
        given = dict(zip(_NAMES, every[at : at + _AT_ONCE], strict=False))
        yield from statement.rows(connection, dict.fromkeys(_NAMES) | given | values)
