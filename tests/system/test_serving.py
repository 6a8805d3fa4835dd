"""Claims about the running program: it says how to try it, finishes the mail in hand, and dies without losing any."""

import json
import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import cast

import pytest
from lockfile.pidlockfile import PIDLockFile

from mail_tickets.cli.running.serve import _greet
from mail_tickets.config import defaults
from mail_tickets.config.parsing import load
from mail_tickets.devtools.mail_client import MailClient
from mail_tickets.model.program import program_name
from mail_tickets.model.storage.database import Database
from mail_tickets.transport.inbound import pid_file
from mail_tickets.transport.inbound.pid_file import leave_to_salmon_stop
from mail_tickets.transport.inbound.receiver import Listener, Receiver
from tests.support.program import BIN, DOMAIN, HELLO, PATIENCE, ROOT, Program, free_port, held, mail
from tests.support.sinks import Sink

pytestmark = pytest.mark.slow


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_serve_says_where_it_listens_where_letters_go_and_a_line_that_works(program: Program) -> None:
    with program.serving() as process:
        *created, listens, letters, line = program.said
        assert [line.split()[0] for line in created] == ["Creating", "Created", "Created"]
        assert listens == f"Listening for {DOMAIN} on smtp://127.0.0.1:{program.port}"
        assert letters == f"Sending through maildir:{program.folder}/letters"
        command = line.removeprefix("Try it:").strip()
        # python3 of the line is any Python; the launcher is for machines, and has its own tests.
        command = command.replace("python3 ", f"{sys.executable} ").replace("./tickets ", f"{BIN}/tickets ")
        result = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=ROOT,
            env=program.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (result.returncode, result.stderr) == (0, "")
        [letter] = program.awaits_letters(1)
        assert b"A first question" in letter
        assert b"Does this work?" in letter
        assert b"Reply to this email to" in letter
        [ticket] = program.tickets()
        assert (ticket["id"], ticket["title"], ticket["queue"]) == (1, "A first question", "General")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    with program.serving():
        assert "responder add" not in program.said[2]


def test_a_database_that_goes_away_at_the_greeting_ends_no_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mail could be coming in already; it hears 451 until the database is back."""
    away = Database(f"sqlite:///{tmp_path}/nowhere/tickets.db", DOMAIN)
    settings = load({**vars(defaults), "RELAY": f"maildir:{tmp_path}/letters"}, {})
    receiver = cast(Receiver, SimpleNamespace(intake=SimpleNamespace(database=away), web=None))
    _greet([Listener("smtp", "127.0.0.1", 8825)], receiver, settings)
    listens, letters, ending = capsys.readouterr().out.splitlines()
    assert listens == f"Listening for {DOMAIN} on smtp://127.0.0.1:8825"
    assert letters == f"Sending through maildir:{tmp_path}/letters"
    assert ending == "Ctrl-C stops it."


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_lets_the_mail_in_hand_be_finished(program: Program, number: signal.Signals) -> None:
    with program.serving() as process:
        idle, slow, middle = (MailClient(program.port) for _ in range(3))
        for client in (slow, middle):
            client.begins(HELLO)
            client.says("DATA")
        with held(program.folder / "run" / "tickets.db"):
            slow.sends(mail(1) + b".")
            middle.sends(mail(2))
            process.send_signal(number)
            # By this the signal has arrived, while the mail still waits for the database.
            assert idle.hears().startswith("421 ")
        middle.sends(b".")
        for client in (slow, middle):
            assert client.hears().startswith("250 ")
            client.leaves()
        idle.leaves()
        assert process.wait(PATIENCE) == 0
    assert sorted(str(ticket["title"]) for ticket in program.tickets()) == ["1", "2"]
    assert "Traceback" not in (program.folder / "log").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_the_end_by_a_signal_is_logged(program: Program, number: signal.Signals) -> None:
    with program.serving() as process:
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
    assert f"{number.name}: finishing the mail in hand" in (program.folder / "log").read_text()


def test_a_hangup_that_was_ignored_at_the_start_stays_ignored(program: Program) -> None:
    """As nohup leaves it: closing the terminal ends nothing."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with program.serving() as process:
            process.send_signal(signal.SIGHUP)
            program.sends(1)
            process.send_signal(signal.SIGHUP)
            program.sends(2)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert len(program.tickets()) == 2


def test_letters_written_by_another_process_leave_while_serve_runs(program: Program) -> None:
    program.has_a_database()
    program.does("responder", "add", "bob@example.org", "--queue", "General")
    with program.serving():
        program.does("open", "--queue", "General", "--from", "ann@example.org", "--subject", "Help", "--text", "Help!")
        assert b"To: bob" in program.awaits_letters(1)[0]
        program.does("act", "1", "Reply", "--as", "bob@example.org", "--text", "Like this.")
        assert any(b"Like this." in letter for letter in program.awaits_letters(2))


def letters_left(program: Program) -> list[str]:
    """The letters that still wait when the courier has sent all that was due: those of a courier that died."""
    before: list[str] | None = None
    while True:
        rows = json.loads(program.does("outbox", "list", "--state", "waiting", "--json"))
        now = [str(row["id"]) for row in rows]
        if now == before:
            return now
        before = now
        time.sleep(1)


