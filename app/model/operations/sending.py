"""Post to everybody what stands on a ticket in private: a reply that was held, or a note that its writer sends."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from sqlalchemy import select

from ...mail.addresses import address_key
from ...mail.parsed import parse_mail
from ..lifecycle.tables import NotAllowed, find_rule, target_status
from ..records.messages import Message
from ..records.received_mail import Mail
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import TicketMember
from ..tickets.posts import NewMessage, Parent, Transition
from ..tickets.transitions import is_private
from ..tickets.undo import save_checkpoint, snapshot
from .transition_steps import take_transitions
from .workflow import without_private_text

if TYPE_CHECKING:
    from ...mail.parsed import ParsedAttachment as Attached


def send(
    uow: UnitOfWork, ticket: Ticket, actor: TicketMember, message: Message, members: Sequence[TicketMember]
) -> Event:
    """Post a private message as its writer's public words, with the default action; it keeps its number.

    Raises NotAllowed where the writer's words would be private, before anything is done.
    """
    old, lifecycle, roles = ticket.status, ticket.lifecycle, actor.roles_in(ticket.lifecycle)
    action = lifecycle.default_reply(old, roles.role).action
    if is_private(lifecycle, old, roles, action, comment=False):
        raise NotAllowed("words_are_private_now")
    rule, before = find_rule(lifecycle, action, old, roles), snapshot(uow, ticket)
    take_transitions(uow, ticket, actor, roles, [Transition(rule, target_status(rule, old))], None, message=message)
    ticket.last_posted = ticket.last_public = uow.now
    uow.session.flush()
    new_message = without_private_text(uow, ticket, _words_of(uow, message), actor.person_id)
    message.text = new_message.text
    checkpoint = save_checkpoint(uow, ticket, before, actor.person_id)
    return Event(ticket, members, actor, old, rule.recorded_action, (), checkpoint, message, new_message)


def _words_of(uow: UnitOfWork, message: Message) -> NewMessage:
    """Return a message as it was posted; its writer has proven now that it is theirs."""
    parent = uow.session.get(Message, message.parent_id) if message.parent_id else None
    return NewMessage(
        text=message.text,
        full_text=message.full_text,
        subject=message.subject,
        message_id=message.message_id,
        in_reply_to=message.in_reply_to,
        parent=Parent(parent.id, parent.message_id, parent.private) if parent else None,
        date=message.date,
        automatic=message.automatic,
        listed=message.listed,
        verified=True,
        mail_id=message.mail_id,
        attachments=cast("Sequence[Attached]", message.attachments),
        named=_named_in(uow, message),
    )


def _named_in(uow: UnitOfWork, message: Message) -> frozenset[str]:
    """Return the keys of the addresses to which the mail of a message already went."""
    raw = uow.session.scalar(select(Mail.raw).where(Mail.id == message.mail_id))
    return frozenset(address_key(mailbox.email) for mailbox in parse_mail(raw).to) if raw else frozenset()
