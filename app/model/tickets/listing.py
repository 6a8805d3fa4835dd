"""Lists of tickets, a portion at a time: of millions as quickly as of ten, and of what their reader may see.

Each list is read along an index, in the order in which it is shown. Without statistics a database would choose another
one, or read everything and sort it: SQLite is told which index, and PostgreSQL not to sort. Where several indexes are
needed, as for the queues of one person, each gives its best tickets and the best of these are shown.

Few tickets are open: one index has them all, and each mail on one changes it. The others have closed ones alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, case, func, or_, select, tuple_

from ..lifecycle.registry import CLOSED
from ..records.people import Person
from ..records.queues import Queue, queues_seen_by
from ..records.tickets import Participant, Ticket
from ..storage.prepared import Prepared, run
from ..storage.unit_of_work import UnitOfWork
from .filters import NOT_FORGOTTEN, Filter
from .waiting import waits_for_us

PORTION = 50
# Beyond so many queues one walk through all tickets is quicker than one for each queue.
_MOST_BRANCHES = 40
# So many tickets are read in a few milliseconds.
_MANY = 5_000
# So many different statements are kept; there are fewer kinds of lists.
_MOST_WALKS = 100
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
        scope = Scope(tuple(number for number, _ in _QUEUES.rows(uow.connection, {})))
    branches = _branches(uow, query, scope)
    with _unsorted(uow):
        rows = [row for branch in branches if branch.walk.in_order for row in branch.rows(uow, limit + 1)]
    rows += [row for branch in branches if not branch.walk.in_order for row in branch.rows(uow, limit + 1)]
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


def cursor(moment: datetime, number: int) -> str:
    """Return the place of a ticket in a list, as it stands in an address."""
    return f"{(moment - _EPOCH) // timedelta(microseconds=1)}.{number}"


def read_cursor(cursor: str) -> tuple[datetime, int] | None:
    """Return the place that a cursor names; None for what is none."""
    micros, _, number = cursor.partition(".")
    fits = all(part.isascii() and part.isdigit() and len(part) < 18 for part in (micros, number))
    return (_EPOCH + timedelta(microseconds=int(micros)), int(number)) if fits else None


class _Where(NamedTuple):
    """A condition by its name in `_CONDITIONS`, and how many parameters it has, where that differs."""

    name: str
    many: int = 0


class _IndexWalk(NamedTuple):
    """A walk along an index, `within` the part of it that some conditions make, for what fits all others.

    `in_order`: the index has the list's order; else few are found, by it or by their numbers, and sorted. `later`: it
    begins behind a place.
    """

    along: str
    in_order: bool
    within: tuple[_Where, ...]
    conditions: tuple[_Where, ...]
    down: bool
    later: bool


class _Branch(NamedTuple):
    """A walk that has some of the tickets of a list, and the values of its parameters."""

    walk: _IndexWalk
    values: Mapping[str, Any]

    def rows(self, uow: UnitOfWork, limit: int) -> Sequence[tuple[Any, ...]]:
        """Return the moments and the numbers of its first tickets."""
        return _tickets(self.walk).rows(uow.connection, {**self.values, "limit": limit})

    def size(self, uow: UnitOfWork) -> int:
        """Return how many tickets it goes past; beyond some number it does not matter how many."""
        row = _tickets_passed(self.walk).row(uow.connection, {**self.values, "limit": _MANY})
        return int(row[0]) if row else 0


def _branches(uow: UnitOfWork, query: ListQuery, scope: Scope) -> Sequence[_Branch]:
    """Return a branch for each index that has some of the tickets, each in the list's order."""
    conditions = _conditions(query)
    if scope.queues == () and scope.person is not None:
        open_ones = [*_open_of_person(query, scope, conditions)]
    else:
        open_ones = [_along("ix_ticket_open", query, scope, [_Where("not_closed")], *conditions, *_in_scope(scope))]
    if not query.closed:
        return open_ones
    ways = [*_ways(query, scope, [*conditions, _Where("not_merged")])]
    # Where one way has few tickets it is quick, however rare those are that the list asks for.
    closed_ones = ways[0] if len(ways) == 1 else min(ways, key=lambda way: _size(uow, way))
    statuses = query.filter.statuses
    return closed_ones if statuses is not None and statuses <= CLOSED else [*open_ones, *closed_ones]


def _ways(query: ListQuery, scope: Scope, conditions: Sequence[_Where]) -> Iterator[Sequence[_Branch]]:
    """Yield each way to all closed ones: by who has them, by who asked, or by queues and statuses."""
    if scope.queues == () and scope.person is not None:
        yield [*_of_person(query, scope, conditions)]
        return
    wanted = query.filter
    seen = [*conditions, *_in_scope(scope)]
    if wanted.assignee is not None:
        yield [_along_closed("assignee_id", query, scope, [_Where("assignee")], *seen)]
    if wanted.requestor is not None:
        yield [_along_closed("requestor_id", query, scope, [_Where("requestor")], *seen)]
    of_people = wanted.assignee is not None or wanted.requestor is not None or wanted.unassigned
    if wanted.queue is not None or wanted.statuses is not None or not of_people:
        own = _of_person(query, scope, conditions) if scope.queues is not None and scope.person else ()
        yield [*_of_queues(query, scope, conditions), *own]
    if wanted.unassigned:
        yield [_along_closed("assignee_id", query, scope, [_Where("unassigned")], *seen)]


