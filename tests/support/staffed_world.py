"""A world with a team: two people who answer for General, one for Questions, and somebody who has asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select

from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.records.messages import find_message
from mail_tickets.model.records.received_mail import Mail
from mail_tickets.model.records.tickets import find_ticket
from mail_tickets.model.storage.unit_of_work import Trust
from tests.support.world import Actor, Letter, Snapshot, World

RON, ROSA, QUINN = "ron@example.org", "rosa@example.org", "quinn@example.org"
RITA, PIA, OTTO, EVE = "rita@example.net", "pia@example.net", "otto@example.net", "eve@elsewhere.example"
FRONT = "mx.example"

# A status to which a responder can lead a new ticket without words, and with a plain reply.
AWAY = {"support": "Invalid", "correspondence": "stalled"}
REPLIED = {"support": "Answered", "correspondence": "open"}
# One to which `Status` leads although the reply by itself leads elsewhere.
WAITING = {"support": "Needs information", "correspondence": "stalled"}
# The line with which a requestor ends a ticket.
DONE = {"support": "Status: Solved", "correspondence": "Status: resolved"}


class StaffedWorld:
    """Ron and Rosa answer for General, Quinn for Questions; Rita has asked something, which is ticket 1."""

    def __init__(self, world: World, life: str) -> None:
        self.world = world
        self.life = LIFECYCLES[life]
        self.ron, self.rosa = world.actor(RON, "Ron"), world.actor(ROSA, "Rosa")
        self.quinn = world.actor(QUINN, "Quinn")
        self.rita = world.actor(RITA, "Rita")

    def begin(self) -> None:
        """Set up the team in a new world, and let Rita ask."""
        self.world.switches("Questions", lifecycle=self.life.name)
        for email, name, queue in ((RON, "Ron", "General"), (ROSA, "Rosa", "General"), (QUINN, "Quinn", "Questions")):
            self.world.responder(email, name, queue=queue)
        self.rita.writes("hello", "Help!", subject="Printer")

    def steers(self, actor: Actor, text: str, **more: Any) -> list[Letter]:
        """Answer the first letter that somebody got, which proves who writes; the letters that this led to."""
        return self.since(lambda: actor.replies(actor.letters[0], text, **more))

    def says(self, actor: Actor, text: str, to: str = "ticket1", **more: Any) -> list[Letter]:
        """Write a mail that nothing proves; the letters that this led to."""
        return self.since(lambda: actor.writes(to, text, **more))

    def vouched(self, actor: Actor, text: str, to: str = "hello", **more: Any) -> list[Letter]:
        """Write a mail for whose From the front server stands."""
        self.world.database.trust = Trust("reply", FRONT)
        domain = actor.email.partition("@")[2]
        results = {"Authentication-Results": f"{FRONT}; dmarc=pass header.from={domain}"}
        return self.since(lambda: actor.writes(to, text, headers=results | more.pop("headers", {}), **more))

    def merges(self, letter: Letter, into: int) -> list[Letter]:
        """Ron merges the ticket of a letter into another one, and says yes; what that yes led to."""
        self.ron.replies(letter, f"Merge: {into}.")
        return self.since(lambda: self.ron.replies(self.ron.letter(), "yes"))

    def since(self, happens: Callable[[], object]) -> list[Letter]:
        before = len(self.world.far_end.letters)
        happens()
        return self.world.far_end.letters[before:]

    @property
    def ticket(self) -> dict[str, Any]:
        return self.world.ticket()

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.world.ticket()["messages"]
        return messages

    @property
    def status(self) -> str:
        return str(self.ticket["status"])

    def raw(self, ticket: int, number: int) -> str:
        """What `tickets raw` prints."""
        with self.world.database.read_only() as uow:
            mail = find_message(uow, find_ticket(uow, ticket), number).mail_id
            return bytes(uow.session.scalars(select(Mail.raw).where(Mail.id == mail)).one()).decode()


@cache
def _begun(lifecycle: str) -> Snapshot:
    with TemporaryDirectory() as folder:
        world = World(f"sqlite:///{folder}/tickets.db", lifecycle=lifecycle)
        StaffedWorld(world, lifecycle).begin()
        return world.snapshot()


@contextmanager
def staffed(url: str, lifecycle: str) -> Iterator[StaffedWorld]:
    """Open one on SQLite, a copy of the first, whose mails the intake takes without a server in between."""
    world = World.restored(url, _begun(lifecycle), lifecycle)
    yield StaffedWorld(world, lifecycle)
    world.close()


def to(letters: list[Letter], who: Actor) -> list[Letter]:
    return [letter for letter in letters if letter.recipient == who.email]


def quoted(letter: Letter) -> str:
    """What a mail client puts below an answer."""
    return f"On Sat, 21 Nov 2026 at 12:00, {letter['From']} wrote:\n" + "".join(
        f"> {line}\n" for line in letter.all_text.split("\n")
    )
