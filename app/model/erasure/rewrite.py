"""How what the tracker itself has written is rewritten without somebody: letters, changes, titles."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any, cast

from sqlalchemy import Row, Table, or_, select, update

from ...mail.text import shown
from ..letters.receipts import ReceiptKind
from ..records.letters import Letter
from ..records.messages import Message
from ..records.people import FORGOTTEN_NAME
from ..records.received_mail import Delivery, Mail
from ..records.tickets import UNDELIVERED, Change, Ticket
from ..storage.base import in_portions
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import members_of
from ..tickets.undo import Checkpoint
from .identity_patterns import IdentityPatterns
from .personal_data import contains_any

_SET_ASIDE = "set_aside"
_LETTER, _MESSAGE, _MAIL = (cast("Table", one.__table__) for one in (Letter, Message, Mail))
# A letter has no more of a message than this.
_MOST_OF_A_MESSAGE = 100_000
_TEXTS = ("sender_name", "subject", "in_reply_to", "references", "text", "commands", "error")
_COLUMNS = (
    Letter.id,
    Letter.ticket_id,
    Letter.kind,
    Letter.person_id,
    Letter.created,
    *(getattr(Letter, name) for name in _TEXTS),
    Message.text.label("said"),
    Message.sender_id.label("author"),
)
_SEARCH = "Search: "
_HAPPENED = "changed"
_IN_A_NAME = ("opened", "posted", _HAPPENED)
_READERS = re.compile(r"^(While this ticket is [^\n]*?; )([^\n]*)( will read it\.)$", re.MULTILINE)
# In a letter on one that came to nothing: what the other side's server has said, which may name them in its own ways.
_WHY = re.compile(r"(\AA letter to [^\n]*\n\n[^\n]*\n)(?:[^\n]+(?:\n|\Z))+")


def rewrite_letters(uow: UnitOfWork, patterns: IdentityPatterns, tickets: Collection[int]) -> set[int]:
    """Take somebody out of the letters on these tickets, and out of all others that name an address; which change.

    What somebody else wrote in them stays as they wrote it.
    """
    ids = set(uow.session.scalars(select(Letter.id).where(_names(patterns))))
    for portion in in_portions(tickets):
        ids |= set(uow.session.scalars(select(Letter.id).where(Letter.ticket_id.in_(portion))))
    found: set[int] = set()
    for portion in in_portions(ids):
        query = select(*_COLUMNS).outerjoin(Message, Message.id == Letter.about_id).where(Letter.id.in_(portion))
        changes = [one for row in uow.session.execute(query) if (one := _changed(uow, patterns, row))]
        for values in changes:
            number = values.pop("id")
            uow.connection.execute(update(_LETTER).where(_LETTER.c.id == number).values(**values))
            found.add(number)
    return found


def _names(patterns: IdentityPatterns) -> Any:
    asked = (Letter.kind == ReceiptKind.PAGE) & contains_any(Letter.subject, patterns.whole_names)
    return or_(asked, *(contains_any(getattr(Letter, name), patterns.spellings) for name in _TEXTS))


def _changed(uow: UnitOfWork, patterns: IdentityPatterns, row: Row[Any]) -> dict[str, Any]:
    """What changes of a letter, with its id; empty if nothing does."""
    old = {name: getattr(row, name) for name in _TEXTS}
    theirs = _is_in_their_name(uow, patterns, row)
    new = {
        "sender_name": f"{FORGOTTEN_NAME} via {row.sender_name.rpartition(' via ')[2]}" if theirs else row.sender_name,
        "subject": patterns.retitled(patterns.without_addresses(_question(patterns, row)), row.ticket_id),
        "in_reply_to": patterns.with_other_ids(row.in_reply_to) if row.in_reply_to else None,
        "references": patterns.with_other_ids(row.references) if row.references else None,
        "text": patterns.without_lines(row.text)
        if row.kind == _SET_ASIDE
        else _text(uow, patterns, row, theirs=theirs),
        "commands": _commands(patterns, row.commands),
        "error": patterns.without_addresses(row.error) if row.error else row.error,
    }
    changed = {name: new[name] for name in _TEXTS if new[name] != old[name]}
    return {"id": row.id, **changed} if changed else {}


def _question(patterns: IdentityPatterns, row: Row[Any]) -> str:
    """A letter's subject; where it repeats a question, that names them no more."""
    is_question = row.kind == ReceiptKind.PAGE and row.ticket_id is None and row.subject.startswith(_SEARCH)
    return patterns.without_names(row.subject) if is_question else str(row.subject)


