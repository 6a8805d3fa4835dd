"""The last part of every letter: what a reply will do, who will see it, and why its reader gets the letter.

Nothing is decided here. What a reply does is looked up in the row by which it will be carried out, and who reads it
comes from the function that will address the letters. The sentences stand in the template `footer.txt`.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..lifecycle.commands import HELP, LEAVE, LIST, STATUS, UNDO
from ..lifecycle.tables import ByRight, DefaultReply
from ..records.addressing import comment_address, ticket_address
from ..records.queues import main_address
from ..records.tickets import MERGED, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember, with_mailbox
from ..tickets.storms.loop_protection import would_hold_next
from ..tickets.transitions import has_answer, promise, reachable_statuses
from ..tickets.undo import FieldChange
from ..tickets.visibility import is_open_to_others, may_see
from ..wording import Sentence, say, wording_in
from .promises import NAMES_IN_FULL, ReplyOutlook, promise_made, reply_outlook

_YOUR_LIST = "your_list"


class Footer(NamedTuple):
    """The sentences under a letter, one a line, and the promise that they make, as it is stored; None in a storm."""

    lines: Sequence[Sentence]
    promise: str | None


def footer(
    uow: UnitOfWork,
    ticket: Ticket,
    member: TicketMember,
    members: Sequence[TicketMember],
    *,
    private: bool = False,
    undo: str | None = None,
    later: bool = False,
) -> Footer:
    """The last part of a letter to one person.

    `private`: it is answered at the comment address. `undo`: the sentence that offers to take back what it tells of, if
    this person can. `later`: it leaves when the window of a storm has ended.
    """
    outlook = reply_outlook(uow, ticket, member, members, comment=private)
    held = not later and would_hold_next(uow, ticket, member, members)
    lines = [
        _in_a_storm(outlook) if held else _what_a_reply_does(ticket, member, outlook),
        _status(ticket, outlook.promise.status),
    ]
    if not outlook.promise.default_reply.private and is_open_to_others(ticket):
        lines.append(say("footer.open_to_others", queue=ticket.queue.name))
    if undo:
        lines.append(Sentence(undo, {"word": UNDO}))
    lines += _hints(uow, ticket, member, members, outlook.promise.default_reply)
    lines += _elsewhere(uow, ticket, member, private=private)
    lines = [*lines, why(ticket, member), *_on_the_web(uow, ticket, member)]
    return Footer(lines, None if held else promise_made(outlook).stored())


def undo_offer(changes: Iterable[FieldChange]) -> str:
    """Return the sentence that offers to take these changes back: all of them but a merge."""
    return "footer.undo_but_merge" if any(field == MERGED for field, _, _ in changes) else "footer.undo"


def has_team(members: Iterable[TicketMember]) -> bool:
    """Return whether somebody answers for the ticket's queue: no letter names a team that nobody is in."""
    return any(one.answers for one in members)


def what_a_reply_does(uow: UnitOfWork, ticket: Ticket, member: TicketMember, members: Sequence[TicketMember]) -> Footer:
    """Return the first sentence of a footer alone, with its promise."""
    outlook = reply_outlook(uow, ticket, member, members, comment=False)
    return Footer([_what_a_reply_does(ticket, member, outlook)], promise_made(outlook).stored())


def readers_of_reply(
    uow: UnitOfWork, ticket: Ticket, member: TicketMember, members: Sequence[TicketMember], *, private: bool
) -> list[Sentence | str]:
    """Return who would read a reply of this person now."""
    return _readers(ticket, member, reply_outlook(uow, ticket, member, members, comment=private).readers)


def readers_named(ticket: Ticket, writer: TicketMember, readers: Sequence[TicketMember]) -> list[Sentence | str]:
    """Return the readers of somebody's words as a sentence names them."""
    return _readers(ticket, writer, readers)


def who_sees(ticket: Ticket, writer: TicketMember, readers: Sequence[TicketMember]) -> Sentence:
    """Return the clause on who gets somebody's words, as it stands beside a button."""
    names = _readers(ticket, writer, readers)
    return say("footer.will_see", readers=names) if names else say("footer.is_saved")


