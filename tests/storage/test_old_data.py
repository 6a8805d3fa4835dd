"""Claims about upgrades with data: what was written at each version is there at the newest, and makes sense."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Column, Connection, MetaData, Table, func, select, text

from mail_tickets.cli.common import json_text
from mail_tickets.model import schema
from mail_tickets.model.records.tickets import Ticket
from mail_tickets.model.schema import alembic_config, check_ready
from mail_tickets.model.search.indexer import catch_up_some
from mail_tickets.model.setup import set_up
from mail_tickets.model.storage.database import Database
from mail_tickets.model.storage.revision import REVISION
from mail_tickets.model.tickets.ticket_json import ticket_in_full

DOMAIN = "tickets.example"
THEN = datetime(2026, 11, 21, 12, tzinfo=UTC)
# Columns that only hold certain words; in any other text column each row has words of its own.
WORDS = {
    "lifecycle_name": "correspondence",
    "status": "open",
    "new_status": "open",
    "from_status": "resolved",
    "action": "Reply",
    "state": "sent",
    "fate": "posted",
    "field": "title",
    "digest@queue": "off",
    "readers": "everyone",
    "language": "en",
    "via": "mail",
    "kind": "posted",
    "encoding": "7bit",
    "type": "text/plain",
    "automatic": None,
    "promise": None,
    "offers": None,
    "participants": None,
    "commands": None,
    "checkpoint": None,
    "merged_into": None,
    "answer": None,
    "parent_id": None,
    "offered_id": None,
    "reopens": None,
}
# The index has tables of its own, which triggers fill; one row is the domain's.
MADE_BY_UPGRADES = {"letter_subject", "queue_name", "secret"}
NOT_FILLED = ("alembic_version", "search", "our_domain", "subject_backlog")


@pytest.fixture
def database(empty_url: str) -> Iterator[Database]:
    with closing(Database(empty_url, DOMAIN)) as database:
        yield database


def value(table: Table, column: Column[Any], number: int) -> object:
    """Something that a column may hold, in the row of this number."""
    name, kind = column.name, column.type.python_type
    if name in WORDS or f"{name}@{table.name}" in WORDS:
        return WORDS.get(f"{name}@{table.name}", WORDS.get(name))
    if column.foreign_keys or name == "id":
        return number
    words = f"{table.name} {name} {number}"
    by_kind = {bool: False, int: number, datetime: THEN, bytes: words.encode(), str: words}
    is_address = kind is str and name in ("email", "key", "address", "recipient")
    return f"{name}{number}@home.example" if is_address else by_kind[kind]


def fill(connection: Connection, number: int) -> set[str]:
    """Insert a row of this number into every table as it is now; the tables' names."""
    schema = MetaData()
    schema.reflect(connection)
    tables = [table for table in schema.sorted_tables if not table.name.startswith(NOT_FILLED)]
    for table in tables:
        row = {column.name: value(table, column, number) for column in table.columns}
        connection.execute(table.insert(), row)
    return {table.name for table in tables}


def test_what_was_written_at_each_version_is_there_at_the_newest(database: Database) -> None:
    rows: dict[str, int] = {}
    for number in range(1, int(REVISION)):
        with database.transaction() as uow:
            connection = uow.session.connection()
            command.upgrade(alembic_config(connection), f"{number:04}")
            for name in fill(connection, number):
                rows[name] = rows.get(name, 0) + 1
    set_up(database, lambda _: None)
    check_ready(database)

    with database.read_only() as uow:
        connection = uow.session.connection()
        counted = {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in rows}
        assert {name for name, count in counted.items() if count < rows[name]} == set()
        assert {name for name, count in counted.items() if count > rows[name]} <= MADE_BY_UPGRADES
        if database.is_sqlite:
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        # This program reads every row of its own tables, and shows every ticket.
        for table in schema.METADATA.sorted_tables:
            assert len(connection.execute(select(table)).all()) == connection.scalar(
                select(func.count()).select_from(table)
            )
        texts = [json_text(ticket_in_full(uow, ticket)) for ticket in uow.session.scalars(select(Ticket))]
        assert [f"message text {number}" in text_ for number, text_ in enumerate(texts, 1)] == [True] * (
            int(REVISION) - 1
        )
    # The index is filled with them, too.
    while catch_up_some(database, 100):
        pass
