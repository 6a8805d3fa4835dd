"""Letters with a page that a mail asked for: help, a list, or a ticket (docs/interface.md, section 6)."""

from collections.abc import Sequence
from typing import NamedTuple

from ....mail.addresses import mailable
from ....mail.text import one_line
from ...lifecycle.commands import HELP, LIST, SHOW, Page
from ...records.message_ids import sendable
from ...records.people import Person
from ...records.queues import Queue, main_address
from ...records.tickets import Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets.posts import NewMessage
from ...tickets.storms import letter_limits
from ...tickets.storms.answer_chains import MOST_PAGES, chain_of, last_note
from ...wording import Sentence, Wording, say, wording_in
from ..letter_rows import letter_row, wording_of
from ..letter_subjects import add_letters, named_in
from ..receipt_letters import ReceiptKind, ReceiptRecipient, write_receipt
from .help_page import first_help_page, help_page
from .list_page import list_page
from .page_content import PageContent
from .show_page import show_page

# Why an email is set aside that asks for one page too many.
ENOUGH = say("reasons.enough_answers")


def send_page_about_ticket(uow: UnitOfWork, to: ReceiptRecipient, person: Person, page: Page) -> bool:
    """Answer a mail to a ticket that asks for a page, to the person's stored address; False if it is one too many."""
    heading, lines, paragraphs, shows = _page_on_ticket(uow, person, page, to.ticket, to)
    paragraphs = [*paragraphs, *letter_limits.last_answer_note(uow, person.id, ReceiptKind.PAGE)]
    return write_receipt(uow, to, ReceiptKind.PAGE, heading, lines, paragraphs, shows=shows)


def send_page_from_queue(uow: UnitOfWork, queue: Queue, person: Person, new_message: NewMessage, page: Page) -> bool:
    """Answer a mail to a queue that asks for a page, to the person's stored address; False if it is one too many."""
    if len(chain_of(uow, person.id, new_message.in_reply_to)) >= MOST_PAGES:
        return False
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


def send_page(uow: UnitOfWork, person: Person, new_message: NewMessage, sheet: PageContent, origin: PageOrigin) -> None:
    """Send a page that is about no ticket to a person's stored address."""
    chain = chain_of(uow, person.id, new_message.in_reply_to)
    threads = [*chain, *([new_message.message_id] if sendable(new_message.message_id) else [])]
    notes = [*letter_limits.last_answer_note(uow, person.id, ReceiptKind.PAGE), *last_note(chain, MOST_PAGES)]
    paragraphs = [*sheet.paragraphs, *notes]
    wording = wording_in(origin.queue.language)
    subject, heading = wording.line(origin.subject), wording.say(sheet.heading)
    texts = [wording.say(paragraph) for paragraph in paragraphs]
    lines = [wording.line(line) for line in sheet.lines]
    named = named_in([subject, heading, *lines, *texts])
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
        references=" ".join(threads) or None,
        acknowledges=True,
        text=wording.render("to_writer", heading=heading, lines=lines, paragraphs=texts, footer=origin.footing),
    )
    add_letters(uow, [row])


def page_content_for(uow: UnitOfWork, person: Person, page: Page, address: str, wording: Wording) -> PageContent:
    """What a page says that somebody asked for at the address of a queue."""
    if page.word == LIST:
        return list_page(uow, person)
    if page.word == SHOW:
        return show_page(uow, person, page, None, wording)
    return first_help_page(uow, person, address, wording)


def _page_on_ticket(uow: UnitOfWork, person: Person, page: Page, ticket: Ticket, to: ReceiptRecipient) -> PageContent:
    if page.word == LIST:
        return list_page(uow, person)
    if page.word == SHOW:
        return show_page(uow, person, page, ticket, wording_of(ticket))
    return help_page(uow, ticket, to)
