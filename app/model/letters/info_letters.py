"""Letters that answer a request: help, one's open tickets, or a ticket (docs/interface.md, section 6)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import ColumnElement, func, select

from ...mail.addresses import mailable
from ...mail.text import SHOWN_LIMIT, one_line
from ..lifecycle import commands
from ..lifecycle.commands import COMMANDS, FOR_REQUESTORS, HELP, LEAVE, LIST, SHOW, UNDO, Command, Page
from ..lifecycle.tables import Action, NotAllowed, find_rule
from ..records.addressing import comment_address, search_address, ticket_address
from ..records.message_ids import sendable
from ..records.messages import Message
from ..records.people import Person, administrators
from ..records.queues import Queue, Responder, every_queue, main_address
from ..records.tickets import NoSuchTicket, Ticket, resolve_merged
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember, member_for, members_of, with_mailbox
from ..tickets.person_lookup import colleagues
from ..tickets.storms import letter_limits
from ..tickets.ticket_json import Json, ticket_in_full
from ..tickets.transitions import has_answer, promise, reachable_statuses
from ..tickets.visibility import may_see
from ..wording import WIDTH, Phrase, Sentence, Wording, say, wording_in
from .footer import readers_of_reply
from .letter_subjects import NOTHING_MORE, Subjects, add_letters, named_in
from .notices import letter_row, wording_of
from .receipts import ReceiptKind, ReceiptRecipient, write_receipt
from .ticket_text import head_text, message_text, statuses_before

if TYPE_CHECKING:
    from ..tickets.posts import NewMessage

_MOST_LISTED = 200
# A message that is longer is cut, and a letter ends after so many characters: with a word on how to get the rest.
_LONG_MESSAGE = 4_000


class PageContent(NamedTuple):
    """What a page says: a first sentence, lines below it, then paragraphs; and what it shows besides whom they name."""

    heading: Sentence
    lines: Sequence[Sentence | str] = ()
    paragraphs: Sequence[Sentence | str] = ()
    shows: Subjects = NOTHING_MORE


ENOUGH = say("reasons.enough_answers")


def send_page_about_ticket(uow: UnitOfWork, to: ReceiptRecipient, person: Person, page: Page) -> bool:
    """Answer a mail to a ticket that asks for a page, to the person's stored address; False if it is one too many."""
    heading, lines, paragraphs, shows = _page_on_ticket(uow, person, page, to.ticket, to)
    paragraphs = [*paragraphs, *letter_limits.last_answer_note(uow, person.id, ReceiptKind.PAGE)]
    return write_receipt(uow, to, ReceiptKind.PAGE, heading, lines, paragraphs, shows=shows)


def send_page_from_queue(uow: UnitOfWork, queue: Queue, person: Person, new_message: "NewMessage", page: Page) -> bool:
    """Answer a mail to a queue that asks for a page, to the person's stored address; False if it is one too many."""
    if not letter_limits.may_answer(uow, person.id, ReceiptKind.PAGE, proven=new_message.verified):
        return False
    address = main_address(uow, queue) or f"postmaster@{uow.domain}"
    footing = [say("footer.page_reply", queue=queue.name, pages=[HELP, LIST, f"{SHOW} 12"])]
    footing.append(say("footer.why_page", address=address, asked=page.word))
    subject = say("pages.help_subject", queue=queue.name, word=page.word)
    sheet = page_content_for(uow, person, page, address, wording_in(queue.language))
    send_page(uow, person, new_message, sheet, PageOrigin(queue, address, subject, footing))
    return True


class PageOrigin(NamedTuple):
    """Where a page comes from that is about no ticket: a queue, an address, and the letter's subject and footer."""

    queue: Queue
    address: str
    subject: Sentence
    footing: Sequence[Sentence]


