"""How a person or a ticket is forgotten: all that goes, in one unit of work, and what is told of it.

What others wrote is theirs and stays, also where they name somebody. What the tracker wrote itself does not.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import delete, select, update

from ...mail.addresses import Mailbox
from ..letters.old_letters import name_old_letters
from ..records.letters import Letter, LetterSubject, State
from ..records.messages import Attachment
from ..records.people import Address, Person, add_placeholder, find_person, get_person
from ..records.queues import Queue, QueueReader, Responder
from ..records.received_mail import Delivery
from ..records.registration import get_or_create_person, reassign_references
from ..records.tickets import Participant, Ticket
from ..search.indexer import purge_pending
from ..storage.database import Database
from ..storage.unit_of_work import UnitOfWork
from ..tickets.undo import Checkpoint
from . import personal_data, rewrite, rows
from .identity_patterns import IdentityPatterns
from .mentions import NOTHING, Mentions, left_of, on_no_ticket
from .title_authors import titles_of


@dataclass
class ErasureReport:
    """What went. `tickets` are those they asked, or those that were erased; `set_aside` are mails among `mails`.

    `queues` are those for which they answered. `left` is what others wrote of them. `only_here` are people who are
    known through the ticket alone. `erased` has the ids of the messages whose words are gone, `retitled` those of
    others whose subject was a title that is gone: what else keeps words of messages must let go of these, too.
    """

    messages: int = 0
    mails: int = 0
    attachments: int = 0
    letters: int = 0
    tickets: int = 0
    set_aside: int = 0
    queues: list[str] = field(default_factory=list)
    administrator: bool = False
    assigned: int = 0
    left: Mentions = NOTHING
    only_here: list[str] = field(default_factory=list)
    erased: list[int] = field(default_factory=list)
    retitled: list[int] = field(default_factory=list)


Erasure = Callable[[UnitOfWork], ErasureReport]


class _PreviewDone(Exception):
    """All was done to see what it would be, and nothing of it is to stay."""


def preview(database: Database, erasure: Erasure) -> ErasureReport:
    """What would go, to the last letter: it is done, and taken back."""
    name_old_letters(database)
    report = ErasureReport()
    with suppress(_PreviewDone), database.transaction() as uow:
        report = erasure(uow)
        raise _PreviewDone
    return report


def erase(database: Database, erasure: Erasure) -> ErasureReport:
    """Forget, all or nothing."""
    name_old_letters(database)
    with database.transaction() as uow:
        if database.is_sqlite:
            # What is taken out is written over, also in pages that are given back.
            uow.connection.exec_driver_sql("PRAGMA secure_delete = ON")
        report = erasure(uow)
        purge_pending(uow)
        return report


def forget_person(uow: UnitOfWork, email: str) -> ErasureReport:
    """Take a person out of everything; their messages stay as numbered places. NoSuchPerson if nobody has the address.

    In every table somebody stands for them who has no name, no address and no letters; whoever writes from their
    address is a new stranger.
    """
    person = _who_wrote(uow, email)
    addresses = personal_data.addresses_of(uow, person)
    tickets = _hold(uow, person, addresses)
    stand_in = add_placeholder(uow)
    patterns = IdentityPatterns(
        person.id,
        stand_in.email,
        line_left(uow, "at the request of its writer"),
        addresses,
        personal_data.names_of(uow, person),
        titles_of(uow, person, tickets),
    )
    mails = personal_data.mails_of(uow, person, addresses)
    elsewhere = on_no_ticket(uow, patterns, mails)
    report = ErasureReport(erased=personal_data.messages_of(uow, person))
    report.left = left_of(uow, person, patterns, tickets, elsewhere.kept)
    _count_offices(uow, person, report)
    erase_words(uow, report, mails | elsewhere.requests)
    patterns = patterns.knowing(rows.erase_messages(uow, report.erased, patterns.title))
    _take_out_of_letters(uow, person, patterns, report, tickets)
    report.retitled = sorted(rewrite.rewrite_tickets(uow, patterns, tickets))
    _take_out_of_records(uow, person, patterns, tickets)
    reassign_references(uow, person, stand_in)
    return report


def _who_wrote(uow: UnitOfWork, email: str) -> Person:
    """The person who has an address. Whose mails were all set aside is nobody yet, and is made one to be forgotten."""
    address = email.strip()
    if find_person(uow, address) is None and personal_data.has_mails(uow, address):
        return get_or_create_person(uow, Mailbox("", address), known=False)
    return get_person(uow, address)


def _hold(uow: UnitOfWork, person: Person, addresses: Collection[str]) -> set[int]:
    """The tickets on which somebody left traces, held with the person until the work is done.

    Tickets first, as mail holds them. On PostgreSQL a mail that found the person before waits here with what it writes
    in their name; then that is undone, since nobody is there any more, and the mail is taken once more, as a
    stranger's. Where several wait at once, each makes the stranger known, and all but one may be told to come again.
    """
    for number in sorted(personal_data.tickets_with(uow, person, addresses)):
        uow.session.scalars(select(Ticket.id).where(Ticket.id == number).with_for_update(of=Ticket)).all()
    uow.session.get_one(Person, person.id, with_for_update=True, populate_existing=True)
    return personal_data.tickets_with(uow, person, addresses)


def line_left(uow: UnitOfWork, why: str = "") -> str:
    """What stands where words were."""
    return f"[Erased on {uow.now:%Y-%m-%d}{f' {why}' if why else ''}.]"


def _count_offices(uow: UnitOfWork, person: Person, report: ErasureReport) -> None:
    answers = select(Queue.name).join(Responder, Responder.queue_id == Queue.id).order_by(Queue.id)
    report.queues = list(uow.session.scalars(answers.where(Responder.person_id == person.id)))
    report.administrator = person.administrator
    report.tickets = rows.count(uow, Ticket.requestor_id, [person.id])
    report.assigned = rows.count(uow, Ticket.assignee_id, [person.id])


def erase_words(uow: UnitOfWork, report: ErasureReport, mails: Collection[int]) -> None:
    """Erase these mails, and count what goes with them and with the messages.

    Here whatever else keeps the words of `report.erased` lets go of them; the messages themselves are still there.
    """
    present = rows.still_there(uow, mails)
    report.messages, report.mails = len(report.erased), len(present)
    report.attachments = rows.count(uow, Attachment.message_id, report.erased)
    report.set_aside = rows.count(uow, Delivery.mail_id, present, Delivery.waiting.is_(True))
    rows.erase_mails(uow, present)


def _take_out_of_letters(
    uow: UnitOfWork, person: Person, patterns: IdentityPatterns, report: ErasureReport, tickets: Collection[int]
) -> None:
    """Delete letters to the person, and waiting letters about their messages; blank other letters that show them."""
    requested = personal_data.tickets_asked(uow, person, patterns.addresses)
    to_them = rows.ids_of(uow, Letter.id, Letter.person_id, [person.id])
    about = rows.ids_of(uow, Letter.id, Letter.about_id, report.erased)
    on_ticket = rows.ids_of(uow, Letter.id, Letter.ticket_id, requested | patterns.titles.keys())
    showing = rows.ids_of(uow, LetterSubject.letter_id, LetterSubject.ticket_id, patterns.titles)
    showing |= rows.ids_of(uow, LetterSubject.letter_id, LetterSubject.person_id, [person.id])
    affected = to_them | about | on_ticket | showing | rows.letters_with_words(uow, patterns)
    gone = to_them | rows.ids_of(uow, Letter.id, Letter.id, about, Letter.state != State.SENT)
    rows.remove_letters(uow, gone)
    rows.blank_letters(uow, affected - gone, line_left(uow))
    rows.unlink_letters(uow, tickets, patterns.ids)
    rows.drop_promises(uow, person.id)
    report.letters = len(affected)


def _take_out_of_records(uow: UnitOfWork, person: Person, patterns: IdentityPatterns, tickets: Collection[int]) -> None:
    rewrite.rewrite_changes(uow, patterns, tickets)
    rewrite.rewrite_mails(uow, patterns)
    rows.leave_archive(uow, patterns.keys)
    for table in (Ticket, Checkpoint):
        assigned = update(table).where(table.assignee_id == person.id)
        uow.session.execute(assigned.values(assignee_id=None))
    own = update(Ticket).where(Ticket.requestor_id == person.id)
    uow.session.execute(own.values(requestor_email=None))
    for row in (Address, Participant, Responder, QueueReader):
        uow.session.execute(delete(row).where(row.person_id == person.id))
    uow.session.flush()
