"""Claims about the administrator's commands (docs/interface.md, section 9), tried as an administrator would."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
from click.testing import CliRunner
from salmon.routing import Router

from mail_tickets.cli import COMMANDS, GROUPS, main
from mail_tickets.cli.administration.queues import queue_set
from mail_tickets.cli.output.letter_display import parsed_letter
from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.records import queue_setup
from tests.support.command_line import check_command, command_named
from tests.support.sinks import Sink
from tests.support.world import make_database

TICKETS = Path(sys.executable).with_name("tickets")
ADMIN, ROB, ANN = "admin@example.org", "rob@example.org", "ann@example.org"
TICKET_KEYS = [
    *("id", "queue", "lifecycle", "title", "status", "priority", "requestor", "assignee", "participants"),
    *("merged_into", "created", "last_query", "last_response", "solved", "answerer", "answer"),
    *("reopens", "unsubscribed"),
]
MESSAGE_KEYS = [
    *("number", "message_id", "in_reply_to", "sender", "subject", "text", "full_text", "action", "new_status"),
    *("private", "automatic", "listed", "verified", "held", "via", "date", "received", "attachments", "writer"),
]
EVIL = (
    b'From: "Ev\x9bil\x1b[31m" <evil@example.org>\nSubject: =?utf-8?q?a=1B[2Jb=C2=9B2J=E2=80=AE=EF=BB=BFc?='
    b" =?utf-8?q?=E2=80=8Bd=F3=A0=81=81e?=\n"
    b"\nw\x1b]0;t\x07\xc2\x9b2J\n"
)


SWITCHES = {
    "acknowledge": False,
    "announce-resolved": False,
    "cc-from-responders": True,
    "cc-from-others": False,
    "digest": "off",
    "readers": "everyone",
    "language": "en",
}


def test_the_help_of_queue_set_names_every_switch() -> None:
    output = CliRunner().invoke(queue_set, ["--help"]).output
    assert set(SWITCHES) == set(queue_setup.SWITCHES)
    assert {name for name in SWITCHES if name not in output} == set()


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


class CommandLine:
    """Where commands are run: in this process, on a database of its own."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.environment = {
            "TICKETS_DATABASE_URL": f"sqlite:///{path}/tickets.db",
            "TICKETS_RELAY": f"maildir:{path}/letters",
            "TICKETS_LISTEN": "smtp://127.0.0.1:0",
        }
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def has_a_database(self) -> None:
        """What `tickets init` makes."""
        make_database(self.environment["TICKETS_DATABASE_URL"])

    def run(self, *arguments: object, stdin: bytes = b"") -> Done:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        output = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, output.out, output.err)

    def does(self, *arguments: object, stdin: bytes = b"") -> str:
        """A command that succeeds; what it printed."""
        result = self.run(*arguments, stdin=stdin)
        assert (result.status, result.err) == (0, ""), result
        return result.out

    def json(self, *arguments: object) -> Any:
        return json.loads(self.does(*arguments, "--json"))

    def refuses(self, *arguments: object, stdin: bytes = b"") -> str:
        """A command that ends with exit status 1 and one line; the line."""
        result = self.run(*arguments, stdin=stdin)
        assert (result.status, result.out) == (1, ""), result
        assert result.err.count("\n") == 1, result.err
        assert "Error:" not in result.err, result.err
        return result.err.strip()

    def process(self, *arguments: str, shell: str = "", **more: Any) -> "subprocess.CompletedProcess[bytes]":
        """A real process; `shell` is a command line in which "$T" is the command."""
        command: Any = ["bash", "-c", shell] if shell else [TICKETS, *arguments]
        environment = {**os.environ, "T": str(TICKETS), **self.environment, **more.pop("env", {})}
        options: dict[str, Any] = {"capture_output": True, "cwd": self.path, **more}
        return subprocess.run(command, env=environment, check=False, **options)


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """No database yet."""
    return CommandLine(tmp_path, capsys, monkeypatch)


@pytest.fixture
def cli(bare: CommandLine) -> CommandLine:
    """The first queues, General as a support tracker, an administrator, a responder and a ticket of Ann's."""
    return staffed(bare, "support")


@pytest.fixture
def inbox(bare: CommandLine) -> CommandLine:
    """The same with General as it is made: a shared inbox."""
    return staffed(bare, "correspondence")


# By lifecycle: a database before its first ticket, which the first test makes and the others copy.
BEFORE_THE_TICKET: dict[str, bytes] = {}


def staffed(bare: CommandLine, lifecycle: str) -> CommandLine:
    database = bare.path / "tickets.db"
    if lifecycle not in BEFORE_THE_TICKET:
        bare.has_a_database()
        if lifecycle != "correspondence":
            bare.does("queue", "set", "General", f"lifecycle={lifecycle}")
        bare.does("person", "add", ADMIN, "--name", "Ada Admin", "--admin")
        bare.does("person", "add", ROB, "--name", "Rob Responder")
        bare.does("responder", "add", ROB, "--queue", "General")
        BEFORE_THE_TICKET[lifecycle] = database.read_bytes()
    database.write_bytes(BEFORE_THE_TICKET[lifecycle])
    assert bare.does("open", "--queue", "general", "--from", ANN, "--subject", "No boot", "--text", "Help!") == "1\n"
    return bare


def deliver(cli: CommandLine, raw: bytes, to: str) -> Done:
    mail = cli.path / "mail"
    mail.write_bytes(raw)
    return cli.run("deliver", "--to", to, mail)


# --- All of them ---


def test_the_list_of_commands_says_what_each_command_says() -> None:
    for name, (_, summary) in COMMANDS.items():
        assert command_named(name).get_short_help_str(200) == summary


def test_nothing_typed_shows_what_there_is(bare: CommandLine) -> None:
    assert bare.does() == bare.does("--help")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(bare: CommandLine, name: str) -> None:
    assert bare.does(name, "--help").startswith(f"Usage: tickets {name} ")


def test_the_help_lists_every_command_in_one_of_six_groups(bare: CommandLine) -> None:
    assert list(GROUPS) == ["Run", "People and queues", "Tickets", "Archive", "Trouble", "For developers"]
    output = bare.does("--help")
    for group, commands in GROUPS.items():
        listed = output.partition(f"\n{group}:\n")[2].partition("\n\n")[0]
        assert [line.split()[0] for line in listed.splitlines() if line[2] != " "] == list(commands)


def leaf_commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield a command, or those of a group, by the words that one types."""
    if isinstance(command, click.Group):
        for sub_name, sub_command in command.commands.items():
            yield f"{name} {sub_name}", sub_command
    else:
        yield name, command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is(name: str) -> None:
    for words, command in leaf_commands(name, command_named(name)):
        options = [option for option in command.params if isinstance(option, click.Option)]
        assert [f"{words} {option.opts[0]}" for option in options if not option.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_help_can_be_typed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group has them in its own help or in that of its commands."""
    monkeypatch.chdir(tmp_path)
    group = command_named(name)
    texts = [command.help or "" for command in (group, *(command for _, command in leaf_commands(name, group)))]
    lines = [line for text in texts for line in text.splitlines() if re.match(r" +([A-Z_]+=\S* )?tickets ", line)]
    lines += [line for text in texts for line in re.findall(r"\$\((tickets .*)\)", text)]
    lines += [line for text in texts for line in re.findall(r"\S*/tickets expire.*", text)]
    assert lines
    for line in lines:
        check_command(line, tmp_path)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_commands(bare: CommandLine, shell: str) -> None:
    assert "_TICKETS_COMPLETE" in bare.does("completion", shell)


