"""Mail that leads nowhere: set aside byte for byte, told to the administrators once a day."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager

from ..letters.letter_subjects import add_letters, named_in
from ..letters.notification import admin_wording, letter_row
from ..letters.outbox import relay_trouble
from ..records.addressing import postmaster_address
from ..records.letters import Letter
from ..records.people import Person, administrators
from ..records.queues import unreached
from ..records.received_mail import Delivery, Mail
from ..storage.unit_of_work import UnitOfWork
from ..wording import ExplainedError, Sentence, say
from .attached_letters import mark_exposed
from .delivery import Claim, DeliveryResult, Fate, InboundMail, claim, repeat, settle

_KIND = "set_aside"
_EVERY = timedelta(days=1)
_LATE = timedelta(hours=1)
_NAMED = 20


class NoSuchMail(ExplainedError, LookupError):
    """No mail that was set aside has this number."""


def set_aside_mail(
    uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, reason: Sentence, formerly: str = ""
) -> DeliveryResult:
    """Keep a mail without posting it anywhere; nobody becomes known by it. What came to `formerly` is a repeat."""
    claimed = claim(uow, inbound_mail, recipient, f"aside {recipient.lower()}", formerly, new=True)
    return repeat(uow, inbound_mail, recipient) if claimed is None else set_aside_claimed(uow, claimed, reason)


def set_aside_claimed(uow: UnitOfWork, claimed: Claim, reason: Sentence) -> DeliveryResult:
    """Set a mail aside at the place that it has claimed, where it stays known: a repeat of it does nothing."""
    mark_exposed(uow, claimed.inbound_mail, passed_on=False)
    result = settle(uow, claimed, Fate.SET_ASIDE, reason=admin_wording(uow).line(reason))
    remind_administrators(uow)
    return result


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
        raise NoSuchMail("no_unmatched", number=number)
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
    troubles = _troubles(uow)
    if not count and not troubles:
        return
    text = _text(uow, count, troubles)
    rows = [
        letter_row(
            uow,
            shows=named_in([text]),
            ticket_id=None,
            about_id=None,
            kind=_KIND,
            person_id=person.id,
            sender_name=admin_wording(uow).line(say("admin.sender")),
            sender=postmaster_address(uow),
            recipient_name=person.label,
            recipient=person.email,
            list_id=None,
            subject=_subject(uow, count),
            in_reply_to=None,
            references=None,
            text=text,
        )
        for person in administrators(uow)
        if not person.undeliverable
    ]
    add_letters(uow, rows)


def _told_today(uow: UnitOfWork) -> bool:
    # Letters without a ticket are few, and there is an index on it: every mail that is set aside asks this.
    recent_letter = select(Letter.id).where(
        Letter.ticket_id.is_(None), Letter.kind == _KIND, Letter.created > uow.now - _EVERY, Letter.created <= uow.now
    )
    return uow.session.scalar(recent_letter.limit(1)) is not None


def _subject(uow: UnitOfWork, count: int) -> str:
    if not count:
        return admin_wording(uow).line(say("admin.trouble_subject", domain=uow.domain))
    return admin_wording(uow).line(say("admin.set_aside_subject", count=count, domain=uow.domain))


def _troubles(uow: UnitOfWork) -> list[Sentence]:
    """What keeps letters from leaving, and from those who answer."""
    said = relay_trouble(uow, waited=_LATE)
    return [
        *([say("admin.relay_trouble", why=said)] if said else []),
        *(say("admin.unreached", email=one.email) for one in unreached(uow)),
    ]


def _text(uow: UnitOfWork, count: int, troubles: list[Sentence]) -> str:
    wording, newest = admin_wording(uow), unmatched_deliveries(uow, _NAMED)
    lines = [_listed(one) for one in newest]
    if count > len(lines):
        lines.insert(0, say("admin.earlier", count=count - len(lines)))
    return wording.render(
        _KIND,
        heading=say("admin.set_aside"),
        mails=[wording.line(line) for line in lines],
        troubles=troubles,
        advice=say("admin.set_aside_advice", number=newest[-1].id if newest else 0),
        footer=[say("footer.nobody_reads"), say("footer.why_admin")],
    )


def _listed(delivery: Delivery) -> Sentence:
    mail = delivery.mail
    return say(
        "admin.set_aside_email",
        number=delivery.id,
        to=delivery.recipient,
        author=mail.author or mail.envelope_from or say("admin.nobody"),
        subject=mail.subject,
        reason=delivery.reason,
    )
