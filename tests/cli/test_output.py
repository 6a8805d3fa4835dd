"""Claims about what `list` and `show` print: columns that stand straight, no line too long, nothing that harms."""

import json
import os
import pty
import re
import select
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_tickets.cli import in_one_line
from mail_tickets.cli.common import print_json_array
from mail_tickets.cli.output import table_layout
from mail_tickets.cli.output.relative_time import age, when
from mail_tickets.cli.output.table_layout import cut, laid_out, width_of
from mail_tickets.cli.output.ticket_display import wrapped
from mail_tickets.model.records.tickets import NoSuchTicket
from tests.cli.test_commands import ADMIN, ANN, ROB, TICKETS, CommandLine, bare, deliver, inbox
from tests.support.commands import run_here

__all__ = ["bare", "inbox"]

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
some_text = st.text(max_size=120) | st.text("日本語e\u0301\u200d👩❤\ufe0f🇩🇪\x1b[\x9b\x07\n\t ab", max_size=60)
TITLES = (
    "日本語の件名がここにありますがとても長いので切られるはずです",
    "Cafe\u0301 mit Milch",
    "plain",
    "👩\u200d👩\u200d👧 family",
)
ESCAPE = "\x1b"


@given(rows=st.lists(st.tuples(some_text, some_text, some_text), max_size=6), width=st.integers(1, 130))
def test_no_line_is_wider_than_the_terminal_whatever_is_in_it(rows: list[tuple[str, ...]], width: int) -> None:
    lines = laid_out(rows, ("TICKET", "STATUS", "TITLE"), width)
    assert len(lines) == len(rows) + 1
    assert [line for line in lines if width_of(line) > width] == []
    assert [
        line for line in lines if re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line)
    ] == []


@given(text=some_text, width=st.integers(0, 60))
def test_what_is_cut_says_so_and_what_fits_is_whole(text: str, width: int) -> None:
    line = table_layout.shown_cell(text)
    part = cut(line, width)
    assert width_of(part) <= width
    assert part == line if width_of(line) <= width else part.endswith("…") or width == 0
    assert line.startswith(part.removesuffix("…"))


def test_columns_stand_straight_in_every_script() -> None:
    lines = laid_out([(title, "x") for title in TITLES], ("TITLE", "X"), None)
    assert {width_of(line) for line in lines[1:]} == {width_of(lines[1])}
    assert [width_of(line.rpartition("x")[0]) for line in lines[1:]] == [width_of(lines[0].rpartition("X")[0])] * 4


def test_a_pipe_cuts_nothing() -> None:
    assert laid_out([("x" * 400, "y" * 400)], ("A", "B"), None)[1] == f"{'x' * 400}  {'y' * 400}"


def test_what_is_short_is_cut_last() -> None:
    row = (
        "12",
        "open",
        "3 h",
        "General",
        "somebody@department.example",
        "somebody@else.example",
        "A title of some words",
    )
    line = laid_out([row], ("TICKET", "STATUS", "AGE", "QUEUE", "ASSIGNEE", "REQUESTOR", "TITLE"), 80)[1]
    assert line == "12      open    3 h  General  somebody@de…  somebody@els…  A title of some words"


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=2, hours=5), "2 d"),
        (timedelta(days=13), "13 d"),
        (timedelta(weeks=5), "5 wk"),
        (timedelta(days=3 * 366), "3 y"),
    ],
)
def test_an_age_is_told_in_one_unit(passed: timedelta, text: str) -> None:
    assert age(NOW - passed, NOW) == text


def test_a_date_stands_with_its_age() -> None:
    assert when("2026-11-20T09:12:00+00:00", NOW) == "2026-11-20 09:12 UTC, 2 d ago"
    assert when(NOW, NOW) == "2026-11-22 12:00 UTC, now"


@pytest.mark.parametrize(
    "line", ["> quoted " * 20, "| quoted " * 20, "    code " * 20, "a | b | c " * 20, "a\tb " * 40]
)
def test_what_is_quoted_or_laid_out_stays_as_it_is(line: str) -> None:
    assert wrapped(line * 40, 60) == [line * 40]


