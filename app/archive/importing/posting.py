"""How planned threads are posted, some at a time, all or none. Nobody is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ...model.records.tickets import NoSuchTicket, Ticket, resolve_merged
from ...model.storage.batches import batches
from ...model.storage.unit_of_work import UnitOfWork
from .planned_mails import BYTES, Draft, Planned, drafts_of, next_threads
from .senders import ThreadWriters
from .staging_area import ARCHIVED, ImportContext
from .ticket_builder import TicketBuilder

_TRIES = 3


@dataclass
class PostingCounts:
    """What a unit of work has posted."""

    mails: int = 0
    tickets: int = 0
    continued: int = 0


class ThreadPoster:
    """Posts what is planned, thread after thread; `status` is given to every ticket at its end."""

    def __init__(self, context: ImportContext, writers: ThreadWriters, status: str) -> None:
        self.context = context
        self.writers = writers
        self.status = status

    def step(self) -> PostingCounts | None:
        """Post some threads, all or none; None when all are."""
        threads = next_threads(self.context)
        if not threads:
            return None
        planned = [mail for thread in threads for mail in thread]
        # A long thread is read while it is posted; all else before, so that nobody waits for it.
        drafts: Iterable[Draft] = drafts_of(self.context, planned)
        few = sum(planned_mail.size for planned_mail in planned) <= BYTES
        known = list(drafts) if few else []
        for attempt in range(_TRIES):
            try:
                return self._post(planned, known if few else drafts_of(self.context, planned))
            except IntegrityError:
                # Mail that came at the same instant has made the same person.
                self.writers.forget()
                if attempt == _TRIES - 1:
                    raise
        return None

    def _post(self, planned: Sequence[Planned], drafts: Iterable[Draft]) -> PostingCounts:
        counts = PostingCounts(mails=len(planned))
        with self.context.database.transaction() as uow:
            if not self._lock_planned(uow, planned):
                return PostingCounts()
            builder = TicketBuilder(uow, self.context, self.writers, self.status, planned)
            if isinstance(drafts, list):
                builder.expect(drafts)
            for (_, home), thread in groupby(drafts, lambda draft: (draft.planned.thread, draft.planned.joins)):
                if home is not None and (ticket := _find(uow, home)) is not None:
                    builder.add_to(ticket, list(thread))
                    counts.continued += 1
                else:
                    builder.open(thread)
                    counts.tickets += 1
            builder.write()
        return counts

    def _lock_planned(self, uow: UnitOfWork, planned: Sequence[Planned]) -> bool:
        """Lock these mails until the unit of work ends. Return whether none of them was posted meanwhile."""
        ids = [planned_mail.id for planned_mail in planned]
        waiting = 0
        for some in batches(ids, 5_000):
            query = select(ARCHIVED.c.id).where(ARCHIVED.c.id.in_(some), ~ARCHIVED.c.posted)
            waiting += len(uow.connection.execute(query.with_for_update()).all())
        return waiting == len(ids)


def _find(uow: UnitOfWork, number: int) -> Ticket | None:
    try:
        return resolve_merged(uow, number)
    except NoSuchTicket:
        return None
