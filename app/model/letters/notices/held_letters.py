"""Letters of a storm: one to each reader, which leaves when the storm has ended, and tells of all that came."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import joinedload

from ....mail.text import one_line
from ...lifecycle.commands import SHOW
from ...records.letters import HELD, Letter, State
from ...records.messages import Message
from ...records.tickets import Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets.members import TicketMember
from ...tickets.storms import slow_storms
from ...tickets.storms.loop_protection import Storm
from ...wording import Sentence, say
from ..letter_rows import wording_of
from ..letter_subjects import add_letters, replace_subjects
from .headings import sender_name
from .notice import Notice, headers_about
from .notice_letters import rows_of

_LISTED_LATER = 20
_SHORTENED = 200


def notify_later(
    uow: UnitOfWork,
    ticket: Ticket,
    message: Message,
    recipients: Sequence[TicketMember],
    members: Sequence[TicketMember],
    storm: Storm,
) -> None:
    """Tell of what a storm holds back in one letter to each reader, which leaves when the window has ended."""
    # Few letters wait, and a ticket may have very many.
    held = select(Letter).where(Letter.state == State.WAITING, Letter.next > uow.now, Letter.ticket_id == ticket.id)
    unsent = uow.session.scalars(held.where(Letter.kind == HELD, Letter.attempts == 0))
    begun = {letter.person_id: letter for letter in unsent}
    for reader in recipients:
        letter = begun.get(reader.person_id)
        first = letter.about_id if letter and letter.about_id else message.id
        headers = headers_about(ticket, HELD, None, None, None)._replace(about_id=first)
        body, writers = _held_since(uow, ticket, first, message, (reader, members), storm.within)
        [row] = rows_of(uow, Notice(headers, [reader], body), members, writers)
        if letter is not None:
            letter.text = str(row["text"])
            replace_subjects(uow, letter.id, {**row, "message_id": letter.message_id})
        else:
            # It is dated when it leaves.
            due = uow.now + storm.later
            add_letters(uow, [{**row, "created": due, "next": due}])


def _held_since(
    uow: UnitOfWork,
    ticket: Ticket,
    first: int,
    last: Message,
    reading: tuple[TicketMember, Sequence[TicketMember]],
    within: timedelta,
) -> tuple[dict[str, object], frozenset[int]]:
    """What a letter says of the messages between these two that nobody got a letter about, and who wrote them.

    `reading` is who reads it, and who is on the ticket. `within` is the time in which too many of them came.
    """
    reader, members = reading
    has_letter = exists().where(Letter.about_id == Message.id, Letter.kind != HELD)
    visible = [] if reader.responder else [~Message.private]
    # By their numbers: what came before on a long ticket is not read.
    begun = func.coalesce(select(Message.number).where(Message.id == first).scalar_subquery(), 0)
    conditions = Message.ticket_id == ticket.id, Message.number >= begun, Message.number <= last.number, ~has_letter
    held = select(Message).where(*conditions, *visible).order_by(Message.number)
    messages = uow.session.scalars(held.options(joinedload(Message.sender)).limit(_LISTED_LATER + 1)).all()
    wording = wording_of(ticket)
    senders = [sender_name(message, members, wording, team=reader.responder) for message in messages[:_LISTED_LATER]]
    lines = [f"{sender}: {message.text}" for sender, message in zip(senders, messages, strict=False)]
    more = [say("notes.more_of_them")] if len(messages) > _LISTED_LATER else []
    writers = frozenset(message.sender_id for message in messages if message.sender_id is not None)
    body: dict[str, object] = {
        "heading": say("notes.held_since", number=ticket.id, span=span(within)),
        "lines": [one_line(line, _SHORTENED) for line in lines],
        "paragraphs": [*more, say("notes.read_them_whole", word=SHOW)],
    }
    return body, writers


def span(within: timedelta) -> Sentence:
    """Return the time within which too many mails came."""
    if within >= slow_storms.DAY:
        return say("notes.within_a_day")
    return say("notes.within_minutes", minutes=int(within.total_seconds() // 60))
