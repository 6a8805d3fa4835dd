"""The way of a mail from its bytes to the commit: read, route through Salmon, and store, or nothing."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from typing import Any

from salmon import encoding
from salmon.mail import MailRequest
from salmon.routing import Router

from ...mail.addresses import Mailbox, is_usable
from ...mail.parsed import parse_mail
from ...model.inbound import dispatch
from ...model.inbound.inbound_mail import DeliveryResult, Fate, InboundMail
from ...model.inbound.unmatched import find_unmatched, raw_bytes
from ...model.records import addressing
from ...model.records.addressing import OurAddress
from ...model.storage.database import Database
from ...model.storage.overtaken import was_overtaken
from ...model.storage.unit_of_work import UnitOfWork
from .. import mail_log
from .routes import Recipient, is_others
from .smtp_replies import NoRoom

# Several mails of one new sender may come at once, and somebody be forgotten meanwhile.
_TRIES = 4


class Request(MailRequest):  # type: ignore[misc] # Salmon has no types
    """Salmon's request, with what our handlers need: the unit of work, the mail, and the envelope's recipient.

    Salmon parses the mail when another's handler asks: it would cost ten times its size in memory, and can fail.
    """

    def __init__(self, uow: UnitOfWork, inbound_mail: InboundMail, recipient: str) -> None:
        # Not Salmon's own: given no address, or one that it cannot parse, it reads the headers for one.
        self.Peer = "tickets"
        self.Data = inbound_mail.raw
        self.uow = uow
        self.inbound_mail = inbound_mail
        self.recipient = recipient
        self._result: DeliveryResult | None = None
        self.To = Recipient.of(recipient, uow)
        self.From = inbound_mail.envelope_from
        self.bounce = None
        self.is_unmatched = False

    @cached_property
    def base(self) -> Any:
        """The whole mail as Salmon reads it."""
        message = encoding.from_string(self.Data)
        for name, address in (("from", self.From), ("to", str(self.To))):
            if name not in message:
                message[name] = address
        return message

    @property
    def is_taken(self) -> bool:
        """Whether a handler of ours has taken the mail."""
        return self._result is not None

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
    """Nobody took a mail, or more than one of our handlers did: the routes are not those this program was made with."""


class Unmatched:
    """What Salmon knows as the queue of mail that no handler was called for, or that one of them failed at."""

    def push(self, message: Request) -> None:
        """Note it; a handler's failure goes on its way to the receiver, and undoes everything."""
        message.is_unmatched = True


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
        """Return why mail to this address is refused, in words for the sending server; None if it is accepted."""
        with self.database.read_only() as uow:
            if is_others(address):
                return None
            ours = addressing.is_at_our_domain(uow, address)
            if not ours and addressing.find_our_address(uow, address) is None:
                return f"We only accept mail for {uow.domain}"
            if not self.keep_unmatched and not addressing.is_deliverable(uow, address):
                return "No such address here"
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

    # What the bench takes in without reading it, it reads by another function.
    read = staticmethod(InboundMail.of)

    def receive(self, raw: bytes, envelope_from: str | None, recipients: Sequence[str]) -> list[DeliveryResult]:
        """Store a mail for all its recipients, with everything that follows from it; raises if it could not be.

        NoRoom if the disk is nearly full.
        """
        return list(self.store(self.read(raw, envelope_from, recipients), recipients).results)

    def receive_by_route(self, raw: bytes, envelope_from: str, recipient: str, place: OurAddress) -> None:
        """Store a mail that another program's receiver has routed to this place."""
        with self.write_lock():
            self.store(self.read(raw, envelope_from, [recipient]), [recipient], place)

    def store(
        self, inbound_mail: InboundMail, recipients: Sequence[str], place: OurAddress | None = None
    ) -> InboundMail:
        """Store a mail that was read already, and return it as it goes on to recipients after these.

        All is done in one unit of work, and again if another connection got in between. `place` is where the recipient
        leads; None where Salmon's router is to say.
        """
        if not self._has_room(len(inbound_mail.raw)):
            raise NoRoom
        for tries_left in reversed(range(_TRIES)):
            stored = inbound_mail
            try:
                with self.database.transaction() as uow:
                    for recipient in recipients:
                        request = Request(uow, stored, recipient)
                        if place is None:
                            Router.deliver(request)
                        else:
                            request.result = dispatch.deliver(uow, stored, recipient, place)
                        stored = stored.after(_result_of(request))
                break
            except BaseException as error:
                if not tries_left or not was_overtaken(error):
                    raise
        self._stored()
        self._log(inbound_mail, stored.results[len(inbound_mail.results) :])
        return stored

    def redeliver(self, number: int, address: str | None = None, writer: Mailbox | None = None) -> DeliveryResult:
        """Route a mail once more that was set aside, to where it was sent or to another address of ours.

        `writer`: who wrote it, as an administrator says.
        """
        with self.database.transaction() as uow:
            delivery = find_unmatched(uow, number, locked=True)
            raw = raw_bytes(uow, delivery.mail_id)
            recipient = address or delivery.recipient
            inbound_mail = InboundMail.of(raw, delivery.mail.envelope_from, [recipient])
            inbound_mail = replace(inbound_mail, mail_id=delivery.mail_id, delivery_id=delivery.id)
            inbound_mail = replace(inbound_mail, writer=writer, appointed=writer is not None)
            # What was loaded would hide what the routing writes.
            uow.session.expunge_all()
            request = Request(uow, inbound_mail, recipient)
            Router.deliver(request)
            result = _result_of(request)
            if result.fate is Fate.LEFT:
                find_unmatched(uow, number).waiting = False
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
        fields = said_of(inbound_mail)
        for result in results:
            reason = result.reason or None
            mail_log.note(result.fate, {"to": result.recipient, **fields, "ticket": result.ticket, "reason": reason})


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


def _result_of(request: Request) -> DeliveryResult:
    """Return what became of a mail that was routed; what no handler took is set aside."""
    if request.is_taken or addressing.find_our_address(request.uow, request.recipient) is not None:
        return request.result
    if request.is_unmatched:
        return dispatch.deliver_nowhere(request.uow, request.inbound_mail, request.recipient)
    return DeliveryResult(request.recipient, Fate.LEFT)
