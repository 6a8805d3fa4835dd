"""Which rows of the tables a mail's words, `Action` and `Status` choose."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import select

from ...mail.thanks import is_only_thanks
from ..lifecycle.tables import Action, Cell, Lifecycle, NotAllowed, Party, Row, find_row, listed, target
from ..records.messages import Message
from ..records.tickets import Ticket
from ..storage.unit_of_work import Desk
from .loop_protection import as_taken
from .members import Standing
from .posts import Step, Words


class Promise(NamedTuple):
    """What a plain reply of somebody would do now: the cell of the table, and the status after it."""

    cell: Cell
    status: str
    role: str


def promise(desk: Desk, ticket: Ticket, standing: Standing, *, private: bool = False) -> Promise:
    """What a plain reply of this person would do while the ticket is as it is; `private`: to the comment address."""
    lifecycle = ticket.lifecycle
    party = as_taken(desk, ticket, standing, verified=True).party(lifecycle)
    cell = Cell(lifecycle.comment, private=True) if private else lifecycle.cell(ticket.status, party.role)
    row = find_row(lifecycle, cell.action, ticket.status, party)
    return Promise(cell, target(row, ticket.status), party.role)


def row_of_thanks(cell: Cell, words: Words, everybody: Iterable[Standing]) -> Row | None:
    """Return the row by which a plain reply is carried out that only says thanks; None for every other reply."""
    if cell.thanks is None or any(not one.decorates for one in words.attachments):
        return None
    return cell.thanks if is_only_thanks(words.text, [one.label for one in everybody]) else None


def by_words(life: Lifecycle, party: Party, status: str, wanted: str | None, *, private: bool, answered: bool) -> Step:
    """What words do: what they would do by themselves, unless a row of the table leads to the wanted status at once."""
    row = find_row(life, life.comment if private else life.cell(status, party.role).action, status, party)
    plain = Step(row, target(row, status))
    if wanted in (None, plain.status) or private:
        return plain
    rows = [one for one in rows_to(life, party, status, wanted or "", answered=answered) if one.action != life.sets]
    return Step(rows[0], wanted or "") if rows else plain


def by_name(life: Lifecycle, party: Party, status: str, action: Action, wanted: str | None, *, answered: bool) -> Step:
    """What an action does that is named. Raises NotAllowed."""
    row = find_row(life, action, status, party)
    if row.among is not None and not answered:
        raise NotAllowed(f"{action.title!r} takes an answer, and nobody has answered yet.")
    return Step(row, target(row, status, wanted if len(row.moves[status]) > 1 else None))


def rows_to(life: Lifecycle, party: Party, status: str, wanted: str, *, answered: bool) -> list[Row]:
    """The rows by which a party leads a ticket to a status; a comment is none where it would be kept private.

    A row that takes an answer comes first, if there is one to take.
    """
    rows = [row for row in life.rows if party.is_one_of(row.who) and wanted in row.moves.get(status, ())]
    fitting = [row for row in rows if row.action != life.comment or not life.comments_in_private]
    return sorted((row for row in fitting if answered or row.among is None), key=lambda row: row.among is None)


def step_to(life: Lifecycle, party: Party, status: str, wanted: str, *, answered: bool) -> Step:
    """The step to a status that is not the present one. Raises NotAllowed, which names those that there are."""
    rows = rows_to(life, party, status, wanted, answered=answered)
    if rows:
        return Step(rows[0], wanted)
    others = reachable(life, party, status, answered=answered)
    choice = f"you can make it {listed(others, 'or')}" if others else "its status is not yours to change"
    raise NotAllowed(f"You cannot make this ticket {wanted}: while it is {status}, {choice}.")


def reachable(life: Lifecycle, party: Party, status: str, *, answered: bool) -> list[str]:
    """The other statuses to which a party can lead a ticket in one step."""
    others = (one for one in life.statuses if one != status)
    return [one for one in others if rows_to(life, party, status, one, answered=answered)]


def is_answered(desk: Desk, ticket: Ticket) -> bool:
    """Whether somebody has posted what a row of the table could take as the answer."""
    titles = {row.among.title for row in ticket.lifecycle.rows if row.among}
    found = select(Message.id).where(Message.ticket_id == ticket.id, Message.action.in_(titles)).limit(1)
    return bool(titles) and desk.session.scalar(found) is not None
