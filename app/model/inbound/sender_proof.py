"""Who wrote a mail, and what proves it: our letters' Message-IDs, the front server's word, or a signature."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from ...mail import authentication_results
from ...mail.addresses import Mailbox
from ...mail.authentication_results import AuthenticationVerdict
from ...mail.signed.signed_words import covers, may_be_signed, names_ticket, signed_parts
from ..records import signatures
from ..records.addressing import find_our_address, is_at_our_domain
from ..records.message_ids import is_our_id
from ..records.people import find_person
from ..records.tickets import NoSuchTicket, resolve_merged
from ..storage.unit_of_work import UnitOfWork

# A letter whose id got out unseen does so no longer.
PROVES_FOR = timedelta(days=30)

if TYPE_CHECKING:
    from ..records.people import Person
    from .finding.references import KnownReference
    from .inbound_mail import InboundMail


class Proof(StrEnum):
    """What of a mail is proven: nothing, the words that its writer has signed, or all of it."""

    NONE = "none"
    WORDS = "words"
    ALL = "all"


# What groups make of a name: "'Ann Asker' via Hello".
_VIA = re.compile(r"\s*'?(.{1,100}?)'?\s+via\s+\S", re.IGNORECASE)


def is_our_address(uow: UnitOfWork, email: str) -> bool:
    """Whether an address leads to us; at another domain, one that is a person's is no queue's."""
    person = None if is_at_our_domain(uow, email) else find_person(uow, email)
    return person is None and find_our_address(uow, email) is not None


def named_writer(uow: UnitOfWork, inbound_mail: "InboundMail") -> Mailbox | None:
    """Whom a mail from an address of ours names as its writer: a group, a list or a form stands in front of us.

    None for a letter of ours, even under another Message-ID: only queues write to us through something else.
    """
    parsed = inbound_mail.parsed
    place = find_our_address(uow, parsed.sender.email) if parsed.sender else None
    own = parsed.automatic is not None and not (place is not None and place.kind.is_queue)
    if parsed.sender is None or own or is_our_id(uow, parsed.message_id or ""):
        return None
    others = (
        mailbox for mailbox in (*parsed.forwarded_for, *parsed.reply_to) if not is_our_address(uow, mailbox.email)
    )
    writer = next(others, None)
    if writer is None or writer.name:
        return writer
    via = _VIA.match(parsed.sender.name)
    return writer._replace(name=via[1]) if via else writer


def proof_of(
    uow: UnitOfWork,
    inbound_mail: "InboundMail",
    person: "Person",
    *,
    came_before: bool,
    ticket: int | None = None,
) -> Proof:
    """What proves that a mail is from whom it says (docs/interface.md, section 6).

    It answers a letter that went to that very person lately, and not about another ticket than its own, the front
    server says so of the address in From, or its writer has signed its words. Nothing does with two addresses in From
    or none, with a writer who does not stand there, when the front server disowns it, when a mail of this Message-ID
    `came_before` (whoever saw it could send it again elsewhere), or when a program wrote it.
    """
    if (
        came_before
        or inbound_mail.parsed.automatic is not None
        or inbound_mail.writer is not None
        or inbound_mail.parsed.authors != 1
        or (verdict := _verdict(uow, inbound_mail)) is AuthenticationVerdict.FAIL
    ):
        return Proof.NONE
    answers = uow.trust.by != "dmarc" and _answers_own_letter(uow, inbound_mail, person, ticket)
    if verdict is AuthenticationVerdict.PASS or answers:
        return Proof.ALL
    return Proof.NONE if signed_words(uow, inbound_mail, person, ticket) is None else Proof.WORDS


def is_verified(
    uow: UnitOfWork,
    inbound_mail: "InboundMail",
    person: "Person",
    *,
    came_before: bool,
    ticket: int | None = None,
) -> bool:
    """Whether anything proves that a mail is from whom it says."""
    proof = proof_of(uow, inbound_mail, person, came_before=came_before, ticket=ticket)
    return proof is not Proof.NONE


def signed_words(uow: UnitOfWork, inbound_mail: "InboundMail", person: "Person", ticket: int | None) -> bytes | None:
    """What a key of this person has signed: all that a mail says, with the ticket's number in it, for the first time.

    None if the mail is not signed so.
    """
    if ticket is None or not may_be_signed(inbound_mail.raw, inbound_mail.parsed.type):
        return None
    signed = signed_parts(inbound_mail.raw)
    content = signatures.verified_content(uow, person, signed) if signed else None
    if signed is None or content is None or signatures.is_used(uow, content):
        return None
    proves = covers(signed, content, inbound_mail.parsed) and names_ticket(signed, content, ticket)
    return content if proves else None


def use_signature(uow: UnitOfWork, inbound_mail: "InboundMail", person: "Person", ticket: int) -> None:
    """Let the signed words of a mail prove nobody any more: whoever saw them could send them again."""
    content = signed_words(uow, inbound_mail, person, ticket)
    if content is not None:
        signatures.mark_used(uow, content)


def is_believed(uow: UnitOfWork, inbound_mail: "InboundMail", *, verified: bool) -> bool:
    """Whether a mail's commands are believed: it is verified, or its From is enough here and nobody disowns it."""
    if (
        verified
        or uow.trust.by != "from"
        or inbound_mail.writer is not None
        or inbound_mail.parsed.automatic is not None
    ):
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


def _answers_own_letter(uow: UnitOfWork, inbound_mail: "InboundMail", person: "Person", ticket: int | None) -> bool:
    return any(
        is_our_id(uow, answered_letter.given)
        for answered_letter in _answered_letters(inbound_mail, person)
        if not answered_letter.shown
        and answered_letter.created is not None
        and uow.now - answered_letter.created <= PROVES_FOR
        and _is_about(uow, answered_letter, ticket)
    )


def _is_about(uow: UnitOfWork, letter: "KnownReference", ticket: int | None) -> bool:
    """Whether a letter is about this ticket, or about one that became part of it; a page about none is for none."""
    if letter.ticket == ticket:
        return True
    if letter.ticket is None or ticket is None:
        return False
    try:
        return resolve_merged(uow, letter.ticket).id == ticket
    except NoSuchTicket:
        return False


def _answered_letters(inbound_mail: "InboundMail", person: "Person") -> "list[KnownReference]":
    """The letters to this person that a mail answers.

    Only the nearest id counts: what stands in References was seen by everybody who answered before. Some relays give
    our letters ids of their own, but leave References: then the last letter named there is the nearest.
    """
    parsed, references = inbound_mail.parsed, inbound_mail.references
    nearest = parsed.in_reply_to or parsed.references[-1:]
    if parsed.in_reply_to and not any(reference.given in nearest for reference in references):
        letters = {reference.given for reference in references if reference.reader is not None}
        nearest = tuple(given for given in parsed.references if given in letters)[-1:]
    return [reference for reference in references if reference.reader == person.id and reference.given in nearest]
