"""Claims about `tickets forget` as it is called: what it says, what it asks, and that nothing goes by accident."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_commands import ANN, ROB, TICKETS, CommandLine, deliver, staffed
from tests.support.markers import files_with
from tests.support.program import Program

SECRET = b"From: Ann <ann@example.org>\nSubject: Keys\nMessage-ID: <k@x>\n\nThe key is under the mat.\n"
YES = ("--yes", "--yes")


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A shared inbox with a ticket of Ann's, to which she has written a mail."""
    command_line = CommandLine(tmp_path, capsys, monkeypatch)
    staffed(command_line, "correspondence")
    assert deliver(command_line, SECRET, "ticket1@tickets.localhost").status == 0
    (tmp_path / "mail").unlink()
    return command_line


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_a_dry_run_says_what_would_go_and_changes_nothing(cli: CommandLine) -> None:
    before = cli.json("show", 1)
    output = cli.does("forget", ANN, "--dry-run")
    assert output.startswith(
        f"Forgetting {ANN} would erase 2 messages, 1 mail (0 of them set aside), 0 attachments and 2 letters.\n"
    )
    assert "Tickets that they asked: 1; these keep their numbers, statuses and dates.\n" in output
    assert cli.json("show", 1) == before
    counted = cli.json("forget", ANN, "--dry-run")
    assert (counted["dry_run"], counted["messages"], counted["letters"]) == (True, 2, 2)
    erased = cli.json("forget", ANN, *YES)
    assert erased == counted | {"dry_run": False}


def test_mail_of_others_that_waits_is_named(cli: CommandLine) -> None:
    assert deliver(cli, b"From: Eve <eve@far.example>\n\nWhere is ann@example.org?\n", "nowhere").status == 0
    number = cli.json("unmatched", "list")[0]["id"]
    aside = f"set aside as {number} (`tickets unmatched show {number}`)"
    assert f"1 mail of others on no ticket names them: {aside}; it stays." in cli.does("forget", ANN, "--dry-run")
    assert cli.json("forget", ANN, *YES)["left"] == {"messages": 0, "tickets": [], "mails": 1, "set_aside": [number]}


def test_who_is_forgotten_is_gone_from_every_file(cli: CommandLine) -> None:
    assert list(files_with(cli.path, "under the mat"))
    output = cli.does("forget", ANN, *YES)
    assert output.startswith(f"Forgot {ANN}: erased 2 messages, 1 mail (0 of them set aside)")
    assert list(files_with(cli.path, "under the mat")) == list(files_with(cli.path, ANN)) == []
    assert cli.refuses("raw", 1, 2) == "Message 2 of ticket 1 was erased, and its email with it."
    assert "at the request of its writer.]" in cli.does("show", 1)
    assert ANN not in cli.does("person", "list") + cli.does("outbox", "list") + cli.does("list")
    assert "forgotten" not in cli.does("person", "list")
    assert cli.refuses("forget", ANN, *YES).startswith(f"We don't know {ANN}")
    assert cli.does("open", "--queue", "General", "--from", ANN, "--subject", "New", "--text", "Hi") == "2\n"


def test_a_ticket_is_forgotten_and_says_so(cli: CommandLine) -> None:
    output = cli.does("forget", "--ticket", 1, *YES)
    assert output.startswith(
        "Forgot ticket 1: erased 2 messages, 1 mail (0 of them set aside), 0 attachments and 2 letters."
    )
    assert f"Known through it alone: {ANN}; `tickets forget EMAIL` forgets them." in output
    assert cli.does("show", 1).endswith(" Nothing of it is left.\n")
    ticket = cli.json("show", 1)
    assert (ticket["messages"], [change["field"] for change in ticket["changes"]]) == ([], ["forgotten"])
    assert cli.json("list") == []
    assert list(files_with(cli.path, "under the mat")) == []
    for command in (("act", 1, "Reply", "--as", ROB), ("raw", 1, 1)):
        assert cli.refuses(*command).startswith("Ticket 1 was erased on ")
    assert cli.refuses("forget", "--ticket", 1, *YES).startswith("Ticket 1 was erased on ")
    assert deliver(cli, SECRET.replace(b"<k@", b"<l@"), "ticket1@tickets.localhost").status == 0
    assert [mail["reason"] for mail in cli.json("unmatched", "list")] == ["the ticket was erased"]