@given(
    words=st.lists(st.text("abc日e\u0301", min_size=1, max_size=12), min_size=1, max_size=60),
    width=st.integers(30, 100),
)
def test_prose_is_broken_between_words_and_loses_none(words: list[str], width: int) -> None:
    lines = wrapped(" ".join(words), width)
    assert [word for line in lines for word in line.split(" ")] == words
    assert all(width_of(line) <= width for line in lines)
    assert wrapped(" ".join(words), None) == [" ".join(words)]


# As they are called


def on_terminal(cli: CommandLine, *command: str, width: int, **more: str) -> str:
    """What a command prints on a terminal of this width."""
    environment = {**os.environ, **cli.environment, "COLUMNS": str(width), "TERM": "xterm", **more}
    environment = {name: value for name, value in environment.items() if value}
    result = run_here(command, environment, on_terminal=True)
    assert result.returncode == 0
    return result.stdout.decode()


def on_real_terminal(cli: CommandLine, *command: str, **more: str) -> str:
    """What a process prints on a terminal of the usual width."""
    terminal, far_end = pty.openpty()
    environment = {**os.environ, **cli.environment, "COLUMNS": "80", "TERM": "xterm", **more}
    environment = {name: value for name, value in environment.items() if value}
    result = subprocess.run([TICKETS, *command], stdout=far_end, env=environment, timeout=60, check=False)
    assert result.returncode == 0
    os.close(far_end)
    output = b""
    while select.select([terminal], [], [], 0.5)[0]:
        try:
            output += os.read(terminal, 65_536)
        except OSError:
            break
    os.close(terminal)
    return output.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("command", ["raw 1 2", "export 1"])
@pytest.mark.parametrize(("answer", "printed"), [("n", False), ("y", True)])
def test_a_terminal_is_asked_about_before_it_gets_what_it_would_obey(
    inbox: CommandLine, command: str, answer: str, printed: bool
) -> None:
    title = "Marks\u200f of direction \ufeff"
    inbox.does("open", "--queue", "General", "--from", ANN, "--subject", title, "--text", "Hello.")
    assert "Marks of direction" in inbox.does("list")
    raw = b"From: ann@example.org\nSubject: Title\n\nA \x1b]0;title\x07\n"
    assert deliver(inbox, raw, "ticket1@tickets.localhost").status == 0
    terminal, far_end = pty.openpty()
    os.write(terminal, f"{answer}\n".encode())
    environment = {**os.environ, **inbox.environment}
    result = subprocess.run(
        [TICKETS, *command.split()], stdin=far_end, stdout=far_end, stderr=subprocess.PIPE, env=environment, check=False
    )
    os.close(far_end)
    output = b""
    while select.select([terminal], [], [], 0.2)[0]:
        try:
            output += os.read(terminal, 65_536)
        except OSError:
            break
    os.close(terminal)
    assert (b"\x1b]0;title" in output, result.returncode) == (printed, 0 if printed else 1)
    assert b"control characters" in result.stderr


@pytest.fixture
def cli(inbox: CommandLine) -> CommandLine:
    """A few tickets with titles that are hard to lay out."""
    for title in TITLES:
        inbox.does("open", "--queue", "General", "--from", ANN, "--subject", title, "--text", "word " * 40)
    assert deliver(inbox, AWAY, "ticket2@tickets.localhost").status == 0
    return inbox


@pytest.mark.parametrize("width", [20, 60, 80, 120])
@pytest.mark.parametrize("command", ["list", "outbox list", "unmatched list", "person list", "queue list"])
def test_a_terminal_gets_no_longer_line(cli: CommandLine, command: str, width: int) -> None:
    output = on_terminal(cli, *command.split(), width=width, NO_COLOR="1")
    assert output
    assert [line for line in output.split("\n") if width_of(line) > width] == []


