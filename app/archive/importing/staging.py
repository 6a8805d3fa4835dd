"""How mails are taken in: stored once, with what their threads can be told by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, bindparam, delete, update

from ...model.records.received_mail import Mail
from ..export_marks import TRACKER, Mark, mark_of
from ..reading.sources import Found
from .existing import There, homes_of, key_of, lookup, mark_key, posted_elsewhere
from .mail_identity import Card, card_of, exact_digest, id_key, own_key
from .staging_area import ARCHIVED, LINK, NO_MARK, Pile, add_rows, reserve

_MAIL = cast("Table", Mail.__table__)
_REPLACE_MAIL = update(_MAIL).where(_MAIL.c.id == bindparam("of")).values(raw=bindparam("bytes"))


@dataclass
class Taken:
    """What became of some mails: how many were new, had been waiting for their threads, or were there already."""

    new: int = 0
    resumed: int = 0
    repeated: int = 0


@dataclass
class _Copy:
    """The copy of a mail that is kept: as it was taken in before, and as it is now if that is another or better one."""

    there: There | None = None
    found: Found | None = None
    card: Card | None = None

    @property
    def mark(self) -> bytes:
        """The mark that it bears."""
        if self.card is not None:
            return mark_key(self.card)
        return self.there.mark if self.there else NO_MARK

    @property
    def rank(self) -> tuple[bool, bytes, bytes, bool]:
        """Of copies that differ in what does not count the one of the lowest rank is kept, whatever their order.

        One with a mark comes before one without; one that everybody saw before one that, on the same ticket, was
        private, too: tickets that were merged can have both.
        """
        exact = self.card.exact if self.card else self.there.exact if self.there else b""
        return not self.mark, self.mark[:TRACKER], exact, self.private

    @property
    def private(self) -> bool:
        """Whether it was a private comment where it stood."""
        if self.card is not None:
            return self.card.mark is not None and self.card.mark.private
        return self.there is not None and bool(self.there.private)

    @property
    def waits(self) -> bool:
        """Whether its thread is not posted yet, so that another copy can take its place."""
        return self.there is None or not self.there.posted


def take(pile: Pile, found: Sequence[Found], newest: int) -> Taken:
    """Take in some mails, all or none; those taken in before are left as they are.

    `newest` is the last row there was before this import: what is newer lies twice in what is imported.
    """
    taken, moved = Taken(), set[int]()
    there = lookup(pile, "exact", [exact_digest(one.raw) for one in found])
    cards: list[tuple[Found, Card]] = []
    for one in found:
        known = _settled(there.get(exact_digest(one.raw), ()), mark_of(one.envelope))
        if known is not None:
            _count(pile, taken, known, newest, moved)
        else:
            cards.append((one, card_of(one.raw, one.envelope, pile.database.clock(), pile.is_ours)))
    copies = _sort_out(pile, cards, taken, newest, moved)
    posted = posted_elsewhere(pile, [one.card for one in copies if one.card and not one.there])
    taken.repeated += len(posted)
    taken.new += sum(one.there is None for one in copies) - len(posted)
    _write(pile, copies, posted, moved)
    return taken


def _settled(rows: Iterable[There], mark: Mark | None) -> There | None:
    """The row of a mail that came before byte for byte, if no mark can make this copy another one or a better one."""
    known = _copy_of([_Copy(row) for row in rows], mark.key if mark else NO_MARK)
    row = known.there if known else None
    if row is None or row.posted or mark is None or (row.mark, row.private) == (mark.key, mark.private):
        return row
    return None


def _copy_of(copies: Iterable[_Copy], mark: bytes) -> _Copy | None:
    """Which of these copies of one mail makes another one a repeat.

    The same mail is another one only where it stood on another ticket of the same tracker.
    """
    kept = list(copies)
    same = [one for one in kept if one.mark == mark]
    elsewhere = [one for one in kept if one.mark[:TRACKER] != mark[:TRACKER]]
    return next(iter([*same, *elsewhere]), None)


def _count(pile: Pile, taken: Taken, known: There, newest: int, moved: set[int]) -> None:
    """Count a mail that is there; what waits for another queue is taken for the one that is wanted now."""
    if known.posted or known.id > newest:
        taken.repeated += 1
    else:
        taken.resumed += 1
    if not known.posted and known.queue_id != pile.queue_id:
        moved.add(known.id)


def _sort_out(
    pile: Pile, cards: Sequence[tuple[Found, Card]], taken: Taken, newest: int, moved: set[int]
) -> list[_Copy]:
    """The copies that are to be written, in order: new ones, and better ones of mails that wait."""
    rows = lookup(pile, "identity", [card.identity for _, card in cards])
    every = {identity: [_Copy(row) for row in found] for identity, found in rows.items()}
    changed: list[_Copy] = []
    for one, card in cards:
        copies = every.setdefault(card.identity, [])
        known, mine = _copy_of(copies, mark_key(card)), _Copy(None, one, card)
        if known is None:
            copies.append(mine)
            changed.append(mine)
            continue
        if known.there is None:
            taken.repeated += 1
        else:
            _count(pile, taken, known.there, newest, moved)
        if known.waits and mine.rank < known.rank:
            changed += [known] if known.card is None else []
            known.found, known.card = one, card
    return changed


def _write(pile: Pile, copies: Sequence[_Copy], posted: dict[bytes, int], moved: set[int]) -> None:
    """Store what is new, and what its thread can be told by."""
    kept = [(one.found, one.card, one.there) for one in copies if one.found is not None and one.card is not None]
    mails = [(found, card) for found, card, there in kept if there is None]
    if not kept and not moved:
        return
    homes = homes_of(pile.database, [card for _, card, _ in kept])
    with pile.database.work() as desk:
        connection = desk.connection
        ids = reserve(connection, ARCHIVED, len(mails))
        mail_ids = _store(connection, desk.now, [pair for pair in mails if key_of(pair[1]) not in posted])
        rows = [
            _row(pile, id_, one, card) | {"joins": homes.get(key_of(card))} | _where(posted.get(key_of(card)), mail_ids)
            for id_, (one, card) in zip(ids, mails, strict=True)
        ]
        add_rows(connection, ARCHIVED, rows)
        links = [link for id_, (_, card) in zip(ids, mails, strict=True) for link in _links(id_, card)]
        add_rows(connection, LINK, links)
        if moved:
            elsewhere = update(ARCHIVED).where(ARCHIVED.c.id.in_(moved), ~ARCHIVED.c.posted)
            connection.execute(elsewhere.values(queue_id=pile.queue_id, thread=None))
        for one, card, known in kept:
            if known is not None:
                _replace(connection, one, card, known, homes.get(key_of(card)))


def _store(connection: Connection, now: datetime, mails: Sequence[tuple[Found, Card]]) -> list[int]:
    """Store the bytes; the ids, the first mail's last."""
    ids = reserve(connection, _MAIL, len(mails))
    # Author and subject are for the list of mail set aside: these mails wait for nobody.
    columns = {"received": now, "envelope_from": None, "author": "", "subject": ""}
    rows = [
        {"id": id_, "raw": one.raw, "identity": card.own, **columns}
        for id_, (one, card) in zip(ids, mails, strict=True)
    ]
    add_rows(connection, _MAIL, rows)
    return ids[::-1]


