"""This file holds people and their addresses."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Table, bindparam, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.model.addresses import Mailbox, address_key, is_usable
from app.model.base import Base
from app.model.desk import Desk
from app.model.text import one_line

FORGOTTEN_NAME = "Somebody who was forgotten"
# Nobody reads there (RFC 6761 section 6.4), and no row of addresses leads there.
_FORGOTTEN = "@forgotten.invalid"
_NOBODY = f"nobody{_FORGOTTEN}"


class NoSuchPerson(LookupError):
    """No person has this address."""


class BadAddress(ValueError):
    """What was given is not an address that mail could be sent to."""


class Person(Base):
    """Somebody who writes or answers.

    `email` is the address they last wrote from, where their letters go. `known`: added by command, opened a ticket,
    or was let in; everybody else who wrote is a stranger, and has a row only so that their words have a sender.
    `refused` is when a mail server first said that `email` takes no mail, since mail last came from there;
    `undeliverable` is since when no more letters are written.
    """

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    known: Mapped[bool]
    administrator: Mapped[bool]
    created: Mapped[datetime]
    acknowledged: Mapped[datetime | None]
    refused: Mapped[datetime | None]
    undeliverable: Mapped[datetime | None]

    @property
    def label(self) -> str:
        """The name people read: the display name, else the local part of the address."""
        return self.name or self.email.rpartition("@")[0]

    @property
    def forgotten(self) -> bool:
        """Whether this stands for somebody who was forgotten."""
        return self.email.endswith(_FORGOTTEN)


class Address(Base):
    """One of a person's addresses; `key` is the form in which addresses are compared."""

    __tablename__ = "address"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    email: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)


_BY_KEY = select(Person).join(Address, Address.person_id == Person.id).where(Address.key == bindparam("key"))


def find_person(desk: Desk, email: str) -> Person | None:
    """The person who has this address, or None. Asked again for the same mail, the database is not."""
    key = address_key(email)
    found: dict[str, Person] = desk.session.info.setdefault("people", {})
    if key not in found and (person := desk.session.scalars(_BY_KEY, {"key": key}).one_or_none()):
        found[key] = person
    return found.get(key)


def get_person(desk: Desk, email: str) -> Person:
    """The person who has this address; NoSuchPerson names it."""
    person = find_person(desk, email.strip())
    if person is None:
        raise NoSuchPerson(f"No person has the address {email!r}; `tickets person add` makes one known.")
    return person


def meet(desk: Desk, mailbox: Mailbox, *, known: bool) -> Person:
    """The person behind a mailbox, made if new. `known` makes a stranger known; nobody becomes less known by it."""
    if not is_usable(mailbox.email):
        raise BadAddress(f"{mailbox.email!r} is not an e-mail address; it would look like ann@example.org.")
    person = find_person(desk, mailbox.email) or _make(desk, mailbox)
    if known and not person.known:
        person.known = True
    if mailbox.name and not person.name:
        person.name = one_line(mailbox.name, 200)
    return person


def add_person(desk: Desk, mailbox: Mailbox, *, administrator: bool = False) -> Person:
    """Make somebody known by command; a name given now replaces the one there was."""
    person = meet(desk, mailbox._replace(email=mailbox.email.strip()), known=True)
    person.name = one_line(mailbox.name, 200) or person.name
    person.administrator = person.administrator or administrator
    heard_from(person)
    return person


def alias(desk: Desk, email: str, other: str) -> None:
    """Make `other` one more address of the person who has `email`; whoever had it until now becomes that person."""
    person = get_person(desk, email)
    if not is_usable(other.strip()):
        raise BadAddress(f"{other!r} is not an e-mail address; it would look like ann@example.org.")
    owner = find_person(desk, other.strip())
    if owner is None:
        _check_not_ours(desk, other.strip())
        add_address(desk, person, other.strip())
    elif owner.id != person.id:
        _become_one(desk, person, owner)


