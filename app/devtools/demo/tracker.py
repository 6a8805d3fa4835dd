"""The stage of the demonstration: a tracker in a temporary directory, and people who write to it."""

import smtplib
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from pathlib import Path
from typing import Any, NamedTuple

from ...config import defaults
from ...config.build import build_database, build_receiver, build_relay
from ...config.parsing import Settings, load
from ...config.process_part import ProcessPart
from ...mail.addresses import Mailbox
from ...model.lifecycle.registry import LIFECYCLES
from ...model.operations.manual_action import act_by_command
from ...model.records import queue_setup, queues, registration
from ...model.records.tickets import find_ticket
from ...model.setup import set_up
from ...model.storage.database import Database, utc_now
from ...model.tickets.ticket_json import ticket_in_full
from ...transport.outbound.courier import Courier
from .footer_promise import FooterPromise, broken_in, promised_by, thanks_in

DOMAIN = "tickets.example"
_START_SECONDS = 20.0


class BrokenPromise(Exception):
    """A reply did something else than the letter said that it answers."""


class Actor(NamedTuple):
    """Somebody with a mail client."""

    name: str
    email: str


class Stage:
    """A running tracker; `tell` gets every line that is shown."""

    def __init__(self, directory: Path, database: Database, port: int, tell: Callable[[str], None]) -> None:
        self.kept = 0
        self._lifecycle = LIFECYCLES["support"]
        self._number = 0
        self._tell = tell
        self._database = database
        self._port = port
        self._letters = directory / "letters"
        self._courier = Courier(database, build_relay(settings_in(directory)))
        self._seen: set[Path] = set()
        self._newest: dict[str, EmailMessage] = {}
        self._steps = 0

    def begins(self, queue: str, *responders: Actor, administrator: Actor | None = None) -> None:
        """Go to a queue, made for support if it is not there, and to its next ticket; let people work for it."""
        self._number += 1
        self._lifecycle = LIFECYCLES[self.lets_work(queue, *responders)]
        with self._database.transaction() as uow:
            if administrator is not None:
                registration.add_person(uow, Mailbox(*administrator), administrator=True)

    def lets_work(self, queue: str, *responders: Actor, lifecycle: str = "support") -> str:
        """Let people work for a queue, which is made if it is not there; the name of its lifecycle."""
        with self._database.transaction() as uow:
            existing = {queue.name: queue for queue in queues.every_queue(uow)}
            inbox = existing.get(queue) or queue_setup.add_queue(uow, queue, [queue.lower()], lifecycle)
            for responder in responders:
                queue_setup.add_responder(uow, inbox, registration.add_person(uow, Mailbox(*responder)))
            return inbox.lifecycle_name

    def mails(self, who: Actor, to: str, subject: str, text: str) -> None:
        """A mail that answers no letter."""
        self._head(f"{who.name} writes a mail")
        self._send(_mail(who, f"{to}@{DOMAIN}", subject, text))
        self._letters_arrive()

    def newest(self, who: Actor) -> EmailMessage:
        """The newest letter that somebody got."""
        return self._newest[who.email]

    def replies(self, who: Actor, subject: str, text: str, letter: EmailMessage | None = None) -> None:
        """A reply to the newest letter that somebody got, or to another one, whose footer said what it would do.

        Raises BrokenPromise.
        """
        letter = letter or self.newest(who)
        promise = promised_by(letter.get_content(), self._lifecycle)
        self._head(f"{who.name} replies to the letter")
        before = self.ticket()["status"]
        self._send(_answer(who, letter, subject, text))
        self._compare(promise, before)

    def commands(self, who: Actor, subject: str, lines: str, promise: str = "") -> None:
        """A reply that is for the tracker, or was meant to be: a letter to its writer says what came of it.

        `promise` is what the letter said of it. Raises BrokenPromise if the letter does not say that.
        """
        letter, before = self.newest(who), self.ticket()
        if promise not in " ".join(letter.get_content().split()):
            raise BrokenPromise(f"The letter does not say: {promise}")
        self._head(f"{who.name} replies, and means the tracker")
        self._send(_answer(who, letter, subject, lines))
        letters = self._arrived()
        names = ", ".join(parseaddr(str(letter["To"]))[0] for letter in letters) or "nobody"
        promised = f"  promised: {promise}\n" if promise else ""
        self._tell(f"{promised}  happened: {_effect(before, self.ticket())}; letters went to: {names}.\n")
        self._show(letters)

    def thanks(self, who: Actor, subject: str, text: str) -> None:
        """A reply that only says thanks, of which the letter spoke. Raises BrokenPromise or NoPromise."""
        kept = thanks_in(self.newest(who).get_content())
        self._tell(f"The letter to {who.name} says: {kept.sentence}\n")
        self.replies(who, subject, text)
        if self.ticket()["status"] != kept.status:
            raise BrokenPromise(f"The promise was not kept: {kept.sentence} The ticket is {self.ticket()['status']}.")

    def acts(self, who: Actor, action: str, text: str, **more: Any) -> None:
        """A step on the command line, as `tickets act` takes it."""
        options = "".join(f" --{name} {value!r}" for name, value in more.items())
        self._head(f"{who.name} acts on the command line")
        self._tell(f"  tickets act {self._number} {action!r} --as {who.email}{options} --text {text!r}\n")
        before = self.ticket()["status"]
        with self._database.transaction() as uow:
            act_by_command(uow, self._number, action, who.email, text, **more)
        self._tell(f"  happened: {_deed(self.ticket(), before)}.\n")
        self._letters_arrive()

    def ticket(self) -> dict[str, Any]:
        """The ticket as `tickets show --json` prints it."""
        with self._database.read_only() as uow:
            return ticket_in_full(uow, find_ticket(uow, self._number))

    def _compare(self, promise: FooterPromise, before: str) -> None:
        ticket, letters = self.ticket(), self._arrived()
        recipients = [parseaddr(str(letter["To"])) for letter in letters]
        happened = f"{_deed(ticket, before)}; {', '.join(name for name, _ in recipients) or 'nobody'} got a letter."
        self._tell(f"  promised: {promise.sentence}\n  happened: {happened}\n")
        if why := broken_in(promise, ticket, before, [name for name, _ in recipients], self._responders()):
            raise BrokenPromise(f"The promise was not kept: {why}.")
        self.kept += 1
        self._show(letters)

    def _responders(self) -> list[str]:
        with self._database.read_only() as uow:
            name = self.ticket()["queue"]
            return [person.label for queue, person in queues.responders(uow) if queue.name == name]

    def _head(self, line: str) -> None:
        self._steps += 1
        self._tell(f"=== {self._steps}. {line} ===\n")

    def _send(self, mail: EmailMessage) -> None:
        self._tell(f"{_as_text(mail, '  ')}\n")
        with smtplib.SMTP("127.0.0.1", self._port, timeout=_START_SECONDS) as client:
            client.send_message(mail)

    def _letters_arrive(self) -> None:
        self._show(self._arrived())

    def _arrived(self) -> list[EmailMessage]:
        """The letters that the courier takes to the Maildir now, as the mail clients of their readers see them."""
        while self._courier.round():
            pass
        new = [path for path in self._letters.glob("new/*") if path not in self._seen]
        self._seen.update(new)
        letters = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in new]
        return sorted(
            (letter for letter in letters if isinstance(letter, EmailMessage)), key=lambda letter: str(letter["To"])
        )

    def _show(self, letters: list[EmailMessage]) -> None:
        for letter in letters:
            name, email = parseaddr(str(letter["To"]))
            self._newest[email] = letter
            self._tell(f"  --> a letter to {name}\n\n{_as_text(letter, '      | ')}\n")


