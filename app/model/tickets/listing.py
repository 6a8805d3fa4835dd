"""Lists of tickets, a portion at a time: of millions as quickly as of ten, and of what their reader may see.

Each list is read along an index, in the order in which it is shown. Without statistics a database would choose another
one, or read everything and sort it: SQLite is told which index, and PostgreSQL not to sort. Where several indexes are
needed, as for the queues of one person, each gives its best tickets and the best of these are shown.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select, tuple_

from ..records.people import Person
from ..records.queues import Queue, queues_seen_by
from ..records.tickets import Participant, Ticket
from ..storage.prepared import run
from ..storage.unit_of_work import UnitOfWork
from .filters import NOT_FORGOTTEN, Filter
from .waiting import waits_for_us

PORTION = 50
# Beyond so many queues one walk through all tickets is quicker than one for each queue.
_MOST_BRANCHES = 40
# So many tickets are read in a few milliseconds.
_MANY = 5_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


EVERYTHING = Filter()


class Order(StrEnum):
    """In which order tickets are listed, by when something was last said to everybody on them."""

    OLDEST = "oldest"
    NEWEST = "newest"


class Waits(StrEnum):
    """Whom an open ticket waits for: the team, or those who asked."""

    US = "us"
    THEM = "them"


@dataclass(frozen=True)
class ListQuery:
    """Which tickets are listed, and how. `closed`: also those that are on nobody's list of open ones.

    `after` is the cursor of a portion: the list goes on behind it.
    """

    filter: Filter = EVERYTHING
    closed: bool = False
    waits: Waits | None = None
    order: Order = Order.OLDEST
    after: str = ""


class Portion(NamedTuple):
    """The numbers of some tickets, in the order of a list, and the cursor of what comes after; empty where nothing."""

    numbers: Sequence[int]
    after: str


class Scope(NamedTuple):
    """What of all tickets somebody's lists have: those of some queues, and their own ones.

    `queues` is None for all. `person` is None for nobody in particular.
    """

    queues: tuple[int, ...] | None = None
    person: int | None = None


def scope_of(uow: UnitOfWork, person: Person) -> Scope:
    """Return what somebody's lists have: the queues that they answer for, and what they are on or were assigned."""
    if person.administrator:
        return Scope(None, person.id)
    return Scope(tuple(queues_seen_by(uow, person)), person.id)


def list_portion(uow: UnitOfWork, query: ListQuery, scope: Scope, limit: int = PORTION) -> Portion:
    """Return a portion of a list. What it reads does not grow with the number of tickets."""
    if scope.queues is None and query.closed and query.filter.statuses is not None:
        # Of a rare status each queue's index knows, and no walk through all tickets finds it soon.
        scope = Scope(tuple(uow.session.scalars(select(Queue.id).order_by(Queue.id))))
    branches = _branches(uow, query, scope)
    with _unsorted(uow):
        rows = [row for branch in branches if branch.ordered for row in _read(uow, branch, limit + 1)]
    rows += [row for branch in branches if not branch.ordered for row in _read(uow, branch, limit + 1)]
    down = query.order is Order.NEWEST
    best = sorted({(row[0], row[1]) for row in rows}, reverse=down)[: limit + 1]
    after = cursor(*best[limit - 1]) if len(best) > limit else ""
    return Portion([number for _, number in best[:limit]], after)


@contextmanager
def _unsorted(uow: UnitOfWork) -> Iterator[None]:
    """Keep PostgreSQL from reading everything to sort it, which it does where it takes that for a few rows."""
    postgres = uow.connection.dialect.name == "postgresql"
    if postgres:
        run(uow.connection, "SET LOCAL enable_sort = off")
    yield
    if postgres:
        run(uow.connection, "SET LOCAL enable_sort = on")


def _read(uow: UnitOfWork, branch: "_Branch", limit: int) -> Sequence[Row[datetime, int]]:
    return uow.connection.execute(branch.statement.limit(limit)).all()


