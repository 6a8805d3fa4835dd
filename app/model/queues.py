"""This file holds queues, the addresses that they answer, and who answers for them."""

import re
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, false, select, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.model.addresses import address_key, is_usable
from app.model.base import Base
from app.model.desk import Desk
from app.model.lifecycle import Lifecycle, listed
from app.model.lifecycles import LIFECYCLES, moved
from app.model.people import Person, find_person
from app.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable


DEFAULT_LIFECYCLE = "correspondence"


class NoSuchQueue(LookupError):
    """No queue has this name."""


class BadQueue(ValueError):
    """A queue cannot be made or changed as asked."""


class Queue(Base):
    """A pile of tickets with addresses of its own; `name_key` makes names unique whatever their case.

    Its switches: a new ticket is acknowledged to its requestor; its requestor is told when it is resolved; whom a
    responder's mail, or anybody else's, names in To and Cc becomes a participant.
    """

    __tablename__ = "queue"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(unique=True)
    lifecycle_name: Mapped[str]
    acknowledge: Mapped[bool] = mapped_column(server_default=false())
    announce_resolved: Mapped[bool] = mapped_column(server_default=false())
    cc_from_responders: Mapped[bool] = mapped_column(server_default=true())
    cc_from_others: Mapped[bool] = mapped_column(server_default=false())

    addresses: Mapped[list["QueueAddress"]] = relationship(order_by="QueueAddress.id")

    def is_answered_by(self, desk: Desk, person: Person) -> bool:
        """Whether somebody answers for this queue."""
        return desk.session.get(Responder, (self.id, person.id)) is not None

    @property
    def lifecycle(self) -> Lifecycle:
        """The tables by which its tickets live."""
        return LIFECYCLES[self.lifecycle_name]


class QueueAddress(Base):
    """An address that a queue answers: a local part at our domain, or a whole address at another."""

    __tablename__ = "queue_address"

    id: Mapped[int] = mapped_column(primary_key=True)
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"), index=True)
    address: Mapped[str] = mapped_column(unique=True)


class QueueName(Base):
    """A name that a queue has or had, by which a subject's tag may still call it."""

    __tablename__ = "queue_name"

    key: Mapped[str] = mapped_column(primary_key=True)
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"), index=True)


class Responder(Base):
    """Somebody who answers for a queue."""

    __tablename__ = "responder"

    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)


def find_queue(desk: Desk, name: str) -> Queue:
    """The queue of that name, in any case; NoSuchQueue names what there is."""
    queue = desk.session.scalars(select(Queue).where(Queue.name_key == _key(name))).one_or_none()
    if queue is None:
        raise NoSuchQueue(f"There is no queue {name!r}; there are: {listed(q.name for q in every_queue(desk))}.")
    return queue


def every_queue(desk: Desk) -> list[Queue]:
    """All queues, in the order in which they were made."""
    return list(desk.session.scalars(select(Queue).order_by(Queue.id)))


def add_queue(desk: Desk, name: str, addresses: "Iterable[str]" = (), lifecycle: str = DEFAULT_LIFECYCLE) -> Queue:
    """A new queue; BadQueue says which name or address is taken or cannot be had."""
    name = _checked_name(desk, name)
    _check_lifecycle(lifecycle)
    queue = Queue(name=name, name_key=_key(name), lifecycle_name=lifecycle, **_SWITCHES)
    desk.session.add(queue)
    desk.session.flush()
    _remember_name(desk, queue)
    for address in addresses:
        add_queue_address(desk, queue, address)
    return queue


def set_queue(desk: Desk, queue: Queue, key: str, value: str) -> None:
    """Change one thing of a queue; BadQueue says what can be changed."""
    if key == "lifecycle":
        _check_lifecycle(value)
        queue.lifecycle_name = value
        _move_tickets(desk, queue)
    elif key == "name":
        queue.name, queue.name_key = _checked_name(desk, value), _key(value)
        _remember_name(desk, queue)
    elif key == "address":
        add_queue_address(desk, queue, value)
    elif key.replace("-", "_") in _SWITCHES:
        setattr(queue, key.replace("-", "_"), _switched(key, value))
    else:
        switches = listed(switch.replace("_", "-") for switch in _SWITCHES)
        raise BadQueue(f"A queue has no {key!r}; it has lifecycle, name, address, {switches}.")
    desk.session.flush()


# What a new queue does by itself: nothing that could seem impersonal, or answer what should not be answered.
_SWITCHES = {"acknowledge": False, "announce_resolved": False, "cc_from_responders": True, "cc_from_others": False}


def switches_of(queue: Queue) -> dict[str, bool]:
    """The switches of a queue, by the names that `queue set` takes."""
    return {switch.replace("_", "-"): getattr(queue, switch) for switch in _SWITCHES}


