"""Connections to PostgreSQL that rest in the pool: one that ended meanwhile is replaced before anybody works on it."""

from contextlib import closing

import pytest
from sqlalchemy import text

from mail_tickets.model.storage import database
from mail_tickets.model.storage.database import Database

DOMAIN = "tickets.example"


def test_a_connection_that_rested_and_ended_is_replaced_unnoticed(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_RESTED_SECONDS", 0.0)
    with closing(Database(postgres_url, DOMAIN)) as opened, closing(Database(postgres_url, DOMAIN)) as second:
        with opened.core_transaction() as connection:
            first = connection.scalar(text("SELECT pg_backend_pid()"))
        with second.core_transaction() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
        with opened.core_transaction() as connection:
            assert connection.scalar(text("SELECT pg_backend_pid()")) != first


def test_a_connection_in_steady_use_is_not_asked_whether_it_stands(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pings: list[object] = []
    with closing(Database(postgres_url, DOMAIN)) as opened:
        monkeypatch.setattr(opened.engine.dialect, "do_ping", pings.append)
        for _ in range(3):
            with opened.core_transaction() as connection:
                connection.scalar(text("SELECT 1"))
        assert pings == []
        monkeypatch.setattr(database, "_RESTED_SECONDS", 0.0)
        with opened.core_transaction() as connection:
            connection.scalar(text("SELECT 1"))
        assert len(pings) == 1
