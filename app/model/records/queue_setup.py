"""Queues as administrators make and change them: names, addresses, switches, responders."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import select

from ...mail.addresses import address_key, is_usable
from ...mail.text import one_line
from ..lifecycle.registry import LIFECYCLES, moved
from ..storage.unit_of_work import UnitOfWork
from .our_domains import our_domains
from .people import Person, find_person
from .queues import (
    DEFAULT_LIFECYCLE,
    BadQueue,
    Queue,
    QueueAddress,
    QueueName,
    QueueReader,
    Responder,
    forget_addresses,
    queue_key,
    whole_address,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


def add_queue(uow: UnitOfWork, name: str, addresses: "Iterable[str]" = (), lifecycle: str = DEFAULT_LIFECYCLE) -> Queue:
    """A new queue; BadQueue says which name or address is taken or cannot be had."""
    name = _checked_name(uow, name)
    _check_lifecycle(lifecycle)
    queue = Queue(name=name, name_key=queue_key(name), lifecycle_name=lifecycle)
    uow.session.add(queue)
    uow.session.flush()
    _remember_name(uow, queue)
    for address in addresses:
        add_queue_address(uow, queue, address)
    return queue


def set_queue(uow: UnitOfWork, queue: Queue, key: str, value: str) -> None:
    """Change one thing of a queue; BadQueue says what can be changed."""
    if key == "lifecycle":
        _check_lifecycle(value)
        queue.lifecycle_name = value
        _move_tickets(uow, queue)
    elif key == "name":
        queue.name, queue.name_key = _checked_name(uow, value), queue_key(value)
        _remember_name(uow, queue)
    elif key == "address":
        add_queue_address(uow, queue, value)
    elif key == "address-":
        remove_queue_address(uow, queue, value)
    elif key in SWITCHES:
        _switch(uow, queue, key, value)
    else:
        keys = ["lifecycle", "name", "address", "address-", *SWITCHES]
        raise BadQueue("no_queue_setting", key=key, keys=keys)
    uow.session.flush()


# The values of each switch, by the name that `queue set` takes.
SWITCHES: Mapping[str, tuple[bool | str, ...]] = {
    column.name.replace("_", "-"): column.info["values"]
    for column in Queue.__table__.columns
    if "values" in column.info
}
_ON_OR_OFF = {"on": True, "yes": True, "true": True, "1": True, "off": False, "no": False, "false": False, "0": False}


def switches_of(queue: Queue) -> dict[str, bool | str]:
    """The switches of a queue, by the names that `queue set` takes."""
    return {name: getattr(queue, name.replace("-", "_")) for name in SWITCHES}


def _switch(uow: UnitOfWork, queue: Queue, name: str, value: str) -> None:
    values: Mapping[str, bool | str] = _ON_OR_OFF
    if True not in SWITCHES[name]:
        values = {str(choice): choice for choice in SWITCHES[name]}
    if value.lower() not in values:
        allowed = ["on", "off"] if values is _ON_OR_OFF else [*values]
        raise BadQueue("queue_setting_value", key=name, value=value, values=allowed)
    if name == "digest" and queue.digest != value.lower():
        # The first one comes in the morning, not at once.
        queue.digested = uow.now
    setattr(queue, name.replace("-", "_"), values[value.lower()])


def _move_tickets(uow: UnitOfWork, queue: Queue) -> None:
    """Give the tickets of a queue the statuses of its new lifecycle."""
    from .tickets import Ticket, record_change

    for ticket in uow.session.scalars(select(Ticket).where(Ticket.queue_id == queue.id)):
        old = ticket.status
        ticket.status = moved(old, queue.lifecycle, answered=ticket.last_response is not None)
        if ticket.status != old:
            record_change(uow, ticket, None, "status", old, ticket.status)


def _remember_name(uow: UnitOfWork, queue: Queue) -> None:
    """A tag with this name means this queue from now on, and under its older names too."""
    uow.session.merge(QueueName(key=queue.name_key, queue_id=queue.id))
    uow.session.flush()


def _checked_name(uow: UnitOfWork, name: str) -> str:
    name = one_line(name, 100)
    if not name or any(sign in name for sign in "[]#<>@"):
        raise BadQueue("queue_name", name=name)
    if uow.session.scalars(select(Queue).where(Queue.name_key == queue_key(name))).first():
        raise BadQueue("queue_exists", name=name)
    return name


def _check_lifecycle(lifecycle: str) -> None:
    if lifecycle not in LIFECYCLES:
        raise BadQueue("no_lifecycle", name=lifecycle, names=[*LIFECYCLES])


def add_queue_address(uow: UnitOfWork, queue: Queue, address: str) -> None:
    """Let a queue answer one more address: a local part of ours, or a whole address of another domain."""
    from .addressing import find_our_address, is_reserved

    local = _queue_address(uow, address)
    if is_reserved(local):
        raise BadQueue("queue_address_reserved", address=address)
    taken = uow.session.scalars(select(Queue).join(QueueAddress).where(QueueAddress.address == local)).first()
    if taken is not None:
        raise BadQueue("queue_address_taken", address=address, queue=taken.name)
    if "@" in local and (place := find_our_address(uow, local)) is not None:
        raise BadQueue("queue_address_of_place", address=address, place=place.name)
    if "@" in local and (person := find_person(uow, local)) is not None:
        raise BadQueue("queue_address_of_person", address=address, person=person.label)
    queue.addresses.append(QueueAddress(address=local))
    uow.session.flush()
    forget_addresses(uow)


def remove_queue_address(uow: UnitOfWork, queue: Queue, address: str) -> None:
    """Let a queue answer an address no more."""
    kept = _queue_address(uow, address)
    row = next((row for row in queue.addresses if row.address == kept), None)
    if row is None:
        addresses = [whole_address(uow, row.address) for row in queue.addresses]
        raise BadQueue("no_queue_address", address=address, queue=queue.name, addresses=addresses)
    queue.addresses.remove(row)
    uow.session.delete(row)
    forget_addresses(uow)


def _queue_address(uow: UnitOfWork, address: str) -> str:
    """The form in which a queue's address is kept: lower-case, a domain of ours left out."""
    whole = address if "@" in address else f"{address}@{uow.domain}"
    local, _, domain = address_key(whole.strip()).rpartition("@")
    if not is_usable(whole.strip()) or not re.fullmatch(r"[a-z0-9._+=-]+", local):
        raise BadQueue("bad_queue_address", address=address)
    return local if domain in our_domains(uow) else f"{local}@{domain}"


