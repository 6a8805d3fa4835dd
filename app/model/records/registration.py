"""People and addresses as they become known: registered, named, joined."""

from typing import Any

from sqlalchemy import Column, Table, delete, select, update

from ...mail.addresses import Mailbox, address_key, is_usable
from ...mail.text import one_line
from ..storage.base import Base, is_credential
from ..storage.unit_of_work import Desk
from .people import Address, BadAddress, Person, find_person, get_person


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
    """Let `person` stand wherever `other` does, in every table; then `other` is gone.

    Not in a table of credentials or sessions (`CREDENTIAL`): what let `other` in lets nobody in from now on.
    """
    ids = {"person": person.id, "other": other.id}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table.name == Person.__tablename__ for key in column.foreign_keys):
                if is_credential(table):
                    desk.connection.execute(delete(table).where(column == other.id))
                else:
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
    from .addressing import find_place

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
