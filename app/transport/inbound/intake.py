"""The way of a mail from its bytes to the commit: read, route through Salmon, and store, or nothing."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

from salmon import encoding
from salmon.mail import MailRequest
from salmon.routing import Router
from sqlalchemy.exc import IntegrityError

from ...mail.parsed import read
from ...model.inbound import dispatch
from ...model.inbound.delivery import Arrival, Fate, Outcome
from ...model.inbound.unmatched import find_set_aside, raw_bytes
from ...model.records import addressing
from ...model.storage.database import Database
from ...model.storage.unit_of_work import Desk
from .. import mail_log
from .routes import Recipient, is_others
from .smtp_replies import NoRoom

# PostgreSQL's codes for work that was stopped because of other work: a failed serialization, a deadlock.
_OVERTAKEN = ("40001", "40P01")
# Several mails of one new sender may come at once, and somebody be forgotten meanwhile.
_TRIES = 4


class Request(MailRequest):  # type: ignore[misc] # Salmon has no types
    """Salmon's request, with what our handlers need: the open desk, the mail, and the envelope's recipient.

    Salmon parses the mail when another's handler asks: it would cost ten times its size in memory, and can fail.
    """

    def __init__(self, desk: Desk, arrival: Arrival, recipient: str) -> None:
        # Not Salmon's own: given no address, or one that it cannot parse, it reads the headers for one.
        self.Peer = "tickets"
        self.Data = arrival.raw
        self.desk = desk
        self.arrival = arrival
        self.recipient = recipient
        self.To = Recipient.of(recipient, desk)
        self.From = arrival.envelope_from
        self.bounce = None
        self.is_unmatched = False

    @cached_property
    def base(self) -> Any:
        """The whole mail as Salmon reads it."""
        found = encoding.from_string(self.Data)
        for name, address in (("from", self.From), ("to", str(self.To))):
            if name not in found:
                found[name] = address
        return found


class Unrouted(RuntimeError):
    """Nobody took a mail, or more than one of our handlers did: the routes are not those this program was made with."""


class Unmatched:
    """What Salmon knows as the queue of mail that no handler was called for, or that one of them failed at."""

    def push(self, message: Request) -> None:
        """Note it; a handler's failure goes on its way to the receiver, and undoes everything."""
        message.is_unmatched = True


