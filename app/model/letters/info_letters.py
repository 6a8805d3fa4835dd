"""Letters that answer a request: help, one's open tickets, or a ticket (docs/interface.md, section 6)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import ColumnElement, func, select

from ...mail.addresses import mailable
from ...mail.text import SHOWN_LIMIT, one_line
from ..lifecycle import commands
from ..lifecycle.commands import COMMANDS, FOR_REQUESTORS, HELP, LIST, SHOW, UNDO, Command, Page
from ..lifecycle.registry import LIFECYCLES
from ..lifecycle.tables import Action, NotAllowed, find_rule, sentence_list
from ..records.addressing import comment_address, search_address, ticket_address
from ..records.message_ids import sendable
from ..records.messages import Message
from ..records.people import Person
from ..records.queues import Queue, Responder, every_queue, whole_address
from ..records.tickets import NoSuchTicket, Ticket, resolve_merged
from ..storage.unit_of_work import UnitOfWork
from ..tickets import loop_protection
from ..tickets.fields import assignable
from ..tickets.filters import NOT_FORGOTTEN
from ..tickets.members import TicketMember, member_for, members_of
from ..tickets.ticket_json import Json, ticket_in_full
from ..tickets.transitions import has_answer, promise, reachable_statuses
from ..tickets.visibility import may_see
from .notification import letter_row
from .receipts import ReceiptKind, ReceiptRecipient, write_receipt
from .subjects import NOTHING_MORE, Subjects, add_letters, named_in
from .templates import render
from .ticket_text import head_text, message_text

if TYPE_CHECKING:
    from ..tickets.posts import NewMessage

_MOST_LISTED = 200
# A message that is longer is cut, and a letter ends after so many characters: with a word on how to get the rest.
_LONG_MESSAGE = 4_000


class PageContent(NamedTuple):
    """What a page says: a first sentence, lines below it, then paragraphs; and what it shows besides whom they name."""

    heading: str
    lines: Sequence[str] = ()
    paragraphs: Sequence[str] = ()
    shows: Subjects = NOTHING_MORE


ENOUGH = "as many mails in this person's name were answered as an hour allows"


def send_page_about_ticket(uow: UnitOfWork, to: ReceiptRecipient, person: Person, page: Page) -> bool:
    """Answer a mail to a ticket that asks for a page, to the person's stored address; False if it is one too many."""
    heading, lines, paragraphs, shows = _page_content(uow, person, page, to.ticket, to.member)
    paragraphs = [*paragraphs, *loop_protection.last_answer_note(uow, person.id, ReceiptKind.PAGE)]
    return write_receipt(uow, to, ReceiptKind.PAGE, heading, lines, paragraphs, shows=shows)


def send_page_from_queue(uow: UnitOfWork, queue: Queue, person: Person, new_message: "NewMessage", page: Page) -> bool:
    """Answer a mail to a queue that asks for a page, to the person's stored address; False if it is one too many."""
    if not loop_protection.may_answer(uow, person.id, ReceiptKind.PAGE, proven=new_message.verified):
        return False
    address = next((whole_address(uow, row.address) for row in queue.addresses), f"postmaster@{uow.domain}")
    again = f'unless it is again only "{HELP}", "{LIST}", or "{SHOW}" and a number'
    footing = [page_reason(address, page.word), f"A reply opens a new ticket in {queue.name}, {again}."]
    subject = f"[{queue.name}] {page.word}"
    send_page(
        uow, person, new_message, page_content_for(uow, person, page), PageOrigin(queue.name, address, subject, footing)
    )
    return True


class PageOrigin(NamedTuple):
    """Where a page comes from that is about no ticket: a name, an address, and the letter's subject and footer."""

    name: str
    address: str
    subject: str
    footing: Sequence[str]


def page_reason(address: str, asked: str) -> str:
    """Why somebody gets a page that is about no ticket."""
    return f'You get this because a mail in your name asked {address} for "{asked}".'


