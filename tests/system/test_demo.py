"""Claims about `tickets demo`: it tells a newcomer what the tracker does, checks it, and leaves nothing behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mail_tickets.cli import main
from mail_tickets.devtools.demo.footer_promise import NoPromise, promised_by
from mail_tickets.model.letters import footer
from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.lifecycle.support import ANSWER, COMMENT
from mail_tickets.model.lifecycle.tables import DefaultReply


@pytest.fixture
def own_tmp() -> Iterator[Path]:
    """A folder of a short name: the path of a socket may have some hundred bytes and no more."""
    with TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


def test_the_demo_shows_every_promise_beside_its_keeping(tmp_path: Path, own_tmp: Path) -> None:
    tickets = Path(sys.executable).with_name("tickets")
    environment = {
        **os.environ,
        "TMPDIR": str(own_tmp),
        "TICKETS_DATABASE_URL": "sqlite:////dev/null/never",
        "TICKETS_UNHEARD_OF": "x",
    }
    result = subprocess.run(
        [tickets, "demo"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "\x1b" not in result.stdout
    assert result.stdout.count("  promised: Reply to this email to ") == result.stdout.count(" got a letter.\n") == 21
    assert (
        "  promised: Reply to this email to answer. No Privileges Person will see it. Ticket 1 is Open.\n"
        "  happened: Answer by Sample Person, Open → Answered; No Privileges Person got a letter.\n"
    ) in result.stdout
    assert "The ticket is Solved, answered by Sample Person, message 7." in result.stdout
    assert "  happened: Comment by Asheesh, in private, still new; Britta got a letter." in result.stdout
    assert "The ticket is open again, as the letter had said." in result.stdout
    # Whoever has moved a ticket away reaches everybody who is named.
    assert (
        "Reply to this email to write to everyone on this ticket. "
        "Nora Newcomer and the Sponsors team will see it. Ticket 3 is new.\n"
        "  happened: Reply by Britta, still new; Carol, Nora Newcomer got a letter.\n"
    ) in result.stdout
    assert "  happened: queue General → Sponsors, participant nobody → britta@team.example; letters" in result.stdout
    assert "  happened: message 6 is held; letters went to: Britta.\n" in result.stdout
    assert "  promised: To drop it, reply: drop\n  happened: message 6 is a private note now; letters" in result.stdout
    assert "      | Britta answered less than a minute before you, at " in result.stdout
    assert "      | We didn't send your reply to Nora Newcomer, because it looks like a\n" in result.stdout
    assert "The letter to Nora Newcomer says: A reply that only says thanks keeps it resolved.\n" in result.stdout
    assert "The ticket is still resolved, as the letter had said." in result.stdout
    assert not list(own_tmp.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_promise_that_is_not_kept_ends_the_demo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(DefaultReply, "does", COMMENT.does)
    with pytest.raises(SystemExit) as ended:
        main(["demo"])
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("The promise was not kept: it was 'Comment', and the reply")


def test_a_reader_who_was_not_named_ends_the_demo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(footer, "_readers", lambda *_: ["Nobody Named"])
    with pytest.raises(SystemExit) as ended:
        main(["demo"])
    assert ended.value.code == 1
    assert "got a letter, and was not named" in capsys.readouterr().err


def test_a_promise_is_read_from_the_words_of_a_letter() -> None:
    pattern = "Reply to this email to {}. Ann will see it.\nTicket 1 is Open.\n"
    text = f"Reply to this email to ask. Bob will see it.\n\n-- \n{pattern}"
    promise = promised_by(text.format(ANSWER.does), LIFECYCLES["support"])
    assert (promise.status, promise.action) == ("Open", ANSWER)
    with pytest.raises(NoPromise):
        promised_by(text.format("do something"), LIFECYCLES["support"])
