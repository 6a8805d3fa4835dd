"""Claims about `tickets search` and the filters of `tickets list`, tried as an administrator would."""

import json
import os
import pty
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.test_commands import ANN, TICKET_KEYS, TICKETS, CommandLine

RON, BEA = "ron@example.org", "bea@example.org"


@pytest.fixture
def zoo(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A shared inbox with three tickets, and a private comment on the first."""
    cli = CommandLine(tmp_path, capsys, monkeypatch)
    cli.has_a_database()
    cli.does("person", "add", RON, "--name", "Ron")
    cli.does("responder", "add", RON, "--queue", "General")
    opened = ("open", "--queue", "General", "--from")
    cli.does(*opened, ANN, "--subject", "Zebra", "--text", "It has\nstripes.", "--date", "2020-01-01T23:30:00+00:00")
    cli.does(*opened, BEA, "--subject", "Horse", "--text", "No zebra.", "--date", "2020-01-02T12:00:00+00:00")
    cli.does(*opened, ANN, "--subject", "Größe", "--text", "大学の図書館", "--date", "2020-01-03")
    cli.does("act", 1, "Comment", "--as", RON, "--text", "secretly a zebroid", "--date", "2020-01-04")
    cli.does("deliver", "--to", "ticket1@tickets.localhost", stdin=PLAN)
    return cli


PLAN = (
    b"From: ann@example.org\nSubject: Re: Zebra\nMessage-ID: <1@x>\nDate: Sun, 5 Jan 2020 10:00:00 +0000\n"
    b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nSee the map.\n'
    b'--b\nContent-Type: application/pdf; name="zoo-map.pdf"\n\n%PDF\n--b--\n'
)


def numbers(cli: CommandLine, *arguments: object) -> list[int]:
    """The tickets that a command lists."""
    return [ticket["id"] for ticket in cli.json(*arguments)]


def test_a_ticket_is_two_lines_with_what_was_found(zoo: CommandLine) -> None:
    assert zoo.does("search", "zebra").splitlines() == [
        "1  new  2020-01-01  General: Zebra",
        "   #1 ann: It has stripes.",
        "2  new  2020-01-02  General: Horse",
        "   #1 bea: No zebra.",
    ]
    assert zoo.does("search", "zebroid").splitlines()[1] == "   #2 Ron [private]: secretly a zebroid"


def test_json_is_the_summary_with_what_was_found(zoo: CommandLine) -> None:
    [ticket] = zoo.json("search", "stripes")
    assert list(ticket) == [*TICKET_KEYS, "found"]
    assert ticket["found"] == {
        "number": 1,
        "sender": {"email": ANN, "name": ""},
        "date": "2020-01-01T23:30:00+00:00",
        "private": False,
        "snippet": "It has stripes.",
    }
    [listed] = [ticket for ticket in zoo.json("list") if ticket["id"] == 1]
    assert {key: ticket[key] for key in TICKET_KEYS} == listed
    assert zoo.json("search", "giraffe") == []


def test_every_form_of_a_word_is_found_and_exclusions_are_no_options(zoo: CommandLine) -> None:
    assert numbers(zoo, "search", "GROSSE") == [3]
    assert numbers(zoo, "search", "図書") == [3]
    assert numbers(zoo, "search", "zebra", "-horse") == [1]
    assert numbers(zoo, "search", "-horse", "zebra") == [1]
    assert zoo.does("search", "--", "zebra", "-horse").startswith("1  new")
    assert numbers(zoo, "search", '"no zebra"') == [2]
    assert sorted(numbers(zoo, "search", "stripes OR horse")) == [1, 2]
    assert numbers(zoo, "search", "map zoo") == [1]


def test_beginnings_and_what_else_there_is_are_told(zoo: CommandLine) -> None:
    assert zoo.does("search", "strip").splitlines()[0] == ("No exact matches. These come close:")
    assert zoo.does("search", "zebra", "--limit", "1").splitlines()[-1] == (
        "1 more ticket matches; --limit shows more than 1."
    )
    result = zoo.run("search", "zeb", "--limit", "1", "--json")
    assert len(json.loads(result.out)) == 1
    assert result.err.splitlines() == [
        "No exact matches. These come close:",
        "1 more ticket matches; --limit shows more than 1.",
    ]
    assert zoo.does("search", "giraffe") == "No matches.\n"


@pytest.mark.parametrize("question", ["!!", "-hello", '""', ""])
def test_without_a_word_there_is_one_line_and_an_empty_list(zoo: CommandLine, question: str) -> None:
    assert zoo.does("search", question) == "Nothing to search for.\n"
    result = zoo.run("search", question, "--json")
    assert (result.status, json.loads(result.out), result.err) == (0, [], "Nothing to search for.\n")


def test_without_a_word_a_search_says_what_it_needs(zoo: CommandLine) -> None:
    assert zoo.does("search", "-h") == zoo.does("search", "--help")
    result = zoo.run("search", "--from", ANN)
    assert result.status == 2
    assert "Name at least one word. Without words, tickets list takes the same filters." in result.err


@pytest.mark.parametrize("question", ["NOT", "a AND (b", "'; DROP TABLE ticket", "title:zebra*", "*", "%", "\\"])
def test_syntax_is_no_error(zoo: CommandLine, question: str) -> None:
    assert zoo.run("search", question).status == 0


def test_somebody_sees_what_they_may_see(zoo: CommandLine) -> None:
    assert numbers(zoo, "search", "zebra", "--as", ANN) == [1]
    assert numbers(zoo, "search", "zebroid", "--as", ANN) == []
    assert numbers(zoo, "search", "zebroid", "--as", RON) == [1]
    # The comment that Ann does not see leaves no gap in her numbers.
    assert zoo.json("search", "map", "--as", ANN)[0]["found"]["number"] == 2
    assert zoo.json("search", "map", "--as", RON)[0]["found"]["number"] == 3
    assert "nobody@example.org" in zoo.refuses("search", "zebra", "--as", "nobody@example.org")


@pytest.mark.parametrize(
    ("options", "listed"),
    [
        (("--from", ANN), [1, 3]),
        (("--from", RON), [1]),
        (("--since", "2020-01-03"), [1, 3]),
        (("--since", "2020-01-02", "--until", "2020-01-02"), [2]),
        (("--until", "2020-01-01"), [1]),
        (("--until", "2020-01-01T23:30:00+00:00"), [1]),
        (("--until", "2020-01-01T23:29"), []),
        (("--until", "2020-01-02T00:30:00+01:00"), [1]),
        (("--has", "attachment"), [1]),
        (("--has", "attachment", "--until", "2020-01-04"), []),
        (("--from", RON, "--until", "2020-01-03"), []),
        (("--queue", "questions"), []),
        (("--requestor", BEA), [2]),
        (("--status", "new"), [1, 2, 3]),
        (("--unassigned", "--since", "2020-01-02T12:00"), [1, 2, 3]),
    ],
)
def test_list_takes_what_one_message_fulfils(zoo: CommandLine, options: tuple[str, ...], listed: list[int]) -> None:
    assert numbers(zoo, "list", *options) == listed
    assert sorted(numbers(zoo, "search", "stripes OR zebra OR 大学 OR zebroid OR map", *options)) == listed


def test_a_search_finds_the_very_message_that_fulfils_its_filters(zoo: CommandLine) -> None:
    assert numbers(zoo, "search", "stripes", "--has", "attachment") == []
    assert numbers(zoo, "search", "map", "--has", "attachment", "--from", ANN) == [1]
    assert numbers(zoo, "search", "zebra", "--until", "2020-01-01") == [1]
    assert numbers(zoo, "search", "zebra", "--queue", "General", "--requestor", BEA) == [2]


def test_bad_filters_are_one_line(zoo: CommandLine) -> None:
    for command in (("list",), ("search", "zebra")):
        for option in ("--since=yesterday", "--until=2020-13-01", "--has=horns", "--since=0001-01-01T00:00+14:00"):
            result = zoo.run(*command, option)
            assert (result.status, result.out) == (2, "")
        assert "nobody@example.org" in zoo.refuses(*command, "--from", "nobody@example.org")
        assert "Stables" in zoo.refuses(*command, "--queue", "Stables")
        assert "asleep" in zoo.refuses(*command, "--status", "asleep")
    assert zoo.run("search").status == 2
    assert zoo.run("search", "zebra", "--limit", "0").status == 2


def test_words_are_bold_on_a_terminal_alone(zoo: CommandLine) -> None:
    zoo.does("search", "stripes")
    assert "\x1b" not in zoo.process("search", "stripes").stdout.decode()
    assert "It has \x1b[1mstripes\x1b[0m." in on_terminal(zoo, "stripes", TERM="xterm")
    assert "General: \x1b[1mZebra\x1b[0m" in on_terminal(zoo, "zebra", TERM="xterm")


@pytest.mark.parametrize("plain", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_nothing_is_bold_where_that_is_not_wanted(zoo: CommandLine, plain: dict[str, str]) -> None:
    assert "\x1b" not in on_terminal(zoo, "stripes", **{"TERM": "xterm", **plain})


def test_lines_are_cut_to_the_width_of_a_terminal_and_in_no_pipe(zoo: CommandLine) -> None:
    output = on_terminal(zoo, "stripes", TERM="xterm", COLUMNS="20").replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert output.split() == ["1", "new", "2020-01-01", "…", "#1", "ann:", "It", "has", "s…"]
    assert "General: Zebra" in zoo.process("search", "stripes", env={"COLUMNS": "20"}).stdout.decode()


def test_without_a_standard_output_a_search_is_no_error(zoo: CommandLine) -> None:
    result = zoo.process(shell='"$T" search stripes >&-')
    assert (result.returncode, result.stderr) == (0, b"")


def on_terminal(cli: CommandLine, question: str, **env: str) -> str:
    """What a terminal is sent."""
    far_end, terminal = pty.openpty()
    with os.fdopen(far_end, "rb", buffering=0) as screen:
        cli.process("search", question, capture_output=False, stdout=terminal, env=env)
        os.close(terminal)
        return screen.read(10_000).decode()


def test_what_strangers_wrote_cannot_steer_the_terminal(zoo: CommandLine) -> None:
    mail = b"From: =?utf-8?q?E=1B[2Jve?= <eve@x.example>\nSubject: =?utf-8?q?a=1B[2J_okapi?=\n\nw\x1b]0;t\x07 okapi\n"
    zoo.does("deliver", "--to", "hello@tickets.localhost", stdin=mail)
    assert "\x1b" not in zoo.does("search", "okapi")
    assert "\\u001b" not in zoo.does("search", "okapi", "--json")


def test_a_search_works_from_an_index_that_lacks_everything(zoo: CommandLine) -> None:
    zoo.does("search", "zebra")
    with closing(sqlite3.connect(zoo.path / "tickets.db")) as connection:
        connection.execute("DELETE FROM search")
        connection.execute("INSERT INTO search_due (message_id) SELECT id FROM message")
        connection.commit()
    assert numbers(zoo, "search", "zebra") == [1, 2]


def test_what_was_imported_is_in_the_index_already(zoo: CommandLine) -> None:
    box = zoo.path / "old.mbox"
    box.write_bytes(b"From x\nFrom: old@example.org\nSubject: Okapi\nMessage-ID: <9@x>\n\nA dry zebra.\n\n")
    assert "indexing" in zoo.json("import", box, "--queue", "General")["parts"]
    with closing(sqlite3.connect(zoo.path / "tickets.db")) as connection:
        assert connection.execute("SELECT * FROM search_due").fetchall() == []
    assert numbers(zoo, "search", "okapi dry") == [4]


def test_it_loads_no_letters_and_leaves_one_file(zoo: CommandLine) -> None:
    loads = 'import sys; from mail_tickets.cli import main\ntry: main(["search", "zebra"])\nexcept SystemExit: pass\n'
    loads += 'print([one for one in ("jinja2", "alembic", "salmon", "psycopg") if one in sys.modules], file=sys.stderr)'
    result = zoo.process(
        shell=f"{TICKETS.with_name('python')} - <<'E'\n{loads}\nE", cwd=Path(__file__).parent.parent.parent
    )
    assert result.stderr.decode().strip() == "[]"
    assert [path.name for path in zoo.path.glob("tickets.db*")] == ["tickets.db"]


def test_a_search_that_is_too_much_is_one_line(zoo: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    zoo.does("search", "zebra")
    monkeypatch.setattr("mail_tickets.cli.administration.search._SECONDS", 0.0)
    assert zoo.refuses("search", "zebra") == ("That search took too long. Try fewer or longer words.")


def test_words_that_do_not_count_are_told_on_standard_error(zoo: CommandLine) -> None:
    result = zoo.run("search", "zebra OR", *" OR ".join(f"w{number}*" for number in range(9)).split(), "--json")
    assert [ticket["id"] for ticket in json.loads(result.out)] == [1, 2]
    assert result.err == "We only looked for the first 32 words and 8 beginnings*.\n"


def test_while_another_process_writes_what_is_in_the_index_is_searched(zoo: CommandLine) -> None:
    zoo.does("search", "zebra")
    zoo.does("open", "--queue", "General", "--from", ANN, "--subject", "Zebra", "--text", "new")
    with closing(sqlite3.connect(zoo.path / "tickets.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        result = zoo.run("search", "zebra", "--json")
        assert zoo.run("search", "zebra").status == 0
        connection.execute("ROLLBACK")
    assert sorted(entry["id"] for entry in json.loads(result.out)) == [1, 2]
    assert (result.status, result.err) == (
        0,
        "The database is busy: some of the newest messages are not indexed yet.\n",
    )
    assert sorted(numbers(zoo, "search", "zebra")) == [1, 2, 4]
