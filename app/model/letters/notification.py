"""Who is notified of what happened: one letter to each, as rows of the outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from ...mail.text import SHOWN_LIMIT, printable
from ..records.letters import NOT_SENT, UNANSWERED
from ..records.messages import Message
from ..records.tickets import UNDELIVERED, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import TicketMember, Update, recipients_of, with_mailbox
from ..wording import Sentence, say
from .letter_rows import wording_of
from .letter_subjects import add_letters
from .notices.change_notices import of_change
from .notices.headings import sender_name
from .notices.message_notices import of_message, of_opening
from .notices.notice import Notice, headers_about
from .notices.notice_letters import rows_of


def notify(uow: UnitOfWork, event: Event, *, answered: bool = False) -> list[Sentence]:
    """Write a letter to each person whom an event concerns (docs/interface.md, section 8). The ticket stays as it is.

    Every mail counts as words, also one that is all attachments: its writer's footer has said who will read it.
    `answered`: who caused it gets a letter of their own. What else they are told is returned, and stands in that one.
    """
    if event.quiet:
        return []
    gone = with_mailbox(uow, event.gone) if event.gone else ()
    event = replace(event, members=with_mailbox(uow, event.members), gone=gone)
    notices = _notices_of(uow, event)
    # In answer to the letter to the writer, words may mean something else.
    answers = [notice for notice in notices if answered and notice.headers.kind == NOT_SENT]
    letters = [rows_of(uow, notice, event.members) for notice in notices if notice not in answers]
    add_letters(uow, [row for rows in letters for row in rows])
    return [sentence for notice in answers for sentence in _sentences_of(notice)]


def _notices_of(uow: UnitOfWork, event: Event) -> list[Notice]:
    if event.message is None or event.new_message is None:
        return of_change(uow, event)
    return (of_opening if event.opened else of_message)(uow, event, event.message, event.new_message)


def _sentences_of(notice: Notice) -> list[Sentence]:
    """Return what a notice to a writer says in another letter to them."""
    return [cast("Sentence", notice.body["heading"]), *cast("list[Sentence]", notice.body["elsewhere"])]


def notify_undelivered(
    uow: UnitOfWork, ticket: Ticket, missed: int, members: Sequence[TicketMember], body: Mapping[str, object]
) -> None:
    """Tell who answers that somebody, the person `missed`, did not get a letter. A reply is a private comment."""
    members = with_mailbox(uow, members)
    recipients = recipients_of(members, Update(has_text=False), ticket.lifecycle, except_person=missed)
    headers = headers_about(ticket, UNDELIVERED, None, None, None)._replace(private=True, by_id=missed)
    add_letters(uow, rows_of(uow, Notice(headers, recipients, body), members))


def notify_unanswered(uow: UnitOfWork, ticket: Ticket, message: Message, members: Sequence[TicketMember]) -> None:
    """Tell who answers that a reply waits for its writer's word. What answers that is a private comment."""
    members, name = with_mailbox(uow, members), sender_name(message, members, wording_of(ticket), team=True)
    recipients = recipients_of(members, Update(has_text=True, private=True), ticket.lifecycle, except_person=None)
    body = {
        "heading": say("notes.has_waited", name=name, number=ticket.id),
        "lines": [],
        "paragraphs": [
            printable(message.text)[:SHOWN_LIMIT].rstrip(),
            say("notes.can_send_or_drop", name=name),
        ],
    }
    headers = headers_about(ticket, UNANSWERED, message, None, None)
    add_letters(uow, rows_of(uow, Notice(headers, recipients, body), members))
