"""A ticket as it is shown: as JSON for scripts, as far as the one who looks may see it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import NoneType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from ..records.message_ids import is_our_id
from ..records.messages import Attachment, Message
from ..records.people import Person, find_person, label_of
from ..records.tickets import Change, NoSuchTicket, Participant, Ticket
from ..storage.unit_of_work import UnitOfWork
from .members import TicketMember, member_for, members_of
from .redaction import Redaction
from .transitions import promise
from .visibility import ids_as_shown, may_see, visible_messages, visible_numbers

Json = dict[str, Any]


def ticket_summaries(uow: UnitOfWork, tickets: Sequence[Ticket]) -> list[Json]:
    """What `tickets list` shows of tickets (docs/interface.md, section 9)."""
    query = (
        select(Participant.ticket_id, Participant.subscribed, Person)
        .join(Person, Participant.person_id == Person.id)
        .where(Participant.ticket_id.in_([ticket.id for ticket in tickets]))
        .order_by(Person.id)
    )
    taking_part: dict[int, list[Person]] = {}
    left: dict[int, list[Person]] = {}
    for ticket_id, subscribed, person in uow.session.execute(query):
        (taking_part if subscribed else left).setdefault(ticket_id, []).append(person)
    return [_summary(ticket, taking_part.get(ticket.id, []), left.get(ticket.id, [])) for ticket in tickets]


def _summary(ticket: Ticket, participants: Sequence[Person], left: Sequence[Person]) -> Json:
    unsubscribed = [*([ticket.requestor] if ticket.requestor_left else []), *left]
    return {
        "id": ticket.id,
        "queue": ticket.queue.name,
        "lifecycle": ticket.lifecycle.name,
        "title": ticket.title,
        "status": ticket.status,
        "priority": ticket.priority,
        "requestor": person_json(ticket.requestor),
        "assignee": person_json(ticket.assignee),
        "participants": [person_json(person) for person in participants],
        "merged_into": ticket.merged_into,
        "created": moment_json(ticket.created),
        "last_query": moment_json(ticket.last_query),
        "last_response": moment_json(ticket.last_response),
        "solved": moment_json(ticket.solved),
        "answerer": person_json(ticket.answerer),
        "answer": ticket.answer,
        "reopens": moment_json(ticket.reopens),
        "unsubscribed": [person_json(person) for person in unsubscribed],
    }


def ticket_in_full(
    uow: UnitOfWork,
    ticket: Ticket,
    viewer: Person | None = None,
    ids: Collection[int] | None = None,
    members: Sequence[TicketMember] | None = None,
) -> Json:
    """What `tickets show` shows: all of it, or what `viewer` may see, with what their reply would do.

    `ids`: of its messages only those. `members` are everybody on it, where that is known. NoSuchTicket for somebody who
    may see nothing: to them there is none.
    """
    members = members_of(uow, ticket) if members is None else members
    member = member_for(viewer, members) if viewer else None
    if member and not may_see(ticket, member):
        raise NoSuchTicket("no_ticket", number=ticket.id)
    shown = visible_messages(uow, ticket, member, ids)
    changes = select(Change).where(Change.ticket_id == ticket.id).options(joinedload(Change.by)).order_by(Change.id)
    view = ticket_summaries(uow, [ticket])[0]
    numbers = None if member is None or member.insider else visible_numbers(uow, ticket)
    view["answer"] = ticket.answer if numbers is None else numbers.get(ticket.answer or 0)
    view["messages"] = [
        _message(message, message.number if numbers is None else numbers[message.number]) for message in shown
    ]
    people = {message.sender for message in shown if message.sender} | {ticket.requestor}
    people |= {*uow.session.scalars(_PARTICIPANTS.where(Participant.ticket_id == ticket.id))}
    as_members = {person.email: member_for(person, members) for person in people}
    for message in view["messages"]:
        message["writer"] = _writer(message["sender"], as_members, team=member is None or member.insider)
    view["changes"] = [_change(change) for change in uow.session.scalars(changes)]
    if member and viewer:
        view["reply"] = _reply(uow, ticket, member)
        _hide_ids_of_letters(uow, view["messages"], viewer.email if member.insider else "")
    if viewer is None or member is None or member.insider:
        return view
    labels = {email: member.label for email, member in as_members.items()}
    return _for_outsider(uow, ticket, view, shown, viewer.email, labels)


_PARTICIPANTS = select(Person).join(Participant, Participant.person_id == Person.id)


def _writer(sender: Json | None, as_members: Mapping[str, TicketMember], *, team: bool) -> str | None:
    """Return the name that the line above a message has; a name that misleads is not shown alone."""
    if sender is None:
        return None
    if team:
        return as_members[sender["email"]].label_for_team if sender["name"] else sender["email"]
    return as_members[sender["email"]].label


def ids_to_show(uow: UnitOfWork, ticket: Ticket, viewer: Person | None) -> Sequence[int]:
    """Return the ids of the messages that `ticket_in_full` shows, in its order."""
    return ids_as_shown(uow, ticket, member_for(viewer, members_of(uow, ticket)) if viewer else None)


def _hide_ids_of_letters(uow: UnitOfWork, messages: Sequence[Json], own: str) -> None:
    """Take out what a mail answers if it is a letter to somebody else than `own`: its id is its reader's key."""
    ids = {message["message_id"] for message in messages}
    for message in messages:
        sender = message["sender"]
        key = message["in_reply_to"] not in ids and is_our_id(uow, message["in_reply_to"] or "")
        if key and not (own and sender and sender["email"] == own):
            message["in_reply_to"] = None


