"""How the commands of a mail are carried out: all of them, or none (docs/interface.md, section 6)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from ..letters import receipts
from ..letters.notification import TicketEvent, notify_changed, notify_moved, notify_opened, notify_posted
from ..lifecycle import commands
from ..lifecycle.commands import Command, Line
from ..lifecycle.tables import Action, ActorRoles, AnswerEffect, NotAllowed, WorkflowError
from ..records.messages import Message, NoSuchMessage
from ..records.people import BadAddress, NoSuchPerson, Person
from ..records.queues import NoSuchQueue, find_queue
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets import merging
from ..tickets.fields import FieldChanges, apply_changes, assignable, former_responders
from ..tickets.members import TicketMember, member_for, members_of
from ..tickets.person_lookup import colleague_named, people_named, person_named
from ..tickets.posts import NewMessage, Transition
from ..tickets.transitions import has_answer, transition_by_action, transition_by_text, transition_to
from ..tickets.undo import FieldChange, save_checkpoint, snapshot
from .workflow import take_transitions, without_private_text

Lines = Mapping[Command, Line]
Problems = dict[Line, str]
Found = TypeVar("Found")


class CommandsRefused(Exception):
    """Not all lines of a mail can be carried out; `problems` has each line with what is wrong, or empty."""

    def __init__(self, problems: Sequence[tuple[Line, str]]) -> None:
        super().__init__("not all lines can be carried out")
        self.problems = problems


class CommandMail(NamedTuple):
    """One mail with commands: who wrote it, what they are on its ticket, its lines and its words.

    `has_text`: it has words besides. `opened` is their message, if the mail has just opened the ticket. `allowed` are
    the commands that its writer may use.
    """

    person: Person
    member: TicketMember
    lines: Sequence[Line]
    new_message: NewMessage
    has_text: bool
    allowed: Sequence[Command]
    private: bool = False
    opened: Message | None = None


@dataclass
class CommandResult:
    """What came of it: the ticket on which it all ended, how it was, what changed, and the message that was posted.

    `opened` is the message that has opened it. `gone` are those who answered for the queue that it has left, `moved`
    those from outside who came with a ticket that was merged into it.
    """

    ticket: Ticket
    old_status: str
    changes: list[FieldChange]
    member: TicketMember
    transitions: Sequence[Transition] = ()
    opened: Message | None = None
    message: Message | None = None
    new_message: NewMessage | None = None
    checkpoint: int | None = None
    gone: list[TicketMember] = field(default_factory=list)
    moved: set[int] = field(default_factory=set)

    @property
    def all_changes(self) -> list[FieldChange]:
        """What changed, with the status once."""
        others = [change for change in self.changes if change[0] != "status"]
        moved = self.old_status != self.ticket.status
        return [*others, ("status", self.old_status, self.ticket.status)] if moved else others


def allowed_to(member: TicketMember) -> tuple[Command, ...]:
    """The commands that somebody may use on a ticket at all."""
    return commands.COMMANDS if member.responder else commands.FOR_REQUESTORS if member.requestor else ()


def execute_commands(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail) -> CommandResult:
    """Carry out all lines of a mail, post its words, and tell nobody. Refused if not all can be: nothing is done."""
    nested = uow.session.begin_nested()
    try:
        result = _attempt(uow, ticket, command_mail)
    except BaseException:
        nested.rollback()
        # Who was met in between is not there any more.
        uow.session.info.pop("people", None)
        raise
    nested.commit()
    return result


def _attempt(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail) -> CommandResult:
    lines = {line.command: line for line in command_mail.lines if line.command}
    problems = _line_problems(command_mail.lines, command_mail.allowed, ticket)
    members, queue = members_of(uow, ticket), ticket.queue.name
    changes: list[FieldChange] = []
    if (line := lines.get(commands.MERGE)) is not None and line not in problems:
        ticket, old = (
            _collect_problem(problems, line, lambda: _merge(uow, ticket, command_mail.person, line.value), ticket),
            ticket,
        )
        changes = [("merged", None, str(old.id))]
    before = snapshot(uow, ticket)
    changes += _set_things(uow, ticket, command_mail, problems)
    now = members_of(uow, ticket)
    member = _still_responder(command_mail.member, member_for(command_mail.person, now))
    result = CommandResult(ticket, before["status"], changes, member, gone=former_responders(members, now, queue))
    result.transitions = _transitions(uow, ticket, command_mail, member.roles_in(ticket.lifecycle), lines, problems)
    if problems:
        raise CommandsRefused([(line, problems.get(line, "")) for line in command_mail.lines])
    result.moved = {one.person_id for one in members if changes and changes[0][0] == "merged"} - _responders(now)
    _post_and_move(uow, result, command_mail)
    result.checkpoint = save_checkpoint(uow, ticket, before, command_mail.person.id)
    return result


def _responders(members: Sequence[TicketMember]) -> set[int]:
    return {member.person_id for member in members if member.responder}


def _line_problems(lines: Sequence[Line], allowed: Sequence[Command], ticket: Ticket) -> Problems:
    """What is wrong with lines whatever they say: no such command, not for this person, said twice, nothing said."""
    problems: Problems = {}
    seen: set[Command] = set()
    for line in lines:
        if line.command is None:
            problems[line] = commands.unknown(line, allowed)
        elif line.command not in allowed:
            problems[line] = f"Only those who answer for {ticket.queue.name} can use {line.command.name!r}."
        elif not line.value:
            problems[line] = f"It says nothing; it would be {line.command.value}, as in {line.command.line()!r}."
        elif line.command in seen and not line.command.repeats:
            problems[line] = f"{line.command.name!r} stands here more than once."
        seen |= {line.command} if line.command else set()
    return problems


def _collect_problem(problems: Problems, line: Line, attempt: Callable[[], Found], otherwise: Found) -> Found:
    """What an attempt gives; where it cannot be, the problem is noted with its line."""
    try:
        return attempt()
    except (WorkflowError, NoSuchQueue, NoSuchPerson, NoSuchMessage, BadAddress) as error:
        problems[line] = str(error)
        return otherwise


def _merge(uow: UnitOfWork, ticket: Ticket, person: Person, given: str) -> Ticket:
    digits = given.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        raise NotAllowed(f"{given!r} is no ticket's number; it would be {commands.MERGE.line()!r}.")
    into = merging.merge_target(uow, ticket, int(digits))
    if not member_for(person, members_of(uow, into)).responder:
        raise NotAllowed(f"Ticket {digits} is in a queue for which you do not answer.")
    merging.merge(uow, ticket, into, person)
    return into


def _still_responder(before: TicketMember, now: TicketMember) -> TicketMember:
    """What somebody is on a ticket whose queue they have just changed: they wrote as somebody who answers for it."""
    return now._replace(answers=True) if before.responder and not now.responder else now


# What is set, in this order: who can be assigned depends on the queue.
_SET = (
    commands.QUEUE,
    commands.OWNER,
    commands.REQUESTOR,
    commands.ADD_CC,
    commands.DEL_CC,
    commands.SUBJECT,
    commands.PRIORITY,
)


def _set_things(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail, problems: Problems) -> list[FieldChange]:
    changes: list[FieldChange] = []
    for command in _SET:
        for line in command_mail.lines:
            if line.command is command and line not in problems:
                changes += _collect_problem(problems, line, lambda line=line: _set(uow, ticket, command_mail, line), [])  # type: ignore[misc] # of a default
    return changes


def _set(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail, line: Line) -> list[FieldChange]:
    settings = _settings(uow, ticket, command_mail, line.command, line.value)
    return [
        change
        for field_changes in settings
        for change in apply_changes(uow, ticket, command_mail.person, field_changes)
    ]


def _settings(
    uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail, command: Command | None, value: str
) -> list[FieldChanges]:
    """What a line sets. Raises what `_collect_problem` notes."""
    if command is commands.QUEUE:
        return [FieldChanges(queue=find_queue(uow, value))]
    if command is commands.OWNER:
        return [_owner(uow, ticket, command_mail, value)]
    if command is commands.REQUESTOR:
        return [FieldChanges(requestor=person_named(uow, value))]
    if command is commands.ADD_CC:
        return [FieldChanges(participant=person) for person in people_named(uow, value)]
    if command is commands.DEL_CC:
        return [FieldChanges(gone=person) for person in people_named(uow, value)]
    if command is commands.PRIORITY:
        return [_priority(value)]
    return [FieldChanges(title=value)]


def _owner(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail, value: str) -> FieldChanges:
    if value.casefold() == "nobody":
        return FieldChanges(nobody=True)
    if value.casefold() == "me":
        return FieldChanges(assignee=command_mail.person)
    members = members_of(uow, ticket)
    return FieldChanges(assignee=colleague_named(uow, value, members, assignable(uow, members)))


def _priority(value: str) -> FieldChanges:
    if value.casefold() == "none":
        return FieldChanges(no_priority=True)
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise NotAllowed(f"{value!r} is no priority; it would be a whole number, or none.")
    return FieldChanges(priority=int(value))


def _transitions(
    uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail, roles: ActorRoles, lines: Lines, problems: Problems
) -> list[Transition]:
    """What the mail does to the status: first what the reply does, then what `Status` says."""
    line, life = lines.get(commands.STATUS), ticket.lifecycle
    if line and command_mail.private and command_mail.opened is None:
        problems.setdefault(line, f"A private comment changes no status; mail to ticket{ticket.id}@{uow.domain} does.")
    wanted = (
        _collect_problem(problems, line, lambda: life.status(line.value), None)
        if line and line not in problems
        else None
    )
    answered = has_answer(uow, ticket)
    transitions = _reply_transition(ticket, command_mail, roles, lines, problems, wanted, answered=answered)
    now = transitions[-1].status if transitions else ticket.status
    if line and wanted not in (None, now):
        last = _collect_problem(
            problems, line, lambda: transition_to(life, roles, now, wanted or "", answered=answered), None
        )
        transitions += [last] if last else []
    return transitions


def _reply_transition(
    ticket: Ticket,
    command_mail: CommandMail,
    roles: ActorRoles,
    lines: Lines,
    problems: Problems,
    wanted: str | None,
    *,
    answered: bool,
) -> list[Transition]:
    """What the reply itself does: what `Action` says, else what its words do; nothing where it has none."""
    line, life = lines.get(commands.ACTION), ticket.lifecycle
    if line is not None:
        asked = _collect_problem(
            problems, line, lambda: _named(ticket, command_mail, roles, line.value, wanted, answered=answered), None
        )
        return [asked] if asked else []
    if not _is_reply(command_mail, ticket):
        return []
    return [transition_by_text(life, roles, ticket.status, wanted, private=command_mail.private, answered=answered)]


def _is_reply(command_mail: CommandMail, ticket: Ticket) -> bool:
    """Whether a mail has words for this ticket; the first mail of another one has, if that was merged into it."""
    return command_mail.has_text and (command_mail.opened is None or command_mail.opened.ticket_id != ticket.id)


def _named(
    ticket: Ticket, command_mail: CommandMail, roles: ActorRoles, value: str, wanted: str | None, *, answered: bool
) -> Transition:
    """The step that `Action` names. Raises NotAllowed."""
    life, action = ticket.lifecycle, ticket.lifecycle.action(value)
    if command_mail.opened is not None:
        raise NotAllowed("A first mail opens a ticket, and takes no other action.")
    if command_mail.private and action != life.comment:
        raise NotAllowed(f"A private comment does nothing else; {action.title!r} needs the ticket's other address.")
    transition = transition_by_action(life, roles, ticket.status, action, wanted, answered=answered)
    if not command_mail.has_text and transition.status == ticket.status:
        raise NotAllowed(f"{action.title!r} says something: write it under the commands, after an empty line.")
    return transition


def _post_and_move(uow: UnitOfWork, result: CommandResult, command_mail: CommandMail) -> None:
    """Take the steps, and post the words with the first of them, unless they are on the ticket already."""
    ticket, transitions = result.ticket, result.transitions
    roles = result.member.roles_in(ticket.lifecycle)
    if not _is_reply(command_mail, ticket) or command_mail.opened is not None:
        take_transitions(uow, ticket, result.member, roles, transitions, None)
        is_reply = _is_reply(command_mail, ticket)
        result.opened = None if is_reply else command_mail.opened
        if is_reply:
            result.message, result.new_message = (
                command_mail.opened,
                _words_for(uow, ticket, command_mail, private=command_mail.private),
            )
        return
    recorded = transitions[0].rule.recorded_action
    private = command_mail.private or ticket.lifecycle.keeps_private(recorded, ticket.status, roles.role)
    result.new_message = _words_for(uow, ticket, command_mail, private=private)
    result.message = take_transitions(
        uow, ticket, result.member, roles, transitions, result.new_message, private=private
    )


def _words_for(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail, *, private: bool) -> NewMessage:
    """The words of a mail as they go to the ticket's people."""
    return (
        command_mail.new_message
        if private
        else without_private_text(uow, ticket, command_mail.new_message, command_mail.person.id)
    )


