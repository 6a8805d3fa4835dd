"""Claims about the first minutes: what `serve` says and shows, and what `try` plays."""

import os
import pty
import subprocess
import threading
from pathlib import Path

import pytest

from tests.support.program import BIN, PATIENCE, ROOT, Program
from tests.support.world import awaits

pytestmark = pytest.mark.slow


def test_try_plays_a_conversation_that_stays(tmp_path: Path) -> None:
    program = Program(tmp_path)
    assert "The server doesn't run. Start it in another terminal" in program.run("try").stderr
    with program.serving():
        assert any("creat" in line.lower() and "tickets.db" in line for line in program.said)
        assert any("General" in line and "hello@tickets.localhost" in line for line in program.said)
        output = program.does("try")
        assert "This is ticket 1." in output
        assert program.shows(1)["status"] == "open"
        assert [message["sender"]["email"] for message in program.shows(1)["messages"]] == [
            "ann@example.org",
            "rob@example.org",
        ]
        assert "This is ticket 2." in program.does("try")


def test_try_writes_to_nobody_by_a_real_relay(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with program.serving():
        refused = program.run("try", TICKETS_RELAY="smtp://127.0.0.1:1")
        assert "tickets outbox test" in refused.stderr
        assert program.tickets() == []


def test_whoever_looks_on_sees_each_letter_decoded(tmp_path: Path) -> None:
    program = Program(tmp_path)
    master, terminal = pty.openpty()
    blocks: list[bytes] = []

    def listen() -> None:
        try:
            while block := os.read(master, 4096):
                blocks.append(block)
        except OSError:
            return

    process = subprocess.Popen(
        [str(BIN / "tickets"), "serve"], cwd=ROOT, env=program.environment, stdout=terminal, stderr=subprocess.DEVNULL
    )
    os.close(terminal)
    listener = threading.Thread(target=listen)
    listener.start()
    try:
        awaits(lambda: b"Ctrl-C stops it." in b"".join(blocks), PATIENCE)
        program.does("responder", "add", "Rob <rob@example.org>", "--queue", "General")
        heads = "From: j@example.org\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nContent-Type: text/plain; charset=utf-8\n"
        program.does_with(f"{heads}\nIch grüße =20 Sie.\n".encode(), "deliver", "--to", "hello@tickets.localhost")
        awaits(lambda: "Ich grüße =20 Sie." in b"".join(blocks).decode(), PATIENCE)
        assert "Subject: [General #1] Grüße" in b"".join(blocks).decode()
    finally:
        process.terminate()
        process.wait(PATIENCE)
        listener.join(PATIENCE)
        os.close(master)
