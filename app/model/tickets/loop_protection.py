"""Storms: mails that come faster than people write. They are kept as ever, and answered no more.

All is counted in the database, so that it holds over processes. What a storm holds back are letters, never mail.
A moment yet to come was noted when the clock was ahead, and does not count; only answers may be dated later on purpose.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute

from ..records.letters import Letter
from ..records.messages import Message
from ..records.queues import Responder
from ..records.tickets import Participant, Ticket
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from ..wording import Sentence, say
from .members import TicketMember, as_in_queue
from .storms import slow_storms
from .storms.slow_storms import DAY, HOUR, Written, turns

LOG = logging.getLogger("tickets.storms")

WINDOW = timedelta(minutes=10)
# From this mail of one sender on one ticket within the window, nobody is told any more. Who answers may write more.
MOST_ON_TICKET = 10
MOST_OF_RESPONDER = 20
# From this mail of one sender within the window, wherever it goes, outsiders are told no more.
MOST_OF_SENDER = 60
# Mail of one sender that is not believed causes this many letters an hour to people outside the team. Some mail clients
# name no letter in their answers, and in a busy hour somebody answers dozens of people.
MOST_TO_OUTSIDERS = 60
# So many letters of a kind an hour answer one person's mails by themselves.
MOST_ANSWERS = 20
# So many of those that ask for a page and prove who they are from: a program that answers each page never ends else.
MOST_PROVEN = 60
# After so many tickets of others within an hour, what somebody writes on further ones is private.
MOST_TICKETS = 5


# No answer is dated later on purpose.
_LATEST = timedelta(days=1)


class Storm(NamedTuple):
    """Whether letters are held back, what the last ones say that are not, and after what time readers are told.

    `within` is the time in which too many mails came.
    """

    held: bool = False
    word: Sentence | None = None
    later: timedelta = WINDOW
    within: timedelta = WINDOW


CALM = Storm()

# The newest messages of a ticket, found by its numbers.
_NEWEST = Prepared(
    select(Message.sender_id, Message.automatic, Message.verified, Message.in_reply_to, Message.received).where(
        Message.ticket_id == bindparam("ticket"),
        Message.number > bindparam("before"),
        Message.received > bindparam("since"),
        Message.received <= bindparam("now"),
        Message.mail_id.is_not(None),
    )
)


def storm_on(uow: UnitOfWork, message: Message, actor: TicketMember | None, members: Sequence[TicketMember]) -> Storm:
    """Whether a mail that was just posted is one too many of its sender on its ticket.

    Of two programs that answer each other, each one writes as often as the other, or answers another letter of ours
    each time. Somebody who sends many mails by himself is answered by nobody, and all are told. What machines, and
    people who are not on the ticket, write there counts together: another tracker writes from many addresses.
    """
    if actor is None or message.mail_id is None:
        return CALM
    fast = _fast_storm(uow, message, actor, members)
    if fast.held:
        return fast
    later = slow_storms.hold_time(uow, message, actor.person_id, _here(members))
    if later is None:
        return fast
    LOG.warning("storm ticket=%d from=%s slow held=letters", message.ticket_id, actor.email)
    return Storm(held=True, later=later, within=DAY)


def _fast_storm(uow: UnitOfWork, message: Message, actor: TicketMember, members: Sequence[TicketMember]) -> Storm:
    if message.number < _most(actor) - 1:
        return CALM
    rows = _newest(uow, message.ticket_id, message.number, _most(actor))
    machine = message.automatic is not None
    strength = _strength(uow, rows, actor, members, machine=machine, verified=message.verified)
    return _judged(message, actor, strength, _most(actor))


def would_hold_next(uow: UnitOfWork, ticket: Ticket, member: TicketMember, members: Sequence[TicketMember]) -> bool:
    """Whether nobody would be told of a reply that this person writes next: a footer must not name its readers then."""
    most = _most(member)
    if ticket.posts + 1 < most:
        return False
    if _is_slow_next(uow, ticket, member, members, answers=True):
        return True
    rows = _newest(uow, ticket.id, ticket.posts, most)
    # The reply is verified, and answers one more letter.
    return _strength(uow, rows, member, members, machine=False, verified=True) + 1 >= most


def would_hold_post(uow: UnitOfWork, ticket: Ticket, member: TicketMember, members: Sequence[TicketMember]) -> bool:
    """Return whether nobody would be told of what this person posts from the web pages, which answers no letter."""
    most = _most(member)
    if ticket.posts + 1 < most - 1:
        return False
    if _is_slow_next(uow, ticket, member, members, answers=False):
        return True
    posted = Written(member.person_id, None, True, None, uow.now)
    rows = [*_newest(uow, ticket.id, ticket.posts, most), posted]
    return _strength(uow, rows, member, members, machine=False, verified=True) >= most


def _is_slow_next(
    uow: UnitOfWork, ticket: Ticket, member: TicketMember, members: Sequence[TicketMember], *, answers: bool
) -> bool:
    here = _here(members)
    return slow_storms.takes_turns_too_often(uow, ticket.id, ticket.posts, member.person_id, here, answers=answers)


def _here(members: Sequence[TicketMember]) -> set[int]:
    return {member.person_id for member in members if member.on_ticket or member.insider}


def may_reach_outsiders(uow: UnitOfWork, member: TicketMember) -> bool:
    """Return whether outsiders would be told of what this person posts from the web pages."""
    return member.responder or _recent_mails(uow, member.person_id) + 1 < MOST_OF_SENDER


def _most(member: TicketMember) -> int:
    return MOST_OF_RESPONDER if member.responder else MOST_ON_TICKET


def _newest(uow: UnitOfWork, ticket: int, number: int, most: int) -> list[Written]:
    """The mails of a ticket within the window, up to this number; asked for once for all letters about one mail."""
    asked = ("storm", ticket, number, most)
    if asked not in uow.session.info:
        ids = {"ticket": ticket, "before": number - 4 * most, "since": uow.now - WINDOW, "now": uow.now}
        uow.session.info[asked] = [Written(*row) for row in _NEWEST.rows(uow.connection, ids)]
    found: list[Written] = uow.session.info[asked]
    return found


def _strength(
    uow: UnitOfWork,
    rows: Sequence[Written],
    actor: TicketMember,
    members: Sequence[TicketMember],
    *,
    machine: bool,
    verified: bool,
) -> int:
    """How many of these mails count as a storm of this sender's."""
    here = _here(members)
    if not verified and (machine or actor.person_id not in here):
        return sum(row.sender not in here or row.automatic is not None for row in rows)
    return turns(uow, rows, actor.person_id, verified=verified)


