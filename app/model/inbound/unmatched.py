"""Mail that leads nowhere: set aside byte for byte, told to the administrators once a day."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import contains_eager

from ..letters.notification import letter_row
from ..letters.templates import render
from ..records.addressing import postmaster_address
from ..records.letters import Letter
from ..records.people import Person, administrators
from ..records.received_mail import Delivery, Mail
from ..storage.unit_of_work import UnitOfWork
from .delivery import Fate, InboundMail, claim_delivery, set_fate

_KIND = "set_aside"
_EVERY = timedelta(days=1)
_NAMED = 20


class NoSuchMail(LookupError):
    """No mail that was set aside has this number."""


def set_aside_mail(uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, reason: str, formerly: str = "") -> None:
    """Keep a mail without posting it anywhere; nobody becomes known by it. What came to `formerly` is a repeat."""
    target = f"aside {recipient.lower()}"
    if claim_delivery(uow, inbound_mail, recipient, target, Fate.SET_ASIDE, reason=reason, formerly=formerly):
        remind_administrators(uow)


def set_aside_claimed(uow: UnitOfWork, inbound_mail: InboundMail, reason: str) -> None:
    """Set the mail aside that was just registered at its place, where it stays known: a repeat of it does nothing."""
    set_fate(uow, inbound_mail, Fate.SET_ASIDE, None)
    own_row = update(Delivery).where(Delivery.id == inbound_mail.stored_as)
    uow.connection.execute(own_row.values(reason=reason, waiting=True))
    inbound_mail.results[-1] = replace(inbound_mail.results[-1], reason=reason)
    remind_administrators(uow)


def unmatched_deliveries(uow: UnitOfWork, newest: int | None = None) -> list[Delivery]:
    """All mail that is set aside and not seen to, or so many of the newest; oldest first."""
    query = (
        select(Delivery)
        .join(Delivery.mail)
        .options(contains_eager(Delivery.mail))
        .where(Delivery.waiting)
        .order_by(Delivery.id.desc())
        .limit(newest)
    )
    return list(uow.session.scalars(query))[::-1]


def find_unmatched(uow: UnitOfWork, number: int, *, locked: bool = False) -> Delivery:
    """One mail that was set aside; `locked` holds others off until the work is done. NoSuchMail names the number."""
    delivery = uow.session.get(Delivery, number, with_for_update=locked)
    if delivery is None or not delivery.waiting:
        raise NoSuchMail(f"No mail {number} is set aside; `tickets unmatched list` shows what is.")
    return delivery


def raw_bytes(uow: UnitOfWork, mail_id: int) -> bytes:
    """The exact bytes of a mail."""
    return uow.session.execute(select(Mail.raw).where(Mail.id == mail_id)).scalar_one()


def remind_administrators(uow: UnitOfWork) -> None:
    """One letter a day to each administrator while any mail is set aside and waits."""
    if _told_today(uow):
        return
    # Two mails that come at the same instant write one letter: the second waits here, and then finds it written.
    locked = select(Person.id).where(Person.administrator).order_by(Person.id).with_for_update(key_share=True)
    if not uow.session.scalars(locked).all() or _told_today(uow):
        return
    count = uow.session.scalar(select(func.count()).select_from(Delivery).where(Delivery.waiting)) or 0
    if not count:
        return
    text = _text(uow, count)
    rows = [
        letter_row(
            uow,
            ticket_id=None,
            about_id=None,
            kind=_KIND,
            person_id=person.id,
            sender_name="Ticket tracker",
            sender=postmaster_address(uow),
            recipient_name=person.label,
            recipient=person.email,
            list_id=None,
            subject=f"{count} mail{'' if count == 1 else 's'} set aside at {uow.domain}",
            in_reply_to=None,
            references=None,
            text=text,
        )
        for person in administrators(uow)
        if not person.undeliverable
    ]
    if rows:
        uow.session.execute(insert(Letter), rows)


def _told_today(uow: UnitOfWork) -> bool:
    # Letters without a ticket are few, and there is an index on it: every mail that is set aside asks this.
    recent_letter = select(Letter.id).where(
        Letter.ticket_id.is_(None), Letter.kind == _KIND, Letter.created > uow.now - _EVERY
    )
    return uow.session.scalar(recent_letter.limit(1)) is not None


def _text(uow: UnitOfWork, count: int) -> str:
    newest = unmatched_deliveries(uow, _NAMED)
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
