"""What the tracker does by itself once a day: open tickets again, and tell people what waits."""

from datetime import timedelta

from sqlalchemy import insert, select

from ..letters import notification
from ..letters.notification import News, letter_row
from ..letters.templates import render
from ..lifecycle.tables import TRACKER, listed, target
from ..records.addressing import postmaster_address
from ..records.letters import Letter
from ..records.people import Person
from ..records.tickets import Ticket, find_ticket
from ..storage.database import Database
from ..storage.unit_of_work import Desk
from ..tickets.members import everybody_on
from ..tickets.posts import Step
from ..tickets.undo import words
from ..tickets.unread import unread
from .digests import queues_due, send_digest
from .workflow import carry_out


def do_daily_work(database: Database) -> None:
    """Do what is due; a server calls this every few minutes, and several may at once."""
    with database.look() as desk:
        tickets, queues = due_again(desk), queues_due(desk)
    for number in tickets:
        with database.work() as desk:
            open_again(desk, number)
    for queue_id in queues:
        with database.work() as desk:
            send_digest(desk, queue_id)
    with database.work() as desk:
        tell_of_unread(desk)


# Tickets that were stalled until a day


def due_again(desk: Desk) -> list[int]:
    """Return the numbers of tickets whose day has come."""
    return list(desk.session.scalars(select(Ticket.id).where(Ticket.reopens <= desk.now).order_by(Ticket.id)))


def open_again(desk: Desk, number: int) -> bool:
    """Open a ticket whose day has come, and tell its team; False if another server has, or somebody wrote meanwhile."""
    ticket = find_ticket(desk, number, locked=True)
    if ticket.reopens is None or ticket.reopens > desk.now:
        return False
    row, old = ticket.lifecycle.resumes, ticket.status
    if row is None or old not in row.moves or ticket.merged_into is not None:
        # Its queue lives by another lifecycle by now, or it goes on elsewhere.
        ticket.reopens = None
        return False
    until = words(ticket)["until"]
    carry_out(desk, ticket, None, TRACKER, [Step(row, target(row, old))], None)
    news = News(None, old, None, [("until", until, None)])
    notification.tell_changed(desk, ticket, news, everybody_on(desk, ticket))
    return True


# Tickets that nobody reads

_UNREAD = "unread"
_NAMED = 50


def tell_of_unread(desk: Desk) -> int:
    """Tell the administrators, once a day, of tickets that nobody reads; how many letters were written."""
    if _told_today(desk) or not unread(desk):
        return 0
    # Of two servers the second waits here, and then finds the letters written.
    locked = select(Person).where(Person.administrator).order_by(Person.id).with_for_update(key_share=True)
    people = [one for one in desk.session.scalars(locked) if not one.undeliverable]
    if not people or _told_today(desk):
        return 0
    text = _unread_text(desk)
    desk.session.execute(insert(Letter), [_unread_row(desk, one, text) for one in people])
    return len(people)


def _told_today(desk: Desk) -> bool:
    told = select(Letter.id).where(
        Letter.ticket_id.is_(None), Letter.kind == _UNREAD, Letter.created > desk.now - timedelta(days=1)
    )
    return desk.session.scalar(told.limit(1)) is not None


def _unread_text(desk: Desk) -> str:
    lines = []
    for name, numbers in unread(desk).items():
        more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
        lines.append(f"{name}: {listed(f'#{number}' for number in numbers[:_NAMED])}{more}")
    return render(
        "to_writer",
        heading="Nobody answers for these queues, and tickets wait in them:",
        lines=lines,
        paragraphs=["To let somebody answer for one:\n    tickets responder add EMAIL --queue NAME"],
        footer=[
            "You're getting this because you're an administrator (once a day at most).",
            "Don't reply: a reply is set aside.",
        ],
    )


def _unread_row(desk: Desk, to: Person, text: str) -> dict[str, object]:
    return letter_row(
        desk,
        ticket_id=None,
        about_id=None,
        kind=_UNREAD,
        person_id=to.id,
        sender_name="Ticket tracker",
        sender=postmaster_address(desk),
        recipient_name=to.label,
        recipient=to.email,
        list_id=None,
        subject=f"Tickets that nobody reads at {desk.domain}",
        in_reply_to=None,
        references=None,
        text=text,
    )
