"""Letters that came to nothing: refused by the relay or reported later, noted, and told of."""

import logging
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select

from ...mail.addresses import address_key
from ...mail.delivery_status import (
    DeliveryReport,
    DeliveryVerdict,
    addresses_blamed,
    read_report,
    read_report_at_token,
    returned_id,
)
from ...mail.text import one_line
from ..letters.letter_rows import wording_of
from ..letters.notification import notify_undelivered
from ..letters.personal_letters import write_cut_off_letters
from ..lifecycle.commands import ADD_CC
from ..records.letters import Letter, State
from ..records.message_ids import is_our_id
from ..records.people import Address, Person
from ..records.queues import unreached
from ..records.tickets import UNDELIVERED, NoSuchTicket, Ticket, record_change, resolve_merged
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import members_of
from ..wording import Sentence, moment, say
from .delivery import claim, repeat, settle
from .inbound_mail import DeliveryResult, Fate, InboundMail
from .unmatched import set_aside_mail

LOG = logging.getLogger("tickets.bounces")
_NAMED = 5


class ReportedLetter(NamedTuple):
    """The letter that a report is about."""

    id: int
    ticket_id: int | None
    recipient: str


def take_at_letter_address(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, token: str) -> DeliveryResult:
    """Take mail to a letter's envelope sender as a report on it, or set it aside with the letter that it is about."""
    letter = letter_by_token(uow, token)
    if letter is None:
        return set_aside_mail(uow, inbound_mail, recipient, say("reasons.no_such_envelope"))
    if (report := take_report_by_token(uow, inbound_mail, recipient, letter)) is not None:
        return report
    why = say("reasons.about_set_aside", recipient=letter.recipient)
    if letter.ticket_id:
        why = say("reasons.about_our_email", number=letter.ticket_id, recipient=letter.recipient)
    aside = set_aside_mail(uow, inbound_mail, recipient, why)
    if aside.fate is Fate.SET_ASIDE:
        note_unread(uow, letter)
    return aside


def letter_by_token(uow: UnitOfWork, token: str) -> ReportedLetter | None:
    """The letter that has this envelope sender."""
    return _named(uow, Letter.token == token)


def _named(uow: UnitOfWork, condition: ColumnElement[bool]) -> ReportedLetter | None:
    row = uow.session.execute(select(Letter.id, Letter.ticket_id, Letter.recipient).where(condition)).first()
    return ReportedLetter(*row) if row else None


def take_report_by_token(
    uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, letter: ReportedLetter
) -> DeliveryResult | None:
    """Take a mail to a letter's envelope sender as a report on it. None if it is none: then nothing was done.

    A letter of ours that comes back as it was sent is none, whatever its own words speak of.
    """
    if is_our_id(uow, inbound_mail.parsed.message_id or ""):
        return None
    report = read_report_at_token(inbound_mail.raw, inbound_mail.parsed)
    return None if report is None else _take(uow, inbound_mail, recipient, letter, report)


def take_report_by_content(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str) -> DeliveryResult | None:
    """Take a report to any other address of ours, if it gives back a letter of ours. None if not: nothing was done.

    It never counts against the letter's reader: everybody who has seen the letter's Message-ID can write it.
    """
    given = returned_id(inbound_mail.raw)
    if given is None or not is_our_id(uow, given):
        return None
    letter = _named(uow, Letter.message_id == given)
    report = read_report(inbound_mail.raw, inbound_mail.parsed) if letter else None
    if letter is None or report is None:
        return None
    return _take(uow, inbound_mail, recipient, letter, report._replace(blames_address=False))


def _take(
    uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, letter: ReportedLetter, report: DeliveryReport
) -> DeliveryResult:
    """Store a report, and do what follows from it: from a failure something, from the rest a line in the log."""
    reason = f"{report.verdict} to {letter.recipient}: {report.why}"
    failed = report.verdict is DeliveryVerdict.FAILED
    if failed and letter.ticket_id:
        # Locked before anything refers to it: two reports on one ticket must not wait for each other.
        resolve_merged(uow, letter.ticket_id)
    claimed = claim(uow, inbound_mail, recipient, f"letter{letter.id}")
    if claimed is None:
        return repeat(uow, inbound_mail, recipient)
    if failed:
        record_failure(uow, letter.id, report.why, counts=report.blames_address)
    return settle(uow, claimed, Fate.REPORTED, letter.ticket_id, reason)


def note_unread(uow: UnitOfWork, letter: ReportedLetter) -> None:
    """Note on its ticket that something came back about a letter which nobody could read as a report."""
    if letter.ticket_id is None:
        return
    with suppress(NoSuchTicket):
        ticket = resolve_merged(uow, letter.ticket_id)
        words = say("reasons.came_back", email=letter.recipient)
        record_change(uow, ticket, None, UNDELIVERED, None, wording_of(ticket).line(words))


def unmatched_report_reason(inbound_mail: InboundMail) -> Sentence:
    """Why a report that is about no letter of ours is set aside, with the addresses that it names."""
    named = sorted(addresses_blamed(inbound_mail.raw)[1])[:_NAMED]
    return say("reasons.report_on_other_naming", addresses=named) if named else say("reasons.report_on_other")


