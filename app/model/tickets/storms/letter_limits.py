"""How many letters one person's mails may cause, and how many may answer them by themselves."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select

from ...records.letters import Letter
from ...records.messages import Message
from ...records.queues import Responder
from ...storage.unit_of_work import UnitOfWork
from ...wording import Sentence, say
from ..members import TicketMember
from .loop_protection import WINDOW, within
from .slow_storms import DAY, HOUR

LOG = logging.getLogger("tickets.storms")

# From this mail of one sender within the window, wherever it goes, outsiders are told no more.
MOST_OF_SENDER = 60
# Mail of one sender that is not believed causes this many letters an hour to people outside the team. Some mail clients
# name no letter in their answers, and in a busy hour somebody answers dozens of people.
MOST_TO_OUTSIDERS = 60
# So many letters of a kind an hour answer one person's mails by themselves.
MOST_ANSWERS = 20
# So many of those that ask for a page and prove who they are from: a program that answers each page never ends else.
MOST_PROVEN = 60
# And in a day so many times as many.
_TIMES_A_DAY = 2
# No answer is dated later on purpose.
_LATEST = timedelta(days=1)


def within_limits(
    uow: UnitOfWork, recipients: list[TicketMember], sender: int, *, responder: bool, believed: bool
) -> list[TicketMember]:
    """Without outsiders, where a sender has caused as many letters to outsiders, or written as many mails, as may be.

    Mail that is not believed causes few letters to them, whoever it names as its sender. Believed mail is bounded only
    where its sender does not answer for the queue.
    """
    outsiders = sum(not member.responder for member in recipients)
    if not outsiders or (believed and responder):
        return recipients
    over = (
        _recent_mails(uow, sender) >= MOST_OF_SENDER
        if believed
        else _letters_to_outsiders(uow, sender) + outsiders > MOST_TO_OUTSIDERS
    )
    if not over:
        return recipients
    LOG.warning("storm from=person%d held=letters to outsiders", sender)
    return [member for member in recipients if member.responder]


def may_reach_outsiders(uow: UnitOfWork, member: TicketMember) -> bool:
    """Return whether outsiders would be told of what this person posts from the web pages."""
    return member.responder or _recent_mails(uow, member.person_id) + 1 < MOST_OF_SENDER


def _recent_mails(uow: UnitOfWork, sender: int) -> int:
    """How many mails of a sender came within the window; those that anybody can have sent count against nobody."""
    counted = [Message.verified] if uow.trust.by != "from" else []
    recent = select(Message.id).where(
        Message.sender_id == sender, *within(uow, Message.received, WINDOW), Message.mail_id.is_not(None), *counted
    )
    return len(uow.connection.execute(recent.limit(MOST_OF_SENDER)).all())


def _letters_to_outsiders(uow: UnitOfWork, sender: int) -> int:
    """How many letters to people who answer for no queue the unproven mails of a sender caused within an hour."""
    answers = exists().where(Responder.person_id == Letter.person_id)
    caused = (
        select(func.count())
        .select_from(Message)
        .join(Letter, Letter.about_id == Message.id)
        .where(Message.sender_id == sender, *within(uow, Message.received, HOUR), Message.mail_id.is_not(None))
        .where(~Message.verified, ~answers)
    )
    return uow.connection.execute(caused).scalar_one()


def may_answer(uow: UnitOfWork, person_id: int, kind: str, *, proven: bool = False) -> bool:
    """Whether one more letter of a kind may answer a person's mail by itself; if not, the log says so.

    Each kind counts for itself: what strangers can ask for in somebody's name must not use up what that person needs.
    """
    most = MOST_PROVEN if proven else MOST_ANSWERS
    if _answers(uow, person_id, kind) < most and _answers(uow, person_id, kind, DAY) < _TIMES_A_DAY * most:
        return True
    LOG.warning("storm to=person%d held=%s", person_id, kind)
    return False


def last_answer_note(uow: UnitOfWork, person_id: int, kind: str) -> list[Sentence]:
    """What the next letter of a kind says if it is the last that answers a mail, or an unproven one, for now."""
    today = _answers(uow, person_id, kind, DAY) + 1
    if today in (_TIMES_A_DAY * MOST_ANSWERS, _TIMES_A_DAY * MOST_PROVEN):
        return [say("notes.enough_today", count=today)]
    number = _answers(uow, person_id, kind) + 1
    if number not in (MOST_ANSWERS, MOST_PROVEN):
        return []
    if number == MOST_PROVEN:
        return [say("notes.enough_answers", count=number)]
    return [say("notes.enough_unproven" if uow.trust.by == "dmarc" else "notes.enough_but_replies", count=number)]


def _answers(uow: UnitOfWork, person_id: int, kind: str, length: timedelta = HOUR) -> int:
    """How many letters of a kind answered a person's mails by themselves lately."""
    recent = select(func.count()).where(
        *_alike(person_id, kind), Letter.created > uow.now - length, Letter.created < uow.now + _LATEST
    )
    return uow.connection.execute(recent).scalar_one()


def next_allowed_at(uow: UnitOfWork, person_id: int, kind: str) -> datetime:
    """When one more letter of a kind may answer a person's mail: now, or an hour or day after the last but so many.

    Letters that are dated later count too, so that none of those that wait leave at once.
    """
    dates = select(Letter.created).where(*_alike(person_id, kind), Letter.created < uow.now + _LATEST)
    dates = dates.order_by(Letter.created.desc())
    free = [uow.now]
    for most, length in ((MOST_ANSWERS, HOUR), (_TIMES_A_DAY * MOST_ANSWERS, DAY)):
        last = uow.session.scalars(dates.offset(most - 1).limit(1)).one_or_none()
        free += [] if last is None else [last + length]
    if max(free) > uow.now:
        LOG.warning("storm to=person%d later=%s", person_id, kind)
    return max(free)


def _alike(person_id: int, kind: str) -> tuple[ColumnElement[bool], ...]:
    return Letter.person_id == person_id, Letter.kind == kind, Letter.acknowledges.is_(True)
