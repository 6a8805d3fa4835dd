"""The subjects of a letter: the people and tickets that it shows, stored with it so that erasing finds it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, delete, insert, select

from ...mail.addresses import address_key
from ..records.letters import LETTER_COLUMNS, Letter, LetterSubject
from ..records.people import Address
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember

_LETTER, _SUBJECT, _ADDRESS = (cast("Table", record.__table__) for record in (Letter, LetterSubject, Address))
_ADD_LETTER = Prepared(insert(_LETTER), LETTER_COLUMNS)
# A letter is found by its Message-ID: so the insert of letters need not give their ids back.
_ID = select(_LETTER.c.id).where(_LETTER.c.message_id == bindparam("letter")).scalar_subquery()
_ADD_BY_ID = insert(_SUBJECT).values(letter_id=_ID, person_id=bindparam("person"), ticket_id=bindparam("ticket"))
_ADD_BY_ADDRESS = insert(_SUBJECT).from_select(
    ["letter_id", "person_id"], select(_ID, _ADDRESS.c.person_id).where(_ADDRESS.c.key == bindparam("address"))
)
# RFC 5321 4.5.3.1: a local part of 64 octets. A bound keeps the search linear.
_LIKE_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@]{1,64}@[^\s<>()\[\],;:\"'@]{1,255}")
_OF_TICKET = re.compile(r"ticket[0-9]+(?:-comment)?@")


class Subjects(NamedTuple):
    """The people and the tickets that a letter shows; `addresses` are keys of people whose ids nobody has looked up."""

    people: frozenset[int] = frozenset()
    tickets: frozenset[int] = frozenset()
    addresses: frozenset[str] = frozenset()

    def and_also(self, other: "Subjects") -> "Subjects":
        """Return both together."""
        return Subjects(self.people | other.people, self.tickets | other.tickets, self.addresses | other.addresses)


NOTHING_MORE = Subjects()


def named_in(texts: Iterable[str], members: Sequence[TicketMember] = (), below: Iterable[str] = ()) -> Subjects:
    """Return whom these texts name: `members` by name or address, anybody else by address.

    `below` is a footer, in which addresses are ours. A name that is any other word may be taken for a person's: a
    letter too many is found by it, never one too few.
    """
    text = "\n".join(texts)
    addresses = {
        address_key(address.rstrip(".")) for address in _LIKE_ADDRESS.findall(text) if not _OF_TICKET.match(address)
    }
    called = "\n".join([text, *below])
    known = {address_key(member.email): member.person_id for member in members}
    people = {
        member.person_id
        for member in members
        if any(name in called for name in (member.label, member.email.rpartition("@")[0]) if name)
    }
    people |= {known[key] for key in addresses & known.keys()}
    return Subjects(frozenset(people), frozenset(), frozenset(addresses - known.keys()))


def add_letters(uow: UnitOfWork, letters: Sequence[Mapping[str, Any]]) -> None:
    """Insert letters with their subjects: rows of the outbox, each with its Subjects as `shows`."""
    if letters:
        _ADD_LETTER.run_many(uow.connection, letters)
        _add_subjects(uow, letters)


def replace_subjects(uow: UnitOfWork, letter_id: int, letter: Mapping[str, Any]) -> None:
    """Store the subjects of a letter that was written anew; `letter` has its `message_id`."""
    uow.connection.execute(delete(_SUBJECT).where(_SUBJECT.c.letter_id == letter_id))
    _add_subjects(uow, [letter])


def _add_subjects(uow: UnitOfWork, letters: Sequence[Mapping[str, Any]]) -> None:
    by_id: list[dict[str, Any]] = []
    by_address: list[dict[str, Any]] = []
    for letter in letters:
        shows: Subjects = letter["shows"]
        of = {"letter": letter["message_id"], "person": None, "ticket": None}
        by_id += [{**of, "person": key} for key in sorted(shows.people - {letter["person_id"]})]
        by_id += [{**of, "ticket": key} for key in sorted(shows.tickets - {letter["ticket_id"]})]
        by_address += [{"letter": letter["message_id"], "address": address} for address in sorted(shows.addresses)]
    if by_id:
        uow.connection.execute(_ADD_BY_ID, by_id)
    if by_address:
        uow.connection.execute(_ADD_BY_ADDRESS, by_address)
