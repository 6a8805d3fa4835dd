"""How mails, messages and letters are made to say nothing, or taken out, whoever they were of."""

import re
from collections.abc import Collection
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, select, update

from ...mail.parsed import parse_mail
from ..inbound.delivery import forgotten_identity
from ..letters.receipts import ReceiptKind
from ..records.imported_mail import NOBODY, PERSON, Archived, person_key
from ..records.letters import Letter, State
from ..records.message_ids import new_message_id
from ..records.messages import Attachment, Message
from ..records.received_mail import Delivery, Mail
from ..storage.base import in_portions
from ..storage.unit_of_work import UnitOfWork
from .personal_data import archived_of

_MAIL, _MESSAGE, _ARCHIVED = (cast("Table", one.__table__) for one in (Mail, Message, Archived))
_ERASED = "forgotten "


def count(uow: UnitOfWork, column: Any, ids: Collection[int], *more: ColumnElement[bool]) -> int:
    """How many rows have one of these ids in a column."""
    found = 0
    for portion in in_portions(ids):
        found += uow.session.scalar(select(func.count()).where(column.in_(portion), *more)) or 0
    return found


def still_there(uow: UnitOfWork, mails: Collection[int]) -> set[int]:
    """Those mails that have not been erased before."""
    found: set[int] = set()
    for portion in in_portions(mails):
        known = select(Mail.id).where(Mail.id.in_(portion), Mail.identity.is_distinct_from(None))
        gone = set(uow.session.scalars(known.where(Mail.identity.startswith(_ERASED))))
        found |= set(portion) - gone
    return found


def erase_mails(uow: UnitOfWork, mails: Collection[int]) -> None:
    """Take everything out of mails but a digest, by which the same mail is known should it come again.

    The rows stay, as what became of a mail at a place refers to them: so that it is no new mail there, either.
    """
    for mail in sorted(mails):
        raw, envelope = uow.connection.execute(_EXACT, {"mail": mail}).one()
        identity = forgotten_identity(parse_mail(raw, envelope))
        uow.connection.execute(_EMPTY, {"mail": mail, "known_as": identity})
    for portion in in_portions(mails):
        empty = {"recipient": "", "reason": "", "waiting": False}
        uow.session.execute(update(Delivery).where(Delivery.mail_id.in_(portion)).values(**empty))
        known = update(Archived).where(Archived.mail_id.in_(portion))
        uow.session.execute(known.values(mail_id=None, subject=None, posted=True, thread=None, joins=None))


_EXACT = select(_MAIL.c.raw, _MAIL.c.envelope_from).where(_MAIL.c.id == bindparam("mail"))
_EMPTY = (
    update(_MAIL)
    .where(_MAIL.c.id == bindparam("mail"))
    .values(raw=b"", author="", subject="", envelope_from=None, identity=bindparam("known_as"))
)


def erase_messages(uow: UnitOfWork, ids: Collection[int], line: str) -> dict[str, str]:
    """Leave messages as numbered places with a line that says so; their Message-IDs, each with the one it has now."""
    others: dict[str, str] = {}
    for portion in in_portions(ids):
        known = select(Message.id, Message.message_id).where(Message.id.in_(portion))
        rows = uow.session.execute(known).all()
        for _, known_as in rows:
            others.setdefault(known_as, new_message_id(uow))
        uow.session.execute(delete(Attachment).where(Attachment.message_id.in_(portion)))
        new = [{"of": number, "known_as": others[known_as]} for number, known_as in rows]
        uow.connection.execute(_SAY.values(text=line, full_text=line), new)
    return others


_SAY = update(_MESSAGE).where(_MESSAGE.c.id == bindparam("of"))
_SAY = _SAY.values(message_id=bindparam("known_as"), subject="", in_reply_to=None, original_id=None, mail_id=None)


def remove_messages(uow: UnitOfWork, ids: Collection[int]) -> None:
    """Take messages out altogether."""
    for portion in in_portions(ids):
        answers = update(Message).where(Message.parent_id.in_(portion))
        uow.session.execute(answers.values(parent_id=None))
        uow.session.execute(delete(Attachment).where(Attachment.message_id.in_(portion)))
    for portion in in_portions(ids):
        uow.session.execute(delete(Message).where(Message.id.in_(portion)))


def letters(uow: UnitOfWork, column: Any, ids: Collection[int]) -> set[int]:
    """The letters that have one of these ids in a column."""
    found: set[int] = set()
    for portion in in_portions(ids):
        found |= set(uow.session.scalars(select(Letter.id).where(column.in_(portion))))
    return found


def pages_about(uow: UnitOfWork, tickets: Collection[int]) -> set[int]:
    """The pages, sent by mail, that show one of these tickets, whichever ticket they were asked for on.

    Not those that only name a number, as an example or in words that somebody wrote.
    """
    pages = select(Letter.id, Letter.text).where(Letter.kind == ReceiptKind.PAGE)
    wanted = {str(number) for number in tickets}
    return {id_ for id_, text in uow.session.execute(pages) if not wanted.isdisjoint(_shown_on(text))}


def _shown_on(page: str) -> list[str]:
    """The numbers of the tickets that a page shows: the one in its first line, else one a line of its list."""
    whole = _SHOWN.match(page)
    return [whole[1]] if whole else _LISTED.findall(page)


_SHOWN = re.compile(r"Ticket ([0-9]+) in ")
_LISTED = re.compile(r"^ *([0-9]+)  .*\(ticket\1@[^\s()]+\)$", re.MULTILINE)


def remove_letters(uow: UnitOfWork, ids: Collection[int]) -> None:
    """Take letters out, also those that wait to be sent."""
    for portion in in_portions(ids):
        uow.session.execute(delete(Letter).where(Letter.id.in_(portion)))


def silence_letters(uow: UnitOfWork, ids: Collection[int], line: str) -> None:
    """Let letters that were sent say nothing, and take out the others.

    The row of one that was sent stays: by it an answer finds its ticket, and proves who wrote it.
    """
    empty = {"text": line, "commands": None, "attached": False, "error": None}
    for portion in in_portions(ids):
        uow.session.execute(delete(Letter).where(Letter.id.in_(portion), Letter.state != State.SENT))
        uow.session.execute(update(Letter).where(Letter.id.in_(portion)).values(**empty))


def leave_archive(uow: UnitOfWork, keys: Collection[str]) -> None:
    """Let nothing of an imported mail tell of somebody: what names them names nobody."""
    theirs = {person_key(one) for one in keys}
    for one in list(archived_of(uow, keys)):
        named = [one.people[at : at + PERSON] for at in range(0, len(one.people), PERSON)]
        values: dict[str, Any] = {"people": b"".join(NOBODY if key in theirs else key for key in named)}
        values |= {"subject": None} if one.wrote else {}
        uow.connection.execute(update(_ARCHIVED).where(_ARCHIVED.c.id == one.id).values(**values))
