"""What the tracker does by itself once a day: open tickets again, and tell people what waits."""

from datetime import timedelta

from sqlalchemy import select

from ..letters.letter_subjects import Subjects, add_letters
from ..letters.notification import admin_wording, letter_row, notify, notify_unanswered
from ..lifecycle.tables import TRACKER, target_status
from ..records.addressing import postmaster_address
from ..records.letters import UNANSWERED, Letter
from ..records.messages import Message
from ..records.milestones import BACKUP, BACKUP_DUE, age_of
from ..records.people import Person
from ..records.tickets import Ticket, find_ticket
from ..storage.database import Database
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import members_of
from ..tickets.posts import Transition
from ..tickets.undo import field_values
from ..tickets.unread import unread
from ..wording import Sentence, say
from .morning_letters import queues_due, send_morning_letters
from .workflow import take_transitions


def do_daily_work(database: Database) -> None:
    """Do what is due; a server calls this every few minutes, and several may at once."""
    with database.read_only() as uow:
        tickets, queues, held = due_again(uow), queues_due(uow), held_for_a_day(uow)
    for number in tickets:
        with database.transaction() as uow:
            open_again(uow, number)
    for message_id in held:
        with database.transaction() as uow:
            tell_of_held(uow, message_id)
    for queue_id in queues:
        with database.transaction() as uow:
            send_morning_letters(uow, queue_id)
    with database.transaction() as uow:
        tell_of_unread(uow)
        tell_of_old_backup(uow)


# Tickets that were stalled until a day


def due_again(uow: UnitOfWork) -> list[int]:
    """Return the numbers of tickets whose day has come."""
    return list(uow.session.scalars(select(Ticket.id).where(Ticket.reopens <= uow.now).order_by(Ticket.id)))


def open_again(uow: UnitOfWork, number: int) -> bool:
    """Open a ticket whose day has come, and tell its team; False if another server has, or somebody wrote meanwhile."""
    ticket = find_ticket(uow, number, locked=True)
    if ticket.reopens is None or ticket.reopens > uow.now:
        return False
    row, old = ticket.lifecycle.resumes, ticket.status
    if row is None or old not in row.moves or ticket.merged_into is not None:
        # Its queue lives by another lifecycle by now, or it goes on elsewhere.
        ticket.reopens = None
        return False
    until = field_values(ticket)["until"]
    take_transitions(uow, ticket, None, TRACKER, [Transition(row, target_status(row, old))], None)
    notify(uow, Event(ticket, members_of(uow, ticket), None, old, changes=[("until", until, None)]))
    return True


# Replies that wait for their writer's word


def held_for_a_day(uow: UnitOfWork) -> list[int]:
    """Return the ids of messages that are held for a day and of which no team was told."""
    told = select(Letter.id).where(Letter.about_id == Message.id, Letter.kind == UNANSWERED).exists()
    old = select(Message.id).where(Message.held, Message.received <= uow.now - timedelta(days=1), ~told)
    return list(uow.session.scalars(old.order_by(Message.id)))


def tell_of_held(uow: UnitOfWork, message_id: int) -> bool:
    """Tell a team of a reply that is held; False if another server has, or its writer answered meanwhile."""
    number = uow.session.scalar(select(Message.ticket_id).where(Message.id == message_id))
    ticket = find_ticket(uow, number, locked=True) if number is not None else None
    if ticket is None or message_id not in held_for_a_day(uow):
        return False
    notify_unanswered(uow, ticket, uow.session.get_one(Message, message_id), members_of(uow, ticket))
    return True


# Tickets that nobody reads

_UNREAD = "unread"
_NAMED = 50


def tell_of_unread(uow: UnitOfWork) -> int:
    """Tell the administrators, once a day, of tickets that nobody reads; how many letters were written."""
    people = _to_be_told(uow, _UNREAD) if unread(uow) else []
    if not people:
        return 0
    text, subject = _unread_text(uow), say("admin.unread_subject", domain=uow.domain)
    shows = Subjects(tickets=frozenset(number for numbers in unread(uow).values() for number in numbers))
    add_letters(uow, [_admin_row(uow, _UNREAD, person, subject, text, shows) for person in people])
    return len(people)


# Backups that are made no more

_BACKUP = "backup"


def tell_of_old_backup(uow: UnitOfWork) -> int:
    """Tell the administrators, once a day, that backups have stopped; how many letters were written.

    Who never made one may have another way.
    """
    age = age_of(uow, BACKUP)
    people = _to_be_told(uow, _BACKUP) if age is not None and age > BACKUP_DUE else []
    if age is None or not people:
        return 0
    text = admin_wording(uow).render(
        "to_writer",
        heading=say("admin.old_backup", days=age.days),
        lines=[],
        paragraphs=[say("admin.make_backup")],
        footer=[say("footer.nobody_reads"), say("footer.why_admin")],
    )
    subject = say("admin.old_backup_subject", days=age.days, domain=uow.domain)
    add_letters(uow, [_admin_row(uow, _BACKUP, person, subject, text, Subjects()) for person in people])
    return len(people)


def _to_be_told(uow: UnitOfWork, kind: str) -> list[Person]:
    """Return the administrators, unless a letter of this kind was written today."""
    if _told_today(uow, kind):
        return []
    # Of two servers the second waits here, and then finds the letters written.
    locked = select(Person).where(Person.administrator).order_by(Person.id).with_for_update(key_share=True)
    people = [one for one in uow.session.scalars(locked) if not one.undeliverable]
    return [] if _told_today(uow, kind) else people


def _told_today(uow: UnitOfWork, kind: str) -> bool:
    told = select(Letter.id).where(
        Letter.ticket_id.is_(None), Letter.kind == kind, Letter.created > uow.now - timedelta(days=1)
    )
    return uow.session.scalar(told.limit(1)) is not None


def _unread_text(uow: UnitOfWork) -> str:
    wording, lines = admin_wording(uow), list[str]()
    for name, numbers in unread(uow).items():
        more = [say("admin.and_more", count=len(numbers) - _NAMED)] if len(numbers) > _NAMED else []
        listed = [*(f"#{number}" for number in numbers[:_NAMED]), *more]
        lines.append(wording.line(say("admin.unread_queue", queue=name, numbers=listed)))
    return wording.render(
        "to_writer",
        heading=say("admin.unread"),
        lines=lines,
        paragraphs=[say("admin.add_to_team")],
        footer=[say("footer.nobody_reads"), say("footer.why_admin")],
    )


def _admin_row(
    uow: UnitOfWork, kind: str, to: Person, subject: Sentence, text: str, shows: Subjects
) -> dict[str, object]:
    return letter_row(
        uow,
        shows=shows,
        ticket_id=None,
        about_id=None,
        kind=kind,
        person_id=to.id,
        sender_name=admin_wording(uow).line(say("admin.sender")),
        sender=postmaster_address(uow),
        recipient_name=to.label,
        recipient=to.email,
        list_id=None,
        subject=admin_wording(uow).line(subject),
        in_reply_to=None,
        references=None,
        text=text,
    )