def _is_in_their_name(uow: UnitOfWork, patterns: IdentityPatterns, row: Row[Any]) -> bool:
    """Whether a letter tells of what this person did, and not somebody else who may be called the same."""
    if row.kind not in _IN_A_NAME:
        return False
    if row.author is not None or row.kind != _HAPPENED:
        return bool(row.author == patterns.person_id)
    then = select(Change.by_id).where(Change.ticket_id == row.ticket_id, Change.at == row.created).distinct()
    by = set(uow.session.scalars(then))
    named = any(row.sender_name.startswith(f"{name} via ") for name in patterns.names)
    return by == {patterns.person_id} or (named and (not by or patterns.person_id in by))


def _text(uow: UnitOfWork, patterns: IdentityPatterns, row: Row[Any], *, theirs: bool) -> str:
    """A letter's text; the words of the message that it tells of stay. Names go only where they call somebody."""
    words = shown(row.said or "")[:_MOST_OF_A_MESSAGE].rstrip()
    before, words, after = row.text.partition(words) if words else (row.text, "", "")
    before = before.replace(
        f'"{row.subject.removeprefix(_SEARCH)}"', f'"{_question(patterns, row).removeprefix(_SEARCH)}"'
    )
    if theirs:
        names = (
            one for one in (*patterns.names, row.sender_name.rpartition(" via ")[0]) if before.startswith(f"{one} ")
        )
        name = max(names, key=len, default="")
        before = f"{FORGOTTEN_NAME if name else ''}{before[len(name) :]}"
    if row.kind == UNDELIVERED and patterns.has_address(before.partition("\n")[0]):
        before = _WHY.sub(r"\1    (erased)\n", before)
    parts = [patterns.without(_without_reader(uow, patterns, row, one), row.ticket_id) for one in (before, after)]
    return words.join(parts) if words else parts[0]


def _without_reader(uow: UnitOfWork, patterns: IdentityPatterns, row: Row[Any], text: str) -> str:
    """A text whose footer says that somebody will read a reply who has no name any more."""
    if row.ticket_id is None or not any(patterns.unlisted(one[2], {}) != one[2] for one in _READERS.finditer(text)):
        return text
    members = members_of(uow, uow.session.get_one(Ticket, row.ticket_id))
    others = [
        member
        for member in members
        if not member.answers and member.person_id not in (patterns.person_id, row.person_id)
    ]
    namesakes = Counter(other.label for other in others if other.subscribed and not other.undeliverable)
    return _READERS.sub(lambda line: f"{line[1]}{patterns.unlisted(line[2], namesakes)}{line[3]}", text)


def _commands(patterns: IdentityPatterns, commands: str | None) -> str | None:
    """Lines that wait for their proof, without those that name somebody."""
    kept = [line for line in (commands or "").split("\n") if patterns.without_addresses(line) == line]
    return "\n".join(kept) or None


def rewrite_changes(uow: UnitOfWork, patterns: IdentityPatterns, tickets: Collection[int]) -> None:
    """Take somebody out of what is recorded of tickets."""
    named = contains_any(Change.old, patterns.spellings) | contains_any(Change.new, patterns.spellings)
    changes = {one.id: one for one in uow.session.scalars(select(Change).where(named))}
    for portion in in_portions(tickets):
        set_ = select(Change).where(Change.ticket_id.in_(portion), Change.field == "subject")
        changes |= {one.id: one for one in uow.session.scalars(set_)}
    for change in changes.values():
        change.old, change.new = _record(patterns, change, change.old), _record(patterns, change, change.new)
    uow.session.flush()