def _where(ticket: int | None, mail_ids: list[int]) -> dict[str, Any]:
    """Where a mail stands: on a ticket by another way, else it waits, with the next of the stored bytes."""
    if ticket is not None:
        return {"mail_id": None, "posted": True, "ticket_id": ticket}
    return {"mail_id": mail_ids.pop(), "posted": False, "ticket_id": None}


def _row(pile: Pile, id_: int, one: Found, card: Card) -> dict[str, Any]:
    return {"id": id_, "queue_id": pile.queue_id, "thread": None, "identity": card.identity, **_about(one, card)}


def _about(one: Found, card: Card) -> dict[str, Any]:
    return {
        "exact": card.exact,
        "mark": mark_key(card),
        "private": card.mark.private if card.mark else None,
        "size": len(one.raw),
        "date": card.date,
        "subject": card.subject,
        "answers": card.answers,
        "people": card.people,
    }


def _links(id_: int, card: Card) -> Iterable[dict[str, Any]]:
    keys = [own_key(card.own)] if card.own else []
    keys += dict.fromkeys(id_key(one) for one in card.parents if one != card.own)
    return [{"key": key, "archived_id": id_} for key in keys]


def _replace(connection: Connection, one: Found, card: Card, known: There, home: int | None) -> None:
    """Let another copy of a mail take the place of the one that waits."""
    if known.mail_id is not None:
        connection.execute(_REPLACE_MAIL, {"of": known.mail_id, "bytes": one.raw})
    about = _about(one, card) | {"joins": home}
    connection.execute(update(ARCHIVED).where(ARCHIVED.c.id == known.id).values(**about))
    connection.execute(delete(LINK).where(LINK.c.archived_id == known.id))
    add_rows(connection, LINK, list(_links(known.id, card)))