def add_responder(uow: UnitOfWork, queue: Queue, person: Person) -> bool:
    """Let somebody answer for a queue; False if they did before."""
    person.known = True
    _remove_row(uow, QueueReader, queue, person)
    if uow.session.get(Responder, (queue.id, person.id)) is not None:
        return False
    uow.session.add(Responder(queue_id=queue.id, person_id=person.id))
    uow.session.flush()
    return True


def add_reader(uow: UnitOfWork, queue: Queue, person: Person) -> None:
    """Let somebody read a queue; whoever answered for it does so no more."""
    person.known = True
    _remove_row(uow, Responder, queue, person)
    if uow.session.get(QueueReader, (queue.id, person.id)) is None:
        uow.session.add(QueueReader(queue_id=queue.id, person_id=person.id))
    uow.session.flush()


def remove_responder(uow: UnitOfWork, queue: Queue, person: Person) -> bool:
    """Return whether somebody answered for the queue or read it; from now on they do not."""
    answered, read = (_remove_row(uow, table, queue, person) for table in (Responder, QueueReader))
    return answered or read


def _remove_row(uow: UnitOfWork, table: type[Responder | QueueReader], queue: Queue, person: Person) -> bool:
    row = uow.session.get(table, (queue.id, person.id))
    if row is not None:
        uow.session.delete(row)
        uow.session.flush()
    return row is not None
