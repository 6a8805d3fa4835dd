"""This file holds how mails are taken in: stored once, with what their threads can be told by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, bindparam, delete, select, update

from app.archive.boxes import Found
from app.archive.cards import Card, card_of, exact_digest, id_key
from app.archive.pile import ARCHIVED, LINK, Pile, add_rows, reserve
from app.model.database import Database
from app.model.letters import Letter
from app.model.mails import Mail
from app.model.messages import Message

_MAIL, _MESSAGE, _LETTER = (cast("Table", one.__table__) for one in (Mail, Message, Letter))
# SQLite takes 32,766 parameters in a statement.
_ASKED = 10_000
_REPLACE_MAIL = update(_MAIL).where(_MAIL.c.id == bindparam("of")).values(raw=bindparam("bytes"))


class _There(NamedTuple):
    """A mail that was taken in before."""

    id: int
    exact: bytes
    identity: bytes
    posted: bool
    mail_id: int | None
    queue_id: int


@dataclass
class Taken:
    """What became of some mails: how many were new, had been waiting for their threads, or were there already."""

    new: int = 0
    resumed: int = 0
    repeated: int = 0


@dataclass
class _Batch:
    """What is to be written of some mails: by identity those to add, and copies that take another one's place.

    `moved`: rows that wait for another queue, into which an import before did not come to its end.
    """

    cards: dict[bytes, tuple[Found, Card]] = field(default_factory=dict)
    better: list[tuple[Found, Card, _There]] = field(default_factory=list)
    moved: set[int] = field(default_factory=set)

    def note(self, pile: Pile, known: _There) -> None:
        """Take a mail that is there for the queue that is wanted now."""
        if not known.posted and known.queue_id != pile.queue_id:
            self.moved.add(known.id)


def take(pile: Pile, found: Sequence[Found], newest: int) -> Taken:
    """Take in some mails, all or none; those taken in before are left as they are.

    `newest` is the last row there was before this import: what is newer lies twice in what is imported.
    """
    taken, batch = Taken(), _Batch()
    digests = [exact_digest(one.raw) for one in found]
    there = _lookup(pile, "exact", digests)
    for one, exact in zip(found, digests, strict=True):
        if exact in there:
            _count(taken, there[exact], newest)
            batch.note(pile, there[exact])
        else:
            card = card_of(one.raw, one.envelope, pile.tracker.clock(), pile.is_ours)
            mine = batch.cards.get(card.identity)
            taken.repeated += mine is not None
            # Of copies that differ in what does not count, the same one is kept whatever their order.
            if mine is None or card.exact < mine[1].exact:
                batch.cards[card.identity] = (one, card)
    _set_copies_apart(pile, batch, taken, newest)
    posted = _posted_elsewhere(pile, [card for _, card in batch.cards.values()])
    taken.repeated += len(posted)
    taken.new += len(batch.cards) - len(posted)
    _write(pile, batch, posted)
    return taken


def _count(taken: Taken, known: _There, newest: int) -> None:
    if known.posted or known.id > newest:
        taken.repeated += 1
    else:
        taken.resumed += 1


def _set_copies_apart(pile: Pile, batch: _Batch, taken: Taken, newest: int) -> None:
    """Take out of a batch what is a copy of a mail that is there."""
    for identity, known in _lookup(pile, "identity", list(batch.cards)).items():
        one, card = batch.cards.pop(identity)
        _count(taken, known, newest)
        batch.note(pile, known)
        if not known.posted and card.exact < known.exact:
            batch.better.append((one, card, known))


def _lookup(pile: Pile, column: str, digests: list[bytes]) -> dict[bytes, _There]:
    """Those of these digests that were taken in before; on a dry run also into the tracker itself."""
    query = select(*(ARCHIVED.c[name] for name in _There._fields)).where(ARCHIVED.c[column].in_(digests))
    found: dict[bytes, _There] = {}
    with pile.store.look() as desk:
        found |= {getattr(row, column): _There(*row) for row in desk.connection.execute(query)}
    if pile.dry:
        with pile.tracker.look() as desk:
            rows = desk.connection.execute(query.where(ARCHIVED.c.posted))
            found |= {getattr(row, column): _There(*row) for row in rows}
    return found


def _posted_elsewhere(pile: Pile, cards: Sequence[Card]) -> dict[bytes, int]:
    """The tickets on which these very mails stand since they came by another way, by identity."""
    own, wanted = {card.own for card in cards if card.own}, {card.identity for card in cards}
    found: dict[bytes, int] = {}
    with pile.tracker.look() as desk:
        query = select(_MESSAGE.c.ticket_id, _MESSAGE.c.mail_id).where(_MESSAGE.c.message_id.in_(own))
        for ticket, mail_id in desk.connection.execute(query.where(_MESSAGE.c.mail_id.is_not(None))).all():
            raw: bytes = desk.connection.execute(select(_MAIL.c.raw).where(_MAIL.c.id == mail_id)).scalar_one()
            identity = card_of(raw, b"", desk.now, pile.is_ours).identity
            if identity in wanted:
                found[identity] = min(found.get(identity, ticket), ticket)
    return found


def _write(pile: Pile, batch: _Batch, posted: dict[bytes, int]) -> None:
    """Store what is new, and what its thread can be told by."""
    mails = list(batch.cards.values())
    if not mails and not batch.better and not batch.moved:
        return
    cards = [*(card for _, card in mails), *(card for _, card, _ in batch.better)]
    homes = _homes(pile.tracker, cards)
    with pile.store.work() as desk:
        connection = desk.connection
        ids = reserve(connection, ARCHIVED, len(mails))
        mail_ids = _store(pile, connection, desk.now, [pair for pair in mails if pair[1].identity not in posted])
        rows = [
            _row(pile, id_, one, card)
            | {"joins": homes.get(card.identity)}
            | _where(pile, posted.get(card.identity), mail_ids)
            for id_, (one, card) in zip(ids, mails, strict=True)
        ]
        add_rows(connection, ARCHIVED, rows)
        links = [link for id_, (_, card) in zip(ids, mails, strict=True) for link in _links(id_, card)]
        add_rows(connection, LINK, links)
        if batch.moved:
            moved = update(ARCHIVED).where(ARCHIVED.c.id.in_(batch.moved), ~ARCHIVED.c.posted)
            connection.execute(moved.values(queue_id=pile.queue_id, thread=None))
        for one, card, known in batch.better:
            _replace(connection, one, card, known, homes.get(card.identity))


def _store(pile: Pile, connection: Connection, now: datetime, mails: Sequence[tuple[Found, Card]]) -> list[int]:
    """Store the bytes, unless nothing is to stay; the ids, the first mail's last."""
    if pile.dry:
        return []
    ids = reserve(connection, _MAIL, len(mails))
    # Author and subject are for the list of mail set aside: these mails wait for nobody.
    columns = {"received": now, "envelope_from": None, "author": "", "subject": ""}
    rows = [
        {"id": id_, "raw": one.raw, "identity": card.own, **columns}
        for id_, (one, card) in zip(ids, mails, strict=True)
    ]
    add_rows(connection, _MAIL, rows)
    return ids[::-1]


