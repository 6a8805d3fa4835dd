"""The last part of every letter: why its reader gets it and what their reply will do.

Nothing is decided here. What a reply does is looked up in the row by which it will be carried out, and who reads it
comes from the function that will address the letters.
"""

from collections.abc import Sequence

from ..lifecycle.commands import HELP, LIST, STATUS, UNDO
from ..lifecycle.tables import ByRight, Cell, listed
from ..records.addressing import comment_address, ticket_address
from ..records.queues import whole_address
from ..records.tickets import Ticket
from ..storage.unit_of_work import Desk
from ..tickets.loop_protection import holds_next
from ..tickets.members import Occasion, Standing, as_confirmed, readers
from ..tickets.transitions import is_answered, promise, reachable
from ..tickets.visibility import is_open_to_others

_NAMES_IN_FULL = 5


def footer(
    desk: Desk,
    ticket: Ticket,
    standing: Standing,
    everybody: Sequence[Standing],
    *,
    private: bool = False,
    undo: bool = False,
    later: bool = False,
) -> list[str]:
    """The sentences under a letter to one person, one a line.

    `private`: it is answered at the comment address. `undo`: it tells of a change that this person can take back.
    `later`: it leaves when the window of a storm has ended.
    """
    promised = promise(desk, ticket, standing, private=private)
    if (standing.responder or standing.requestor) and ticket.status != ticket.lifecycle.spam:
        # A reply to this letter lets those in who wait for it.
        everybody = as_confirmed(everybody)
    occasion = Occasion(words=True, private=promised.cell.private)
    others = readers(everybody, occasion, ticket.lifecycle, but=standing.person_id)
    held = not later and holds_next(desk, ticket, standing, everybody)
    readers_of_it = _IN_A_STORM if held else _who_reads(ticket, others)
    lines = [
        f"You get this because {_why(ticket, standing)}.",
        f"While this ticket is {ticket.status}, a reply from you {promised.cell.deed}; {readers_of_it}.",
    ]
    if promised.status != ticket.status:
        lines.append(f"Your reply makes it {promised.status}.")
    if not promised.cell.private and is_open_to_others(ticket):
        lines.append(f"Anyone who uses {ticket.queue.name} can read this.")
    if undo:
        lines.append(f'To take that change back, put "{UNDO}" on the first line of your reply.')
    return [
        *lines,
        *_hints(desk, ticket, standing, promised.cell),
        *_elsewhere(desk, ticket, standing, private=private),
    ]


def _elsewhere(desk: Desk, ticket: Ticket, standing: Standing, *, private: bool) -> list[str]:
    """What else somebody may do: the other of the two addresses for responders, the way out for participants."""
    if standing.responder and private:
        public = promise(desk, ticket, standing).cell
        there = f"To reach everybody on the ticket, write to {ticket_address(desk, ticket.id)}: that {public.deed}."
        return [there, _FOR_RESPONDERS]
    if standing.responder:
        address = comment_address(desk, ticket.id)
        return [f"To write only to those who answer, use {address}: that comments in private.", _FOR_RESPONDERS]
    if standing.participant and not standing.requestor:
        return ['To get no more letters about it, reply with the one word "unsubscribe".']
    return []


def _why(ticket: Ticket, standing: Standing) -> str:
    if standing.requestor:
        return f"{ticket.lifecycle.asked} ticket {ticket.id}"
    if standing.assignee:
        return f"ticket {ticket.id} is assigned to you"
    if standing.answers:
        return f"you answer for {ticket.queue.name}"
    if standing.formerly:
        return f"you answer for {standing.formerly}, where ticket {ticket.id} was"
    return f"you take part in ticket {ticket.id}"


def _who_reads(ticket: Ticket, others: Sequence[Standing]) -> str:
    """The readers in one phrase: outsiders by name, those who answer for the queue as one body."""
    outside = [one for one in others if not one.answers]
    names = [one.label for one in outside[:_NAMES_IN_FULL]]
    if len(outside) > _NAMES_IN_FULL:
        names.append(f"{len(outside) - _NAMES_IN_FULL} others on the ticket")
    if any(one.answers for one in others):
        names.append(f"everybody who answers for {ticket.queue.name}")
    return f"{listed(names)} will read it" if names else "it is kept with the ticket"


_IN_A_STORM = "it is kept with the ticket, but nobody gets a letter of it until fewer mails come here"
_FOR_RESPONDERS = f'For what else a mail can do, reply with the one word "{HELP}".'


def _hints(desk: Desk, ticket: Ticket, standing: Standing, cell: Cell) -> list[str]:
    """What the reply's writer should know besides; without a queue's address there is no advice to write to it."""
    every = [_for_reader(desk, ticket, standing, hint) for hint in cell.hints]
    needed = any("{queue_address}" in hint for hint in every)
    addresses = [whole_address(desk, row.address) for row in ticket.queue.addresses] if needed else []
    filled = {"solved": f'"{STATUS.line(ticket.lifecycle.end)}"', "list": f'"{LIST}"'}
    filled |= {"reopened": f'"{STATUS.line(ticket.lifecycle.first)}"'}
    filled |= {"queue_address": addresses[0]} if addresses else {}
    hints = [hint for hint in every if addresses or "{queue_address}" not in hint]
    return [hint.format_map(filled) for hint in hints]


def _for_reader(desk: Desk, ticket: Ticket, standing: Standing, hint: str | ByRight) -> str:
    if isinstance(hint, str):
        return hint
    life, party = ticket.lifecycle, standing.party(ticket.lifecycle)
    can = life.first in reachable(life, party, ticket.status, answered=is_answered(desk, ticket))
    return hint.can if can else hint.cannot
