"""The page `help`: what a mail can do now, from the tables."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from textwrap import wrap

from sqlalchemy import select

from ...folding import WIDTH
from ...lifecycle import commands
from ...lifecycle.commands import COMMANDS, FOR_REQUESTORS, HELP, LEAVE, LIST, SHOW, UNDO, Command
from ...lifecycle.tables import Action, NotAllowed, find_rule
from ...records.addressing import comment_address, search_address
from ...records.people import Person, administrators
from ...records.queues import Queue, Responder, every_queue
from ...records.tickets import Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets.members import TicketMember, members_of, with_mailbox
from ...tickets.person_lookup import colleagues
from ...tickets.transitions import has_answer, promise, reachable_statuses
from ...wording import Phrase, Sentence, Wording, say
from ..footer import readers_of_reply
from ..letter_rows import wording_of
from ..letter_subjects import Subjects
from ..receipt_letters import ReceiptRecipient
from .page_content import PageContent

_COLUMN = 29


def help_page(uow: UnitOfWork, ticket: Ticket, to: ReceiptRecipient) -> PageContent:
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
    people = {member.person_id for member in to.members} | {admin.id for admin in administrators(uow)}
    return PageContent(heading, (), paragraphs, Subjects(frozenset(people) if usable else frozenset()))


def _plain_reply(uow: UnitOfWork, ticket: Ticket, to: ReceiptRecipient) -> Sentence:
    """What a reply without any commands does, and who will see it."""
    reply = promise(uow, ticket, to.member).default_reply
    readers = readers_of_reply(uow, ticket, to.member, with_mailbox(uow, to.members), private=False)
    if not readers:
        return say("pages.reply_saved", does=reply.does)
    return say("pages.reply_private" if reply.private else "pages.reply", does=reply.does, readers=readers)


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


def first_help_page(uow: UnitOfWork, person: Person, address: str, wording: Wording) -> PageContent:
    """What a mail to a queue can do."""
    queues = uow.session.scalars(select(Queue).join(Responder).where(Responder.person_id == person.id)).all()
    paragraphs: list[Sentence | str] = []
    if queues or person.administrator:
        paragraphs.append(_commands(wording, [(command, None) for command in COMMANDS]))
    paragraphs.append(words_alone(wording, here=False))
    if queues or person.administrator:
        paragraphs += finder(uow, [*queues, *every_queue(uow)])
    return PageContent(say("pages.first_help_heading", address=address), (), paragraphs)
