"""This file holds how the index is kept in step: triggers note which messages it lacks, and here they are put into it.

A mail only has its message noted, which costs next to nothing. Each event is a row of its own: on PostgreSQL a row that
two units of work share would let one wait for the other, or be gone before the second has committed what it notes.
"""

from collections.abc import Callable, Collection
from typing import cast

from sqlalchemy import Table, case, delete, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.model.base import Base
from app.model.database import Database
from app.model.desk import Desk
from app.model.folding import words
from app.model.index import Document, drop, put
from app.model.messages import Attachment, Message
from app.model.people import Address, Person
from app.model.subjects import bare_subject
from app.model.tickets import Ticket

AT_ONCE = 200
"""So many notes are seen to in one unit of work of a search; mail waits no longer than that takes."""

# What is longer is no letter of a person's.
LONGEST_TEXT = 100_000
_LONGEST_LINE = 10_000


class Due(Base):
    """A note that the index lacks something of a message, or has what is gone."""

    __tablename__ = "search_due"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int]


_DUE = cast("Table", Due.__table__)


def count_due(desk: Desk) -> int:
    """How many notes wait."""
    return desk.connection.scalar(select(func.count()).select_from(_DUE)) or 0


def catch_up(database: Database, tell: Callable[[int, int], None] = lambda _done, _all: None) -> int:
    """Bring the index into step with all that was noted until now, in short units of work; how many notes that were.

    `tell` hears how many are seen to, and of how many.
    """
    with database.look() as desk:
        due = count_due(desk)
    done = 0
    # What is noted meanwhile is left to the next one: under an import this would never end.
    while done < due and (seen_to := catch_up_some(database, AT_ONCE)):
        done += seen_to
        tell(done, max(due, done))
    return done


def catch_up_some(database: Database, most: int, *, wait: bool = True) -> int:
    """See to some notes in a unit of work of its own, if there are any; how many. See `see_to` on `wait`."""
    with database.look() as desk:
        if desk.connection.scalar(select(_DUE.c.id).limit(1)) is None:
            return 0
    with database.work() as desk:
        return see_to(desk, most, wait=wait)


def see_to(desk: Desk, most: int, *, wait: bool = True) -> int:
    """See to the oldest notes within a unit of work; how many. Without `wait` none, if somebody else does just now."""
    if not _take_turn(desk, wait=wait):
        return 0
    noted = desk.connection.execute(select(_DUE.c.id, _DUE.c.message_id).order_by(_DUE.c.id).limit(most)).all()
    ids = {message_id for _, message_id in noted}
    found = documents(desk, ids)
    put(desk, found)
    drop(desk, ids - {one.message_id for one in found})
    desk.connection.execute(delete(_DUE).where(_DUE.c.id.in_([id_ for id_, _ in noted])))
    return len(noted)


def _take_turn(desk: Desk, *, wait: bool) -> bool:
    """One at a time until the end of the work: of two that have read a message, the slower could write older words."""
    if desk.connection.dialect.name != "postgresql":
        return True
    lock = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    return desk.connection.scalar(text(f"SELECT {lock}(hashtext('tickets search'))")) is not False


def let_go(desk: Desk) -> None:
    """Take out of the index at once what it has of noted messages: those that are there are put in again later."""
    _take_turn(desk, wait=True)
    drop(desk, set(desk.connection.scalars(select(_DUE.c.message_id))))


# What a message is found by. Where it answers nothing of ours, what it quotes stands nowhere else.
_BODY = func.substr(case((Message.parent_id.is_(None), Message.full_text), else_=Message.text), 1, LONGEST_TEXT)


def body_of(message: Message) -> str:
    """The text by which a message is found."""
    return message.full_text if message.parent_id is None else message.text


def documents(desk: Desk, ids: Collection[int]) -> list[Document]:
    """What these messages are found by, as they are now; nothing for those that are gone."""
    columns = (Message.id, Message.ticket_id, Message.number, Message.sender_id, Message.subject, _BODY)
    rows = desk.connection.execute(select(*columns).where(Message.id.in_(ids))).all()
    tickets = _tickets(desk, {row[1] for row in rows})
    asking = {asker for _, asker, _ in tickets.values()}
    people = _people(desk, asking | {row[3] for row in rows if row[3] is not None})
    files = _files(desk, ids)
    found: list[Document] = []
    for id_, ticket_id, number, sender_id, subject, body in rows:
        title, asker, first = tickets[ticket_id]
        named = dict.fromkeys([sender_id, *([asker] if number == first else [])])
        found.append(
            Document(
                id_,
                words(heading(title if number == first else None, title, subject)),
                words("\n".join(people.get(one or 0, "") for one in named)[:_LONGEST_LINE]),
                words(files.get(id_, "")[:_LONGEST_LINE]),
                words(body),
            )
        )
    return found


def heading(own: str | None, title: str, subject: str) -> str:
    """What stands above a message: its ticket's title, if it is the first, and its own subject if that is another."""
    differs = bare_subject(subject)[0] != bare_subject(title)[0]
    return "\n".join([*([own] if own is not None else []), *([subject] if differs else [])])[:_LONGEST_LINE]


def _tickets(desk: Desk, ids: Collection[int]) -> dict[int, tuple[str, int, int]]:
    """The title, the requestor and the first message's number of each ticket."""
    first = select(func.min(Message.number)).where(Message.ticket_id == Ticket.id).scalar_subquery()
    query = select(Ticket.id, Ticket.title, Ticket.requestor_id, first).where(Ticket.id.in_(ids))
    return {id_: (title, asker, number) for id_, title, asker, number in desk.connection.execute(query)}


def _people(desk: Desk, ids: Collection[int]) -> dict[int, str]:
    """The name and all addresses of each person."""
    query = select(Person.id, Person.name, Address.email).outerjoin(Address, Address.person_id == Person.id)
    found: dict[int, str] = {}
    for id_, name, email in desk.connection.execute(query.where(Person.id.in_(ids)).order_by(Address.id)):
        found[id_] = f"{found.get(id_, name)}\n{email or ''}"
    return found


def _files(desk: Desk, ids: Collection[int]) -> dict[int, str]:
    """The names of what is attached to each message."""
    query = select(Attachment.message_id, Attachment.name).where(Attachment.message_id.in_(ids))
    found: dict[int, list[str]] = {}
    for id_, name in desk.connection.execute(query.order_by(Attachment.id)):
        found.setdefault(id_, []).append(name)
    return {id_: "\n".join(names) for id_, names in found.items()}
