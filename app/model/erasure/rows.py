"""How mails, messages and letters are made to say nothing, or taken out, whoever they were of."""

from collections.abc import Collection, Iterator
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, or_, select, update

from ...mail.parsed import parse_mail
from ..inbound.delivery import forgotten_identity
from ..letters.receipt_letters import ReceiptKind
from ..records.imported_mail import NOBODY, Archived, person_key, person_keys
from ..records.letters import Letter, LetterSubject
from ..records.message_ids import new_message_id
from ..records.messages import Attachment, Message
from ..records.received_mail import Delivery, Mail
from ..storage.batches import batches
from ..storage.unit_of_work import UnitOfWork
from .identity_patterns import IdentityPatterns
from .personal_data import archived_of, contains_any

_MAIL, _MESSAGE, _ARCHIVED = (cast("Table", mapped.__table__) for mapped in (Mail, Message, Archived))
_ERASED = "forgotten "
_LOOKED_THROUGH = 20_000


def count(uow: UnitOfWork, column: Any, ids: Collection[int], *more: ColumnElement[bool]) -> int:
    """How many rows have one of these ids in a column."""
    total = 0
    for batch in batches(sorted(ids)):
        total += uow.session.scalar(select(func.count()).where(column.in_(batch), *more)) or 0
    return total


def still_there(uow: UnitOfWork, mails: Collection[int]) -> set[int]:
    """Those mails that have not been erased before."""
    return set(mails) - ids_of(uow, Mail.id, Mail.id, mails, Mail.identity.startswith(_ERASED))


def erase_mails(uow: UnitOfWork, mails: Collection[int]) -> None:
    """Take everything out of mails but a digest, by which the same mail is known should it come again.

    The rows stay, as what became of a mail at a place refers to them: so that it is no new mail there, either.
    """
    for mail in sorted(mails):
        raw, envelope = uow.connection.execute(_EXACT, {"mail": mail}).one()
        identity = forgotten_identity(parse_mail(raw, envelope))
        uow.connection.execute(_EMPTY, {"mail": mail, "known_as": identity})
    for batch in batches(sorted(mails)):
        empty = {"recipient": "", "reason": "", "waiting": False}
        uow.session.execute(update(Delivery).where(Delivery.mail_id.in_(batch)).values(**empty))
        known = update(Archived).where(Archived.mail_id.in_(batch))
        uow.session.execute(known.values(mail_id=None, subject=None, posted=True, thread=None, joins=None))


_EXACT = select(_MAIL.c.raw, _MAIL.c.envelope_from).where(_MAIL.c.id == bindparam("mail"))
_EMPTY = (
    update(_MAIL)
    .where(_MAIL.c.id == bindparam("mail"))
    .values(raw=b"", author="", subject="", envelope_from=None, identity=bindparam("known_as"))
)


def erase_messages(uow: UnitOfWork, ids: Collection[int], line: str) -> dict[str, str]:
    """Leave messages as numbered places with a line that says so; their Message-IDs, each with the one it has now."""
    replacements: dict[str, str] = {}
    for batch in batches(sorted(ids)):
        known = select(Message.id, Message.message_id).where(Message.id.in_(batch))
        rows = uow.session.execute(known).all()
        for _, known_as in rows:
            replacements.setdefault(known_as, new_message_id(uow))
        uow.session.execute(delete(Attachment).where(Attachment.message_id.in_(batch)))
        new = [{"of": number, "known_as": replacements[known_as]} for number, known_as in rows]
        uow.connection.execute(_SAY.values(text=line, full_text=line), new)
    return replacements


_SAY = update(_MESSAGE).where(_MESSAGE.c.id == bindparam("of"))
_SAY = _SAY.values(message_id=bindparam("known_as"), subject="", in_reply_to=None, original_id=None, mail_id=None)


def remove_messages(uow: UnitOfWork, ids: Collection[int]) -> None:
    """Take messages out altogether."""
    for batch in batches(sorted(ids)):
        answers = update(Message).where(Message.parent_id.in_(batch))
        uow.session.execute(answers.values(parent_id=None))
        uow.session.execute(delete(Attachment).where(Attachment.message_id.in_(batch)))
    for batch in batches(sorted(ids)):
        uow.session.execute(delete(Message).where(Message.id.in_(batch)))


