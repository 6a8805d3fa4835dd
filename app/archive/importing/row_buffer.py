"""The rows of threads that are being posted, written many at once in an order that the keys allow."""

from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, cast

from sqlalchemy import Table, bindparam, update

from ...model.records.messages import Attachment, Message, attachment_rows
from ...model.records.received_mail import Delivery
from ...model.records.tickets import Change, Participant, Reopening, Ticket
from ...model.storage.unit_of_work import UnitOfWork
from .staging_area import ARCHIVED, add_rows, reserve

TICKET, MESSAGE = cast("Table", Ticket.__table__), cast("Table", Message.__table__)
_ATTACHMENT, _DELIVERY, _PARTICIPANT, _CHANGE, _REOPENING = (
    cast("Table", record.__table__) for record in (Attachment, Delivery, Participant, Change, Reopening)
)
_POSTED = update(ARCHIVED).where(ARCHIVED.c.id == bindparam("of"))
_POSTED = _POSTED.values(posted=True, thread=None, ticket_id=bindparam("on"))

Row = dict[str, Any]


def columns_of(entity: Ticket | Message) -> Row:
    """All columns of an object that no session knows."""
    table = TICKET if isinstance(entity, Ticket) else MESSAGE
    return {column.key: getattr(entity, column.key) for column in table.columns}


@cache
def _add_delivery(dialect: str) -> Any:
    """A mail that came to this ticket by another way before is no delivery more."""
    add = import_module(f"sqlalchemy.dialects.{dialect}").insert(_DELIVERY)
    return add.on_conflict_do_nothing(index_elements=["digest"])


@dataclass
class RowBuffer:
    """Rows to be written. `tickets` are new ones that stand in no table yet, `begun` those that do and go on."""

    uow: UnitOfWork
    tickets: list[Ticket] = field(default_factory=list)
    begun: set[int] = field(default_factory=set)
    messages: list[tuple[Message, Any]] = field(default_factory=list)
    participants: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    reopenings: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    posted: list[Row] = field(default_factory=list)

    def write(self) -> None:
        """Write what there is, and begin anew."""
        connection = self.uow.connection
        add_rows(connection, TICKET, [columns_of(ticket) for ticket in self.tickets])
        add_rows(connection, MESSAGE, [columns_of(message) for message, _ in self.messages])
        add_rows(connection, _ATTACHMENT, self._attachment_rows())
        add_rows(connection, _PARTICIPANT, self.participants)
        for table, rows in ((_CHANGE, self.changes), (_REOPENING, self.reopenings)):
            ids = reserve(connection, table, len(rows))
            add_rows(connection, table, [{"id": id_, **row} for id_, row in zip(ids, rows, strict=True)])
        if self.deliveries:
            connection.execute(_add_delivery(connection.dialect.name), self.deliveries)
        if self.posted:
            connection.execute(_POSTED, self.posted)
        self.begun |= {ticket.id for ticket in self.tickets}
        self._begin_anew()

    def _begin_anew(self) -> None:
        lists: tuple[list[Any], ...] = (self.tickets, self.messages, self.participants)
        for rows in (*lists, self.changes, self.reopenings, self.deliveries, self.posted):
            rows.clear()

    def close(self, ticket: Ticket) -> None:
        """A new ticket is whole; if it stands in the table already, it is brought up to date there."""
        if ticket.id in self.begun:
            self.uow.connection.execute(update(TICKET).where(TICKET.c.id == ticket.id).values(**columns_of(ticket)))

    def _attachment_rows(self) -> list[Row]:
        rows = [row for message, attachments in self.messages for row in attachment_rows(message.id, attachments)]
        ids = reserve(self.uow.connection, _ATTACHMENT, len(rows))
        return [{"id": id_, **row} for id_, row in zip(ids, rows, strict=True)]
