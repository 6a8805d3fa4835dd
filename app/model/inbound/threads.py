"""Which ticket a mail belongs to (docs/interface.md, section 4)."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Boolean, CompoundSelect, Integer, String, bindparam, literal, select, union_all

from ...mail.parsed import body_digest
from ...mail.subjects import bare_subject
from ..records.addressing import Place, find_place
from ..records.letters import Letter
from ..records.messages import Message
from ..records.people import Person, find_person
from ..records.queues import names_of_queues
from ..records.received_mail import Mail
from ..records.tickets import NoSuchTicket, Ticket, find_ticket, what_became_of
from ..storage.unit_of_work import Desk
from ..tickets.members import everybody_on, standing_of
from .delivery import Arrival


class Known(NamedTuple):
    """An id in a mail that is one of ours: a message that we stored, or a letter that we sent about it.

    `ticket` is None for a letter about no ticket, which proves who answers it and leads nowhere; `message` is None for
    one about no message. `reader` is the person whom the letter went to, `kind` its kind, `checkpoint` how the ticket
    was before the change that it tells of, `shown` whether others have seen its id. `forwarded`: it is the mail that a
    message forwards.
    """

    given: str
    ticket: int | None
    message: int | None
    message_id: str | None
    private: bool
    reader: int | None
    kind: str | None
    checkpoint: int | None
    shown: bool
    forwarded: bool


class Thread(NamedTuple):
    """Where a mail belongs: its ticket, what it answers there, and whether it is private.

    `letter` is the letter of ours that it answers. `formerly` is the ticket that it was meant for, if that one was
    merged into this.
    """

    ticket: Ticket
    parent: Known | None
    private: bool
    letter: Known | None = None
    formerly: int | None = None


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_NO_LETTER = (literal(None, Integer), literal(None, String), literal(None, Integer), literal(False, Boolean))
_MESSAGE = (Message.ticket_id, Message.id, Message.message_id, Message.private)
_KNOWN: CompoundSelect[Any] = union_all(
    select(Message.message_id, *_MESSAGE, *_NO_LETTER, literal(False, Boolean)).where(Message.message_id.in_(_IDS)),
    select(Message.original_id, *_MESSAGE, *_NO_LETTER, literal(True, Boolean)).where(Message.original_id.in_(_IDS)),
    select(
        Letter.message_id,
        Letter.ticket_id,
        Message.id,
        Message.message_id,
        Message.private,
        Letter.person_id,
        Letter.kind,
        Letter.checkpoint,
        Letter.shown,
        literal(False, Boolean),
    )
    .outerjoin(Message, Message.id == Letter.about_id)
    .where(Letter.message_id.in_(_IDS)),
)


def known_ids(desk: Desk, arrival: Arrival) -> list[Known]:
    """Everything of ours that a mail names: its own id, then what it answers, nearest first."""
    incoming = arrival.incoming
    # A mail that is a letter of ours has an id of our domain; others need not be asked for.
    own = [incoming.message_id] if (incoming.message_id or "").endswith(f"@{desk.domain}>") else []
    ids = list(dict.fromkeys((*own, *incoming.in_reply_to, *reversed(incoming.references))))
    if not ids:
        return []
    nearness = {given: place for place, given in enumerate(ids)}
    rows = [Known(*row) for row in desk.connection.execute(_KNOWN, {"ids": ids})]
    return sorted(rows, key=lambda one: (nearness[one.given], one.ticket or 0))


def is_our_letter(arrival: Arrival, known: Sequence[Known]) -> bool:
    """Whether the mail itself is a letter that we sent, and that came back."""
    return any(one.given == arrival.incoming.message_id and one.reader is not None for one in known)


def find_thread(desk: Desk, arrival: Arrival, place: Place, known: Sequence[Known]) -> Thread | None:
    """The ticket that a mail to this place belongs to, held until the work is done; None for a new one.

    Raises NoSuchTicket where the place itself names a ticket that is not there.
    """
    ours = [one for one in known if one.given != arrival.incoming.message_id and _may_answer(desk, arrival, one)]
    answered = [one for one in ours if one.ticket is not None]
    number = place.number if place.kind.is_ticket else _found(desk, arrival, answered)
    if number is None:
        return None
    ticket = what_became_of(desk, number)
    here = [one for one in answered if one.ticket in (ticket.id, number)]
    parent = next(iter(here), None)
    # What answers a letter about no ticket answers no other one.
    letter = next((one for one in here if one.kind and one.given == ours[0].given), None)
    formerly = number if number != ticket.id else None
    private = place.kind.is_comment or _is_private_elsewhere(desk, arrival, place) or _answers_in_private(answered)
    return Thread(ticket, parent, private, letter, formerly)


def _may_answer(desk: Desk, arrival: Arrival, one: Known) -> bool:
    """Anybody may answer what stands on a ticket; what was only forwarded to it, those who take part in it.

    Else whoever forwards a mail to us would get the answers of others to it.
    """
    if not one.forwarded or one.ticket is None:
        return True
    sender = find_person(desk, arrival.incoming.sender.email) if arrival.incoming.sender else None
    return sender is not None and _takes_part(desk, one.ticket, sender)


def _found(desk: Desk, arrival: Arrival, answered: Sequence[Known]) -> int | None:
    sender = find_person(desk, arrival.incoming.sender.email) if arrival.incoming.sender else None
    return (
        _named_elsewhere(desk, arrival)
        or _answered(desk, answered, sender)
        or _came_already(desk, arrival, sender)
        or _tagged(desk, arrival.incoming.subject, sender)
    )


def _came_already(desk: Desk, arrival: Arrival, sender: Person | None) -> int | None:
    """The ticket of this very mail, if it came another way before, with another body (docs/interface.md, section 4)."""
    incoming = arrival.incoming
    if sender is None or incoming.message_id is None or incoming.date is None:
        return None
    query = select(Message.ticket_id, Message.subject, Mail.raw).join(Mail).where(Message.number == 1)
    query = query.where(Message.message_id == incoming.message_id, Message.sender_id == sender.id)
    rows = list(desk.connection.execute(query.where(Message.date == incoming.date).limit(5)))
    subject, _ = bare_subject(incoming.subject)
    same = [(ticket, raw) for ticket, other, raw in rows if bare_subject(other)[0] == subject]
    # With the same body it is that mail again, and does nothing.
    is_repeat = any(body_digest(raw) == incoming.body_digest for _, raw in same)
    return None if is_repeat or not same else same[0][0]


def _answers_in_private(answered: Sequence[Known]) -> bool:
    """Whether the nearest that it answers is private: then so is the answer, whichever address it came to."""
    return bool(answered) and any(one.private for one in answered if one.given == answered[0].given)


def places_named(desk: Desk, arrival: Arrival) -> Iterator[Place]:
    """Every address of ours in a mail's envelope, To and Cc."""
    named = (*arrival.recipients, *(mailbox.email for mailbox in arrival.incoming.to))
    for address in dict.fromkeys(named):
        if (place := find_place(desk, address)) is not None:
            yield place