def ids_of(uow: UnitOfWork, wanted: Any, column: Any, ids: Collection[int], *more: ColumnElement[bool]) -> set[int]:
    """The `wanted` ids of the rows that have one of these ids in a column."""
    result: set[int] = set()
    for batch in batches(sorted(ids)):
        result |= set(uow.session.scalars(select(wanted).where(column.in_(batch), *more)))
    return result


def letters_with_words(uow: UnitOfWork, patterns: IdentityPatterns) -> set[int]:
    """The letters that have an address of somebody anywhere, or their name in a question or in lines that wait.

    They had it from others: from a mail, from the server that refused the letter, from who asked for a page.
    """
    columns = (Letter.subject, Letter.text, Letter.commands, Letter.error)
    requests = (Letter.kind == ReceiptKind.PAGE) & contains_any(Letter.subject, patterns.whole_names)
    waits = contains_any(Letter.commands, patterns.whole_names)
    named = or_(requests, waits, *(contains_any(column, patterns.spellings) for column in columns))
    letters: set[int] = set()
    for piece in _pieces(uow):
        letters |= set(uow.session.scalars(select(Letter.id).where(piece, named)))
    return letters


def _pieces(uow: UnitOfWork) -> Iterator[ColumnElement[bool]]:
    """All letters, in pieces: to look through all texts of a large outbox may take longer than a statement has."""
    newest = uow.session.scalar(select(func.max(Letter.id))) or 0
    for at in range(0, newest + 1, _LOOKED_THROUGH):
        yield Letter.id.between(at, at + _LOOKED_THROUGH - 1)


def remove_letters(uow: UnitOfWork, ids: Collection[int]) -> None:
    """Take letters out, also those that wait to be sent."""
    for batch in batches(sorted(ids)):
        uow.session.execute(delete(Letter).where(Letter.id.in_(batch)))


def blank_letters(uow: UnitOfWork, ids: Collection[int], line: str) -> None:
    """Let letters say nothing but a line, in every column that shows anybody; those that wait are sent so.

    Their rows stay: by one an answer finds its ticket, and proves who wrote it.
    """
    empty = {"sender_name": "", "subject": line, "text": line, "commands": None, "error": None, "attached": False}
    unlinked = {"in_reply_to": None, "references": None, "promise": None, "offered_id": None}
    for batch in batches(sorted(ids)):
        uow.session.execute(delete(LetterSubject).where(LetterSubject.letter_id.in_(batch)))
        uow.session.execute(update(Letter).where(Letter.id.in_(batch)).values(**empty, **unlinked))


def drop_promises(uow: UnitOfWork, person_id: int) -> None:
    """Let no letter keep a promise that was made of somebody's reading."""
    spellings = [f"[{person_id}]", f"[{person_id},", f",{person_id},", f",{person_id}]"]
    for piece in _pieces(uow):
        kept = update(Letter).where(piece, contains_any(Letter.promise, spellings))
        uow.session.execute(kept.values(promise=None))


def unlink_letters(uow: UnitOfWork, tickets: Collection[int], ids: Collection[str]) -> None:
    """Let letters on these tickets refer to none of these Message-IDs."""
    linked: set[int] = set()
    for batch in batches(sorted(tickets)):
        query = select(Letter.id, Letter.references).where(Letter.ticket_id.in_(batch), Letter.references != "")
        linked |= {
            id_
            for id_, references in uow.session.execute(query)
            if references and not set(ids).isdisjoint(references.split())
        }
    for batch in batches(sorted(linked)):
        unlinked = update(Letter).where(Letter.id.in_(batch))
        uow.session.execute(unlinked.values(in_reply_to=None, references=None))


def leave_archive(uow: UnitOfWork, keys: Collection[str]) -> None:
    """Let nothing of an imported mail tell of somebody: what names them names nobody."""
    own_keys = {person_key(row) for row in keys}
    for row in list(archived_of(uow, keys)):
        named = person_keys(row.people)
        values: dict[str, Any] = {"people": b"".join(NOBODY if key in own_keys else key for key in named)}
        values |= {"subject": None} if row.wrote else {}
        uow.connection.execute(update(_ARCHIVED).where(_ARCHIVED.c.id == row.id).values(**values))
