"""The basics of a ticket: queue, owner, status, priority, requestor, subject, people; all of it is set, or nothing."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...mail.text import one_line
from ..letters.notification import notify
from ..lifecycle import commands
from ..lifecycle.commands import Command, Line
from ..lifecycle.tables import NotAllowed
from ..operations import administration
from ..operations.commands.command_mail import CommandMail, CommandsRefused, allowed_to
from ..operations.commands.execution import execute_commands
from ..operations.commands.merge_line import merge_goal
from ..records.message_ids import new_message_id
from ..records.people import Person
from ..records.queues import every_queue
from ..records.tickets import NoSuchTicket, Ticket, find_ticket, resolve_merged
from ..storage.unit_of_work import UnitOfWork
from ..tickets import merging
from ..tickets.members import TicketMember, member_for, members_of
from ..tickets.posts import NewMessage
from ..tickets.transitions import has_answer, reachable_statuses
from ..tickets.undo import FieldChange
from ..tickets.unread import note_of_unread
from ..tickets.visibility import may_see
from ..wording import Sentence
from .refusals import FieldsRefused

FIELDS: Mapping[str, Command] = {
    "queue": commands.QUEUE,
    "owner": commands.OWNER,
    "requestor": commands.REQUESTOR,
    "add": commands.ADD_CC,
    "remove": commands.DEL_CC,
    "subject": commands.SUBJECT,
    "priority": commands.PRIORITY,
    "status": commands.STATUS,
}
"""The fields of the form, each with the command that it stands for."""

_EMPTY = {"owner": commands.NOBODY, "priority": "none"}


class Basics(NamedTuple):
    """What a responder can set of a ticket: how it is, and the choices.

    `owners` are (address, name); `copied_in` are those who can be taken out, likewise. `priority` and `owner` are empty
    where there is none.
    """

    queue: str
    owner: str
    status: str
    priority: str
    requestor: str
    subject: str
    queues: Sequence[str]
    owners: Sequence[tuple[str, str]]
    statuses: Sequence[str]
    copied_in: Sequence[tuple[str, str]]


def basics_of(
    uow: UnitOfWork,
    ticket: Ticket,
    member: TicketMember,
    members: Sequence[TicketMember],
    owners: Sequence[tuple[str, str]],
) -> Basics:
    """Return what a responder can set of a ticket; `owners` can be chosen, as (address, name)."""
    life = ticket.lifecycle
    roles, answered = member.roles_in(life), has_answer(uow, ticket)
    return Basics(
        queue=ticket.queue.name,
        owner=ticket.assignee.email if ticket.assignee else "",
        status=ticket.status,
        priority="" if ticket.priority is None else str(ticket.priority),
        requestor=ticket.requestor.email,
        subject=ticket.title,
        queues=[queue.name for queue in every_queue(uow)],
        owners=owners,
        statuses=[ticket.status, *reachable_statuses(life, roles, ticket.status, answered=answered)],
        copied_in=[(person.email, person.label) for person in members if person.participant],
    )


class BasicsSet(NamedTuple):
    """What has been set: the ticket, what changed as (field, old, new), what must be said of it, and the letters.

    `visible`: whoever set it may still see the ticket. `undo`: it can be taken back.
    """

    ticket: int
    changes: Sequence[FieldChange]
    notes: Sequence[str]
    undo: bool
    visible: bool


def set_basics(uow: UnitOfWork, number: int, person: Person, fields: Mapping[str, str]) -> BasicsSet:
    """Set what a form says of a ticket, by the lines that a mail would have, and notify the others.

    `fields` has values by the names of FIELDS; one that is as the ticket has it already changes nothing. Raises
    NoSuchTicket, or FieldsRefused with each field's sentence; nothing is done then.
    """
    ticket, member, members = held_ticket(uow, number, person)
    lines = [line for name, value in fields.items() for line in _lines(ticket, name, value)]
    new_message = NewMessage("", "", ticket.title, new_message_id(uow))
    command_mail = CommandMail(person, members, lines, new_message, has_text=False, allowed=allowed_to(member))
    try:
        event = execute_commands(uow, ticket, command_mail)
    except CommandsRefused as refused:
        raise FieldsRefused(_by_field(refused.problems)) from None
    notify(uow, event)
    notes = [note.english for note in note_of_unread(uow, event.ticket, event.changes, event.members)]
    visible = may_see(event.ticket, member_for(person, event.members))
    return BasicsSet(ticket.id, event.all_changes, notes, event.checkpoint is not None, visible)


def _lines(ticket: Ticket, name: str, text: str) -> list[Line]:
    """Return the line that a field stands for; none where it leaves the ticket as it is."""
    command, value = FIELDS[name], one_line(text)
    as_it_is = {
        "queue": ticket.queue.name,
        "owner": ticket.assignee.email if ticket.assignee else "",
        "status": ticket.status,
        "priority": "" if ticket.priority is None else str(ticket.priority),
        "requestor": ticket.requestor.email,
        "subject": ticket.title,
    }
    if value == as_it_is.get(name, ""):
        return []
    value = value or _EMPTY.get(name, "")
    return [Line(command.line(value), command.name, command, value)]


def _by_field(problems: Sequence[tuple[Line, Sentence | None]]) -> dict[str, str]:
    names = {command: name for name, command in FIELDS.items()}
    return {names[line.command]: problem.english for line, problem in problems if problem and line.command}


def held_ticket(uow: UnitOfWork, number: int, person: Person) -> tuple[Ticket, TicketMember, Sequence[TicketMember]]:
    """Return a ticket to change, held until the work is done, and what somebody is on it.

    NoSuchTicket for whoever may see nothing of it, FieldsRefused where it is part of another one.
    """
    ticket = find_ticket(uow, number, locked=True)
    goal = resolve_merged(uow, number, locked=False)
    members = members_of(uow, goal)
    member = member_for(person, members)
    if not may_see(goal, member):
        raise NoSuchTicket("no_ticket", number=number)
    if goal.id != number:
        raise FieldsRefused({"": f"Ticket {number} is part of ticket {goal.id} now: use that number."})
    return ticket, member, members


class MergePreview(NamedTuple):
    """What a merge would do: both tickets' numbers and titles, and who would read what, a sentence each."""

    ticket: int
    title: str
    into: int
    into_title: str
    sentences: Sequence[str]


