"""Claims about the plug-in, in projects that `salmon gen` makes and docs/salmon.md changes, under `salmon start`."""

import json
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.support.installed import ROOT, Installed, clean_environment
from tests.support.program import BIN, PATIENCE, Program, free_port, held
from tests.support.program import DOMAIN as OUR_DOMAIN
from tests.support.sinks import Sink

pytestmark = pytest.mark.slow

DOMAIN = "help.example.org"
ROB = "rob@team.example"
PAGE = ROOT / "docs" / "salmon.md"
# It takes mail at the tracker's own domain and writes down what Salmon gives it.
ECHO = """
from salmon.routing import route, stateless

@route("echo-(what)@(host)", what="[a-z]+")
@stateless
def ECHO(message, what=None, host=None):
    with open("run/echoed", "a") as file:
        print(what, message.body(), file=file)
"""
THEIRS = "app.handlers.echo"
OURS = ["mail_tickets.handlers.ticket", "mail_tickets.handlers.other"]


def page(language: str) -> list[str]:
    """The blocks of the page in one language, before its tables of hazards."""
    text = PAGE.read_text(encoding="utf-8").partition("## What Salmon 3.3 does")[0]
    return [dedent(block) for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)]


class Project:
    """A project of Salmon's, in which the tracker is a guest."""

    def __init__(self, folder: Path, installed: Installed, sink: Sink, handlers: list[str], receiver: str) -> None:
        self.folder, self.installed, self.receiver = folder, installed, receiver
        self.port = free_port()
        installed.does("salmon", "gen", str(folder), cwd=folder.parent)
        (folder / "app" / "handlers" / "echo.py").write_text(ECHO)
        self.database = folder / "data" / "run" / "tickets.db"
        settings, boot = folder / "config" / "settings.py", folder / "config" / "boot.py"
        text = settings.read_text().replace("8825", str(sink.port)).replace("8823", str(self.port))
        text = text.replace("'localhost'", "'127.0.0.1'").replace("['app.handlers.sample']", repr(handlers))
        settings.write_text(f'{text}\nTICKETS = {{"DOMAIN": "{DOMAIN}", "HOME": "{folder}/data"}}\n')
        [lines] = [block for block in page("python") if "mail_tickets.start" in block]
        text = boot.read_text().replace("\nRouter.defaults", f"\n{lines}\nRouter.defaults")
        boot.write_text(text.replace("LMTPReceiver", receiver).replace(", debug=1", ""))

    @contextmanager
    def serving(self) -> Iterator["subprocess.Popen[bytes]"]:
        """`salmon start`, listening; killed at the end."""
        before = self.starts()
        with (self.folder / "logs" / "said").open("a") as log:
            process = subprocess.Popen(
                [self.installed.command("salmon"), "start", "--no-daemon"],
                cwd=self.folder,
                env=clean_environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            # It listens before its boot.py is done.
            awaits(lambda: process.poll() is not None or self.starts() > before)
            assert process.poll() is None, (self.folder / "logs" / "said").read_text()
            yield process
        finally:
            process.kill()
            process.wait(PATIENCE)

    def starts(self) -> int:
        """How often its receiver has started."""
        log = self.folder / "logs" / "salmon.log"
        return log.read_text().count("Receiver started on ") if log.exists() else 0

    def hears(self, to: str, text: str, sender: str = "ann@example.org", **headers: str) -> int:
        """Send a mail; the code of the reply. ConnectionError if there was none."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, to, headers.pop("subject", "Hello")
        mail["Message-ID"] = f"<{abs(hash((to, text)))}@home.example>"
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        client = smtplib.LMTP if self.receiver == "LMTPReceiver" else smtplib.SMTP
        with client("127.0.0.1", self.port, timeout=PATIENCE) as smtp:
            try:
                smtp.send_message(mail, sender, [to])
            except smtplib.SMTPServerDisconnected as error:
                raise ConnectionError from error
            except smtplib.SMTPResponseException as error:
                return error.smtp_code
        return 250

    def tickets(self, *arguments: str) -> Any:
        """What a command of ours prints, as JSON where it can."""
        environment = {"SALMON_SETTINGS_MODULE": "config.settings"}
        output = self.installed.does("tickets", *arguments, cwd=self.folder, **environment)
        return json.loads(output) if "--json" in arguments else output

    def undeliverable(self) -> str:
        return self.installed.does("salmon", "queue", "--count", "run/undeliverable", cwd=self.folder).splitlines()[-1]


def is_up(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def awaits(is_so: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Where the project's own relay takes letters."""
    with Sink() as sink:
        yield sink


ORDERS = {
    "LMTPReceiver": [*OURS, THEIRS],
    "SMTPReceiver": [OURS[1], THEIRS, OURS[0]],
}


@pytest.mark.parametrize(("receiver", "handlers"), ORDERS.items(), ids=ORDERS)
def test_a_conversation_in_a_project_that_salmon_gen_makes(
    installed: Installed, tmp_path: Path, sink: Sink, receiver: str, handlers: list[str]
) -> None:
    project = Project(tmp_path / "project", installed, sink, handlers, receiver)
    with project.serving():
        project.tickets("responder", "add", ROB, "--queue", "General")
        assert project.hears(f"hello@{DOMAIN}", "The café is closed.") == 250
        awaits(lambda: len(sink.letters) == 1)
        letter = sink.letters[0]
        assert letter.recipients == [ROB]
        assert b"=C3=A9" in letter.content or b"Y2Fmw6k" in letter.content
        message_id = re.search(rb"(?im)^message-id: (\S+)", letter.content)
        assert message_id is not None
        assert project.hears(f"ticket1-comment@{DOMAIN}", "Do we know her?", ROB) == 250
        answer = {"In_Reply_To": message_id[1].decode()}
        assert project.hears(f"ticket1@{DOMAIN}", "Owner: me\n\nIt opens at nine.", ROB, **answer) == 250
        awaits(lambda: any(letter.recipients == ["ann@example.org"] for letter in sink.letters))
        assert project.hears(f"ticket9@{DOMAIN}", "Which one?") == 250
        assert project.hears(f"echo-a@{DOMAIN}", "For the neighbour.") == 250
        assert project.hears(f"nobody@{DOMAIN}", "For nobody.") == 250
        assert project.undeliverable() == "Queue run/undeliverable contains 1 messages"
        assert (project.folder / "run" / "echoed").read_text().strip() == "a For the neighbour."
    ticket = project.tickets("show", "1", "--json")
    assert [message["private"] for message in ticket["messages"]] == [False, True, False]
    assert (ticket["status"], ticket["assignee"]["email"]) == ("open", ROB)
    assert "café" in ticket["messages"][0]["text"]
    assert [mail["to"] for mail in project.tickets("unmatched", "list", "--json")] == [f"ticket9@{DOMAIN}"]
    assert not [
        letter
        for letter in sink.letters
        if "ann@example.org" in letter.recipients and b"Do we know her" in letter.content
    ]


def test_a_server_killed_between_a_mail_and_its_commit_gave_no_250_and_the_mail_comes_again(
    installed: Installed, tmp_path: Path, sink: Sink
) -> None:
    project = Project(tmp_path / "project", installed, sink, [THEIRS, *OURS], "LMTPReceiver")
    with project.serving() as process, held(project.database):
        killer = subprocess.Popen(["sh", "-c", f"sleep 1; kill -9 {process.pid}"])
        with pytest.raises(ConnectionError):
            project.hears(f"hello@{DOMAIN}", "Is anybody there?")
        assert killer.wait(PATIENCE) == 0
        assert process.wait(PATIENCE) == -signal.SIGKILL
    with project.serving():
        with held(project.database):
            assert project.hears(f"hello@{DOMAIN}", "Is anybody there?") == 451
        assert [project.hears(f"hello@{DOMAIN}", "Is anybody there?") for _ in range(2)] == [250, 250]
    assert [ticket["id"] for ticket in project.tickets("list", "--json")] == [1]


def test_salmons_commands_know_the_project(installed: Installed, tmp_path: Path, sink: Sink) -> None:
    project = Project(tmp_path / "project", installed, sink, [THEIRS, *OURS], "LMTPReceiver")
    does, folder = installed.does, project.folder
    does("salmon", "start", cwd=folder)
    try:
        awaits(lambda: is_up(project.port))
        assert "Salmon running" in does("salmon", "status", cwd=folder)
        assert "ticket.COMMENT" in does(
            "salmon", "routes", "--test", f"ticket1-comment@{DOMAIN}", "config.testing", cwd=folder
        )
        assert project.tickets("health").startswith("healthy: tickets ")
        refusals = {
            "serve": "This Salmon project receives the email. Run: salmon start",
            "outbox send": "This Salmon project sends email itself, while its server runs.",
        }
        for command, problem in refusals.items():
            environment = {"SALMON_SETTINGS_MODULE": "config.settings"}
            result = installed.run("tickets", *command.split(), cwd=folder, **environment)
            assert (result.returncode, problem in result.stderr) == (1, True)
    finally:
        number = int((folder / "run" / "smtp.pid").read_text())
        does("salmon", "stop", cwd=folder)
        awaits(lambda: not Path(f"/proc/{number}").exists())


def test_a_neighbour_in_our_own_config_gets_the_whole_mail(tmp_path: Path) -> None:
    program = Program(tmp_path)
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "config", folder / "config")
    settings = folder / "config" / "settings.py"
    settings.write_text(settings.read_text().replace("handlers = [", 'handlers = ["echo", '))
    (folder / "echo.py").write_text(ECHO)
    (folder / "run").mkdir()
    command = [str(BIN / "salmon"), "start", "--no-daemon", "--boot", "config.boot"]
    process = subprocess.Popen(command, cwd=folder, env=program.environment, stdin=subprocess.DEVNULL)
    try:
        awaits(lambda: process.poll() is not None or is_up(program.port))
        program.sends(1, f"echo-a@{OUR_DOMAIN}")
        program.sends(2, f"nobody@{OUR_DOMAIN}")
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert (folder / "run" / "echoed").read_text().strip() == "a Hello 1"
    assert [mail["to"] for mail in program.unmatched()] == [f"nobody@{OUR_DOMAIN}"]
