"""How the index is kept in step: triggers note which messages it lacks, and here they are put into it.

A mail only has its message noted, which costs next to nothing. Each event is a row of its own: on PostgreSQL a row that
two units of work share would let one wait for the other, or be gone before the second has committed what it notes.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any, cast

from sqlalchemy import Table, case, delete, event, func, select, text
from sqlalchemy.exc import OperationalError

from ...mail.subjects import bare_subject
from ...mail.text import SHOWN_LIMIT
from ..records.messages import Attachment, Message
from ..records.people import Address, Person
from ..records.tickets import Ticket
from ..storage.database import LOCK_SECONDS, Database, DatabaseBusy
from ..storage.unit_of_work import UnitOfWork
from .fulltext_table import Document, drop, put
from .index_task import IndexTask
from .tokens import indexed_words

AT_ONCE = 200
"""So many notes are seen to in one unit of work at most; mail waits no longer than that takes."""

# And messages of so many characters, of which there is one at least: words are what takes time.
_CHARACTERS_AT_ONCE = 500_000
# How often somebody asks again whose turn it is not, in seconds.
_AGAIN = 0.05

# What is longer is no letter of a person's.
_LONGEST_LINE = 10_000


_DUE = cast("Table", IndexTask.__table__)


def count_due(uow: UnitOfWork) -> int:
    """How many notes wait."""
    return uow.connection.scalar(select(func.count()).select_from(_DUE)) or 0


def catch_up_soon(
    database: Database, seconds: float, tell: Callable[[int, int], None] = lambda _done, _all: None
) -> bool:
    """Bring the index into step as `catch_up` does, if the turn to write comes within so many seconds; whether it did.

    It is for a process of one thread: for its time each connection waits for others no longer than that.
    """
    until = monotonic() + seconds
    with _impatient(database, seconds):
        while not (count := _catch_up(database, tell)) and monotonic() < until:
            sleep(_AGAIN)
    return count


def _catch_up(database: Database, tell: Callable[[int, int], None]) -> bool:
    """Index every message that is due. Return whether that was possible; another process may be writing."""
    with database.read_only() as uow:
        due = count_due(uow)
    count = 0
    while count < due:
        try:
            seen_to = catch_up_some(database, AT_ONCE, wait=False)
        except DatabaseBusy:
            return False
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorname", None) != "SQLITE_BUSY":
                raise
            return False
        if not seen_to:
            return not _any_due(database)
        count += seen_to
        tell(count, due)
    return True


@contextmanager
def _impatient(database: Database, seconds: float) -> Iterator[None]:
    """Let SQLite wait so long for another process, and no longer; PostgreSQL is asked not to wait."""

    def begins(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    def ends(connection: Any, *_: object) -> None:
        if connection is not None:
            connection.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000}")

    if not database.is_sqlite:
        yield
        return
    event.listen(database.engine, "checkout", begins)
    event.listen(database.engine, "checkin", ends)
    try:
        yield
    finally:
        event.remove(database.engine, "checkout", begins)
        event.remove(database.engine, "checkin", ends)


def catch_up(database: Database, tell: Callable[[int, int], None] = lambda _done, _all: None) -> int:
    """Bring the index into step with all that was noted until now, in short units of work; how many notes that were.

    `tell` hears how many are seen to, and of how many.
    """
    with database.read_only() as uow:
        due = count_due(uow)
    count = 0
    # What is noted meanwhile is left to the next one: under an import this would never end.
    while count < due and (seen_to := catch_up_some(database, AT_ONCE)):
        count += seen_to
        tell(count, max(due, count))
    return count


def catch_up_some(database: Database, most: int, *, wait: bool = True) -> int:
    """See to so many notes, if there are, in units of work of its own; how many. See `index_batch` on `wait`."""
    count = 0
    while count < most and _any_due(database):
        with database.transaction() as uow:
            seen_to = index_batch(uow, most - count, wait=wait)
        if not seen_to:
            break
        count += seen_to
    return count


def _any_due(database: Database) -> bool:
    with database.read_only() as uow:
        return uow.connection.scalar(select(_DUE.c.id).limit(1)) is not None


def index_batch(uow: UnitOfWork, most: int, *, wait: bool = True) -> int:
    """See to the oldest notes within a unit of work, as far as their messages are not too long together; how many.

    Without `wait` none, if somebody else does just now.
    """
    if not _take_turn(uow, wait=wait):
        return 0
    noted = _oldest(uow, most)
    ids = {message_id for _, message_id in noted}
    current = documents(uow, ids)
    put(uow, current)
    drop(uow, ids - {document.message_id for document in current})
    uow.connection.execute(delete(_DUE).where(_DUE.c.id.in_([id_ for id_, _ in noted])))
    return len(noted)


def _oldest(uow: UnitOfWork, most: int) -> list[tuple[int, int]]:
    """The oldest notes, each with its message, up to the bounds of one unit of work."""
    query = select(_DUE.c.id, _DUE.c.message_id, func.length(_BODY)).outerjoin(Message, Message.id == _DUE.c.message_id)
    tasks: list[tuple[int, int]] = []
    lengths: dict[int, int] = {}
    for id_, message_id, length in uow.connection.execute(query.order_by(_DUE.c.id).limit(most)):
        lengths[message_id] = length or 0
        if tasks and sum(lengths.values()) > _CHARACTERS_AT_ONCE:
            break
        tasks.append((id_, message_id))
    return tasks


def _take_turn(uow: UnitOfWork, *, wait: bool) -> bool:
    """One at a time until the end of the work: of two that have read a message, the slower could write older words."""
    if uow.connection.dialect.name != "postgresql":
        return True
    lock = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    return uow.connection.scalar(text(f"SELECT {lock}(hashtext('tickets search'))")) is not False


def purge_pending(uow: UnitOfWork) -> None:
    """Take out of the index at once what it has of noted messages: those that are there are put in again later."""
    _take_turn(uow, wait=True)
    drop(uow, set(uow.connection.scalars(select(_DUE.c.message_id))))


# What a message is found by. Where it answers nothing of ours, what it quotes stands nowhere else.
_BODY = func.substr(case((Message.parent_id.is_(None), Message.full_text), else_=Message.text), 1, SHOWN_LIMIT)


def body_of(message: Message) -> str:
    """The text by which a message is found."""
    return message.full_text if message.parent_id is None else message.text


def documents(uow: UnitOfWork, ids: Collection[int]) -> list[Document]:
    """What these messages are found by, as they are now; nothing for those that are gone."""
    columns = (Message.id, Message.ticket_id, Message.number, Message.sender_id, Message.subject, _BODY)
    rows = uow.connection.execute(select(*columns).where(Message.id.in_(ids))).all()
    tickets = _tickets(uow, {row[1] for row in rows})
    requestors = {requestor for _, requestor, _ in tickets.values()}
    people = _people(uow, requestors | {row[3] for row in rows if row[3] is not None})
    files = _files(uow, ids)
    result: list[Document] = []
    for id_, ticket_id, number, sender_id, subject, body in rows:
        title, requestor, first = tickets[ticket_id]
        people_ids = dict.fromkeys([sender_id, *([requestor] if number == first else [])])
        result.append(
            Document(
                id_,
                indexed_words(heading(title if number == first else None, title, subject)),
                indexed_words("\n".join(people.get(id_ or 0, "") for id_ in people_ids)[:_LONGEST_LINE]),
                indexed_words(files.get(id_, "")[:_LONGEST_LINE]),
                indexed_words(body),
                indexed_words(title[:_LONGEST_LINE] if number != first else ""),
            )
        )
    return result


def heading(own: str | None, title: str, subject: str) -> str:
    """What stands above a message: its ticket's title, if it is the first, and its own subject if that is another."""
    differs = bare_subject(subject)[0] != bare_subject(title)[0]
    return "\n".join([*([own] if own is not None else []), *([subject] if differs else [])])[:_LONGEST_LINE]


