"""Whose words the titles of tickets are: theirs who were the first to bring them."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from ..records.messages import Message
from ..records.people import Person
from ..records.tickets import Change, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.undo import Checkpoint


class _Introduced(NamedTuple):
    at: datetime
    by: int | None
    title: str


def titles_of(uow: UnitOfWork, person: Person, numbers: Collection[int]) -> dict[int, frozenset[str]]:
    """By ticket, the titles that it has or had and that are somebody's words: they were the first to bring them.

    Those of a ticket that became part of another one stand with that one, too.
    """
    merged = select(Ticket.id, Ticket.merged_into).where(Ticket.merged_into.is_not(None))
    into = {row.id: row.merged_into for row in uow.session.execute(merged)}
    found: dict[int, frozenset[str]] = {}
    for number in numbers:
        home = number
        while (further := into.get(home)) is not None:
            home = further
        if titles := _titles_on(uow, person, number, home):
            for one in {number, home}:
                found[one] = found.get(one, frozenset()) | titles
    return found


def _titles_on(uow: UnitOfWork, person: Person, number: int, home: int) -> set[str]:
    """Those of one ticket, whose messages are on `home` now."""
    ticket = uow.session.get_one(Ticket, number)
    said = select(Message.received, Message.sender_id, Message.subject).where(Message.ticket_id == home)
    brought = [_Introduced(*row) for row in uow.session.execute(said.order_by(Message.received, Message.number))]
    changes = select(Change).where(Change.ticket_id == number, Change.field == "subject").order_by(Change.id)
    set_ = list(uow.session.scalars(changes))
    brought += [_Introduced(one.at, one.by_id, one.new or "") for one in set_]
    brought.sort(key=lambda one: one.at)
    kept = uow.session.scalars(select(Checkpoint.title).where(Checkpoint.ticket_id == number))
    titles = {ticket.title, *kept, *(title for one in set_ for title in (one.old, one.new) if title)}
    first = {title: next((one.by for one in brought if one.title == title), ticket.requestor_id) for title in titles}
    return {title for title, by in first.items() if by == person.id and title != _UNTITLED}


_UNTITLED = "(no subject)"
