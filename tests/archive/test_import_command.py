"""Claims about `tickets import` as it is called: what it prints, what it refuses, and that a kill loses nothing."""

import gzip
import json
import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.archives import boxed, old_mail
from tests.support.commands import ROOT, run_here
from tests.support.world import DOMAIN

TICKETS = Path(sys.executable).parent / "tickets"
PATIENCE = 120

# As Mailman keeps a public list: addresses hidden, the writer's line escaped, the list's name before each subject.
PIPERMAIL = b"""\
From ann at example.org  Mon Feb  3 09:00:00 2014
From: ann at example.org (Ann Smith)
Date: Mon, 3 Feb 2014 09:00:00 +0100
Subject: [Club] Printer
Message-ID: <1@old.example>

Hello list,

>From here the printer burns.


From bob at club.example  Tue Feb  4 09:00:00 2014
From: bob at club.example (=?iso-8859-1?q?Bob_M=FCller?=)
Date: Tue, 4 Feb 2014 09:00:00 +0100
Subject: [Club] Printer
In-Reply-To: <1@old.example>
References: <1@old.example>
Message-ID: <2@old.example>

On Mon, Feb 3, 2014 at 9:00 AM, Ann Smith <ann at example.org> wrote:
> From here the printer burns.

Pour water on it.


From ann at example.org  Wed Feb  5 09:00:00 2014
From: ann at example.org (Ann Smith)
Date: Wed, 5 Feb 2014 09:00:00 +0100
Subject: [Club] Re:  Printer
Message-ID: <3@old.example>

Thanks!

"""


