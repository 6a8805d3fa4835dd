"""How mails that were taken in become threads: by their ids, then by subject, people and time.

The outcome depends on the mails alone, not on their order: what hangs together by ids is one whatever came first, and
everything else is decided in the order of dates.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, case, func, select, update

from ...model.records.imported_mail import NOBODY, PERSON_BYTES, person_keys
from ...model.storage.batches import batches
from .existing import MessageIdUsers, find_answered_live
from .mail_identity import EVERYBODY
from .staging_area import ARCHIVED, LINK, NO_MARK, ImportContext

# How long after the last mail of a thread an answer that names no id still belongs to it.
WINDOW = timedelta(days=30)

_ROWS = 10_000
_PLAN = update(ARCHIVED).where(ARCHIVED.c.id == bindparam("of"))
_HOME = bindparam("home", type_=Integer)
# A thread of our own export is on one ticket, whatever its mails belong to by their ids.
_JOINS = case((ARCHIVED.c.mark == NO_MARK, func.coalesce(ARCHIVED.c.joins, _HOME)), else_=_HOME)
_PLAN = _PLAN.values(thread=bindparam("place"), joins=_JOINS)
_JOIN = update(ARCHIVED).where(ARCHIVED.c.id == bindparam("of")).values(joins=bindparam("ticket"))
_ABOUT = ("id", "date", "subject", "answers", "people", "identity", "joins", "ticket_id", "mark")


@dataclass
class _ThreadGroup:
    """Mails that are known to be one thread; `home` is its ticket.

    `identity`, `subject`, `answers` and `writer` are those of the mail that began it. `inner`: that one answers others.
    """

    place: int
    first: datetime | None
    last: datetime | None
    identity: bytes
    subject: bytes | None
    answers: bool
    writer: bytes
    people: set[bytes]
    home: int | None
    mark: bytes = NO_MARK
    inner: bool = False


class _Union:
    """Which rows hang together; each row leads to another one of its group, the last of them to itself.

    `inner`: whether a row's mail answers another one that is here.
    `marks`: the mark that a group has, by its place. Two groups of different marks are never made one.
    """

    def __init__(self, ids: "array[int]") -> None:
        self.ids = ids
        self.marks: dict[int, bytes] = {}
        self.inner = bytearray(len(ids))
        self._to = array("q", range(len(ids)))

    def of_row(self, row_id: int) -> int:
        """The place of a row's group."""
        return self.of(bisect_left(self.ids, row_id))

    def of(self, place: int) -> int:
        """Return the row that stands for the whole group of a row."""
        to = self._to
        while to[place] != place:
            to[place] = to[to[place]]
            place = to[place]
        return place

    def tie(self, first: int, second: int) -> None:
        """Make two groups one, unless their marks differ."""
        first, second = self.of(first), self.of(second)
        mark, other_mark = self.marks.get(first), self.marks.get(second)
        if mark and other_mark and mark != other_mark:
            return
        self._to[first] = second
        if mark:
            self.marks[second] = mark


def gather(context: ImportContext) -> None:
    """Plan the threads of all mails that wait, in the order in which they began: all of the plan is kept, or none."""
    context.count()
    with context.database.read_only() as uow:
        repeated = _repeated(uow.connection)
    _join_live(context, repeated)
    with context.database.read_only() as uow:
        union = _Union(_waiting(context, uow.connection))
        _tie_by_marks(context, uow.connection, union)
        _tie_by_ids(context, uow.connection, union, repeated)
        groups = _groups(context, uow.connection, union)
    _tie_by_subject(context, union, groups)
    _keep(context, union, groups)


def _join_live(context: ImportContext, repeated: set[bytes]) -> None:
    """Let old mail join the tickets that answers to it have opened."""
    rows = [{"of": id_, "ticket": ticket} for id_, ticket in find_answered_live(context, repeated).items()]
    if rows:
        with context.database.transaction() as uow:
            uow.connection.execute(_JOIN, rows)


def _waiting(context: ImportContext, connection: Connection) -> "array[int]":
    return array(
        "q", _streamed(connection, _only_waiting(context, select(ARCHIVED.c.id)).order_by(ARCHIVED.c.id)).scalars()
    )


def _only_waiting(context: ImportContext, query: Select[Any]) -> Select[Any]:
    return query.where(~ARCHIVED.c.posted, ARCHIVED.c.thread.is_(None), ARCHIVED.c.queue_id == context.queue_id)


def _streamed(connection: Connection, query: Select[Any]) -> Any:
    """The rows of a query as they are read: there may be many."""
    return connection.execution_options(yield_per=_ROWS).execute(query)


def _tie_by_marks(context: ImportContext, connection: Connection, union: _Union) -> None:
    """Tie what stood on one ticket in the tracker that exported it."""
    query = select(ARCHIVED.c.mark, ARCHIVED.c.id).where(ARCHIVED.c.mark != NO_MARK)
    first: dict[bytes, int] = {}
    for mark, row_id in _streamed(connection, _only_waiting(context, query)):
        place = union.of_row(row_id)
        union.marks[place] = mark
        union.tie(place, first.setdefault(mark, place))


