"""The world of the tests: people who write and read mail, and a clock that moves when told to.

Mail goes through the real receiver or the real reception and Salmon's router, into a real database; letters leave by
the real courier. Only the clock and the far end, where people's letters arrive, are made up.
"""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import cache, cached_property
from pathlib import Path
from smtplib import LMTP, SMTP
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, NamedTuple

from sqlalchemy import delete, make_url

from mail_tickets.config import build, defaults
from mail_tickets.config.parsing import Settings, load
from mail_tickets.mail.addresses import Mailbox, address_key
from mail_tickets.model.inbound.inbound_mail import DeliveryResult
from mail_tickets.model.letters.notification import notify
from mail_tickets.model.lifecycle.roles import TRACKER
from mail_tickets.model.operations import administration, workflow
from mail_tickets.model.operations.manual_action import open_ticket
from mail_tickets.model.records import people, queue_setup, queues, registration
from mail_tickets.model.records.message_ids import new_message_id
from mail_tickets.model.records.our_domains import OurDomain
from mail_tickets.model.records.people import Person
from mail_tickets.model.records.tickets import Participant, Ticket, find_ticket
from mail_tickets.model.setup import set_up
from mail_tickets.model.storage.database import Database
from mail_tickets.model.storage.unit_of_work import UnitOfWork
from mail_tickets.model.tickets.fields import FieldChanges
from mail_tickets.model.tickets.members import member_for, members_of
from mail_tickets.model.tickets.posts import NewMessage
from mail_tickets.model.tickets.ticket_json import ticket_in_full
from mail_tickets.transport.inbound.receiver import Listener, Receiver
from mail_tickets.transport.outbound.courier import Courier

DOMAIN = "tickets.example"


@cache
def _new_database() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tickets.db"
        with closing(Database(f"sqlite:///{path}", DOMAIN)) as database:
            set_up(database)
        return path.read_bytes()


def forget_domain(url: str) -> None:
    """Let a database belong to whichever domain opens it next."""
    with closing(Database(url, DOMAIN)) as database, database.transaction() as uow:
        uow.session.execute(delete(OurDomain))


def make_database(url: str) -> None:
    """Make a SQLite database as `tickets init` does: a copy of one that was made so, with a secret of its own.

    Going through all migrations takes as long as many a test.
    """
    path = Path(make_url(url).database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_new_database())
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("UPDATE secret SET value = ?", (secrets.token_hex(32),))
        # The first that opens it for a domain keeps that.
        connection.execute("DELETE FROM our_domain")


def unproven(name: str) -> str:
    """What stands above a responder's words that came in a mail which answers no letter of theirs."""
    return f"We couldn't check that {name} really sent this.\n\n"


