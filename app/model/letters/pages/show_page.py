"""The page `show`: a ticket as its reader may see it."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from ....mail.text import SHOWN_LIMIT
from ...lifecycle.commands import LIST, SHOW, Page
from ...records.addressing import ticket_address
from ...records.messages import Message
from ...records.people import Person
from ...records.tickets import NoSuchTicket, Ticket, resolve_merged
from ...storage.unit_of_work import UnitOfWork
from ...tickets.members import member_for, members_of
from ...tickets.ticket_json import Json, ticket_in_full
from ...tickets.visibility import may_see
from ...wording import Sentence, Wording, say
from ..letter_subjects import Subjects
from .page_content import PageContent
from .ticket_text import head_text, message_text, statuses_before

# A message that is longer is cut, and a letter ends after so many characters: with a word on how to get the rest.
_LONG_MESSAGE = 4_000


def show_page(uow: UnitOfWork, person: Person, page: Page, asked_on: Ticket | None, wording: Wording) -> PageContent:
    """A ticket as the writer may see it, its messages in order; `asked_on` is the ticket to which they wrote."""
    ticket = _ticket_to_show(uow, person, page, asked_on)
    if ticket is None:
        if page.ticket:
            return PageContent(say("pages.cannot_show", number=page.ticket, word=LIST))
        return PageContent(say("pages.show_which", word=LIST))
    view = ticket_in_full(uow, ticket, person)
    where = []
    if page.ticket not in (0, ticket.id):
        where.append(say("pages.shown_instead", number=page.ticket))
    if asked_on is None or asked_on.id != ticket.id:
        where.append(say("pages.write_on_it", address=ticket_address(uow, ticket.id)))
    messages = _messages_from(view["messages"], page.message)
    if member_for(person, members_of(uow, ticket)).insider:
        messages = [_in_full(message) if message["number"] == page.message else message for message in messages]
    befores = statuses_before(view["messages"])
    numbers = [message["number"] for message in messages]
    texts = [
        message_text(message, befores[message["number"]], ticket.lifecycle, person.email, wording)
        for message in messages
    ]
    paragraphs = [*where, *_cut(ticket.id, numbers, texts, whole=page.message)]
    return PageContent(head_text(view), (), paragraphs, Subjects(_people_on(uow, ticket), frozenset({ticket.id})))


def _in_full(message: Json) -> Json:
    return {**message, "text": message["full_text"]}


def _people_on(uow: UnitOfWork, ticket: Ticket) -> frozenset[int]:
    """Everybody whom a ticket shows: who is on it, who answered it, who wrote on it."""
    wrote = uow.session.scalars(select(Message.sender_id).where(Message.ticket_id == ticket.id).distinct())
    people = {ticket.answerer_id, *wrote, *(member.person_id for member in members_of(uow, ticket))}
    return frozenset(person_id for person_id in people if person_id is not None)


def _messages_from(messages: Sequence[Json], number: int) -> Sequence[Json]:
    """Messages from that number on, where they stand; imported ones may have come in between later."""
    places = [place for place, message in enumerate(messages) if message["number"] == number]
    return messages[places[0] :] if places else [message for message in messages if message["number"] >= number]


def _ticket_to_show(uow: UnitOfWork, person: Person, page: Page, ticket: Ticket | None) -> Ticket | None:
    if page.ticket:
        try:
            ticket = resolve_merged(uow, page.ticket, locked=False)
        except NoSuchTicket:
            return None
    return ticket if ticket and may_see(ticket, member_for(person, members_of(uow, ticket))) else None


def _cut(ticket: int, numbers: Sequence[int], texts: Sequence[str], *, whole: int) -> Iterator[Sentence | str]:
    """As many messages as fit; a long one is cut unless it was asked for, with a word on how to get the rest."""
    room = SHOWN_LIMIT
    for number, text in zip(numbers, texts, strict=True):
        word = f"{SHOW} {ticket} {number}"
        if room < min(len(text), _LONG_MESSAGE):
            yield say("pages.more_messages", word=word)
            return
        limit = room if number == whole else _LONG_MESSAGE
        yield text[:limit].rstrip()
        if len(text) > limit:
            yield say("pages.cut_message", word=word)
        room -= min(len(text), limit)