def send_page(
    uow: UnitOfWork, person: Person, new_message: "NewMessage", sheet: PageContent, origin: PageOrigin
) -> None:
    """Send a page that is about no ticket to a person's stored address."""
    paragraphs = [*sheet.paragraphs, *letter_limits.last_answer_note(uow, person.id, ReceiptKind.PAGE)]
    wording = wording_in(origin.queue.language)
    subject, heading, said = wording.line(origin.subject), wording.say(sheet.heading), wording.said(paragraphs)
    lines = [wording.line(line) for line in sheet.lines]
    named = named_in([subject, heading, *lines, *said])
    row = letter_row(
        uow,
        shows=sheet.shows.and_also(named),
        ticket_id=None,
        about_id=None,
        kind=ReceiptKind.PAGE,
        person_id=person.id,
        sender_name=origin.queue.name,
        sender=origin.address,
        recipient_name=person.label,
        recipient=mailable(person.email),
        list_id=None,
        subject=one_line(subject),
        in_reply_to=new_message.message_id if sendable(new_message.message_id) else None,
        references=new_message.message_id if sendable(new_message.message_id) else None,
        acknowledges=True,
        text=wording.render("to_writer", heading=heading, lines=lines, paragraphs=said, footer=origin.footing),
    )
    add_letters(uow, [row])


def page_content_for(uow: UnitOfWork, person: Person, page: Page, address: str, wording: Wording) -> PageContent:
    """What a page says that somebody asked for at the address of a queue."""
    if page.word == LIST:
        return _list_page(uow, person)
    if page.word == SHOW:
        return _show_page(uow, person, page, None, wording)
    return _first_help_page(uow, person, address, wording)


def _page_on_ticket(uow: UnitOfWork, person: Person, page: Page, ticket: Ticket, to: ReceiptRecipient) -> PageContent:
    if page.word == LIST:
        return _list_page(uow, person)
    if page.word == SHOW:
        return _show_page(uow, person, page, ticket, wording_of(ticket))
    return _help_page(uow, ticket, to)


# A list


def _list_page(uow: UnitOfWork, person: Person) -> PageContent:
    """The writer's open tickets, and those that wait for them if they answer for a queue."""
    queues = uow.session.scalars(select(Responder.queue_id).where(Responder.person_id == person.id)).all()
    mine = _open(uow, Ticket.requestor_id == person.id)
    assigned = _open(uow, Ticket.assignee_id == person.id)
    unassigned = _open(uow, Ticket.assignee_id.is_(None), Ticket.queue_id.in_(queues)) if queues else []
    named = (("pages.yours", assigned), ("pages.waiting", unassigned), ("pages.asked", mine))
    found = [_named(uow, name, tickets, person) for name, tickets in named if tickets]
    if not found:
        return PageContent(say("pages.no_open_tickets"))
    how = say("pages.read_one", word=f"{SHOW} {(assigned or unassigned or mine)[0].id}")
    shown = frozenset(ticket.id for _, tickets in named for ticket in tickets[-_MOST_LISTED:])
    return PageContent(say("pages.open_tickets"), (), [*found, how], Subjects(tickets=shown))


def _open(uow: UnitOfWork, *which: ColumnElement[bool]) -> list[Ticket]:
    """Tickets that are not closed, by number."""
    query = select(Ticket).where(*which, ~Ticket.closed)
    return list(uow.session.scalars(query.order_by(Ticket.id)))


def _named(uow: UnitOfWork, name: str, tickets: Sequence[Ticket], person: Person) -> Sentence:
    """Tickets under a name, a line each, the one on top that waits longest. Of very many the newest."""
    newest = tickets[-_MOST_LISTED:]
    posted = _last_seen(uow, newest, person)
    newest = sorted(newest, key=lambda ticket: (posted[ticket.id], ticket.id))
    lines = [_in_a_line(uow, ticket, posted[ticket.id]) for ticket in newest]
    older = [say("pages.older", count=len(tickets) - _MOST_LISTED)] if len(tickets) > _MOST_LISTED else []
    return say(name, count=len(tickets), lines=[*older, *lines])