def test_what_was_answered_250_outlives_a_kill_and_its_letters_leave(program: Program) -> None:
    program.has_a_database()
    program.does("responder", "add", "bob@example.org", "--queue", "General")
    answered: list[int] = []

    def sending(first: int) -> None:
        for number in range(first, first + 1000):
            try:
                program.sends(number)
            except (OSError, smtplib.SMTPException):
                return
            answered.append(number)

    with program.serving() as process:
        threads = [Thread(target=sending, args=(first,)) for first in (1000, 2000, 3000)]
        for thread in threads:
            thread.start()
        while len(answered) < 60 and any(thread.is_alive() for thread in threads):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join(PATIENCE)
    assert len(answered) >= 60
    with program.serving() as process:
        titles = [str(ticket["title"]) for ticket in program.tickets()]
        assert len(titles) == len(set(titles))
        assert {str(number) for number in answered} <= set(titles)
        # Sent again by those who heard no answer, and by some who did: nothing happens twice.
        for number in answered[:5]:
            program.sends(number)
        assert len(program.tickets()) == len(titles)
        # The letters that the killed courier had in hand wait for some minutes; an administrator need not.
        if left := letters_left(program):
            program.does("outbox", "retry", *left)
        # One letter may be there twice, so that to count them would not do.
        end = time.monotonic() + PATIENCE
        while letters_left(program) and time.monotonic() < end:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    letters = program.letters()
    subjects = {match[1].decode() for letter in letters if (match := re.search(rb"#\d+\] (\d+)", letter))}
    assert subjects == set(titles)
    states = {row["state"] for row in json.loads(program.does("outbox", "list", "--json"))}
    assert states == {"sent"}
    # One letter may have been between the relay and its note.
    assert len(letters) - len(titles) <= 1


def test_letters_go_to_a_mail_server(program: Program) -> None:
    program.has_a_database()
    program.does("responder", "add", "bob@example.org", "--queue", "General")
    with Sink() as sink:
        program.environment["TICKETS_RELAY"] = sink.url
        with program.serving() as process:
            assert program.said[1] == f"Sending through {sink.url}"
            program.sends(1)
            end = time.monotonic() + PATIENCE
            while not sink.letters and time.monotonic() < end:
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        assert [letter.recipients for letter in sink.letters] == [["bob@example.org"]]


def test_lmtp_by_port_and_by_socket(program: Program) -> None:
    second_port, path = free_port(), program.folder / "lmtp"
    program.environment["TICKETS_LISTEN"] += f", lmtp://localhost:{second_port},lmtp+unix://{path}"
    with program.serving() as process:
        for number, place in enumerate([second_port, path]):
            with MailClient(place, lmtp=True) as client:
                client.begins(HELLO)
                assert client.hands_over(mail(number)).startswith("250 ")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert not path.exists()
    assert len(program.tickets()) == 2


# What is wrong is said in one line.

WRONG = {
    "TICKETS_COLOUR": "blue",
    "TICKETS_DOMAIN": "not a domain",
    "TICKETS_DATABASE_URL": "mysql://x/y",
    "TICKETS_LISTEN": "http://127.0.0.1:80",
    "TICKETS_RELAY": "smtp://user:secret@",
    "TICKETS_MAX_MESSAGE_BYTES": "25MB",
    "TICKETS_UNMATCHED": "bounce",
    "TICKETS_TRUST": "everybody",
    "TICKETS_WORKERS": "0",
}


def is_one_line(text: str) -> bool:
    return len(text.splitlines()) == 1 and "Traceback" not in text


@pytest.mark.parametrize(("name", "value"), WRONG.items(), ids=WRONG)
def test_a_setting_that_is_wrong_stops_serve_with_one_line(program: Program, name: str, value: str) -> None:
    result = program.start("serve", **{name: value})
    assert result.returncode == 1
    assert result.stdout == ""
    assert is_one_line(result.stderr), result.stderr
    assert name in result.stderr
    assert "secret" not in result.stderr
    assert not (program.folder / "run").exists()


@pytest.mark.parametrize(("name", "value"), [("TICKETS_COLOUR", "blue"), ("TICKETS_WORKERS", "0")])
def test_salmons_own_start_stops_with_one_line_too(program: Program, name: str, value: str) -> None:
    arguments = ("start", "--no-daemon", "--boot", "config.boot", "--pid", f"{program.folder}/x.pid")
    result = program.start(*arguments, program="salmon", **{name: value})
    assert result.returncode == 1
    assert is_one_line(result.stderr), result.stderr
    assert name in result.stderr


def test_a_port_that_is_taken_is_told_in_one_line(program: Program) -> None:
    with socket.create_server(("127.0.0.1", program.port)):
        result = program.start("serve")
    assert result.returncode == 1
    assert is_one_line(result.stderr), result.stderr
    assert "TICKETS_LISTEN" in result.stderr