def _named_elsewhere(desk: Desk, arrival: Arrival) -> int | None:
    """The number of a ticket in another address of ours."""
    for other in places_named(desk, arrival):
        if other.kind.is_ticket and _exists(desk, other.number):
            return other.number
    return None


def _is_private_elsewhere(desk: Desk, arrival: Arrival, place: Place) -> bool:
    """Whether the mail also went to a comment address of the same ticket, or of a queue."""
    if len(arrival.recipients) + len(arrival.incoming.to) <= 1:
        return False
    comments = [other for other in places_named(desk, arrival) if other.kind.is_comment]
    return any(other.kind.is_queue or not place.kind.is_ticket or other.number == place.number for other in comments)


def _exists(desk: Desk, number: int) -> bool:
    try:
        find_ticket(desk, number)
    except NoSuchTicket:
        return False
    return True


def _answered(desk: Desk, answered: Sequence[Known], sender: Person | None) -> int | None:
    """The ticket of the nearest; of several, the one that the sender takes part in, else the oldest."""
    nearest = list(dict.fromkeys(one.ticket for one in answered if one.ticket and one.given == answered[0].given))
    mine = [number for number in nearest if len(nearest) > 1 and sender and _takes_part(desk, number, sender)]
    return min(mine or nearest, default=None)


_TAG = re.compile(r"\[([^\[\]#]{1,100}) #([0-9]{1,10})\]")


def _tagged(desk: Desk, subject: str, sender: Person | None) -> int | None:
    """The ticket of a subject's tag, under any name that a queue has or had, for somebody who takes part in it."""
    tags = _TAG.findall(subject) if sender else []
    names = names_of_queues(desk) if tags else set()
    for name, digits in tags:
        known = name.strip().casefold() in names and _exists(desk, int(digits))
        if known and sender and _takes_part(desk, int(digits), sender):
            return int(digits)
    return None


def _takes_part(desk: Desk, number: int, sender: Person) -> bool:
    standing = standing_of(sender, everybody_on(desk, find_ticket(desk, number)))
    return standing.on_ticket or standing.responder
