"""How a ticket is forgotten: its number, queue, status and dates stay, and a line that says so.

The number stays so that it is never given again. What is left of its mails are digests, by which they stay forgotten.
"""

from collections.abc import Collection

from sqlalchemy import delete, exists, or_, select, update

from ..lifecycle.tables import NotAllowed
from ..records.imported_mail import NOBODY, Archived
from ..records.letters import Letter, LetterSubject
from ..records.messages import Message
from ..records.people import Person, get_or_create_shared_placeholder
from ..records.queues import QueueReader, Responder
from ..records.received_mail import Delivery
from ..records.tickets import FORGOTTEN, Change, Participant, Reopening, Ticket, find_ticket, record_change
from ..storage.batches import batches
from ..storage.unit_of_work import UnitOfWork
from ..tickets.undo import Checkpoint
from . import personal_data, rows
from .erase_person import ErasureReport, erase_words, line_left


def forget_ticket(uow: UnitOfWork, number: int) -> ErasureReport:
    """Take everything out of a ticket, and out of those that became part of it.

    People stay. NoSuchTicket if there is none or it was forgotten before, NotAllowed if it is part of another one.
    """
    if (into := find_ticket(uow, number).merged_into) is not None:
        raise NotAllowed("erase_merged", number=number, into=into)
    numbers = personal_data.parts_of(uow, number)
    tickets = [find_ticket(uow, part, locked=True) for part in sorted(numbers)]
    report = ErasureReport(tickets=len(tickets), erased=_messages_on(uow, numbers))
    report.only_here = _known_only_here(uow, numbers)
    erase_words(uow, report, _mails_of(uow, numbers, report.erased))
    report.letters = _take_out_letters(uow, numbers, report.erased)
    rows.remove_messages(uow, report.erased)
    _take_out_records(uow, numbers)
    for ticket in tickets:
        _empty(uow, ticket)
    uow.session.flush()
    return report


def _messages_on(uow: UnitOfWork, numbers: Collection[int]) -> list[int]:
    return list(uow.session.scalars(select(Message.id).where(Message.ticket_id.in_(numbers)).order_by(Message.id)))


def _mails_of(uow: UnitOfWork, numbers: Collection[int], messages: Collection[int]) -> set[int]:
    """The mails that came to these tickets, without those that stand elsewhere too: on another ticket, or set aside."""
    brought = select(Message.mail_id).where(Message.ticket_id.in_(numbers), Message.mail_id.is_not(None))
    came = select(Delivery.mail_id).where(Delivery.ticket_id.in_(numbers))
    mails = {mail for mail in (*uow.session.scalars(brought), *uow.session.scalars(came)) if mail is not None}
    elsewhere: set[int | None] = set()
    for batch in batches(sorted(mails)):
        on_others = select(Message.mail_id).where(Message.mail_id.in_(batch), Message.ticket_id.not_in(numbers))
        aside = select(Delivery.mail_id).where(
            Delivery.mail_id.in_(batch), or_(Delivery.ticket_id.not_in(numbers), Delivery.waiting)
        )
        elsewhere |= {*uow.session.scalars(on_others), *uow.session.scalars(aside)}
    return mails - elsewhere


def _take_out_letters(uow: UnitOfWork, numbers: Collection[int], messages: Collection[int]) -> int:
    own = rows.ids_of(uow, Letter.id, Letter.ticket_id, numbers)
    own |= rows.ids_of(uow, Letter.id, Letter.about_id, messages)
    showing = rows.ids_of(uow, LetterSubject.letter_id, LetterSubject.ticket_id, numbers)
    rows.remove_letters(uow, own)
    rows.blank_letters(uow, showing - own, line_left(uow))
    return len(own | showing)


def _take_out_records(uow: UnitOfWork, numbers: Collection[int]) -> None:
    """Take out who takes part and what changed. What is left of its mails are digests, by which they are known."""
    for table in (Participant, Change, Reopening, Checkpoint):
        uow.session.execute(delete(table).where(table.ticket_id.in_(numbers)))
    came = update(Delivery).where(Delivery.ticket_id.in_(numbers))
    uow.session.execute(came.values(recipient="", reason=""))
    imported = update(Archived).where(Archived.ticket_id.in_(numbers))
    uow.session.execute(imported.values(mail_id=None, subject=None, people=NOBODY))


def _empty(uow: UnitOfWork, ticket: Ticket) -> None:
    """Leave a row with a number, a line that says so, and nobody. Without messages it is no ticket any more."""
    ticket.title = line_left(uow)
    ticket.requestor = get_or_create_shared_placeholder(uow)
    ticket.requestor_email = ticket.reopens = None
    ticket.requestor_left = ticket.handed_over = False
    ticket.assignee = ticket.answerer = ticket.answer = ticket.solved = ticket.priority = ticket.root = None
    ticket.last_query = ticket.last_response = ticket.merged_into = None
    ticket.posts, ticket.has_private, ticket.closed = 0, False, True
    record_change(uow, ticket, None, FORGOTTEN, None, None)


def _known_only_here(uow: UnitOfWork, numbers: Collection[int]) -> list[str]:
    """Return the addresses of people who stand on no other ticket, so that they could be erased, too."""
    elsewhere = or_(
        Person.administrator,
        exists().where(Responder.person_id == Person.id),
        exists().where(QueueReader.person_id == Person.id),
        exists().where(Participant.person_id == Person.id, Participant.ticket_id.not_in(numbers)),
        exists().where(Message.sender_id == Person.id, Message.ticket_id.not_in(numbers)),
        exists().where(Ticket.requestor_id == Person.id, Ticket.id.not_in(numbers)),
        exists().where(Ticket.assignee_id == Person.id, Ticket.id.not_in(numbers)),
    )
    here = or_(
        exists().where(Participant.person_id == Person.id, Participant.ticket_id.in_(numbers)),
        exists().where(Message.sender_id == Person.id, Message.ticket_id.in_(numbers)),
        exists().where(Ticket.requestor_id == Person.id, Ticket.id.in_(numbers)),
    )
    people = uow.session.scalars(select(Person).where(here, ~elsewhere).order_by(Person.email))
    return [person.email for person in people if not person.forgotten]
