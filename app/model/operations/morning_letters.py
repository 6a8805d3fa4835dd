"""What waits in a queue, told to its team: every morning, and to whoever joins it."""

from collections.abc import Sequence

from sqlalchemy import or_, select

from ..letters.letter_rows import letter_row
from ..letters.letter_subjects import Subjects, add_letters
from ..letters.morning_text import KIND, Waiting, morning_text
from ..records.addressing import postmaster_address, ticket_address
from ..records.people import Person
from ..records.queues import Queue, Responder, main_address
from ..records.tickets import Ticket, of_open
from ..storage.unit_of_work import UnitOfWork
from ..tickets.days import day_of, morning_of
from ..tickets.waiting import reopenings, waits_for_us
from ..wording import Sentence, say, wording_in


def queues_due(uow: UnitOfWork) -> Sequence[int]:
    """Return the queues whose list of this morning was not written yet."""
    morning = morning_of(day_of(uow.now))
    if uow.now < morning:
        return []
    due = or_(Queue.digested.is_(None), Queue.digested < morning)
    return uow.session.scalars(select(Queue.id).where(Queue.digest == "daily", due).order_by(Queue.id)).all()


def send_morning_letters(uow: UnitOfWork, queue_id: int) -> int:
    """Write this morning's letters of a queue, unless another server has; how many were written."""
    locked = select(Queue).where(Queue.id == queue_id).with_for_update(of=Queue)
    queue = uow.session.scalars(locked.execution_options(populate_existing=True)).one()
    if queue_id not in queues_due(uow):
        return 0
    queue.digested = uow.now
    return _tell(uow, queue, _team(uow, queue), say("footer.why_every_morning", queue=queue.name))


def welcome(uow: UnitOfWork, queue: Queue, person: Person) -> int:
    """Tell somebody who joins a team what waits; how many letters were written."""
    return _tell(uow, queue, [person], say("footer.why_new_on_team", queue=queue.name))


def _tell(uow: UnitOfWork, queue: Queue, team: Sequence[Person], why: Sentence) -> int:
    """Write a letter to each of these people, if anything waits."""
    waiting = waiting_in(uow, queue) if team else []
    if not waiting:
        return 0
    address = main_address(uow, queue)
    text = morning_text(queue, address, waiting, uow.now, why)
    shows = Subjects(
        frozenset(item.owner_id for item in waiting if item.owner_id is not None),
        frozenset(item.number for item in waiting),
    )
    add_letters(uow, [_row(uow, queue, person, address, len(waiting), text, shows) for person in team])
    return len(team)


def waiting_in(uow: UnitOfWork, queue: Queue) -> list[Waiting]:
    """Return the tickets of a queue that wait for its team."""
    tickets = of_open(select(Ticket).where(Ticket.queue_id == queue.id, waits_for_us()))
    return [_waiting(uow, ticket) for ticket in uow.session.scalars(tickets.order_by(Ticket.id))]


def _waiting(uow: UnitOfWork, ticket: Ticket) -> Waiting:
    owner = ticket.assignee.label if ticket.assignee else None
    opened = uow.session.scalars(reopenings(ticket.id)).all()
    since = max(moment for moment in (ticket.created, ticket.last_query, *opened) if moment)
    address = ticket_address(uow, ticket.id)
    return Waiting(ticket.id, ticket.status, ticket.title, since, owner, address, ticket.assignee_id)


def _team(uow: UnitOfWork, queue: Queue) -> Sequence[Person]:
    answering = select(Person).join(Responder, Responder.person_id == Person.id).where(Responder.queue_id == queue.id)
    return uow.session.scalars(answering.where(Person.undeliverable.is_(None)).order_by(Person.id)).all()


def _row(
    uow: UnitOfWork, queue: Queue, to: Person, address: str | None, count: int, text: str, shows: Subjects
) -> dict[str, object]:
    return letter_row(
        uow,
        shows=shows,
        kind=KIND,
        person_id=to.id,
        sender_name=queue.name,
        sender=address or postmaster_address(uow),
        recipient_name=to.label,
        recipient=to.email,
        subject=wording_in(queue.language).line(say("admin.digest_subject", count=count, queue=queue.name)),
        text=text,
    )