def notify_of_commands(
    uow: UnitOfWork, result: CommandResult, command_mail: CommandMail, notes: Sequence[str] = ()
) -> None:
    """Tell everybody whom it concerns of what a mail with commands did, and who wrote it by a receipt with `notes`."""
    notify_others(uow, result, command_mail)
    if result.opened is None:
        members = members_of(uow, result.ticket)
        writer = receipts.ReceiptRecipient(
            result.ticket, result.member, members, command_mail.new_message, command_mail.private
        )
        receipts.send_receipt(uow, writer, result.all_changes, notes, checkpoint=result.checkpoint)


def notify_others(uow: UnitOfWork, result: CommandResult, command_mail: CommandMail) -> None:
    """Tell everybody whom it concerns but the writer of what commands did."""
    ticket, members = result.ticket, members_of(uow, result.ticket)
    event = TicketEvent(_action(result), result.old_status, result.member, result.changes, result.checkpoint)
    if result.opened is not None:
        notify_opened(uow, ticket, result.opened, command_mail.person, members, command_mail.new_message, event)
        return
    if result.message is not None and result.new_message is not None:
        notify_posted(uow, ticket, result.message, event, members, result.new_message, result.gone)
    elif result.all_changes:
        notify_changed(uow, ticket, event, members, result.gone, to_all=bool(result.transitions))
        notify_moved(uow, ticket, event, [member for member in members if member.person_id in result.moved], members)


def _action(result: CommandResult) -> Action | None:
    """The action that heads the letters: that of the words, or the one that changed the status."""
    if not result.transitions:
        return None
    row = result.transitions[0].rule
    # Without words nobody has answered or asked, whatever the status says.
    wordless = result.message is None and (result.changes or row.answer is AnswerEffect.KEPT)
    return None if wordless else row.recorded_action
