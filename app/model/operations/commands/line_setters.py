"""What a line sets on its ticket: queue, owner, requestor, people, title, priority."""

from collections.abc import Callable, Iterable, Mapping

from ...lifecycle import commands
from ...lifecycle.commands import Command
from ...lifecycle.tables import NotAllowed
from ...records.queues import NoSuchQueue, Queue, find_queue
from ...records.tickets import Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets.fields import FieldChanges, apply_changes
from ...tickets.members import members_of
from ...tickets.person_lookup import colleague_named, people_named, person_named
from ...tickets.undo import FieldChange
from .command_mail import CommandMail, Problems


def set_things(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail, problems: Problems) -> list[FieldChange]:
    """Set what the lines say, in the order of the table; what cannot be set is noted with its line."""
    changes: list[FieldChange] = []
    for command, setter in _SETTERS.items():
        for line in command_mail.lines:
            if line.command is command and line not in problems:
                with problems.on(line):
                    for field_changes in setter(uow, ticket, command_mail, line.value):
                        changes += apply_changes(uow, ticket, command_mail.person, field_changes)
    return changes


def _queue(uow: UnitOfWork, value: str) -> Queue:
    """The queue that a line names, also with a full stop behind it."""
    try:
        return find_queue(uow, value.rstrip("."))
    except NoSuchQueue:
        return find_queue(uow, value)


def _owner(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail, value: str) -> FieldChanges:
    word = value.rstrip(".!").casefold()
    if word == commands.NOBODY:
        return FieldChanges(nobody=True)
    if word == commands.ME:
        return FieldChanges(assignee=command_mail.person)
    members = members_of(uow, ticket)
    return FieldChanges(assignee=colleague_named(uow, value, members))


def _priority(value: str) -> FieldChanges:
    value = value.rstrip(".")
    if value.casefold() == "none":
        return FieldChanges(no_priority=True)
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise NotAllowed("no_priority", value=value)
    return FieldChanges(priority=int(value))


# What a line sets, in this order: who can be assigned depends on the queue.
_Setter = Callable[[UnitOfWork, Ticket, CommandMail, str], Iterable[FieldChanges]]
_SETTERS: Mapping[Command, _Setter] = {
    commands.QUEUE: lambda uow, _ticket, _mail, value: [FieldChanges(queue=_queue(uow, value))],
    commands.OWNER: lambda uow, ticket, mail, value: [_owner(uow, ticket, mail, value)],
    commands.REQUESTOR: lambda uow, _ticket, _mail, value: [FieldChanges(requestor=person_named(uow, value))],
    commands.ADD_CC: lambda uow, _ticket, _mail, value: [FieldChanges(participant=p) for p in people_named(uow, value)],
    commands.DEL_CC: lambda uow, _ticket, _mail, value: [FieldChanges(gone=p) for p in people_named(uow, value)],
    commands.SUBJECT: lambda _uow, _ticket, _mail, value: [FieldChanges(title=value)],
    commands.PRIORITY: lambda _uow, _ticket, _mail, value: [_priority(value)],
}
