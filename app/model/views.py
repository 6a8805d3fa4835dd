"""This file holds a ticket as it is shown: as JSON for scripts, as far as the one who looks may see it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload, selectinload

from app.model.archived import Archived
from app.model.desk import Desk
from app.model.footer import promise
from app.model.leaks import Redaction
from app.model.messages import Attachment, Message
from app.model.people import Person, find_person
from app.model.proof import is_our_id
from app.model.standing import Standing, everybody_on, standing_of
from app.model.tickets import Change, NoSuchTicket, Participant, Ticket

if TYPE_CHECKING:
    from app.model.searching import Hit

Json = dict[str, Any]
_IMPORTED = select(Archived.id).where(Archived.ticket_id == bindparam("ticket")).limit(1)

# Of so many tickets those who take part are asked for by number; of more, all there are.
_FEW = 500


def ticket_summaries(desk: Desk, tickets: Sequence[Ticket]) -> list[Json]:
    """What `tickets list` shows of tickets (INTERFACE 9)."""
    query = select(Participant.ticket_id, Person).join(Person, Participant.person_id == Person.id).order_by(Person.id)
    if len(tickets) <= _FEW:
        query = query.where(Participant.ticket_id.in_([ticket.id for ticket in tickets]))
    taking_part: dict[int, list[Person]] = {}
    for ticket_id, person in desk.session.execute(query):
        taking_part.setdefault(ticket_id, []).append(person)
    return [_summary(ticket, taking_part.get(ticket.id, [])) for ticket in tickets]


def found_summaries(desk: Desk, hits: "Sequence[Hit]") -> list[Json]:
    """What `tickets search --json` prints: the summary of each ticket, and the message by which it was found."""
    summaries = ticket_summaries(desk, [hit.ticket for hit in hits])
    for place, (hit, summary) in enumerate(zip(hits, summaries, strict=True)):
        summary["answer"] = shown_number(desk, hit.ticket, hit.ticket.answer, hit.standing)
        summary["found"] = {
            "number": hit.number,
            "sender": _person(hit.message.sender),
            "date": _moment(hit.message.date),
            "private": hit.message.private,
            "snippet": hit.snippet.text,
        }
        if hit.standing and not hit.standing.responder:
            summaries[place] = _without_addresses(summary, hit.standing.email)
    return summaries


def _summary(ticket: Ticket, participants: Sequence[Person]) -> Json:
    return {
        "id": ticket.id,
        "queue": ticket.queue.name,
        "lifecycle": ticket.lifecycle.name,
        "title": ticket.title,
        "status": ticket.status,
        "priority": ticket.priority,
        "requestor": _person(ticket.requestor),
        "assignee": _person(ticket.assignee),
        "participants": [_person(person) for person in participants],
        "merged_into": ticket.merged_into,
        "created": _moment(ticket.created),
        "last_query": _moment(ticket.last_query),
        "last_response": _moment(ticket.last_response),
        "solved": _moment(ticket.solved),
        "answerer": _person(ticket.answerer),
        "answer": ticket.answer,
    }


def ticket_in_full(desk: Desk, ticket: Ticket, viewer: Person | None = None) -> Json:
    """What `tickets show` shows: all of it, or what `viewer` may see, with what their reply would do.

    NoSuchTicket for somebody who may see nothing: to them there is none.
    """
    standing = standing_of(viewer, everybody_on(desk, ticket)) if viewer else None
    if standing and not may_see(ticket, standing):
        raise NoSuchTicket(f"There is no ticket {ticket.id}.")
    shown = visible_messages(desk, ticket, standing)
    changes = select(Change).where(Change.ticket_id == ticket.id).options(joinedload(Change.by)).order_by(Change.id)
    view = ticket_summaries(desk, [ticket])[0]
    numbers = _numbers(shown, standing)
    view["answer"] = numbers.get(ticket.answer or 0)
    view["messages"] = [_message(message, numbers[message.number]) for message in shown]
    view["changes"] = [_change(change) for change in desk.session.scalars(changes)]
    if standing:
        view["reply"] = _reply(desk, ticket, standing)
    return view if standing is None or standing.responder else _for_outsider(desk, ticket, view, shown, standing.email)


def _for_outsider(desk: Desk, ticket: Ticket, view: Json, shown: Sequence[Message], own: str) -> Json:
    """What somebody may see who is no responder: nothing of what the team does and says among itself."""
    redaction = Redaction(desk, ticket)
    ids = {message.message_id for message in shown}
    for message, said in zip(shown, view["messages"], strict=True):
        said["text"], said["full_text"] = redaction.text(message), redaction.full_text(message)
        said["attachments"] = _files(one for one in message.attachments if not one.withheld)
        # The id of a letter of ours is its reader's key.
        if message.in_reply_to not in ids and is_our_id(desk, message.in_reply_to or ""):
            said["in_reply_to"] = None
    view["changes"] = [change for change in view["changes"] if change["field"] == "status"]
    found: Json = _without_addresses(view, own)
    return found


def _without_addresses(shown: Any, own: str) -> Any:
    """What somebody is shown, without the addresses of other people."""
    if isinstance(shown, list):
        return [_without_addresses(one, own) for one in shown]
    if not isinstance(shown, dict):
        return shown
    if shown.keys() == {"email", "name"} and shown["email"] != own:
        return {"email": None, "name": shown["name"] or shown["email"].rpartition("@")[0]}
    return {name: _without_addresses(value, own) for name, value in shown.items()}


def viewer_of(desk: Desk, ticket: Ticket, email: str) -> Person:
    """The person who looks; NoSuchTicket if nobody has the address, as for anybody who may see nothing.

    Of a ticket that was forgotten nobody may see anything, not even that it was there.
    """
    person = find_person(desk, email.strip())
    if person is None or ticket.forgotten:
        raise NoSuchTicket(f"There is no ticket {ticket.id}.")
    return person


def may_see(ticket: Ticket, standing: Standing) -> bool:
    """Whether somebody may see a ticket: not one whose own mail to it would be kept from its requestor."""
    # Whom an unproven mail named sees nothing before somebody confirms it.
    standing = standing._replace(participant=False) if standing.pending else standing
    role = standing.party(ticket.lifecycle).role
    return standing.responder or not ticket.lifecycle.cell(ticket.status, role).private


def visible_messages(desk: Desk, ticket: Ticket, standing: Standing | None) -> Sequence[Message]:
    """The messages that somebody may see, in the order of posting; all of them for nobody in particular.

    Where some were imported it is that of their dates: one of those counts as received when it was written.
    """
    query = select(Message).where(Message.ticket_id == ticket.id)
    if desk.session.scalar(_IMPORTED, {"ticket": ticket.id}) is not None:
        query = query.order_by(Message.received)
    query = query.order_by(Message.number)
    if standing and not standing.responder:
        query = query.where(~Message.private)
    return desk.session.scalars(query.options(joinedload(Message.sender), selectinload(Message.attachments))).all()


def _numbers(shown: Sequence[Message], standing: Standing | None) -> dict[int, int]:
    """The number that each message is shown by: a gap would tell of a message that somebody may not see."""
    if standing is None or standing.responder:
        return {message.number: message.number for message in shown}
    return {number: place for place, number in enumerate(sorted(message.number for message in shown), start=1)}


def shown_number(desk: Desk, ticket: Ticket, number: int | None, standing: Standing | None) -> int | None:
    """The number by which somebody is shown a message; None for one that they may not see."""
    if number is None or standing is None or standing.responder:
        return number
    public = select(Message.number).where(Message.ticket_id == ticket.id, ~Message.private, Message.number <= number)
    seen = desk.session.scalars(public.order_by(Message.number)).all()
    return len(seen) if seen and seen[-1] == number else None


def _reply(desk: Desk, ticket: Ticket, standing: Standing) -> Json:
    promised = promise(desk, ticket, standing)
    return {"as": promised.role, "action": promised.cell.action.title, "status": promised.status}


def _message(message: Message, number: int) -> Json:
    return {
        "number": number,
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to,
        "sender": _person(message.sender),
        "subject": message.subject,
        "text": message.text,
        "full_text": message.full_text,
        "action": message.action,
        "new_status": message.new_status,
        "private": message.private,
        "automatic": message.automatic is not None,
        "listed": message.listed,
        "verified": message.verified,
        "date": _moment(message.date),
        "received": _moment(message.received),
        "attachments": _files(message.attachments),
    }


def _files(attachments: Iterable[Attachment]) -> list[Json]:
    return [{"name": one.name, "type": one.type, "bytes": one.size} for one in attachments]


def _change(change: Change) -> Json:
    return {
        "at": _moment(change.at),
        "by": _person(change.by),
        "field": change.field,
        "old": change.old,
        "new": change.new,
    }


def _person(person: Person | None) -> Json | None:
    return {"email": person.email, "name": person.name} if person else None


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
