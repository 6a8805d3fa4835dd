"""The way of a mail from its bytes to the commit: read, route through Salmon, and store, or nothing."""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from salmon.mail import MailRequest
from salmon.routing import Router
from sqlalchemy.exc import IntegrityError

from ...mail.parsed import parse_mail
from ...model.inbound.delivery import DeliveryResult, InboundMail
from ...model.inbound.unmatched import find_unmatched, raw_bytes
from ...model.records import addressing
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
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
    """Salmon's request, with what our handlers need: the unit of work, the mail, and the envelope's recipient.

    Salmon parses only the first headers: the body would cost ten times its size in memory, and is read elsewhere.
    """

    def __init__(self, uow: UnitOfWork, inbound_mail: InboundMail, recipient: str) -> None:
        # Given no address, or one that it cannot parse, Salmon reads the headers for one, and raises on what it finds.
        super().__init__("tickets", _NOBODY, _NOBODY, first_headers(inbound_mail.raw))
        self.uow = uow
        self.inbound_mail = inbound_mail
        self.recipient = recipient
        self.To = recipient if "@" in recipient else f"{recipient}@{uow.domain}"
        self.From = inbound_mail.envelope_from


class Unrouted(RuntimeError):
    """No handler, or more than one, took a mail: the routes are not those this program was made with."""


class MailIntake:
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
        with self.database.read_only() as uow:
            ours = addressing.is_at_our_domain(uow, address)
            if not ours and addressing.find_our_address(uow, address) is None:
                return f"we take no mail for other domains than {uow.domain}"
            if not self.keep_unmatched and not addressing.is_deliverable(uow, address):
                return "no such address here"
        return None

    def may_refuse(self, address: str) -> bool:
        """Whether `refuses` needs asking: at our own domain everything is kept, unless told otherwise."""
        domain = address.rpartition("@")[2].lower() if "@" in address else self.database.domain
        return not self.keep_unmatched or domain != self.database.domain

    def write_lock(self) -> AbstractContextManager[None]:
        """A turn to read and store a mail, alone where the database has one writer.

        Threads that read a mail while another one writes would only contend for the interpreter.
        """
        return self.database.write_lock()

    def read(self, raw: bytes, envelope_from: str | None, recipients: Sequence[str]) -> InboundMail:
        """Read a mail, to store it for one recipient after another."""
        return InboundMail.of(raw, envelope_from, recipients)

    def receive(self, raw: bytes, envelope_from: str | None, recipients: Sequence[str]) -> list[DeliveryResult]:
        """Store a mail for all its recipients, with everything that follows from it; raises if it could not be.

        NoRoom if the disk is nearly full.
        """
        inbound_mail = self.read(raw, envelope_from, recipients)
        self.store(inbound_mail, recipients)
        return inbound_mail.results

    def store(self, inbound_mail: InboundMail, recipients: Sequence[str]) -> None:
        """The same with a mail that was read already; its bytes are stored once, however often this is called."""
        if not self._has_room(len(inbound_mail.raw)):
            raise NoRoom
        before = inbound_mail.mail_id, len(inbound_mail.results)
        for tries_left in reversed(range(_TRIES)):
            try:
                self._store(inbound_mail, recipients)
                break
            except BaseException as error:
                _undo(inbound_mail, *before)
                if not tries_left or not _was_overtaken(error):
                    raise
        self._stored()
        self._log(inbound_mail, inbound_mail.results[before[1] :])

    def _store(self, inbound_mail: InboundMail, recipients: Sequence[str]) -> None:
        with self.database.transaction() as uow:
            for recipient in recipients:
                _route(uow, inbound_mail, recipient)

    def redeliver(self, number: int, address: str | None = None) -> DeliveryResult:
        """Route a mail once more that was set aside, to where it was sent or to another address of ours."""
        with self.database.transaction() as uow:
            delivery = find_unmatched(uow, number, locked=True)
            raw = raw_bytes(uow, delivery.mail_id)
            inbound_mail = InboundMail.of(raw, delivery.mail.envelope_from, [address or delivery.recipient])
            inbound_mail.mail_id, inbound_mail.delivery_id = delivery.mail_id, delivery.id
            recipient = address or delivery.recipient
            # What was loaded would hide what the routing writes.
            uow.session.expunge_all()
            _route(uow, inbound_mail, recipient)
        self._stored()
        self._log(inbound_mail, inbound_mail.results)
        return inbound_mail.results[-1]

    def recipients(self, raw: bytes) -> list[str]:
        """Return the recipients of a mail without an envelope, by its headers (docs/interface.md, section 3)."""
        parsed = parse_mail(raw)
        with self.database.read_only() as uow:
            for address in parsed.hints:
                if _ours(uow, address):
                    return [address]
            named = [mailbox.email for mailbox in parsed.to if _ours(uow, mailbox.email)]
        return named or [*parsed.hints, *(mailbox.email for mailbox in parsed.to), "nobody"][:1]

    def _log(self, inbound_mail: InboundMail, results: Sequence[DeliveryResult]) -> None:
        said = said_of(inbound_mail)
        for result in results:
            reason = result.reason or None
            mail_log.note(result.fate, {"to": result.recipient, **said, "ticket": result.ticket, "reason": reason})


def said_of(inbound_mail: InboundMail) -> dict[str, object]:
    """What the log says of a mail, wherever it goes."""
    parsed = inbound_mail.parsed
    sender = parsed.sender.email if parsed.sender else None
    return {"from": sender, "bytes": len(inbound_mail.raw), "id": parsed.message_id}


def _ours(uow: UnitOfWork, address: str) -> bool:
    return addressing.is_at_our_domain(uow, address) or addressing.find_our_address(uow, address) is not None


def _route(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str) -> None:
    before = len(inbound_mail.results)
    Router.deliver(Request(uow, inbound_mail, recipient))
    if len(inbound_mail.results) != before + 1:
        raise Unrouted(f"{len(inbound_mail.results) - before} handlers took mail to {recipient!r}")


def _undo(inbound_mail: InboundMail, mail_id: int | None, results: int) -> None:
    """Forget what a unit of work noted that was rolled back."""
    inbound_mail.mail_id = mail_id
    del inbound_mail.results[results:]


def _was_overtaken(error: BaseException) -> bool:
    """Whether another connection did the same at the same instant (made a sender known, say): it has now."""
    return isinstance(error, IntegrityError) or getattr(getattr(error, "orig", None), "sqlstate", None) in _OVERTAKEN


def first_headers(raw: bytes) -> bytes:
    """As much of a mail's headers as Salmon is given: never a body, in which parts could be nested too deep for it."""
    head = raw[:_HEADERS_FOR_SALMON]
    end = _EMPTY_LINE.search(head)
    return head[: end.start()] if end else head
