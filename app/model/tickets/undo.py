"""How a ticket was before it changed, and how that is brought back."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ForeignKey, Table, bindparam, delete, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from ..lifecycle.registry import moved
from ..lifecycle.tables import NotAllowed
from ..records.messages import Message, opener_of
from ..records.people import Person, administrators
from ..records.tickets import MERGED, UNDELIVERED, Change, Participant, Ticket, record_change
from ..storage.base import Base
from ..storage.mapped_rows import filled_columns
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from .members import members_of

_COLUMNS = (
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

# A message alone moves these.
_DATES = ("last_query", "last_response")


class Checkpoint(Base):
    """How a ticket was just before a mail or a command changed it, by whom and when.

    `posts` and `changes` say how many messages and which last change it had right after: by them it is known what else
    has happened since. `participants` are who took part, as `_participants` writes them; None if that did not change.
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
    participants: Mapped[str | None]


Snapshot = Mapping[str, Any]
FieldChange = tuple[str, str | None, str | None]


class LetIn(NamedTuple):
    """Who came to a ticket by the To and Cc of a mail, and how the ticket was before; None if nobody came."""

    before: Snapshot | None
    changes: tuple[FieldChange, ...]


NOBODY_LET_IN = LetIn(None, ())
_LAST_CHANGE = select(func.coalesce(func.max(Change.id), 0)).where(
    Change.ticket_id == bindparam("ticket"), Change.field != UNDELIVERED
)
_LAST_CHANGE_ID = Prepared(_LAST_CHANGE)
_ADD = Prepared(
    insert(cast("Table", Checkpoint.__table__)).values(changes=_LAST_CHANGE.scalar_subquery()).returning(Checkpoint.id),
    filled_columns(Checkpoint),
)


def snapshot(uow: UnitOfWork, ticket: Ticket, *, people: bool = False) -> Snapshot:
    """How a ticket is now, to be kept if it changes. `people`: its participants may change, too."""
    uow.session.flush()
    columns = {name: getattr(ticket, name) for name in _COLUMNS}
    return columns | {"participants": _participants(uow, ticket) if people else None}


_STATE = ("person_id", "subscribed", "dormant", "pending")
_PARTICIPANTS = select(*(getattr(Participant, name) for name in _STATE)).order_by(Participant.person_id)


def _participants(uow: UnitOfWork, ticket: Ticket) -> str:
    """The participants of a ticket in one text, as a checkpoint keeps them."""
    uow.session.flush()
    rows = uow.connection.execute(_PARTICIPANTS.where(Participant.ticket_id == ticket.id))
    return json.dumps([list(row) for row in rows])


def save_checkpoint(uow: UnitOfWork, ticket: Ticket, before: Snapshot, by_id: int | None) -> int | None:
    """Keep how a ticket was, now that it has changed; the checkpoint's id, or None if only dates have changed."""
    uow.session.flush()
    people = before["participants"]
    if people is not None and people == _participants(uow, ticket):
        people = None
    if people is None and all(before[name] == getattr(ticket, name) for name in _COLUMNS if name not in _DATES):
        return None
    row = {"ticket": ticket.id, "ticket_id": ticket.id, "at": uow.now, "by_id": by_id, "posts": ticket.posts, **before}
    row["participants"] = people
    [(checkpoint_id,)] = _ADD.rows(uow.connection, row)
    return int(checkpoint_id)


def _last_change_id(uow: UnitOfWork, ticket: Ticket) -> int:
    uow.session.flush()
    [(last,)] = _LAST_CHANGE_ID.rows(uow.connection, {"ticket": ticket.id})
    return int(last)


def _merged_last(uow: UnitOfWork, ticket: Ticket) -> bool:
    """Whether the last change of a ticket is that another became part of it."""
    last = uow.session.get(Change, _last_change_id(uow, ticket))
    return last is not None and last.field == MERGED


def latest_checkpoint(uow: UnitOfWork, ticket: Ticket) -> Checkpoint | None:
    """How the ticket was before its last change."""
    query = select(Checkpoint).where(Checkpoint.ticket_id == ticket.id).order_by(Checkpoint.id.desc()).limit(1)
    return uow.session.scalars(query).one_or_none()


def undoable_checkpoint(uow: UnitOfWork, ticket: Ticket) -> Checkpoint | None:
    """How the ticket was before its last change, if nothing else has happened since."""
    checkpoint = latest_checkpoint(uow, ticket)
    return checkpoint if checkpoint is not None and _nothing_since(uow, ticket, checkpoint) else None


def extend_checkpoint(uow: UnitOfWork, ticket: Ticket, checkpoint: Checkpoint | None) -> None:
    """Count what has just happened as part of the change itself."""
    if checkpoint is not None:
        uow.session.flush()
        checkpoint.posts, checkpoint.changes = ticket.posts, _last_change_id(uow, ticket)


def add_let_in(
    uow: UnitOfWork, ticket: Ticket, checkpoint_id: int | None, let_in: LetIn, by_id: int | None
) -> int | None:
    """Count those who came to a ticket right after a change as part of it; its checkpoint, made if it had none."""
    if let_in.before is None:
        return checkpoint_id
    checkpoint = uow.session.get(Checkpoint, checkpoint_id) if checkpoint_id else None
    if checkpoint is None:
        return save_checkpoint(uow, ticket, let_in.before, by_id)
    checkpoint.participants = checkpoint.participants or let_in.before["participants"]
    extend_checkpoint(uow, ticket, checkpoint)
    return checkpoint_id


