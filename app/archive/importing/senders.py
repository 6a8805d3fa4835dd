"""Who wrote the mails of an archive: people looked up, and made where they are new, many at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update

from ...mail.addresses import Mailbox, address_key
from ...mail.text import one_line
from ...model.records.people import Address, Person
from ...model.records.queues import Responder
from ...model.records.tickets import Ticket
from ...model.storage.unit_of_work import UnitOfWork
from ...model.tickets.members import TicketMember
from .staging_area import add_rows, reserve

_PERSON, _ADDRESS = cast("Table", Person.__table__), cast("Table", Address.__table__)
_MAKE_KNOWN = update(_PERSON).where(_PERSON.c.id == bindparam("of")).values(known=True)
_MOST = 20_000

UNKNOWN = Mailbox("Unknown sender", "unknown@sender.invalid")
"""Whose ticket it is if no mail of a thread says who wrote it; nobody can write from there (RFC 2606)."""


@dataclass
class ThreadWriter:
    """A person, as far as their part in a thread depends on it.

    `responder`: answers for the queue. `answered`: did so at the time, as whoever imports says.
    """

    id: int
    responder: bool
    answered: bool
    administrator: bool
    known: bool

    def member(self, ticket: Ticket) -> TicketMember:
        """What they were on a ticket: everybody who wrote in a thread took part in it."""
        return TicketMember(
            self.id,
            "",
            "",
            requestor=self.id == ticket.requestor_id,
            participant=True,
            answers=self.responder or self.answered,
            administrator=self.administrator,
            known=self.known,
        )


# What comes from an address of the tracker itself was written for those who answer.
OURSELVES = TicketMember(0, "", "", answers=True)
SOMEBODY = TicketMember(0, "", "", participant=True)


class ThreadWriters:
    """The people of one import; `answering` are the keys of addresses whose owners count as responders."""

    def __init__(self, queue_id: int, answering: Iterable[str], is_ours: Callable[[str], bool]) -> None:
        self._queue_id = queue_id
        self._answering = set(answering)
        self.is_ours = is_ours
        self._found: dict[str, ThreadWriter] = {}

    def forget(self) -> None:
        """Look everybody up anew: a unit of work did not hold."""
        self._found.clear()

    def meet(self, uow: UnitOfWork, mailboxes: Iterable[Mailbox]) -> None:
        """Find these people, and make those who are new; nobody becomes known by it."""
        if len(self._found) > _MOST:
            self.forget()
        named: dict[str, Mailbox] = {}
        for mailbox in mailboxes:
            key = address_key(mailbox.email)
            if key not in self._found and not self.is_ours(mailbox.email) and not (key in named and named[key].name):
                named[key] = mailbox
        if not named:
            return
        self._look_up(uow, named)
        self._make(uow, {key: mailbox for key, mailbox in named.items() if key not in self._found})

    def of(self, mailbox: Mailbox) -> ThreadWriter | None:
        """Somebody who was met; None for an address of the tracker itself."""
        return self._found.get(address_key(mailbox.email))

    def by_id(self, uow: UnitOfWork, ids: Iterable[int]) -> dict[int, ThreadWriter]:
        """People who are there, by their ids."""
        query = select(Person.id, Address.key).join(Address, Address.person_id == Person.id).where(Person.id.in_(ids))
        keys = [(id_, key) for id_, key in uow.connection.execute(query)]
        self._look_up(uow, {key: UNKNOWN for _, key in keys if key not in self._found})
        return {id_: self._found[key] for id_, key in keys}

    def make_known(self, uow: UnitOfWork, people: Iterable[ThreadWriter]) -> None:
        """Make people known: those whose tickets these are."""
        strangers = {person.id: person for person in people if not person.known}
        if strangers:
            uow.connection.execute(_MAKE_KNOWN, [{"of": id_} for id_ in strangers])
        for stranger in strangers.values():
            stranger.known = True

    def _look_up(self, uow: UnitOfWork, named: dict[str, Mailbox]) -> None:
        joined = select(Address.key, Person.id, Responder.queue_id, Person.administrator, Person.known)
        joined = joined.join(Person, Person.id == Address.person_id).outerjoin(
            Responder, (Responder.person_id == Person.id) & (Responder.queue_id == self._queue_id)
        )
        for key, id_, answers, administrator, known in uow.connection.execute(joined.where(Address.key.in_(named))):
            self._found[key] = ThreadWriter(id_, answers is not None, key in self._answering, administrator, known)

    def _make(self, uow: UnitOfWork, named: dict[str, Mailbox]) -> None:
        ids = reserve(uow.connection, _PERSON, len(named))
        places = reserve(uow.connection, _ADDRESS, len(named))
        people: list[dict[str, Any]] = []
        addresses: list[dict[str, Any]] = []
        for id_, place, (key, mailbox) in zip(ids, places, named.items(), strict=True):
            people.append(
                {
                    "id": id_,
                    "name": one_line(mailbox.name, 200),
                    "email": mailbox.email,
                    "known": False,
                    "administrator": False,
                    "created": uow.now,
                    "acknowledged": None,
                }
            )
            addresses.append({"id": place, "person_id": id_, "email": mailbox.email, "key": key})
            self._found[key] = ThreadWriter(
                id_, responder=False, answered=key in self._answering, administrator=False, known=False
            )
        add_rows(uow.connection, _PERSON, people)
        add_rows(uow.connection, _ADDRESS, addresses)
