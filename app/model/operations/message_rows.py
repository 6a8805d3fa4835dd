"""A message as it is inserted, with its attachments."""

from typing import TYPE_CHECKING, cast

from sqlalchemy import Table, insert

from ..lifecycle.tables import Action
from ..records.messages import ADD_MESSAGE, Attachment, Message, Via, attachment_rows
from ..storage.mapped_rows import unattached
from ..storage.unit_of_work import UnitOfWork
from ..tickets.posts import NewMessage, plausible_date

if TYPE_CHECKING:
    pass


def add_message(
    uow: UnitOfWork,
    ticket_id: int,
    number: int,
    status: str,
    sender_id: int | None,
    action: Action | None,
    new_message: NewMessage,
    *,
    private: bool,
) -> Message:
    """Insert a message; `number` is its place on the ticket, `status` that of the ticket after it."""
    columns = {
        "ticket_id": ticket_id,
        "number": number,
        "message_id": new_message.message_id,
        "in_reply_to": new_message.in_reply_to,
        "parent_id": new_message.parent.id if new_message.parent else None,
        "sender_id": sender_id,
        "subject": new_message.subject,
        "text": new_message.text,
        "full_text": new_message.full_text,
        "action": action.title if action else None,
        "new_status": status,
        "private": private,
        "held": new_message.held,
        "automatic": new_message.automatic,
        "listed": new_message.listed,
        "verified": new_message.verified,
        "date": plausible_date(new_message.date, uow.now),
        "received": uow.now,
        "mail_id": new_message.mail_id,
        "original_id": new_message.original_id,
        "via": _way_of(new_message),
    }
    [(message_id,)] = ADD_MESSAGE.rows(uow.connection, columns)
    if new_message.attachments:
        uow.connection.execute(_ADD_ATTACHMENTS, attachment_rows(message_id, new_message.attachments))
    return unattached(Message, {"id": message_id, **columns})


def _way_of(new_message: NewMessage) -> Via:
    """Return how a message came."""
    if new_message.web:
        return Via.WEB
    return Via.COMMAND if new_message.mail_id is None else Via.MAIL


_ADD_ATTACHMENTS = insert(cast("Table", Attachment.__table__))
