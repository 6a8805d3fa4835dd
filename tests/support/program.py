"""The program as people and mail servers run it: a process of its own, with settings of its own."""

import json
import os
import secrets
import smtplib
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.commands import ROOT, run_here
from tests.support.world import make_database

BIN = Path(sys.executable).parent
DOMAIN = "tickets.localhost"
HELLO = f"hello@{DOMAIN}"
PATIENCE = 60


def free_port() -> int:
    """A port for a server that starts later, below those that clients get: none can take it meanwhile."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            return port


class Program:
    """The program with settings of its own, run as people and mail servers run it.

    The server is a process; a command is one only when it is started by `start`, where that is what is claimed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKETS_")}
        self.environment = kept | {
            "TICKETS_DATABASE_URL": f"sqlite:///{folder}/run/tickets.db",
            "TICKETS_LISTEN": f"smtp://127.0.0.1:{self.port}",
            "TICKETS_RELAY": f"maildir:{folder}/letters",
            "TICKETS_DOMAIN": DOMAIN,
            "TICKETS_WEB": "",
        }

    def has_a_database(self) -> None:
        """What `tickets init` makes."""
        make_database(self.environment["TICKETS_DATABASE_URL"])

    def run(self, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, from the repository root."""
        result = run_here(command, self.environment | more)
        return subprocess.CompletedProcess(
            result.args, result.returncode, result.stdout.decode(), result.stderr.decode()
        )

    def start(self, *command: str, program: str = "tickets", **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, from the repository root, as a process of its own."""
        return subprocess.run(
            [str(BIN / program), *command],
            cwd=ROOT,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def does(self, *command: str) -> str:
        """Run a command that succeeds; what it prints."""
        result = self.run(*command)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def does_with(self, stdin: bytes, *command: str) -> None:
        """Run a command that reads this and succeeds."""
        result = run_here(command, self.environment, stdin)
        assert result.returncode == 0, result.stderr

    @contextmanager
    def serving(self, *options: str) -> Iterator["subprocess.Popen[str]"]:
        """`tickets serve` with options, listening; killed at the end if it still runs. Its greeting is in `said`."""
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                [str(BIN / "tickets"), "serve", *options],
                cwd=ROOT,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert process.stdout is not None
        try:
            self.said = []
            # Without SMTP there is no line to try.
            last = "Try it:" if "smtp://" in self.environment["TICKETS_LISTEN"] else "Sending through "
            for line in process.stdout:
                self.said.append(line.rstrip("\n"))
                if line.startswith(last):
                    break
            assert self.said, (self.folder / "log").read_text()
            yield process
        finally:
            process.kill()
            process.wait(PATIENCE)
            process.stdout.close()

    def sends(self, number: int, to: str = HELLO) -> None:
        """Send a mail; the server has answered 250."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as client:
            client.sendmail("ann@example.org", [to], mail(number))

    def letters(self) -> list[bytes]:
        """What the Maildir holds."""
        return [path.read_bytes() for path in (self.folder / "letters" / "new").glob("*")]

    def raw(self, ticket: int, message: int) -> bytes:
        """The exact bytes of a message."""
        result = run_here(("raw", str(ticket), str(message)), self.environment)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def tickets(self) -> list[dict[str, object]]:
        tickets: list[dict[str, object]] = json.loads(self.does("list", "--json"))
        return tickets

    def shows(self, ticket: int) -> dict[str, Any]:
        ticket_json: dict[str, Any] = json.loads(self.does("show", str(ticket), "--json"))
        return ticket_json

    def unmatched(self) -> list[dict[str, object]]:
        mails: list[dict[str, object]] = json.loads(self.does("unmatched", "list", "--json"))
        return mails

    def awaits_letters(self, count: int) -> list[bytes]:
        """The letters, once so many have arrived."""
        end = time.monotonic() + PATIENCE
        while len(self.letters()) < count and time.monotonic() < end:
            time.sleep(0.02)
        return self.letters()


def mail(number: int) -> bytes:
    return f"From: ann@example.org\r\nSubject: {number}\r\nMessage-ID: <{number}@x>\r\n\r\nHello {number}\r\n".encode()


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a SQLite database's write lock, so that every mail waits."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()
