"""Claims about `tickets export` as it is called: where it writes, what it refuses, and what it says."""

import json
import re
import stat
import subprocess
from pathlib import Path

import pytest

from tests.archive.test_import_command import TICKETS, Program
from tests.support.archives import old_mail
from tests.support.commands import ROOT


@pytest.fixture
def program(tmp_path: Path, any_database_url: str) -> Program:
    """A tracker with three mails on two tickets."""
    program = Program(tmp_path, any_database_url)
    program.does("queue", "add", "Archive")
    mails = [old_mail("1"), old_mail("2", answers=["1"]), old_mail("9", subject="Other")]
    program.does("import", program.box(mails), "--queue", "Archive")
    return program


def test_everything_a_queue_or_a_ticket_is_written(program: Program) -> None:
    output = program.does("export")
    marks = re.findall("^From ticket([12])=[0-9a-f]{16}@tickets.example ", output, re.MULTILINE)
    assert marks == ["1", "1", "2"]
    assert program.does("export", "--queue", "archive") == output
    assert program.does("export", "--queue", "General") == ""
    assert program.does("export", "1") + program.does("export", "2") == output


def test_a_new_file_is_for_this_account_alone_and_none_is_replaced(program: Program) -> None:
    goal = program.folder / "out.mbox"
    assert program.does("export", "--output", goal) == f"Exported to {goal}: 3 mails of 2 tickets\n"
    assert stat.S_IMODE(goal.stat().st_mode) == 0o600
    assert goal.read_text() == program.does("export")
    assert program.refuses("export", "2", "--output", goal) == f"{goal} already exists. Choose another file."
    assert goal.read_text() == program.does("export")
    nowhere = program.folder / "nowhere" / "out.mbox"
    assert program.refuses("export", "--output", nowhere) == f"There's no folder {nowhere.parent}."
    assert not list(program.folder.glob(".out*"))
    lines = program.folder / "out.jsonl"
    output = program.does("export", "2", "--format", "jsonl", "--output", lines)
    assert output == f"Exported to {lines}: 1 ticket\n"


def test_json_lines_have_one_line_a_ticket(program: Program) -> None:
    lines = program.does("export", "--format", "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == [json.loads(program.does("show", n, "--json")) for n in "12"]


def test_what_cannot_be_is_refused(program: Program) -> None:
    assert program.refuses("export", "7") == "There's no ticket 7."
    assert program.refuses("export", "--queue", "Nowhere").startswith("There's no queue called")
    for wrong in (["1", "--queue", "Archive"], ["x"], ["--format", "pdf"]):
        assert program.run("export", *wrong).returncode == 2


def test_who_stops_reading_is_no_fault(program: Program) -> None:
    result = subprocess.run(
        f"'{TICKETS}' export | head -c 10", shell=True, cwd=ROOT, env=program.environment, capture_output=True,
        timeout=60, check=True,
    )  # fmt: skip
    assert (result.stdout, result.stderr) == (b"From ticke", b"")


def test_an_exported_file_comes_back_as_the_same_tickets(program: Program, database_url: str, tmp_path: Path) -> None:
    goal = program.folder / "out.mbox"
    program.does("export", "--output", goal)
    assert program.json("import", goal, "--queue", "Archive")["duplicates"] == 3
    importer = Program(tmp_path, database_url.replace("tickets.db", "other.db"))
    importer.does("init")
    report = importer.json("import", goal, "--queue", "General")
    assert (report["mails"], report["tickets"], report["unreadable"]) == (3, 2, [])
    assert _without_trackers(importer.does("export")) == _without_trackers(goal.read_text())


def _without_trackers(box: str) -> str:
    return re.sub("^(From ticket[0-9]+)=[0-9a-f]{16}@", r"\1@", box, flags=re.MULTILINE)
