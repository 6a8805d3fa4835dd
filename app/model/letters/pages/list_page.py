"""The page `list`: somebody's open tickets, and those that wait for them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from ....mail.text import one_line
from ...lifecycle.commands import SHOW
from ...records.addressing import ticket_address
from ...records.messages import Message
from ...records.people import Person
from ...records.queues import Responder
from ...records.tickets import Ticket, of_open
from ...storage.unit_of_work import UnitOfWork
from ...tickets.members import member_for, members_of
from ...wording import Sentence, say
from ..letter_subjects import Subjects
from .page_content import PageContent

_MOST_LISTED = 200


def list_page(uow: UnitOfWork, person: Person) -> PageContent:
    """The writer's open tickets, and those that wait for them if they answer for a queue."""
    queues = uow.session.scalars(select(Responder.queue_id).where(Responder.person_id == person.id)).all()
    mine = _open(uow, Ticket.requestor_id == person.id)
    assigned = _open(uow, Ticket.assignee_id == person.id)
    unassigned = _open(uow, Ticket.assignee_id.is_(None), Ticket.queue_id.in_(queues)) if queues else []
    names = ("pages.yours", assigned), ("pages.waiting", unassigned), ("pages.asked", mine)
    lists = [(name, tickets) for name, tickets in names if tickets]
    if not lists:
        return PageContent(say("pages.no_open_tickets"))
    how = say("pages.read_one", word=f"{SHOW} {(assigned or unassigned or mine)[0].id}")
    paragraphs = [_under_name(uow, name, tickets, person) for name, tickets in lists]
    shown = frozenset(ticket.id for _, tickets in lists for ticket in tickets[-_MOST_LISTED:])
    return PageContent(say("pages.open_tickets"), (), [*paragraphs, how], Subjects(tickets=shown))


def _open(uow: UnitOfWork, *conditions: ColumnElement[bool]) -> list[Ticket]:
    """Tickets that are not closed, by number."""
    query = of_open(select(Ticket).where(*conditions))
    return list(uow.session.scalars(query.order_by(Ticket.id)))


def _under_name(uow: UnitOfWork, name: str, tickets: Sequence[Ticket], person: Person) -> Sentence:
    """Tickets under a name, a line each, the one on top that waits longest. Of very many the newest."""
    newest = tickets[-_MOST_LISTED:]
    posted = _last_seen(uow, newest, person)
    newest = sorted(newest, key=lambda ticket: (posted[ticket.id], ticket.id))
    lines = [_in_a_line(uow, ticket, posted[ticket.id]) for ticket in newest]
    older = [say("pages.older", count=len(tickets) - _MOST_LISTED)] if len(tickets) > _MOST_LISTED else []
    return say(name, count=len(tickets), lines=[*older, *lines])


def _last_seen(uow: UnitOfWork, tickets: Sequence[Ticket], person: Person) -> dict[int, datetime]:
    """Return when this person last saw something posted on each ticket; when it was opened, if they saw nothing."""
    private = [ticket for ticket in tickets if ticket.has_private]
    hidden = [ticket.id for ticket in private if not member_for(person, members_of(uow, ticket)).insider]
    posted = {ticket.id: ticket.created if ticket.id in hidden else ticket.last_posted for ticket in tickets}
    public = select(Message.ticket_id, func.max(Message.received)).group_by(Message.ticket_id)
    rows = uow.session.execute(public.where(Message.ticket_id.in_(hidden), ~Message.private))
    return posted | {number: at for number, at in rows}  # noqa: C416 - a row is no pair to mypy


def _in_a_line(uow: UnitOfWork, ticket: Ticket, posted: datetime) -> Sentence:
    return say(
        "pages.in_a_line",
        number=ticket.id,
        status=ticket.status,
        ago=_ago(uow, posted),
        title=one_line(ticket.title, 100),
        address=ticket_address(uow, ticket.id),
    )


def _ago(uow: UnitOfWork, posted: datetime) -> Sentence:
    """Return how long ago a moment was, in hours or days."""
    hours = max(0, int((uow.now - posted).total_seconds() // 3600))
    if hours >= 24:
        return say("pages.days_ago", count=hours // 24)
    return say("pages.hours_ago", count=hours) if hours else say("pages.just_now")
