"""Queues, the addresses that they answer, and who answers for them."""

from datetime import datetime
from difflib import get_close_matches
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, ScalarSelect, bindparam, false, select, true, union
from sqlalchemy.orm import InstrumentedAttribute, Mapped, MappedColumn, mapped_column, relationship

from ..lifecycle.registry import LIFECYCLES
from ..lifecycle.tables import Lifecycle
from ..storage.base import Base
from ..storage.mapped_rows import columns_of, load, loaded
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from ..wording import LANGUAGES, ExplainedError
from .people import Person

EVERYONE, TEAM = "everyone", "team"
DEFAULT_LIFECYCLE = "correspondence"


class NoSuchQueue(ExplainedError, LookupError):
    """No queue has this name."""


class BadQueue(ExplainedError, ValueError):
    """A queue cannot be made or changed as asked."""


def _switch(*values: bool | str) -> MappedColumn[Any]:
    """A column that `queue set` changes to one of these values; the first is what a new queue has."""
    first = values[0]
    default = first if isinstance(first, str) else true() if first else false()
    return mapped_column(default=first, server_default=default, info={"values": values})


class Queue(Base):
    """A queue of tickets with addresses of its own; `name_key` makes names unique whatever their case.

    Its switches: a new ticket is acknowledged to its requestor; its requestor is told when it is resolved; whom a
    responder's mail, or anybody else's, names in To and Cc becomes a participant; its team gets a list of what waits,
    `digest`, which was last seen to at `digested`; `readers` are those whom the lifecycle lets read, or the team alone.
    Its letters are written in its `language`.
    """

    __tablename__ = "queue"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(unique=True)
    lifecycle_name: Mapped[str]
    # What a new queue does by itself: nothing that could seem impersonal, or answer what should not be answered.
    acknowledge: Mapped[bool] = _switch(False, True)
    announce_resolved: Mapped[bool] = _switch(False, True)
    cc_from_responders: Mapped[bool] = _switch(True, False)
    cc_from_others: Mapped[bool] = _switch(False, True)
    digest: Mapped[str] = _switch("off", "daily")
    digested: Mapped[datetime | None]
    readers: Mapped[str] = _switch(EVERYONE, TEAM)
    language: Mapped[str] = _switch(*LANGUAGES)

    addresses: Mapped[list["QueueAddress"]] = relationship(order_by="QueueAddress.id")

    def is_answered_by(self, uow: UnitOfWork, person: Person) -> bool:
        """Whether somebody answers for this queue."""
        uow.session.flush()
        return _ANSWERS.row(uow.connection, {"queue": self.id, "person": person.id}) is not None

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


class QueueReader(Base):
    """Somebody who sees all of a queue and may comment in private, but answers nothing and gets no letters."""

    __tablename__ = "queue_reader"

    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)


_ANSWERS = Prepared(
    select(Responder.queue_id).where(
        Responder.queue_id == bindparam("queue"), Responder.person_id == bindparam("person")
    )
)
_SEEN_BY = Prepared(
    union(*(select(table.queue_id).where(table.person_id == bindparam("person")) for table in (Responder, QueueReader)))
)
_EVERY = Prepared(select(*columns_of(Queue)).order_by(Queue.id))
_BY_ID = Prepared(select(*columns_of(Queue)).where(Queue.id == bindparam("queue")))


def get_queue(uow: UnitOfWork, queue_id: int) -> Queue:
    """The queue of an id that some row names; NoResultFound if there is none."""
    if loaded(uow.session, Queue, queue_id) is None and (row := _BY_ID.row(uow.connection, {"queue": queue_id})):
        return load(uow.session, Queue, row)
    return uow.session.get_one(Queue, queue_id)


def first_address(queue_id: ColumnElement[int] | InstrumentedAttribute[int]) -> ScalarSelect[str]:
    """Return the subquery for the address that a queue has had for the longest time."""
    addresses = select(QueueAddress.address).where(QueueAddress.queue_id == queue_id)
    return addresses.order_by(QueueAddress.id).limit(1).scalar_subquery()


def main_address(uow: UnitOfWork, queue: Queue) -> str | None:
    """Return that address as people write it; None for a queue without one. Asked once a unit of work."""
    addresses = _main_addresses(uow)
    if queue.id not in addresses:
        uow.session.flush()
        addresses[queue.id] = uow.session.scalar(select(first_address(Queue.id)).where(Queue.id == queue.id))
    address = addresses[queue.id]
    return None if address is None else whole_address(uow, address)


