"""What happens to a ticket while it is worked on, as plain values: stored by one prepared statement."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BindParameter, Table, bindparam, insert, update
from sqlalchemy.orm.attributes import set_committed_value

from ..lifecycle.tables import Lifecycle
from ..storage.mapped_rows import filled_columns, load_values, set_stored
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from .queues import Queue
from .tickets import Reopening, Ticket, is_closed


@dataclass(slots=True)
class TicketProgress:
    """The columns of a ticket that a message or a step of the workflow changes, named as in `Ticket`."""

    status: str
    posts: int
    has_private: bool
    closed: bool
    last_posted: datetime
    last_public: datetime
    last_query: datetime | None
    last_response: datetime | None
    solved: datetime | None
    answer: int | None
    answerer_id: int | None
    reopens: datetime | None
    created: datetime
    lifecycle: Lifecycle

    @classmethod
    def of(cls, ticket: Ticket) -> "TicketProgress":
        """Return a ticket as it is now."""
        return cls(*(getattr(ticket, name) for name in _FIELDS))

    def count_post(self, posted: datetime, *, private: bool) -> None:
        """Count one more message, posted at this moment."""
        self.posts += 1
        self.has_private = self.has_private or private
        self.last_posted = max(self.last_posted, posted)
        if not private:
            self.last_public = max(self.last_public, posted)

    def store(self, uow: UnitOfWork, ticket: Ticket) -> None:
        """Write what became of a ticket, to its row and to its object. A new status ends the wait of `reopens`."""
        if all(getattr(self, name) == getattr(ticket, name) for name in _COLUMNS):
            return
        if self.status != ticket.status:
            self.reopens, self.closed = None, is_closed(self.status, ticket.merged_into)
        values = {name: getattr(self, name) for name in _COLUMNS}
        _SAVE.rows(uow.connection, {"number": ticket.id, **{f"new_{name}": value for name, value in values.items()}})
        set_stored(ticket, values)


_FIELDS = tuple(field.name for field in fields(TicketProgress))
_COLUMNS = tuple(name for name in _FIELDS if name not in ("created", "lifecycle"))
_TABLE = cast("Table", Ticket.__table__)
_NEW: dict[str, BindParameter[Any]] = {name: bindparam(f"new_{name}") for name in _COLUMNS}
_SAVE = Prepared(update(_TABLE).where(_TABLE.c.id == bindparam("number")).values(_NEW))
_FILLED = filled_columns(Ticket)
_ADD = Prepared(insert(_TABLE).returning(_TABLE.c.id), _FILLED)
ADD_REOPENING = Prepared(insert(Reopening), filled_columns(Reopening))
"""Inserts a reopening, with every column but its id."""


def add_ticket(uow: UnitOfWork, queue: Queue, **columns: object) -> Ticket:
    """Insert a ticket; a column that is not given is null, or false."""
    closed = is_closed(str(columns["status"]), None)
    switches = {"requestor_left": False, "handed_over": False, "closed": closed}
    values = {**dict.fromkeys(_FILLED), **switches, "queue_id": queue.id, **columns}
    [(number,)] = _ADD.rows(uow.connection, values)
    ticket = load_values(uow.session, Ticket, {"id": number, **values})
    set_committed_value(ticket, "queue", queue)
    return ticket