@contextmanager
def stage(tell: Callable[[str], None]) -> Iterator[Stage]:
    """A tracker of its own that runs till the end, when nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="tickets-demo-") as name:
        settings = settings_in(Path(name))
        database = build_database(settings)
        set_up(database)
        try:
            with _receiving(settings, database) as port:
                yield Stage(Path(name), database, port, tell)
        finally:
            database.close()


def settings_in(directory: Path) -> Settings:
    """Settings that keep everything in a directory, whatever the environment says."""
    values = {
        **vars(defaults),
        "HOME": str(directory),
        "DOMAIN": DOMAIN,
        "DATABASE_URL": f"sqlite:///{directory}/tickets.db",
        "LISTEN": "smtp://127.0.0.1:0",
        "RELAY": f"maildir:{directory}/letters",
        "MAX_MESSAGE_BYTES": 1_000_000,
        "UNMATCHED": "keep",
        "TRUST": "reply",
        "AUTHSERV_ID": "",
        "WORKERS": 1,
        "LOG": "plain",
        "WEB": "",
    }
    return load(values, {})


@contextmanager
def _receiving(settings: Settings, database: Database) -> Iterator[int]:
    """The receiver as shipped, on a free port, in a thread."""
    ready = threading.Event()
    faults: list[BaseException] = []
    receiver = build_receiver(settings, database, build_relay(settings), ProcessPart(sends=False, first=False))

    def started(_: object) -> None:
        ready.set()

    def receive() -> None:
        try:
            receiver.start()
        except BaseException as fault:
            faults.append(fault)
            ready.set()

    receiver.started = started
    thread = threading.Thread(target=receive, name="receiver")
    thread.start()
    try:
        if not ready.wait(_START_SECONDS) or faults:
            raise RuntimeError(f"the server does not start: {faults[0] if faults else 'no answer'}")
        yield receiver.listeners[0].port
    finally:
        receiver.stop()
        thread.join(_START_SECONDS)


def _mail(who: Actor, to: str, subject: str, text: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"{who.name} <{who.email}>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(utc_now())
    mail["Message-ID"] = make_msgid(domain="home.example")
    mail.set_content(text)
    return mail


def _answer(who: Actor, letter: EmailMessage, subject: str, text: str) -> EmailMessage:
    mail = _mail(who, str(letter["Reply-To"] or letter["From"]), subject, text)
    mail["In-Reply-To"] = letter["Message-ID"]
    return mail


def _as_text(mail: EmailMessage, indent: str) -> str:
    heads = [f"{name + ':':<9}{mail[name]}" for name in ("From", "To", "Subject")]
    lines = [*heads, "", *mail.get_content().strip("\n").split("\n")]
    return "\n".join(f"{indent}{line}".rstrip() for line in lines)


def _deed(ticket: dict[str, Any], before: str) -> str:
    """What the newest message did: the action, who took it, and the status."""
    message = ticket["messages"][-1]
    status = f"{before} → {ticket['status']}" if before != ticket["status"] else f"still {before}"
    private = ", in private" if message["private"] else ""
    return f"{message['action']} by {message['sender']['name']}{private}, {status}"


def _effect(before: dict[str, Any], now: dict[str, Any]) -> str:
    """What a reply did that was for the tracker: what changed on the ticket, or which words wait."""
    last = now["messages"][-1]
    waits = [f"message {last['number']} is held"] if last["held"] else []
    held = before["messages"][-1]["held"] and not last["held"]
    dropped = [f"message {last['number']} is a private note now"] if held and last["private"] else []
    changes = now["changes"][len(before["changes"]) :]
    changed = [f"{change['field']} {change['old'] or 'nobody'} → {change['new'] or 'nobody'}" for change in changes]
    return ", ".join([*changed, *waits, *dropped]) or "nothing changed"
