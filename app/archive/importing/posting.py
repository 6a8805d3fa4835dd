"""How planned threads are posted, some at a time, all or none. Nobody is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ...model.records.tickets import NoSuchTicket, Ticket, what_became_of
from ...model.storage.unit_of_work import Desk
from .planned_mails import BYTES, Draft, Planned, drafts_of, next_threads
from .senders import Writers
from .staging_area import ARCHIVED, Pile
from .ticket_builder import Work

_TRIES = 3


@dataclass
class Posted:
    """What a unit of work has posted."""

    mails: int = 0
    tickets: int = 0
    continued: int = 0


class Poster:
    """Posts what is planned, thread after thread; `status` is given to every ticket at its end."""

    def __init__(self, pile: Pile, writers: Writers, status: str) -> None:
        self.pile = pile
        self.writers = writers
        self.status = status

    def step(self) -> Posted | None:
        """Post some threads, all or none; None when all are."""
        threads = next_threads(self.pile)
        if not threads:
            return None
        planned = [one for thread in threads for one in thread]
        # A long thread is read while it is posted; all else before, so that nobody waits for it.
        drafts: Iterable[Draft] = drafts_of(self.pile, planned)
        few = sum(one.size for one in planned) <= BYTES
        known = list(drafts) if few else []
        for attempt in range(_TRIES):
            try:
                return self._post(planned, known if few else drafts_of(self.pile, planned))
            except IntegrityError:
                # Mail that came at the same instant has made the same person.
                self.writers.forget()
                if attempt == _TRIES - 1:
                    raise
        return None

    def _post(self, planned: Sequence[Planned], drafts: Iterable[Draft]) -> Posted:
        done = Posted(mails=len(planned))
        with self.pile.database.work() as desk:
            if not self._still_planned(desk, planned):
                return Posted()
            work = Work(desk, self.pile, self.writers, self.status, planned)
            if isinstance(drafts, list):
                work.expect(drafts)
            for (_, home), thread in groupby(drafts, lambda one: (one.planned.thread, one.planned.joins)):
                if home is not None and (ticket := _find(desk, home)) is not None:
                    work.add_to(ticket, list(thread))
                    done.continued += 1
                else:
                    work.open(thread)
                    done.tickets += 1
            work.write()
        return done

    def _still_planned(self, desk: Desk, planned: Sequence[Planned]) -> bool:
        """Whether nobody else has posted these mails meanwhile; holds others off until the work is done."""
        ids = [one.id for one in planned]
        waiting = 0
        for at in range(0, len(ids), 5_000):
            query = select(ARCHIVED.c.id).where(ARCHIVED.c.id.in_(ids[at : at + 5_000]), ~ARCHIVED.c.posted)
            waiting += len(desk.connection.execute(query.with_for_update()).all())
        return waiting == len(ids)


def _find(desk: Desk, number: int) -> Ticket | None:
    try:
        return what_became_of(desk, number)
    except NoSuchTicket:
        return None
