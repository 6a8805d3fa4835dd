"""What the tracker does by itself once a day: open tickets again, and tell a team what waits."""

from collections.abc import Sequence

from sqlalchemy import insert, or_, select

from ..letters import notification
from ..letters.digest import KIND, Waiting, digest_text
from ..letters.notification import News, letter_row
from ..lifecycle.registry import LIFECYCLES
from ..lifecycle.tables import TRACKER, target
from ..records.addressing import postmaster_address, ticket_address
from ..records.letters import Letter
from ..records.people import Person
from ..records.queues import Queue, Responder, whole_address
from ..records.tickets import Ticket, find_ticket
from ..storage.database import Database
from ..storage.unit_of_work import Desk
from ..tickets.days import day_of, morning_of
from ..tickets.filters import NOT_FORGOTTEN
from ..tickets.members import everybody_on
from ..tickets.posts import Step
from ..tickets.undo import words
from .workflow import carry_out


def do_daily_work(database: Database) -> None:
    """Do what is due; a server calls this every few minutes, and several may at once."""
    with database.look() as desk:
        tickets, queues = due_again(desk), _queues_due(desk)
    for number in tickets:
        with database.work() as desk:
            open_again(desk, number)
    for queue_id in queues:
        with database.work() as desk:
            send_digest(desk, queue_id)


# Tickets that were stalled until a day


def due_again(desk: Desk) -> list[int]:
    """Return the numbers of tickets whose day has come."""
    return list(desk.session.scalars(select(Ticket.id).where(Ticket.reopens <= desk.now).order_by(Ticket.id)))


def open_again(desk: Desk, number: int) -> bool:
    """Open a ticket whose day has come, and tell its team; False if another server has, or somebody wrote meanwhile."""
    ticket = find_ticket(desk, number, locked=True)
    if ticket.reopens is None or ticket.reopens > desk.now:
        return False
    row, old = ticket.lifecycle.resumes, ticket.status
    if row is None or old not in row.moves or ticket.merged_into is not None:
        # Its queue lives by another lifecycle by now, or it goes on elsewhere.
        ticket.reopens = None
        return False
    until = words(ticket)["until"]
    carry_out(desk, ticket, None, TRACKER, [Step(row, target(row, old))], None)
    news = News(None, old, None, [("until", until, None)])
    notification.tell_changed(desk, ticket, news, everybody_on(desk, ticket))
    return True


# The list of what waits


def _queues_due(desk: Desk) -> Sequence[int]:
    """Return the queues whose list of this morning was not written yet."""
    morning = morning_of(day_of(desk.now))
    if desk.now < morning:
        return []
    due = or_(Queue.digested.is_(None), Queue.digested < morning)
    return desk.session.scalars(select(Queue.id).where(Queue.digest == "daily", due).order_by(Queue.id)).all()


def send_digest(desk: Desk, queue_id: int) -> int:
    """Write this morning's letters of a queue, unless another server has; how many were written."""
    locked = select(Queue).where(Queue.id == queue_id).with_for_update(of=Queue)
    queue = desk.session.scalars(locked.execution_options(populate_existing=True)).one()
    if queue_id not in _queues_due(desk):
        return 0
    queue.digested = desk.now
    waiting = waiting_in(desk, queue)
    team = _team(desk, queue) if waiting else []
    if team:
        address = next((whole_address(desk, row.address) for row in queue.addresses), None)
        text = digest_text(queue.name, address, waiting, desk.now)
        desk.session.execute(insert(Letter), [_row(desk, queue, one, address, len(waiting), text) for one in team])
    return len(team)


def waiting_in(desk: Desk, queue: Queue) -> list[Waiting]:
    """Return the tickets of a queue to which its team has not responded since somebody last asked."""
    statuses = LIFECYCLES[queue.lifecycle_name].waiting
    asked = or_(Ticket.last_response.is_(None), Ticket.last_query >= Ticket.last_response)
    found = select(Ticket).where(
        Ticket.queue_id == queue.id, Ticket.status.in_(statuses), Ticket.merged_into.is_(None), NOT_FORGOTTEN, asked
    )
    return [_waiting(desk, ticket) for ticket in desk.session.scalars(found.order_by(Ticket.id))]


def _waiting(desk: Desk, ticket: Ticket) -> Waiting:
    owner = ticket.assignee.label if ticket.assignee else "unassigned"
    since = ticket.last_query or ticket.created
    return Waiting(ticket.id, ticket.status, ticket.title, since, owner, ticket_address(desk, ticket.id))


def _team(desk: Desk, queue: Queue) -> Sequence[Person]:
    answering = select(Person).join(Responder, Responder.person_id == Person.id).where(Responder.queue_id == queue.id)
    return desk.session.scalars(answering.where(Person.undeliverable.is_(None)).order_by(Person.id)).all()


def _row(desk: Desk, queue: Queue, to: Person, address: str | None, count: int, text: str) -> dict[str, object]:
    return letter_row(
        desk,
        ticket_id=None,
        about_id=None,
        kind=KIND,
        person_id=to.id,
        sender_name=queue.name,
        sender=address or postmaster_address(desk),
        recipient_name=to.label,
        recipient=to.email,
        list_id=None,
        subject=f"[{queue.name}] {count} ticket{' waits' if count == 1 else 's wait'}",
        in_reply_to=None,
        references=None,
        text=text,
    )
