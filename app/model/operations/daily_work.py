"""What the tracker does by itself once a day: open tickets again, and tell people what waits."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select

from ..letters.notification import notify, notify_unanswered
from ..lifecycle.roles import TRACKER
from ..lifecycle.tables import target_status
from ..records.letters import UNANSWERED, Letter
from ..records.messages import Message
from ..records.tickets import Ticket, find_ticket
from ..storage.database import Database
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import members_of
from ..tickets.posts import Transition
from ..tickets.undo import field_values
from .daily_letter import tell_administrators
from .morning_letters import queues_due, send_morning_letters
from .transition_steps import take_transitions


class DailyWork(NamedTuple):
    """What was done: tickets that are open again, held replies whose team was told, and letters of the day."""

    opened: Sequence[int]
    held: int
    letters: int


def do_daily_work(database: Database) -> DailyWork:
    """Do what is due; a server calls this every few minutes, and several may at once."""
    with database.read_only() as uow:
        tickets, queues, held = due_again(uow), queues_due(uow), held_for_a_day(uow)
    opened, notices, letters = list[int](), 0, 0
    for number in tickets:
        with database.transaction() as uow:
            opened += [number] if open_again(uow, number) else []
    for message_id in held:
        with database.transaction() as uow:
            notices += tell_of_held(uow, message_id)
    for queue_id in queues:
        with database.transaction() as uow:
            letters += send_morning_letters(uow, queue_id)
    with database.transaction() as uow:
        letters += tell_administrators(uow)
    return DailyWork(opened, notices, letters)


# Tickets that were stalled until a day


def due_again(uow: UnitOfWork) -> list[int]:
    """Return the numbers of tickets whose day has come."""
    return list(uow.session.scalars(select(Ticket.id).where(Ticket.reopens <= uow.now).order_by(Ticket.id)))


def open_again(uow: UnitOfWork, number: int) -> bool:
    """Open a ticket whose day has come, and tell its team; False if another server has, or somebody wrote meanwhile."""
    ticket = find_ticket(uow, number, locked=True)
    if ticket.reopens is None or ticket.reopens > uow.now:
        return False
    row, old = ticket.lifecycle.resumes, ticket.status
    if row is None or old not in row.moves or ticket.merged_into is not None:
        # Its queue lives by another lifecycle by now, or it goes on elsewhere.
        ticket.reopens = None
        return False
    until = field_values(ticket)["until"]
    take_transitions(uow, ticket, None, TRACKER, [Transition(row, target_status(row, old))], None)
    notify(uow, Event(ticket, members_of(uow, ticket), None, old, changes=[("until", until, None)]))
    return True


# Replies that wait for their writer's word


def held_for_a_day(uow: UnitOfWork) -> list[int]:
    """Return the ids of messages that are held for a day and of which no team was told."""
    notice = select(Letter.id).where(Letter.about_id == Message.id, Letter.kind == UNANSWERED).exists()
    old = select(Message.id).where(Message.held, Message.received <= uow.now - timedelta(days=1), ~notice)
    return list(uow.session.scalars(old.order_by(Message.id)))


def tell_of_held(uow: UnitOfWork, message_id: int) -> bool:
    """Tell a team of a reply that is held; False if another server has, or its writer answered meanwhile."""
    number = uow.session.scalar(select(Message.ticket_id).where(Message.id == message_id))
    ticket = find_ticket(uow, number, locked=True) if number is not None else None
    if ticket is None or message_id not in held_for_a_day(uow):
        return False
    notify_unanswered(uow, ticket, uow.session.get_one(Message, message_id), members_of(uow, ticket))
    return True