@pytest.mark.parametrize("viewer", [ANN, ROB, "eve@far.example"])
def test_whoever_looks_at_a_forgotten_ticket_finds_none(cli: CommandLine, viewer: str) -> None:
    cli.does("forget", "--ticket", 1, *YES)
    assert cli.refuses("show", 1, "--as", viewer) == cli.refuses("show", 1, "--as", viewer, "--json")
    assert cli.refuses("show", 1, "--as", viewer) == "There's no ticket 1."
    assert cli.does("show", 1).startswith("Ticket 1 was erased on ")


def test_what_is_left_of_a_ticket_is_said(cli: CommandLine) -> None:
    before = cli.json("show", 1)
    left = "number, queue, status and dates"
    assert left in " ".join(cli.does("forget", "--help").split())
    assert f"Its {left} stay; the number will not be given again" in cli.does("forget", "--ticket", 1, "--dry-run")
    assert f"Its {left} stay; the number is not given again" in cli.does("forget", "--ticket", 1, *YES)
    after = cli.json("show", 1)
    assert [name for name in ("id", "queue", "status", "created") if after[name] != before[name]] == []


def test_copies_from_before_upgrades_are_named(cli: CommandLine) -> None:
    copy = cli.path / "tickets.db.before-0001"
    copy.write_bytes(b"")
    assert f"delete {copy}." in cli.does("forget", ANN, *YES)


@pytest.mark.parametrize("options", [(), (ANN, "--ticket", "1"), (ANN, "--sweep"), ("--ticket", "x")])
def test_one_thing_is_named(cli: CommandLine, options: tuple[str, ...]) -> None:
    assert cli.run("forget", *options, *YES).status == 2


def test_what_is_not_there_is_one_line(cli: CommandLine) -> None:
    assert cli.refuses("forget", "nobody@example.org", "--dry-run").startswith("We don't know")
    assert cli.refuses("forget", "--ticket", 9, *YES) == "There's no ticket 9."


@pytest.mark.parametrize("options", [(), ("--yes",)])
def test_without_a_terminal_one_yes_is_not_enough(cli: CommandLine, options: tuple[str, ...]) -> None:
    result = cli.run("forget", ANN, *options)
    assert (result.status, result.out) == (2, "")
    assert "give --yes --yes" in result.err
    assert len(cli.json("show", 1)["messages"]) == 2
    assert cli.json("show", 1)["requestor"]["email"] == ANN


def test_sweeping_alone_can_be_done_again(cli: CommandLine) -> None:
    assert cli.does("forget", "--sweep") == cli.does("forget", "--sweep") == "Cleared the database's files.\n"


@pytest.mark.parametrize(
    ("answers", "status", "message"),
    [
        ("n\n", 1, "Nothing was erased."),
        ("y\nbob@example.org\n", 1, "Nothing was erased."),
        ("y\nAnn@Example.org\n", 0, f"Forgot {ANN}"),
    ],
)
def test_on_a_terminal_it_asks_twice(cli: CommandLine, answers: str, status: int, message: str) -> None:
    terminal, far_end = pty.openpty()
    os.write(terminal, answers.encode())
    result = subprocess.run(
        [TICKETS, "forget", ANN, "--json"],
        stdin=far_end,
        capture_output=True,
        text=True,
        env={**os.environ, **cli.environment},
        timeout=60,
        check=False,
    )
    os.close(terminal)
    os.close(far_end)
    assert result.returncode == status, result
    assert result.stderr.startswith(f"Forgetting {ANN} would erase 2 messages")
    if status:
        assert message in result.stderr
    else:
        assert json.loads(result.stdout)["messages"] == 2
    assert (cli.json("show", 1)["requestor"]["email"] == ANN) is bool(status)


def test_it_works_beside_a_server(program: Program) -> None:
    program.has_a_database()
    with program.serving():
        program.sends(1)
        program.does("forget", "ann@example.org", *YES)
        program.sends(2)
        assert list(files_with(program.folder / "run", "hello 1")) == []
        assert [ticket["id"] for ticket in program.tickets()] == [1, 2]
