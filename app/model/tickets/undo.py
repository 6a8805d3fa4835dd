"""How a ticket was before it changed, and how that is brought back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ForeignKey, Table, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from ..lifecycle.registry import moved
from ..lifecycle.tables import NotAllowed
from ..records.people import Person
from ..records.tickets import UNDELIVERED, Change, Ticket, record_change
from ..storage.base import Base
from ..storage.unit_of_work import Desk

_KEPT = (
    "queue_id",
    "title",
    "status",
    "priority",
    "requestor_id",
    "assignee_id",
    "last_query",
    "last_response",
    "solved",
    "answer",
    "answerer_id",
    # Below the status, whose change ends it.
    "reopens",
)


class Checkpoint(Base):
    """How a ticket was just before a mail or a command changed it, by whom and when.

    `posts` and `changes` say how many messages and which last change it had right after: while both are as they were,
    nothing else has happened since.
    """

    __tablename__ = "checkpoint"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    posts: Mapped[int]
    changes: Mapped[int]
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"))
    title: Mapped[str]
    status: Mapped[str]
    priority: Mapped[int | None]
    requestor_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    last_query: Mapped[datetime | None]
    last_response: Mapped[datetime | None]
    solved: Mapped[datetime | None]
    answer: Mapped[int | None]
    answerer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reopens: Mapped[datetime | None]


Before = Mapping[str, Any]
_ADD = insert(cast("Table", Checkpoint.__table__)).returning(Checkpoint.id)


def as_it_is(desk: Desk, ticket: Ticket) -> Before:
    """How a ticket is now, to be kept if it changes."""
    desk.session.flush()
    return {name: getattr(ticket, name) for name in _KEPT}


def keep(desk: Desk, ticket: Ticket, before: Before, by_id: int | None) -> int | None:
    """Keep how a ticket was, now that it has changed; the checkpoint's id, or None if only dates have changed."""
    desk.session.flush()
    if all(before[name] == getattr(ticket, name) for name in _KEPT if name not in ("last_query", "last_response")):
        return None
    row = {"ticket_id": ticket.id, "at": desk.now, "by_id": by_id, "posts": ticket.posts, **before}
    return int(desk.connection.execute(_ADD, {"changes": _last_change(desk, ticket), **row}).scalar_one())


def _last_change(desk: Desk, ticket: Ticket) -> int:
    changes = select(func.max(Change.id)).where(Change.ticket_id == ticket.id, Change.field != UNDELIVERED)
    return desk.session.scalar(changes) or 0


def latest(desk: Desk, ticket: Ticket) -> Checkpoint | None:
    """How the ticket was before its last change."""
    query = select(Checkpoint).where(Checkpoint.ticket_id == ticket.id).order_by(Checkpoint.id.desc()).limit(1)
    return desk.session.scalars(query).one_or_none()


Changed = tuple[str, str | None, str | None]


def last_change(desk: Desk, ticket: Ticket) -> Checkpoint | None:
    """How the ticket was before its last change, if nothing else has happened since."""
    found = latest(desk, ticket)
    return found if found is not None and _is_last(desk, ticket, found) else None


def follow(desk: Desk, ticket: Ticket, found: Checkpoint | None) -> None:
    """Count what has just happened as part of the change itself."""
    if found is not None:
        desk.session.flush()
        found.posts, found.changes = ticket.posts, _last_change(desk, ticket)


def take_back(
    desk: Desk, ticket: Ticket, person: Person, *, responder: bool, told: int | None, waited: bool = False
) -> list[Changed]:
    """Bring a ticket back to how it was before its last change; what changed by that, as (field, old, new).

    `told` is the checkpoint of the letter that is answered, None where none is; one's own change can be taken back with
    any letter that did not offer to take back another. A wish that has `waited` for its proof takes back what was the
    last change when it came, and nothing else. Raises NotAllowed: only who caused the change or a responder may, and
    only while nothing else has happened since. Messages stay.
    """
    found = latest(desk, ticket)
    if found is None:
        raise NotAllowed("There is nothing to take back on this ticket.")
    mine = found.by_id == person.id
    if not mine and not responder:
        raise NotAllowed("Only who made the last change, or somebody who answers for the queue, can take it back.")
    other = told not in (None, found.id) and (not mine or _was_offered(desk, person, told, responder=responder))
    if other or (waited and told != found.id) or not _is_last(desk, ticket, found):
        raise NotAllowed("Something else has happened on the ticket since, so that change cannot be taken back.")
    return _restore(desk, ticket, person, found)


def _was_offered(desk: Desk, person: Person, told: int | None, *, responder: bool) -> bool:
    """Whether the letter that is answered has said to this person how to take its own change back."""
    letter = desk.session.get(Checkpoint, told) if told else None
    return responder or (letter is not None and letter.by_id == person.id)


def _is_last(desk: Desk, ticket: Ticket, found: Checkpoint) -> bool:
    return found.posts == ticket.posts and found.changes == _last_change(desk, ticket)


def _restore(desk: Desk, ticket: Ticket, person: Person, found: Checkpoint) -> list[Changed]:
    old, requestor = words(ticket), ticket.requestor_id
    for name in _KEPT:
        setattr(ticket, name, getattr(found, name))
    if ticket.requestor_id != requestor:
        ticket.requestor_email, ticket.requestor_left = None, False
    desk.session.flush()
    desk.session.expire(ticket)
    # The queue may live by another lifecycle by now.
    ticket.status = moved(ticket.status, ticket.lifecycle, answered=ticket.last_response is not None)
    new = words(ticket)
    changed = [(field, old[field], new[field]) for field in old if old[field] != new[field]]
    for change in changed:
        record_change(desk, ticket, person, *change)
    return changed


def words(ticket: Ticket) -> dict[str, str | None]:
    """What can be set of a ticket, field by field, as people read it."""
    return {
        "subject": ticket.title,
        "queue": ticket.queue.name,
        "status": ticket.status,
        "assignee": ticket.assignee.email if ticket.assignee else None,
        "requestor": ticket.requestor.email,
        "until": f"{ticket.reopens.astimezone():%Y-%m-%d}" if ticket.reopens else None,
        "priority": None if ticket.priority is None else str(ticket.priority),
    }
