"""The last part of every letter: why its reader gets it and what their reply will do.

Nothing is decided here. What a reply does is looked up in the row by which it will be carried out, and who reads it
comes from the function that will address the letters.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ..lifecycle.commands import HELP, LIST, STATUS, UNDO
from ..lifecycle.tables import ByRight, DefaultReply, sentence_list
from ..records.addressing import comment_address, ticket_address
from ..records.queues import whole_address
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.loop_protection import would_hold_next
from ..tickets.members import TicketMember
from ..tickets.transitions import has_answer, promise, reachable_statuses
from ..tickets.visibility import is_open_to_others
from .promises import NAMES_IN_FULL, promise_made, reply_outlook


class Footer(NamedTuple):
    """The sentences under a letter, one a line, and the promise that they make, as it is stored; None in a storm."""

    lines: Sequence[str]
    promise: str | None


def footer(
    uow: UnitOfWork,
    ticket: Ticket,
    member: TicketMember,
    members: Sequence[TicketMember],
    *,
    private: bool = False,
    undo: bool = False,
    later: bool = False,
) -> Footer:
    """The last part of a letter to one person.

    `private`: it is answered at the comment address. `undo`: it tells of a change that this person can take back.
    `later`: it leaves when the window of a storm has ended.
    """
    outlook = reply_outlook(uow, ticket, member, members, comment=private)
    promised, held = outlook.promise, not later and would_hold_next(uow, ticket, member, members)
    readers_of_it = _IN_A_STORM if held else who_reads(ticket, outlook.readers)
    lines = [
        f"You get this because {_why(ticket, member)}.",
        f"While this ticket is {ticket.status}, a reply from you {promised.default_reply.phrase}; {readers_of_it}.",
    ]
    if promised.status != ticket.status:
        lines.append(f"Your reply makes it {promised.status}.")
    if not promised.default_reply.private and is_open_to_others(ticket):
        lines.append(f"Anyone who uses {ticket.queue.name} can read this.")
    if undo:
        lines.append(f'To take that change back, put "{UNDO}" on the first line of your reply.')
    lines += _hints(uow, ticket, member, promised.default_reply)
    lines += _elsewhere(uow, ticket, member, private=private)
    return Footer(lines, None if held else promise_made(outlook).stored())


def readers_of_reply(
    uow: UnitOfWork, ticket: Ticket, member: TicketMember, members: Sequence[TicketMember], *, private: bool
) -> str:
    """Say who would read a reply of this person now, as in "Ann will read it"."""
    return who_reads(ticket, reply_outlook(uow, ticket, member, members, comment=private).readers)


def _elsewhere(uow: UnitOfWork, ticket: Ticket, member: TicketMember, *, private: bool) -> list[str]:
    """What else somebody may do: the other of the two addresses for responders, the way out for participants."""
    if member.responder and private:
        public = promise(uow, ticket, member).default_reply
        address = ticket_address(uow, ticket.id)
        there = f"To reach everybody on the ticket, start a new email to {address}: that {public.phrase}."
        return [there, _FOR_RESPONDERS]
    if member.responder:
        address = comment_address(uow, ticket.id)
        return [f"To write only to those who answer, use {address}: that comments in private.", _FOR_RESPONDERS]
    if member.participant and not member.requestor:
        return ['To get no more letters about it, reply with the one word "unsubscribe".']
    return []


def _why(ticket: Ticket, member: TicketMember) -> str:
    if member.requestor and ticket.handed_over:
        return f"ticket {ticket.id} is in your name"
    if member.requestor:
        return f"{ticket.lifecycle.requestor_reason} ticket {ticket.id}"
    if member.assignee:
        return f"ticket {ticket.id} is assigned to you"
    if member.answers:
        return f"you answer for {ticket.queue.name}"
    if member.formerly:
        return f"you answer for {member.formerly.queue}, where ticket {member.formerly.ticket} was"
    if member.participant:
        return f"you take part in ticket {ticket.id}"
    return f"a mail in your name came to ticket {ticket.id}"


def who_reads(ticket: Ticket, others: Sequence[TicketMember]) -> str:
    """The readers in one phrase: outsiders by name, those who answer for the queue as one body."""
    outside = [other for other in others if not other.answers]
    names = [one.label for one in outside[:NAMES_IN_FULL]]
    if len(outside) > NAMES_IN_FULL:
        names.append(f"{len(outside) - NAMES_IN_FULL} others on the ticket")
    if any(other.answers for other in others):
        names.append(f"everybody who answers for {ticket.queue.name}")
    return f"{sentence_list(names)} will read it" if names else "it is kept with the ticket"


_IN_A_STORM = "it is kept with the ticket, but nobody gets a letter of it until fewer mails come here"
_FOR_RESPONDERS = f'For what else a mail can do, reply with the one word "{HELP}".'


def _hints(uow: UnitOfWork, ticket: Ticket, member: TicketMember, default_reply: DefaultReply) -> list[str]:
    """What the reply's writer should know besides; without a queue's address there is no advice to write to it."""
    if not default_reply.hints:
        return []
    every = [_for_reader(uow, ticket, member, hint) for hint in default_reply.hints]
    needed = any("{queue_address}" in hint for hint in every)
    addresses = [whole_address(uow, row.address) for row in ticket.queue.addresses] if needed else []
    filled = {"solved": f'"{STATUS.line(ticket.lifecycle.solved_status)}"', "list": f'"{LIST}"'}
    filled |= {"reopened": f'"{STATUS.line(ticket.lifecycle.first)}"'}
    filled |= {"queue_address": addresses[0]} if addresses else {}
    hints = [hint for hint in every if addresses or "{queue_address}" not in hint]
    return [hint.format_map(filled) for hint in hints]


def _for_reader(uow: UnitOfWork, ticket: Ticket, member: TicketMember, hint: str | ByRight) -> str:
    if isinstance(hint, str):
        return hint
    life, roles = ticket.lifecycle, member.roles_in(ticket.lifecycle)
    can = life.first in reachable_statuses(life, roles, ticket.status, answered=has_answer(uow, ticket))
    return hint.can if can else hint.cannot
