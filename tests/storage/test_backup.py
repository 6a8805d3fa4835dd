"""Claims about `tickets backup`: one whole file while the server works, which docs/operate.md says how to restore."""

import errno
import json
import os
import re
import signal
import smtplib
import sqlite3
import stat
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from mail_tickets.model.records.received_mail import Mail
from mail_tickets.model.storage import database as database_module
from mail_tickets.model.storage import sqlite_copy
from mail_tickets.model.storage.revision import REVISION
from mail_tickets.model.storage.sqlite_copy import CannotCopy, copy_database
from tests.support.documents import DOCS, marked
from tests.support.world import World
from tests.system.test_serving import BIN, HELLO, Program, free_port, mail

POSTGRES = "postgresql://tick:sec%20ret@db.example:5433/t?sslmode=require&password=sec+ret"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def restore_commands() -> list[str]:
    """Return the commands of docs/operate.md, as they are typed."""
    return re.findall(r"^\$ (.*)$", marked(DOCS / "operate.md", "restore"), re.M)


def types(program: Program, command: str) -> None:
    """Type a line into a shell where `./tickets` and `run/` are."""
    launcher = program.folder / "tickets"
    launcher.write_text(f'#!/bin/sh\nexec {BIN}/tickets "$@"\n')
    launcher.chmod(0o755)
    result = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=program.folder,
        env=program.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_the_documented_commands_restore_what_was_copied_while_the_server_worked(program: Program) -> None:
    program.has_a_database()
    program.does("responder", "add", "bob@example.org", "--queue", "General")
    with program.serving() as process:
        program.sends(1)
        types(program, "./tickets backup backup.db")
        program.sends(2)
        assert len(program.tickets()) == 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    for command in restore_commands():
        types(program, command)
    assert [ticket["title"] for ticket in program.tickets()] == ["1"]
    assert stat.S_IMODE((program.folder / "run" / "tickets.db").stat().st_mode) == 0o600
    with program.serving():
        # The same mail as before the copy is known, that after it is new, and whoever answers is still proven.
        program.sends(1)
        program.sends(2)
        assert [ticket["title"] for ticket in program.tickets()] == ["1", "2"]
        [letter] = {awaits_letter for awaits_letter in program.awaits_letters(1) if b"Hello 1" in awaits_letter}
        answered = re.search(rb"^Message-ID: (.*)$", letter, re.M | re.I)
        assert answered
        reply = (
            b"From: bob@example.org\r\nMessage-ID: <bob@x>\r\nIn-Reply-To: " + answered[1].strip() + b"\r\n\r\nYes.\r\n"
        )
        program.does_with(reply, "deliver", "--to", f"ticket1@{HELLO.partition('@')[2]}")
    restored = json.loads(program.does("show", "1", "--json"))
    assert [(message["text"], message["verified"]) for message in restored["messages"]] == [
        ("Hello 1", False),
        ("Yes.", True),
    ]


