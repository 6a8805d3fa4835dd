"""How what is recorded of tickets and mails is rewritten without somebody: changes, titles, envelopes."""

from collections.abc import Collection, Iterator
from typing import Any, cast

from sqlalchemy import Table, select, update

from ..records.messages import Message
from ..records.received_mail import Delivery, Mail
from ..records.tickets import UNDELIVERED, Change, Ticket
from ..storage.base import in_portions
from ..storage.unit_of_work import Desk
from ..tickets.undo import Checkpoint
from .identity_patterns import Traces
from .personal_data import contains_any

_MESSAGE, _MAIL = (cast("Table", one.__table__) for one in (Message, Mail))


def rewrite_changes(desk: Desk, traces: Traces, tickets: Collection[int]) -> None:
    """Take somebody out of what is recorded of tickets."""
    named = contains_any(Change.old, traces.spellings) | contains_any(Change.new, traces.spellings)
    changes = {one.id: one for one in desk.session.scalars(select(Change).where(named))}
    for portion in in_portions(tickets):
        set_ = select(Change).where(Change.ticket_id.in_(portion), Change.field == "subject")
        changes |= {one.id: one for one in desk.session.scalars(set_)}
    for one in changes.values():
        one.old, one.new = _record(traces, one, one.old), _record(traces, one, one.new)
    desk.session.flush()


def _record(traces: Traces, change: Change, value: str | None) -> str | None:
    if value is None:
        return None
    if change.field == "subject":
        return _title(traces, change.ticket_id, value)
    if change.field == UNDELIVERED and traces.names_them(value):
        # What the other side's server has said may name them in ways of its own.
        return f"{traces.anonymous}: a letter came to nothing"
    return traces.anonymous if traces.is_theirs(value) else traces.without_addresses(value)


def _title(traces: Traces, ticket: int, title: str) -> str:
    return traces.title if title in traces.titles_on(ticket) else title


def rewrite_tickets(desk: Desk, traces: Traces, tickets: Collection[int]) -> set[int]:
    """Let titles that were somebody's words say that they are gone, with whatever repeats them, and ids name others.

    The ids of the messages of others that change by it.
    """
    found: set[int] = set()
    for portion in in_portions(tickets):
        for ticket in desk.session.scalars(select(Ticket).where(Ticket.id.in_(portion))):
            ticket.title = _title(traces, ticket.id, ticket.title)
            ticket.root = traces.with_other_ids(ticket.root) if ticket.root else None
        for kept in desk.session.scalars(select(Checkpoint).where(Checkpoint.ticket_id.in_(portion))):
            kept.title = _title(traces, kept.ticket_id, kept.title)
        for values in list(_messages(desk, traces, portion)):
            number, mail = values.pop("id"), values.pop("mail")
            found.add(number)
            desk.connection.execute(update(_MESSAGE).where(_MESSAGE.c.id == number).values(**values))
            desk.connection.execute(update(_MAIL).where(_MAIL.c.id == mail).values(subject=values["subject"]))
    desk.session.flush()
    for portion_of_ids in _portions(list(traces.ids)):
        forwards = update(Message).where(Message.original_id.in_(portion_of_ids))
        desk.session.execute(forwards.values(original_id=None))
    return found


def _portions(ids: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(ids), 10_000):
        yield ids[at : at + 10_000]


def _messages(desk: Desk, traces: Traces, tickets: Collection[int]) -> Iterator[dict[str, Any]]:
    """What changes of others' messages: the id that they answer, and a subject which is one of the titles."""
    columns = (Message.id, Message.ticket_id, Message.mail_id, Message.subject, Message.in_reply_to)
    query = select(*columns).where(Message.ticket_id.in_(tickets), Message.sender_id.is_distinct_from(traces.person_id))
    for number, ticket, mail, subject, in_reply_to in desk.session.execute(query):
        other = {"subject": traces.retitled(subject, ticket)}
        other |= {"in_reply_to": traces.ids.get(in_reply_to, in_reply_to)} if in_reply_to else {}
        if other["subject"] != subject or other.get("in_reply_to") != in_reply_to:
            yield {"id": number, "mail": mail, **other}


def rewrite_mails(desk: Desk, traces: Traces) -> None:
    """Take somebody's address out of the envelopes of others' mails, and out of what became of these."""
    written = desk.session.scalars(select(Mail.envelope_from).where(Mail.envelope_from.is_not(None)).distinct())
    for one in [one for one in written if traces.is_theirs(one)]:
        desk.session.execute(update(Mail).where(Mail.envelope_from == one).values(envelope_from=traces.anonymous))
    for delivery in desk.session.scalars(select(Delivery).where(contains_any(Delivery.reason, traces.spellings))):
        delivery.reason = traces.without_addresses(delivery.reason)
    desk.session.flush()
