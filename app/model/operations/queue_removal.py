"""Remove a queue: its tickets, its addresses and the names that tags call it by go to another one."""

from typing import NamedTuple

from sqlalchemy import delete, select, update

from ..lifecycle.registry import moved
from ..records.queues import BadQueue, Queue, every_queue, whole_address
from ..records.tickets import Ticket, record_change
from ..storage.base import Base
from ..storage.unit_of_work import UnitOfWork


class RemovedQueue(NamedTuple):
    """What a removed queue was, and where its tickets went. With tickets, its addresses went there too."""

    name: str
    target: str
    tickets: int
    addresses: tuple[str, ...]


def remove_queue(uow: UnitOfWork, queue: Queue, target: Queue | None) -> RemovedQueue:
    """Remove a queue. Without a target, the oldest other queue takes what it has; BadQueue where there is none."""
    others = [other for other in every_queue(uow) if other.id != queue.id]
    if not others:
        raise BadQueue("only_queue", queue=queue.name)
    if target is not None and target.id == queue.id:
        raise BadQueue("queue_to_itself", queue=queue.name)
    target = target or others[0]
    addresses = tuple(whole_address(uow, row.address) for row in queue.addresses)
    tickets = _move_tickets(uow, queue, target)
    if not tickets:
        for row in queue.addresses:
            uow.session.delete(row)
    uow.session.flush()
    _reassign_rows(uow, queue, target)
    uow.session.expire_all()
    uow.session.delete(queue)
    uow.session.flush()
    return RemovedQueue(queue.name, target.name, tickets, addresses)


def _move_tickets(uow: UnitOfWork, queue: Queue, target: Queue) -> int:
    """Give the tickets to the other queue, with statuses of its lifecycle. Return how many there were."""
    tickets = list(uow.session.scalars(select(Ticket).where(Ticket.queue_id == queue.id).order_by(Ticket.id)))
    for ticket in tickets:
        old = ticket.status
        ticket.queue = target
        ticket.status = moved(old, target.lifecycle, answered=ticket.last_response is not None)
        record_change(uow, ticket, None, "queue", queue.name, target.name)
        if ticket.status != old:
            record_change(uow, ticket, None, "status", old, ticket.status)
    return len(tickets)


def _reassign_rows(uow: UnitOfWork, queue: Queue, target: Queue) -> None:
    """Let the target stand wherever the queue does; who answered for it is on no other team by that."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if not any(key.column is Queue.__table__.c.id for key in column.foreign_keys):
                continue
            if column.primary_key:
                uow.session.execute(delete(table).where(column == queue.id))
            else:
                uow.session.execute(update(table).where(column == queue.id).values({column.name: target.id}))
