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


class _TitleUse(NamedTuple):
    at: datetime
    by: int | None
    title: str


def titles_of(uow: UnitOfWork, person: Person, numbers: Collection[int]) -> dict[int, frozenset[str]]:
    """By ticket, the titles that it has or had and that are somebody's words: they were the first to bring them.

    Those of a ticket that became part of another one stand with that one, too.
    """
    merged = select(Ticket.id, Ticket.merged_into).where(Ticket.merged_into.is_not(None))
    into = {row.id: row.merged_into for row in uow.session.execute(merged)}
    result: dict[int, frozenset[str]] = {}
    for number in numbers:
        home = number
        while (further := into.get(home)) is not None:
            home = further
        if titles := _titles_on(uow, person, number, home):
            for place in {number, home}:
                result[place] = result.get(place, frozenset()) | titles
    return result


def _titles_on(uow: UnitOfWork, person: Person, number: int, home: int) -> set[str]:
    """Those of one ticket, whose messages are on `home` now."""
    ticket = uow.session.get_one(Ticket, number)
    columns = (Message.received, Message.sender_id, Message.subject)
    subjects = select(*columns).where(Message.ticket_id == home).order_by(Message.received, Message.number)
    renamings = select(Change).where(Change.ticket_id == number, Change.field == "subject").order_by(Change.id)
    changes = list(uow.session.scalars(renamings))
    uses = [_TitleUse(*row) for row in uow.session.execute(subjects)]
    uses += [_TitleUse(change.at, change.by_id, change.new or "") for change in changes]
    checkpoints = uow.session.scalars(select(Checkpoint.title).where(Checkpoint.ticket_id == number))
    titles = {ticket.title, *checkpoints, *(title for change in changes for title in (change.old, change.new) if title)}
    authors: dict[str, int | None] = {}
    for use in sorted(uses, key=lambda use: use.at):
        authors.setdefault(use.title, use.by)
    return {title for title in titles - {_UNTITLED} if authors.get(title, ticket.requestor_id) == person.id}


_UNTITLED = "(no subject)"