def test_a_list_has_ages_and_priorities_only_where_there_are_any(cli: CommandLine) -> None:
    assert cli.does("list").split("\n")[0].split() == ["TICKET", "STATUS", "AGE", "QUEUE", "REQUESTOR", "TITLE"]
    cli.does("set", 1, "--priority", 7, "--as", ADMIN)
    heading, first, *_ = cli.does("list").split("\n")
    assert heading.split()[:4] == ["TICKET", "STATUS", "AGE", "PRIO"]
    assert first.split() == ["1", "new", "now", "7", "General", ANN, "No", "boot"]


def test_a_bounded_table_has_the_newest_and_says_how_many_more_there_are(cli: CommandLine) -> None:
    heading, *rows, note = cli.does("list", "--limit", "2").splitlines()
    assert (heading.split()[0], [row.split()[0] for row in rows]) == ("TICKET", ["4", "5"])
    assert note == "3 older tickets left out: --limit shows more."
    assert cli.does("list", "--limit", "5") == cli.does("list")
    assert [ticket["id"] for ticket in cli.json("list", "--limit", "2")] == [1, 2, 3, 4, 5]
    letters = cli.json("outbox")
    assert len(letters) > 2
    for command in (["outbox"], ["outbox", "list"]):
        _, *rows, note = cli.does(*command, "--limit", "2").splitlines()
        assert [int(row.split()[0]) for row in rows] == [letter["id"] for letter in letters[-2:]]
        assert note.startswith(f"{len(letters) - 2} older email")


@pytest.mark.parametrize("seen_by", [[], ["--as", ADMIN]])
def test_a_long_ticket_has_its_first_message_and_the_newest(cli: CommandLine, seen_by: list[str]) -> None:
    for words in ("one", "two", "three"):
        cli.does("act", 1, "Reply", "--text", words, "--as", ADMIN)
    for limit, numbers, start in (
        (1, ["#1"], "3 older messages"),
        (2, ["#1", "#4"], "2 older"),
        (3, ["#1", "#3", "#4"], "1 "),
    ):
        text = cli.does("show", 1, *seen_by, "--limit", limit)
        assert re.findall("^#[0-9]+", text, re.MULTILINE) == numbers
        assert text.splitlines()[-1].startswith(start)
    assert "left out" not in cli.does("show", 1, *seen_by, "--limit", 4)
    assert len(cli.json("show", 1, *seen_by, "--limit", 2)["messages"]) == 4


def test_a_json_array_is_printed_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    printed: list[str] = []

    def documents() -> Iterator[dict[str, str]]:
        for number in range(3):
            printed.append(capsys.readouterr().out)
            yield {"a": f"\n{number}\u202e"}

    print_json_array(documents())
    printed.append(capsys.readouterr().out)
    assert [text[:1] for text in printed] == ["", "[", ",", ","]
    assert json.loads("".join(printed)) == [{"a": f"\n{number}\u202e"} for number in range(3)]
    assert "\u202e" not in "".join(printed)
    print_json_array([])
    assert capsys.readouterr().out == "[]\n"


def test_an_empty_list_is_one_line(cli: CommandLine) -> None:
    assert cli.does("list", "--queue", "Questions") == "No tickets\n"
    assert cli.json("list", "--queue", "Questions") == []
    assert cli.does("unmatched", "list") == "No unmatched email\n"


def test_a_pipe_has_no_colours_and_a_terminal_only_where_they_are_wanted(cli: CommandLine) -> None:
    assert ESCAPE not in cli.does("list") + cli.does("show", 2)
    for unwanted in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert ESCAPE not in on_real_terminal(cli, "show", "2", **unwanted)
    assert ESCAPE in on_real_terminal(cli, "show", "2", NO_COLOR="")