def _size(uow: UnitOfWork, way: Sequence[_Branch]) -> int:
    """Return how many tickets a way goes past at most; beyond some number it does not matter how many.

    Left out are those in which somebody takes part: never very many.
    """
    size = 0
    with _unsorted(uow):
        for branch in way:
            if branch.walk.in_order and size < _MANY:
                size += branch.size(uow)
    return min(size, _MANY)


def _of_queues(query: ListQuery, scope: Scope, conditions: Sequence[_Where]) -> Iterator[_Branch]:
    queue, statuses = query.filter.queue, query.filter.statuses
    queues = scope.queues
    if queue is not None:
        queues = (queue.id,) if queues is None or queue.id in queues else ()
    if queues is None or len(queues) * len(statuses or [""]) > _MOST_BRANCHES:
        here = [] if queues is None else [_Where("queues", len(queues))]
        yield _along_closed("", query, Scope(queues), here, *conditions)
        return
    for number in queues:
        if statuses is None:
            yield _along_closed("queue_id", query, scope, [_Where("in_queue")], *conditions, in_queue=number)
        for status in sorted(statuses or ()):
            both = [_Where("in_queue"), _Where("of_status")]
            values = {"in_queue": number, "of_status": status}
            yield _along_closed("queue_id_status", query, scope, both, *conditions, **values)


def _of_person(query: ListQuery, scope: Scope, conditions: Sequence[_Where]) -> Iterator[_Branch]:
    yield _along_closed("assignee_id", query, scope, [_Where("assigned")], *conditions)
    yield _along_closed("requestor_id", query, scope, [_Where("asked")], *conditions)
    yield _found("", query, scope, [_Where("closed"), _Where("taking_part")], conditions)


def _open_of_person(query: ListQuery, scope: Scope, conditions: Sequence[_Where]) -> Iterator[_Branch]:
    yield _found("ix_ticket_assignee_id", query, scope, [_Where("assigned"), _Where("not_closed")], conditions)
    yield _found("ix_ticket_requestor_id", query, scope, [_Where("asked"), _Where("not_closed")], conditions)
    yield _found("", query, scope, [_Where("not_closed"), _Where("taking_part")], conditions)


def _found(
    index: str, query: ListQuery, scope: Scope, within: Sequence[_Where], conditions: Sequence[_Where]
) -> _Branch:
    """Return a walk through few tickets in no order: nobody has very many open ones, or takes part in very many."""
    branch = _along(index, query, scope, within, *conditions)
    return branch._replace(walk=branch.walk._replace(in_order=False))


def _along(
    index: str, query: ListQuery, scope: Scope, within: Sequence[_Where], *conditions: _Where, **values: object
) -> _Branch:
    place = read_cursor(query.after)
    wanted = query.filter
    every = {
        **values,
        "queue": wanted.queue.id if wanted.queue else None,
        "requestor": wanted.requestor.id if wanted.requestor else None,
        "assignee": wanted.assignee.id if wanted.assignee else None,
        "person": scope.person,
        "moment": place[0] if place else None,
        "number": place[1] if place else None,
        **_numbered("queues", scope.queues or ()),
        **_numbered("statuses", sorted(wanted.statuses or ())),
    }
    walk = _IndexWalk(index, True, tuple(within), conditions, query.order is Order.NEWEST, place is not None)
    return _Branch(walk, every)


def _along_closed(
    columns: str, query: ListQuery, scope: Scope, within: Sequence[_Where], *conditions: _Where, **values: object
) -> _Branch:
    """Return a walk along the closed ones, by the index that has these columns before its order."""
    index = "_".join(filter(None, ("ix_ticket_closed", columns)))
    return _along(index, query, scope, [_Where("closed"), *within], *conditions, **values)


def _numbered(name: str, values: Sequence[Any]) -> dict[str, Any]:
    return {f"{name}{at}": value for at, value in enumerate(values)}


def _parameters(name: str, many: int) -> list[BindParameter[Any]]:
    return [bindparam(f"{name}{at}") for at in range(many)]


# Each is compiled once for each walk that there is.
@lru_cache(_MOST_WALKS)
def _tickets(walk: _IndexWalk) -> Prepared:
    conditions = [_CONDITIONS[name](many) for name, many in walk.conditions]
    return Prepared(_walked(walk).where(*conditions).limit(bindparam("limit")))


@lru_cache(_MOST_WALKS)
def _tickets_passed(walk: _IndexWalk) -> Prepared:
    return Prepared(select(func.count()).select_from(_walked(walk).limit(bindparam("limit")).subquery()))