def _tie_by_ids(context: ImportContext, connection: Connection, union: _Union, repeated: set[bytes]) -> None:
    """Tie what has an id in common, also one of a mail that is missing, and what belongs to the same ticket.

    Where there are marks, not every tie holds: then their order must not be that in which mails came.
    """
    order = (ARCHIVED.c.mark, ARCHIVED.c.identity) if union.marks else ()
    links = select(LINK.c.key, LINK.c.archived_id, *order).join(ARCHIVED, ARCHIVED.c.id == LINK.c.archived_id)
    homes = select(ARCHIVED.c.joins, ARCHIVED.c.id, *order).where(ARCHIVED.c.joins.is_not(None))
    links_by_key = _streamed(connection, _only_waiting(context, links).order_by(LINK.c.key))
    for key, rows in groupby(links_by_key, lambda row: row[0][:PERSON_BYTES]):
        if key not in repeated:
            tied = list(rows)
            _tie_all(union, tied)
            namers = [row[1] for row in tied if len(row[0]) == PERSON_BYTES]
            for row_id in namers if len(namers) < len(tied) else ():
                union.inner[bisect_left(union.ids, row_id)] = True
    rows_by_ticket = _streamed(connection, _only_waiting(context, homes).order_by(ARCHIVED.c.joins))
    for _, rows in groupby(rows_by_ticket, itemgetter(0)):
        _tie_all(union, list(rows))


def _tie_all(union: _Union, rows: list[Any]) -> None:
    """Tie rows that have something in common: it, their own id, and what else tells their order."""
    if union.marks:
        rows.sort(key=itemgetter(slice(2, None)))
    first = union.of_row(rows[0][1])
    for row in rows:
        union.tie(union.of_row(row[1]), first)


def _repeated(connection: Connection) -> set[bytes]:
    """The ids that broken programs give to many mails: several people wrote them, about several things.

    Each of these mails is as one without an id, and what answers one of them answers nobody knows which.
    """
    own = select(LINK.c.key).where(func.length(LINK.c.key) > PERSON_BYTES)
    many = own.group_by(LINK.c.key).having(func.count() > 1).subquery()
    query = select(LINK.c.key, ARCHIVED.c.people, ARCHIVED.c.subject).join(many, many.c.key == LINK.c.key)
    query = query.join(ARCHIVED, ARCHIVED.c.id == LINK.c.archived_id).order_by(LINK.c.key)
    keys: set[bytes] = set()
    for key, rows in groupby(_streamed(connection, query), attrgetter("key")):
        bearers = MessageIdUsers()
        for row in rows:
            bearers.add(row.people, row.subject)
        keys |= {key[:PERSON_BYTES]} if bearers.differ else set()
    return keys


def _by_date(query: Select[Any]) -> Select[Any]:
    """Mails whose date nobody knows come last, on every database."""
    return query.order_by(ARCHIVED.c.date.is_(None), ARCHIVED.c.date, ARCHIVED.c.identity)


def _groups(context: ImportContext, connection: Connection, union: _Union) -> dict[int, _ThreadGroup]:
    """All groups by their place, in the order of their first mails."""
    groups: dict[int, _ThreadGroup] = {}
    query = _only_waiting(context, select(*(ARCHIVED.c[name] for name in _ABOUT)))
    for row in _streamed(connection, _by_date(query)):
        _add(groups, union.of_row(row.id), row, row.joins, inner=bool(union.inner[bisect_left(union.ids, row.id)]))
    return groups


def _add(groups: dict[int, _ThreadGroup], place: int, row: Any, home: int | None, *, inner: bool = False) -> None:
    """Add a mail to its group; its mails come in the order of their dates."""
    people = person_keys(row.people)
    group = groups.get(place)
    if group is None:
        groups[place] = group = _ThreadGroup(
            place, row.date, row.date, row.identity, row.subject, row.answers, people[0], set(), None, inner=inner
        )
    elif group.inner and not inner:
        # An answer can bear an earlier date than what it answers.
        group.identity, group.subject, group.answers, group.writer = row.identity, row.subject, row.answers, people[0]
        group.inner = False
    group.people |= set(people) - {NOBODY}
    group.last = row.date or group.last
    # What a mark says counts for more than ids do; else the oldest ticket.
    if home is not None and (group.home is None or (not row.mark, home) < (not group.mark, group.home)):
        group.home = home
    group.mark = group.mark or row.mark


def _tie_by_subject(context: ImportContext, union: _Union, groups: dict[int, _ThreadGroup]) -> None:
    """Tie an answer to the thread of its subject and people, where nothing in it names a mail of that thread.

    The new one must say that it answers ("Re: ..."): two mails of one person about "Report" are two reports.
    """
    subjects = {group.subject for group in groups.values() if group.answers and group.subject and group.home is None}
    fitting = [group for group in groups.values() if group.subject in subjects]
    candidates = sorted(
        [*fitting, *_posted(context, subjects)], key=lambda group: (_moment(group.first), group.identity)
    )
    index = _Index()
    for group in candidates:
        if group.first is None or group.last is None:
            continue
        earlier = index.find(group) if group.answers and group.home is None and not group.mark else None
        if earlier is not None:
            earlier.people |= group.people
            earlier.last = max(earlier.last or group.last, group.last)
            group.home = earlier.home
            if earlier.place >= 0:
                union.tie(group.place, earlier.place)
        index.add(earlier or group, group)


