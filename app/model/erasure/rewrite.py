"""How what is recorded of tickets and mails is rewritten without somebody: changes, titles, envelopes."""

from collections.abc import Collection, Iterator
from typing import Any, cast

from sqlalchemy import Table, select, update

from ..records.messages import Message
from ..records.received_mail import Delivery, Mail
from ..records.tickets import UNDELIVERED, Change, Ticket
from ..storage.batches import batches
from ..storage.unit_of_work import UnitOfWork
from ..tickets.undo import Checkpoint
from .identity_patterns import IdentityPatterns
from .personal_data import contains_any

_MESSAGE, _MAIL = (cast("Table", mapped.__table__) for mapped in (Message, Mail))


def rewrite_changes(uow: UnitOfWork, patterns: IdentityPatterns, tickets: Collection[int]) -> None:
    """Take somebody out of what is recorded of tickets."""
    named = contains_any(Change.old, patterns.spellings) | contains_any(Change.new, patterns.spellings)
    changes = {change.id: change for change in uow.session.scalars(select(Change).where(named))}
    for batch in batches(sorted(tickets)):
        set_ = select(Change).where(Change.ticket_id.in_(batch), Change.field == "subject")
        changes |= {change.id: change for change in uow.session.scalars(set_)}
    for change in changes.values():
        change.old, change.new = _record(patterns, change, change.old), _record(patterns, change, change.new)
    uow.session.flush()


def _record(patterns: IdentityPatterns, change: Change, value: str | None) -> str | None:
    if value is None:
        return None
    if change.field == "subject":
        return _title(patterns, change.ticket_id, value)
    if change.field == UNDELIVERED and patterns.names_them(value):
        # What the other side's server has said may name them in ways of its own.
        return f"{patterns.anonymous}: a letter came to nothing"
    return patterns.anonymous if patterns.is_theirs(value) else patterns.without_addresses(value)


def _title(patterns: IdentityPatterns, ticket: int, title: str) -> str:
    return patterns.title if title in patterns.titles_on(ticket) else title


def rewrite_tickets(uow: UnitOfWork, patterns: IdentityPatterns, tickets: Collection[int]) -> set[int]:
    """Let titles that were somebody's words say that they are gone, with whatever repeats them, and ids name others.

    The ids of the messages of others that change by it.
    """
    retitled: set[int] = set()
    for batch in batches(sorted(tickets)):
        for ticket in uow.session.scalars(select(Ticket).where(Ticket.id.in_(batch))):
            ticket.title = _title(patterns, ticket.id, ticket.title)
            ticket.root = patterns.with_other_ids(ticket.root) if ticket.root else None
        for checkpoint in uow.session.scalars(select(Checkpoint).where(Checkpoint.ticket_id.in_(batch))):
            checkpoint.title = _title(patterns, checkpoint.ticket_id, checkpoint.title)
        for values in list(_messages(uow, patterns, batch)):
            number, mail = values.pop("id"), values.pop("mail")
            retitled.add(number)
            uow.connection.execute(update(_MESSAGE).where(_MESSAGE.c.id == number).values(**values))
            uow.connection.execute(update(_MAIL).where(_MAIL.c.id == mail).values(subject=values["subject"]))
    uow.session.flush()
    for message_ids in batches(patterns.ids):
        forwards = update(Message).where(Message.original_id.in_(message_ids))
        uow.session.execute(forwards.values(original_id=None))
    return retitled


def _messages(uow: UnitOfWork, patterns: IdentityPatterns, tickets: Collection[int]) -> Iterator[dict[str, Any]]:
    """What changes of others' messages: the id that they answer, and a subject which is one of the titles."""
    columns = (Message.id, Message.ticket_id, Message.mail_id, Message.subject, Message.in_reply_to)
    query = select(*columns).where(
        Message.ticket_id.in_(tickets), Message.sender_id.is_distinct_from(patterns.person_id)
    )
    for number, ticket, mail, subject, in_reply_to in uow.session.execute(query):
        values = {"subject": patterns.retitled(subject, ticket)}
        values |= {"in_reply_to": patterns.ids.get(in_reply_to, in_reply_to)} if in_reply_to else {}
        if values["subject"] != subject or values.get("in_reply_to") != in_reply_to:
            yield {"id": number, "mail": mail, **values}


def rewrite_mails(uow: UnitOfWork, patterns: IdentityPatterns) -> None:
    """Take somebody's address out of the envelopes of others' mails, and out of what became of these."""
    written = uow.session.scalars(select(Mail.envelope_from).where(Mail.envelope_from.is_not(None)).distinct())
    for sender in [sender for sender in written if patterns.is_theirs(sender)]:
        uow.session.execute(update(Mail).where(Mail.envelope_from == sender).values(envelope_from=patterns.anonymous))
    for delivery in uow.session.scalars(select(Delivery).where(contains_any(Delivery.reason, patterns.spellings))):
        delivery.reason = patterns.without_addresses(delivery.reason)
    uow.session.flush()