def test_a_second_server_says_that_the_first_one_runs(program: Program) -> None:
    with program.serving():
        line = program.start("serve").stderr
    place = f"smtp://127.0.0.1:{program.port}"
    assert line == f"A tracker runs already ({program_name()}, at {place}). Stop it first, or change TICKETS_LISTEN.\n"


@pytest.mark.parametrize("scheme", ["smtp", "lmtp"])
def test_a_host_that_is_not_ours_is_told_in_one_line(program: Program, scheme: str) -> None:
    result = program.start("serve", TICKETS_LISTEN=f"{scheme}://192.0.2.1:2525")
    assert result.returncode == 1
    assert is_one_line(result.stderr), result.stderr


def test_a_database_that_is_away_is_told_in_one_line(program: Program) -> None:
    url = "postgresql://somebody:secret@127.0.0.1:1/nowhere"
    result = program.start("serve", TICKETS_DATABASE_URL=url)
    assert result.returncode == 1
    assert is_one_line(result.stderr), result.stderr
    assert "secret" not in result.stderr


def test_a_database_that_is_none_is_told_in_one_line(program: Program) -> None:
    (program.folder / "run").mkdir()
    (program.folder / "run" / "tickets.db").write_bytes(b"This is no database, but a text of some length. " * 100)
    result = program.start("serve")
    assert result.returncode == 1
    assert is_one_line(result.stderr), result.stderr


# Salmon's own commands.


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a clone holds, in which `logs/` and `run/` are not there yet."""
    copy = tmp_path / "clone"
    for name in ("app", "config"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def salmon(checkout: Path, program: Program, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Salmon's command in a clone; its files are in the clone, so its output is not ours to hold open."""
    with (checkout / "out").open("w+") as out:
        result = subprocess.run(
            [sys.executable, "-c", "from salmon.commands import main; main()", *arguments],
            cwd=checkout,
            env=program.environment | {"PYTHONPATH": str(checkout)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        out.seek(0)
        result.stdout = out.read()
    return result


def is_up(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_salmon_starts_tells_and_stops_a_daemon(program: Program, checkout: Path) -> None:
    pid = ("--pid", "run/tickets.pid")
    assert salmon(checkout, program, "start", "--boot", "config.boot", *pid).returncode == 0
    end = time.monotonic() + PATIENCE
    while not is_up(program.port) and time.monotonic() < end:
        time.sleep(0.05)
    number = int((checkout / "run" / "tickets.pid").read_text())
    try:
        assert f"running with PID {number}" in salmon(checkout, program, "status", *pid).stdout
        program.sends(1)
        slow = MailClient(program.port)
        slow.begins(HELLO)
        slow.says("DATA")
        slow.sends(mail(2))
        assert salmon(checkout, program, "stop", *pid).returncode == 0
        slow.sends(b".")
        assert slow.hears().startswith("250 ")
        slow.leaves()
        while Path(f"/proc/{number}").exists() and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        if Path(f"/proc/{number}").exists():
            os.kill(number, signal.SIGKILL)
            pytest.fail("the daemon does not end")
    assert not is_up(program.port)
    assert len(program.tickets()) == 2
    assert "Traceback" not in (checkout / "logs" / "salmon.err").read_text()
    assert not (checkout / "run" / "tickets.pid").exists()


def test_the_pid_file_is_salmon_stops_to_remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells the server first, and would end with 1 if the server had removed the file before it does."""
    monkeypatch.setattr(PIDLockFile, "release", PIDLockFile.release)
    leave_to_salmon_stop()
    path = tmp_path / "tickets.pid"
    path.write_text(f"{os.getpid()}\n")
    ending = Thread(target=PIDLockFile(str(path)).release)
    ending.start()
    path.unlink()
    ending.join(PATIENCE)
    assert not ending.is_alive()
    path.write_text("1\n")
    PIDLockFile(str(path)).release()
    assert path.exists(), "it is another server's by now"
    path.write_text(f"{os.getpid()}\n")
    monkeypatch.setattr(pid_file, "_SECONDS", 0.0)
    PIDLockFile(str(path)).release()
    assert not path.exists(), "somebody else told us to stop"


def test_salmons_files_do_not_dirty_a_clone() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout")
    files = [
        "logs/salmon.err",
        "logs/salmon.out",
        "run/smtp.pid",
        "run/tickets.db",
        "run/tickets.db-wal",
        "run/letters/new/x",
    ]
    result = subprocess.run(["git", "check-ignore", *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stdout.split() == files


ROUTES = {f"ticket1@{DOMAIN}": "mail_tickets.handlers.ticket.POST", HELLO: "mail_tickets.handlers.other.ELSEWHERE"}


@pytest.mark.parametrize(("address", "handler"), ROUTES.items(), ids=ROUTES)
def test_salmon_tells_the_route_of_an_address(program: Program, address: str, handler: str) -> None:
    result = program.start("routes", "--test", address, "config.testing", program="salmon")
    assert result.returncode == 0, result.stderr
    routes = result.stdout.partition("matches:")[2]
    assert handler in routes
    assert routes.count(".handlers.") == 1
    assert not (program.folder / "run").exists()
