"""Mail that leads nowhere: set aside byte for byte, told to the administrators once a day."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import contains_eager

from ..letters.notification import letter_row
from ..letters.outbox import relay_trouble
from ..letters.templates import render
from ..records.addressing import postmaster_address
from ..records.letters import Letter
from ..records.people import Person, administrators
from ..records.queues import unreached
from ..records.received_mail import Delivery, Mail
from ..storage.unit_of_work import Desk
from .delivery import Arrival, Fate, became, register

_KIND = "set_aside"
_EVERY = timedelta(days=1)
_LATE = timedelta(hours=1)
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
    troubles = _troubles(desk)
    if not count and not troubles:
        return
    text = _text(desk, count, troubles)
    rows = [
        letter_row(
            desk,
            ticket_id=None,
            about_id=None,
            kind=_KIND,
            person_id=person.id,
            sender_name="Ticket tracker",
            sender=postmaster_address(desk),
            recipient_name=person.label,
            recipient=person.email,
            list_id=None,
            subject=_subject(desk, count),
            in_reply_to=None,
            references=None,
            text=text,
        )
        for person in administrators(desk)
        if not person.undeliverable
    ]
    if rows:
        desk.session.execute(insert(Letter), rows)


def _told_today(desk: Desk) -> bool:
    # Letters without a ticket are few, and there is an index on it: every mail that is set aside asks this.
    told = select(Letter.id).where(Letter.ticket_id.is_(None), Letter.kind == _KIND, Letter.created > desk.now - _EVERY)
    return desk.session.scalar(told.limit(1)) is not None


def _subject(desk: Desk, count: int) -> str:
    if not count:
        return f"Letters that do not arrive at {desk.domain}"
    return f"{count} mail{'' if count == 1 else 's'} set aside at {desk.domain}"


def _troubles(desk: Desk) -> list[str]:
    """What keeps letters from leaving, and from those who answer."""
    said = relay_trouble(desk, waited=_LATE)
    return [
        *([f"Letters waited, since the relay refused them: {said}"] if said else []),
        *(f"No more letters go to {one.email}: that address was refused on two days." for one in unreached(desk)),
    ]


def _text(desk: Desk, count: int, troubles: list[str]) -> str:
    newest = waiting(desk, _NAMED)
    lines = [f"{one.id}: to {one.recipient}, from {_author(one)}: {one.mail.subject} ({one.reason})" for one in newest]
    if count > len(lines):
        lines.insert(0, f"... and {count - len(lines)} before these")
    return render(
        _KIND,
        heading="Mail came that leads nowhere. It is kept, byte for byte, and waits for an administrator:",
        mails=lines,
        troubles=troubles,
        advice="`tickets unmatched list` shows all of it; `redeliver` tries one again, `dismiss` lets it rest.",
        footer=[
            "You get this, once a day at the most, because you are an administrator of the tracker.",
            "A reply to this letter is not answered: it is set aside like the mails above.",
        ],
    )


def _author(delivery: Delivery) -> str:
    return delivery.mail.author or delivery.mail.envelope_from or "nobody"
