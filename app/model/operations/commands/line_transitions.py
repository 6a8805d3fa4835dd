"""The steps that `Action`, `Status`, and the words of a mail take."""

from collections.abc import Mapping

from ...lifecycle import commands
from ...lifecycle.commands import Command, Line
from ...lifecycle.roles import ActorRoles
from ...lifecycle.tables import NotAllowed
from ...records.addressing import ticket_address
from ...records.tickets import Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets.days import read_wanted
from ...tickets.posts import Transition
from ...tickets.transitions import has_answer, transition_by_action, transition_by_text, transition_to
from ...wording import say
from .command_mail import CommandMail, Problems

Lines = Mapping[Command, Line]


def transitions_of_lines(
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
            transitions.append(_named_step(uow, ticket, command_mail, roles, line.value, wanted, answered=answered))
        return transitions
    if not is_reply(command_mail, ticket):
        return []
    return [
        transition_by_text(life, roles, ticket.status, wanted, private=command_mail.private_words, answered=answered)
    ]


def is_reply(command_mail: CommandMail, ticket: Ticket) -> bool:
    """Whether a mail has words for this ticket; the first mail of another one has, if that was merged into it."""
    return command_mail.has_text and (command_mail.opened is None or command_mail.opened.ticket_id != ticket.id)


def _named_step(
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
