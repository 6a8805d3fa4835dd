"""Storms: mails that come faster than people write. They are kept as ever, and answered no more.

All is counted in the database, so that it holds over processes. What a storm holds back are letters, never mail.
A moment yet to come was noted when the clock was ahead, and does not count; only answers may be dated later on purpose.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from ...records.messages import Message
from ...records.tickets import Ticket
from ...storage.prepared import Prepared
from ...storage.unit_of_work import UnitOfWork
from ...wording import Sentence, say
from ..members import TicketMember
from . import slow_storms
from .slow_storms import DAY, Written, turns

LOG = logging.getLogger("tickets.storms")

WINDOW = timedelta(minutes=10)
# From this mail of one sender on one ticket within the window, nobody is told any more. Who answers may write more.
MOST_ON_TICKET = 10
MOST_OF_RESPONDER = 20


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
    later = slow_storms.hold_time(uow, message, actor.person_id, _ids_on_ticket(members))
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
    here = _ids_on_ticket(members)
    return slow_storms.takes_turns_too_often(uow, ticket.id, ticket.posts, member.person_id, here, answers=answers)


def _ids_on_ticket(members: Sequence[TicketMember]) -> set[int]:
    return {member.person_id for member in members if member.on_ticket or member.insider}


def _most(member: TicketMember) -> int:
    return MOST_OF_RESPONDER if member.responder else MOST_ON_TICKET


def _newest(uow: UnitOfWork, ticket: int, number: int, most: int) -> list[Written]:
    """The mails of a ticket within the window, up to this number; asked for once for all letters about one mail."""
    asked = ("storm", ticket, number, most)
    if asked not in uow.session.info:
        ids = {"ticket": ticket, "before": number - 4 * most, "since": uow.now - WINDOW, "now": uow.now}
        uow.session.info[asked] = [Written(*row) for row in _NEWEST.rows(uow.connection, ids)]
    rows: list[Written] = uow.session.info[asked]
    return rows


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
    here = _ids_on_ticket(members)
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


def within(
    uow: UnitOfWork, moment: InstrumentedAttribute[datetime], length: timedelta
) -> tuple[ColumnElement[bool], ...]:
    return moment > uow.now - length, moment <= uow.now
