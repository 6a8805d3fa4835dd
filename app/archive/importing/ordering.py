"""The order of a thread's mails: none before one that it answers, else by their dates."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Connection, select

from ...model.records.imported_mail import PERSON_BYTES
from ...model.storage.batches import batches
from .staging_area import ARCHIVED, LINK, NO_MARK

_ASKED = 5_000
_LAST = datetime.max.replace(tzinfo=UTC)


class ThreadPosition(NamedTuple):
    """A mail in its thread: its row, its date, and what decides within one second.

    In the order of a thread `date` is when it counts as received: never before what it answers.
    """

    id: int
    date: datetime | None
    chance: tuple[bytes, int]

    @property
    def sort_key(self) -> tuple[datetime, tuple[bytes, int]]:
        """What mails are sorted by; those whose date nobody knows come last."""
        return self.date or _LAST, self.chance


class _Links(NamedTuple):
    """The ids that tie mails together: of each mail its own, and those that it names."""

    own: dict[int, list[bytes]]
    named: dict[int, list[bytes]]


def positions_of(connection: Connection, ids: Iterable[int]) -> list[ThreadPosition]:
    """These mails of a thread in its order; see `positions_of_each`."""
    return positions_of_each(connection, [list(ids)])[0]


def positions_of_each(connection: Connection, threads: Sequence[Collection[int]]) -> list[list[ThreadPosition]]:
    """The mails of each of these threads in its order; for all of them the database is asked once.

    One without a date has that of what it answers, else of its first answer. What stood in a tracker that exported it
    has the order in which it stood there, within one second too; any other box has none.
    """
    columns = (ARCHIVED.c.id, ARCHIVED.c.date, ARCHIVED.c.mark, ARCHIVED.c.identity)
    positions: dict[int, ThreadPosition] = {}
    marked: set[int] = set()
    for some in batches(chain.from_iterable(threads), _ASKED):
        query = select(*columns).where(ARCHIVED.c.id.in_(some))
        for row in connection.execute(query):
            marked |= {row.id} if row.mark != NO_MARK else set()
            positions[row.id] = ThreadPosition(row.id, row.date, (NO_MARK if row.mark else row.identity, row.id))
    links = _links(connection, [thread for thread in threads if len(thread) > 1])
    return [_ordered([positions[id_] for id_ in thread if id_ in positions], links, marked) for thread in threads]


def _links(connection: Connection, threads: Iterable[Collection[int]]) -> _Links:
    own: dict[int, list[bytes]] = {}
    named: dict[int, list[bytes]] = {}
    for ids in batches(chain.from_iterable(threads), _ASKED):
        for key, id_ in connection.execute(select(LINK.c.key, LINK.c.archived_id).where(LINK.c.archived_id.in_(ids))):
            if len(key) == PERSON_BYTES:
                named.setdefault(id_, []).append(key)
            else:
                own.setdefault(id_, []).append(key[:PERSON_BYTES])
    return _Links(own, named)


def _ordered(places: list[ThreadPosition], links: _Links, marked: set[int]) -> list[ThreadPosition]:
    places.sort(key=lambda place: place.sort_key)
    parents = {place.id: set[int]() for place in places}
    parents |= {id_: of for id_, of in _parents(places, links).items() if id_ not in marked}
    return _sorted(_dated(_sorted(places, parents), parents), parents)


def _parents(places: list[ThreadPosition], links: _Links) -> dict[int, set[int]]:
    """The mails here that each one names; of several copies of one the first."""
    owner: dict[bytes, int] = {}
    for place in places:
        for key in links.own.get(place.id, ()):
            owner.setdefault(key, place.id)
    parents: dict[int, set[int]] = {}
    for place in places:
        for key in links.named.get(place.id, ()):
            if owner.get(key, place.id) != place.id:
                parents.setdefault(place.id, set()).add(owner[key])
    return parents


def _sorted(places: list[ThreadPosition], parents: dict[int, set[int]]) -> list[ThreadPosition]:
    """The mails, each after its parents; where they answer each other in a circle, that is broken in `parents`."""
    left = sorted(places, key=lambda place: place.sort_key, reverse=True)
    by_id = {place.id: place for place in places}
    waits = {id_: len(of) for id_, of in parents.items()}
    children = _children(parents)
    placed: dict[int, ThreadPosition] = {}
    ready: list[tuple[datetime, tuple[bytes, int], ThreadPosition]] = []

    def release(position: ThreadPosition) -> None:
        known = [placed[parent].date for parent in parents[position.id]]
        position = position._replace(date=max((date for date in (position.date, *known) if date), default=None))
        heappush(ready, (*position.sort_key, position))

    for place in places:
        if not waits[place.id]:
            release(place)
    while len(placed) < len(places):
        if not ready:
            while waits[left[-1].id] <= 0:
                left.pop()
            first = left.pop()
            parents[first.id] &= placed.keys()
            waits[first.id] = 0
            release(first)
        place = heappop(ready)[-1]
        placed[place.id] = place
        for child in children.get(place.id, ()):
            waits[child] -= 1
            if waits[child] == 0:
                release(by_id[child])
    return list(placed.values())


def _children(parents: dict[int, set[int]]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for id_, of in parents.items():
        for parent in of:
            children.setdefault(parent, []).append(id_)
    return children


def _dated(order: list[ThreadPosition], parents: dict[int, set[int]]) -> list[ThreadPosition]:
    """The same, where mails without a date, and without one in what they answer, have that of their first answer."""
    soonest: dict[int, datetime] = {}
    dated: list[ThreadPosition] = []
    for place in reversed(order):
        date = place.date or soonest.get(place.id)
        dated.append(place._replace(date=date))
        for parent in parents[place.id] if date else ():
            soonest[parent] = min(soonest.get(parent, date), date) if date else soonest[parent]
    return dated
