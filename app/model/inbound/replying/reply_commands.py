"""The commands of a mail on its ticket."""

from collections.abc import Sequence
from functools import partial

from ...letters import offers, receipts
from ...letters.receipt_letters import ReceiptKind
from ...lifecycle.commands import Command, Line
from ...operations.commands.command_mail import CommandMail, CommandsRefused, MergeWaits
from ...operations.commands.execution import execute_commands
from ...records.letters import Letter
from ...storage.unit_of_work import UnitOfWork
from ...tickets.events import Event
from ...wording import Sentence, say
from .. import asking_letters, pending_commands
from ..inbound_mail import Fate
from ..outcome import MailOutcome
from .posting import confirm, lets_in_answered, may_confirm, post_if_any
from .ticket_reply import TicketReply


def perform_commands(
    uow: UnitOfWork,
    reply: TicketReply,
    lines: Sequence[Line],
    allowed: Sequence[Command],
    letter: Letter | None = None,
    *,
    confirmed: bool = False,
) -> MailOutcome:
    """Carry out the lines of a believed mail, or those that a yes has `confirmed`.

    What waited in the `letter` that it answers goes on waiting.
    """
    posted = reply.has_text
    private = reply.private and not lets_in_answered(uow, reply, lines)
    words = reply.new_message, posted, allowed, private
    command_mail = CommandMail(reply.person, reply.members, lines, *words, confirmed=confirmed, let_in=reply.let_in)
    try:
        event = execute_commands(uow, reply.ticket, command_mail)
    except CommandsRefused as refused:
        refusal = partial(receipts.send_command_refusal, problems=refused.problems, posted=posted)
        return post_if_any(uow, reply)._replace(answer=refusal)
    except MergeWaits:
        question = partial(asking_letters.ask_before_merge, lines=lines, posted=posted)
        return post_if_any(uow, reply)._replace(answer=question)
    if event.message is not None and not event.message.private and event.ticket is reply.ticket and may_confirm(reply):
        event = confirm(uow, event)
    return _outcome(reply, event, _still_waiting(uow, lines, letter) if letter else [], posted=posted)


def _outcome(reply: TicketReply, event: Event, notes: Sequence[Sentence], *, posted: bool) -> MailOutcome:
    moved = any(field == "queue" for field, _, _ in event.changes)
    return MailOutcome(
        Fate.POSTED if posted else Fate.STEERED,
        reply.ticket,
        (event,),
        partial(receipts.of_commands, event=event, notes=notes),
        offer=offers.of_move(event) if moved and event.message and event.message.private else None,
    )


def _still_waiting(uow: UnitOfWork, lines: Sequence[Line], letter: Letter) -> list[Sentence]:
    if letter.kind == ReceiptKind.AUTHOR:
        return []
    waits = pending_commands.keep_pending(uow, letter, lines) if pending_commands.is_pending(uow, letter) else []
    return [say("notes.still_waiting", lines=waits)] if waits else []
