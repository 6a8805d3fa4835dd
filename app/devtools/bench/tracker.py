"""What the benchmarks are run on: a throw-away tracker, its servers, and the mails sent to it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import func, select

from ...mail.addresses import Mailbox
from ...model.operations.manual_action import open_ticket
from ...model.records import queue_setup, queues, registration
from ...model.records.letters import Letter, State
from ...model.records.message_ids import new_message_id
from ...model.records.tickets import find_ticket
from ...model.setup import set_up
from ...model.storage.database import Database
from ...model.tickets.posts import NewMessage
from .large_tracker import add_history
from .load import MeasuredMail

DOMAIN = "bench.example"
REQUESTOR = "ann@home.example"
HELPERS = ("helper1@home.example", "helper2@home.example")
# So many tickets a tracker has if nobody says how many: none of them gets many mails.
TICKETS = 500
# A ticket that gets so many mails in ten minutes.
BUSY, BUSY_TICKET = 40, 1
_TEXT = "".join(
    f"Line {line:02} of a letter that says what people say in letters of this kind.\r\n" for line in range(27)
)


def _words(number: int) -> str:
    """2 KB that no other mail says: of one that repeats another nobody would be told."""
    return f"This is number {number}.\r\n{_TEXT}"


def free_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Tracker:
    """A database with tickets and two responders, so that each reply of the requestor causes two letters.

    `history` is how many messages of many years it has before; the first of their tickets becomes the requestor's.
    """

    def __init__(self, folder: Path, tickets: int = 0, *, url: str = "", history: int = 0) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TICKETS_")},
            "TICKETS_DOMAIN": DOMAIN,
            "TICKETS_DATABASE_URL": url or f"sqlite:///{folder}/tickets.db",
            "TICKETS_LISTEN": "lmtp://127.0.0.1:0",
            "TICKETS_RELAY": f"maildir:{folder}/letters",
            "TICKETS_WEB": "",
        }
        self.tickets = tickets or TICKETS
        self._sent = 0
        self._arrived = 0
        self._before = 0
        self._fill(history)

    def _fill(self, history: int) -> None:
        database = Database(self.environment["TICKETS_DATABASE_URL"], DOMAIN)
        set_up(database)
        if history:
            self._before = add_history(database, history)
        with database.transaction() as uow:
            queue = queues.find_queue(uow, "Questions")
            for email in HELPERS:
                queue_setup.add_responder(uow, queue, registration.add_person(uow, Mailbox("", email)))
            requestor = registration.get_or_create_person(uow, Mailbox("Ann", REQUESTOR), known=True)
            for number in range(self.tickets):
                words = NewMessage("Help", "Help", f"Question {number}", new_message_id(uow))
                open_ticket(uow, queue, requestor, words)
            if history:
                find_ticket(uow, 1).requestor_id = requestor.id
        database.close()

    def replies(self, count: int, ticket: int | None = None) -> list[MeasuredMail]:
        """Replies of the requestor, 2 KB each, no two the same; spread over all tickets unless one is named."""
        first, self._sent = self._sent, self._sent + count
        return [
            self._reply(number, ticket or self._before + number % self.tickets + 1)
            for number in range(first, first + count)
        ]

    def _reply(self, number: int, ticket: int) -> MeasuredMail:
        return self._mail(number, f"Ann <{REQUESTOR}>", f"ticket{ticket}@{DOMAIN}", _words(number))

    def _mail(self, number: int, sender: str, recipient: str, text: str, **headers: str) -> MeasuredMail:
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = (
            f"From: {sender}\r\nTo: {recipient}\r\nSubject: Re: Question\r\n{more}"
            f"Message-ID: <{number}.{os.getpid()}@home.example>\r\nDate: {format_datetime(datetime.now(UTC))}\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        )
        return MeasuredMail(sender.rpartition("<")[2].rstrip(">"), recipient, (head + text).encode())

    def _numbers(self, count: int) -> range:
        first, self._sent = self._sent, self._sent + count
        return range(first, first + count)

    def first_mails(self, count: int) -> list[MeasuredMail]:
        """First mails, each of somebody new."""
        to = f"questions@{DOMAIN}"
        return [
            self._mail(number, f"N <n{number}@home.example>", to, _words(number)) for number in self._numbers(count)
        ]

    def busy(self, count: int) -> list[MeasuredMail]:
        """Replies on a ticket that gets many."""
        return self.replies(count, ticket=BUSY_TICKET)

    def answers(self, count: int) -> list[MeasuredMail]:
        """Answers of a helper to letters that they got, each with that letter quoted below."""
        return self._answering(count, "")

    def commands(self, count: int) -> list[MeasuredMail]:
        """The same with a command on top."""
        return self._answering(count, "Priority: {number}\r\n\r\n")

    def _answering(self, count: int, top: str) -> list[MeasuredMail]:
        letters = self._letters_to(HELPERS[0])
        mails = []
        for number in self._numbers(count):
            letter = letters[number % len(letters)]
            quoted = "".join(f"> {line}\r\n" for line in letter.text.splitlines())
            quotation = f"On Monday somebody wrote:\r\n{quoted}"
            text = f"{top.format(number=number)}{_words(number)}\r\n{quotation}"
            ids = {"In_Reply_To": letter.message_id, "References": letter.message_id}
            mails.append(self._mail(number, f"<{HELPERS[0]}>", f"ticket{letter.ticket_id}@{DOMAIN}", text, **ids))
        return mails

    def _letters_to(self, email: str) -> list[Letter]:
        """The newest letter about each ticket to somebody."""
        with (
            closing(Database(self.environment["TICKETS_DATABASE_URL"], DOMAIN)) as database,
            database.read_only() as uow,
        ):
            mine = select(Letter).where(Letter.recipient == email, Letter.ticket_id.is_not(None)).order_by(Letter.id)
            newest = {letter.ticket_id: letter for letter in uow.session.scalars(mine)}
        return list(newest.values())

    def await_letters(self, count: int) -> None:
        """Wait until the Maildir has so many letters more than the last time."""
        folder = self.folder / "letters" / "new"
        self._arrived += count
        until = monotonic() + 30
        while not folder.exists() or sum(1 for _ in folder.iterdir()) < self._arrived:
            if monotonic() > until:
                raise TimeoutError(f"{folder} has less than {self._arrived} letters")
            sleep(0.002)

    def large(self, size: int) -> MeasuredMail:
        """One mail with an attachment, of so many bytes."""
        recipient = f"ticket1@{DOMAIN}"
        head = (
            f"From: Ann <{REQUESTOR}>\r\nTo: {recipient}\r\nSubject: A picture\r\nMessage-ID: <large@home.example>\r\n"
            'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
            "--b\r\nContent-Type: text/plain\r\n\r\nSee the picture.\r\n"
            '--b\r\nContent-Type: image/png; name="p.png"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        ).encode()
        line = b"QUJD" * 19 + b"\r\n"
        end = b"--b--\r\n"
        return MeasuredMail(REQUESTOR, recipient, head + line * ((size - len(head) - len(end)) // len(line)) + end)

    def remove(self) -> None:
        """Delete its folder: a large one need not lie there while the next is written."""
        shutil.rmtree(self.folder)

    def count_letters(self, state: State) -> int:
        """How many letters are in this state."""
        database = Database(self.environment["TICKETS_DATABASE_URL"], DOMAIN)
        with database.read_only() as uow:
            count = uow.session.scalar(select(func.count()).select_from(Letter).where(Letter.state == state)) or 0
        database.close()
        return count

    def cpu_until_sent(self, server: "TrackerServer") -> float:
        """Wait until a server's courier has sent everything; the processor milliseconds that it took."""
        before = server.cpu_ms()
        while self.count_letters(State.WAITING):
            sleep(0.2)
        return server.cpu_ms() - before

    @contextmanager
    def server(self, kind: str, **environment: str) -> Iterator["TrackerServer"]:
        """A server of that kind (see `server`), stopped at the end."""
        process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.server", kind],
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).resolve().parent.parent.parent.parent,
        )
        assert process.stdout is not None
        try:
            yield TrackerServer(process.pid, int(process.stdout.readline()))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)
            process.stdout.close()


class TrackerServer:
    """A running server and what it costs; figures from /proc, so Linux only."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.port = port

    def cpu_ms(self) -> float:
        """Processor milliseconds used so far, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def peak_bytes(self) -> int:
        """The most memory it ever had."""
        return peak_bytes(self.pid)


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process ever had. Raises OSError if it is gone, and StopIteration at its end."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
