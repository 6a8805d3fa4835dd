"""The mails of planned threads, read again in full when their thread is posted."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import func, select

from ...mail.addresses import Mailbox
from ...mail.parsed import ParsedMail, parse_mail
from ...mail.quoted_text import is_forward, split
from ...model.records.received_mail import Mail
from ...model.storage.batches import batches
from .mail_identity import ancestors_of, is_old_bounce, replies_to, writer_of
from .ordering import positions_of_each
from .staging_area import ARCHIVED, ImportContext

MAILS = 250
BYTES = 8_000_000
RETURNED = "returned mail"
"""Why a bounce is automatic that has no other sign of it."""

_AT_ONCE = 50


class Planned(NamedTuple):
    """One mail of a planned thread, as it is kept until then; `joins` is the ticket that it belongs to already.
    `received` is when it counts as received in its thread.

    `private`: whether it was a private comment in the tracker that exported it; None for all other mail.
    """

    id: int
    thread: int
    mail_id: int
    date: datetime | None
    joins: int | None
    size: int
    private: bool | None
    received: datetime | None = None


class Draft(NamedTuple):
    """One mail, read in full; `text` is what its writer wrote, `answers` what it answers, the nearest first."""

    planned: Planned
    parsed: ParsedMail
    writer: Mailbox | None
    text: str
    replies_to: str | None
    answers: tuple[str, ...]


def next_threads(context: ImportContext) -> list[list[Planned]]:
    """The next threads to be posted, each in its order: some hundred mails, or one long thread."""
    waiting = (ARCHIVED.c.thread.is_not(None), ~ARCHIVED.c.posted, ARCHIVED.c.queue_id == context.queue_id)
    sizes = select(ARCHIVED.c.thread, func.count(), func.sum(ARCHIVED.c.size)).where(*waiting)
    columns = [ARCHIVED.c[name] for name in Planned._fields[:-1]]
    with context.database.read_only() as uow:
        counted = uow.connection.execute(sizes.group_by(ARCHIVED.c.thread).order_by(ARCHIVED.c.thread).limit(MAILS))
        chosen = list(_chosen(counted))
        query = select(*columns).where(ARCHIVED.c.thread.in_(chosen), *waiting)
        # What joins tickets that are there joins one after the other.
        rows = [Planned(*row) for row in uow.connection.execute(query.order_by(ARCHIVED.c.thread, ARCHIVED.c.joins))]
        groups = [{row.id: row for row in group} for _, group in groupby(rows, attrgetter("thread", "joins"))]
        orders = positions_of_each(uow.connection, groups)
    threads: dict[int, list[Planned]] = {}
    for mails, places in zip(groups, orders, strict=True):
        ordered = [mails[place.id]._replace(received=place.date) for place in places]
        threads.setdefault(ordered[0].thread, []).extend(ordered)
    return list(threads.values())


def _chosen(counted: Any) -> Iterator[int]:
    mails = octets = 0
    for thread, count, size in counted:
        mails, octets = mails + count, octets + size
        if (mails > MAILS or octets > BYTES) and mails > count:
            return
        yield thread


def drafts_of(context: ImportContext, planned: Sequence[Planned]) -> Iterator[Draft]:
    """These mails read in full, in order, some at a time."""
    for group in batches(planned, _AT_ONCE, size=lambda row: row.size, octets=BYTES):
        yield from _read(context, group)


def _read(context: ImportContext, planned: Sequence[Planned]) -> Iterator[Draft]:
    with context.database.read_only() as uow:
        query = select(Mail.id, Mail.raw).where(Mail.id.in_([mail_row.mail_id for mail_row in planned]))
        raw_by_mail = {row.id: row.raw for row in uow.connection.execute(query)}
    for planned_mail in planned:
        raw: bytes = raw_by_mail.pop(planned_mail.mail_id)
        parsed = parse_mail(raw)
        if parsed.automatic is None and is_old_bounce(parsed, raw):
            parsed = replace(parsed, automatic=RETURNED)
        text = split(parsed.text, (), is_forward(parsed.subject))
        replies = replies_to(parsed, raw)
        parent = next(iter(replies), None)
        yield Draft(planned_mail, parsed, writer_of(parsed, raw), text.new, parent, ancestors_of(parsed, replies))
