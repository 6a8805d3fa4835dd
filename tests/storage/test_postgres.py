"""Claims about the PostgreSQL fixture itself: every other test on PostgreSQL rests on them."""

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from tests.support.postgres import Mode, PostgresServer, fresh_database

pytest_plugins = ["tests.support.postgres"]


def value(url: str, statement: str) -> object:
    """The first value that a committed statement gives; None for one without rows."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        result = connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


def test_a_fresh_database_answers(postgres_server: PostgresServer) -> None:
    url = fresh_database(postgres_server)
    assert make_url(url).drivername == "postgresql+psycopg"
    assert value(url, "SELECT 1") == 1


def test_a_fresh_database_knows_letters_beyond_ascii(postgres_server: PostgresServer) -> None:
    assert value(fresh_database(postgres_server), "SELECT lower('ÄRGER Ж')") == "ärger ж"


def test_two_fresh_databases_are_separate(postgres_server: PostgresServer) -> None:
    first, second = fresh_database(postgres_server), fresh_database(postgres_server)
    value(first, "CREATE TABLE ticket (id integer)")
    assert value(first, "SELECT to_regclass('ticket') IS NOT NULL") is True
    assert value(second, "SELECT to_regclass('ticket') IS NOT NULL") is False


def test_a_fresh_database_holds_what_its_template_holds(postgres_server: PostgresServer) -> None:
    template = fresh_database(postgres_server)
    value(template, "CREATE TABLE ticket AS SELECT 42 AS id")
    copy = fresh_database(postgres_server, template=make_url(template).database)
    assert value(copy, "SELECT id FROM ticket") == 42


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_what_was_committed_survives_a_restart(postgres_server: PostgresServer, mode: Mode) -> None:
    url = fresh_database(postgres_server)
    value(url, "CREATE TABLE ticket AS SELECT 42 AS id")
    postgres_server.restart(mode)
    assert value(url, "SELECT id FROM ticket") == 42


def test_a_stopped_server_takes_no_connection(postgres_server: PostgresServer) -> None:
    url = fresh_database(postgres_server)
    postgres_server.stop("immediate")
    try:
        with pytest.raises(psycopg.OperationalError):
            postgres_server.execute("SELECT 1")
    finally:
        postgres_server.start()
    assert value(url, "SELECT 1") == 1