class Program:
    """The command, in a database of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKETS_")}
        self.environment = kept | {"TICKETS_DATABASE_URL": url, "TICKETS_DOMAIN": DOMAIN}

    def run(self, *command: str | Path, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        return run_here(command, self.environment, stdin)

    def does(self, *command: str | Path, stdin: bytes = b"") -> str:
        result = self.run(*command, stdin=stdin)
        assert result.returncode == 0, result.stderr
        return result.stdout.decode()

    def refuses(self, *command: str | Path) -> str:
        result = self.run(*command)
        assert (result.returncode, result.stdout) == (1, b"")
        return result.stderr.decode().strip()

    def json(self, *command: str | Path) -> Any:
        return json.loads(self.does(*command, "--json"))

    def box(self, mails: Sequence[bytes]) -> Path:
        path = self.folder / "old.mbox"
        path.write_bytes(boxed(mails))
        return path


@pytest.fixture
def program(tmp_path: Path, database_url: str) -> Program:
    program = Program(tmp_path, database_url)
    program.does("queue", "add", "Archive")
    return program


def test_it_tells_what_it_did(program: Program) -> None:
    box = program.box([old_mail("1"), old_mail("2", answers=["1"]), old_mail("9", subject="Other"), b"\n"])
    dry = program.does("import", box, "--queue", "Archive", "--dry-run").splitlines()
    assert dry[0].strip() == "DRY RUN: NOTHING CHANGED"
    assert program.json("list") == []
    lines = program.does("import", box, "--queue", "archive").splitlines()
    assert [line.split("  ")[0] for line in lines[:7]] == [
        "IMPORTED", "mails", "duplicates", "threads", "new tickets", "tickets continued", "unreadable",
    ]  # fmt: skip
    assert lines[7].startswith("slowest part ")
    assert lines[8].startswith("set aside: old.mbox, byte ")
    report = program.json("import", box, "--queue", "Archive")
    assert (report["mails"], report["duplicates"], report["tickets"], report["slowest"] != "") == (3, 3, 0, True)
    assert report["unreadable"] == [{"where": lines[8].split(": ")[1], "reason": "it is empty"}]
    assert [ticket["status"] for ticket in program.json("list")] == ["resolved", "resolved"]
    assert program.json("outbox", "list") == []


def test_standard_input_and_options_are_taken(program: Program) -> None:
    options = ["--status", "open", "--responder", "ron@example.org", "--dialect", "mboxrd"]
    program.does("import", "-", "--queue", "Archive", *options, stdin=boxed([old_mail("1", "ron@example.org")]))
    assert [ticket["status"] for ticket in program.json("list")] == ["open"]


def test_a_public_lists_archive_reads_in(program: Program) -> None:
    (program.folder / "2014-February.txt").write_bytes(PIPERMAIL)
    program.does("import", program.folder / "2014-February.txt", "--queue", "Archive")
    [ticket] = program.json("list")
    assert ticket["requestor"] == {"email": "ann@example.org", "name": "Ann Smith"}
    assert ticket["created"] == "2014-02-03T08:00:00+00:00"
    ticket_json = json.loads(program.does("show", str(ticket["id"]), "--json"))
    assert [message["text"].splitlines()[-1] for message in ticket_json["messages"]] == [
        "From here the printer burns.", "Pour water on it.", "Thanks!",
    ]  # fmt: skip
    assert ticket_json["messages"][1]["sender"] == {"email": "bob@club.example", "name": "Bob Müller"}


def test_what_cannot_be_is_refused_in_one_line(program: Program) -> None:
    box = program.box([old_mail("1")])
    assert program.refuses("import", box, "--queue", "Nowhere").startswith("There's no queue called")
    assert program.refuses("import", box, "--queue", "Archive", "--status", "burning").startswith("There's no status")
    nothing = program.folder / "nothing"
    assert program.refuses("import", nothing, "--queue", "Archive") == f"No such file or directory: {nothing}"
    assert "isn't an email address" in program.refuses("import", box, "--queue", "Archive", "--responder", "ron")
    assert program.run("import", box).returncode == 2


def test_where_there_is_no_mail_it_says_so(program: Program) -> None:
    (program.folder / "box").mkdir()
    (program.folder / "box" / "x.png").write_bytes(b"\x89PNG\0")
    last = f"There's no email at {program.folder / 'box'}."
    assert program.does("import", program.folder / "box", "--queue", "Archive").splitlines()[-1] == last


def test_what_it_does_not_take_it_names(program: Program) -> None:
    folder = program.folder / "box"
    folder.mkdir()
    mails = [
        old_mail(str(number), subject=str(number), text=random.Random(number).randbytes(500).hex())
        for number in range(9)
    ]
    (folder / "cut.gz").write_bytes(gzip.compress(boxed(mails))[:-20])
    (folder / "Trash").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"Send submissions to\n")
    (folder / "moz").write_bytes(boxed([b"X-Mozilla-Status: 0008\n" + old_mail("m")]))
    for number in range(40):
        (folder / f"x{number:02}.png").write_bytes(b"\x89PNG\0")
    lines = program.does("import", folder / "cut.gz", "--queue", "Archive").splitlines()
    assert lines[-1].startswith("set aside: cut.gz: the compressed file is damaged: ")
    lines = program.does("import", folder, "--queue", "Archive").splitlines()
    cut, moz, notes, *rest = [line for line in lines if line.startswith(("set aside", "passed over"))]
    assert cut.startswith("set aside: cut.gz: the compressed file is damaged: ")
    assert moz == "passed over: moz, byte 0: it was deleted in its mail program (X-Mozilla-Status)"
    assert notes.startswith("passed over: notes.txt: it does not begin with the headers of a mail")
    assert (rest[0], len(rest)) == ("passed over: x00.png: it is no text", 35)
    assert rest[-1] == "passed over: 6 more (--json names up to 1,000)"
    report = program.json("import", folder, "--queue", "Archive")
    assert (report["mails"], report["duplicates"], report["passed_over"], len(report["other_files"])) == (8, 8, 42, 42)
    assert report["other_files"][2] == {"where": "x00.png", "reason": "it is no text"}
    assert [problem["where"] for problem in report["unreadable"]] == ["cut.gz"]


def test_on_a_terminal_a_bar_shows_how_far_it_is(program: Program) -> None:
    box = program.box([old_mail(str(number), subject=str(number)) for number in range(250)])
    terminal, end = pty.openpty()
    result = subprocess.run(
        [TICKETS, "import", box, "--queue", "Archive"],
        cwd=ROOT, env=program.environment | {"TERM": "xterm"}, stdout=subprocess.PIPE, stderr=end, timeout=PATIENCE,
        check=True,
    )  # fmt: skip
    os.close(end)
    progress = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert "taking in" in progress
    assert "posting" in progress
    assert "/s" in progress
    assert "100%" in progress
    assert b"new tickets        250" in result.stdout


@pytest.mark.slow
def test_after_a_kill_the_same_command_goes_on_from_there(program: Program) -> None:
    mails = [
        old_mail(f"{thread}.{reply}", f"p{reply}@example.org", days=reply, subject=f"S {thread}",
                 answers=[f"{thread}.{reply - 1}"] if reply else [], text="Hello.\n" * 200)
        for reply in range(40) for thread in range(30)
    ]  # fmt: skip
    box = program.box(mails)
    kills = 0
    for pause in (0.5, 0.7, 0.9, 1.1, 1.3, 1.5):
        process = subprocess.Popen(
            [TICKETS, "import", box, "--queue", "Archive"],
            cwd=ROOT, env=program.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        kills += process.wait(PATIENCE) == -signal.SIGKILL
    assert kills
    program.does("import", box, "--queue", "Archive")
    last = program.json("import", box, "--queue", "Archive")
    assert (last["mails"], last["duplicates"], last["tickets"]) == (1200, 1200, 0)
    rows = program.json("list")
    assert len(rows) == 30
    assert sorted(row["title"] for row in rows) == sorted(f"S {thread}" for thread in range(30))
    ticket = json.loads(program.does("show", str(rows[0]["id"]), "--json"))
    assert [message["number"] for message in ticket["messages"]] == list(range(1, 41))


class _Slow:
    """An import that runs until it is let go: it reads from a pipe that nobody closes."""

    def __init__(self, program: Program) -> None:
        self.process = subprocess.Popen(
            [TICKETS, "import", "-", "--queue", "Archive"],
            cwd=ROOT, env=program.environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    def has_begun(self) -> None:
        """It holds the lock once it reads, and it reads more than a pipe holds."""
        assert self.process.stdin is not None
        self.process.stdin.write(boxed([old_mail("slow", text="x" * 300_000)]))
        self.process.stdin.flush()

    def ends(self) -> None:
        self.process.communicate(timeout=PATIENCE)


RUNNING = "An import is running already: wait until it has ended, or stop it, and call this again."


@pytest.fixture
def anywhere(tmp_path: Path, any_database_url: str) -> Program:
    program = Program(tmp_path, any_database_url)
    program.does("queue", "add", "Archive")
    return program


def test_while_an_import_runs_another_one_is_refused(anywhere: Program) -> None:
    box = anywhere.box([old_mail("1")])
    first = _Slow(anywhere)
    try:
        first.has_begun()
        assert anywhere.refuses("import", box, "--queue", "Archive") == RUNNING
        assert anywhere.json("import", box, "--queue", "Archive", "--dry-run")["tickets"] == 1
        assert anywhere.json("list") == []
    finally:
        first.ends()
    assert first.process.returncode == 0
    assert anywhere.json("import", box, "--queue", "Archive")["tickets"] == 1


def test_an_import_that_is_killed_keeps_nobody_out(anywhere: Program) -> None:
    box = anywhere.box([old_mail("1")])
    first = _Slow(anywhere)
    first.has_begun()
    first.process.kill()
    first.ends()
    assert anywhere.json("import", box, "--queue", "Archive")["tickets"] == 1