def undo_last_change(
    uow: UnitOfWork,
    ticket: Ticket,
    person: Person,
    *,
    responder: bool,
    letter_checkpoint: int | None,
    was_pending: bool = False,
) -> list[FieldChange]:
    """Bring a ticket back to how it was before its last change; what changed by that, as (field, old, new).

    `letter_checkpoint` is the checkpoint of the letter that is answered, None where none is; one's own change can be
    taken back with any letter that did not offer to take back another. With `was_pending`, a wish that waited for its
    proof takes back what was the last change when it came, and nothing else. Raises NotAllowed: only who caused the
    change or a responder may, and only until another change or a public message of somebody on the ticket. Messages
    stay.
    """
    if _merged_last(uow, ticket):
        raise NotAllowed("merge_is_final")
    checkpoint = latest_checkpoint(uow, ticket)
    if checkpoint is None:
        raise NotAllowed("nothing_to_undo")
    is_own = checkpoint.by_id == person.id
    if not is_own and not responder:
        team = any(member.answers for member in members_of(uow, ticket))
        raise NotAllowed("undo_not_yours", queue=ticket.queue.name) if team else NotAllowed("undo_for_admins")
    is_superseded = letter_checkpoint not in (None, checkpoint.id) and (
        not is_own or _was_offered(uow, person, letter_checkpoint, responder=responder)
    )
    if (
        is_superseded
        or (was_pending and letter_checkpoint != checkpoint.id)
        or not _nothing_since(uow, ticket, checkpoint)
    ):
        raise NotAllowed("undo_too_late", number=ticket.id)
    return _restore(uow, ticket, person, checkpoint)


def _was_offered(uow: UnitOfWork, person: Person, letter_checkpoint: int | None, *, responder: bool) -> bool:
    """Whether the letter that is answered has said to this person how to take its own change back."""
    letter = uow.session.get(Checkpoint, letter_checkpoint) if letter_checkpoint else None
    return responder or (letter is not None and letter.by_id == person.id)


def _nothing_since(uow: UnitOfWork, ticket: Ticket, checkpoint: Checkpoint) -> bool:
    return checkpoint.changes == _last_change_id(uow, ticket) and not _has_spoken(uow, ticket, checkpoint.posts)


def _has_spoken(uow: UnitOfWork, ticket: Ticket, posts: int) -> bool:
    """Whether somebody on a ticket has said something to everybody since it had so many messages."""
    if ticket.posts == posts:
        return False
    since = select(Message.sender_id).where(Message.ticket_id == ticket.id, Message.number > posts, ~Message.private)
    here = {member.person_id for member in members_of(uow, ticket)} | {person.id for person in administrators(uow)}
    return not here.union([None]).isdisjoint(uow.session.scalars(since))


def _restore(uow: UnitOfWork, ticket: Ticket, person: Person, checkpoint: Checkpoint) -> list[FieldChange]:
    old, requestor = field_values(ticket), ticket.requestor_id
    for name in _COLUMNS:
        # What was said meanwhile keeps its date.
        if name not in _DATES or checkpoint.posts == ticket.posts:
            setattr(ticket, name, getattr(checkpoint, name))
    if ticket.requestor_id != requestor:
        ticket.requestor_email, ticket.requestor_left = None, False
        ticket.handed_over = opener_of(uow, ticket) != ticket.requestor_id
    uow.session.flush()
    uow.session.expire(ticket)
    # The queue may live by another lifecycle by now.
    ticket.status = moved(ticket.status, ticket.lifecycle, answered=ticket.last_response is not None)
    new = field_values(ticket)
    changed: list[FieldChange] = [(field, old[field], new[field]) for field in old if old[field] != new[field]]
    if checkpoint.participants is not None:
        changed += _restore_participants(uow, ticket, json.loads(checkpoint.participants))
    for change in changed:
        record_change(uow, ticket, person.id, *change)
    uow.session.flush()
    return changed


def _restore_participants(uow: UnitOfWork, ticket: Ticket, kept: Sequence[Sequence[Any]]) -> list[FieldChange]:
    """Let those take part again who did, as they did; who came or went by that, but for the requestor."""
    rows = json.loads(_participants(uow, ticket))
    # Those whom the change let in waited for it. They do not wait again: the next answer would let them in again.
    kept = [row for row in kept if row[0] in _taking_part([row]) or row[0] not in _taking_part(rows)]
    uow.session.execute(delete(Participant).where(Participant.ticket_id == ticket.id))
    everybody = select(Person).where(Person.id.in_(_ids(kept) | _ids(rows)))
    people = {person.id: person for person in uow.session.scalars(everybody)}
    for row in kept:
        # Who was erased meanwhile is nobody any more.
        if not people[row[0]].forgotten:
            uow.session.add(Participant(ticket_id=ticket.id, **dict(zip(_STATE, row, strict=True))))
    uow.session.flush()
    before, now = (_taking_part(state) - {ticket.requestor_id} for state in (rows, kept))
    gone = [("participant", people[person_id].email, None) for person_id in sorted(before - now)]
    return [*gone, *(("participant", None, people[person_id].email) for person_id in sorted(now - before))]


def _ids(rows: Sequence[Sequence[Any]]) -> set[int]:
    return {row[0] for row in rows}


def _taking_part(rows: Sequence[Sequence[Any]]) -> set[int]:
    return {person for person, subscribed, _, pending in rows if subscribed and not pending}


def field_values(ticket: Ticket) -> dict[str, str | None]:
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
