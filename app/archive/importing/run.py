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
from ...model.storage.batches import batches
from ...model.storage.database import Database
from ..reading.mbox import Dialect
from ..reading.sources import ArchiveMail, Other, mails_in
from .grouping import gather
from .posting import ThreadPoster
from .scratch_copy import scratch_copy
from .senders import ThreadWriters
from .staging import take
from .staging_area import ARCHIVED, ImportContext, open_context

MAILS, BYTES = 1_000, 12_000_000
"""What is taken in at once: so many mails, or so many bytes."""

_MOST_NAMED = 1_000


class ImportRequest(NamedTuple):
    """What is asked of an import. `limit`: the bytes of the largest mail; `responders`: addresses that answered."""

    path: str
    queue: str
    limit: int
    status: str | None = None
    responders: Sequence[str] = ()
    dialect: Dialect | None = None
    dry_run: bool = False


@dataclass
class ImportReport:
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


class ImportProgress(NamedTuple):
    """How far an import is: in which part, with so many mails, and so many bytes or mails done of all there are."""

    part: str
    mails: int
    done: int
    total: int | None


READING, STORING, GATHERING, POSTING = "reading", "taking in", "gathering threads", "posting"
INDEXING = "indexing"

Tell = Callable[[ImportProgress], None]


def import_archive(tracker: Database, wanted: ImportRequest, total: int | None, tell: Tell) -> ImportReport:
    """Import what lies at a path into a queue; `total` is its size in bytes, where that is known.

    Raises NoSuchQueue, NoSuchStatus, NoStandardInput or OSError. What is done when it is stopped stays. The same import
    again goes on from there. A dry run is an import into a copy that is thrown away.
    """
    with tracker.read_only() as uow:
        status = _final_status(find_queue(uow, wanted.queue).lifecycle, wanted.status)
    report = ImportReport(seconds=dict.fromkeys((READING, STORING, GATHERING, POSTING, INDEXING), 0.0))
    into = scratch_copy(tracker) if wanted.dry_run else nullcontext(tracker)
    with into as database, open_context(database, wanted.queue) as context:
        poster = ThreadPoster(
            context, ThreadWriters(context.queue_id, map(address_key, wanted.responders), context.is_ours), status
        )
        # What an import before has planned is posted as it was planned.
        _post_all(context, poster, report, tell)
        _take_all(context, wanted, report, total, tell)
        begun = perf_counter()
        tell(ImportProgress(GATHERING, report.mails, 0, None))
        gather(context)
        report.seconds[GATHERING] += perf_counter() - begun
        _post_all(context, poster, report, tell)
    if not wanted.dry_run:
        _index(tracker, report, tell)
    return report


def _final_status(lifecycle: Lifecycle, wanted: str | None) -> str:
    """The status of every imported ticket: the one that is asked for, else the lifecycle's own for what is done."""
    if wanted is not None:
        return lifecycle.status(wanted)
    return next(status for status in lifecycle.statuses if status in lifecycle.solved)


def _take_all(
    context: ImportContext, wanted: ImportRequest, report: ImportReport, total: int | None, tell: Tell
) -> None:
    tell(ImportProgress(STORING, 0, 0, total))
    with context.database.read_only() as uow:
        newest = uow.connection.scalar(select(func.max(ARCHIVED.c.id))) or 0
    mails = _timed(mails_in(wanted.path, wanted.limit, wanted.dialect), report, READING)
    for group in batches(mails, MAILS, size=lambda mail: len(mail.raw), octets=BYTES):
        begun = perf_counter()
        readable = [mail for mail in group if not mail.fault]
        counts = take(context, readable, newest) if readable else None
        if counts is not None:
            report.mails += len(readable)
            report.resumed += counts.resumed
            report.duplicates += counts.repeated
        for mail in group:
            if mail.fault:
                _name(report, mail)
        report.seconds[STORING] += perf_counter() - begun
        tell(ImportProgress(STORING, report.mails, group[-1].done, total))


def _timed(mails: Iterator[ArchiveMail], report: ImportReport, part: str) -> Iterator[ArchiveMail]:
    """Yield the mails, and add the time that reading them takes to the report."""
    while True:
        begun = perf_counter()
        mail = next(mails, None)
        report.seconds[part] += perf_counter() - begun
        if mail is None:
            return
        yield mail


def _name(report: ImportReport, mail: ArchiveMail) -> None:
    """Report a mail that cannot be read, or a file that is not a mail."""
    if isinstance(mail.fault, Other):
        report.passed_over += 1
        if len(report.others) < _MOST_NAMED:
            report.others.append((mail.place, mail.fault))
        return
    report.unreadable += 1
    if len(report.named) < _MOST_NAMED:
        report.named.append((mail.place, mail.fault))


def _post_all(context: ImportContext, poster: ThreadPoster, report: ImportReport, tell: Tell) -> None:
    begun = perf_counter()
    total = _count_planned(context)
    mails = 0
    while total and (posted := poster.step()) is not None:
        mails += posted.mails
        report.tickets += posted.tickets
        report.continued += posted.continued
        report.threads += posted.tickets + posted.continued
        tell(ImportProgress(POSTING, mails, mails, total))
    report.seconds[POSTING] += perf_counter() - begun


def _index(tracker: Database, report: ImportReport, tell: Tell) -> None:
    """Take what was posted into the search's index, with all else that is due."""
    begun = perf_counter()
    catch_up(tracker, lambda count, due: tell(ImportProgress(INDEXING, count, count, due)))
    report.seconds[INDEXING] += perf_counter() - begun


def _count_planned(context: ImportContext) -> int:
    query = select(func.count()).where(
        ARCHIVED.c.thread.is_not(None), ~ARCHIVED.c.posted, ARCHIVED.c.queue_id == context.queue_id
    )
    with context.database.read_only() as uow:
        return uow.connection.scalar(query) or 0