def _for_outsider(
    uow: UnitOfWork, ticket: Ticket, view: Json, shown: Sequence[Message], own: str, labels: Mapping[str, str]
) -> Json:
    """What somebody may see who is no responder: nothing of what the team does and says among itself."""
    redaction = Redaction(uow, ticket)
    for message, post in zip(shown, view["messages"], strict=True):
        post["text"], post["full_text"] = redaction.text(message), redaction.full_text(message)
        post["attachments"] = _files(attachment for attachment in message.attachments if not attachment.withheld)
        post["subject"] = redaction.subject(message)
    view["changes"] = [change for change in view["changes"] if change["field"] == "status"]
    public: Json = without_addresses(without_what_is_the_teams(view, own), own, labels)
    return public


def without_what_is_the_teams(summary: Json, own: str) -> Json:
    """Return what outsiders are shown of the head of a ticket.

    Not its priority, of which no letter tells them, nor when it opens again, nor who else has left it.
    """
    unsubscribed = [entry for entry in summary["unsubscribed"] if entry["email"] == own]
    return {**summary, "priority": None, "reopens": None, "unsubscribed": unsubscribed}


def without_addresses(shown: Any, own: str, labels: Mapping[str, str] | None = None) -> Any:
    """What somebody is shown, without the addresses of other people; `labels` are the names to show instead."""
    if isinstance(shown, list):
        return [without_addresses(item, own, labels) for item in shown]
    if not isinstance(shown, dict):
        return shown
    if shown.keys() == {"email", "name"} and shown["email"] != own:
        return {"email": None, "name": (labels or {}).get(shown["email"]) or label_of(shown["name"], shown["email"])}
    return {
        name: value if isinstance(value, _PLAIN) else without_addresses(value, own, labels)
        for name, value in shown.items()
    }


_PLAIN = (str, int, NoneType)


def viewer_of(uow: UnitOfWork, ticket: Ticket, email: str) -> Person:
    """The person who looks; NoSuchTicket if nobody has the address, as for anybody who may see nothing.

    Of a ticket that was forgotten nobody may see anything, not even that it was there.
    """
    person = find_person(uow, email.strip())
    if person is None or ticket.forgotten:
        raise NoSuchTicket("no_ticket", number=ticket.id)
    return person


def _reply(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> Json:
    promised = promise(uow, ticket, member)
    return {"as": promised.role, "action": promised.default_reply.action.title, "status": promised.status}


def _message(message: Message, number: int) -> Json:
    return {
        "number": number,
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to,
        "sender": person_json(message.sender),
        "subject": message.subject,
        "text": message.text,
        "full_text": message.full_text,
        "action": message.action,
        "new_status": message.new_status,
        "private": message.private,
        "automatic": message.automatic is not None,
        "listed": message.listed,
        "verified": message.verified,
        "held": message.held,
        "via": message.via,
        "date": moment_json(message.date),
        "received": moment_json(message.received),
        "attachments": _files(message.attachments),
    }


def _files(attachments: Iterable[Attachment]) -> list[Json]:
    return [{"name": attachment.name, "type": attachment.type, "bytes": attachment.size} for attachment in attachments]


def _change(change: Change) -> Json:
    return {
        "at": moment_json(change.at),
        "by": person_json(change.by),
        "field": change.field,
        "old": change.old,
        "new": change.new,
    }


def person_json(person: Person | None) -> Json | None:
    return {"email": person.email, "name": person.name} if person else None


def moment_json(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
