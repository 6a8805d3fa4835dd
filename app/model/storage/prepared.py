"""Statements that every mail needs: compiled once, and run on the driver's own cursor (docs/speed.md)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.types import TypeEngine

Row = tuple[Any, ...]
_Processor = Callable[[Any], Any]


class _Compiled(NamedTuple):
    """A statement for one kind of database.

    `positions` are the names of its parameters, in order, where it counts them, `names` all of them. `values` are those
    that the statement brings. `binds` convert parameters, by their place or name, `results` columns, by their place;
    neither is asked about a null, which is None in every type that we use.
    """

    sql: str
    positions: Sequence[str] | None
    names: Sequence[str]
    values: Mapping[str, Any]
    binds: Sequence[tuple[Any, _Processor]]
    results: Sequence[tuple[int, _Processor]]


class Prepared:
    """A statement with a fixed number of parameters, which SQLAlchemy need not look at again for each mail.

    `columns` are those that an insert fills; a column that is left out gets its default in the database.
    """

    def __init__(self, statement: Executable, columns: Iterable[str] | None = None) -> None:
        self.statement = statement
        self.columns = None if columns is None else tuple(columns)
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        """Run it once, and return the rows that it gives, with the types of their columns."""
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        rows = run(connection, compiled.sql, _parameters(compiled, values))
        if not compiled.results:
            return rows
        typed = [list(row) for row in rows]
        for row in typed:
            for at, processor in compiled.results:
                if row[at] is not None:
                    row[at] = processor(row[at])
        return [tuple(row) for row in typed]

    def row(self, connection: Connection, values: Mapping[str, Any]) -> Row | None:
        """Run it once, and return its first row."""
        rows = self.rows(connection, values)
        return rows[0] if rows else None

    def run_many(self, connection: Connection, every: Sequence[Mapping[str, Any]]) -> None:
        """Run it once for each of these."""
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        run(connection, compiled.sql, [_parameters(compiled, values) for values in every], many=True)

    def _compile(self, dialect: Dialect) -> _Compiled:
        compiled = self._compiled[dialect.name] = _compile(self.statement, self.columns, dialect)
        return compiled


def run(connection: Connection, sql: str, parameters: Any = (), *, many: bool = False) -> list[Row]:
    """Run SQL on the driver's cursor. Its errors are SQLAlchemy's, and who listens for statements hears of it."""
    if connection.dispatch.before_cursor_execute:
        connection.dispatch.before_cursor_execute(connection, None, sql, parameters, None, many)
    cursor = None
    try:
        cursor = connection.connection.cursor()
        cursor.executemany(sql, parameters) if many else cursor.execute(sql, parameters)
        rows = cursor.fetchall() if cursor.description else []
        cursor.close()
    except BaseException as error:
        # SQLAlchemy's own: it knows which faults end a connection.
        connection._handle_dbapi_exception(error, sql, parameters, cursor, None)
    return list(rows)


def _compile(statement: Executable, columns: Sequence[str] | None, dialect: Dialect) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect, column_keys=columns)  # type: ignore[attr-defined] # its types lack it
    if getattr(compiled, "insert_prefetch", None) or getattr(compiled, "update_prefetch", None):
        raise TypeError(f"a prepared statement names every column that has a default: {compiled}")
    parameters = {name: bind for bind, name in compiled.bind_names.items()}
    binds = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in parameters.items()}
    types = _result_types(statement)
    results = [(at, type_.dialect_impl(dialect).result_processor(dialect, None)) for at, type_ in enumerate(types)]
    return _Compiled(
        compiled.string,
        compiled.positiontup,
        tuple(parameters),
        {name: bind.value for name, bind in parameters.items() if not bind.required},
        [(place, binds[name]) for place, name in _places(compiled.positiontup, parameters) if binds[name] is not None],
        [(at, processor) for at, processor in results if processor is not None],
    )


def _result_types(statement: Executable) -> list[TypeEngine[Any]]:
    return [column.type for column in getattr(statement, "exported_columns", ())]


def _places(positions: Sequence[str] | None, names: Iterable[str]) -> Iterable[tuple[Any, str]]:
    """Return where each parameter stands in what the driver takes: its place in a list, or its name."""
    return ((name, name) for name in names) if positions is None else enumerate(positions)


def _parameters(compiled: _Compiled, values: Mapping[str, Any]) -> Any:
    """The parameters as the driver takes them: in their order, or by name."""
    every = {**compiled.values, **values} if compiled.values else values
    parameters: Any = (
        {name: every[name] for name in compiled.names}
        if compiled.positions is None
        else [every[name] for name in compiled.positions]
    )
    for place, processor in compiled.binds:
        if parameters[place] is not None:
            parameters[place] = processor(parameters[place])
    return parameters