class Reception:
    """Takes mail in.

    `stored` is called after each commit, so that letters can leave at once; `has_room` says whether so many bytes
    still fit on the disk.
    """

    def __init__(
        self,
        database: Database,
        *,
        keep_unmatched: bool,
        stored: Callable[[], None] = lambda: None,
        has_room: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self.database = database
        self.keep_unmatched = keep_unmatched
        self._stored = stored
        self._has_room = has_room

    def refuses(self, address: str) -> str | None:
        """Why mail to this address is not taken, in words for the sender's server; None if it is."""
        with self.database.look() as desk:
            if is_others(address):
                return None
            ours = addressing.is_at_our_domain(desk, address)
            if not ours and addressing.find_place(desk, address) is None:
                return f"we take no mail for other domains than {desk.domain}"
            if not self.keep_unmatched and not addressing.leads_somewhere(desk, address):
                return "no such address here"
        return None

    def may_refuse(self, address: str) -> bool:
        """Whether `refuses` needs asking: at our own domain everything is kept, unless told otherwise."""
        domain = address.rpartition("@")[2].lower() if "@" in address else self.database.domain
        return not self.keep_unmatched or domain != self.database.domain

    def turn(self) -> AbstractContextManager[None]:
        """A turn to read and store a mail, alone where the database has one writer.

        Threads that read a mail while another one writes would only contend for the interpreter.
        """
        return self.database.turn()

    def read(self, raw: bytes, envelope_from: str | None, recipients: Sequence[str]) -> Arrival:
        """Read a mail, to store it for one recipient after another."""
        return Arrival.of(raw, envelope_from, recipients)

    def receive(self, raw: bytes, envelope_from: str | None, recipients: Sequence[str]) -> list[Outcome]:
        """Store a mail for all its recipients, with everything that follows from it; raises if it could not be.

        NoRoom if the disk is nearly full.
        """
        arrival = self.read(raw, envelope_from, recipients)
        self.store(arrival, recipients)
        return arrival.outcomes

    def store(self, arrival: Arrival, recipients: Sequence[str]) -> None:
        """The same with a mail that was read already; its bytes are stored once, however often this is called."""

        def route_all(desk: Desk) -> None:
            for recipient in recipients:
                _route(desk, arrival, recipient)

        self._work(arrival, route_all)

    def receive_by(
        self, raw: bytes, envelope_from: str, recipient: str, operation: Callable[[Desk, Arrival], object]
    ) -> None:
        """The same with a mail that was routed already, by another program's receiver."""
        with self.turn():
            arrival = self.read(raw, envelope_from, [recipient])
            self._work(arrival, lambda desk: operation(desk, arrival))

    def _work(self, arrival: Arrival, operation: Callable[[Desk], object]) -> None:
        if not self._has_room(len(arrival.raw)):
            raise NoRoom
        before = arrival.mail_id, len(arrival.outcomes)
        for tries_left in reversed(range(_TRIES)):
            try:
                with self.database.work() as desk:
                    operation(desk)
                break
            except BaseException as error:
                _undo(arrival, *before)
                if not tries_left or not _was_overtaken(error):
                    raise
        self._stored()
        self._log(arrival, arrival.outcomes[before[1] :])

    def redeliver(self, number: int, address: str | None = None) -> Outcome:
        """Route a mail once more that was set aside, to where it was sent or to another address of ours."""
        with self.database.work() as desk:
            delivery = find_set_aside(desk, number, locked=True)
            raw = raw_bytes(desk, delivery.mail_id)
            arrival = Arrival.of(raw, delivery.mail.envelope_from, [address or delivery.recipient])
            arrival.mail_id, arrival.delivery_id = delivery.mail_id, delivery.id
            recipient = address or delivery.recipient
            # What was loaded would hide what the routing writes.
            desk.session.expunge_all()
            _route(desk, arrival, recipient)
            if arrival.outcomes[-1].fate is Fate.LEFT:
                find_set_aside(desk, number).waiting = False
        self._stored()
        self._log(arrival, arrival.outcomes)
        return arrival.outcomes[-1]

    def recipients(self, raw: bytes) -> list[str]:
        """Return the recipients of a mail without an envelope, by its headers (docs/interface.md, section 3)."""
        incoming = read(raw)
        with self.database.look() as desk:
            for address in incoming.hints:
                if _ours(desk, address):
                    return [address]
            named = [mailbox.email for mailbox in incoming.to if _ours(desk, mailbox.email)]
        return named or [*incoming.hints, *(mailbox.email for mailbox in incoming.to), "nobody"][:1]

    def _log(self, arrival: Arrival, outcomes: Sequence[Outcome]) -> None:
        said = said_of(arrival)
        for outcome in outcomes:
            reason = outcome.reason or None
            mail_log.note(outcome.fate, {"to": outcome.recipient, **said, "ticket": outcome.ticket, "reason": reason})


def said_of(arrival: Arrival) -> dict[str, object]:
    """What the log says of a mail, wherever it goes."""
    incoming = arrival.incoming
    sender = incoming.sender.email if incoming.sender else None
    return {"from": sender, "bytes": len(arrival.raw), "id": incoming.message_id}


def _ours(desk: Desk, address: str) -> bool:
    return addressing.is_at_our_domain(desk, address) or addressing.find_place(desk, address) is not None


def _route(desk: Desk, arrival: Arrival, recipient: str) -> None:
    before = len(arrival.outcomes)
    request = Request(desk, arrival, recipient)
    Router.deliver(request)
    if len(arrival.outcomes) == before and addressing.find_place(desk, recipient) is None:
        if request.is_unmatched:
            dispatch.nowhere(desk, arrival, recipient)
        else:
            arrival.outcomes.append(Outcome(recipient, Fate.LEFT))
    if len(arrival.outcomes) != before + 1:
        raise Unrouted(f"{len(arrival.outcomes) - before} handlers took mail to {recipient!r}")


def _undo(arrival: Arrival, mail_id: int | None, outcomes: int) -> None:
    """Forget what a unit of work noted that was rolled back."""
    arrival.mail_id = mail_id
    del arrival.outcomes[outcomes:]


def _was_overtaken(error: BaseException) -> bool:
    """Whether another connection did the same at the same instant (made a sender known, say): it has now."""
    return isinstance(error, IntegrityError) or getattr(getattr(error, "orig", None), "sqlstate", None) in _OVERTAKEN
