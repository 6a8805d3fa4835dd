"""The workflow: an action is looked up in the table, checked, and carried out."""

from collections.abc import Sequence
from dataclasses import replace

from ..lifecycle.roles import ActorRoles
from ..lifecycle.tables import Action, Rule, find_rule, target_status
from ..records.people import Person
from ..records.tickets import Participant, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.fields import former_responders
from ..tickets.members import FormerQueue, TicketMember, as_confirmed, member_for, members_of
from ..tickets.posts import NewMessage, Transition
from ..tickets.redaction import Redaction, Source
from ..tickets.transitions import is_private
from ..tickets.undo import NOBODY_LET_IN, LetIn, add_let_in, save_checkpoint, snapshot, undo_last_change
from .transition_steps import take_transitions


def take_action(
    uow: UnitOfWork,
    ticket: Ticket,
    actor: TicketMember | None,
    roles: ActorRoles,
    action: Action,
    new_message: NewMessage,
    members: Sequence[TicketMember],
    *,
    private: bool = False,
    status: str | None = None,
    answer: int | None = None,
    quiet: bool = False,
    rule: Rule | None = None,
    let_in: LetIn = NOBODY_LET_IN,
) -> Event:
    """Carry out an action on a ticket.

    `actor` is None where the tracker itself acts. `rule` is the row of the action, if it is not looked up. `let_in` is
    who came to the ticket by the same mail. Raises NotAllowed, or NoSuchMessage for an answer that is not there, before
    anything is done.
    """
    old, lifecycle = ticket.status, ticket.lifecycle
    row = rule or find_rule(lifecycle, action, old, roles)
    transition, recorded = Transition(row, target_status(row, old, status)), row.recorded_action
    private = is_private(lifecycle, old, roles, recorded, comment=private)
    by = actor.person_id if actor else None
    before = let_in.before or snapshot(uow, ticket)
    new_message = new_message if private else without_private_text(uow, ticket, new_message, by)
    message = take_transitions(uow, ticket, actor, roles, [transition], new_message, private=private, answer=answer)
    if actor and actor.dormant and not new_message.automatic:
        # Who speaks again takes part again, and from now on gets letters.
        uow.session.get_one(Participant, (ticket.id, actor.person_id)).dormant = False
        members = members_of(uow, ticket)
    checkpoint = save_checkpoint(uow, ticket, before, by)
    return Event(ticket, members, actor, old, recorded, let_in.changes, checkpoint, message, new_message, quiet=quiet)


def with_let_in(uow: UnitOfWork, event: Event, let_in: LetIn) -> Event:
    """What happened, and those who came to the ticket by it."""
    if not let_in.changes:
        return event
    checkpoint = add_let_in(uow, event.ticket, event.checkpoint, let_in, event.actor_id)
    changes = [*event.changes, *let_in.changes]
    return replace(event, members=as_confirmed(event.members), changes=changes, checkpoint=checkpoint)


def undo(
    uow: UnitOfWork,
    ticket: Ticket,
    actor: Person,
    members: Sequence[TicketMember],
    *,
    letter_checkpoint: int | None = None,
    was_pending: bool = False,
) -> Event:
    """Take the last change of a ticket back in somebody's name.

    `letter_checkpoint` and `was_pending` are those of `undo_last_change`. Raises NotAllowed before anything is done.
    """
    before, member = snapshot(uow, ticket, people=True), member_for(actor, members)
    formerly = FormerQueue(ticket.queue.name, ticket.id)
    changes = undo_last_change(
        uow, ticket, actor, responder=member.responder, letter_checkpoint=letter_checkpoint, was_pending=was_pending
    )
    checkpoint = save_checkpoint(uow, ticket, before, actor.id)
    now = members_of(uow, ticket)
    gone = former_responders(members, now, formerly)
    return Event(ticket, now, member, before["status"], None, changes, checkpoint, gone=gone, to_all=True, undoes=True)


def without_private_text(uow: UnitOfWork, ticket: Ticket, new_message: NewMessage, writer: int | None) -> NewMessage:
    """Words for everybody, without what a colleague quotes in them of private ones."""
    if not ticket.has_private:
        return new_message
    source = Source(writer, new_message.verified or new_message.mail_id is None, uow.now)
    return replace(new_message, text=Redaction(uow, ticket).without_private(new_message.text, source))
