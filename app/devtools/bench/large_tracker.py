"""A tracker of many years, written straight into its database by one statement a table: for plans, and for growth.

Ticket 1 has a twentieth of all messages, and every other one four; a tenth of them are open. One person has asked a
tenth of all tickets. There is a mail and a delivery for each message, and a letter that was sent for every third.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection

from ...model.storage.database import Database
from ...model.storage.prepared import run

PEOPLE = 20_000
_LONGEST_SECONDS = 3600.0
_TEXT = (
    "'The printer on floor ' || i % 40 || ' says error ' || i || '.' || {line} || 'We have tried what its page says, "
    "and it still does nothing at all when somebody presses the button. Does anybody know what else could help here?'"
)


class _Dialect(NamedTuple):
    """How a database writes what the two write differently; `i` counts from 1."""

    series: str
    when: str
    no: str
    yes: str
    octets: str
    line: str


_SQLITE = _Dialect(
    "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n)",
    "datetime('2021-01-01', '+' || i || ' minutes') || '.000000'",
    "0",
    "1",
    "CAST({text} AS BLOB)",
    "char(10)",
)
_POSTGRES = _Dialect(
    "(SELECT i FROM generate_series(1, {rows}) AS i) AS n",
    "timestamptz '2021-01-01 00:00+00' + i * interval '1 minute'",
    "false",
    "true",
    "convert_to({text}, 'UTF8')",
    "chr(10)",
)


def add_history(database: Database, messages: int) -> int:
    """Write so many messages into the first two queues of a new database; return the number of the last ticket."""
    dialect = _SQLITE if database.is_sqlite else _POSTGRES
    with database.core_transaction() as connection:
        saved = _drop_sqlite_indexes(connection) if database.is_sqlite else _drop_postgres_indexes(connection)
        last = _fill(connection, dialect, messages)
        for statement in saved:
            connection.exec_driver_sql(statement)
    if not database.is_sqlite:
        _gather_statistics(database)
    return last


def _drop_sqlite_indexes(connection: Connection) -> list[str]:
    """Drop what would be kept up row by row; return the statements that make it again, triggers last."""
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    rows = connection.exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type"
    ).all()
    for kind, name, _ in rows:
        connection.exec_driver_sql(f"DROP {kind} {name}")
    return [sql for _, _, sql in rows]


def _drop_postgres_indexes(connection: Connection) -> list[str]:
    _take_time(connection)
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    # Neither triggers nor foreign keys are looked at.
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    rows = connection.exec_driver_sql(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND starts_with(indexname, 'ix_')"
    ).all()
    for name, _ in rows:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    return [sql for _, sql in rows]


def _take_time(connection: Connection) -> None:
    """Wait for a statement over all rows longer than a server waits for its database."""
    driver: Any = connection.connection.dbapi_connection
    driver.longest_wait = _LONGEST_SECONDS


def _gather_statistics(database: Database) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _take_time(connection)
        connection.exec_driver_sql("SET statement_timeout = 0")
        for (table,) in connection.exec_driver_sql(
            # CASE: without it a plan may ask a table for the sequence of a column that it lacks.
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND CASE WHEN column_name = 'id' THEN pg_get_serial_sequence(table_name, 'id') END IS NOT NULL"
        ).all():
            newest = f'(SELECT coalesce(max(id), 1) FROM "{table}")'
            connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {newest})")
        connection.exec_driver_sql("VACUUM ANALYZE")


def _fill(connection: Connection, dialect: _Dialect, messages: int) -> int:
    when, no, yes = dialect.when, dialect.no, dialect.yes
    long = messages // 20
    last = 1 + (messages - long) // 4
    messages = long + (last - 1) * 4
    person = int(connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM person").scalar() or 0)
    email, text = "'p' || i || '@home.example'", _TEXT.format(line=dialect.line)
    message_id, title = "'<m' || i || '@home.example>'", "'Printer ' || i"

    def ticket(message: str) -> str:
        return f"CASE WHEN {message} <= {long} THEN 1 ELSE 2 + ({message} - {long + 1}) / 4 END"

    writer = f"{person} + 1 + (i * 31) % {PEOPLE}"
    mail = f"'From: p@home.example' || {dialect.line} || {dialect.line} || {text}"

    def write(table: str, rows: int, **columns: str) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        series = dialect.series.format(rows=rows)
        sql = f"INSERT INTO {table} ({names}) SELECT {', '.join(columns.values())} FROM {series}"
        run(connection, sql.replace("%", "%%") if dialect is _POSTGRES else sql)

    ids = f"{person} + i"
    write("person", PEOPLE, id=ids, name="'Person ' || i", email=email, known=yes, administrator=no, created=when)
    write("address", PEOPLE, id=ids, person_id=ids, email=email, key=email)
    write(
        "ticket",
        last,
        id="i",
        queue_id="1 + i % 2",
        title=title,
        status="CASE i % 10 WHEN 0 THEN 'open' WHEN 1 THEN 'Open' ELSE "
        "CASE i % 2 WHEN 0 THEN 'resolved' ELSE 'Solved' END END",
        requestor_id=f"CASE WHEN i % 10 = 3 THEN {person + 1} ELSE {writer} END",
        created=when,
        last_query=when,
        last_posted=when,
        last_public=when,
        posts=f"CASE WHEN i = 1 THEN {long} ELSE 4 END",
        closed=f"CASE WHEN i % 10 < 2 THEN {no} ELSE {yes} END",
        root="'<t' || i || '@home.example>'",
    )
    write("participant", last, ticket_id="i", person_id=writer, subscribed=yes)
    write("change", last, ticket_id="i", at=when, by_id=writer, field="'status'", old="'open'", new="'resolved'")
    write(
        "mail",
        messages,
        id="i",
        received=when,
        envelope_from="'p@home.example'",
        author="'p@home.example'",
        subject=title,
        identity=message_id,
        raw=dialect.octets.format(text=mail),
    )
    write(
        "delivery",
        messages,
        mail_id="i",
        recipient="'ticket@bench.example'",
        digest=dialect.octets.format(text="'digest ' || i"),
        fate="'posted'",
        reason="''",
        waiting=no,
        ticket_id=ticket("i"),
    )
    write(
        "message",
        messages,
        id="i",
        ticket_id=ticket("i"),
        number=f"CASE WHEN i <= {long} THEN i ELSE (i - {long + 1}) % 4 + 1 END",
        message_id=message_id,
        sender_id=writer,
        subject=title,
        text=text,
        full_text=text,
        new_status="'open'",
        private=no,
        verified=no,
        date=when,
        received=when,
        mail_id="i",
    )
    write(
        "attachment",
        messages // 10,
        message_id="i * 10",
        name="'page ' || i || '.png'",
        type="'image/png'",
        size="1000",
        start="0",
        stop="10",
        encoding="''",
    )
    letters = messages // 3
    write(
        "letter",
        letters,
        id="i",
        ticket_id=ticket("i * 3"),
        about_id="i * 3",
        kind="'posted'",
        person_id=writer,
        created=when,
        sender_name="'Person (General)'",
        sender="'ticket@bench.example'",
        recipient_name="'Person'",
        recipient="'p@home.example'",
        subject=title,
        message_id="'<l' || i || '@bench.example>'",
        references="'<t@home.example>'",
        text=text,
        token="'token ' || i",
        state="'sent'",
        attempts="1",
        next=when,
        sent=when,
    )
    write("letter_subject", letters, letter_id="i", person_id=writer, ticket_id=ticket("i * 3"))
    if dialect is _SQLITE:
        write("search", messages, rowid="i", title=title, text=text, people=email, files="''", topic=title)
    else:
        write("search_document", messages, message_id="i", words=f"to_tsvector('simple', {text})")
    return last
