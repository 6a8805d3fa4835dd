"""Claims about `backup --rotate`, `restore`, and a server under which the database was upgraded."""

import json
import smtplib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from mail_tickets.model.program import program_name
from mail_tickets.model.storage.database import Database
from mail_tickets.model.storage.revision import REVISION
from tests.support.postgres import PostgresServer, fresh_database
from tests.support.program import DOMAIN, Program
from tests.support.sinks import Sink


@pytest.fixture
def program(tmp_path: Path) -> Program:
    program = Program(tmp_path)
    program.has_a_database()
    return program


def opened(program: Program, subject: str) -> None:
    program.does("open", "--queue", "General", "--from", "ann@example.org", "--subject", subject, "--text", "T")


def test_a_rotated_backup_is_verified_and_the_newest_stay(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    names = [f"tickets-2026010{day}T000000.db" for day in (1, 2, 3)]
    for name in [*names, "mine.db"]:
        (folder / name).write_bytes(b"")
    opened(program, "One")
    assert "Verified: 1 ticket, 1 message, 1 person" in program.does("backup", "--rotate", "2", str(folder))
    left = sorted(path.name for path in folder.iterdir())
    assert left[:2] == ["mine.db", names[2]]
    assert len(left) == 3
    assert not any(line.startswith("warn  backup") for line in program.run("doctor").stdout.splitlines())


def test_a_restore_brings_back_what_was_copied_and_keeps_what_was_there(program: Program, tmp_path: Path) -> None:
    opened(program, "One")
    program.does("backup", str(tmp_path / "copy.db"), "--verify")
    opened(program, "Two")
    assert "1 ticket," in program.does("restore", str(tmp_path / "copy.db"))
    assert [ticket["title"] for ticket in program.tickets()] == ["One"]
    with closing(sqlite3.connect(tmp_path / "run" / "tickets.db.before-restore")) as before:
        assert before.execute("SELECT count(*) FROM ticket").fetchone() == (2,)


def test_a_damaged_database_can_be_restored(program: Program, tmp_path: Path) -> None:
    opened(program, "One")
    program.does("backup", str(tmp_path / "copy.db"))
    (tmp_path / "run" / "tickets.db").write_bytes(b"not a database at all" * 500)
    program.does("restore", str(tmp_path / "copy.db"))
    assert [ticket["title"] for ticket in program.tickets()] == ["One"]


def test_a_postgres_database_is_dumped_verified_rotated_and_restored(
    program: Program, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    program.environment["TICKETS_DATABASE_URL"] = fresh_database(postgres_server)
    program.does("init")
    opened(program, "One")
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "tickets-20260101T000000.dump").write_bytes(b"old")
    assert "Verified: 1 ticket, 1 message, 1 person, at version " in program.does(
        "backup", "--rotate", "1", str(folder)
    )
    [dump] = folder.iterdir()
    assert (dump.suffix, dump.stat().st_mode & 0o077) == (".dump", 0)
    assert "No backup" not in program.run("doctor").stdout

    # Somebody else reads meanwhile, and what was written since is gone after the restore.
    opened(program, "Two")
    result = program.run("backup", str(dump))
    assert (result.returncode, "is there already. Use --force" in result.stderr) == (1, True)
    assert "Restored from" in program.does("restore", str(dump))
    assert [ticket["title"] for ticket in program.tickets()] == ["One"]
    opened(program, "Three")
    assert len(program.tickets()) == 2

    # What is no backup replaces nothing.
    (tmp_path / "words").write_text("no dump")
    for name in ("words", "gone"):
        result = program.run("restore", str(tmp_path / name))
        assert (result.returncode, result.stderr.count("\n")) == (1, 1), result.stderr
    # Nor does one that is of a newer program.
    execute(program, "UPDATE alembic_version SET version_num = '9999'")
    result = program.run("backup", "--force", str(dump))
    assert result.returncode == 0
    execute(program, f"UPDATE alembic_version SET version_num = '{REVISION}'")
    assert "is of a newer version (9999)" in program.run("restore", str(dump)).stderr
    assert len(program.tickets()) == 2


def execute(program: Program, statement: str) -> None:
    opened = Database(program.environment["TICKETS_DATABASE_URL"], DOMAIN)
    with closing(opened) as database, database.core_transaction() as connection:
        connection.execute(text(statement))


def test_what_is_no_backup_replaces_nothing(program: Program, tmp_path: Path) -> None:
    opened(program, "One")
    (tmp_path / "words").write_text("no database" * 500)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE x (y)")
    for name in ("words", "other.db", "gone", "run/tickets.db"):
        result = program.run("restore", str(tmp_path / name))
        assert (result.returncode, result.stderr.count("\n")) == (1, 1), name
    assert [ticket["title"] for ticket in program.tickets()] == ["One"]


def test_while_a_server_runs_nothing_is_restored(program: Program, tmp_path: Path) -> None:
    program.does("backup", str(tmp_path / "copy.db"))
    with program.serving():
        assert "Stop the server first" in program.run("restore", str(tmp_path / "copy.db")).stderr


def test_a_server_whose_schema_has_moved_on_takes_no_mail_and_says_so(program: Program, tmp_path: Path) -> None:
    program.does("responder", "add", "rob@example.org", "--queue", "General")
    with program.serving():
        with smtplib.SMTP("127.0.0.1", program.port) as client:
            assert program_name() in client.ehlo_resp.decode() if client.ehlo_resp else True
            assert client.docmd("NOOP")[0] == 250
        assert program_name() in program.does("health")
        with closing(sqlite3.connect(tmp_path / "run" / "tickets.db")) as database, database:
            database.execute("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            program.sends(1)
        assert refused.value.smtp_code == 451
        assert b"upgraded" in refused.value.smtp_error
        with closing(sqlite3.connect(tmp_path / "run" / "tickets.db")) as database, database:
            database.execute("UPDATE alembic_version SET version_num = ?", [program_name().rpartition("/")[2]])
        program.sends(1)
    assert len(program.tickets()) == 1


def test_a_test_email_says_what_the_server_answers(program: Program) -> None:
    with Sink() as sink:
        program.environment["TICKETS_RELAY"] = sink.url
        assert "took the email for ann@example.org and answered" in program.does("outbox", "test", "ann@example.org")
    result = program.run("outbox", "test", "ann@example.org")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "isn't an email address" in program.run("outbox", "test", "ann").stderr
    assert json.loads(program.does("outbox", "list", "--json")) == []
