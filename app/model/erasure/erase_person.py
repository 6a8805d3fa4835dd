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
from ..records.people import Address, Person, find_person, get_person, somebody
from ..records.queues import Queue, Responder
from ..records.received_mail import Delivery
from ..records.registration import hand_over, meet
from ..records.tickets import Participant, Ticket
from ..search.indexer import let_go
from ..storage.database import Database
from ..storage.unit_of_work import Desk
from ..tickets.undo import Checkpoint
from . import personal_data, rewrite, rows
from .identity_patterns import Traces
from .mentions import NOTHING, Remainder, left_of, on_no_ticket
from .title_authors import titles_of


@dataclass
class Forgotten:
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
    left: Remainder = NOTHING
    only_here: list[str] = field(default_factory=list)
    erased: list[int] = field(default_factory=list)
    retitled: list[int] = field(default_factory=list)


Forget = Callable[[Desk], Forgotten]


class _Rehearsed(Exception):
    """All was done to see what it would be, and nothing of it is to stay."""


def rehearse(database: Database, forget: Forget) -> Forgotten:
    """What would go, to the last letter: it is done, and taken back."""
    name_old_letters(database)
    told = Forgotten()
    with suppress(_Rehearsed), database.work() as desk:
        told = forget(desk)
        raise _Rehearsed
    return told


def carry_out(database: Database, forget: Forget) -> Forgotten:
    """Forget, all or nothing."""
    name_old_letters(database)
    with database.work() as desk:
        if database.is_sqlite:
            # What is taken out is written over, also in pages that are given back.
            desk.connection.exec_driver_sql("PRAGMA secure_delete = ON")
        told = forget(desk)
        let_go(desk)
        return told


def forget_person(desk: Desk, email: str) -> Forgotten:
    """Take a person out of everything; their messages stay as numbered places. NoSuchPerson if nobody has the address.

    In every table somebody stands for them who has no name, no address and no letters; whoever writes from their
    address is a new stranger.
    """
    person = _who_wrote(desk, email)
    addresses = personal_data.addresses_of(desk, person)
    tickets = _hold(desk, person, addresses)
    stand_in = somebody(desk)
    traces = Traces(
        person.id,
        stand_in.email,
        line_left(desk, "at the request of its writer"),
        addresses,
        personal_data.names_of(desk, person),
        titles_of(desk, person, tickets),
    )
    mails = personal_data.mails_of(desk, person, addresses)
    elsewhere = on_no_ticket(desk, traces, mails)
    told = Forgotten(erased=personal_data.messages_of(desk, person))
    told.left = left_of(desk, person, traces, tickets, elsewhere.kept)
    _count_offices(desk, person, told)
    erase_words(desk, told, mails | elsewhere.asked)
    traces = traces.knowing(rows.erase_messages(desk, told.erased, traces.title))
    _take_out_of_letters(desk, person, traces, told, tickets)
    told.retitled = sorted(rewrite.rewrite_tickets(desk, traces, tickets))
    _take_out_of_records(desk, person, traces, tickets)
    hand_over(desk, person, stand_in)
    return told


def _who_wrote(desk: Desk, email: str) -> Person:
    """The person who has an address. Whose mails were all set aside is nobody yet, and is made one to be forgotten."""
    address = email.strip()
    if find_person(desk, address) is None and personal_data.has_mails(desk, address):
        return meet(desk, Mailbox("", address), known=False)
    return get_person(desk, address)


def _hold(desk: Desk, person: Person, addresses: Collection[str]) -> set[int]:
    """The tickets on which somebody left traces, held with the person until the work is done.

    Tickets first, as mail holds them. On PostgreSQL a mail that found the person before waits here with what it writes
    in their name; then that is undone, since nobody is there any more, and the mail is taken once more, as a
    stranger's. Where several wait at once, each makes the stranger known, and all but one may be told to come again.
    """
    for number in sorted(personal_data.tickets_with(desk, person, addresses)):
        desk.session.scalars(select(Ticket.id).where(Ticket.id == number).with_for_update(of=Ticket)).all()
    desk.session.get_one(Person, person.id, with_for_update=True, populate_existing=True)
    return personal_data.tickets_with(desk, person, addresses)


def line_left(desk: Desk, why: str = "") -> str:
    """What stands where words were."""
    return f"[Erased on {desk.now:%Y-%m-%d}{f' {why}' if why else ''}.]"


def _count_offices(desk: Desk, person: Person, told: Forgotten) -> None:
    answers = select(Queue.name).join(Responder, Responder.queue_id == Queue.id).order_by(Queue.id)
    told.queues = list(desk.session.scalars(answers.where(Responder.person_id == person.id)))
    told.administrator = person.administrator
    told.tickets = rows.count(desk, Ticket.requestor_id, [person.id])
    told.assigned = rows.count(desk, Ticket.assignee_id, [person.id])


def erase_words(desk: Desk, told: Forgotten, mails: Collection[int]) -> None:
    """Erase these mails, and count what goes with them and with the messages.

    Here whatever else keeps the words of `told.erased` lets go of them; the messages themselves are still there.
    """
    found = rows.still_there(desk, mails)
    told.messages, told.mails = len(told.erased), len(found)
    told.attachments = rows.count(desk, Attachment.message_id, told.erased)
    told.set_aside = rows.count(desk, Delivery.mail_id, found, Delivery.waiting.is_(True))
    rows.erase_mails(desk, found)


def _take_out_of_letters(desk: Desk, person: Person, traces: Traces, told: Forgotten, tickets: Collection[int]) -> None:
    """Letters to them go, with those about their words that wait; others that show them say that they are erased."""
    asked = personal_data.tickets_asked(desk, person, traces.addresses)
    to_them = rows.ids_of(desk, Letter.id, Letter.person_id, [person.id])
    about = rows.ids_of(desk, Letter.id, Letter.about_id, told.erased)
    on_ticket = rows.ids_of(desk, Letter.id, Letter.ticket_id, asked | traces.titles.keys())
    showing = rows.ids_of(desk, LetterSubject.letter_id, LetterSubject.ticket_id, traces.titles)
    showing |= rows.ids_of(desk, LetterSubject.letter_id, LetterSubject.person_id, [person.id])
    found = to_them | about | on_ticket | showing | rows.letters_with_words(desk, traces)
    gone = to_them | rows.ids_of(desk, Letter.id, Letter.id, about, Letter.state != State.SENT)
    rows.remove_letters(desk, gone)
    rows.blank_letters(desk, found - gone, line_left(desk))
    rows.unlink_letters(desk, tickets, traces.ids)
    told.letters = len(found)


def _take_out_of_records(desk: Desk, person: Person, traces: Traces, tickets: Collection[int]) -> None:
    rewrite.rewrite_changes(desk, traces, tickets)
    rewrite.rewrite_mails(desk, traces)
    rows.leave_archive(desk, traces.keys)
    for table in (Ticket, Checkpoint):
        assigned = update(table).where(table.assignee_id == person.id)
        desk.session.execute(assigned.values(assignee_id=None))
    own = update(Ticket).where(Ticket.requestor_id == person.id)
    desk.session.execute(own.values(requestor_email=None))
    for row in (Address, Participant, Responder):
        desk.session.execute(delete(row).where(row.person_id == person.id))
    desk.session.flush()