def _tickets(uow: UnitOfWork, ids: Collection[int]) -> dict[int, tuple[str, int, int]]:
    """The title, the requestor and the first message's number of each ticket."""
    first = select(func.min(Message.number)).where(Message.ticket_id == Ticket.id).scalar_subquery()
    query = select(Ticket.id, Ticket.title, Ticket.requestor_id, first).where(Ticket.id.in_(ids))
    return {id_: (title, requestor, number) for id_, title, requestor, number in uow.connection.execute(query)}


def _people(uow: UnitOfWork, ids: Collection[int]) -> dict[int, str]:
    """The name and all addresses of each person."""
    query = select(Person.id, Person.name, Address.email).outerjoin(Address, Address.person_id == Person.id)
    words: dict[int, str] = {}
    for id_, name, email in uow.connection.execute(query.where(Person.id.in_(ids)).order_by(Address.id)):
        words[id_] = f"{words.get(id_, name)}\n{email or ''}"
    return words


def _files(uow: UnitOfWork, ids: Collection[int]) -> dict[int, str]:
    """The names of what is attached to each message."""
    query = select(Attachment.message_id, Attachment.name).where(Attachment.message_id.in_(ids))
    names: dict[int, list[str]] = {}
    for id_, name in uow.connection.execute(query.order_by(Attachment.id)):
        names.setdefault(id_, []).append(name)
    return {id_: "\n".join(each) for id_, each in names.items()}
