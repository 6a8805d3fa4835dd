"""Claims about plans: on 100,000 messages nothing of everyday work reads a large table from end to end."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from mail_tickets.devtools.bench.large_tracker import add_history
from mail_tickets.model.desk.lists import list_page, my_work, search_page
from mail_tickets.model.erasure.erase_person import erase, forget_person
from mail_tickets.model.erasure.erase_ticket import forget_ticket
from mail_tickets.model.records.people import get_person
from mail_tickets.model.storage.database import Database
from tests.support.world import World

pytestmark = pytest.mark.slow
MESSAGES = 100_000
# Each has 20,000 rows at least; queues, teams and what waits are few.
LARGE = "person|address|ticket|participant|change|mail|delivery|message|attachment|letter|letter_subject"
# The index of open tickets has only those, and a list stops after its portion.
_SQLITE_SCAN = re.compile(rf"^SCAN ({LARGE})\b(?! USING (?:COVERING )?INDEX ix_ticket_open\b)")
_POSTGRES_SCAN = re.compile(rf"Seq Scan on ({LARGE})\b")
# SQLite plans to look for rows that named a person or a ticket before there was one, and has none to look for.
# PostgreSQL expects some hundred matches of any word in a search, and then joins them with all tickets at once.
_KNOWN = ("INSERT INTO person", "INSERT INTO ticket ", "SELECT message.id, message.ticket_id, -ts_rank(")
# Erasing a person looks through all texts and all names of writers.
_SEARCHED = {"person", "ticket", "change", "mail", "delivery", "message", "participant"}


@pytest.fixture
def large(any_database_url: str) -> Iterator[World]:
    with closing(World(any_database_url)) as world:
        add_history(world.database, MESSAGES)
        world.known("root@example.org", "Root", admin=True)
        yield world


@contextmanager
def statements_of(database: Database) -> Iterator[dict[str, Any]]:
    """Every statement that the database is asked, with the parameters of the first time."""
    statements: dict[str, Any] = {}

    def hear(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool) -> None:
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", statement):
            statements.setdefault(statement, parameters[0] if many else parameters)

    event.listen(database.engine, "before_cursor_execute", hear)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", hear)


def scanned(database: Database, statements: dict[str, Any]) -> list[tuple[str, set[str]]]:
    """The statements that read large tables whole, and which."""
    scans: list[tuple[str, set[str]]] = []
    with database.read_only() as uow:
        cursor = uow.connection.connection.cursor()
        for statement, parameters in statements.items():
            cursor.execute(f"{'EXPLAIN QUERY PLAN' if database.is_sqlite else 'EXPLAIN'} {statement}", parameters)
            scan, column = (_SQLITE_SCAN, 3) if database.is_sqlite else (_POSTGRES_SCAN, 0)
            tables = {table[1] for row in cursor.fetchall() if (table := scan.search(row[column]))}
            if tables:
                scans.append((" ".join(statement.split()), tables))
    return scans


@contextmanager
def explained(database: Database) -> Iterator[dict[str, str]]:
    """The plan of every query, made just before it ran and so under the same settings."""
    plans: dict[str, str] = {}

    def explain(
        connection: Any, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool
    ) -> None:
        if statement.startswith("SELECT"):
            rows = connection.connection.cursor().execute(f"EXPLAIN {statement}", parameters).fetchall()
            plans.setdefault(" ".join(statement.split()), "\n".join(row[0] for row in rows))

    event.listen(database.engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(database.engine, "before_cursor_execute", explain)


def mails(world: World) -> None:
    """One of each kind of mail, and the letters of all."""
    ron, rita = world.responder("ron@example.org", "Ron"), world.responder("rita@example.org", "Rita")
    ann = world.actor("ann@example.org", "Ann")
    ann.writes("hello", "Help me, please.")
    ron.replies(ron.letter(), "Try this.")
    ann.replies(ann.letter(), "That does not help.")
    rita.replies(rita.letter(), "Subject: Something else\n\nAnd now?")
    ron.replies(ron.letter(), "undo")
    ron.replies(ron.letter(), "list")
    ron.writes("hello-search", "94711")
    ann.replies(ann.letter(), "show")


def lists(world: World) -> None:
    """What the web pages ask."""
    for email in ("root@example.org", "ron@example.org", "ann@example.org", "p1@home.example"):
        with world.database.read_only() as uow:
            person = get_person(uow, email)
            my_work(uow, person)
            for fields in ({}, {"order": "newest"}, {"status": "Open"}, {"owner": "me"}, {"closed": "1"}):
                list_page(uow, person, fields)
            list_page(uow, person, {"requestor": "me", "closed": "1"})
            search_page(uow, person, "94711", {})


def forgets(world: World) -> None:
    erase(world.database, lambda uow: forget_ticket(uow, 7))
    erase(world.database, lambda uow: forget_person(uow, "p77@home.example"))


def test_no_everyday_work_reads_a_large_table_whole(large: World) -> None:
    for work in (mails, lists):
        with statements_of(large.database) as statements:
            work(large)
        assert len(statements) > 10
        assert [scan for scan in scanned(large.database, statements) if not scan[0].startswith(_KNOWN)] == []
    with statements_of(large.database) as statements:
        forgets(large)
    scans = scanned(large.database, statements)
    assert scans
    assert set().union(*(tables for _, tables in scans)) <= _SEARCHED


def test_a_list_sorts_nothing_without_statistics(postgres_url: str) -> None:
    """As just after an import or a restore: PostgreSQL then takes what has ended for a few tickets."""
    with closing(World(postgres_url)) as world:
        add_history(world.database, MESSAGES // 2)
        world.known("root@example.org", "Root", admin=True)
        world.responder("ron@example.org", "Ron")
        world.known("ann@example.org", "Ann")
        with world.database.core_transaction() as connection:
            connection.exec_driver_sql("DELETE FROM pg_statistic")
        with explained(world.database) as plans:
            lists(world)
    of_lists = {
        statement: plan for statement, plan in plans.items() if "SELECT ticket.last_public, ticket.id" in statement
    }
    assert len(of_lists) > 10
    sorted_ones = [(statement, plan) for statement, plan in of_lists.items() if "Sort" in plan]
    # Those that somebody takes part in are looked up one by one, and of their own ones few are open.
    few = ("ticket.id IN (SELECT participant", "_id = %(person)s::INTEGER AND NOT ticket.closed")
    assert [scan for scan in sorted_ones if not any(words in scan[0] for words in few)] == []


def test_no_query_is_compiled_before_it_runs(postgres_url: str) -> None:
    """Compiling it takes PostgreSQL longer than any query of ours, whose costs it takes for much too high."""
    with closing(World(postgres_url)) as world, world.database.read_only() as uow:
        costly = "EXPLAIN SELECT count(*) FROM generate_series(1, 10000) AS a, generate_series(1, 10000)"
        plan = "\n".join(uow.connection.exec_driver_sql(costly).scalars())
    assert "Aggregate" in plan
    assert "JIT" not in plan