def test_completion_knows_commands_and_options(tmp_path: Path) -> None:
    def completes(line: str) -> list[str]:
        completion = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_TICKETS_COMPLETE": "bash_complete"}
        result = subprocess.run(
            [TICKETS], env=os.environ | completion, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
        )
        return [word.partition(",")[2] for word in result.stdout.split()]

    assert completes("tickets se") == ["serve", "service", "search", "set"]
    assert completes("tickets responder re") == ["remove"]
    assert completes("tickets lifecycle --f") == ["--format"]
    assert completes("tickets lifecycle --format m") == ["mermaid"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["import", "", "--queue", "General"],
        ["import", "--queue", "General", "--dry-run", ""],
        ["import", "mbox", "", "--queue", "General"],
        ["backup", ""],
        ["backup", "--force", ""],
        ["export", "--output", ""],
        ["export", "1", "--output="],
        ["torture", "--log", "", "--minutes", "0"],
    ],
    ids=" ".join,
)
def test_an_empty_path_is_wrong_usage_and_nothing_is_done(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    # A shell's variable that is not set; the empty path would be the working directory.
    folder = cli.path / "here"
    folder.mkdir()
    (folder / "1.eml").write_bytes(b"From: ann@example.org\nMessage-ID: <1@x>\nSubject: Old\n\nHello\n")
    monkeypatch.chdir(folder)
    result = cli.run(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"Usage: tickets {arguments[0]}")
    assert "Traceback" not in result.err
    assert [ticket["title"] for ticket in cli.json("list")] == ["No boot"]
    assert [path.name for path in folder.iterdir()] == ["1.eml"]


READING = [["list"], ["show", "1"], ["queue", "list"], ["person", "list"], ["responder", "list"], ["outbox"]]
READING += [["outbox", "list"], ["unmatched"], ["unmatched", "list"], ["raw", "1", "1"], ["expire"]]


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_without_a_database_a_command_says_what_to_do(bare: CommandLine, command: list[str]) -> None:
    assert bare.refuses(*command) == "No database yet. Run: tickets init"


@pytest.mark.parametrize("command", [command for command in READING if command[0] not in ("show", "raw")], ids=" ".join)
def test_every_listing_is_one_json_document(cli: CommandLine, command: list[str]) -> None:
    assert isinstance(cli.json(*command), list)


WRONG_USAGE: list[list[str]] = [
    ["nonsense"],
    ["show"],
    ["show", "one"],
    ["show", "-1"],
    ["show", "1_0"],
    ["list", "--bad"],
    ["open", "--queue", "General"],
    ["open", "--queue", "General", "--from", ANN, "--subject", "s", "--text", "t", "--date", "yesterday"],
    ["act", "1", "Comment"],
    ["set", "1", "--as", ROB],
    ["set", "1", "--as", ROB, "--priority", "high"],
    ["expire", "--days", "-1"],
    ["expire", "--days", "999999999999"],
    ["queue", "nonsense"],
    ["queue", "add"],
    ["queue", "set", "General", "lifecycle"],
    ["person", "add"],
    ["responder", "add", ROB],
    ["outbox", "retry", "x"],
    ["outbox", "list", "--state", "lost"],
    ["unmatched", "redeliver"],
    ["unmatched", "redeliver", "1", "--all"],
    ["unmatched", "dismiss"],
    ["lifecycle", "--format", "dot"],
]


@pytest.mark.parametrize("command", WRONG_USAGE, ids=" ".join)
def test_wrong_usage_ends_with_2(cli: CommandLine, command: list[str]) -> None:
    result = cli.run(*command)
    assert (result.status, result.out) == (2, "")
    assert "Error: " in result.err


HUGE = "9" * 30
REFUSED: list[tuple[list[str], str]] = [
    (["show", "2"], "There's no ticket 2."),
    (["show", "0"], "There's no number 0."),
    (["show", HUGE], "There's no number 9"),
    (["show", "1", "--as", "who@example.org"], "There's no ticket 1."),
    (["show", "1", "--as", ""], "There's no ticket 1."),
    (["raw", "1", "1"], "Message 1 of ticket 1 didn't come by email."),
    (["raw", "1", "2"], "Ticket 1 has no message 2."),
    (["raw", "1", HUGE], "There's no number 9"),
    (["raw", "2", "1"], "There's no ticket 2."),
    (
        ["list", "--status", "Lost"],
        'There\'s no status "Lost". Use new, open, stalled, resolved, rejected, Open,',
    ),
    (["list", "--queue", "Lost"], 'There\'s no queue called "Lost". Use General or Questions.'),
    (["list", "--queue", ""], 'There\'s no queue called ""'),
    (["list", "--requestor", "who@example.org"], "We don't know who@example.org."),
    (["list", "--assignee", "who@example.org"], "We don't know who@example.org."),
    (["open", "--queue", "Lost", "--from", ANN, "--subject", "s", "--text", "t"], 'There\'s no queue called "Lost"'),
    (
        ["open", "--queue", "General", "--from", "ann", "--subject", "s", "--text", "t"],
        '"ann" isn\'t an email address.',
    ),
    (
        ["open", "--queue", "General", "--from", ANN, "--subject", "s", "--text", "t", "--date", "2999-01-01"],
        "2999-01-01T00:00:00+00:00 can't be right: a date must lie between 1990 and now.",
    ),
    (["act", "2", "Comment", "--as", ROB], "There's no ticket 2."),
    (["act", "1", "Explode", "--as", ROB], 'There\'s no action "Explode". Use Request for more information,'),
    (["act", "1", "Comment", "--as", "who@example.org"], "We don't know"),
    (["act", "1", "Change status", "--as", ADMIN, "--status", "Lost"], 'There\'s no status "Lost"'),
    (["act", "1", "Change status", "--as", ADMIN], "Change status can make it Needs information,"),
    (["act", "1", "Change status", "--as", ROB, "--status", "Solved"], "an administrator"),
    (
        ["act", "1", "Reopen", "--as", ANN],
        "You can't use Reopen now: this ticket is Open. It works while a ticket is Answered, Solved or Expired.",
    ),
    (["act", "1", "Confirm", "--as", ANN], "You can't use Confirm yet: nobody has answered"),
    (["act", "1", "Answer", "--as", ROB, "--answer", "1"], "Answer names no answer."),
    (["act", "1", "Answer", "--as", ROB, "--answer", HUGE], "There's no number 9"),
    (["set", "2", "--subject", "s", "--as", ROB], "There's no ticket 2."),
    (["set", "1", "--subject", "s", "--as", ANN], f"{ANN} isn't on the General team"),
    (["set", "1", "--subject", " ", "--as", ROB], "A ticket needs a subject"),
    (["set", "1", "--assignee", ANN, "--as", ROB], f"{ANN} isn't on the General team. You can assign: "),
    (["set", "1", "--assignee", "who@example.org", "--as", ROB], "We don't know"),
    (["queue", "add", "General"], 'There\'s already a queue called "General". Choose another name.'),
    (
        ["queue", "add", "New", "--address", "hello"],
        "General. Choose another one, or remove it there first.",
    ),
    (["queue", "add", "New", "--address", ROB], "of Rob Responder. Choose one that nobody writes from."),
    (["queue", "add", "New", "--address", "ticket1"], "can't be a queue's address: the tracker itself uses it. Choose"),
    (["queue", "add", "New", "--lifecycle", "lost"], 'There\'s no lifecycle "lost". Use correspondence or support.'),
    (["queue", "add", "[New]"], "\"[New]\" can't be a queue's name"),
    (["queue", "set", "Lost", "lifecycle=support"], 'There\'s no queue called "Lost"'),
    (["queue", "set", "General", "colour=red"], 'There\'s no queue setting "colour"'),
    (["person", "add", "ann"], '"ann" isn\'t an email address.'),
    (["person", "alias", ANN, "rob"], '"rob" isn\'t an email address.'),
    (["queue", "set", "General", "acknowledge=maybe"], 'acknowledge can\'t be "maybe". Use on or off.'),
    (["queue", "set", "General", "lifecycle=lost"], 'There\'s no lifecycle "lost". Use correspondence or support.'),
    (["set", "1", "--queue", "Lost", "--as", ROB], 'There\'s no queue called "Lost"'),
    (["set", "1", "--queue", "Questions", "--as", ANN], f"{ANN} isn't on the General team"),
    (["set", "1", "--participant", "eve", "--as", ROB], '"eve" isn\'t an email address.'),
    (["person", "alias", "who@example.org", "x@example.org"], "We don't know"),
    (["responder", "add", ANN, "--queue", "Lost"], 'There\'s no queue called "Lost"'),
    (["responder", "remove", ANN, "--queue", "General"], f"{ANN} isn't on the General team, and doesn't read General."),
    (["responder", "list", "--queue", "Lost"], 'There\'s no queue called "Lost"'),
    (["outbox", "retry", "99"], "No email 99 is waiting or failed."),
    (["outbox", "retry", HUGE], "There's no number 9"),
    (["unmatched", "show", "99"], "No email 99 is set aside."),
    (["unmatched", "show", HUGE], "There's no number 9"),
    (["unmatched", "redeliver", "99"], "No email 99 is set aside."),
    (["unmatched", "redeliver", "99", "--to", "x@elsewhere.example"], "x@elsewhere.example: We only accept mail for"),
    (["unmatched", "dismiss", "99"], "No email 99 is set aside."),
    (["lifecycle", "lost"], 'There\'s no lifecycle "lost". Use correspondence or support.'),
]


def test_what_cannot_be_done_ends_with_1_and_one_line(cli: CommandLine) -> None:
    def state() -> list[Any]:
        return [cli.json("show", 1), cli.json("queue", "list"), cli.json("person", "list")]

    before = state()
    for command, line in REFUSED:
        assert line in cli.refuses(*command), command
        assert state() == before, command


# --- init, queues and people ---


def test_init_makes_the_first_queues_once(bare: CommandLine) -> None:
    assert bare.does("init").startswith("Created sqlite:///")
    assert bare.does("init").startswith("Up to date: sqlite:///")
    assert bare.json("queue", "list") == [
        {
            "name": "General",
            "lifecycle": "correspondence",
            "addresses": ["hello@tickets.localhost", "support@tickets.localhost"],
            **SWITCHES,
        },
        {"name": "Questions", "lifecycle": "support", "addresses": ["questions@tickets.localhost"], **SWITCHES},
    ]


def test_init_where_nothing_can_be_written_says_so(bare: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare.path / "file").touch()
    monkeypatch.setenv("TICKETS_DATABASE_URL", f"sqlite:///{bare.path}/file/tickets.db")
    assert re.fullmatch(r"(File exists|Not a directory): .*/file.*", bare.refuses("init"))


def test_a_database_that_cannot_be_reached_is_one_line_without_the_password(
    bare: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKETS_DATABASE_URL", "postgresql://a:secret@127.0.0.1:1/t")
    line = bare.refuses("list")
    assert line.startswith("The database cannot be used: connection failed")
    assert "secret" not in line


def test_a_queue_is_added_changed_and_listed(cli: CommandLine) -> None:
    cli.does("queue", "add", "Ubuntu", "--address", "Ubuntu", "--address", "help@ubuntu.example")
    cli.does("queue", "set", "ubuntu", "name=Ubuntu Linux", "address=linux")
    assert cli.json("queue", "list")[-1] == {
        "name": "Ubuntu Linux",
        "lifecycle": "correspondence",
        "addresses": ["ubuntu@tickets.localhost", "help@ubuntu.example", "linux@tickets.localhost"],
        **SWITCHES,
    }
    assert "Ubuntu Linux" in cli.does("queue", "list")


def test_a_queue_has_the_lifecycle_that_is_asked_for(cli: CommandLine) -> None:
    cli.does("queue", "add", "Ubuntu", "--lifecycle", "support")
    assert cli.json("queue", "list")[-1] == {"name": "Ubuntu", "lifecycle": "support", "addresses": [], **SWITCHES}


def test_the_rules_of_a_queue_are_switched(cli: CommandLine) -> None:
    cli.does("queue", "set", "General", "acknowledge=on", "announce-resolved=YES", "cc-from-responders=off")
    switched = {"acknowledge": True, "announce-resolved": True, "cc-from-responders": False, "cc-from-others": False}
    assert switched.items() <= cli.json("queue", "list")[0].items()
    assert SWITCHES.items() <= cli.json("queue", "list")[1].items()
    lines = cli.does("queue", "list").splitlines()
    assert lines[1].endswith("  acknowledge=on announce-resolved=on cc-from-responders=off")
    assert lines[2].endswith("questions@tickets.localhost")
    cli.does("queue", "set", "general", "acknowledge=off")
    assert cli.json("queue", "list")[0]["acknowledge"] is False


def test_a_queue_without_address_has_none(cli: CommandLine) -> None:
    assert cli.does("queue", "add", "Quiet") == "Added the queue Quiet (no address)\n"


def test_people_are_added_and_have_more_than_one_address(cli: CommandLine) -> None:
    cli.does("person", "alias", ROB, "rob@home.example")
    cli.does("person", "add", "ROB@home.example", "--name", "Robert", "--admin")
    assert {
        "email": ROB,
        "name": "Robert",
        "administrator": True,
        "known": True,
        "addresses": [ROB, "rob@home.example"],
        "undeliverable": None,
        "access": True,
    } in cli.json("person", "list")
    assert re.search(r"rob@example.org +Robert +administrator +rob@home.example", cli.does("person", "list"))


def test_a_person_can_be_made_no_administrator_and_shut_out(cli: CommandLine) -> None:
    cli.does("person", "add", "eve@example.org", "--name", "Eve", "--admin")
    output = cli.does("person", "set", "eve@example.org", "--no-admin", "--no-access")
    assert output == "Saved Eve <eve@example.org>: known, may not log in, no longer an admin\n"
    [eve] = [person for person in cli.json("person", "list") if person["email"] == "eve@example.org"]
    assert (eve["administrator"], eve["access"]) == (False, False)
    assert "may see nothing here" in cli.refuses("login", "eve@example.org")
    cli.does("person", "set", "eve@example.org", "--access", "--admin")
    assert "http" in cli.does("login", "eve@example.org")
    assert cli.run("person", "set", "eve@example.org").status == 2
    assert "We don't know nobody@example.org." in cli.refuses("person", "set", "nobody@example.org", "--admin")


def test_two_persons_who_are_one_become_one(cli: CommandLine) -> None:
    """With all that the other had: their tickets, what they wrote, their queues and their rights."""
    new, home = "sam@example.org", "sam@home.example"
    cli.does("person", "add", new, "--name", "Sam")
    cli.does("open", "--queue", "General", "--from", home, "--subject", "Two", "--text", "t")
    cli.does("set", 1, "--participant", home, "--as", ROB)
    cli.does("set", 1, "--participant", new, "--as", ROB)
    cli.does("responder", "add", home, "--queue", "Questions")
    cli.does("responder", "add", new, "--queue", "Questions")
    cli.does("responder", "add", home, "--queue", "General")
    cli.does("person", "add", home, "--admin")
    assert cli.does("person", "alias", new, home) == f"Linked {home} to Sam <{new}>\n"
    sams = [person for person in cli.json("person", "list") if new in person["addresses"]]
    sam = {"email": new, "name": "Sam"}
    rights = {"administrator": True, "known": True, "undeliverable": None, "access": True}
    assert sams == [{**sam, **rights, "addresses": [new, home]}]
    assert cli.json("show", 1)["participants"] == [sam]
    assert cli.json("show", 2)["requestor"] == cli.json("show", 2)["messages"][0]["sender"] == sam
    answering = [responder["queue"] for responder in cli.json("responder", "list") if responder["email"] == new]
    assert answering == ["General", "Questions"]
    assert cli.json("list", "--requestor", home) == cli.json("list", "--requestor", new) != []
    # Once more changes nothing, nor does naming them the other way round.
    before = cli.json("person", "list")
    cli.does("person", "alias", new, home)
    cli.does("person", "alias", home, new)
    assert cli.json("person", "list") == before


def test_responders_come_and_go(cli: CommandLine) -> None:
    assert cli.does("responder", "add", "new@example.org", "--queue", "questions") == (
        "Added new@example.org to the Questions team\n"
    )
    assert cli.json("responder", "list", "--queue", "Questions") == [
        {"queue": "Questions", "email": "new@example.org", "name": "", "reader": False}
    ]
    number = cli.does("open", "--queue", "Questions", "--from", ANN, "--subject", "Help", "--text", "It burns.").strip()
    assert cli.does("responder", "add", "late@example.org", "--queue", "questions") == (
        f"Added late@example.org to the Questions team\nWaiting there: #{number}\n"
    )
    for email in ("new@example.org", "late@example.org"):
        cli.does("responder", "remove", email, "--queue", "Questions")
    assert cli.json("responder", "list") == [
        {"queue": "General", "email": ROB, "name": "Rob Responder", "reader": False}
    ]


# --- Tickets ---


def test_open_prints_the_number_and_reads_the_text_from_standard_input(cli: CommandLine) -> None:
    options = [
        "--queue",
        "Questions",
        "--from",
        "Eve@example.org",
        "--subject",
        " a\nb ",
        "--date",
        "2020-05-05T01:00+02:00",
    ]
    assert cli.does("open", *options, "--text", "-", stdin="日本語 €\r\nzwei\n\n".encode()) == "2\n"
    ticket = cli.json("show", 2)
    assert (ticket["title"], ticket["requestor"]["email"]) == ("a b", "Eve@example.org")
    assert ticket["messages"][0]["text"] == "日本語 €\nzwei"
    assert ticket["created"] == ticket["last_query"] == ticket["messages"][0]["date"] == "2020-05-04T23:00:00+00:00"


def test_standard_input_that_is_no_utf_8_is_read_as_can_be(cli: CommandLine) -> None:
    cli.does("act", 1, "Comment", "--as", ROB, "--text", "-", stdin=b"caf\xe9 \xff\n")
    assert cli.json("show", 1)["messages"][1]["text"] == "café ÿ"


def test_a_ticket_is_shown_with_exactly_the_keys_of_the_interface(cli: CommandLine) -> None:
    cli.does("set", 1, "--assignee", ROB, "--as", ADMIN)
    shown_ticket = cli.json("show", 1)
    assert list(shown_ticket) == [*TICKET_KEYS, "messages", "changes"]
    assert list(shown_ticket["messages"][0]) == MESSAGE_KEYS
    assert list(shown_ticket["changes"][0]) == ["at", "by", "field", "old", "new"]
    assert list(cli.json("show", 1, "--as", ANN)) == [*TICKET_KEYS, "messages", "changes", "reply"]
    assert [list(ticket) for ticket in cli.json("list")] == [TICKET_KEYS]
    assert {name: shown_ticket[name] for name in TICKET_KEYS} == cli.json("list")[0]


def test_show_as_somebody_says_what_their_reply_would_do(cli: CommandLine) -> None:
    expected = {
        ANN: {"as": "requestor", "action": "Give more information", "status": "Open"},
        ROB: {"as": "responder", "action": "Answer", "status": "Answered"},
    }
    for email, reply in expected.items():
        assert cli.json("show", 1, "--as", email)["reply"] == reply
    assert cli.does("show", 1, "--as", ANN).endswith(
        f"If {ANN} replies (requestor): Give more information. It stays Open.\n"
    )
    assert cli.does("show", 1, "--as", ROB).endswith(
        f"If {ROB} replies (responder): Answer. The ticket goes from Open to Answered.\n"
    )


def test_show_as_a_stranger_is_as_if_there_were_none(cli: CommandLine) -> None:
    deliver(cli, b"From: stranger@example.org\nSubject: x\n\nhello\n", "ticket1@tickets.localhost")
    assert cli.refuses("show", 1, "--as", "stranger@example.org") == cli.refuses("show", 1, "--as", "no@body.org")
    assert [message["private"] for message in cli.json("show", 1, "--as", ROB)["messages"]] == [False, True]
    assert len(cli.json("show", 1, "--as", ANN)["messages"]) == 1


def test_list_lets_through_what_is_asked_for(cli: CommandLine) -> None:
    cli.does("open", "--queue", "Questions", "--from", "eve@example.org", "--subject", "Two", "--text", "t")
    cli.does("set", 1, "--assignee", ROB, "--as", ROB)

    def listed(*options: str) -> list[int]:
        return [ticket["id"] for ticket in cli.json("list", *options)]

    assert listed() == [1, 2]
    assert listed("--queue", "questions") == [2]
    assert listed("--status", "open") == [1, 2]
    assert listed("--status", "Solved") == []
    assert listed("--requestor", ANN) == [1]
    assert listed("--assignee", ROB) == [1]
    assert listed("--unassigned") == [2]
    assert listed("--unassigned", "--queue", "General") == []
    assert cli.does("list").splitlines()[1].split() == ["1", "Open", "now", "General", ROB, ANN, "No", "boot"]


def test_act_takes_any_action_by_its_title(cli: CommandLine) -> None:
    assert cli.does("act", 1, "request for MORE information", "--as", ROB, "--text", "Which?") == (
        "Ticket 1 is now Needs information\n"
    )
    cli.does("act", 1, "Answer", "--as", ROB, "--text", "This.")
    cli.does("act", 1, "Answer", "--as", ADMIN, "--text", "Or that.")
    cli.does("act", 1, "Confirm", "--as", ANN, "--answer", 3, "--text", "-", stdin=b"Thanks")
    ticket = cli.json("show", 1)
    assert (ticket["status"], ticket["answer"], ticket["answerer"]["email"]) == ("Solved", 3, ROB)
    cli.does("act", 1, "Change status", "--as", ADMIN, "--status", "invalid")
    assert cli.json("show", 1)["status"] == "Invalid"


def test_set_changes_what_is_named_and_records_it(cli: CommandLine) -> None:
    assert cli.does("set", 1, "--assignee", ADMIN, "--subject", "New", "--as", ROB) == (
        "Ticket 1: subject and assignee changed\n"
    )
    assert cli.does("set", 1, "--subject", "New", "--as", ROB) == "Ticket 1: nothing changed\n"
    assert cli.does("set", 1, "--assignee", "Nobody", "--as", ROB) == "Ticket 1: assignee changed\n"
    changes = [(change["field"], change["old"], change["new"]) for change in cli.json("show", 1)["changes"]]
    assert changes == [("subject", "No boot", "New"), ("assignee", None, ADMIN), ("assignee", ADMIN, None)]


def test_a_shared_inbox_is_worked_by_command(inbox: CommandLine) -> None:
    eve = "eve@example.org"
    inbox.does("person", "add", eve)
    assert inbox.json("show", 1, "--as", ANN)["reply"] == {"as": "requestor", "action": "Reply", "status": "new"}
    assert inbox.json("show", 1, "--as", ROB)["reply"] == {"as": "responder", "action": "Reply", "status": "open"}
    # Who is known and not on the ticket sees none.
    assert inbox.refuses("show", 1, "--as", eve) == "There's no ticket 1."
    assert inbox.does("act", 1, "reply", "--as", ROB, "--text", "Off and on.") == "Ticket 1 is now open\n"
    assert inbox.json("show", 1)["last_response"] is not None
    assert "the requestor" in inbox.refuses("act", 1, "Change status", "--status", "resolved", "--as", eve)
    assert "can't make this ticket stalled. It's open" in inbox.refuses(
        "act", 1, "Change status", "--status", "stalled", "--as", ANN
    )
    inbox.does("act", 1, "Change status", "--status", "RESOLVED", "--as", ANN)
    ticket = inbox.json("show", 1)
    assert (ticket["status"], ticket["solved"]) == ("resolved", ticket["messages"][-1]["date"])
    inbox.does("act", 1, "Reply", "--as", ANN, "--text", "Not yet.")
    assert (inbox.json("show", 1)["status"], inbox.json("show", 1)["solved"]) == ("open", None)
    inbox.does("act", 1, "Change status", "--status", "stalled", "--as", ROB)
    assert inbox.json("show", 1)["status"] == "stalled"
    assert 'no action "Answer". Use Reply, Comment or Change status.' in inbox.refuses("act", 1, "Answer", "--as", ROB)
    assert inbox.does("expire", "--days", "0") == "No tickets expired\n"


def test_what_a_participant_writes_is_no_response(inbox: CommandLine) -> None:
    """Were it one, a ticket that nobody answered would not be new any more wherever it moved."""
    inbox.does("set", 1, "--participant", "pia@example.org", "--as", ROB)
    inbox.does("act", 1, "Reply", "--as", "pia@example.org", "--text", "Same here.")
    ticket = inbox.json("show", 1)
    assert (ticket["status"], ticket["last_response"]) == ("new", None)
    assert ticket["last_query"] == ticket["messages"][-1]["date"]


def test_somebody_is_let_in_by_command(inbox: CommandLine) -> None:
    eve = "eve@example.org"
    assert inbox.does("set", 1, "--participant", eve, "--as", ROB) == "Ticket 1: participant changed\n"
    assert inbox.does("set", 1, "--participant", eve, "--as", ROB) == "Ticket 1: nothing changed\n"
    assert inbox.json("show", 1, "--as", eve)["reply"] == {"as": "participant", "action": "Reply", "status": "new"}
    assert inbox.json("show", 1)["participants"] == [{"email": eve, "name": ""}]


def test_a_ticket_that_moves_to_another_queue_gets_a_status_of_its_lifecycle(inbox: CommandLine) -> None:
    assert inbox.does("set", 1, "--queue", "questions", "--as", ROB) == (
        "Ticket 1: queue, status and participant changed\n"
        "Nobody is on the Questions team yet, so nobody there reads this ticket. The admins are told.\n"
    )
    ticket = inbox.json("show", 1)
    assert (ticket["queue"], ticket["lifecycle"], ticket["status"]) == ("Questions", "support", "Open")
    changes = [(change["field"], change["old"], change["new"]) for change in ticket["changes"]]
    assert changes == [("queue", "General", "Questions"), ("status", "new", "Open"), ("participant", None, ROB)]
    inbox.does("set", 1, "--queue", "General", "--as", ADMIN)
    assert inbox.json("show", 1)["status"] == "new"
    assert [ticket["id"] for ticket in inbox.json("list", "--status", "NEW")] == [1]


def test_the_tickets_of_a_queue_move_with_its_lifecycle(inbox: CommandLine) -> None:
    inbox.does("open", "--queue", "General", "--from", ANN, "--subject", "Two", "--text", "t")
    inbox.does("act", 2, "Reply", "--as", ROB, "--text", "Off and on.")
    statuses: list[list[str]] = []
    for lifecycle in ("support", "correspondence"):
        inbox.does("queue", "set", "General", f"lifecycle={lifecycle}")
        statuses.append([ticket["status"] for ticket in inbox.json("list")])
    assert statuses == [["Open", "Open"], ["new", "open"]]


def test_a_status_is_listed_in_every_lifecycle(inbox: CommandLine) -> None:
    inbox.does("open", "--queue", "Questions", "--from", ANN, "--subject", "Two", "--text", "t")
    inbox.does("act", 1, "Reply", "--as", ROB, "--text", "Off and on.")
    assert [ticket["status"] for ticket in inbox.json("list", "--status", "open")] == ["open", "Open"]


def test_expire_lets_expire_what_nobody_posted_on(cli: CommandLine) -> None:
    cli.does("open", "--queue", "General", "--from", ANN, "--subject", "Old", "--text", "t", "--date", "2020-01-01")
    assert cli.json("expire") == [2]
    assert cli.does("expire") == "No tickets expired\n"
    assert cli.json("show", 2)["status"] == "Expired"
    assert cli.does("expire", "--days", "0") == "Ticket 1 expired\n"


def test_raw_is_what_came(cli: CommandLine) -> None:
    raw = b"From: ann@example.org\r\nSubject: \xe9\n\nA\x00\x1b\xff"
    assert deliver(cli, raw, "ticket1@tickets.localhost").status == 0
    assert cli.process("raw", "1", "2").stdout == raw


# --- Letters and mail set aside ---


def test_the_outbox_lists_sends_and_retries(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    [letter] = cli.json("outbox", "list")
    assert list(letter) == ["id", "ticket", "to", "subject", "state", "attempts", "next", "error"]
    assert (letter["to"], letter["state"], letter["attempts"]) == (ROB, "waiting", 0)
    assert cli.json("outbox") == [letter]
    monkeypatch.setenv("TICKETS_RELAY", "smtp://127.0.0.1:1")
    result = cli.run("outbox", "send")
    assert (result.status, result.out, "Connection refused" in result.err) == (1, "0 emails sent\n", True)
    assert cli.json("outbox", "list", "--state", "waiting")[0]["attempts"] == 1
    monkeypatch.setenv("TICKETS_RELAY", f"maildir:{cli.path}/letters")
    assert cli.does("outbox", "retry", 1) == "1 email will be sent now\n"
    assert cli.does("outbox", "send") == "1 email sent\n"
    assert cli.json("outbox", "list", "--state", "sent")[0]["next"] is None
    assert len(list((cli.path / "letters" / "new").iterdir())) == 1
    assert cli.does("outbox", "retry") == "0 emails will be sent now\n"


def test_letters_that_are_refused_do_not_keep_others_from_leaving(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(24):
        cli.does("open", "--queue", "General", "--from", ANN, "--subject", "s", "--text", "t")
    with Sink(script={"RCPT": ["550 5.1.1 no"] * 22}) as sink:
        monkeypatch.setenv("TICKETS_RELAY", sink.url)
        assert cli.does("outbox", "send") == "3 emails sent\n"
    assert [letter["state"] for letter in cli.json("outbox")] == ["failed"] * 22 + ["sent"] * 3


def test_mail_set_aside_is_listed_shown_redelivered_and_dismissed(cli: CommandLine) -> None:
    raw = b"From: Ann <ann@example.org>\r\nSubject: To nobody\r\n\r\nhello\xff\r\n"
    assert deliver(cli, raw, "sales@tickets.localhost").status == 0
    assert deliver(cli, raw, "other@tickets.localhost").status == 0
    first, second = cli.json("unmatched")
    assert list(first) == ["id", "to", "from", "subject", "received", "reason"]
    assert (first["to"], first["from"], first["subject"]) == ("sales@tickets.localhost", ANN, "To nobody")
    assert cli.process("unmatched", "show", str(first["id"])).stdout == raw
    assert "set aside (no such address)" in cli.does("unmatched", "redeliver", first["id"])
    cli.does("queue", "set", "General", "address=sales")
    assert cli.does("unmatched", "redeliver", first["id"]) == f"{first['id']}: opened on ticket 2\n"
    cli.does("unmatched", "dismiss", second["id"])
    assert cli.json("unmatched", "list") == []


# --- deliver ---


def test_deliver_stores_what_a_pipe_brings(cli: CommandLine) -> None:
    mail = b"From: ann@example.org\nTo: ticket1@tickets.localhost\nSubject: x\n\nmore\n"
    assert cli.process("deliver", input=mail).returncode == 0
    assert cli.json("show", 1)["messages"][1]["text"] == "more"
    assert cli.process("deliver", "--from", "", "--to", "hello@tickets.localhost", "-", input=mail).returncode == 0
    assert cli.process("deliver", "--to", "hello@tickets.localhost", "-", input=b"\n").returncode == 0


def test_deliver_finds_its_recipient_in_the_environment_of_a_pipe(cli: CommandLine) -> None:
    mail = b"From: ann@example.org\nTo: list@elsewhere.example\nSubject: x\n\nmore\n"
    result = cli.process("deliver", input=mail, env={"RECIPIENT": "ticket1@tickets.localhost"})
    assert result.returncode == 0
    assert cli.json("show", 1)["messages"][1]["text"] == "more"


@pytest.mark.parametrize("null", ["<>", ""])
def test_deliver_takes_an_empty_sender_as_that_of_an_automatic_mail(cli: CommandLine, null: str) -> None:
    mail = b"From: ann@example.org\nSubject: x\n\nI am away.\n"
    cli.does("deliver", "--from", null, "--to", "ticket1@tickets.localhost", stdin=mail)
    assert cli.json("show", 1)["messages"][1]["automatic"] is True


@pytest.mark.parametrize(
    ("arguments", "change", "status"),
    [
        (["--to", "nobody@tickets.localhost"], {"TICKETS_UNMATCHED": "reject"}, 67),
        (["--to", "ticket99@tickets.localhost"], {"TICKETS_UNMATCHED": "reject"}, 67),
        (["--to", "hello@elsewhere.example"], {"TICKETS_UNMATCHED": "reject"}, 67),
        (["--to", "hello@tickets.localhost"], {"TICKETS_UNMATCHED": "reject"}, 0),
        ([], {"TICKETS_WORKERS": "many"}, 75),
        ([], {"TICKETS_NONSENSE": "x"}, 75),
        ([], {"TICKETS_DATABASE_URL": "sqlite:////nowhere/t.db"}, 75),
        ([], {"TICKETS_DATABASE_URL": "postgresql://127.0.0.1:1/t"}, 75),
        (["--bad"], {}, 75),
        (["one", "two"], {}, 75),
        (["/nowhere/mail"], {}, 75),
        (["/"], {}, 75),
        ([""], {}, 75),
    ],
    ids=str,
)
def test_deliver_never_ends_with_1_or_2(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, arguments: list[str], change: dict[str, str], status: int
) -> None:
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    mail = b"From: ann@example.org\nTo: hello@tickets.localhost\n\nhi\n"
    assert cli.run("deliver", *arguments, stdin=mail).status == status


@pytest.mark.parametrize("stdin", ["<&-", "</dev/null"], ids=str)
def test_deliver_without_a_mail_is_tried_again(cli: CommandLine, stdin: str) -> None:
    result = cli.process(shell=f'"$T" deliver {stdin}')
    assert result.returncode == 75
    assert b"Traceback" not in result.stderr


LIMIT = 10_000


def large(size: int) -> bytes:
    head = b"From: ann@example.org\nTo: hello@tickets.localhost\nSubject: Large\n\n"
    return head + b"x" * (size - len(head))


@pytest.mark.parametrize("place", ["pipe", "file"])
def test_deliver_takes_a_mail_up_to_the_limit_and_no_larger_one(cli: CommandLine, place: str) -> None:
    limit = {"TICKETS_MAX_MESSAGE_BYTES": str(LIMIT)}

    def delivers(size: int) -> "subprocess.CompletedProcess[bytes]":
        if place == "pipe":
            return cli.process("deliver", input=large(size), env=limit)
        (cli.path / "mail").write_bytes(large(size))
        return cli.process("deliver", str(cli.path / "mail"), env=limit)

    for size in (LIMIT + 1, 100 * LIMIT):
        result = delivers(size)
        assert (result.returncode, result.stdout) == (69, b"")
        assert result.stderr == (
            b"This email is too big (limit 10000 bytes). Send it without its large files, or raise "
            b"TICKETS_MAX_MESSAGE_BYTES.\n"
        )
    assert [ticket["title"] for ticket in cli.json("list")] == ["No boot"]
    assert delivers(LIMIT).returncode == 0
    assert [ticket["title"] for ticket in cli.json("list")] == ["No boot", "Large"]


@pytest.mark.parametrize("command", ['"$T" deliver /dev/zero', '"$T" deliver </dev/zero', 'yes | "$T" deliver -'])
def test_deliver_reads_no_more_than_the_limit_of_what_never_ends(cli: CommandLine, command: str) -> None:
    # Without a bound it would need as much memory as there is.
    result = cli.process(shell=f"ulimit -v 2000000; {command}", timeout=60)
    assert result.returncode == 69
    assert b"too big (limit 26214400 bytes)" in result.stderr
    assert result.stderr.count(b"\n") == 1


def test_deliver_with_a_fault_of_ours_is_tried_again(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> None:
        sys.exit(1)

    monkeypatch.setattr(Router, "deliver", fails)
    assert deliver(cli, b"From: a@b.org\n\nhi", "hello@tickets.localhost").status == 75


# --- The terminal ---


def test_what_a_sender_wrote_never_controls_the_terminal(cli: CommandLine) -> None:
    cli.does("person", "add", "evil@example.org")
    assert deliver(cli, EVIL, "hello@tickets.localhost").status == 0
    assert deliver(cli, EVIL, "nobody@tickets.localhost").status == 0
    commands = ["list"], ["show", 2], ["outbox"], ["unmatched"], ["person", "list"]
    for command in (*commands, *([*command, "--json"] for command in commands)):
        out = cli.does(*command)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\ufeff\U000e0041]", out), command
    assert "\x9b" in cli.json("show", 2)["messages"][0]["text"]


def test_a_broken_pipe_is_quiet(cli: CommandLine) -> None:
    for _ in range(40):
        cli.does("act", 1, "Comment", "--as", ROB, "--text", "words " * 50)
    deliver(cli, b"From: ann@example.org\n\n" + b"x" * 200_000, "hello@tickets.localhost")
    for command in ("list", "show 1", "outbox --json", "person list", "raw 2 1", "lifecycle"):
        result = cli.process(shell=f'"$T" {command} | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}')
        assert (result.stdout, result.stderr) == (b"0\n", b""), command


def test_output_that_cannot_be_written_is_one_line(cli: CommandLine) -> None:
    deliver(cli, b"From: ann@example.org\n\n" + b"x" * 200_000, "hello@tickets.localhost")
    for command in ("list", "raw 2 1"):
        result = cli.process(shell=f'"$T" {command} >/dev/full')
        assert (result.returncode, result.stderr) == (1, b"No space left on device\n"), command
        result = cli.process(shell=f'"$T" {command} >&-')
        assert result.stderr.count(b"\n") == (command != "list"), command


def test_a_terminal_without_utf_8_gets_what_it_can_show(cli: CommandLine) -> None:
    cli.does("set", 1, "--subject", "€ 日本 🎉", "--as", ROB)
    old = {"PYTHONIOENCODING": "iso-8859-1"}
    result = cli.process("show", "1", env=old)
    assert (result.returncode, b"\\u20ac" in result.stdout) == (0, True)
    assert json.loads(cli.process("show", "1", "--json", env=old).stdout)["title"] == "€ 日本 🎉"


def test_commands_work_from_everywhere(cli: CommandLine) -> None:
    (cli.path / "config").mkdir()
    (cli.path / "config" / "__init__.py").write_text("raise SystemExit('not ours')")
    assert cli.process("show", "1", cwd=cli.path).returncode == 0
    assert cli.process("list", cwd="/").returncode == 0


def test_a_command_leaves_one_file_that_can_be_copied(cli: CommandLine) -> None:
    mail = b"From: ann@example.org\nTo: nobody@tickets.localhost\n\nhi\n"
    commands = [["init"], ["deliver"], ["unmatched", "redeliver", "--all"], ["outbox", "send"], ["doctor"], ["list"]]
    for command in commands:
        # No server runs, which the doctor finds wrong.
        assert cli.process(*command, input=mail).returncode == (command == ["doctor"])
        assert [path.name for path in cli.path.glob("tickets.db*")] == ["tickets.db"], command


# --- lifecycle ---


@pytest.mark.parametrize("name", LIFECYCLES)
def test_the_lifecycle_is_printed_without_a_database(bare: CommandLine, name: str) -> None:
    life = LIFECYCLES[name]
    table = bare.does("lifecycle", name)
    assert all(f"| {status} " in table for status in life.statuses)
    assert "stateDiagram-v2" in bare.does("lifecycle", name, "--format", "mermaid")
    document = json.loads(bare.does("lifecycle", name, "--format", "json"))
    assert document["statuses"] == list(life.statuses)
    assert len(document["rows"]) == len(life.rules)
    assert len(document["defaults"]) == len(life.statuses) * len(document["roles"])
    assert json.loads(bare.does("lifecycle", name, "--json")) == document
    assert not list(bare.path.iterdir())


def test_both_lifecycles_are_printed_when_none_is_named(bare: CommandLine) -> None:
    table = bare.does("lifecycle")
    assert all(f"| A plain reply ({name})" in table for name in LIFECYCLES)


# --- What a command loads ---

HEAVY = ("sqlalchemy", "alembic", "salmon", "jinja2", "aiosmtpd")


def loads(cli: CommandLine, *arguments: str) -> set[str]:
    program = (
        "import sys\nfrom mail_tickets.cli import main\ntry: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, env={**os.environ, **cli.environment}, capture_output=True, text=True, check=True)
    return set(result.stderr.split())


def test_a_command_loads_no_more_than_it_needs(cli: CommandLine) -> None:
    assert loads(cli, "--help") == set()
    assert loads(cli, "lifecycle") == set()
    assert loads(cli, "list") == {"sqlalchemy"}
    assert loads(cli, "show", "1", "--as", ANN) == {"sqlalchemy", "jinja2"}
    assert loads(cli, "outbox") == {"sqlalchemy"}
    assert loads(cli, "init") == {"sqlalchemy"}
    assert loads(cli, "act", "1", "Comment", "--as", ROB, "--text", "x") == {"sqlalchemy", "jinja2"}


# --- Undo and merge ---


def helped(cli: CommandLine, *emails: str) -> list[str]:
    """A queue that Ron answers for, with a ticket of each of these people; the numbers of the tickets."""
    cli.does("queue", "add", "Help", "--address", "help")
    cli.does("responder", "add", "ron@example.org", "--queue", "Help")
    opening = ("open", "--queue", "Help", "--subject", "Fire", "--text", "It burns.", "--from")
    return [cli.does(*opening, email).strip() for email in emails]


def test_undo_takes_back_the_last_change_as_by_mail(cli: CommandLine) -> None:
    [number] = helped(cli, "ann@example.net")
    cli.does("set", number, "--priority", "3", "--as", "ron@example.org")
    assert cli.does("undo", number, "--as", "ron@example.org") == f"Ticket {number}: Priority: 3 → none\n"
    assert cli.json("show", number)["priority"] is None
    refused = cli.run("undo", number, "--as", "ann@example.net")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.count("\n") == 1
    assert cli.run("undo", "99", "--as", "ron@example.org").status == 1


def test_undo_names_the_owner_as_letters_do(cli: CommandLine) -> None:
    [number] = helped(cli, "ann@example.net")
    cli.does("person", "add", "ron@example.org", "--name", "Ron Example")
    cli.does("set", number, "--assignee", "ron@example.org", "--as", "ron@example.org")
    undone = cli.does("undo", number, "--as", "ron@example.org")
    assert undone == f"Ticket {number}: Owner: Ron Example → nobody\n"


def test_merge_makes_one_ticket_of_two_and_says_who_reads_it(cli: CommandLine) -> None:
    into, number = helped(cli, "ann@example.net", "bea@example.net")
    refused = cli.run("merge", number, into, "--as", "bea@example.net")
    assert (refused.status, refused.out) == (1, "")
    assert cli.run("merge", into, into, "--as", "ron@example.org").status == 1
    output = cli.does("merge", number, into, "--as", "ron@example.org")
    readers, _, last_line = output.partition("Ticket ")
    assert readers == f"bea will see ticket {into} (1 message).\nann will see ticket {number} (1 message).\n"
    assert last_line.startswith(f"{number} was merged into ticket {into}. ")
    assert all(name in output for name in ("ann", "bea", "ron"))
    assert len(cli.json("show", into)["messages"]) == 2
    assert cli.json("show", number)["merged_into"] == int(into)


def test_a_queue_is_removed_and_its_tickets_and_addresses_move(cli: CommandLine) -> None:
    cli.does("queue", "add", "Shop", "--address", "shop", "--lifecycle", "correspondence")
    cli.does("responder", "add", ROB, "--queue", "Shop")
    number = cli.does("open", "--queue", "Shop", "--from", ANN, "--subject", "S", "--text", "T").strip()
    assert "General" in cli.does("queue", "remove", "Shop")
    assert cli.json("show", number)["queue"] == "General"
    queues = {queue["name"]: queue["addresses"] for queue in json.loads(cli.does("queue", "list", "--json"))}
    assert "Shop" not in queues
    assert "shop@tickets.localhost" in queues["General"]
    cli.does("queue", "add", "Shop")


def test_a_queue_without_tickets_goes_with_its_addresses(cli: CommandLine) -> None:
    output = cli.does("queue", "remove", "Questions")
    assert output == "Removed Questions\nEmail to questions@tickets.localhost is set aside now\n"
    queues = json.loads(cli.does("queue", "list", "--json"))
    assert [(queue["name"], "questions@tickets.localhost" in queue["addresses"]) for queue in queues] == [
        ("General", False)
    ]
    assert "only queue" in cli.refuses("queue", "remove", "General")
    assert "no queue" in cli.refuses("queue", "remove", "Nothing")


def test_a_queue_loses_an_address(cli: CommandLine) -> None:
    output = cli.does("queue", "set", "General", "address=Help", "address-=support", "name=Main", "name=General")
    assert output.splitlines() == [
        "General answers help@tickets.localhost",
        "General no longer answers support@tickets.localhost",
        "General is now Main",
        "Main is now General",
    ]
    assert "support@" not in cli.does("queue", "list")
    assert "isn't an address of General" in cli.refuses("queue", "set", "General", "address-=support")


def test_several_people_join_a_team_with_their_names(cli: CommandLine) -> None:
    cli.does("responder", "add", "Bea Lee <bea@example.org>", "carl@example.org", "--queue", "General")
    people = {person["email"]: person["name"] for person in json.loads(cli.does("responder", "list", "--json"))}
    assert (people["bea@example.org"], people["carl@example.org"]) == ("Bea Lee", "")
    cli.does("responder", "add", "dan@example.org", "--name", "Dan", "--queue", "General")
    assert '"name": "Dan"' in cli.does("responder", "list", "--json")
    assert cli.run("responder", "add", "a@x.org", "b@x.org", "--name", "X", "--queue", "General").status == 2


@pytest.mark.parametrize("lifecycle", ["correspondence", "support"])
def test_a_new_member_of_a_team_is_told_how_it_works(
    cli: CommandLine, lifecycle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.does("queue", "set", "General", f"lifecycle={lifecycle}")
    cli.does("responder", "add", "Bea <bea@example.org>", "--queue", "General", "--welcome")
    cli.does("outbox", "send")
    letters = [parsed_letter(path.read_bytes()) for path in (cli.path / "letters" / "new").iterdir()]
    bea = [letter for letter in letters if "bea@example.org" in str(letter["To"])]
    assert "You're on the General team" in {str(letter["Subject"]) for letter in bea}
    text = next(str(letter.get_content()) for letter in bea if "how it works" in str(letter.get_content()))
    assert "hello@tickets.localhost" in text
    monkeypatch.setenv("TICKETS_TRUST", "from")
    number = cli.does("open", "--queue", "General", "--from", ANN, "--subject", "S", "--text", "T").strip()
    examples = re.findall("^    ([A-Z][a-z]+: .*)$", text, re.MULTILINE)
    for count, line in enumerate(examples, start=1):
        mail = f"From: bea@example.org\nTo: ticket{number}@tickets.localhost\nSubject: Re\n\n{line}\n"
        cli.run("deliver", stdin=mail.encode())
        assert len(cli.json("show", number)["changes"]) >= count, line
    assert examples


def test_the_daily_emails_are_written_once_and_counted(cli: CommandLine) -> None:
    cli.does("person", "add", "ada@example.org", "--admin")
    assert cli.does("digest") == "0 daily emails written\n"
    cli.does("queue", "add", "Sponsors", "--address", "sponsors")
    cli.does("open", "--queue", "Sponsors", "--from", ANN, "--subject", "A gift", "--text", "Take it.")
    # To Ada, and to the admin who is there.
    assert cli.does("digest") == "2 daily emails written\n"
    assert cli.does("digest") == "0 daily emails written\n"
    assert cli.does("unmatched", "redeliver", "--all") == "No unmatched email\n"