def _become_one(desk: Desk, person: Person, other: Person) -> None:
    """Give everything of `other` to `person`: they were one all along, and wrote from two addresses."""
    person.known = person.known or other.known
    person.administrator = person.administrator or other.administrator
    person.name = person.name or other.name
    desk.session.flush()
    hand_over(desk, other, person)


def hand_over(desk: Desk, other: Person, person: Person) -> None:
    """Let `person` stand wherever `other` does, in every table; then `other` is gone."""
    ids = {"person": person.id, "other": other.id}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table.name == Person.__tablename__ for key in column.foreign_keys):
                _hand_over(desk, table, column, ids)
    desk.session.info.pop("people", None)
    desk.session.delete(other)
    desk.session.flush()
    desk.session.expire_all()


def _hand_over(desk: Desk, table: Table, column: Column[Any], ids: dict[str, int]) -> None:
    """Let a column name one person where it named the other; where both stand already, once is enough."""
    if column.primary_key:
        others = [one for one in table.primary_key.columns if one is not column]
        both = select(*others).where(column == ids["person"])
        match = others[0].in_(both)
        desk.connection.execute(delete(table).where(column == ids["other"], match))
    desk.connection.execute(update(table).where(column == ids["other"]).values({column.name: ids["person"]}))


def _check_not_ours(desk: Desk, email: str) -> None:
    from app.model.places import find_place

    if find_place(desk, email) is not None:
        raise BadAddress(f"{email!r} is an address of the tracker itself.")


def _make(desk: Desk, mailbox: Mailbox) -> Person:
    _check_not_ours(desk, mailbox.email)
    person = Person(
        name=one_line(mailbox.name, 200),
        email=mailbox.email,
        known=False,
        administrator=False,
        created=desk.now,
    )
    desk.session.add(person)
    desk.session.flush()
    add_address(desk, person, mailbox.email)
    return person


def add_address(desk: Desk, person: Person, email: str) -> None:
    """Give a person one more address."""
    desk.session.add(Address(person_id=person.id, email=email, key=address_key(email)))
    desk.session.flush()


def wrote_from(person: Person, email: str) -> None:
    """Letters go to the address that a person last wrote from."""
    if person.email != email:
        person.email = email
        heard_from(person)


def heard_from(person: Person) -> None:
    """Forget that an address was refused: its person wrote from there, or an administrator wants it tried again."""
    if person.refused or person.undeliverable:
        person.refused = person.undeliverable = None


def administrators(desk: Desk) -> list[Person]:
    """Everybody who administers the tracker, oldest first."""
    return list(desk.session.scalars(select(Person).where(Person.administrator).order_by(Person.id)))


def everybody(desk: Desk) -> list[tuple[Person, list[str]]]:
    """Every person with all their addresses, by address; not those who were forgotten, who have none."""
    addresses: dict[int, list[str]] = {}
    for person_id, email in desk.session.execute(select(Address.person_id, Address.email).order_by(Address.id)):
        addresses.setdefault(person_id, []).append(email)
    people = desk.session.scalars(select(Person).order_by(func.lower(Person.email)))
    return [(person, addresses.get(person.id, [])) for person in people if not person.forgotten]


def nobody(desk: Desk) -> Person:
    """Whose ticket one is that was forgotten: the same nobody for all of them."""
    found = desk.session.scalars(select(Person).where(Person.email == _NOBODY)).first()
    return found or _anonymous(desk, "Nobody", _NOBODY)


def somebody(desk: Desk) -> Person:
    """A new person who stands where somebody was forgotten: without a name, an address, or letters."""
    person = _anonymous(desk, FORGOTTEN_NAME, _NOBODY)
    person.email = f"person{person.id}{_FORGOTTEN}"
    desk.session.flush()
    return person


def _anonymous(desk: Desk, name: str, email: str) -> Person:
    gone = {"known": False, "administrator": False, "created": desk.now, "undeliverable": desk.now}
    person = Person(name=name, email=email, **gone)
    desk.session.add(person)
    desk.session.flush()
    return person