def remember_main_address(uow: UnitOfWork, queue_id: int, address: str | None) -> None:
    """Remember the address of a queue that was read with another statement."""
    _main_addresses(uow)[queue_id] = address


def forget_addresses(uow: UnitOfWork) -> None:
    """Let addresses be looked up again: a queue got one, or lost one."""
    for name in ("queues", "main addresses"):
        uow.session.info.pop(name, None)


def _main_addresses(uow: UnitOfWork) -> dict[int, str | None]:
    addresses: dict[int, str | None] = uow.session.info.setdefault("main addresses", {})
    return addresses


def find_queue(uow: UnitOfWork, name: str) -> Queue:
    """The queue of that name, in any case; NoSuchQueue names what there is."""
    queue = uow.session.scalars(select(Queue).where(Queue.name_key == queue_key(name))).one_or_none()
    if queue is None:
        names = [queue.name for queue in every_queue(uow)]
        if near := get_close_matches(name, names, 1):
            raise NoSuchQueue("no_queue_near", name=name, near=near[0])
        raise NoSuchQueue("no_queue", name=name, names=names)
    return queue


def every_queue(uow: UnitOfWork) -> list[Queue]:
    """All queues, in the order in which they were made."""
    uow.session.flush()
    return [load(uow.session, Queue, row) for row in _EVERY.rows(uow.connection, {})]


def names_of_queues(uow: UnitOfWork) -> set[str]:
    """Every name that any queue has or had, in lower case."""
    return set(uow.session.scalars(select(QueueName.key)))


def whole_address(uow: UnitOfWork, address: str) -> str:
    """A queue's address as people write it."""
    return address if "@" in address else f"{address}@{uow.domain}"


def answers_anywhere(uow: UnitOfWork, person: Person) -> bool:
    """Whether somebody answers for any queue, or administers the tracker."""
    answers = select(Responder.queue_id).where(Responder.person_id == person.id).limit(1)
    return person.administrator or uow.session.scalar(answers) is not None


def queues_seen_by(uow: UnitOfWork, person: Person) -> list[int]:
    """Return the ids of the queues of which somebody sees everything: they answer for them, or read them."""
    uow.session.flush()
    return sorted(queue_id for (queue_id,) in _SEEN_BY.rows(uow.connection, {"person": person.id}))


class TeamMember(NamedTuple):
    """Somebody who answers for a queue, or only reads it."""

    queue: Queue
    person: Person
    reader: bool


def team_members(uow: UnitOfWork) -> list[TeamMember]:
    """Return the people of every queue's team; within a queue those who only read it come last."""
    answering = [TeamMember(queue, person, reader=False) for queue, person in responders(uow)]
    reading = [TeamMember(queue, person, reader=True) for queue, person in _by_queue(uow, QueueReader)]
    return sorted([*answering, *reading], key=lambda member: (member.queue.id, member.reader))


def responders(uow: UnitOfWork) -> list[tuple[Queue, Person]]:
    """Everybody who answers, by queue."""
    return _by_queue(uow, Responder)


def _by_queue(uow: UnitOfWork, table: type[Responder | QueueReader]) -> list[tuple[Queue, Person]]:
    rows = select(Queue, Person).join(table, table.queue_id == Queue.id).join(Person, Person.id == table.person_id)
    return [(queue, person) for queue, person in uow.session.execute(rows.order_by(Queue.id, Person.id))]


def unreached(uow: UnitOfWork) -> list[Person]:
    """Everybody who answers or administers, and gets no letters since their address was refused; oldest first."""
    answers = Person.administrator | Person.id.in_(select(Responder.person_id))
    refused = select(Person).where(answers, Person.undeliverable.is_not(None))
    return list(uow.session.scalars(refused.order_by(Person.id)))


def without_readers(uow: UnitOfWork) -> list[Queue]:
    """Return the queues that have a team, none of whom any letter reaches."""
    reached: dict[int, bool] = {}
    queues: dict[int, Queue] = {}
    for queue, person in responders(uow):
        queues[queue.id] = queue
        reached[queue.id] = reached.get(queue.id, False) or person.undeliverable is None
    return [queue for number, queue in queues.items() if not reached[number]]


def queue_key(name: str) -> str:
    return name.strip().casefold()