def _on_the_web(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> list[Sentence]:
    """Return where the ticket's page is, for whoever may see it, if the settings name the address of the pages."""
    seen = uow.web_url is not None and may_see(ticket, member)
    return [say("footer.on_the_web", url=f"{uow.web_url}/tickets/{ticket.id}")] if seen else []


def why(ticket: Ticket, member: TicketMember) -> Sentence:
    """Return the sentence on why somebody gets the letters of a ticket."""
    number, queue = ticket.id, ticket.queue.name
    if member.requestor:
        return say("footer.why_in_your_name" if ticket.handed_over else "footer.why_requestor", number=number)
    if member.assignee:
        return say("footer.why_assigned", number=number)
    if member.answers:
        return say("footer.why_team", queue=queue)
    if member.formerly:
        return say("footer.why_former_team", queue=member.formerly.queue, number=member.formerly.ticket)
    return say("footer.why_copied_in" if member.participant else "footer.why_address", number=number)


def _in_a_storm(outlook: ReplyOutlook) -> Sentence:
    return say("footer.seen_later", does=outlook.promise.default_reply.does)


def _what_a_reply_does(ticket: Ticket, writer: TicketMember, outlook: ReplyOutlook) -> Sentence:
    reply, readers = outlook.promise.default_reply, _readers(ticket, writer, outlook.readers)
    if not readers:
        return say("footer.seen_by_nobody", does=reply.does)
    if reply.private:
        return say("footer.seen_only_by", does=reply.does, readers=readers)
    first = readers[0]
    if isinstance(first, Sentence):
        readers[0] = first._replace(name=first.name.replace("footer.", "footer.the_"))
    return say("footer.seen_by", does=reply.does, readers=readers)


def _readers(ticket: Ticket, writer: TicketMember, others: Sequence[TicketMember]) -> list[Sentence | str]:
    """The readers: outsiders by name, the team as one body."""
    outside = [other for other in others if not other.answers]
    readers: list[Sentence | str] = [one.label for one in outside[:NAMES_IN_FULL]]
    if len(outside) > NAMES_IN_FULL:
        readers.append(say("footer.others", count=len(outside) - NAMES_IN_FULL))
    if has_team(others):
        readers.append(say("footer.rest_of_team" if writer.answers else "footer.team", queue=ticket.queue.name))
    return readers


def _status(ticket: Ticket, after: str) -> Sentence:
    if after == ticket.status:
        return say("footer.status", number=ticket.id, status=after)
    return say("footer.status_changes", number=ticket.id, status=ticket.status, new=after)


def _elsewhere(uow: UnitOfWork, ticket: Ticket, member: TicketMember, *, private: bool) -> list[Sentence]:
    """What else somebody may do: the other of the two addresses for responders, the way out for participants."""
    if member.responder and private:
        public = promise(uow, ticket, member).default_reply
        there = say("footer.in_public", does=public.does, address=ticket_address(uow, ticket.id))
        return [there, say("footer.help", word=HELP)]
    if member.responder:
        return [say("footer.team_only", address=comment_address(uow, ticket.id)), say("footer.help", word=HELP)]
    if member.participant and not member.requestor:
        return [say("footer.unsubscribe", word=LEAVE)]
    return []


def _hints(
    uow: UnitOfWork,
    ticket: Ticket,
    member: TicketMember,
    members: Sequence[TicketMember],
    default_reply: DefaultReply,
) -> list[Sentence]:
    """What the reply's writer should know besides; without a queue's address there is no advice to write to it."""
    if not default_reply.hints:
        return []
    slots = {
        "solved": STATUS.line(ticket.lifecycle.solved_status),
        "reopened": STATUS.line(ticket.lifecycle.first),
        "list": LIST,
        "status": ticket.status,
    }
    # Whoever is told of the word for help learns there of the one for their list.
    hints = [hint for hint in default_reply.hints if not (member.responder and hint == _YOUR_LIST)]
    names = [f"footer.{_for_reader(uow, ticket, member, hint)}" for hint in hints]
    wanted = {name: wording_in().slots_of(name) for name in names}
    # The database is asked for these only where a sentence has them.
    needed = {slot for slots_of in wanted.values() for slot in slots_of}
    if "requestor" in needed:
        requestor = next((one for one in members if one.requestor), None)
        slots["requestor"] = requestor.label if requestor else ticket.requestor.label
    if "asked" in needed:
        # Nobody asks who gets no letters.
        asked = with_mailbox(uow, [one for one in members if one.requestor and one.subscribed])
        slots.update([("asked", one.label) for one in asked])
    if "queue_address" in needed and (address := main_address(uow, ticket.queue)) is not None:
        slots["queue_address"] = address
    return [
        Sentence(name, {slot: slots[slot] for slot in wanted[name]})
        for name in names
        if slots.keys() >= {*wanted[name]}
    ]


def _for_reader(uow: UnitOfWork, ticket: Ticket, member: TicketMember, hint: str | ByRight) -> str:
    if isinstance(hint, str):
        return hint
    life, roles = ticket.lifecycle, member.roles_in(ticket.lifecycle)
    can = life.first in reachable_statuses(life, roles, ticket.status, answered=has_answer(uow, ticket))
    return hint.can if can else hint.cannot