def _switched(key: str, value: str) -> bool:
    known = {"on": True, "yes": True, "true": True, "1": True, "off": False, "no": False, "false": False, "0": False}
    if value.lower() not in known:
        raise BadQueue(f"{key} cannot be {value!r}; it would be on or off.")
    return known[value.lower()]


def _move_tickets(desk: Desk, queue: Queue) -> None:
    """Give the tickets of a queue the statuses of its new lifecycle."""
    from app.model.tickets import Ticket, record_change

    for ticket in desk.session.scalars(select(Ticket).where(Ticket.queue_id == queue.id)):
        old = ticket.status
        ticket.status = moved(old, queue.lifecycle, answered=ticket.last_response is not None)
        if ticket.status != old:
            record_change(desk, ticket, None, "status", old, ticket.status)


def _remember_name(desk: Desk, queue: Queue) -> None:
    """A tag with this name means this queue from now on, and under its older names too."""
    desk.session.merge(QueueName(key=queue.name_key, queue_id=queue.id))
    desk.session.flush()


def names_of_queues(desk: Desk) -> set[str]:
    """Every name that any queue has or had, in lower case."""
    return set(desk.session.scalars(select(QueueName.key)))


def _checked_name(desk: Desk, name: str) -> str:
    name = one_line(name, 100)
    if not name or any(sign in name for sign in "[]#<>@"):
        raise BadQueue(f"{name!r} cannot be a queue's name: it needs words, and none of [ ] # < > @.")
    if desk.session.scalars(select(Queue).where(Queue.name_key == _key(name))).first():
        raise BadQueue(f"There is a queue {name!r} already.")
    return name


def _check_lifecycle(lifecycle: str) -> None:
    if lifecycle not in LIFECYCLES:
        raise BadQueue(f"There is no lifecycle {lifecycle!r}; there are: {listed(LIFECYCLES)}.")


def add_queue_address(desk: Desk, queue: Queue, address: str) -> None:
    """Let a queue answer one more address: a local part of ours, or a whole address of another domain."""
    from app.model.places import find_place, is_reserved

    local = _queue_address(desk, address)
    if is_reserved(local):
        raise BadQueue(f"{address!r} cannot be a queue's address: the tracker itself answers it.")
    taken = desk.session.scalars(select(Queue).join(QueueAddress).where(QueueAddress.address == local)).first()
    if taken is not None:
        raise BadQueue(f"{address!r} is an address of the queue {taken.name!r} already.")
    if "@" in local and (place := find_place(desk, local)) is not None:
        raise BadQueue(f"{address!r} cannot be a queue's address: it belongs to {place.name}.")
    if "@" in local and (person := find_person(desk, local)) is not None:
        raise BadQueue(f"{address!r} is an address of {person.label} already.")
    queue.addresses.append(QueueAddress(address=local))
    desk.session.flush()


def _queue_address(desk: Desk, address: str) -> str:
    """The form in which a queue's address is kept: lower-case, our own domain left out."""
    whole = address if "@" in address else f"{address}@{desk.domain}"
    local, _, domain = address_key(whole.strip()).rpartition("@")
    if not is_usable(whole.strip()) or not re.fullmatch(r"[a-z0-9._+=-]+", local):
        raise BadQueue(f"{address!r} is not an address; it would be a local part (hello) or whole (hello@example.org).")
    return local if domain == desk.domain else f"{local}@{domain}"


def whole_address(desk: Desk, address: str) -> str:
    """A queue's address as people write it."""
    return address if "@" in address else f"{address}@{desk.domain}"


def add_responder(desk: Desk, queue: Queue, person: Person) -> None:
    """Let somebody answer for a queue; once is enough."""
    person.known = True
    if desk.session.get(Responder, (queue.id, person.id)) is None:
        desk.session.add(Responder(queue_id=queue.id, person_id=person.id))
        desk.session.flush()


def remove_responder(desk: Desk, queue: Queue, person: Person) -> bool:
    """Whether somebody answered for the queue; from now on they do not."""
    row = desk.session.get(Responder, (queue.id, person.id))
    if row is not None:
        desk.session.delete(row)
    return row is not None


def answers_anywhere(desk: Desk, person: Person) -> bool:
    """Whether somebody answers for any queue, or administers the tracker."""
    answers = select(Responder.queue_id).where(Responder.person_id == person.id).limit(1)
    return person.administrator or desk.session.scalar(answers) is not None


def responders(desk: Desk) -> list[tuple[Queue, Person]]:
    """Everybody who answers, by queue."""
    rows = (
        select(Queue, Person)
        .join(Responder, Responder.queue_id == Queue.id)
        .join(Person, Person.id == Responder.person_id)
        .order_by(Queue.id, Person.id)
    )
    return [(queue, person) for queue, person in desk.session.execute(rows)]


def _key(name: str) -> str:
    return name.strip().casefold()