def cursor(moment: datetime, number: int) -> str:
    """Return the place of a ticket in a list, as it stands in an address."""
    return f"{(moment - _EPOCH) // timedelta(microseconds=1)}.{number}"


def read_cursor(given: str) -> tuple[datetime, int] | None:
    """Return the place that a cursor names; None for what is none."""
    micros, _, number = given.partition(".")
    fits = all(part.isascii() and part.isdigit() and len(part) < 18 for part in (micros, number))
    return (_EPOCH + timedelta(microseconds=int(micros)), int(number)) if fits else None


class _Branch(NamedTuple):
    """A statement for some tickets of a list, and the `walk` in which it finds them.

    `ordered`: along an index that has the list's order.
    """

    statement: Select[datetime, int]
    walk: Select[datetime, int]
    ordered: bool = True


def _branches(uow: UnitOfWork, query: ListQuery, scope: Scope) -> Sequence[_Branch]:
    """Return a statement for each index that has some of the tickets, each in the list's order."""
    conditions = _conditions(query)
    if scope.queues == () and scope.person is not None:
        return [*_of_person(query, scope.person, conditions)]
    if not query.closed:
        return [_along("ix_ticket_open", query, [], *conditions, *_in_scope(scope))]
    ways = [*_ways(query, scope, conditions)]
    # Where one way has few tickets it is quick, however rare those are that the list asks for.
    return ways[0] if len(ways) == 1 else min(ways, key=lambda way: _size(uow, way))


def _ways(query: ListQuery, scope: Scope, conditions: Sequence[ColumnElement[bool]]) -> Iterator[Sequence[_Branch]]:
    """Yield each way to all of the tickets: by who has them, by who asked, or by queues and statuses."""
    wanted = query.filter
    seen = [*conditions, *_in_scope(scope)]
    if wanted.assignee is not None:
        here = [Ticket.assignee_id == wanted.assignee.id]
        yield [_along("ix_ticket_assignee_id_last_public_id", query, here, *seen)]
    if wanted.requestor is not None:
        here = [Ticket.requestor_id == wanted.requestor.id]
        yield [_along("ix_ticket_requestor_id_last_public_id", query, here, *seen)]
    of_people = wanted.assignee is not None or wanted.requestor is not None or wanted.unassigned
    if wanted.queue is not None or wanted.statuses is not None or not of_people:
        own = _of_person(query, scope.person, conditions) if scope.queues is not None and scope.person else ()
        yield [*_of_queues(query, scope, conditions), *own]
    if wanted.unassigned:
        here = [Ticket.assignee_id.is_(None)]
        yield [_along("ix_ticket_assignee_id_last_public_id", query, here, *seen)]


def _size(uow: UnitOfWork, way: Sequence[_Branch]) -> int:
    """Return how many tickets a way goes past at most; beyond some number it does not matter how many.

    Left out are those in which somebody takes part: never very many.
    """
    size = 0
    with _unsorted(uow):
        for branch in way:
            if branch.ordered and size < _MANY:
                some = branch.walk.limit(_MANY).subquery()
                size += uow.connection.execute(select(func.count()).select_from(some)).scalar_one()
    return min(size, _MANY)


def _of_queues(query: ListQuery, scope: Scope, conditions: Sequence[ColumnElement[bool]]) -> Iterator[_Branch]:
    queue, statuses = query.filter.queue, query.filter.statuses
    queues = scope.queues
    if queue is not None:
        queues = (queue.id,) if queues is None or queue.id in queues else ()
    if queues is None or len(queues) * len(statuses or [""]) > _MOST_BRANCHES:
        here = [] if queues is None else [Ticket.queue_id.in_(queues)]
        yield _along("ix_ticket_last_public_id", query, here, *conditions)
        return
    for number in queues:
        if statuses is None:
            yield _along("ix_ticket_queue_id_last_public_id", query, [Ticket.queue_id == number], *conditions)
        for status in sorted(statuses or ()):
            both = [Ticket.queue_id == number, Ticket.status == status]
            yield _along("ix_ticket_queue_id_status_last_public_id", query, both, *conditions)