def send_page(
    uow: UnitOfWork, person: Person, new_message: "NewMessage", sheet: PageContent, origin: PageOrigin
) -> None:
    """Send a page that is about no ticket to a person's stored address."""
    paragraphs = [*sheet.paragraphs, *loop_protection.last_answer_note(uow, person.id, ReceiptKind.PAGE)]
    parts = {"heading": sheet.heading, "lines": sheet.lines, "paragraphs": paragraphs}
    named = named_in([origin.subject, sheet.heading, *sheet.lines, *paragraphs])
    row = letter_row(
        uow,
        shows=sheet.shows.and_also(named),
        ticket_id=None,
        about_id=None,
        kind=ReceiptKind.PAGE,
        person_id=person.id,
        sender_name=origin.name,
        sender=origin.address,
        recipient_name=person.label,
        recipient=mailable(person.email),
        list_id=None,
        subject=one_line(origin.subject),
        in_reply_to=new_message.message_id if sendable(new_message.message_id) else None,
        references=new_message.message_id if sendable(new_message.message_id) else None,
        acknowledges=True,
        text=render("to_writer", footer=origin.footing, **parts),
    )
    add_letters(uow, [row])


def page_content_for(uow: UnitOfWork, person: Person, page: Page) -> PageContent:
    """What a page says that somebody asked for elsewhere than on a ticket."""
    return _page_content(uow, person, page, None, None)


def _page_content(
    uow: UnitOfWork, person: Person, page: Page, ticket: Ticket | None, member: TicketMember | None
) -> PageContent:
    if page.word == LIST:
        return _list_page(uow, person)
    if page.word == SHOW:
        return _show_page(uow, person, page, ticket)
    return _help_page(uow, ticket, member) if ticket and member else _first_help_page(uow, person)


# A list


def _list_page(uow: UnitOfWork, person: Person) -> PageContent:
    """The writer's open tickets, and those that wait for them if they answer for a queue."""
    queues = uow.session.scalars(select(Responder.queue_id).where(Responder.person_id == person.id)).all()
    mine = _open(uow, Ticket.requestor_id == person.id)
    assigned = _open(uow, Ticket.assignee_id == person.id)
    unassigned = _open(uow, Ticket.assignee_id.is_(None), Ticket.queue_id.in_(queues)) if queues else []
    named = (("You asked:", mine), ("Assigned to you:", assigned), ("Assigned to nobody:", unassigned))
    parts = [_named(uow, name, tickets, person) for name, tickets in named]
    found = [part for part in parts if part]
    if not found:
        return PageContent("You have no open tickets.")
    example = (mine or assigned or unassigned)[0].id
    how = f'To read one, reply with the word "{SHOW}" and its number, as in "{SHOW} {example}".'
    shown = frozenset(ticket.id for _, tickets in named for ticket in tickets[-_MOST_LISTED:])
    return PageContent("Your open tickets:", (), [*found, how], Subjects(tickets=shown))


def _open(uow: UnitOfWork, *which: ColumnElement[bool]) -> list[Ticket]:
    """Tickets that are not closed, by number."""
    closed = {status for lifecycle in LIFECYCLES.values() for status in lifecycle.closed}
    query = select(Ticket).where(*which, Ticket.status.not_in(closed), Ticket.merged_into.is_(None), NOT_FORGOTTEN)
    return list(uow.session.scalars(query.order_by(Ticket.id)))


def _named(uow: UnitOfWork, name: str, tickets: Sequence[Ticket], person: Person) -> str:
    """Tickets under a name, a line each; empty without any. Of very many the newest."""
    posted = _last_seen(uow, tickets[-_MOST_LISTED:], person)
    lines = [_in_a_line(uow, ticket, posted[ticket.id]) for ticket in tickets[-_MOST_LISTED:]]
    if len(tickets) > _MOST_LISTED:
        lines.insert(0, f"... and {len(tickets) - _MOST_LISTED} older ones")
    return "\n".join([name, *(f"    {line}" for line in lines)]) if lines else ""


