"""A mail that takes the last change of its ticket back."""

from ...letters import receipts
from ...lifecycle import commands
from ...lifecycle.tables import NotAllowed
from ...operations import workflow
from ...storage.unit_of_work import UnitOfWork
from ...tickets.undo import extend_checkpoint, undoable_checkpoint
from ...wording import say
from .. import asking_letters
from ..effects import Effect
from ..performed import Performed
from .posting import post_if_any
from .short_answers import refusal
from .ticket_reply import TicketReply


def undo(uow: UnitOfWork, reply: TicketReply) -> Performed:
    """Take the last change back, or let that wait for a yes."""
    letter_checkpoint = reply.thread.letter.checkpoint if reply.thread.letter else None
    if Effect.UNDO in reply.permission.now:
        return undo_last_change(uow, reply, letter_checkpoint)
    # The words below an `undo` that waits must not be what has happened since.
    checkpoint = undoable_checkpoint(uow, reply.ticket)
    done = post_if_any(uow, reply, comment=True)
    extend_checkpoint(uow, reply.ticket, checkpoint)
    meant = checkpoint.id if checkpoint else letter_checkpoint
    return done._replace(
        answer=lambda uow, to: asking_letters.hold_for_confirmation(uow, to, [commands.UNDO], checkpoint=meant)
    )


def undo_last_change(
    uow: UnitOfWork, reply: TicketReply, letter_checkpoint: int | None, *, was_pending: bool = False
) -> Performed:
    ticket = reply.ticket
    try:
        undone = workflow.undo(
            uow, ticket, reply.person, reply.members, letter_checkpoint=letter_checkpoint, was_pending=was_pending
        )
    except NotAllowed as error:
        heading = say("notes.undo_refused", why=error.text)
        done = post_if_any(uow, reply, comment=True)
        return done._replace(answer=refusal(heading, posted=reply.has_text))
    notes = [say("notes.rest_is_a_comment")] if reply.has_text else []
    # What else the mail says must not change the status that was just brought back.
    done = post_if_any(uow, reply._replace(members=undone.members), comment=True)
    return done._replace(
        events=(undone, *done.events),
        answer=lambda uow, to: receipts.send_receipt(
            uow, to, undone.changes, notes, checkpoint=undone.checkpoint, undone=True
        ),
    )
