"""People and addresses as they become known: registered, named, joined."""

from typing import Any

from sqlalchemy import Column, Table, delete, select, update

from ...mail.addresses import Mailbox, is_usable
from ...mail.text import one_line
from ..storage.base import Base, is_credential
from ..storage.unit_of_work import UnitOfWork
from .people import BadAddress, Person, find_person, get_person, insert_address, insert_person


def get_or_create_person(uow: UnitOfWork, mailbox: Mailbox, *, known: bool) -> Person:
    """The person behind a mailbox, made if new. `known` makes a stranger known; nobody becomes less known by it."""
    if not is_usable(mailbox.email):
        raise BadAddress("no_address", given=mailbox.email)
    person = find_person(uow, mailbox.email) or _make(uow, mailbox, known=known)
    if known and not person.known:
        person.known = True
    if mailbox.name and not person.name:
        person.name = one_line(mailbox.name, 200)
    return person


def add_person(uow: UnitOfWork, mailbox: Mailbox, *, administrator: bool = False) -> Person:
    """Make somebody known by command; a name given now replaces the one there was."""
    person = get_or_create_person(uow, mailbox._replace(email=mailbox.email.strip()), known=True)
    person.name = one_line(mailbox.name, 200) or person.name
    person.administrator = person.administrator or administrator
    mark_reachable(person)
    return person


def add_alias(uow: UnitOfWork, email: str, alias: str) -> None:
    """Make `alias` one more address of the person who has `email`; whoever had it until now becomes that person."""
    person = get_person(uow, email)
    if not is_usable(alias.strip()):
        raise BadAddress("no_address", given=alias)
    owner = find_person(uow, alias.strip())
    if owner is None:
        _check_not_ours(uow, alias.strip())
        uow.session.flush()
        insert_address(uow, person, alias.strip())
    elif owner.id != person.id:
        _become_one(uow, person, owner)


def _become_one(uow: UnitOfWork, person: Person, former: Person) -> None:
    """Give everything of `former` to `person`: they were one all along, and wrote from two addresses."""
    person.known = person.known or former.known
    person.administrator = person.administrator or former.administrator
    person.name = person.name or former.name
    person.no_access = person.no_access or former.no_access
    uow.session.flush()
    reassign_references(uow, former, person)


def reassign_references(uow: UnitOfWork, former: Person, person: Person) -> None:
    """Let `person` stand wherever `former` does, in every table; then `former` is gone.

    Not in a table of credentials or sessions (`CREDENTIAL`): what let either of them in lets nobody in from now on.
    """
    ids = {"person": person.id, "other": former.id}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table.name == Person.__tablename__ for key in column.foreign_keys):
                if is_credential(table):
                    uow.connection.execute(delete(table).where(column.in_([person.id, former.id])))
                else:
                    _reassign_column(uow, table, column, ids)
    uow.session.info.pop("people", None)
    uow.session.delete(former)
    uow.session.flush()
    uow.session.expire_all()


def _reassign_column(uow: UnitOfWork, table: Table, column: Column[Any], ids: dict[str, int]) -> None:
    """Let a column name one person where it named the other; where both stand already, once is enough."""
    if column.primary_key:
        other_keys = [key for key in table.primary_key.columns if key is not column]
        both = select(*other_keys).where(column == ids["person"])
        match = other_keys[0].in_(both)
        uow.connection.execute(delete(table).where(column == ids["other"], match))
    uow.connection.execute(update(table).where(column == ids["other"]).values({column.name: ids["person"]}))


def _check_not_ours(uow: UnitOfWork, email: str) -> None:
    from .addressing import find_our_address

    if find_our_address(uow, email) is not None:
        raise BadAddress("address_is_ours", email=email)


def _make(uow: UnitOfWork, mailbox: Mailbox, *, known: bool) -> Person:
    _check_not_ours(uow, mailbox.email)
    uow.session.flush()
    return insert_person(uow, one_line(mailbox.name, 200), mailbox.email, known=known)


def set_current_address(person: Person, email: str) -> None:
    """Letters go to the address that a person last wrote from."""
    if person.email != email:
        person.email = email
        mark_reachable(person)


def mark_reachable(person: Person) -> None:
    """Forget that an address was refused: its person wrote from there, or an administrator wants it tried again."""
    if person.refused or person.undeliverable:
        person.refused = person.undeliverable = None