def record_unproven_report(uow: UnitOfWork, inbound_mail: InboundMail, ticket: Ticket) -> None:
    """Note what a report says that was posted on a ticket and names no letter: nothing follows, it may be forged.

    Those who answer have got the report itself, as they get every automatic mail.
    """
    blamed = {address_key(address) for address in addresses_blamed(inbound_mail.raw)[1]}
    for member in members_of(uow, ticket) if blamed else ():
        if address_key(member.email) in blamed:
            words = wording_of(ticket).line(say("reasons.unproven_report", email=member.email))
            record_change(uow, ticket, None, UNDELIVERED, None, words)


def record_failure(uow: UnitOfWork, number: int, why: str, *, counts: bool) -> None:
    """A letter was refused or returned for good: note it on its ticket once, and tell who answers.

    `counts`: a mail server said that the address takes no mail, which may end the letters to it. A letter that tells
    of another one, and comes to nothing itself, is noted and told to nobody.
    """
    about = uow.session.scalar(select(Letter.ticket_id).where(Letter.id == number))
    ticket = resolve_merged(uow, about) if about else None
    letter = uow.session.get(Letter, number, with_for_update=True, populate_existing=True)
    if letter is None:
        # It was forgotten while a courier had it in hand.
        return
    letter.state, letter.error, letter.in_hand = State.FAILED, why, False
    ends = counts and letter.refused is None and _record_refusal(uow, letter)
    if letter.undelivered is not None and not ends:
        return
    letter.undelivered = letter.undelivered or uow.now
    LOG.warning("undelivered letter=%d to=%s ticket=%s why=%r", number, one_line(letter.recipient), about, why)
    if ends and (person := next((member for member in unreached(uow) if member.id == letter.person_id), None)):
        write_cut_off_letters(uow, person, person.email)
    if ticket is not None and counts:
        _answer_elsewhere(uow, ticket, letter)
    if ticket is not None:
        reason = say("reasons.last_failure" if ends else "reasons.failure", email=letter.recipient, why=why)
        words = one_line(wording_of(ticket).line(reason))
        record_change(uow, ticket, None, UNDELIVERED, None, words)
        if letter.kind != UNDELIVERED:
            _tell(uow, ticket, letter, why, ends=ends)


def _answer_elsewhere(uow: UnitOfWork, ticket: Ticket, letter: Letter) -> None:
    """Answer a ticket at its requestor's newest other address, once the one that it is answered at is refused."""
    if ticket.requestor_id != letter.person_id:
        return
    refused = address_key(letter.recipient)
    if address_key(ticket.requestor_email or ticket.requestor.email) != refused:
        return
    others = select(Address.email).where(Address.person_id == letter.person_id, Address.key != refused)
    other = uow.session.scalar(others.order_by(Address.id.desc()).limit(1))
    ticket.requestor_email = other or ticket.requestor_email


def _record_refusal(uow: UnitOfWork, letter: Letter) -> bool:
    """Note that a person's address was refused; return whether it was on an earlier day, too, and took none since.

    Two refusals of one day may be one fault of a mail server. Days are those of UTC.
    """
    person = uow.session.get_one(
        # A letter that names this person, and is written meanwhile, need not wait.
        Person,
        letter.person_id,
        with_for_update={"key_share": True},
        populate_existing=True,
    )
    if address_key(person.email) != address_key(letter.recipient):
        return False
    letter.refused = uow.now
    person.refused = person.refused or uow.now
    if person.undeliverable is not None or _first_refusal(uow, letter, person.refused).date() == uow.now.date():
        return False
    person.undeliverable = uow.now
    return True


def _first_refusal(uow: UnitOfWork, letter: Letter, since: datetime) -> datetime:
    """Return when the first letter to this address was refused of those after the last one that was taken."""
    same = (Letter.person_id == letter.person_id) & (Letter.recipient == letter.recipient)
    taken = select(func.max(Letter.sent)).where(same, Letter.state == State.SENT).scalar_subquery()
    counted = same & (Letter.refused >= since) & (taken.is_(None) | (Letter.refused > taken))
    return uow.session.scalar(select(func.min(Letter.refused)).where(counted)) or uow.now


def _tell(uow: UnitOfWork, ticket: Ticket, letter: Letter, why: str, *, ends: bool) -> None:
    wording = wording_of(ticket)
    body = {
        "heading": say("notes.undelivered", name=letter.recipient_name, email=letter.recipient),
        "letter": wording.line(say("notes.undelivered_letter", subject=letter.subject, moment=moment(letter.created))),
        "reason": wording.line(say("notes.undelivered_reason", why=why)),
        "advice": [*([say("notes.stopped_emailing")] if ends else []), *_advice(letter)],
    }
    notify_undelivered(uow, ticket, letter.person_id, members_of(uow, ticket), body)


def _advice(letter: Letter) -> list[Sentence]:
    line = ADD_CC.line("new@example.org")
    return [say("notes.reach_them_otherwise", line=line), say("notes.retry_letter", number=letter.id)]