def _record(patterns: IdentityPatterns, change: Change, value: str | None) -> str | None:
    if value is None:
        return None
    if change.field == "subject":
        return _title(patterns, change.ticket_id, value)
    if change.field == UNDELIVERED and patterns.names_them(value):
        # What the other side's server has said may name them in ways of its own.
        return f"{patterns.anonymous}: a letter came to nothing"
    return patterns.anonymous if patterns.is_theirs(value) else patterns.without_addresses(value)


def _title(patterns: IdentityPatterns, ticket: int, title: str) -> str:
    return patterns.title if title in patterns.titles_on(ticket) else title


def rewrite_tickets(uow: UnitOfWork, patterns: IdentityPatterns, tickets: Collection[int]) -> set[int]:
    """Let titles that were somebody's words say that they are gone, with whatever repeats them, and ids name others.

    The ids of the messages of others that change by it.
    """
    found: set[int] = set()
    for portion in in_portions(tickets):
        for ticket in uow.session.scalars(select(Ticket).where(Ticket.id.in_(portion))):
            ticket.title = _title(patterns, ticket.id, ticket.title)
            ticket.root = patterns.with_other_ids(ticket.root) if ticket.root else None
        for kept in uow.session.scalars(select(Checkpoint).where(Checkpoint.ticket_id.in_(portion))):
            kept.title = _title(patterns, kept.ticket_id, kept.title)
        for values in list(_messages(uow, patterns, portion)):
            number, mail = values.pop("id"), values.pop("mail")
            found.add(number)
            uow.connection.execute(update(_MESSAGE).where(_MESSAGE.c.id == number).values(**values))
            uow.connection.execute(update(_MAIL).where(_MAIL.c.id == mail).values(subject=values["subject"]))
    uow.session.flush()
    for portion_of_ids in _portions(list(patterns.ids)):
        forwards = update(Message).where(Message.original_id.in_(portion_of_ids))
        uow.session.execute(forwards.values(original_id=None))
    return found


def _portions(ids: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(ids), 10_000):
        yield ids[at : at + 10_000]


def _messages(uow: UnitOfWork, patterns: IdentityPatterns, tickets: Collection[int]) -> Iterator[dict[str, Any]]:
    """What changes of others' messages: the id that they answer, and a subject which is one of the titles."""
    columns = (Message.id, Message.ticket_id, Message.mail_id, Message.subject, Message.in_reply_to)
    query = select(*columns).where(
        Message.ticket_id.in_(tickets), Message.sender_id.is_distinct_from(patterns.person_id)
    )
    for number, ticket, mail, subject, in_reply_to in uow.session.execute(query):
        other = {"subject": patterns.retitled(subject, ticket)}
        other |= {"in_reply_to": patterns.ids.get(in_reply_to, in_reply_to)} if in_reply_to else {}
        if other["subject"] != subject or other.get("in_reply_to") != in_reply_to:
            yield {"id": number, "mail": mail, **other}


def rewrite_mails(uow: UnitOfWork, patterns: IdentityPatterns) -> None:
    """Take somebody's address out of the envelopes of others' mails, and out of what became of these."""
    written = uow.session.scalars(select(Mail.envelope_from).where(Mail.envelope_from.is_not(None)).distinct())
    for one in [one for one in written if patterns.is_theirs(one)]:
        uow.session.execute(update(Mail).where(Mail.envelope_from == one).values(envelope_from=patterns.anonymous))
    for delivery in uow.session.scalars(select(Delivery).where(contains_any(Delivery.reason, patterns.spellings))):
        delivery.reason = patterns.without_addresses(delivery.reason)
    uow.session.flush()