def _where(pile: Pile, ticket: int | None, mail_ids: list[int]) -> dict[str, Any]:
    """Where a mail stands: on a ticket by another way, else it waits, with the next of the stored bytes."""
    if ticket is not None:
        return {"mail_id": None, "posted": True, "ticket_id": None if pile.dry else ticket}
    return {"mail_id": mail_ids.pop() if mail_ids else None, "posted": False, "ticket_id": None}


def _row(pile: Pile, id_: int, one: Found, card: Card) -> dict[str, Any]:
    return {"id": id_, "queue_id": pile.queue_id, "thread": None, "identity": card.identity, **_about(one, card)}


def _about(one: Found, card: Card) -> dict[str, Any]:
    return {
        "exact": card.exact,
        "size": len(one.raw),
        "date": card.date,
        "subject": card.subject,
        "answers": card.answers,
        "people": card.people,
    }


def _links(id_: int, card: Card) -> Iterable[dict[str, Any]]:
    keys = dict.fromkeys(id_key(one) for one in (card.own, *card.parents) if one)
    return [{"key": key, "archived_id": id_} for key in keys]


def _replace(connection: Connection, one: Found, card: Card, known: _There, home: int | None) -> None:
    """Let another copy of a mail take the place of the one that waits."""
    if known.mail_id is not None:
        connection.execute(_REPLACE_MAIL, {"of": known.mail_id, "bytes": one.raw})
    about = _about(one, card) | {"joins": home}
    connection.execute(update(ARCHIVED).where(ARCHIVED.c.id == known.id).values(**about))
    connection.execute(delete(LINK).where(LINK.c.archived_id == known.id))
    add_rows(connection, LINK, list(_links(known.id, card)))


def _homes(tracker: Database, cards: Sequence[Card]) -> dict[bytes, int]:
    """The tickets that mails belong to already, by identity: that of the nearest id that is known (INTERFACE 4)."""
    ids = sorted({one for card in cards for one in (card.own, *card.parents) if one})
    known: dict[str, int] = {}
    for at in range(0, len(ids), _ASKED):
        known |= _known_tickets(tracker, set(ids[at : at + _ASKED]))
    found = {card.identity: [known[one] for one in (*card.parents, card.own) if one in known] for card in cards}
    return {identity: tickets[0] for identity, tickets in found.items() if tickets}


def _known_tickets(tracker: Database, ids: set[str]) -> dict[str, int]:
    """The oldest ticket of each id: of a message or a letter, else of an imported mail that only names it."""
    keys = {id_key(one): one for one in ids}
    found: dict[str, int] = {}
    with tracker.look() as desk:
        for table in (_MESSAGE, _LETTER):
            query = select(table.c.message_id, table.c.ticket_id).where(table.c.message_id.in_(ids))
            rows = desk.connection.execute(query.where(table.c.ticket_id.is_not(None)))
            _keep_oldest(found, ((given, ticket) for given, ticket in rows))
        query = select(LINK.c.key, ARCHIVED.c.ticket_id).join(ARCHIVED, ARCHIVED.c.id == LINK.c.archived_id)
        query = query.where(LINK.c.key.in_(keys), ARCHIVED.c.posted, ARCHIVED.c.ticket_id.is_not(None))
        named: dict[str, int] = {}
        _keep_oldest(named, ((keys[key], ticket) for key, ticket in desk.connection.execute(query)))
    return named | found


def _keep_oldest(found: dict[str, int], rows: Iterable[tuple[str, int]]) -> None:
    for given, ticket in rows:
        found[given] = min(found.get(given, ticket), ticket)
