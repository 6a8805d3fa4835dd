"""People and their addresses."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ForeignKey, Index, bindparam, false, func, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from ...mail.addresses import address_key
from ..storage.base import Base
from ..storage.mapped_rows import columns_of, filled_columns, load, load_values
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork
from ..wording import ExplainedError

FORGOTTEN_NAME = "Somebody who was forgotten"
# Nobody reads there (RFC 6761 section 6.4), and no row of addresses leads there.
_FORGOTTEN = "@forgotten.invalid"
_NOBODY = f"nobody{_FORGOTTEN}"
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@＠]+[@＠][^\s<>()\[\],;:\"'@＠]+")

_LOOKALIKES = str.maketrans("авеԁһіјкмнорԛсѕтуԝхӏαβεζηικνορτυχıɑɡ", "abedhijkmhopqcstywxlabezhiknoptyxiag")


class NoSuchPerson(ExplainedError, LookupError):
    """No person has this address."""


class BadAddress(ExplainedError, ValueError):
    """What was given is not an address that mail could be sent to."""


class Person(Base):
    """Somebody who writes or answers.

    `email` is the address they last wrote from, where their letters go. `known`: added by command, opened a ticket,
    or was let in; everybody else who wrote is a stranger, and has a row only so that their words have a sender.
    `refused` is when a mail server first said that `email` takes no mail, since mail last came from there;
    `undeliverable` is since when no more letters are written. `no_access`: they may not log in to the web pages.
    """

    __tablename__ = "person"
    # Partial on PostgreSQL too, by the migration: to say so here would load its dialect for every command.
    __table_args__ = (Index("ix_person_administrator", "administrator", sqlite_where=text("administrator = 1")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    known: Mapped[bool]
    administrator: Mapped[bool]
    created: Mapped[datetime]
    acknowledged: Mapped[datetime | None]
    refused: Mapped[datetime | None]
    undeliverable: Mapped[datetime | None]
    no_access: Mapped[bool] = mapped_column(default=False, server_default=false())

    @property
    def label(self) -> str:
        """The name people read."""
        return label_of(self.name, self.email)

    @property
    def forgotten(self) -> bool:
        """Whether this stands for somebody who was forgotten."""
        return self.email.endswith(_FORGOTTEN)


def label_of(name: str, email: str) -> str:
    """The name people read: the display name, else the local part of the address; no name shows an address."""
    return name if name and not _ADDRESS.search(name) else email.rpartition("@")[0]


def addresses_in_name(name: str) -> set[str]:
    """Return the addresses that a name holds, as keys."""
    return {address_key(address.replace("＠", "@").rstrip(".")) for address in _ADDRESS.findall(name)}


@lru_cache(maxsize=1_000)
def name_key(name: str) -> str:
    """Return the form in which names are compared: words in any order, without case, accents, and what nobody sees.

    Cyrillic and Greek letters count as the Latin ones that they look like.
    """
    signs = unicodedata.normalize("NFKD", name).casefold().translate(_LOOKALIKES)
    return " ".join(sorted("".join(sign if sign.isalnum() else " " if _parts(sign) else "" for sign in signs).split()))


def _parts(sign: str) -> bool:
    """Whether words end at a sign: not at accents, nor at what nobody sees."""
    return unicodedata.category(sign) not in ("Mn", "Cf", "Cc")


class Address(Base):
    """One of a person's addresses; `key` is the form in which addresses are compared."""

    __tablename__ = "address"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    email: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)


BY_KEY = (
    select(*columns_of(Person)).join(Address, Address.person_id == Person.id).where(Address.key == bindparam("key"))
)
"""The row of the person who has an address."""
_BY_KEY = Prepared(BY_KEY)


_ADD_PERSON, _ADD_ADDRESS = (
    Prepared(insert(table).returning(table.id), filled_columns(table)) for table in (Person, Address)
)


def find_person(uow: UnitOfWork, email: str) -> Person | None:
    """The person who has this address, or None. Asked again for the same mail, the database is not."""
    key, people = address_key(email), _known_here(uow)
    if key not in people:
        uow.session.flush()
        row = _BY_KEY.row(uow.connection, {"key": key})
        people[key] = load(uow.session, Person, row) if row else None
    return people[key]


def remember_person(uow: UnitOfWork, key: str, row: Sequence[Any]) -> None:
    """Remember who has an address, whose row of BY_KEY was read with another statement; it is nulls for nobody."""
    _known_here(uow).setdefault(key, None if row[0] is None else load(uow.session, Person, row))


def _known_here(uow: UnitOfWork) -> dict[str, Person | None]:
    """Who was found by an address, or not, in this unit of work."""
    here: dict[str, Person | None] = uow.session.info.setdefault("people", {})
    return here


def insert_person(uow: UnitOfWork, name: str, email: str, *, known: bool) -> Person:
    """Insert somebody with one address."""
    values = {
        "name": name,
        "email": email,
        "known": known,
        "administrator": False,
        "created": uow.now,
        "no_access": False,
    }
    values |= dict.fromkeys(("acknowledged", "refused", "undeliverable"))
    [(person_id,)] = _ADD_PERSON.rows(uow.connection, values)
    person = load_values(uow.session, Person, {"id": person_id, **values})
    insert_address(uow, person, email)
    return person


def insert_address(uow: UnitOfWork, person: Person, email: str) -> None:
    """Give a person one more address."""
    key = address_key(email)
    _ADD_ADDRESS.rows(uow.connection, {"person_id": person.id, "email": email, "key": key})
    _known_here(uow)[key] = person


def get_person(uow: UnitOfWork, email: str) -> Person:
    """The person who has this address; NoSuchPerson names it."""
    person = find_person(uow, email.strip())
    if person is None:
        raise NoSuchPerson("no_person_at", email=email)
    return person


def administrators(uow: UnitOfWork) -> list[Person]:
    """Everybody who administers the tracker, oldest first."""
    return list(uow.session.scalars(select(Person).where(Person.administrator).order_by(Person.id)))


def all_people(uow: UnitOfWork) -> list[tuple[Person, list[str]]]:
    """Every person with all their addresses, by address; not those who were forgotten, who have none."""
    addresses: dict[int, list[str]] = {}
    for person_id, email in uow.session.execute(select(Address.person_id, Address.email).order_by(Address.id)):
        addresses.setdefault(person_id, []).append(email)
    people = uow.session.scalars(select(Person).order_by(func.lower(Person.email)))
    return [(person, addresses.get(person.id, [])) for person in people if not person.forgotten]


def addresses_of(uow: UnitOfWork, person: Person) -> list[str]:
    """Every address of a person, oldest first."""
    return list(uow.session.scalars(select(Address.email).where(Address.person_id == person.id).order_by(Address.id)))


def get_or_create_shared_placeholder(uow: UnitOfWork) -> Person:
    """Whose ticket one is that was forgotten: the same nobody for all of them."""
    person = uow.session.scalars(select(Person).where(Person.email == _NOBODY)).first()
    return person or _add_anonymous(uow, "Nobody", _NOBODY)


def add_placeholder(uow: UnitOfWork) -> Person:
    """A new person who stands where somebody was forgotten: without a name, an address, or letters."""
    person = _add_anonymous(uow, FORGOTTEN_NAME, _NOBODY)
    person.email = f"person{person.id}{_FORGOTTEN}"
    uow.session.flush()
    return person


def _add_anonymous(uow: UnitOfWork, name: str, email: str) -> Person:
    columns = {"known": False, "administrator": False, "created": uow.now, "undeliverable": uow.now}
    person = Person(name=name, email=email, **columns)
    uow.session.add(person)
    uow.session.flush()
    return person
