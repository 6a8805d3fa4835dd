"""What of ours a mail names in In-Reply-To and References: messages that we stored, letters that we sent."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    Integer,
    Label,
    String,
    Text,
    bindparam,
    case,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from ....mail.parsed import ParsedMail
from ...records.letters import Letter
from ...records.messages import Message
from ...records.our_domains import our_domains
from ...storage.base import Moment
from ...storage.unit_of_work import UnitOfWork


class KnownReference(NamedTuple):
    """An id in a mail that is one of ours: a message that we stored, or a letter that we sent about it.

    `ticket` is None for a letter about no ticket, which proves who answers it and leads nowhere; `message` is None for
    one about no message. `reader` is the person whom the letter went to, `kind` its kind, `checkpoint` how the ticket
    was before the change that it tells of, `shown` whether others have seen its id, `promise` what it says of a reply,
    `created` when it was written, `offers` the words that mean something in answer to it. `quotable` are its sender and
    its text, where the mail answers it. `forwarded`: it is the mail that a message forwards.
    """

    given: str
    ticket: int | None
    message: int | None
    message_id: str | None
    private: bool
    reader: int | None
    kind: str | None
    checkpoint: int | None
    shown: bool
    promise: str | None
    created: datetime | None
    offers: str | None
    quotable: str | None
    forwarded: bool


_NO_LETTER = (
    *(literal(None, Integer), literal(None, String), literal(None, Integer), literal(False, Boolean)),
    *(literal(None, Text), literal(None, Moment), literal(None, String), literal(None, Text)),
)
_MESSAGE = (Message.ticket_id, Message.id, Message.message_id, Message.private)
# More than a thread has, and fewer than a statement takes.
_MOST_IDS = 4_096


def ids_named_in(uow: UnitOfWork, parsed: ParsedMail) -> list[str]:
    """Return the ids of a mail that may be ours: its own id, then what it answers, nearest first."""
    # A mail that is a letter of ours has an id of our domain; others need not be asked for.
    domain = (parsed.message_id or "").rpartition("@")[2].removesuffix(">")
    own = [parsed.message_id] if parsed.message_id is not None and domain in our_domains(uow) else []
    return list(dict.fromkeys((*own, *parsed.in_reply_to, *reversed(parsed.references))))[:_MOST_IDS]


def query_size(ids: Sequence[str]) -> int:
    """Return for how many ids a query asks: none, or a power of two, so that few statements serve all mails."""
    return 1 << (len(ids) - 1).bit_length() if ids else 0


def references_query(count: int) -> CompoundSelect[Any]:
    """Return the query for what so many ids name: `id0` and on. A mail answers those from `answered0` on."""
    ids, answered = ([bindparam(f"{name}{at}", type_=String) for at in range(count)] for name in ("id", "answered"))
    letter = _named(
        *(Letter.message_id, Letter.ticket_id, Message.id, Message.message_id, Message.private),
        *(Letter.person_id, Letter.kind, Letter.checkpoint, Letter.shown, Letter.promise, Letter.created),
        *(Letter.offers, case((Letter.message_id.in_(answered), Letter.sender + "\n" + Letter.text))),
        literal(False, Boolean),
    )
    message = _named(Message.message_id, *_MESSAGE, *_NO_LETTER, literal(False, Boolean))
    forwarded = _named(Message.original_id, *_MESSAGE, *_NO_LETTER, literal(True, Boolean))
    return union_all(
        select(*message).where(Message.message_id.in_(ids)),
        select(*forwarded).where(Message.original_id.in_(ids)),
        select(*letter).outerjoin(Message, Message.id == Letter.about_id).where(Letter.message_id.in_(ids)),
    )


def _named(*columns: ColumnElement[Any] | InstrumentedAttribute[Any]) -> list[Label[Any]]:
    """Return columns under the names of the fields that they fill."""
    return [column.label(field) for column, field in zip(columns, KnownReference._fields, strict=True)]


def reference_values(ids: Sequence[str], answered: Sequence[str]) -> dict[str, str]:
    """Return the values for that query; an empty one names nothing."""
    places = range(query_size(ids))
    values = {f"id{at}": ids[at] if at < len(ids) else "" for at in places}
    return values | {f"answered{at}": answered[at] if at < len(answered) else "" for at in places}


def by_nearness(ids: Sequence[str], references: Iterable[KnownReference]) -> tuple[KnownReference, ...]:
    """Return references in the order of these ids; of several messages of one id the oldest first."""
    nearness = {given: position for position, given in enumerate(ids)}
    nearest = sorted(references, key=lambda near: (nearness[near.given], near.ticket or 0, near.message or 0))
    return tuple(nearest)


def is_our_letter(parsed: ParsedMail, references: Iterable[KnownReference]) -> bool:
    """Return whether a mail itself is a letter that we sent, and that came back."""
    return any(reference.given == parsed.message_id and reference.reader is not None for reference in references)
