"""The last part of every letter: what a reply will do, who will see it, and why its reader gets the letter.

Nothing is decided here. What a reply does is looked up in the row by which it will be carried out, and who reads it
comes from the function that will address the letters. The sentences stand in the template `footer.txt`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from ..lifecycle.commands import HELP, LEAVE, LIST, STATUS, UNDO
from ..lifecycle.tables import ByRight
from ..records.addressing import comment_address, ticket_address
from ..records.queues import main_address
from ..records.tickets import MERGED, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember
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


class ReaderSituation(NamedTuple):
    """What the sentences of a footer depend on: its reader, and whether a storm would hold their reply.

    Of who answers for the queue it is what they are on the ticket, and not who they are.
    """

    reader: TicketMember
    held: bool


def situation_of(
    uow: UnitOfWork, ticket: Ticket, reader: TicketMember, members: Sequence[TicketMember], *, later: bool = False
) -> ReaderSituation:
    """Return the situation of one reader; `later`: the letter leaves when the window of a storm has ended."""
    held = not later and would_hold_next(uow, ticket, reader, members)
    anybody = reader._replace(person_id=0, label="", email="", claimed="") if reader.answers else reader
    return ReaderSituation(anybody, held)


def footer(
    uow: UnitOfWork,
    ticket: Ticket,
    member: TicketMember,
    members: Sequence[TicketMember],
    *,
    private: bool = False,
    undo: str | None = None,
) -> Footer:
    """The last part of a letter to one person; see `footer_lines`."""
    outlook = reply_outlook(uow, ticket, member, members, comment=private)
    held = would_hold_next(uow, ticket, member, members)
    lines = footer_lines(uow, ticket, member, members, outlook, undo=undo, held=held)
    return Footer(lines, None if held else promise_made(outlook).stored())


def footer_lines(
    uow: UnitOfWork,
    ticket: Ticket,
    member: TicketMember,
    members: Sequence[TicketMember],
    outlook: ReplyOutlook,
    *,
    undo: str | None,
    held: bool,
) -> list[Sentence]:
    """Return the last part of a letter, a sentence a line.

    `members` is who is on the ticket and has a mailbox. `undo`: the sentence that offers to take back what the letter
    tells of, if this person can. `held`: nobody would be notified of a reply now.
    """
    reply = outlook.promise.default_reply
    lines = [
        say("footer.seen_later", does=reply.does) if held else _what_a_reply_does(ticket, member, outlook),
        _status(ticket, outlook.promise.status),
    ]
    if not reply.private and is_open_to_others(ticket):
        lines.append(say("footer.open_to_others", queue=ticket.queue.name))
    if undo:
        lines.append(Sentence(undo, {"word": UNDO}))
    lines += _hints(uow, ticket, member, members, reply.hints)
    lines += _elsewhere(uow, ticket, member, private=outlook.comment)
    return [*lines, why(ticket, member), *_on_the_web(uow, ticket, member)]


def undo_offer(changes: Iterable[FieldChange]) -> str:
    """Return the sentence that offers to take these changes back: all of them but a merge."""
    return "footer.undo_but_merge" if any(field == MERGED for field, _, _ in changes) else "footer.undo"


def has_team(members: Iterable[TicketMember]) -> bool:
    """Return whether somebody answers for the ticket's queue: no letter names a team that nobody is in."""
    return any(member.answers for member in members)


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
    if uow.web_url is None or not may_see(ticket, member):
        return []
    return [say("footer.on_the_web", url=f"{uow.web_url}/tickets/{ticket.id}")]


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
    readers: list[Sentence | str] = [other.label for other in outside[:NAMES_IN_FULL]]
    if len(outside) > NAMES_IN_FULL:
        readers.append(say("footer.others", count=len(outside) - NAMES_IN_FULL))
    if len(outside) < len(others):
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
    hints: Iterable[str | ByRight],
) -> list[Sentence]:
    """What the reply's writer should know besides."""
    # Whoever is told of the word for help learns there of the one for their list.
    names = [
        hint if isinstance(hint, str) else _for_reader(uow, ticket, member, hint)
        for hint in hints
        if not (member.responder and hint == _YOUR_LIST)
    ]
    sentences = (_hint(uow, ticket, members, f"footer.{name}") for name in names)
    return [sentence for sentence in sentences if sentence]


def _for_reader(uow: UnitOfWork, ticket: Ticket, member: TicketMember, hint: ByRight) -> str:
    life, roles = ticket.lifecycle, member.roles_in(ticket.lifecycle)
    can = life.first in reachable_statuses(life, roles, ticket.status, answered=has_answer(uow, ticket))
    return hint.can if can else hint.cannot


def _hint(uow: UnitOfWork, ticket: Ticket, members: Sequence[TicketMember], name: str) -> Sentence | None:
    """Return the sentence of that name; None where nothing stands in one of its slots."""
    slots = {slot: _IN_SLOTS[slot](uow, ticket, members) for slot in wording_in().slots_of(name)}
    return None if None in slots.values() else Sentence(name, slots)


def _requestor(_: UnitOfWork, ticket: Ticket, members: Sequence[TicketMember]) -> str:
    requestor = next((member for member in members if member.requestor), None)
    return requestor.label if requestor else ticket.requestor.label


def _asked(_: UnitOfWork, __: Ticket, members: Sequence[TicketMember]) -> str | None:
    """Return whom a question would reach: nobody asks who gets no letters."""
    return next((member.label for member in members if member.requestor and member.subscribed), None)


def _queue_address(uow: UnitOfWork, ticket: Ticket, _: Sequence[TicketMember]) -> str | None:
    return main_address(uow, ticket.queue)


_IN_SLOTS: Mapping[str, Callable[[UnitOfWork, Ticket, Sequence[TicketMember]], str | None]] = {
    "solved": lambda _, ticket, __: STATUS.line(ticket.lifecycle.solved_status),
    "reopened": lambda _, ticket, __: STATUS.line(ticket.lifecycle.first),
    "list": lambda *_: LIST,
    "status": lambda _, ticket, __: ticket.status,
    "requestor": _requestor,
    "asked": _asked,
    "queue_address": _queue_address,
}