def _judged(message: Message, actor: TicketMember, strength: int, most: int) -> Storm:
    if strength < most - 1:
        return CALM
    minutes = int(WINDOW.total_seconds() // 60)
    if strength == most - 1:
        return Storm(word=say("notes.storm", minutes=minutes, name=actor.label))
    LOG.warning("storm ticket=%d from=%s mails=%d held=letters", message.ticket_id, actor.email, strength)
    return Storm(held=True)


def within_limits(
    uow: UnitOfWork, told: list[TicketMember], sender: int, *, responder: bool, believed: bool
) -> list[TicketMember]:
    """Without outsiders, where a sender has caused as many letters to outsiders, or written as many mails, as may be.

    Mail that is not believed causes few letters to them, whoever it names as its sender. Believed mail is bounded only
    where its sender does not answer for the queue.
    """
    outsiders = sum(not one.responder for one in told)
    if not outsiders or (believed and responder):
        return told
    over = (
        _recent_mails(uow, sender) >= MOST_OF_SENDER
        if believed
        else _letters_to_outsiders(uow, sender) + outsiders > MOST_TO_OUTSIDERS
    )
    if not over:
        return told
    LOG.warning("storm from=person%d held=letters to outsiders", sender)
    return [one for one in told if one.responder]


def _recent_mails(uow: UnitOfWork, sender: int) -> int:
    """How many mails of a sender came within the window; those that anybody can have sent count against nobody."""
    counted = [Message.verified] if uow.trust.by != "from" else []
    recent = select(Message.id).where(
        Message.sender_id == sender, *_within(uow, Message.received, WINDOW), Message.mail_id.is_not(None), *counted
    )
    return len(uow.connection.execute(recent.limit(MOST_OF_SENDER)).all())


def _letters_to_outsiders(uow: UnitOfWork, sender: int) -> int:
    """How many letters to people who answer for no queue the unproven mails of a sender caused within an hour."""
    answers = exists().where(Responder.person_id == Letter.person_id)
    caused = (
        select(func.count())
        .select_from(Message)
        .join(Letter, Letter.about_id == Message.id)
        .where(Message.sender_id == sender, *_within(uow, Message.received, HOUR), Message.mail_id.is_not(None))
        .where(~Message.verified, ~answers)
    )
    return uow.connection.execute(caused).scalar_one()


def may_answer(uow: UnitOfWork, person_id: int, kind: str, *, proven: bool = False) -> bool:
    """Whether one more letter of a kind may answer a person's mail by itself; if not, the log says so.

    Each kind counts for itself: what strangers can ask for in somebody's name must not use up what that person needs.
    """
    if _answers(uow, person_id, kind) < (MOST_PROVEN if proven else MOST_ANSWERS):
        return True
    LOG.warning("storm to=person%d held=%s", person_id, kind)
    return False


def last_answer_note(uow: UnitOfWork, person_id: int, kind: str) -> list[Sentence]:
    """What the next letter of a kind says if it is the last that answers a mail, or an unproven one, for now."""
    number = _answers(uow, person_id, kind) + 1
    if number not in (MOST_ANSWERS, MOST_PROVEN):
        return []
    if number == MOST_PROVEN:
        return [say("notes.enough_answers", count=number)]
    return [say("notes.enough_unproven" if uow.trust.by == "dmarc" else "notes.enough_but_replies", count=number)]


def _answers(uow: UnitOfWork, person_id: int, kind: str) -> int:
    """How many letters of a kind answered a person's mails by themselves within an hour."""
    recent = select(func.count()).where(
        *_alike(person_id, kind), Letter.created > uow.now - HOUR, Letter.created < uow.now + _LATEST
    )
    return uow.connection.execute(recent).scalar_one()


def next_allowed_at(uow: UnitOfWork, person_id: int, kind: str) -> datetime:
    """When one more letter of a kind may answer a person's mail: now, or an hour after the last but so many.

    Letters that are dated later count too, so that none of those that wait leave at once.
    """
    dates = select(Letter.created).where(*_alike(person_id, kind), Letter.created < uow.now + _LATEST)
    dates = dates.order_by(Letter.created.desc())
    last = uow.session.scalars(dates.offset(MOST_ANSWERS - 1).limit(1)).one_or_none()
    if last is None or last + HOUR <= uow.now:
        return uow.now
    LOG.warning("storm to=person%d later=%s", person_id, kind)
    return last + HOUR


def _within(
    uow: UnitOfWork, moment: InstrumentedAttribute[datetime], length: timedelta
) -> tuple[ColumnElement[bool], ...]:
    return moment > uow.now - length, moment <= uow.now


def _alike(person_id: int, kind: str) -> tuple[ColumnElement[bool], ...]:
    return Letter.person_id == person_id, Letter.kind == kind, Letter.acknowledges.is_(True)


def effective_member(uow: UnitOfWork, ticket: Ticket, member: TicketMember, *, verified: bool) -> TicketMember:
    """Somebody's roles as a reply of theirs is taken now: who is everywhere at once counts as a stranger.

    The one place for it: what a mail does and what is promised of it both come from here. Verified mails count apart
    from those that anybody can have sent.
    """
    if member.on_ticket or member.responder or not member.known:
        return member
    member, lifecycle = as_in_queue(member, ticket.queue), ticket.lifecycle
    if lifecycle.default_reply(ticket.status, member.roles_in(lifecycle).role).private:
        return member
    others = _tickets_of_others(uow, ticket, member.person_id, verified=verified)
    return member._replace(known=others < MOST_TICKETS)


def _tickets_of_others(uow: UnitOfWork, ticket: Ticket, person_id: int, *, verified: bool) -> int:
    """On how many other tickets somebody has written by mail within an hour who is not on them."""
    part = exists().where(Participant.ticket_id == Ticket.id, Participant.person_id == person_id)
    query = (
        select(func.count(Message.ticket_id.distinct()))
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(Message.sender_id == person_id, *_within(uow, Message.received, HOUR), Message.mail_id.is_not(None))
        .where(Ticket.requestor_id != person_id, Ticket.id != ticket.id, ~part, Message.verified.is_(verified))
    )
    return uow.session.scalar(query) or 0