def test_a_copy_made_in_the_middle_of_writing_is_whole(small_world: World, tmp_path: Path) -> None:
    writing, enough = Event(), Event()

    def write() -> None:
        number = 0
        while not enough.is_set():
            number += 1
            small_world.intake.receive(mail(number), "ann@example.org", ["hello@tickets.example"])
            writing.set()

    writer = Thread(target=write)
    writer.start()
    assert writing.wait(20)
    source = Path(str(small_world.database.url.database))
    for number in range(5):
        copy_database(source, tmp_path / f"copy{number}.db")
    enough.set()
    writer.join(20)
    counts = []
    for number in range(5):
        connection = sqlite3.connect(tmp_path / f"copy{number}.db")
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        tables = ("mail", "message", "ticket")
        sizes = {connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
        assert len(sizes) == 1
        counts += sizes
        connection.close()
    assert counts == sorted(counts)
    assert counts[-1] <= len(small_world.rows(Mail.id))
    # One file each, and nothing beside it.
    assert {path.name for path in tmp_path.glob("*copy*")} == {f"copy{number}.db" for number in range(5)}


def test_only_this_account_may_read_a_copy_and_nothing_is_overwritten_unless_told(program: Program) -> None:
    program.has_a_database()
    target = program.folder / "copy.db"
    before = os.umask(0)
    try:
        assert str(target) in program.does("backup", str(target))
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    target.write_bytes(b"something else")
    result = program.run("backup", str(target))
    assert (result.returncode, result.stderr) == (1, f"{target} is there already. Use --force to replace it.\n")
    assert target.read_bytes() == b"something else"
    program.does("backup", "--force", str(target))
    assert target.read_bytes().startswith(b"SQLite format 3\0")
    assert {path.name for path in program.folder.iterdir()} == {"run", "copy.db"}


def test_what_stands_in_the_way_of_a_copy_is_told_in_one_line(program: Program) -> None:
    result = program.run("backup", str(program.folder / "copy.db"))
    assert (result.returncode, result.stderr) == (1, "No database yet, so there is nothing to copy.\n")
    program.has_a_database()
    for place, why in ((program.folder, "is a folder"), (program.folder / "none" / "copy.db", "No such file")):
        result = program.run("backup", str(place))
        assert result.returncode == 1
        assert why in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert program.run("backup").returncode == 2


def test_of_a_damaged_database_no_copy_is_made(program: Program) -> None:
    program.has_a_database()
    path = program.folder / "run" / "tickets.db"
    raw = bytearray(path.read_bytes())
    raw[8192:40960] = b"\xff" * 32768
    path.write_bytes(raw)
    result = program.run("backup", str(program.folder / "copy.db"))
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert {path.name for path in program.folder.iterdir()} == {"run"}


def test_two_copies_to_one_place_make_one(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program.has_a_database()
    source, target = program.folder / "run" / "tickets.db", program.folder / "copy.db"
    really = sqlite_copy._copy

    def meanwhile(original: Path, draft: Path) -> None:
        really(original, draft)
        target.write_bytes(b"the other's")

    monkeypatch.setattr(sqlite_copy, "_copy", meanwhile)
    with pytest.raises(CannotCopy, match="is there already"):
        copy_database(source, target)
    assert target.read_bytes() == b"the other's"


def test_a_copy_is_made_where_there_are_no_hard_links(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program.has_a_database()

    def fails(_target: Path, _draft: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", fails)
    copy_database(program.folder / "run" / "tickets.db", program.folder / "copy.db")
    assert {path.name for path in program.folder.iterdir()} == {"run", "copy.db"}


def test_for_postgresql_it_names_the_command_and_no_password(program: Program) -> None:
    result = program.run("backup", "my copy", TICKETS_DATABASE_URL=POSTGRES, PATH="/nowhere")
    assert result.returncode == 1
    assert "`pg_dump --format=custom '--file=my copy' " in result.stderr
    assert "postgresql://tick@db.example:5433/t?sslmode=require" in result.stderr
    assert "sec" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


# The health of a running server.


def test_a_server_that_takes_mail_is_well(program: Program) -> None:
    program.has_a_database()
    program.does("responder", "add", "bob@example.org", "--queue", "General")
    place = program.folder / "lmtp"
    program.environment["TICKETS_LISTEN"] += f",lmtp+unix://{place}"
    with program.serving():
        assert program.does("health").endswith(f"; database at {REVISION}; 2 listeners answer; no email waiting\n")
    result = program.run("health")
    assert result.returncode == 1
    assert result.stdout.startswith(
        f"unhealthy: nothing listens on smtp://127.0.0.1:{program.port}. Is tickets serve running?"
    )
    assert result.stderr == ""


def test_letters_that_wait_are_counted_and_do_not_make_it_unhealthy(program: Program) -> None:
    program.environment["TICKETS_RELAY"] = f"smtp://127.0.0.1:{free_port()}"
    program.has_a_database()
    program.does("responder", "add", "bob@example.org", "--queue", "General")
    with program.serving():
        program.sends(1)
        output = program.does("health")
    assert re.fullmatch(r"healthy: .*; 1 email waiting, the oldest for \d+ s\n", output)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("TICKETS_DATABASE_URL", "postgresql://a:secret@127.0.0.1:1/t", "refused"),
        ("TICKETS_DATABASE_URL", "sqlite:////nowhere/t.db", "No database yet"),
        ("TICKETS_WORKERS", "many", "TICKETS_WORKERS"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_status_1(program: Program, name: str, value: str, problem: str) -> None:
    result = program.run("health", **{name: value})
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith("unhealthy: ")
    assert problem in result.stdout
    assert "secret" not in result.stdout
    assert len(result.stdout.splitlines()) == 1


def test_no_copy_is_made_onto_the_database_itself(program: Program) -> None:
    program.has_a_database()
    database = Path(program.environment["TICKETS_DATABASE_URL"].removeprefix("sqlite:///"))
    with closing(sqlite3.connect(database)) as open_somewhere:
        open_somewhere.execute("CREATE TABLE mine (n)")
        for name in (database, Path(f"{database}-wal")):
            refused = program.run("backup", str(name), "--force")
            assert (refused.returncode, "is the database itself" in refused.stderr) == (1, True)
    assert "nothing listens" in program.run("health").stdout


@pytest.mark.parametrize("change", ["removed", "replaced"])
def test_mail_for_a_database_whose_file_is_gone_is_451(program: Program, change: str) -> None:
    program.has_a_database()
    database = Path(program.environment["TICKETS_DATABASE_URL"].removeprefix("sqlite:///"))
    copy = database.with_name("copy.db")
    program.does("backup", str(copy))
    with program.serving():
        program.sends(1)
        for end in ("", "-wal", "-shm"):
            Path(f"{database}{end}").unlink(missing_ok=True)
        if change == "replaced":
            copy.rename(database)
            # Each connection that notices has the mail come again; those after it are to the new file.
            with pytest.raises(smtplib.SMTPDataError, match=r"4\.3\.0"):
                program.sends(2)
            for _ in range(20):
                with suppress(smtplib.SMTPDataError):
                    program.sends(2)
                    break
        else:
            with pytest.raises(smtplib.SMTPDataError, match=r"4\.3\.0"):
                program.sends(2)
            assert not database.exists()
    assert change == "removed" or len(program.tickets()) == 1


def test_health_fails_while_nothing_can_be_written(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "LOCK_SECONDS", 1)
    program.has_a_database()
    database = Path(program.environment["TICKETS_DATABASE_URL"].removeprefix("sqlite:///"))
    with program.serving(), closing(sqlite3.connect(database, isolation_level=None)) as connection:
        assert program.run("health").returncode == 0
        connection.execute("BEGIN IMMEDIATE")
        unhealthy = program.run("health")
        assert (unhealthy.returncode, "locked" in unhealthy.stdout) == (1, True)
        assert "locked" in program.run("doctor").stdout
