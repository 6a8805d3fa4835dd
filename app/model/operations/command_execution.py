"""How the commands of a mail are carried out: all of them, or none (docs/interface.md, section 6)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ..lifecycle import commands
from ..lifecycle.commands import Command, Line
from ..lifecycle.tables import Action, ActorRoles, AnswerEffect, NotAllowed, WorkflowError
from ..records.addressing import ticket_address
from ..records.messages import Message, NoSuchMessage
from ..records.people import BadAddress, NoSuchPerson, Person
from ..records.queues import NoSuchQueue, Queue, find_queue
from ..records.tickets import MERGED, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets import merging
from ..tickets.days import pause, read_wanted
from ..tickets.events import Event
from ..tickets.fields import FieldChanges, apply_changes, former_responders
from ..tickets.members import FormerQueue, TicketMember, member_for, members_of
from ..tickets.merging import NewReaders
from ..tickets.person_lookup import colleague_named, people_named, person_named
from ..tickets.posts import NewMessage, Transition
from ..tickets.transitions import has_answer, is_private, transition_by_action, transition_by_text, transition_to
from ..tickets.undo import NOBODY_LET_IN, FieldChange, LetIn, save_checkpoint, snapshot
from ..wording import Sentence, say
from .transition_steps import take_transitions
from .workflow import without_private_text

Lines = Mapping[Command, Line]


class Problems(dict[Line, Sentence]):
    """What is wrong with the lines of a mail."""

    @contextmanager
    def on(self, line: Line) -> Iterator[None]:
        """Note with its line why what is done within cannot be done."""
        try:
            yield
        except (WorkflowError, NoSuchQueue, NoSuchPerson, NoSuchMessage, BadAddress) as error:
            self[line] = error.text


class CommandsRefused(Exception):
    """Not all lines of a mail can be carried out; `problems` has each line with what is wrong, or None."""

    def __init__(self, problems: Sequence[tuple[Line, Sentence | None]]) -> None:
        super().__init__("commands refused")
        self.problems = problems

    @property
    def reason(self) -> Sentence:
        """What is wrong with the first line that is not right."""
        return next(problem for _, problem in self.problems if problem)


class MergeWaits(Exception):
    """A mail merges tickets of different requestors, and nobody has said yes to that. Nothing is done."""


class CommandMail(NamedTuple):
    """One mail with commands: who wrote it, who is on its ticket, its lines and its words.

    `has_text`: it has words besides. `opened` is their message, if the mail has just opened the ticket. `allowed` are
    the commands that its writer may use. `moves`: it has moved the ticket to another queue, and names no action.
    `confirmed`: its writer has been told who will read what by a merge. `let_in` are those whom its Cc brought.
    """

    person: Person
    members: Sequence[TicketMember]
    lines: Sequence[Line]
    new_message: NewMessage
    has_text: bool
    allowed: Sequence[Command]
    private: bool = False
    opened: Message | None = None
    moves: bool = False
    confirmed: bool = False
    let_in: LetIn = NOBODY_LET_IN

    @property
    def private_words(self) -> bool:
        """Whether its words are a private comment: it is one, or they are for the new team."""
        return self.private or self.moves

    @property
    def member(self) -> TicketMember:
        """What its writer is on the ticket."""
        return member_for(self.person, self.members)


def allowed_to(member: TicketMember) -> tuple[Command, ...]:
    """The commands that somebody may use on a ticket at all."""
    return commands.COMMANDS if member.responder else commands.FOR_REQUESTORS if member.requestor else ()


def execute_commands(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail) -> Event:
    """Carry out all lines of a mail, and post its words. Nothing is done if it raises.

    Raises CommandsRefused if not all lines can be carried out, MergeWaits if a merge must be confirmed before.
    """
    with _all_or_nothing(uow):
        lines = {line.command: line for line in command_mail.lines if line.command}
        problems = _line_problems(command_mail.lines, command_mail.allowed, ticket)
        formerly, changes = FormerQueue(ticket.queue.name, ticket.id), list(command_mail.let_in.changes)
        before, unasked = command_mail.let_in.before, False
        if (line := lines.get(commands.MERGE)) is not None and line not in problems:
            changes.append((MERGED, None, str(ticket.id)))
            with problems.on(line):
                into = merge_goal(uow, ticket, command_mail.person, line.value)
                unasked = not command_mail.confirmed and merging.joins_others(ticket, into, command_mail.person)
                merging.merge(uow, ticket, into, command_mail.person)
                ticket, before = into, None
        before = before or snapshot(uow, ticket, people=not lines.keys().isdisjoint(_OF_PEOPLE))
        changes += _set_things(uow, ticket, command_mail, problems)
        members = members_of(uow, ticket) if changes else command_mail.members
        moved = any(field == "queue" for field, _, _ in changes)
        command_mail = command_mail._replace(moves=moved and commands.ACTION not in lines)
        member = _still_responder(command_mail.member, member_for(command_mail.person, members))
        transitions = _transitions(uow, ticket, command_mail, member.roles_in(ticket.lifecycle), lines, problems)
        if problems:
            raise CommandsRefused([(line, problems.get(line)) for line in command_mail.lines])
        if unasked:
            raise MergeWaits
        message, new_message = _post_and_move(uow, ticket, member, transitions, command_mail)
        if (wish := lines.get(commands.STATUS)) is not None:
            changes += pause(uow, ticket, command_mail.person, read_wanted(ticket.lifecycle, wish.value, uow.now))
        merged = commands.MERGE in lines
        return Event(
            ticket,
            members,
            member,
            before["status"],
            _action(transitions, message, changes),
            changes,
            save_checkpoint(uow, ticket, before, command_mail.person.id),
            message,
            new_message,
            opened=command_mail.opened is not None and not _is_reply(command_mail, ticket),
            gone=former_responders(command_mail.members, members, formerly),
            moved=frozenset(_people(command_mail.members) - _responders(members)) if merged else frozenset(),
            to_all=bool(transitions),
            # Lines that change nothing are news to nobody.
            quiet=message is None and not changes and ticket.status == before["status"],
        )


@contextmanager
def _all_or_nothing(uow: UnitOfWork) -> Iterator[None]:
    """Take everything back that was done within, if anything is raised."""
    try:
        with uow.session.begin_nested():
            yield
    except BaseException:
        # Who was met in between is not there any more, and prepared statements wrote what the session does not know.
        uow.session.info.pop("people", None)
        uow.session.expire_all()
        raise


def _people(members: Sequence[TicketMember]) -> set[int]:
    return {member.person_id for member in members}


def _responders(members: Sequence[TicketMember]) -> set[int]:
    return {member.person_id for member in members if member.responder}


def _line_problems(lines: Sequence[Line], allowed: Sequence[Command], ticket: Ticket) -> Problems:
    """What is wrong with lines whatever they say: no such command, not for this person, said twice, nothing said."""
    problems = Problems()
    written = [line.command for line in lines]
    for line in lines:
        if line.command is None:
            problems[line] = commands.unknown(line)
        elif line.command not in allowed:
            problems[line] = say("errors.command_of_team", command=line.command.name)
        elif not line.value:
            problems[line] = say("errors.command_needs_value", command=line.command.name, example=line.command.line())
        elif written.count(line.command) > 1 and not line.command.repeats:
            problems[line] = say("errors.command_twice", command=line.command.name)
    return problems


def readers_of_merge(uow: UnitOfWork, ticket: Ticket, person: Person, lines: Sequence[Line]) -> NewReaders:
    """Return who will read what if these lines merge tickets of different requestors; nobody if they do not."""
    given = next((line.value for line in lines if line.command is commands.MERGE), None)
    if given is None:
        return NewReaders()
    try:
        into = merge_goal(uow, ticket, person, given)
    except NotAllowed:
        return NewReaders()
    return merging.new_readers(uow, ticket, into) if merging.joins_others(ticket, into, person) else NewReaders()


def merge_goal(uow: UnitOfWork, ticket: Ticket, person: Person, given: str) -> Ticket:
    """Return the ticket into which somebody merges one, by its number as written. NotAllowed says why they cannot."""
    digits = given.removeprefix("#").rstrip(".")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        raise NotAllowed("no_ticket_number", given=given)
    into = merging.merge_target(uow, ticket, int(digits))
    if not member_for(person, members_of(uow, into)).responder:
        raise NotAllowed("merge_not_yours", number=digits)
    return into


def _still_responder(before: TicketMember, now: TicketMember) -> TicketMember:
    """Return the roles of a person who just moved the ticket away: for this mail they still count as a responder."""
    return now._replace(answers=True) if before.responder and not now.responder else now


# Lines by which somebody comes or goes.
_OF_PEOPLE = (commands.QUEUE, commands.REQUESTOR, commands.ADD_CC, commands.DEL_CC)


def _set_things(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail, problems: Problems) -> list[FieldChange]:
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


def _transitions(
    uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail, roles: ActorRoles, lines: Lines, problems: Problems
) -> list[Transition]:
    """What the mail does to the status: first what the reply does, then what `Status` says."""
    line, life = lines.get(commands.STATUS), ticket.lifecycle
    if line and command_mail.private and command_mail.opened is None:
        problems.setdefault(line, say("errors.note_changes_no_status", address=ticket_address(uow, ticket.id)))
    wanted = None
    if line and line not in problems:
        with problems.on(line):
            wanted = read_wanted(life, line.value, uow.now).status
    answered = has_answer(uow, ticket)
    transitions = _reply_transition(uow, ticket, command_mail, roles, lines, problems, wanted, answered=answered)
    now = transitions[-1].status if transitions else ticket.status
    if line and wanted not in (None, now):
        with problems.on(line):
            transitions.append(transition_to(life, roles, now, wanted or "", answered=answered))
    return transitions


def _reply_transition(
    uow: UnitOfWork,
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
        transitions: list[Transition] = []
        with problems.on(line):
            transitions.append(_named(uow, ticket, command_mail, roles, line.value, wanted, answered=answered))
        return transitions
    if not _is_reply(command_mail, ticket):
        return []
    return [
        transition_by_text(life, roles, ticket.status, wanted, private=command_mail.private_words, answered=answered)
    ]


def _is_reply(command_mail: CommandMail, ticket: Ticket) -> bool:
    """Whether a mail has words for this ticket; the first mail of another one has, if that was merged into it."""
    return command_mail.has_text and (command_mail.opened is None or command_mail.opened.ticket_id != ticket.id)


def _named(
    uow: UnitOfWork,
    ticket: Ticket,
    command_mail: CommandMail,
    roles: ActorRoles,
    value: str,
    wanted: str | None,
    *,
    answered: bool,
) -> Transition:
    """The step that `Action` names. Raises NotAllowed."""
    life, action = ticket.lifecycle, ticket.lifecycle.action(value)
    if command_mail.opened is not None:
        raise NotAllowed("first_email_opens")
    if command_mail.private and action != life.comment:
        raise NotAllowed(
            "note_is_a_comment",
            action=action.title,
            comment=life.comment.title,
            address=ticket_address(uow, ticket.id),
        )
    transition = transition_by_action(life, roles, ticket.status, action, wanted, answered=answered)
    if not command_mail.has_text and transition.status == ticket.status:
        raise NotAllowed("action_needs_words", action=action.title)
    return transition


def _post_and_move(
    uow: UnitOfWork, ticket: Ticket, member: TicketMember, transitions: Sequence[Transition], command_mail: CommandMail
) -> tuple[Message | None, NewMessage | None]:
    """Take the steps, and post the words with the first of them, unless they are on the ticket already."""
    roles = member.roles_in(ticket.lifecycle)
    if command_mail.opened is not None or not command_mail.has_text:
        take_transitions(uow, ticket, member, roles, transitions, None)
        # The first mail of a ticket that was merged into this one is news here.
        event = command_mail.opened is not None and _is_reply(command_mail, ticket)
        new_message = (
            _words_for(uow, ticket, command_mail, private=command_mail.private) if event else command_mail.new_message
        )
        return command_mail.opened, new_message if command_mail.opened else None
    private = is_private(
        ticket.lifecycle, ticket.status, roles, transitions[0].rule.recorded_action, comment=command_mail.private_words
    )
    new_message = _words_for(uow, ticket, command_mail, private=private)
    return take_transitions(uow, ticket, member, roles, transitions, new_message, private=private), new_message


def _words_for(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail, *, private: bool) -> NewMessage:
    """The words of a mail as they go to the ticket's people."""
    return (
        command_mail.new_message
        if private
        else without_private_text(uow, ticket, command_mail.new_message, command_mail.person.id)
    )


def _action(
    transitions: Sequence[Transition], message: Message | None, changes: Sequence[FieldChange]
) -> Action | None:
    """The action that heads the letters: that of the words, or the one that changed the status."""
    if not transitions:
        return None
    row = transitions[0].rule
    # Without words nobody has answered or asked, whatever the status says.
    wordless = message is None and (changes or row.answer is AnswerEffect.KEPT)
    return None if wordless else row.recorded_action