def _walked(walk: _IndexWalk) -> Select[datetime, int]:
    place = tuple_(Ticket.last_public, Ticket.id)
    rows = select(Ticket.last_public, Ticket.id).where(*(_CONDITIONS[name](many) for name, many in walk.within))
    if walk.later:
        there = tuple_(bindparam("moment", type_=Ticket.last_public.type), bindparam("number"))
        rows = rows.where(place < there if walk.down else place > there)
    order = (column.desc() if walk.down else column for column in (Ticket.last_public, Ticket.id))
    hint = f"INDEXED BY {walk.along}" if walk.along else "NOT INDEXED"
    return rows.order_by(*order).with_hint(Ticket, hint, "sqlite")


def _conditions(query: ListQuery) -> list[_Where]:
    wanted = query.filter
    given = {
        "queue": wanted.queue,
        "requestor": wanted.requestor,
        "assignee": wanted.assignee,
        "unassigned": wanted.unassigned,
        "waits_for_us": query.waits is Waits.US,
        "waits_for_them": query.waits is Waits.THEM,
    }
    statuses = [] if wanted.statuses is None else [_Where("statuses", len(wanted.statuses))]
    return [*statuses, *(_Where(name) for name, value in given.items() if value)]


def _in_scope(scope: Scope) -> list[_Where]:
    if scope.queues is None:
        return []
    return [_Where("queues" if scope.person is None else "scope", len(scope.queues))]


_TAKING_PART = select(Participant.ticket_id).where(Participant.person_id == bindparam("person"), ~Participant.pending)


def _of_some_queues(many: int) -> ColumnElement[bool]:
    return Ticket.queue_id.in_(_parameters("queues", many))


def _of_some_statuses(many: int) -> ColumnElement[bool]:
    # What was merged has a status no more.
    return and_(Ticket.status.in_(_parameters("statuses", many)), Ticket.merged_into.is_(None))


def _of_a_scope(many: int) -> ColumnElement[bool]:
    of_person = (_CONDITIONS[name](0) for name in ("assigned", "asked", "taking_part"))
    return or_(*([_of_some_queues(many)] if many else []), *of_person)


_CONDITIONS: Mapping[str, Callable[[int], ColumnElement[bool]]] = {
    "queue": lambda _: Ticket.queue_id == bindparam("queue"),
    "in_queue": lambda _: Ticket.queue_id == bindparam("in_queue"),
    "queues": _of_some_queues,
    "of_status": lambda _: Ticket.status == bindparam("of_status"),
    "statuses": _of_some_statuses,
    "requestor": lambda _: Ticket.requestor_id == bindparam("requestor"),
    "asked": lambda _: Ticket.requestor_id == bindparam("person"),
    "assignee": lambda _: Ticket.assignee_id == bindparam("assignee"),
    "assigned": lambda _: Ticket.assignee_id == bindparam("person"),
    "unassigned": lambda _: Ticket.assignee_id.is_(None),
    "taking_part": lambda _: Ticket.id.in_(_TAKING_PART),
    "scope": _of_a_scope,
    "closed": lambda _: Ticket.closed.expression,
    "not_closed": lambda _: ~Ticket.closed,
    "not_merged": lambda _: and_(Ticket.merged_into.is_(None), NOT_FORGOTTEN),
    "waits_for_us": lambda _: waits_for_us(),
    "waits_for_them": lambda _: ~waits_for_us(),
}


class QueueCount(NamedTuple):
    """How many open tickets of a queue there are: of all, of those that wait for us, and of those nobody has."""

    queue: str
    open: int
    waiting: int
    unassigned: int


def queue_counts(uow: UnitOfWork, scope: Scope) -> list[QueueCount]:
    """Return the counts of open tickets by queue, of every queue in somebody's scope, also where there are none."""
    names = [row for row in _QUEUES.rows(uow.connection, {}) if scope.queues is None or row[0] in scope.queues]
    many = None if scope.queues is None else len(scope.queues)
    rows = _counts(many).rows(uow.connection, _numbered("queues", scope.queues or ()))
    counts = {row[0]: row[1:] for row in rows}
    return [QueueCount(name, *(int(count) for count in counts.get(number, (0, 0, 0)))) for number, name in names]


_QUEUES = Prepared(select(Queue.id, Queue.name).order_by(Queue.id))


@lru_cache(_MOST_WALKS)
def _counts(queues: int | None) -> Prepared:
    """Return the statement that counts the tickets of so many queues, or of all."""
    waiting = func.sum(case((waits_for_us(), 1), else_=0))
    unassigned = func.sum(case((Ticket.assignee_id.is_(None), 1), else_=0))
    counted = select(Ticket.queue_id, func.count(), waiting, unassigned).where(~Ticket.closed).group_by(Ticket.queue_id)
    if queues is not None:
        counted = counted.where(_of_some_queues(queues))
    return Prepared(counted.with_hint(Ticket, "INDEXED BY ix_ticket_open", "sqlite"))
