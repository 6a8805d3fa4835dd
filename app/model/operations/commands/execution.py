"""How the commands of a mail are carried out: all of them, or none (docs/interface.md, section 6)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ...lifecycle import commands
from ...lifecycle.commands import Command, Line
from ...lifecycle.tables import Action, AnswerEffect
from ...records.messages import Message
from ...records.tickets import Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets import merging
from ...tickets.days import pause, read_wanted
from ...tickets.events import Event
from ...tickets.fields import former_responders
from ...tickets.members import FormerQueue, TicketMember, member_for, members_of
from ...tickets.posts import NewMessage, Transition
from ...tickets.transitions import is_private
from ...tickets.undo import FieldChange, Snapshot, save_checkpoint, snapshot
from ...wording import say
from ..transition_steps import take_transitions
from ..workflow import without_private_text
from .command_mail import CommandMail, CommandsRefused, MergeWaits, Problems
from .line_setters import set_things
from .line_transitions import Lines, is_reply, transitions_of_lines
from .merge_line import merge_goal

# Lines by which somebody comes or goes.
_OF_PEOPLE = (commands.QUEUE, commands.REQUESTOR, commands.ADD_CC, commands.DEL_CC)


class _Done(NamedTuple):
    """What the lines of a mail have set before its words are posted, and the steps that are to come.

    `command_mail` knows whether it has moved the ticket, `before` is how that was, `formerly` the queue that it had.
    """

    ticket: Ticket
    command_mail: CommandMail
    before: Snapshot
    formerly: FormerQueue
    changes: Sequence[FieldChange]
    members: Sequence[TicketMember]
    member: TicketMember
    transitions: Sequence[Transition]
    merged: bool


def execute_commands(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail) -> Event:
    """Carry out all lines of a mail, and post its words. Nothing is done if it raises.

    Raises CommandsRefused if not all lines can be carried out, MergeWaits if a merge must be confirmed before.
    """
    with _all_or_nothing(uow):
        lines = {line.command: line for line in command_mail.lines if line.command}
        done = _set_all(uow, ticket, command_mail, lines)
        ticket, changes, old, members = done.ticket, done.changes, done.before["status"], done.members
        message, new_message = _post_and_move(uow, ticket, done.member, done.transitions, done.command_mail)
        if (wish := lines.get(commands.STATUS)) is not None:
            wanted = read_wanted(ticket.lifecycle, wish.value, uow.now)
            changes = [*changes, *pause(uow, ticket, command_mail.person, wanted)]
        return Event(
            ticket,
            members,
            done.member,
            old,
            _action(done.transitions, message, changes),
            changes,
            save_checkpoint(uow, ticket, done.before, command_mail.person.id),
            message,
            new_message,
            opened=command_mail.opened is not None and not is_reply(command_mail, ticket),
            gone=former_responders(command_mail.members, members, done.formerly),
            moved=_outsiders_who_came(command_mail.members, members) if done.merged else frozenset(),
            to_all=bool(done.transitions),
            # Lines that change nothing are news to nobody.
            quiet=message is None and not changes and ticket.status == old,
        )


def _set_all(uow: UnitOfWork, ticket: Ticket, command_mail: CommandMail, lines: Lines) -> _Done:
    """Merge the ticket and set what the lines say, and find the steps. Raises CommandsRefused or MergeWaits."""
    problems = _line_problems(command_mail.lines, command_mail.allowed, ticket)
    formerly = FormerQueue(ticket.queue.name, ticket.id)
    before, changes, unasked = command_mail.let_in.before, list(command_mail.let_in.changes), False
    if (line := lines.get(commands.MERGE)) is not None and line not in problems:
        with problems.on(line):
            into = merge_goal(uow, ticket, command_mail.person, line.value)
            unasked = not command_mail.confirmed and merging.joins_others(ticket, into, command_mail.person)
            changes += merging.merge(uow, ticket, into, command_mail.person)
            ticket, before = into, None
    before = before or snapshot(uow, ticket, people=not lines.keys().isdisjoint(_OF_PEOPLE))
    changes += set_things(uow, ticket, command_mail, problems)
    members = members_of(uow, ticket) if changes else command_mail.members
    moved = any(field == "queue" for field, _, _ in changes)
    command_mail = command_mail._replace(moves=moved and commands.ACTION not in lines)
    member = _still_responder(command_mail.member, member_for(command_mail.person, members))
    roles = member.roles_in(ticket.lifecycle)
    transitions = transitions_of_lines(uow, ticket, command_mail, roles, lines, problems)
    if problems:
        raise CommandsRefused([(line, problems.get(line)) for line in command_mail.lines])
    if unasked:
        raise MergeWaits
    merged = commands.MERGE in lines
    return _Done(ticket, command_mail, before, formerly, changes, members, member, transitions, merged)


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


def _outsiders_who_came(before: Sequence[TicketMember], now: Sequence[TicketMember]) -> frozenset[int]:
    """Return the people of a ticket that was merged who are not on the team of the one that it is part of now."""
    team = {member.person_id for member in now if member.responder}
    return frozenset(member.person_id for member in before if member.person_id not in team)


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


def _still_responder(before: TicketMember, now: TicketMember) -> TicketMember:
    """Return the roles of a person who just moved the ticket away: for this mail they still count as a responder."""
    return now._replace(answers=True) if before.responder and not now.responder else now


def _post_and_move(
    uow: UnitOfWork, ticket: Ticket, member: TicketMember, transitions: Sequence[Transition], command_mail: CommandMail
) -> tuple[Message | None, NewMessage | None]:
    """Take the steps, and post the words with the first of them, unless they are on the ticket already."""
    roles = member.roles_in(ticket.lifecycle)
    if command_mail.opened is not None or not command_mail.has_text:
        take_transitions(uow, ticket, member, roles, transitions, None)
        # The first mail of a ticket that was merged into this one is news here.
        event = command_mail.opened is not None and is_reply(command_mail, ticket)
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