def merge_preview(uow: UnitOfWork, number: int, person: Person, into: str) -> MergePreview:
    """Return what merging a ticket into another would do. Raises NoSuchTicket or FieldsRefused ("merge")."""
    ticket, goal, readers = _merge(uow, number, person, into)
    return MergePreview(ticket.id, ticket.title, goal.id, goal.title, readers)


def merge_tickets(uow: UnitOfWork, number: int, person: Person, into: str) -> int:
    """Merge a ticket into another, and notify the others; the number of the ticket on which all goes on."""
    ticket, goal, _ = _merge(uow, number, person, into)
    return administration.merge(uow, ticket, goal.id, person).id


def _merge(uow: UnitOfWork, number: int, person: Person, into: str) -> tuple[Ticket, Ticket, Sequence[str]]:
    ticket, member, _ = held_ticket(uow, number, person)
    try:
        if not member.responder:
            raise administration.only_team_merges(ticket, person)
        goal = merge_goal(uow, ticket, person, into)
    except NotAllowed as error:
        raise FieldsRefused({"merge": str(error)}) from None
    return ticket, goal, [sentence.english for sentence in merging.new_readers(uow, ticket, goal).sentences]


def undo_change(uow: UnitOfWork, number: int, person: Person) -> Sequence[FieldChange]:
    """Take the last change of a ticket back, and notify others; what changed by that. FieldsRefused says why not."""
    ticket, _, _ = held_ticket(uow, number, person)
    try:
        return administration.undo(uow, ticket, person).changes
    except NotAllowed as error:
        raise FieldsRefused({"": str(error)}) from None
