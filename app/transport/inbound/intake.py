"""The way of a mail from its bytes to the commit: read, route through Salmon, and store, or nothing."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from salmon.mail import MailRequest
from salmon.routing import Router
from sqlalchemy.exc import IntegrityError

from ...mail.addresses import is_usable
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
        self._result: DeliveryResult | None = None
        self.To = recipient if "@" in recipient else f"{recipient}@{uow.domain}"
        self.From = inbound_mail.envelope_from

    @property
    def result(self) -> DeliveryResult:
        """What became of the mail, as the one handler that took it has said."""
        if self._result is None:
            raise Unrouted(f"no handler took mail to {self.recipient!r}")
        return self._result

    @result.setter
    def result(self, result: DeliveryResult) -> None:
        if self._result is not None:
            raise Unrouted(f"two handlers took mail to {self.recipient!r}")
        self._result = result


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
        return list(self.store(self.read(raw, envelope_from, recipients), recipients).results)

    def store(self, inbound_mail: InboundMail, recipients: Sequence[str]) -> InboundMail:
        """The same with a mail that was read already, which is returned as it goes on to recipients after these."""
        if not self._has_room(len(inbound_mail.raw)):
            raise NoRoom
        for tries_left in reversed(range(_TRIES)):
            stored = inbound_mail
            try:
                with self.database.transaction() as uow:
                    for recipient in recipients:
                        request = Request(uow, stored, recipient)
                        Router.deliver(request)
                        stored = stored.after(request.result)
                break
            except BaseException as error:
                if not tries_left or not _was_overtaken(error):
                    raise
        self._stored()
        self._log(inbound_mail, stored.results[len(inbound_mail.results) :])
        return stored

    def redeliver(self, number: int, address: str | None = None) -> DeliveryResult:
        """Route a mail once more that was set aside, to where it was sent or to another address of ours."""
        with self.database.transaction() as uow:
            delivery = find_unmatched(uow, number, locked=True)
            raw = raw_bytes(uow, delivery.mail_id)
            recipient = address or delivery.recipient
            inbound_mail = InboundMail.of(raw, delivery.mail.envelope_from, [recipient])
            inbound_mail = replace(inbound_mail, mail_id=delivery.mail_id, delivery_id=delivery.id)
            # What was loaded would hide what the routing writes.
            uow.session.expunge_all()
            request = Request(uow, inbound_mail, recipient)
            Router.deliver(request)
            result = request.result
        self._stored()
        self._log(inbound_mail, [result])
        return result

    def recipients(self, raw: bytes, environment: Mapping[str, str] | None = None) -> list[str]:
        """Return the recipients of a mail without an envelope (docs/interface.md, section 3).

        `environment` is that of the mail server's pipe. What leads somewhere comes first: qmail puts an account's name
        before the addresses of a virtual domain.
        """
        parsed = parse_mail(raw)
        noted = [*parsed.hints, *_recipients_of(environment or {})]
        with self.database.read_only() as uow:
            ours = [address for address in noted if _ours(uow, address)]
            leading = [address for address in ours if addressing.is_deliverable(uow, address)]
            if ours:
                return [*leading, *ours][:1]
            named = [mailbox.email for mailbox in parsed.to if _ours(uow, mailbox.email)]
        return named or [*noted, *(mailbox.email for mailbox in parsed.to), "nobody"][:1]

    def _log(self, inbound_mail: InboundMail, results: Sequence[DeliveryResult]) -> None:
        said = said_of(inbound_mail)
        for result in results:
            reason = result.reason or None
            mail_log.note(result.fate, {"to": result.recipient, **said, "ticket": result.ticket, "reason": reason})


def _recipients_of(environment: Mapping[str, str]) -> list[str]:
    """The recipients that a mail server tells a pipe: Postfix's local(8), Exim's pipe transport, qmail-command(8)."""
    whole = [environment.get(name, "") for name in ("ORIGINAL_RECIPIENT", "RECIPIENT")]
    parted = [
        f"{environment.get(local, '')}@{environment.get(domain, '')}"
        for local, domain in (("EXT", "HOST"), ("LOCAL", "HOST"), ("LOCAL", "DOMAIN"), ("LOCAL_PART", "DOMAIN"))
    ]
    return [address for address in (*whole, *parted) if is_usable(address)]


def said_of(inbound_mail: InboundMail) -> dict[str, object]:
    """What the log says of a mail, wherever it goes."""
    parsed = inbound_mail.parsed
    sender = parsed.sender.email if parsed.sender else None
    return {"from": sender, "bytes": len(inbound_mail.raw), "id": parsed.message_id}


def _ours(uow: UnitOfWork, address: str) -> bool:
    return addressing.is_at_our_domain(uow, address) or addressing.find_our_address(uow, address) is not None


def _was_overtaken(error: BaseException) -> bool:
    """Whether another connection did the same at the same instant (made a sender known, say): it has now."""
    return isinstance(error, IntegrityError) or getattr(getattr(error, "orig", None), "sqlstate", None) in _OVERTAKEN


def first_headers(raw: bytes) -> bytes:
    """As much of a mail's headers as Salmon is given: never a body, in which parts could be nested too deep for it."""
    head = raw[:_HEADERS_FOR_SALMON]
    end = _EMPTY_LINE.search(head)
    return head[: end.start()] if end else head