def _of_person(query: ListQuery, person: int, conditions: Sequence[ColumnElement[bool]]) -> Iterator[_Branch]:
    assigned, asked = Ticket.assignee_id == person, Ticket.requestor_id == person
    yield _along("ix_ticket_assignee_id_last_public_id", query, [assigned], *conditions)
    yield _along("ix_ticket_requestor_id_last_public_id", query, [asked], *conditions)
    # By their numbers, one after another: nobody takes part in very many.
    taking_part = _ordered(query, Ticket.id.in_(_taking_part(person))).with_hint(Ticket, "NOT INDEXED", "sqlite")
    yield _Branch(taking_part.where(*conditions), taking_part, ordered=False)


def _along(
    index: str, query: ListQuery, within: Sequence[ColumnElement[bool]], *conditions: ColumnElement[bool]
) -> _Branch:
    """Return a walk along an index, `within` the part of it that these conditions make, for what fits all others."""
    walk = _ordered(query, *within).with_hint(Ticket, f"INDEXED BY {index}", "sqlite")
    return _Branch(walk.where(*conditions), walk)


def _ordered(query: ListQuery, *conditions: ColumnElement[bool]) -> Select[datetime, int]:
    place = tuple_(Ticket.last_public, Ticket.id)
    rows = select(Ticket.last_public, Ticket.id).where(*conditions)
    down = query.order is Order.NEWEST
    if (after := read_cursor(query.after)) is not None:
        rows = rows.where(place < tuple_(*after) if down else place > tuple_(*after))
    return rows.order_by(*(column.desc() if down else column for column in (Ticket.last_public, Ticket.id)))


def _conditions(query: ListQuery) -> list[ColumnElement[bool]]:
    ended = [Ticket.merged_into.is_(None), NOT_FORGOTTEN] if query.closed else [~Ticket.closed]
    conditions = [*query.filter.of_ticket(), *ended]
    if query.waits is not None:
        conditions.append(waits_for_us() if query.waits is Waits.US else ~waits_for_us())
    return conditions


def _in_scope(scope: Scope) -> list[ColumnElement[bool]]:
    if scope.queues is None:
        return []
    own: list[ColumnElement[bool]] = [Ticket.queue_id.in_(scope.queues)] if scope.queues else []
    if scope.person is not None:
        own += [Ticket.assignee_id == scope.person, Ticket.requestor_id == scope.person]
        own.append(Ticket.id.in_(_taking_part(scope.person)))
    return [or_(*own)]


def _taking_part(person: int) -> Select[int]:
    return select(Participant.ticket_id).where(Participant.person_id == person, ~Participant.pending)


class QueueCount(NamedTuple):
    """How many open tickets of a queue there are: of all, of those that wait for us, and of those nobody has."""

    queue: str
    open: int
    waiting: int
    unassigned: int


def queue_counts(uow: UnitOfWork, scope: Scope) -> list[QueueCount]:
    """Return the counts of open tickets by queue, of every queue in somebody's scope, also where there are none."""
    which = [] if scope.queues is None else [Queue.id.in_(scope.queues)]
    names = {
        row[0]: row[1] for row in uow.connection.execute(select(Queue.id, Queue.name).where(*which).order_by(Queue.id))
    }
    waiting = func.sum(case((waits_for_us(), 1), else_=0))
    unassigned = func.sum(case((Ticket.assignee_id.is_(None), 1), else_=0))
    counted = select(Ticket.queue_id, func.count(), waiting, unassigned).where(~Ticket.closed).group_by(Ticket.queue_id)
    if scope.queues is not None:
        counted = counted.where(Ticket.queue_id.in_(scope.queues))
    hinted = counted.with_hint(Ticket, "INDEXED BY ix_ticket_open", "sqlite")
    counts = {row[0]: row[1:] for row in uow.connection.execute(hinted)}
    return [
        QueueCount(name, *(int(count) for count in counts.get(number, (0, 0, 0)))) for number, name in names.items()
    ]
