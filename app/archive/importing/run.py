"""An import from its beginning to its end: take in, gather, post, index, and what is told of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

from sqlalchemy import func, select

from ...mail.addresses import address_key
from ...model.lifecycle.tables import Lifecycle
from ...model.records.queues import find_queue
from ...model.search.indexer import catch_up
from ...model.storage.database import Database
from ..batches import batches
from ..reading.mbox import Dialect
from ..reading.sources import Found, Other, mails_in
from .grouping import gather
from .posting import Poster
from .scratch_copy import scratch_copy
from .senders import Writers
from .staging import take
from .staging_area import ARCHIVED, Pile, piled

MAILS, BYTES = 1_000, 12_000_000
"""What is taken in at once: so many mails, or so many bytes."""

_MOST_NAMED = 1_000


class Wanted(NamedTuple):
    """What is asked of an import. `limit`: the bytes of the largest mail; `responders`: addresses that answered."""

    path: str
    queue: str
    limit: int
    status: str | None = None
    responders: Sequence[str] = ()
    dialect: Dialect | None = None
    dry_run: bool = False


@dataclass
class Report:
    """What became of an archive. `resumed`: mails that an import before had taken in and not posted.

    `named` and `others` tell of what is unreadable and of what was passed over where it lies and why, up to a thousand.
    """

    mails: int = 0
    resumed: int = 0
    duplicates: int = 0
    threads: int = 0
    tickets: int = 0
    continued: int = 0
    unreadable: int = 0
    named: list[tuple[str, str]] = field(default_factory=list)
    passed_over: int = 0
    others: list[tuple[str, str]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def took(self) -> float:
        """The seconds of all of it."""
        return sum(self.seconds.values())

    @property
    def slowest(self) -> str:
        """The part that took longest."""
        return max(self.seconds, key=lambda part: self.seconds[part], default="")


class Step(NamedTuple):
    """How far an import is: in which part, with so many mails, and so many bytes or mails done of all there are."""

    part: str
    mails: int
    done: int
    total: int | None


READING, STORING, GATHERING, POSTING = "reading", "taking in", "gathering threads", "posting"
INDEXING = "indexing"

Tell = Callable[[Step], None]


def import_archive(tracker: Database, wanted: Wanted, total: int | None, tell: Tell) -> Report:
    """Import what lies at a path into a queue; `total` is its size in bytes, where that is known.

    Raises NoSuchQueue, NoSuchStatus, BrokenBox or OSError. What is done when it is stopped stays, and the same import
    again goes on from there. A dry run is an import into a copy that is thrown away.
    """
    with tracker.look() as desk:
        status = _final_status(find_queue(desk, wanted.queue).lifecycle, wanted.status)
    report = Report(seconds=dict.fromkeys((READING, STORING, GATHERING, POSTING, INDEXING), 0.0))
    into = scratch_copy(tracker) if wanted.dry_run else nullcontext(tracker)
    with into as database, piled(database, wanted.queue) as pile:
        poster = Poster(pile, Writers(pile.queue_id, map(address_key, wanted.responders), pile.is_ours), status)
        # What an import before has planned is posted as it was planned.
        _post_all(pile, poster, report, tell)
        _take_all(pile, wanted, report, total, tell)
        begun = perf_counter()
        tell(Step(GATHERING, report.mails, 0, None))
        gather(pile)
        report.seconds[GATHERING] += perf_counter() - begun
        _post_all(pile, poster, report, tell)
    if not wanted.dry_run:
        _index(tracker, report, tell)
    return report


def _final_status(lifecycle: Lifecycle, wanted: str | None) -> str:
    """The status of every imported ticket: the one that is asked for, else the lifecycle's own for what is done."""
    if wanted is not None:
        return lifecycle.status(wanted)
    return next(status for status in lifecycle.statuses if status in lifecycle.solved)


def _take_all(pile: Pile, wanted: Wanted, report: Report, total: int | None, tell: Tell) -> None:
    tell(Step(STORING, 0, 0, total))
    with pile.database.look() as desk:
        newest = desk.connection.scalar(select(func.max(ARCHIVED.c.id))) or 0
    mails = _timed(mails_in(wanted.path, wanted.limit, wanted.dialect), report, READING)
    for group in batches(mails, lambda one: len(one.raw), MAILS, BYTES):
        begun = perf_counter()
        readable = [one for one in group if not one.fault]
        taken = take(pile, readable, newest) if readable else None
        if taken is not None:
            report.mails += len(readable)
            report.resumed += taken.resumed
            report.duplicates += taken.repeated
        for one in group:
            if one.fault:
                _name(report, one)
        report.seconds[STORING] += perf_counter() - begun
        tell(Step(STORING, report.mails, group[-1].done, total))


def _timed(mails: Iterator[Found], report: Report, part: str) -> Iterator[Found]:
    """The same, with the time that it takes."""
    while True:
        begun = perf_counter()
        one = next(mails, None)
        report.seconds[part] += perf_counter() - begun
        if one is None:
            return
        yield one


def _name(report: Report, one: Found) -> None:
    """Tell of a mail that cannot be read, or of something that is none."""
    if isinstance(one.fault, Other):
        report.passed_over += 1
        if len(report.others) < _MOST_NAMED:
            report.others.append((one.place, one.fault))
        return
    report.unreadable += 1
    if len(report.named) < _MOST_NAMED:
        report.named.append((one.place, one.fault))


def _post_all(pile: Pile, poster: Poster, report: Report, tell: Tell) -> None:
    begun = perf_counter()
    total = _planned(pile)
    mails = 0
    while total and (posted := poster.step()) is not None:
        mails += posted.mails
        report.tickets += posted.tickets
        report.continued += posted.continued
        report.threads += posted.tickets + posted.continued
        tell(Step(POSTING, mails, mails, total))
    report.seconds[POSTING] += perf_counter() - begun


def _index(tracker: Database, report: Report, tell: Tell) -> None:
    """Take what was posted into the search's index, with all else that is due."""
    begun = perf_counter()
    catch_up(tracker, lambda done, due: tell(Step(INDEXING, done, done, due)))
    report.seconds[INDEXING] += perf_counter() - begun


def _planned(pile: Pile) -> int:
    query = select(func.count()).where(
        ARCHIVED.c.thread.is_not(None), ~ARCHIVED.c.posted, ARCHIVED.c.queue_id == pile.queue_id
    )
    with pile.database.look() as desk:
        return desk.connection.scalar(query) or 0
