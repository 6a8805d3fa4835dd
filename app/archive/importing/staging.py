"""How mails are taken in: stored once, with what their threads can be told by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, bindparam, delete, update

from ...model.records.received_mail import Mail
from ..export_marks import TRACKER, ExportMark, mark_of
from ..reading.sources import ArchiveMail
from .existing import ImportedMail, find_imported, homes_of, key_of, mark_key, posted_elsewhere
from .mail_identity import MailIdentity, exact_digest, id_key, mail_identity_of, own_key
from .staging_area import ARCHIVED, LINK, NO_MARK, ImportContext, add_rows, reserve

_MAIL = cast("Table", Mail.__table__)
_REPLACE_MAIL = update(_MAIL).where(_MAIL.c.id == bindparam("of")).values(raw=bindparam("bytes"))


@dataclass
class StagingCounts:
    """What became of some mails: how many were new, had been waiting for their threads, or were there already."""

    new: int = 0
    resumed: int = 0
    repeated: int = 0


@dataclass
class _Copy:
    """The copy of a mail that is kept: as it was taken in before, and as it is now if that is another or better one."""

    imported: ImportedMail | None = None
    mail: ArchiveMail | None = None
    mail_identity: MailIdentity | None = None

    @property
    def mark(self) -> bytes:
        """The mark that it bears."""
        if self.mail_identity is not None:
            return mark_key(self.mail_identity)
        return self.imported.mark if self.imported else NO_MARK

    @property
    def rank(self) -> tuple[bool, bytes, bytes, bool]:
        """Of copies that differ in what does not count the one of the lowest rank is kept, whatever their order.

        One with a mark comes before one without; one that everybody saw before one that, on the same ticket, was
        private, too: tickets that were merged can have both.
        """
        exact = self.mail_identity.exact if self.mail_identity else self.imported.exact if self.imported else b""
        return not self.mark, self.mark[:TRACKER], exact, self.private

    @property
    def private(self) -> bool:
        """Whether it was a private comment where it stood."""
        if self.mail_identity is not None:
            return self.mail_identity.mark is not None and self.mail_identity.mark.private
        return self.imported is not None and bool(self.imported.private)

    @property
    def waits(self) -> bool:
        """Whether its thread is not posted yet, so that another copy can take its place."""
        return self.imported is None or not self.imported.posted


def take(context: ImportContext, mails: Sequence[ArchiveMail], newest: int) -> StagingCounts:
    """Take in some mails, all or none; those taken in before are left as they are.

    `newest` is the last row there was before this import: what is newer lies twice in what is imported.
    """
    counts, moved = StagingCounts(), set[int]()
    digests = [exact_digest(mail.raw) for mail in mails]
    imported = find_imported(context, "exact", digests)
    now = context.database.clock()
    mail_identities: list[tuple[ArchiveMail, MailIdentity]] = []
    for mail, exact in zip(mails, digests, strict=True):
        known = _settled(imported.get(exact, ()), mark_of(mail.envelope))
        if known is not None:
            _count(context, counts, known, newest, moved)
        else:
            mail_identities.append((mail, mail_identity_of(mail.raw, exact, mail.envelope, now, context.is_ours)))
    copies = _sort_out(context, mail_identities, counts, newest, moved)
    posted = posted_elsewhere(
        context, [copy.mail_identity for copy in copies if copy.mail_identity and not copy.imported]
    )
    counts.repeated += len(posted)
    counts.new += sum(copy.imported is None for copy in copies) - len(posted)
    _write(context, copies, posted, moved)
    return counts


def _settled(rows: Iterable[ImportedMail], mark: ExportMark | None) -> ImportedMail | None:
    """The row of a mail that came before byte for byte, if no mark can make this copy another one or a better one."""
    known = _copy_of([_Copy(row) for row in rows], mark.key if mark else NO_MARK)
    row = known.imported if known else None
    if row is None or row.posted or mark is None or (row.mark, row.private) == (mark.key, mark.private):
        return row
    return None


def _copy_of(copies: Iterable[_Copy], mark: bytes) -> _Copy | None:
    """Which of these copies of one mail makes another one a repeat.

    The same mail is another one only where it stood on another ticket of the same tracker.
    """
    kept = list(copies)
    same = [staged for staged in kept if staged.mark == mark]
    elsewhere = [staged for staged in kept if staged.mark[:TRACKER] != mark[:TRACKER]]
    return next(iter([*same, *elsewhere]), None)


def _count(context: ImportContext, counts: StagingCounts, known: ImportedMail, newest: int, moved: set[int]) -> None:
    """Count a mail that is there; what waits for another queue is taken for the one that is wanted now."""
    if known.posted or known.id > newest:
        counts.repeated += 1
    else:
        counts.resumed += 1
    if not known.posted and known.queue_id != context.queue_id:
        moved.add(known.id)


def _sort_out(
    context: ImportContext,
    mail_identities: Sequence[tuple[ArchiveMail, MailIdentity]],
    counts: StagingCounts,
    newest: int,
    moved: set[int],
) -> list[_Copy]:
    """The copies that are to be written, in order: new ones, and better ones of mails that wait."""
    rows = find_imported(context, "identity", [mail_identity.identity for _, mail_identity in mail_identities])
    every = {identity: [_Copy(row) for row in mails] for identity, mails in rows.items()}
    changed: list[_Copy] = []
    for mail, mail_identity in mail_identities:
        copies = every.setdefault(mail_identity.identity, [])
        known, copy = _copy_of(copies, mark_key(mail_identity)), _Copy(None, mail, mail_identity)
        if known is None:
            copies.append(copy)
            changed.append(copy)
            continue
        if known.imported is None:
            counts.repeated += 1
        else:
            _count(context, counts, known.imported, newest, moved)
        if known.waits and copy.rank < known.rank:
            changed += [known] if known.mail_identity is None else []
            known.mail, known.mail_identity = mail, mail_identity
    return changed


def _write(context: ImportContext, copies: Sequence[_Copy], posted: dict[bytes, int], moved: set[int]) -> None:
    """Store what is new, and what its thread can be told by."""
    kept = [
        (copy.mail, copy.mail_identity, copy.imported)
        for copy in copies
        if copy.mail is not None and copy.mail_identity is not None
    ]
    mails = [(mails, mail_identity) for mails, mail_identity, imported in kept if imported is None]
    if not kept and not moved:
        return
    homes = homes_of(context.database, [mail_identity for _, mail_identity, _ in kept])
    with context.database.transaction() as uow:
        connection = uow.connection
        ids = reserve(connection, ARCHIVED, len(mails))
        mail_ids = _store(connection, uow.now, [pair for pair in mails if key_of(pair[1]) not in posted])
        rows = [
            _row(context, id_, mail, mail_identity)
            | {"joins": homes.get(key_of(mail_identity))}
            | _where(posted.get(key_of(mail_identity)), mail_ids)
            for id_, (mail, mail_identity) in zip(ids, mails, strict=True)
        ]
        add_rows(connection, ARCHIVED, rows)
        links = [
            link for id_, (_, mail_identity) in zip(ids, mails, strict=True) for link in _links(id_, mail_identity)
        ]
        add_rows(connection, LINK, links)
        if moved:
            elsewhere = update(ARCHIVED).where(ARCHIVED.c.id.in_(moved), ~ARCHIVED.c.posted)
            connection.execute(elsewhere.values(queue_id=context.queue_id, thread=None))
        for mail, mail_identity, known in kept:
            if known is not None:
                _replace(connection, mail, mail_identity, known, homes.get(key_of(mail_identity)))


def _store(connection: Connection, now: datetime, mails: Sequence[tuple[ArchiveMail, MailIdentity]]) -> list[int]:
    """Store the bytes; the ids, the first mail's last."""
    ids = reserve(connection, _MAIL, len(mails))
    # Author and subject are for the list of mail set aside: these mails wait for nobody.
    columns = {"received": now, "envelope_from": None, "author": "", "subject": ""}
    rows = [
        {"id": id_, "raw": mail.raw, "identity": mail_identity.own, **columns}
        for id_, (mail, mail_identity) in zip(ids, mails, strict=True)
    ]
    add_rows(connection, _MAIL, rows)
    return ids[::-1]