def _last_seen(uow: UnitOfWork, tickets: Sequence[Ticket], person: Person) -> dict[int, datetime]:
    """Return when this person last saw something posted on each ticket; when it was opened, if they saw nothing."""
    private = [ticket for ticket in tickets if ticket.has_private]
    hidden = [one.id for one in private if not member_for(person, members_of(uow, one)).insider]
    posted = {one.id: one.created if one.id in hidden else one.last_posted for one in tickets}
    public = select(Message.ticket_id, func.max(Message.received)).group_by(Message.ticket_id)
    rows = uow.session.execute(public.where(Message.ticket_id.in_(hidden), ~Message.private))
    return posted | {number: at for number, at in rows}  # noqa: C416 - a row is no pair to mypy


def _in_a_line(uow: UnitOfWork, ticket: Ticket, posted: datetime) -> Sentence:
    return say(
        "pages.in_a_line",
        number=ticket.id,
        status=ticket.status,
        ago=_ago(uow, posted),
        title=one_line(ticket.title, 100),
        address=ticket_address(uow, ticket.id),
    )


def _ago(uow: UnitOfWork, posted: datetime) -> Sentence:
    """Return how long ago a moment was, in hours or days."""
    hours = max(0, int((uow.now - posted).total_seconds() // 3600))
    if hours >= 24:
        return say("pages.days_ago", count=hours // 24)
    return say("pages.hours_ago", count=hours) if hours else say("pages.just_now")


# A ticket


def _show_page(uow: UnitOfWork, person: Person, page: Page, ticket: Ticket | None, wording: Wording) -> PageContent:
    """A ticket as the writer may see it, its messages in order."""
    found = _ticket_to_show(uow, person, page, ticket)
    if found is None:
        if page.ticket:
            return PageContent(say("pages.cannot_show", number=page.ticket, word=LIST))
        return PageContent(say("pages.show_which", word=LIST))
    view = ticket_in_full(uow, found, person)
    merged = [say("pages.shown_instead", number=page.ticket)] if page.ticket not in (0, found.id) else []
    asked_on_it = ticket is not None and ticket.id == found.id
    where = [] if asked_on_it else [say("pages.write_on_it", address=ticket_address(uow, found.id))]
    shown = _messages_from(view["messages"], page.message)
    if member_for(person, members_of(uow, found)).insider:
        shown = [{**one, "text": one["full_text"]} if one["number"] == page.message else one for one in shown]
    befores = statuses_before(view["messages"])
    texts = [message_text(one, befores[one["number"]], found.lifecycle, person.email, wording) for one in shown]
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


# Help


def _help_page(uow: UnitOfWork, ticket: Ticket, to: ReceiptRecipient) -> PageContent:
    """What a mail to this ticket can do now, for this person, from the tables."""
    member, wording = to.member, wording_of(ticket)
    usable = COMMANDS if member.responder else FOR_REQUESTORS if member.requestor else ()
    paragraphs: list[Sentence | str] = [_plain_reply(uow, ticket, to)]
    if member.responder:
        paragraphs.append(say("pages.private_note", address=comment_address(uow, ticket.id)))
    if usable:
        choices = _choices(uow, ticket, member)
        paragraphs.append(_commands(wording, [(command, choices.get(command)) for command in usable]))
    may_leave = (member.requestor or member.participant) and not member.responder
    paragraphs.append(words_alone(wording, undo=bool(usable), leave=may_leave))
    if member.answers or member.administrator:
        paragraphs += finder(uow, [ticket.queue])
    heading = say("pages.help_heading", number=ticket.id, status=ticket.status)
    people = {one.person_id for one in to.members} | {one.id for one in administrators(uow)}
    return PageContent(heading, (), paragraphs, Subjects(frozenset(people) if usable else frozenset()))


def _plain_reply(uow: UnitOfWork, ticket: Ticket, to: ReceiptRecipient) -> Sentence:
    """What a reply without any commands does, and who will see it."""
    reply = promise(uow, ticket, to.member).default_reply
    readers = readers_of_reply(uow, ticket, to.member, with_mailbox(uow, to.members), private=False)
    if not readers:
        return say("pages.reply_saved", does=reply.does)
    return say("pages.reply_private" if reply.private else "pages.reply", does=reply.does, readers=readers)


_COLUMN = 29


def _commands(wording: Wording, usable: Iterable[tuple[Command, Sequence[str] | None]]) -> Sentence:
    """Lines that a reply can begin with, beside what they do and what can stand in them now."""
    lines: list[str] = []
    for command, choices in usable:
        effect = say("pages.command", effect=Phrase(command.effect))
        if choices is not None:
            name = "pages.command_choices" if choices else "pages.command_no_choice"
            effect = say(name, effect=Phrase(command.effect), **({"choices": choices} if choices else {}))
        example = command.example if not choices or command.example in choices else choices[0]
        lines += _beside(command.line(example), wording.line(effect))
    return say("pages.commands", lines=lines)


def _beside(left: str, right: str) -> list[str]:
    """Return two columns, the right one folded."""
    folded = wrap(right, WIDTH - _COLUMN, break_long_words=False, break_on_hyphens=False)
    heads = [left] if len(left) < _COLUMN - 5 else [left, ""]
    lines = folded if len(heads) == 1 else ["", *folded]
    return [f"{text:<{_COLUMN - 4}}{line}".rstrip() for text, line in zip_longest(heads, lines, fillvalue="")]


def _choices(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> dict[Command, list[str]]:
    roles, life = member.roles_in(ticket.lifecycle), ticket.lifecycle
    actions = (action for action in life.actions if action != life.set_status)
    return {
        commands.STATUS: reachable_statuses(life, roles, ticket.status, answered=has_answer(uow, ticket)),
        commands.ACTION: [action.title for action in actions if _is_open_to(ticket, member, action)],
        commands.OWNER: [*commands.OWNER.words, *colleagues(uow, members_of(uow, ticket))],
        commands.QUEUE: [queue.name for queue in every_queue(uow)],
    }


def words_alone(
    wording: Wording, *, here: bool = True, undo: bool = False, part: bool = False, leave: bool = False
) -> Sentence:
    """The words that get something back."""
    words = [(HELP, "help"), (LIST, "list"), *([(SHOW, "show")] if here else []), (f"{SHOW} 12", "show_other")]
    words += [(f"{SHOW} 12 40", "show_part")] if part else []
    words += [(UNDO, "undo")] if undo else []
    words += [(LEAVE, "unsubscribe")] if leave else []
    lines = [line for word, name in words for line in _beside(word, wording.line(Sentence(f"pages.word_{name}", {})))]
    return say("pages.words", lines=lines)


def _is_open_to(ticket: Ticket, member: TicketMember, action: Action) -> bool:
    try:
        find_rule(ticket.lifecycle, action, ticket.status, member.roles_in(ticket.lifecycle))
    except NotAllowed:
        return False
    return True


def finder(uow: UnitOfWork, queues: Iterable[Queue]) -> list[Sentence]:
    """Where somebody who answers can look for tickets; nothing if no queue has an address."""
    address = next((row.address for queue in queues for row in queue.addresses), None)
    return [] if address is None else [say("pages.find_tickets", address=search_address(uow, address))]


def _first_help_page(uow: UnitOfWork, person: Person, address: str, wording: Wording) -> PageContent:
    """What a mail to a queue can do."""
    queues = uow.session.scalars(select(Queue).join(Responder).where(Responder.person_id == person.id)).all()
    paragraphs: list[Sentence | str] = []
    if queues or person.administrator:
        paragraphs.append(_commands(wording, [(command, None) for command in COMMANDS]))
    paragraphs.append(words_alone(wording, here=False))
    if queues or person.administrator:
        paragraphs += finder(uow, [*queues, *every_queue(uow)])
    return PageContent(say("pages.first_help_heading", address=address), (), paragraphs)
