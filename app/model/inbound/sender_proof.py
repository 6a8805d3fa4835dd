"""What proves who wrote a mail (our letters' Message-IDs, the front server's word), and our own id."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from ...mail import authentication_results
from ...mail.addresses import address_key
from ...mail.authentication_results import AuthenticationVerdict
from ..records.addressing import find_our_address
from ..records.letters import Letter
from ..records.message_ids import is_our_id
from ..records.received_mail import Mail
from ..storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from ..records.people import Person
    from .delivery import InboundMail
    from .threads import KnownReference


def is_verified(
    uow: UnitOfWork, inbound_mail: "InboundMail", person: "Person", known: "Sequence[KnownReference]"
) -> bool:
    """Whether a mail is from whom it says (docs/interface.md, section 6).

    It answers a letter that went to that very person, or the front server says so of the address in From. Never with
    two addresses in From or none, when the front server disowns it, or when a mail of this Message-ID came before:
    whoever saw it could send it again elsewhere.
    """
    if inbound_mail.parsed.authors != 1 or (verdict := _verdict(uow, inbound_mail)) is AuthenticationVerdict.FAIL:
        return False
    answers = uow.trust.by != "dmarc" and _answers_own_letter(uow, inbound_mail, person, known)
    return (verdict is AuthenticationVerdict.PASS or answers) and not _came_before(uow, inbound_mail)


def is_believed(uow: UnitOfWork, inbound_mail: "InboundMail", *, verified: bool) -> bool:
    """Whether a mail's commands are believed: it is verified, or its From is enough here and nobody disowns it."""
    if verified or uow.trust.by != "from":
        return verified
    return inbound_mail.parsed.authors == 1 and _verdict(uow, inbound_mail) is not AuthenticationVerdict.FAIL


def _verdict(uow: UnitOfWork, inbound_mail: "InboundMail") -> AuthenticationVerdict:
    """What the front server says of the address in From."""
    sender = inbound_mail.parsed.sender
    return (
        authentication_results.verdict(inbound_mail.raw, uow.trust.server, sender.email)
        if sender
        else AuthenticationVerdict.NONE
    )


def _answers_own_letter(
    uow: UnitOfWork, inbound_mail: "InboundMail", person: "Person", known: "Sequence[KnownReference]"
) -> bool:
    """Only the nearest id counts: what stands in References was seen by everybody who answered before."""
    return any(
        is_our_id(uow, answered_letter.given)
        for answered_letter in _answered_letters(inbound_mail, person, known)
        if not answered_letter.shown
    )


def _answered_letters(
    inbound_mail: "InboundMail", person: "Person", known: "Sequence[KnownReference]"
) -> "list[KnownReference]":
    """The letters to this person that a mail answers."""
    parsed = inbound_mail.parsed
    nearest = parsed.in_reply_to or parsed.references[-1:]
    return [reference for reference in known if reference.reader == person.id and reference.given in nearest]


def mark_exposed(
    uow: UnitOfWork, inbound_mail: "InboundMail", person: "Person", known: "Sequence[KnownReference]"
) -> None:
    """Remember that a mail shows the id of the letter that it answers to others: from now on they could use it."""
    answered = [answered_letter.given for answered_letter in _answered_letters(inbound_mail, person, known)]
    named = {address_key(mailbox.email) for mailbox in inbound_mail.parsed.to} - {address_key(person.email)}
    if answered and any(find_our_address(uow, email) is None for email in named):
        uow.connection.execute(update(Letter).where(Letter.message_id.in_(answered)).values(shown=True))


def _came_before(uow: UnitOfWork, inbound_mail: "InboundMail") -> bool:
    same = select(Mail.id).where(Mail.identity == inbound_mail.identity, Mail.id != inbound_mail.mail_id)
    return uow.session.scalar(same.limit(1)) is not None