def _where(ticket: int | None, mail_ids: list[int]) -> dict[str, Any]:
    """Where a mail stands: on a ticket by another way, else it waits, with the next of the stored bytes."""
    if ticket is not None:
        return {"mail_id": None, "posted": True, "ticket_id": ticket}
    return {"mail_id": mail_ids.pop(), "posted": False, "ticket_id": None}


def _row(context: ImportContext, id_: int, mail: ArchiveMail, mail_identity: MailIdentity) -> dict[str, Any]:
    return {
        "id": id_,
        "queue_id": context.queue_id,
        "thread": None,
        "identity": mail_identity.identity,
        **_about(mail, mail_identity),
    }


def _about(mail: ArchiveMail, mail_identity: MailIdentity) -> dict[str, Any]:
    return {
        "exact": mail_identity.exact,
        "mark": mark_key(mail_identity),
        "private": mail_identity.mark.private if mail_identity.mark else None,
        "size": len(mail.raw),
        "date": mail_identity.date,
        "subject": mail_identity.subject,
        "answers": mail_identity.answers,
        "people": mail_identity.people,
    }


def _links(id_: int, mail_identity: MailIdentity) -> Iterable[dict[str, Any]]:
    keys = [own_key(mail_identity.own)] if mail_identity.own else []
    keys += dict.fromkeys(id_key(parent) for parent in mail_identity.parents if parent != mail_identity.own)
    return [{"key": key, "archived_id": id_} for key in keys]


def _replace(
    connection: Connection, mail: ArchiveMail, mail_identity: MailIdentity, known: ImportedMail, home: int | None
) -> None:
    """Let another copy of a mail take the place of the one that waits."""
    if known.mail_id is not None:
        connection.execute(_REPLACE_MAIL, {"of": known.mail_id, "bytes": mail.raw})
    about = _about(mail, mail_identity) | {"joins": home}
    connection.execute(update(ARCHIVED).where(ARCHIVED.c.id == known.id).values(**about))
    connection.execute(delete(LINK).where(LINK.c.archived_id == known.id))
    add_rows(connection, LINK, list(_links(known.id, mail_identity)))
