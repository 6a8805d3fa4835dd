"""The administrators' daily letter: one letter with everything that needs them, and none on a day without."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select

from ..letters.letter_rows import admin_wording, row_from_admins
from ..letters.letter_subjects import Subjects, add_letters, named_in
from ..letters.outbox import relay_trouble
from ..records.letters import Letter
from ..records.messages import Message
from ..records.milestones import BACKUP, BACKUP_DUE, age_of
from ..records.people import Person
from ..records.queues import unreached
from ..records.received_mail import Delivery, unmatched_deliveries
from ..storage.unit_of_work import UnitOfWork
from ..tickets.days import day_of, morning_of
from ..tickets.unread import unread
from ..wording import Sentence, say

KIND = "administrators"
_DAY = timedelta(days=1)
# So long may a relay refuse before somebody must look.
_LATE = timedelta(hours=1)
_NAMED_MAILS, _NAMED_TICKETS = 20, 50


class _Need(NamedTuple):
    """Something that needs the administrators: what it is, each case of it, and what to do."""

    subject: Sentence
    heading: Sentence
    lines: Sequence[Sentence] = ()
    advice: Sentence | str = ""
    tickets: Sequence[int] = ()


def tell_administrators(uow: UnitOfWork) -> int:
    """Write this day's letter to each administrator, if anything needs them; how many were written."""
    if _has_letter_of_day(uow):
        return 0
    # Of two servers, or two mails at the same instant, the second waits here, and then finds the letter written.
    locked = select(Person).where(Person.administrator).order_by(Person.id).with_for_update(key_share=True)
    people = [person for person in uow.session.scalars(locked) if not person.undeliverable]
    if not people or _has_letter_of_day(uow):
        return 0
    needs = [need for find in _NEEDS for need in find(uow)]
    if not needs:
        return 0
    text = _text(uow, needs)
    shows = Subjects(tickets=frozenset(number for need in needs for number in need.tickets)).and_also(named_in([text]))
    add_letters(uow, [_row(uow, person, needs[0].subject, text, shows) for person in people])
    return len(people)


def _has_letter_of_day(uow: UnitOfWork) -> bool:
    # Letters without a ticket are few, and there is an index on it: every mail that is set aside asks this.
    written = select(Letter.id).where(
        Letter.ticket_id.is_(None), Letter.kind == KIND, Letter.created >= _day_began(uow), Letter.created <= uow.now
    )
    return uow.session.scalar(written.limit(1)) is not None


def _day_began(uow: UnitOfWork) -> datetime:
    """Return the last morning: whoever reads letters in the morning then gets the next one."""
    morning = morning_of(day_of(uow.now))
    return morning if morning <= uow.now else morning_of(day_of(uow.now - _DAY))


# What needs them, the most urgent first


def _set_aside(uow: UnitOfWork) -> Iterator[_Need]:
    count = uow.session.scalar(select(func.count()).select_from(Delivery).where(Delivery.waiting)) or 0
    if not count:
        return
    newest = unmatched_deliveries(uow, _NAMED_MAILS)
    earlier = [say("admin.earlier", count=count - len(newest))] if count > len(newest) else []
    yield _Need(
        say("admin.set_aside_subject", count=count, domain=uow.domain),
        say("admin.set_aside"),
        [*earlier, *map(_listed, newest)],
        say("admin.set_aside_advice", number=newest[-1].id),
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


def _not_arriving(uow: UnitOfWork) -> Iterator[_Need]:
    """What keeps letters from leaving, those that came to nothing, and whom none reaches any more."""
    subject = say("admin.trouble_subject", domain=uow.domain)
    if why := relay_trouble(uow, waited=_LATE):
        yield _Need(subject, say("admin.relay_trouble", why=why))
    if failed := _failures_to_tell(uow):
        yield _Need(subject, say("admin.failed", count=failed), advice=say("admin.failed_advice"))
    for person in unreached(uow):
        yield _Need(subject, say("admin.unreached", email=person.email))


def _failures_to_tell(uow: UnitOfWork) -> int:
    """How many letters came to nothing since the last daily letter."""
    conditions = Letter.undelivered >= _last_letter_at(uow), Letter.kind != KIND
    failed = select(func.count()).select_from(Letter).where(*conditions)
    return uow.session.scalar(failed) or 0


def _last_letter_at(uow: UnitOfWork) -> datetime:
    """Return when the last daily letter was written, or two days ago: what has no end is named once after it."""
    newest = select(func.max(Letter.created)).where(Letter.ticket_id.is_(None), Letter.kind == KIND)
    return max(uow.session.scalar(newest) or uow.now - 2 * _DAY, uow.now - 2 * _DAY)


def _unread(uow: UnitOfWork) -> Iterator[_Need]:
    if waiting := unread(uow):
        yield _Need(
            say("admin.unread_subject", domain=uow.domain),
            say("admin.unread"),
            [say("admin.unread_queue", queue=queue, numbers=_some(numbers)) for queue, numbers in waiting.items()],
            say("admin.add_to_team"),
            [number for numbers in waiting.values() for number in numbers],
        )


def _held(uow: UnitOfWork) -> Iterator[_Need]:
    """Replies that have come to wait for their writer's word for a day; their team is told, too."""
    day_old = Message.received.between(_last_letter_at(uow) - _DAY, uow.now - _DAY)
    held = select(Message.ticket_id).where(Message.held, day_old).distinct()
    numbers = uow.session.scalars(held.order_by(Message.ticket_id)).all()
    if numbers:
        yield _Need(
            say("admin.held_subject", domain=uow.domain),
            say("admin.held", numbers=_some(numbers)),
            tickets=numbers,
        )


def _no_backup(uow: UnitOfWork) -> Iterator[_Need]:
    """Backups that have stopped. Who never made one may have another way."""
    age = age_of(uow, BACKUP)
    if age is not None and age > BACKUP_DUE:
        yield _Need(
            say("admin.old_backup_subject", days=age.days, domain=uow.domain),
            say("admin.old_backup", days=age.days),
            advice=say("admin.make_backup"),
        )


_NEEDS = (_set_aside, _not_arriving, _unread, _held, _no_backup)


def _some(numbers: Sequence[int]) -> list[str | Sentence]:
    more = [say("admin.and_more", count=len(numbers) - _NAMED_TICKETS)] if len(numbers) > _NAMED_TICKETS else []
    return [*(f"#{number}" for number in numbers[:_NAMED_TICKETS]), *more]


# The letter


def _text(uow: UnitOfWork, needs: Sequence[_Need]) -> str:
    wording = admin_wording(uow)
    paragraphs: list[Sentence | str] = []
    for need in needs:
        cases = "\n".join(f"    {wording.line(line)}" for line in need.lines)
        paragraphs += [part for part in (need.heading, cases, need.advice) if part]
    return wording.render(KIND, paragraphs=paragraphs, footer=[say("footer.nobody_reads"), say("footer.why_admin")])


def _row(uow: UnitOfWork, to: Person, subject: Sentence, text: str, shows: Subjects) -> dict[str, object]:
    return row_from_admins(uow, to, to.email, kind=KIND, subject=subject, text=text, shows=shows)
