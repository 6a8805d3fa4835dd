"""The way of a mail from its bytes to the commit: read, route through Salmon, and store, or nothing."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from salmon.mail import MailRequest
from salmon.routing import Router
from sqlalchemy.exc import IntegrityError

from ...mail.addresses import is_usable
from ...mail.parsed import read
from ...model.inbound.delivery import Arrival, Outcome
from ...model.inbound.unmatched import find_set_aside, raw_bytes
from ...model.records import addressing
from ...model.storage.database import Database
from ...model.storage.unit_of_work import Desk
from .. import mail_log
from .smtp_replies import NoRoom

_HEADERS_FOR_SALMON = 16_384
_EMPTY_LINE = re.compile(rb"(?>\r\n|\r|\n)(?>\r\n|\r|\n)")
# PostgreSQL's codes for work that was stopped because of other work: a failed serialization, a deadlock.
_OVERTAKEN = ("40001", "40P01")
# Several mails of one new sender may come at once, and somebody be forgotten meanwhile.
_TRIES = 4


_NOBODY = "nobody@invalid"


class Request(MailRequest):  # type: ignore[misc] # Salmon has no types
    """Salmon's request, with what our handlers need: the open desk, the mail, and the envelope's recipient.

    Salmon parses only the first headers: the body would cost ten times its size in memory, and is read elsewhere.
    """

    def __init__(self, desk: Desk, arrival: Arrival, recipient: str) -> None:
        # Given no address, or one that it cannot parse, Salmon reads the headers for one, and raises on what it finds.
        super().__init__("tickets", _NOBODY, _NOBODY, first_headers(arrival.raw))
        self.desk = desk
        self.arrival = arrival
        self.recipient = recipient
        self.To = recipient if "@" in recipient else f"{recipient}@{desk.domain}"
        self.From = arrival.envelope_from


class Unrouted(RuntimeError):
    """No handler, or more than one, took a mail: the routes are not those this program was made with."""


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
        if not self._has_room(len(arrival.raw)):
            raise NoRoom
        before = arrival.mail_id, len(arrival.outcomes)
        for tries_left in reversed(range(_TRIES)):
            try:
                self._store(arrival, recipients)
                break
            except BaseException as error:
                _undo(arrival, *before)
                if not tries_left or not _was_overtaken(error):
                    raise
        self._stored()
        self._log(arrival, arrival.outcomes[before[1] :])

    def _store(self, arrival: Arrival, recipients: Sequence[str]) -> None:
        with self.database.work() as desk:
            for recipient in recipients:
                _route(desk, arrival, recipient)

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
        self._stored()
        self._log(arrival, arrival.outcomes)
        return arrival.outcomes[-1]

    def recipients(self, raw: bytes, environment: Mapping[str, str] | None = None) -> list[str]:
        """Return the recipients of a mail without an envelope (docs/interface.md, section 3).

        `environment` is that of the mail server's pipe. What leads somewhere comes first: qmail puts an account's name
        before the addresses of a virtual domain.
        """
        incoming = read(raw)
        noted = [*incoming.hints, *_recipients_of(environment or {})]
        with self.database.look() as desk:
            ours = [address for address in noted if _ours(desk, address)]
            leading = [address for address in ours if addressing.leads_somewhere(desk, address)]
            if ours:
                return [*leading, *ours][:1]
            named = [mailbox.email for mailbox in incoming.to if _ours(desk, mailbox.email)]
        return named or [*noted, *(mailbox.email for mailbox in incoming.to), "nobody"][:1]

    def _log(self, arrival: Arrival, outcomes: Sequence[Outcome]) -> None:
        said = said_of(arrival)
        for outcome in outcomes:
            reason = outcome.reason or None
            mail_log.note(outcome.fate, {"to": outcome.recipient, **said, "ticket": outcome.ticket, "reason": reason})


def _recipients_of(environment: Mapping[str, str]) -> list[str]:
    """The recipients that a mail server tells a pipe: Postfix's local(8), Exim's pipe transport, qmail-command(8)."""
    whole = [environment.get(name, "") for name in ("ORIGINAL_RECIPIENT", "RECIPIENT")]
    parted = [
        f"{environment.get(local, '')}@{environment.get(domain, '')}"
        for local, domain in (("EXT", "HOST"), ("LOCAL", "HOST"), ("LOCAL", "DOMAIN"), ("LOCAL_PART", "DOMAIN"))
    ]
    return [address for address in (*whole, *parted) if is_usable(address)]


def said_of(arrival: Arrival) -> dict[str, object]:
    """What the log says of a mail, wherever it goes."""
    incoming = arrival.incoming
    sender = incoming.sender.email if incoming.sender else None
    return {"from": sender, "bytes": len(arrival.raw), "id": incoming.message_id}


def _ours(desk: Desk, address: str) -> bool:
    return addressing.is_at_our_domain(desk, address) or addressing.find_place(desk, address) is not None


def _route(desk: Desk, arrival: Arrival, recipient: str) -> None:
    before = len(arrival.outcomes)
    Router.deliver(Request(desk, arrival, recipient))
    if len(arrival.outcomes) != before + 1:
        raise Unrouted(f"{len(arrival.outcomes) - before} handlers took mail to {recipient!r}")


def _undo(arrival: Arrival, mail_id: int | None, outcomes: int) -> None:
    """Forget what a unit of work noted that was rolled back."""
    arrival.mail_id = mail_id
    del arrival.outcomes[outcomes:]


def _was_overtaken(error: BaseException) -> bool:
    """Whether another connection did the same at the same instant (made a sender known, say): it has now."""
    return isinstance(error, IntegrityError) or getattr(getattr(error, "orig", None), "sqlstate", None) in _OVERTAKEN


def first_headers(raw: bytes) -> bytes:
    """As much of a mail's headers as Salmon is given: never a body, in which parts could be nested too deep for it."""
    head = raw[:_HEADERS_FOR_SALMON]
    end = _EMPTY_LINE.search(head)
    return head[: end.start()] if end else head