def test_a_ticket_is_shown_with_labels_ages_and_marks(cli: CommandLine) -> None:
    deliver(cli, MAIL, "ticket1-comment@tickets.localhost")
    output = cli.does("show", 1)
    assert output.startswith("Ticket 1: No boot\nStatus:     new\n")
    assert re.search(r"^Requestor: +ann@example.org$", output, re.MULTILINE)
    assert re.search(r"^Opened: +\d{4}-\d\d-\d\d \d\d:\d\d UTC, now$", output, re.MULTILINE)
    assert re.search(r"^#2  .* UTC, now  PRIVATE$", output, re.MULTILINE)
    assert "[photo.png, image/png, 2 KB]\n" in output
    deliver(cli, b"List-Id: <club.example>\n" + MAIL.replace(b"See", b"Saw"), "ticket1@tickets.localhost")
    assert re.search(r"^#3  .*  LIST$", cli.does("show", 1), re.MULTILINE)
    assert [message["listed"] for message in cli.json("show", 1)["messages"]] == [False, False, True]
    assert re.search(r"^#2  .*  PRIVATE  AUTOMATIC$", cli.does("show", 2), re.MULTILINE)


AWAY = b"From: ann@example.org\nSubject: =?utf-8?q?a=1B[2Jb=C2=9B2J=E2=80=AE?=\nAuto-Submitted: auto-replied\n\nAway.\n"
MAIL = (
    b"From: rob@example.org\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nSee it.\n"
    b"--b\nContent-Type: image/png; name=photo.png\nContent-Disposition: attachment; filename=photo.png\n\n"
    + b"x" * 1_999
    + b"\n\n--b--\n"
)


def test_long_prose_is_wrapped_on_a_terminal_alone(cli: CommandLine) -> None:
    assert f"{'word ' * 39}word\n" in cli.does("show", 2)
    output = on_terminal(cli, "show", "2", width=60, NO_COLOR="1")
    assert f"{'word ' * 11}word\n" in output
    assert (
        json.loads(on_terminal(cli, "show", "2", "--json", width=60))["messages"][0]["text"] == ("word " * 40).strip()
    )


def test_nobody_is_shown_an_age_of_what_they_may_not_see(cli: CommandLine) -> None:
    deliver(cli, MAIL, "ticket1-comment@tickets.localhost")
    assert "PRIVATE" not in cli.does("show", 1, "--as", ANN)
    assert "PRIVATE" in cli.does("show", 1, "--as", ROB)


def test_a_narrow_terminal_gets_less_of_each_ticket(cli: CommandLine) -> None:
    def headings(width: int) -> list[str]:
        return on_terminal(cli, "list", width=width, NO_COLOR="1").split("\n")[0].split()

    assert headings(60) == ["TICKET", "STATUS", "AGE", "REQUESTOR", "TITLE"]
    assert headings(40) == ["TICKET", "STATUS", "AGE", "TITLE"]
    assert headings(20) == ["TICKET", "TITLE"]
    cli.does("set", 1, "--assignee", ADMIN, "--as", ADMIN)
    assert "ASSIGNEE" in headings(80)


def test_an_argument_that_is_no_text_is_told_in_one_line(cli: CommandLine) -> None:
    result = subprocess.run(
        [TICKETS, "list", "--queue", b"\xff"],
        env={**os.environ, **cli.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (1, "'\\udcff' is no text in UTF-8.\n")


@pytest.mark.parametrize(
    "command", [("show", "9\x1b[2J"), ("forget", "person", "\x1b[2J"), ("backup", "/nope\x1b[2J/x"), ("\x1b[2J",)]
)
def test_no_error_says_an_argument_that_a_terminal_would_obey(cli: CommandLine, command: tuple[str, ...]) -> None:
    result = run_here(command, {**os.environ, **cli.environment})
    assert result.returncode in (1, 2)
    assert b"[2J" in result.stderr
    assert b"\x1b" not in result.stderr


def test_an_error_of_ours_is_told_in_its_sentence() -> None:
    assert in_one_line(NoSuchTicket("no_ticket", number=3)) == "There's no ticket 3."
    assert in_one_line(ValueError("first line\nsecond")) == "ValueError: first line"
    assert in_one_line(ValueError()) == "ValueError"
