"""This file holds queues, the addresses that they answer, and who answers for them."""

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.model.addresses import address_key, is_usable
from app.model.base import Base
from app.model.desk import Desk
from app.model.lifecycle import Lifecycle, listed
from app.model.lifecycles import LIFECYCLES
from app.model.people import Person, find_person
from app.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable


DEFAULT_LIFECYCLE = "support"


class NoSuchQueue(LookupError):
    """No queue has this name."""


class BadQueue(ValueError):
    """A queue cannot be made or changed as asked."""


class Queue(Base):
    """A pile of tickets with addresses of its own; `name_key` makes names unique whatever their case."""

    __tablename__ = "queue"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(unique=True)
    lifecycle_name: Mapped[str]

    addresses: Mapped[list["QueueAddress"]] = relationship(order_by="QueueAddress.id")

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
    queue = Queue(name=name, name_key=_key(name), lifecycle_name=lifecycle)
    desk.session.add(queue)
    desk.session.flush()
    for address in addresses:
        add_queue_address(desk, queue, address)
    return queue


def set_queue(desk: Desk, queue: Queue, key: str, value: str) -> None:
    """Change one thing of a queue; BadQueue says what can be changed."""
    if key == "lifecycle":
        _check_lifecycle(value)
        queue.lifecycle_name = value
    elif key == "name":
        queue.name, queue.name_key = _checked_name(desk, value), _key(value)
    elif key == "address":
        add_queue_address(desk, queue, value)
    else:
        raise BadQueue(f"A queue has no {key!r}; it has lifecycle, name and address.")
    desk.session.flush()


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
    from app.model.places import is_reserved

    local = _queue_address(desk, address)
    if is_reserved(local):
        raise BadQueue(f"{address!r} cannot be a queue's address: the tracker itself answers it.")
    taken = desk.session.scalars(select(Queue).join(QueueAddress).where(QueueAddress.address == local)).first()
    if taken is not None:
        raise BadQueue(f"{address!r} is an address of the queue {taken.name!r} already.")
    if "@" in local and (person := find_person(desk, local)) is not None:
        raise BadQueue(f"{address!r} is an address of {person.label} already.")
    queue.addresses.append(QueueAddress(address=local))
    desk.session.flush()


def _queue_address(desk: Desk, address: str) -> str:
    """The form in which a queue's address is kept: lower-case, our own domain left out."""
    whole = address if "@" in address else f"{address}@{desk.domain}"
    local, _, domain = address_key(whole.strip()).rpartition("@")
    if not is_usable(whole.strip()) or not local.isascii():
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
