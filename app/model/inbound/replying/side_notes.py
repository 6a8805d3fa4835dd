"""What the writer of a mail is told besides: who did not get it, and what happened meanwhile."""

from collections.abc import Sequence

from ...letters import offers, receipts
from ...letters.promises import Note
from ...lifecycle import commands
from ...lifecycle.commands import Line
from ...storage.unit_of_work import UnitOfWork
from ...tickets.events import Event
from ..finding.threads import answered_outsider
from ..interpretation import Commands, Text, Unproven, Wish
from ..outcome import MailOutcome
from .meanwhile import Before, notes_to_writer
from .posting import lets_in_answered
from .ticket_reply import TicketReply


def with_side_notes(
    uow: UnitOfWork, reply: TicketReply, wish: Wish, before: Before | None, outcome: MailOutcome
) -> MailOutcome:
    """Return what a mail has done, with all that its writer is told besides."""
    private = next((event for event in outcome.events if event.message and event.message.private), None)
    if private is not None and not reply.about.automatic:
        outcome = _with_offer(uow, reply, wish, private, outcome)
        outcome = _with_missed(uow, reply, wish, private, outcome)
    return outcome._replace(notes=(*outcome.notes, *notes_to_writer(uow, reply, before, outcome)))


def _with_offer(uow: UnitOfWork, reply: TicketReply, wish: Wish, private: Event, outcome: MailOutcome) -> MailOutcome:
    """Offer to send an answer to everybody that stays private, where its writer may have meant everybody."""
    if outcome.offer or not reply.about.kept_private:
        return outcome
    meant = reply.about.redirected or lets_in_answered(uow, reply, _lines_of(wish))
    return outcome._replace(offer=offers.of_private_answer(private)) if meant else outcome


def _with_missed(uow: UnitOfWork, reply: TicketReply, wish: Wish, private: Event, outcome: MailOutcome) -> MailOutcome:
    """Tell a responder who answers the comment of somebody not on the ticket that this person did not get it."""
    speaks = reply.member.responder and isinstance(wish, Text | Commands | Unproven)
    outsider = answered_outsider(uow, reply.thread, private.members) if speaks else None
    if outsider is None:
        return outcome
    parent = reply.thread.parent
    lines = receipts.lines_of_missed(reply.ticket, outsider, private.members)
    notes = [Note(line, frozenset({outsider.person_id})) for line in lines]
    return outcome._replace(notes=(*outcome.notes, *notes), about_id=parent.message if parent else None)


def _lines_of(wish: Wish) -> Sequence[Line]:
    """The commands of a mail, also those that wait."""
    if isinstance(wish, Unproven):
        return commands.lines_of("\n".join(wish.waiting))
    return wish.lines if isinstance(wish, Commands) else ()