def awaits(is_so: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something is so; a failure if it never is."""
    end = monotonic() + seconds
    while not is_so():
        assert monotonic() < end, f"it is not so after {seconds:g} seconds"
        sleep(0.01)


class Clock:
    """A clock that stands still until it is moved, so that a test can say what happened when."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        """Let time pass: `passes(days=3)`."""
        self.now += timedelta(**time)


class LetterText(str):
    """What a letter says. Where a line of it is folded does not matter to what is looked for."""

    __slots__ = ()

    def __contains__(self, words: object) -> bool:
        part = str(words)
        # What begins or ends with a break is about lines.
        return str.__contains__(self, part) or (part == part.strip() and _in_one_line(part) in _in_one_line(self))

    def startswith(self, words: str | tuple[str, ...], *_: Any) -> bool:
        every = (words,) if isinstance(words, str) else words
        return _in_one_line(self).startswith(tuple(map(_in_one_line, every)))

    def endswith(self, words: str | tuple[str, ...], *_: Any) -> bool:
        every = (words,) if isinstance(words, str) else words
        return _in_one_line(self).endswith(tuple(map(_in_one_line, every)))


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


class Letter:
    """A letter as its reader sees it."""

    def __init__(self, raw: bytes, recipient: str, envelope_from: str) -> None:
        self.raw = raw
        self.recipient = recipient
        self.envelope_from = envelope_from
        self._headers: dict[str, str] = {}

    # Most letters are never looked at, and to read one takes milliseconds.
    @cached_property
    def mail(self) -> EmailMessage:
        """Its headers and parts."""
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def __getitem__(self, header: str) -> str:
        if header not in self._headers:
            self._headers[header] = str(self.mail[header] or "")
        return self._headers[header]

    @cached_property
    def all_text(self) -> LetterText:
        """Text and footer."""
        part = self.mail.get_body(("plain",))
        assert part is not None
        return LetterText(str(part.get_content()).replace("\r\n", "\n"))

    @property
    def text(self) -> LetterText:
        """What stands above the footer."""
        return LetterText(self.all_text.rpartition("\n-- \n")[0].strip())

    @property
    def words(self) -> str:
        """The text in one line: for sentences of ours, which are folded."""
        return " ".join(self.text.split())

    @property
    def footer(self) -> LetterText:
        """What stands under the signature delimiter."""
        return LetterText(self.all_text.rpartition("\n-- \n")[2].strip())


class FarEnd:
    """The mail server at which everybody's letters arrive."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def deliver(self, message: bytes, To: str, From: str) -> None:  # noqa: N803 - Salmon's names
        self.letters.append(Letter(message, To, From))

    def check(self) -> None:
        pass

    def close(self) -> None:
        pass


class Actor:
    """Somebody with a mail client."""

    def __init__(self, world: "World", email: str, name: str = "") -> None:
        self.world = world
        self.email = email
        self.name = name

    def writes(
        self,
        to: str,
        text: str,
        *,
        subject: str = "Hello",
        answering: Letter | None = None,
        headers: dict[str, str] | None = None,
    ) -> str:
        """Send a mail; `to` may leave our domain out. Returns its Message-ID."""
        address = to if "@" in to else f"{to}@{DOMAIN}"
        mail = EmailMessage(policy.SMTP)
        mail["From"] = f'"{self.name}" <{self.email}>' if self.name else self.email
        mail["To"] = address
        mail["Subject"] = subject
        mail["Date"] = format_datetime(self.world.clock.now)
        mail["Message-ID"] = make_msgid(domain="home.example")
        if answering is not None:
            mail["In-Reply-To"] = answering["Message-ID"]
            mail["References"] = f"{answering['References']} {answering['Message-ID']}".strip()
        for name, value in (headers or {}).items():
            del mail[name]
            mail[name] = value
        mail.set_content(text)
        self.world.clock.passes(seconds=1)
        self.world.brings(mail.as_bytes(), self.email, address)
        return str(mail["Message-ID"] or "")

    def replies(self, letter: Letter, text: str, **more: Any) -> str:
        """Answer a letter as a mail client does."""
        to = letter["Reply-To"] or letter["From"]
        return self.writes(to, text, subject=letter["Subject"], answering=letter, **more)

    @property
    def letters(self) -> list[Letter]:
        """Every letter this person has got, oldest first."""
        key = address_key(self.email)
        return [letter for letter in self.world.far_end.letters if address_key(letter.recipient) == key]

    def letter(self) -> Letter:
        """The newest letter."""
        assert self.letters, f"{self.email} has got no letter"
        return self.letters[-1]


class Snapshot(NamedTuple):
    """A world on SQLite at one moment: its database, its clock, and the letters that had arrived."""

    database: bytes
    now: datetime
    letters: list[Letter]


class World:
    """A tracker with its database, and the people around it."""

    def __init__(
        self, url: str, *, keep_unmatched: bool = True, lifecycle: str = "support", domain: str = DOMAIN
    ) -> None:
        self.clock = Clock()
        if url.startswith("sqlite:") and not Path(make_url(url).database or "").exists():
            make_database(url)
        self.database = Database(url, domain, clock=self.clock)
        set_up(self.database)
        self._lives_by(lifecycle)
        self.far_end = FarEnd()
        self.courier = Courier(self.database, self.far_end)  # type: ignore[arg-type]
        self.settings = _settings("keep" if keep_unmatched else "reject")
        self.intake = build.build_intake(self.settings, self.database)
        self.receiver: Receiver | None = None

    def _lives_by(self, lifecycle: str) -> None:
        """Let General have this lifecycle: most tests are about one of them."""
        with self.database.transaction() as uow:
            general = queues.find_queue(uow, "General")
            if general.lifecycle_name != lifecycle:
                queue_setup.set_queue(uow, general, "lifecycle", lifecycle)

    def switches(self, queue: str, **switches: str) -> None:
        """Switch rules of a queue: `switches("General", acknowledge="on")`."""
        with self.database.transaction() as uow:
            for key, value in switches.items():
                queue_setup.set_queue(uow, queues.find_queue(uow, queue), key.replace("_", "-"), value)

    def close(self) -> None:
        self.database.close()

    def snapshot(self) -> Snapshot:
        """Close a world on SQLite, and keep it to begin others from it."""
        self.close()
        content = Path(self.database.url.database or "").read_bytes()
        return Snapshot(content, self.clock.now, self.far_end.letters)

    @classmethod
    def restored(cls, url: str, snapshot: Snapshot, lifecycle: str) -> "World":
        """Begin where another world was when it was kept."""
        Path(make_url(url).database or "").write_bytes(snapshot.database)
        world = cls(url, lifecycle=lifecycle)
        world.clock.now = snapshot.now
        world.far_end.letters = [*snapshot.letters]
        return world

    def actor(self, email: str, name: str = "") -> Actor:
        """Somebody whom the tracker does not know yet."""
        return Actor(self, email, name)

    def known(self, email: str, name: str = "", *, admin: bool = False) -> Actor:
        """Somebody added by command."""
        with self.database.transaction() as uow:
            registration.add_person(uow, Mailbox(name, email), administrator=admin)
        return Actor(self, email, name)

    def responder(self, email: str, name: str = "", queue: str = "General") -> Actor:
        """Somebody who answers for a queue."""
        actor = self.known(email, name)
        with self.database.transaction() as uow:
            queue_setup.add_responder(uow, queues.find_queue(uow, queue), people.get_person(uow, email))
        return actor

    def reader(self, email: str, name: str = "", queue: str = "General") -> Actor:
        """Somebody who may read a queue, and answers nothing."""
        actor = self.known(email, name)
        with self.database.transaction() as uow:
            queue_setup.add_reader(uow, queues.find_queue(uow, queue), people.get_person(uow, email))
        return actor

    def answers_at(self, address: str, queue: str = "General") -> None:
        """A queue gets one more address."""
        with self.database.transaction() as uow:
            queue_setup.add_queue_address(uow, queues.find_queue(uow, queue), address)

    def brings(self, raw: bytes, envelope_from: str | None, *recipients: str) -> list[DeliveryResult]:
        """A mail server hands over a mail, by SMTP when a server runs; then the courier does its round."""
        outcomes: list[DeliveryResult] = []
        if self.receiver is None:
            outcomes = self.intake.receive(raw, envelope_from, recipients)
        else:
            with self.smtp() as client:
                client.sendmail(envelope_from or "", recipients, raw)
        self.settle()
        return outcomes

    def settle(self) -> None:
        """Every letter that is due arrives."""
        while self.courier.round():
            pass

    def act(
        self, number: int, action: str, email: str | None, text: str = "", *, date: datetime | None = None, **more: Any
    ) -> None:
        """An explicit action, as `tickets act` takes it; `email` None is the tracker itself."""
        with self.database.transaction() as uow:
            ticket = find_ticket(uow, number, locked=True)
            members = members_of(uow, ticket)
            member = member_for(people.get_person(uow, email), members) if email else None
            party = member.roles_in(ticket.lifecycle) if member else TRACKER
            new_message = NewMessage(text, text, f"Re: {ticket.title}", new_message_id(uow), date=date, posted=date)
            chosen = ticket.lifecycle.action(action)
            notify(uow, workflow.take_action(uow, ticket, member, party, chosen, new_message, members, **more))
        self.settle()

    def opens(self, email: str, subject: str = "Hello", text: str = "Hello there.", queue: str = "General") -> int:
        """A ticket opened in somebody's name, as `tickets open` does; its number."""
        with self.database.transaction() as uow:
            requestor = registration.get_or_create_person(uow, Mailbox("", email), known=True)
            new_message = NewMessage(text, text, subject, new_message_id(uow))
            number = open_ticket(uow, queues.find_queue(uow, queue), requestor, new_message).id
        self.settle()
        return number

    def asks_in(self, number: int, email: str) -> None:
        """Somebody takes part in a ticket from now on."""
        with self.database.transaction() as uow:
            uow.session.add(Participant(subscribed=True, ticket_id=number, person_id=people.get_person(uow, email).id))

    def sets(self, number: int, by: str, *, assignee: str | None = None, **more: Any) -> None:
        """Change things of a ticket, as `tickets set` does; `assignee` may be nobody."""
        with self.database.transaction() as uow:
            has_name = assignee is not None and assignee != "nobody"
            chosen = people.get_person(uow, assignee or "") if has_name else None
            setting = FieldChanges(assignee=chosen, nobody=assignee == "nobody", **more)
            administration.set_ticket(uow, find_ticket(uow, number, locked=True), people.get_person(uow, by), setting)
        self.settle()

    def becomes(self, number: int, status: str) -> None:
        """A ticket is in this status, however it got there; nobody is told."""
        with self.database.transaction() as uow:
            find_ticket(uow, number).status = status

    def ticket(self, number: int = 1, viewer: str | None = None) -> dict[str, Any]:
        """A ticket as `tickets show --json` prints it."""
        with self.database.read_only() as uow:
            person = people.get_person(uow, viewer) if viewer else None
            return ticket_in_full(uow, find_ticket(uow, number), person)

    @contextmanager
    def uow(self) -> Iterator[UnitOfWork]:
        with self.database.transaction() as uow:
            yield uow

    def rows(self, *columns: Any) -> list[Any]:
        """Everything of a mapped class, or of some columns."""
        from sqlalchemy import select

        with self.database.read_only() as uow:
            query = uow.session.scalars if len(columns) == 1 else uow.session.execute
            return list(query(select(*columns)))

    @contextmanager
    def serving(self, *schemes: str) -> Iterator[Receiver]:
        """A real server on free ports: `smtp` unless others are named; stopped at the end as a signal would."""
        listeners = [Listener(scheme, "127.0.0.1", 0) for scheme in schemes or ("smtp",)]
        started = Event()
        receiver = Receiver(self.intake, listeners, max_bytes=2_000_000, workers=4, started=lambda _: started.set())
        thread = Thread(target=receiver.start)
        thread.start()
        assert started.wait(10), "the server does not start"
        self.receiver = receiver
        try:
            yield receiver
        finally:
            self.receiver = None
            receiver.stop()
            thread.join(20)
            assert not thread.is_alive(), "the server does not stop"

    def port(self, scheme: str = "smtp") -> int:
        assert self.receiver is not None
        return next(listener.port for listener in self.receiver.listeners if listener.scheme == scheme)

    def smtp(self) -> SMTP:
        return SMTP("127.0.0.1", self.port("smtp"), timeout=20)

    def lmtp(self) -> LMTP:
        return LMTP("127.0.0.1", self.port("lmtp"), timeout=20)


def ticket_of(uow: UnitOfWork, number: int) -> Ticket:
    return find_ticket(uow, number)


def person_of(uow: UnitOfWork, email: str) -> Person:
    return people.get_person(uow, email)


_PLAIN = {
    **vars(defaults),
    "DOMAIN": DOMAIN,
    "DATABASE_URL": "sqlite:///run/unused.db",
    "LISTEN": "smtp://127.0.0.1:0",
    "RELAY": "maildir:run/unused",
    "MAX_MESSAGE_BYTES": 2_000_000,
    "UNMATCHED": "keep",
    "TRUST": "reply",
    "AUTHSERV_ID": "",
    "WORKERS": 4,
    "LOG": "plain",
    "HOME": "",
    "WEB": "",
    "WEB_URL": "",
    "METRICS": "",
}


@cache
def _settings(unmatched: str) -> Settings:
    return load(_PLAIN, {"TICKETS_UNMATCHED": unmatched})