def _moment(date: datetime | None) -> float:
    return date.timestamp() if date else float("inf")


class _Index:
    """The latest threads of each subject, by everybody in them and by who began them."""

    def __init__(self) -> None:
        self._with: dict[tuple[bytes | None, bytes], _ThreadGroup] = {}
        self._begun: dict[tuple[bytes | None, bytes], _ThreadGroup] = {}

    def add(self, thread: _ThreadGroup, group: _ThreadGroup) -> None:
        """Let a thread be found by the people of a group that is in it."""
        self._with |= {(group.subject, person): thread for person in group.people}
        if thread is group and group.writer != NOBODY:
            self._begun[group.subject, group.writer] = thread

    def find(self, group: _ThreadGroup) -> _ThreadGroup | None:
        """The thread that an answer belongs to: its writer takes part in it, or it is written to who began it.

        Where all is read by everybody, the latest of its subject.
        """
        correspondents = group.people - {group.writer, EVERYBODY}
        near = self._near(group, {group.writer, *correspondents})
        fitting = [
            neighbour
            for neighbour in near
            if neighbour.writer in correspondents
            or (neighbour.people & correspondents and group.writer in neighbour.people)
        ]
        # Only an answer to nobody else is told by its writer alone.
        if not fitting and not any(neighbour.people & correspondents for neighbour in near):
            fitting = [neighbour for neighbour in near if group.writer in neighbour.people]
        if not fitting and EVERYBODY in group.people:
            fitting = self._near(group, {EVERYBODY})
        return max(fitting, key=lambda neighbour: _fit(neighbour, group.writer, correspondents), default=None)

    def _near(self, group: _ThreadGroup, people: set[bytes]) -> list[_ThreadGroup]:
        """The latest threads of some people, as far as an answer can be theirs by its time."""
        every = (index.get((group.subject, person)) for person in people for index in (self._with, self._begun))
        threads = {id(thread): thread for thread in every if thread}.values()
        return [thread for thread in threads if thread.last and group.first and group.first - thread.last <= WINDOW]


def _fit(thread: _ThreadGroup, writer: bytes, correspondents: set[bytes]) -> tuple[Any, ...]:
    """How well an answer of somebody to others fits: who began it counts most, lest words to one client go to another.

    Then how many of all these are in it: a list or a colleague may be in every thread.
    """
    count = len(thread.people & {writer, *correspondents})
    return (
        thread.writer in {writer, *correspondents},
        count,
        thread.writer in correspondents,
        thread.last,
        thread.identity,
    )


def _posted(context: ImportContext, subjects: Iterable[bytes | None]) -> Iterator[_ThreadGroup]:
    """The threads of these subjects that are tickets already; their places are below zero."""
    every = sorted(subject for subject in subjects if subject)
    with context.database.read_only() as uow:
        for some in batches(every, 1000):
            query = select(*(ARCHIVED.c[name] for name in _ABOUT)).where(
                ARCHIVED.c.subject.in_(some), ARCHIVED.c.posted, ARCHIVED.c.ticket_id.is_not(None)
            )
            groups: dict[int, _ThreadGroup] = {}
            for row in uow.connection.execute(_by_date(query)):
                _add(groups, -row.ticket_id, row, row.ticket_id)
            yield from groups.values()


def _keep(context: ImportContext, union: _Union, groups: dict[int, _ThreadGroup]) -> None:
    """Write the plan: each row its thread, counted in the order in which threads began, and the ticket it joins."""
    places: dict[int, int] = {}
    homes: dict[int, int] = {}
    for group in groups.values():
        place = union.of(group.place)
        places.setdefault(place, len(places) + 1)
        if group.home is not None:
            homes[place] = min(homes.get(place, group.home), group.home)
    _settle_claims(union, homes)
    with context.database.transaction() as uow:
        first = uow.connection.scalar(select(func.max(ARCHIVED.c.thread))) or 0
        for numbers in batches(range(len(union.ids)), _ROWS):
            threads = [(number, union.of(number)) for number in numbers]
            rows = [
                {"of": union.ids[number], "place": first + places[place], "home": homes.get(place)}
                for number, place in threads
            ]
            uow.connection.execute(_PLAN, rows)


def _settle_claims(union: _Union, homes: dict[int, int]) -> None:
    """Let no two threads of different marks be on one ticket: it is that of the thread that began first."""
    taken: set[int] = set()
    for place in [home for home in homes if home in union.marks]:
        if homes[place] in taken:
            del homes[place]
        else:
            taken.add(homes[place])
