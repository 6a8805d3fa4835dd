"""Mail that leads nowhere: set aside byte for byte, told to the administrators once a day."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import contains_eager

from ..letters.notification import letter_row
from ..letters.subjects import add_letters, named_in
from ..letters.templates import render
from ..records.addressing import postmaster_address
from ..records.letters import Letter
from ..records.people import Person, administrators
from ..records.received_mail import Delivery, Mail
from ..storage.unit_of_work import Desk
from .delivery import Arrival, Fate, became, register

_KIND = "set_aside"
_EVERY = timedelta(days=1)
_NAMED = 20


class NoSuchMail(LookupError):
    """No mail that was set aside has this number."""


def set_aside(desk: Desk, arrival: Arrival, recipient: str, reason: str, formerly: str = "") -> None:
    """Keep a mail without posting it anywhere; nobody becomes known by it. What came to `formerly` is a repeat."""
    target = f"aside {recipient.lower()}"
    if register(desk, arrival, recipient, target, Fate.SET_ASIDE, reason=reason, formerly=formerly):
        remind_administrators(desk)


def put_aside(desk: Desk, arrival: Arrival, reason: str) -> None:
    """Set the mail aside that was just registered at its place, where it stays known: a repeat of it does nothing."""
    became(desk, arrival, Fate.SET_ASIDE, None)
    mine = update(Delivery).where(Delivery.id == arrival.stored_as)
    desk.connection.execute(mine.values(reason=reason, waiting=True))
    arrival.outcomes[-1] = replace(arrival.outcomes[-1], reason=reason)
    remind_administrators(desk)


def waiting(desk: Desk, newest: int | None = None) -> list[Delivery]:
    """All mail that is set aside and not seen to, or so many of the newest; oldest first."""
    query = (
        select(Delivery)
        .join(Delivery.mail)
        .options(contains_eager(Delivery.mail))
        .where(Delivery.waiting)
        .order_by(Delivery.id.desc())
        .limit(newest)
    )
    return list(desk.session.scalars(query))[::-1]


def find_set_aside(desk: Desk, number: int, *, locked: bool = False) -> Delivery:
    """One mail that was set aside; `locked` holds others off until the work is done. NoSuchMail names the number."""
    found = desk.session.get(Delivery, number, with_for_update=locked)
    if found is None or not found.waiting:
        raise NoSuchMail(f"No mail {number} is set aside; `tickets unmatched list` shows what is.")
    return found


def raw_bytes(desk: Desk, mail_id: int) -> bytes:
    """The exact bytes of a mail."""
    return desk.session.execute(select(Mail.raw).where(Mail.id == mail_id)).scalar_one()


def remind_administrators(desk: Desk) -> None:
    """One letter a day to each administrator while any mail is set aside and waits."""
    if _told_today(desk):
        return
    # Two mails that come at the same instant write one letter: the second waits here, and then finds it written.
    locked = select(Person.id).where(Person.administrator).order_by(Person.id).with_for_update(key_share=True)
    if not desk.session.scalars(locked).all() or _told_today(desk):
        return
    count = desk.session.scalar(select(func.count()).select_from(Delivery).where(Delivery.waiting)) or 0
    if not count:
        return
    text = _text(desk, count)
    rows = [
        letter_row(
            desk,
            shows=named_in([text]),
            ticket_id=None,
            about_id=None,
            kind=_KIND,
            person_id=person.id,
            sender_name="Ticket tracker",
            sender=postmaster_address(desk),
            recipient_name=person.label,
            recipient=person.email,
            list_id=None,
            subject=f"{count} mail{'' if count == 1 else 's'} set aside at {desk.domain}",
            in_reply_to=None,
            references=None,
            text=text,
        )
        for person in administrators(desk)
        if not person.undeliverable
    ]
    add_letters(desk, rows)


def _told_today(desk: Desk) -> bool:
    # Letters without a ticket are few, and there is an index on it: every mail that is set aside asks this.
    told = select(Letter.id).where(Letter.ticket_id.is_(None), Letter.kind == _KIND, Letter.created > desk.now - _EVERY)
    return desk.session.scalar(told.limit(1)) is not None


def _text(desk: Desk, count: int) -> str:
    newest = waiting(desk, _NAMED)
    lines = [f"{one.id}: to {one.recipient}, from {_author(one)}: {one.mail.subject} ({one.reason})" for one in newest]
    if count > len(lines):
        lines.insert(0, f"... and {count - len(lines)} before these")
    return render(
        _KIND,
        heading="Mail came that leads nowhere. It is kept, byte for byte, and waits for an administrator:",
        mails=lines,
        advice="`tickets unmatched list` shows all of it; `redeliver` tries one again, `dismiss` lets it rest.",
        footer=[
            "You get this, once a day at the most, because you are an administrator of the tracker.",
            "A reply to this letter is not answered: it is set aside like the mails above.",
        ],
    )


def _author(delivery: Delivery) -> str:
    return delivery.mail.author or delivery.mail.envelope_from or "nobody"
