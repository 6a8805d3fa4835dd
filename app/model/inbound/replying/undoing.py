"""A mail that takes the last change of its ticket back."""

from functools import partial

from ...letters import receipts
from ...lifecycle import commands
from ...lifecycle.tables import NotAllowed
from ...operations import workflow
from ...storage.unit_of_work import UnitOfWork
from ...tickets.undo import extend_checkpoint, undoable_checkpoint
from ...wording import Sentence, say
from .. import asking_letters
from ..effects import Effect
from ..outcome import Answer, MailOutcome
from .posting import post_if_any
from .ticket_reply import TicketReply


def undo(uow: UnitOfWork, reply: TicketReply) -> MailOutcome:
    """Take the last change back, or let that wait for a yes."""
    letter_checkpoint = reply.thread.letter.checkpoint if reply.thread.letter else None
    if Effect.UNDO in reply.permission.now:
        return undo_last_change(uow, reply, letter_checkpoint)
    # The words below an `undo` that waits must not be what has happened since.
    checkpoint = undoable_checkpoint(uow, reply.ticket)
    outcome = post_if_any(uow, reply, comment=True)
    extend_checkpoint(uow, reply.ticket, checkpoint)
    meant = checkpoint.id if checkpoint else letter_checkpoint
    return outcome._replace(
        answer=partial(asking_letters.hold_for_confirmation, lines=[commands.UNDO], checkpoint=meant)
    )


def undo_last_change(
    uow: UnitOfWork, reply: TicketReply, letter_checkpoint: int | None, *, was_pending: bool = False
) -> MailOutcome:
    ticket = reply.ticket
    try:
        undone = workflow.undo(
            uow, ticket, reply.person, reply.members, letter_checkpoint=letter_checkpoint, was_pending=was_pending
        )
    except NotAllowed as error:
        heading = say("notes.undo_refused", why=error.text)
        outcome = post_if_any(uow, reply, comment=True)
        return outcome._replace(answer=refusal(heading, posted=reply.has_text))
    notes = [say("notes.rest_is_a_comment")] if reply.has_text else []
    # What else the mail says must not change the status that was just brought back.
    outcome = post_if_any(uow, reply._replace(members=undone.members), comment=True)
    return outcome._replace(
        events=(undone, *outcome.events),
        answer=partial(
            receipts.send_receipt, changes=undone.changes, notes=notes, checkpoint=undone.checkpoint, undone=True
        ),
    )


def refusal(heading: Sentence, *, posted: bool | None) -> Answer:
    return partial(receipts.send_refusal, heading=heading, posted=posted)