def _last_seen(uow: UnitOfWork, tickets: Sequence[Ticket], person: Person) -> dict[int, datetime]:
    """Return when this person last saw something posted on each ticket; when it was opened, if they saw nothing."""
    private = [ticket for ticket in tickets if ticket.has_private]
    hidden = [one.id for one in private if not member_for(person, members_of(uow, one)).responder]
    posted = {one.id: one.created if one.id in hidden else one.last_posted for one in tickets}
    public = select(Message.ticket_id, func.max(Message.received)).group_by(Message.ticket_id)
    rows = uow.session.execute(public.where(Message.ticket_id.in_(hidden), ~Message.private))
    return posted | {number: at for number, at in rows}  # noqa: C416 - a row is no pair to mypy


def _in_a_line(uow: UnitOfWork, ticket: Ticket, posted: datetime) -> str:
    title = one_line(ticket.title, 100)
    return f"{ticket.id}  {ticket.status}, {_ago(uow, posted)}: {title} ({ticket_address(uow, ticket.id)})"


def _ago(uow: UnitOfWork, posted: datetime) -> str:
    """Return how long ago a moment was, in hours or days."""
    hours = max(0, int((uow.now - posted).total_seconds() // 3600))
    number, unit = (hours // 24, "day") if hours >= 24 else (hours, "hour")
    return f"{number} {unit}{'' if number == 1 else 's'} ago" if number else "just now"


# A ticket


def _show_page(uow: UnitOfWork, person: Person, page: Page, ticket: Ticket | None) -> PageContent:
    """A ticket as the writer may see it, its messages in order."""
    found = _ticket_to_show(uow, person, page, ticket)
    if found is None:
        which = f"There is no ticket {page.ticket}" if page.ticket else "No ticket was named"
        return PageContent(f'{which} that you can read; "{LIST}" alone gets you your open ones.')
    view = ticket_in_full(uow, found, person)
    merged = [f"Ticket {page.ticket} is part of it now."] if page.ticket not in (0, found.id) else []
    asked_on_it = ticket is not None and ticket.id == found.id
    where = [] if asked_on_it else [f"To write on this ticket, start a new email to {ticket_address(uow, found.id)}."]
    shown = _messages_from(view["messages"], page.message)
    if member_for(person, members_of(uow, found)).responder:
        shown = [{**one, "text": one["full_text"]} if one["number"] == page.message else one for one in shown]
    texts = [message_text(one, found.lifecycle, person.email) for one in shown]
    numbers = [one["number"] for one in shown]
    paragraphs = [*merged, *where, *_cut(found.id, numbers, texts, whole=page.message)]
    return PageContent(head_text(view), (), paragraphs, Subjects(_people_on(uow, found), frozenset({found.id})))


def _people_on(uow: UnitOfWork, ticket: Ticket) -> frozenset[int]:
    """Everybody whom a ticket shows: who is on it, who answered it, who wrote on it."""
    wrote = uow.session.scalars(select(Message.sender_id).where(Message.ticket_id == ticket.id).distinct())
    found = {ticket.answerer_id, *wrote, *(member.person_id for member in members_of(uow, ticket))}
    return frozenset(one for one in found if one is not None)


def _messages_from(messages: Sequence[Json], number: int) -> Sequence[Json]:
    """Messages from that number on, where they stand; imported ones may have come in between later."""
    places = [place for place, one in enumerate(messages) if one["number"] == number]
    return messages[places[0] :] if places else [message for message in messages if message["number"] >= number]


def _ticket_to_show(uow: UnitOfWork, person: Person, page: Page, ticket: Ticket | None) -> Ticket | None:
    if page.ticket:
        try:
            ticket = resolve_merged(uow, page.ticket, locked=False)
        except NoSuchTicket:
            return None
    seen = ticket is not None and may_see(ticket, member_for(person, members_of(uow, ticket)))
    return ticket if seen else None


def _cut(ticket: int, numbers: Sequence[int], texts: Sequence[str], *, whole: int) -> Iterator[str]:
    """As many messages as fit; a long one is cut unless it was asked for, with a word on how to get the rest."""
    room = SHOWN_LIMIT
    for number, text in zip(numbers, texts, strict=True):
        rest = f'"{SHOW} {ticket} {number}" gets you'
        if room < min(len(text), _LONG_MESSAGE):
            yield f"[There is more: {rest} the messages from number {number} on.]"
            return
        limit = room if number == whole else _LONG_MESSAGE
        yield text if len(text) <= limit else f"{text[:limit].rstrip()}\n[This message is longer: {rest} all of it.]"
        room -= min(len(text), limit)


# Help


def _help_page(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> PageContent:
    """What a mail to this ticket can do now, for this person, from the tables."""
    promised = promise(uow, ticket, member)
    usable = COMMANDS if member.responder else FOR_REQUESTORS if member.requestor else ()
    paragraphs = [f"A reply as it is {promised.default_reply.phrase}."]
    if usable:
        lines = "\n".join(f"    {_usable(uow, ticket, member, command)}" for command in usable)
        paragraphs.append(f"With lines like these at the top, and an empty line below them, it does more:\n{lines}")
    if member.responder:
        address = comment_address(uow, ticket.id)
        paragraphs.append(f"Mail to {address} is read only by those who answer; no status changes by it.")
    if member.answers or member.administrator:
        paragraphs += finder(uow, [ticket.queue])
    heading = f"This is what you can do with ticket {ticket.id} by mail while it is {ticket.status}."
    return PageContent(heading, (), [*paragraphs, words_alone(undo=bool(usable))])


def _usable(uow: UnitOfWork, ticket: Ticket, member: TicketMember, command: Command) -> str:
    """One command with what could stand behind its colon on this ticket now."""
    choices = _choices(uow, ticket, member).get(command)
    if choices is None:
        return f"{command.line()}  ({command.value}: {command.effect})"
    return f"{command.name}: {sentence_list(choices, 'or') if choices else 'nothing at present'}  ({command.effect})"


def _choices(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> dict[Command, list[str]]:
    roles = member.roles_in(ticket.lifecycle)
    statuses = reachable_statuses(ticket.lifecycle, roles, ticket.status, answered=has_answer(uow, ticket))
    return {
        commands.STATUS: statuses,
        commands.ACTION: [action.title for action in ticket.lifecycle.actions if _is_open_to(ticket, member, action)],
        commands.OWNER: [*commands.OWNER.words, *assignable(uow, members_of(uow, ticket))],
        commands.QUEUE: [queue.name for queue in every_queue(uow)],
    }


def words_alone(*, here: bool = True, undo: bool = False) -> str:
    lines = [
        f"{HELP}  (this letter)",
        f"{LIST}  (your open tickets)",
        f'{SHOW}  (this ticket; with a number another one, as in "{SHOW} 12")' if here else f"{SHOW} 12  (ticket 12)",
    ]
    back = f'\n\nA first line "{UNDO}" takes back the last change, if nothing else has happened since.'
    return (
        "A mail of one word is answered, and read by nobody else:\n"
        + "\n".join(f"    {line}" for line in lines)
        + (back if undo else "")
    )


def _is_open_to(ticket: Ticket, member: TicketMember, action: Action) -> bool:
    try:
        find_rule(ticket.lifecycle, action, ticket.status, member.roles_in(ticket.lifecycle))
    except NotAllowed:
        return False
    return True


def finder(uow: UnitOfWork, queues: Iterable[Queue]) -> list[str]:
    """Where somebody who answers can look for tickets; nothing if no queue has an address."""
    address = next((row.address for queue in queues for row in queue.addresses), None)
    if address is None:
        return []
    return [f"A mail to {search_address(uow, address)} finds tickets by the words of its subject, for you alone."]


def _first_help_page(uow: UnitOfWork, person: Person) -> PageContent:
    """What a mail to a queue can do."""
    queues = uow.session.scalars(select(Queue).join(Responder).where(Responder.person_id == person.id)).all()
    paragraphs = ["A mail as it is opens a new ticket."]
    if queues or person.administrator:
        lines = "\n".join(f"    {command.line()}  ({command.effect})" for command in COMMANDS)
        paragraphs.append(f"With lines like these at the top, and an empty line below them, it does more:\n{lines}")
        paragraphs += finder(uow, [*queues, *every_queue(uow)])
    return PageContent(
        "This is what you can do with a mail to this address.", (), [*paragraphs, words_alone(here=False)]
    )
