"""What of an archive is there already: the same mails, and the tickets that others belong to."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar, cast

from sqlalchemy import Table, select

from ...model.records.imported_mail import PERSON_BYTES
from ...model.records.letters import Letter
from ...model.records.message_ids import tracker_id
from ...model.records.messages import Message
from ...model.records.received_mail import Mail
from ...model.storage.batches import batches
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
from .mail_identity import MailIdentity, exact_digest, id_key, mail_identity_of, own_key
from .staging_area import ARCHIVED, LINK, NO_MARK, ImportContext

_MAIL, _MESSAGE, _LETTER = (cast("Table", record.__table__) for record in (Mail, Message, Letter))
# SQLite takes 32,766 parameters in a statement.
_ASKED = 10_000
_Name = TypeVar("_Name", str, bytes, int)


class ImportedMail(NamedTuple):
    """A mail that was taken in before."""

    id: int
    exact: bytes
    identity: bytes
    mark: bytes
    private: bool | None
    posted: bool
    mail_id: int | None
    queue_id: int


class MessageIdUsers:
    """Who wrote the mails that bear one Message-ID as their own, and about what."""

    def __init__(self, writers: Iterable[bytes] = (), subjects: Iterable[bytes | None] = ()) -> None:
        self._writers = set(writers)
        self._subjects = set(subjects)

    def add(self, people: bytes, subject: bytes | None) -> None:
        """Add a mail."""
        self._writers.add(people[:PERSON_BYTES])
        self._subjects.add(subject)

    def and_by(self, people: bytes, subject: bytes | None) -> "MessageIdUsers":
        """These and one mail more."""
        return MessageIdUsers(self._writers | {people[:PERSON_BYTES]}, self._subjects | {subject})

    @property
    def differ(self) -> bool:
        """Whether two of them differ in both: then a broken program wrote the id, and it says nothing."""
        return len(self._writers) > 1 and len(self._subjects) > 1


def mark_key(mail_identity: MailIdentity) -> bytes:
    """The key of the mark that a mail bears."""
    return mail_identity.mark.key if mail_identity.mark else NO_MARK


def key_of(mail_identity: MailIdentity) -> bytes:
    """What a mail is told by in one import: who it is, and where it stood."""
    return mail_identity.identity + mark_key(mail_identity)


def find_imported(context: ImportContext, column: str, digests: list[bytes]) -> dict[bytes, list[ImportedMail]]:
    """Those of these digests that were taken in before."""
    query = select(*(ARCHIVED.c[name] for name in ImportedMail._fields)).where(ARCHIVED.c[column].in_(digests))
    query = query.order_by(ARCHIVED.c.id)
    imported: dict[bytes, list[ImportedMail]] = {}
    with context.database.read_only() as uow:
        for row in uow.connection.execute(query):
            imported.setdefault(getattr(row, column), []).append(ImportedMail(*row))
    return imported


def posted_elsewhere(context: ImportContext, mail_identities: Sequence[MailIdentity]) -> dict[bytes, int]:
    """The tickets on which these very mails stand since they came by another way, by identity and mark."""
    numbers: dict[bytes, int] = {}
    with context.database.read_only() as uow:
        by_name = _messages_of(uow, {mail_identity.known_as for mail_identity in mail_identities})
        for mail_identity in mail_identities:
            mark = mail_identity.mark if mail_identity.mark and mail_identity.mark.tracker == tracker_id(uow) else None
            tickets = {
                message.ticket_id
                for message in by_name.get(mail_identity.known_as, ())
                # What was imported there is a repeat only if this is the export of that ticket.
                if (not message.imported or (mark and mark.number == message.ticket_id))
                and _is_same(context, uow, message, mail_identity)
            }
            if tickets:
                named = mark is not None and mark.number in tickets
                numbers[key_of(mail_identity)] = mark.number if mark and named else min(tickets)
    return numbers


class _PostedMessage(NamedTuple):
    """A message on which a mail may stand already; `mail_id` is None if it came by command."""

    ticket_id: int
    mail_id: int | None
    imported: bool


def _messages_of(uow: UnitOfWork, names: set[str]) -> dict[str, list[_PostedMessage]]:
    """The messages that mails of these names stand on: by Message-ID, and where a mail has none by what it says."""
    mail_id = _MESSAGE.c.mail_id
    imported = select(ARCHIVED.c.id).where(ARCHIVED.c.mail_id == mail_id).exists()
    by_id = select(_MESSAGE.c.message_id, _MESSAGE.c.ticket_id, mail_id, imported)
    by_digest = select(_MAIL.c.identity, _MESSAGE.c.ticket_id, mail_id, imported).join(_MAIL, _MAIL.c.id == mail_id)
    posted: dict[str, list[_PostedMessage]] = {}
    for query in (by_id.where(_MESSAGE.c.message_id.in_(names)), by_digest.where(_MAIL.c.identity.in_(names))):
        for name, *rest in uow.connection.execute(query).all():
            posted.setdefault(name, []).append(_PostedMessage(*rest))
    return posted


def _is_same(context: ImportContext, uow: UnitOfWork, posted: _PostedMessage, mail_identity: MailIdentity) -> bool:
    """Whether a message is that of a mail; of one that came by command the Message-ID was drawn here, and says all."""
    if posted.mail_id is None:
        return True
    raw: bytes = uow.connection.execute(select(_MAIL.c.raw).where(_MAIL.c.id == posted.mail_id)).scalar_one()
    return mail_identity_of(raw, exact_digest(raw), b"", uow.now, context.is_ours).identity == mail_identity.identity


def homes_of(tracker: Database, mail_identities: Sequence[MailIdentity]) -> dict[bytes, int]:
    """Return the tickets of mails: by their mark, else by the nearest known id (docs/interface.md, section 4).

    Where a mark stands, ids lead to no ticket of another mark.
    """
    repeated = _repeated(tracker, mail_identities)
    ids = sorted(
        {
            message_id
            for mail_identity in mail_identities
            for message_id in (mail_identity.own, *mail_identity.parents)
            if message_id
        }
    )
    known: dict[str, int] = {}
    for some in batches(ids, _ASKED):
        known |= _known_tickets(tracker, set(some))
    of_marks = _tickets_of_marks(
        tracker, {mark_key(mail_identity) for mail_identity in mail_identities if mail_identity.mark}
    )
    marked = _with_marks(tracker, set(known.values())) if of_marks is not None else set()
    numbers: dict[bytes, int] = {}
    for mail_identity in mail_identities:
        named = [
            message_id
            for message_id in (*mail_identity.parents, mail_identity.own)
            if message_id and (message_id, mail_identity.identity) not in repeated
        ]
        tickets = [known[message_id] for message_id in named if message_id in known]
        if mail_identity.mark:
            marked_ticket = (of_marks or {}).get(mark_key(mail_identity))
            tickets = [marked_ticket] if marked_ticket else [ticket for ticket in tickets if ticket not in marked]
        if tickets:
            numbers[key_of(mail_identity)] = tickets[0]
    return numbers


def _repeated(tracker: Database, mail_identities: Sequence[MailIdentity]) -> set[tuple[str, bytes]]:
    """Which ids lead from which mails to no ticket: mails of several people about several things bear them."""
    cards_of: dict[bytes, list[tuple[str, MailIdentity]]] = {}
    for mail_identity in mail_identities:
        for message_id in {message_id for message_id in (mail_identity.own, *mail_identity.parents) if message_id}:
            cards_of.setdefault(own_key(message_id), []).append((message_id, mail_identity))
    bearers: dict[bytes, MessageIdUsers] = {}
    query = select(LINK.c.key, ARCHIVED.c.people, ARCHIVED.c.subject).join(
        ARCHIVED, ARCHIVED.c.id == LINK.c.archived_id
    )
    with tracker.read_only() as uow:
        for some_keys in batches(cards_of, _ASKED):
            for row in uow.connection.execute(query.where(LINK.c.key.in_(some_keys), ARCHIVED.c.posted)):
                bearers.setdefault(row.key, MessageIdUsers()).add(row.people, row.subject)
    names: set[tuple[str, bytes]] = set()
    for key, bearer in bearers.items():
        for message_id, mail_identity in cards_of[key]:
            users = (
                bearer
                if mail_identity.own != message_id
                else bearer.and_by(mail_identity.people, mail_identity.subject)
            )
            names |= {(message_id, mail_identity.identity)} if users.differ else set()
    return names


def find_answered_live(context: ImportContext, repeated: set[bytes]) -> dict[int, int]:
    """The waiting mails that live mail has answered, and the tickets on which it did; `repeated` ids lead nowhere."""
    live = select(_MESSAGE.c.in_reply_to, _MESSAGE.c.ticket_id).where(_MESSAGE.c.in_reply_to.is_not(None))
    live = live.where(~select(ARCHIVED.c.id).where(ARCHIVED.c.mail_id == _MESSAGE.c.mail_id).exists())
    query = select(LINK.c.key, ARCHIVED.c.id).join(ARCHIVED, ARCHIVED.c.id == LINK.c.archived_id)
    query = query.where(~ARCHIVED.c.posted, ARCHIVED.c.joins.is_(None), ARCHIVED.c.mark == NO_MARK)
    oldest: dict[int, int] = {}
    with context.database.read_only() as uow:
        rows = uow.connection.execution_options(yield_per=_ASKED).execute(live)
        for some in rows.partitions():
            tickets: dict[bytes, int] = {}
            _keep_oldest(
                tickets,
                ((own_key(message_id), ticket) for message_id, ticket in some if id_key(message_id) not in repeated),
            )
            mails = uow.connection.execute(query.where(LINK.c.key.in_(tickets)))
            _keep_oldest(oldest, ((id_, tickets[key]) for key, id_ in mails))
    return oldest


def _tickets_of_marks(tracker: Database, marks: set[bytes]) -> dict[bytes, int] | None:
    """The tickets of these marks; None where there are no marks to ask for."""
    if not marks:
        return None
    oldest: dict[bytes, int] = {}
    query = select(ARCHIVED.c.mark, ARCHIVED.c.ticket_id).where(ARCHIVED.c.mark.in_(marks), ARCHIVED.c.posted)
    with tracker.read_only() as uow:
        rows = uow.connection.execute(query.where(ARCHIVED.c.ticket_id.is_not(None)).distinct())
        _keep_oldest(oldest, ((mark, ticket) for mark, ticket in rows))
    return oldest


def _with_marks(tracker: Database, tickets: set[int]) -> set[int]:
    """Those of these tickets that are threads of an export."""
    query = select(ARCHIVED.c.ticket_id).where(ARCHIVED.c.ticket_id.in_(tickets), ARCHIVED.c.mark != NO_MARK)
    with tracker.read_only() as uow:
        return set(uow.connection.execute(query.distinct()).scalars())


def _known_tickets(tracker: Database, ids: set[str]) -> dict[str, int]:
    """The oldest ticket of each id: of a message or a letter, else of an imported mail that only names it."""
    keys = {key: id_ for id_ in ids for key in (id_key(id_), own_key(id_))}
    oldest: dict[str, int] = {}
    with tracker.read_only() as uow:
        for table in (_MESSAGE, _LETTER):
            query = select(table.c.message_id, table.c.ticket_id).where(table.c.message_id.in_(ids))
            rows = uow.connection.execute(query.where(table.c.ticket_id.is_not(None)))
            _keep_oldest(oldest, ((key, ticket) for key, ticket in rows))
        query = select(LINK.c.key, ARCHIVED.c.ticket_id).join(ARCHIVED, ARCHIVED.c.id == LINK.c.archived_id)
        query = query.where(LINK.c.key.in_(keys), ARCHIVED.c.posted, ARCHIVED.c.ticket_id.is_not(None))
        named: dict[str, int] = {}
        _keep_oldest(named, ((keys[key], ticket) for key, ticket in uow.connection.execute(query)))
    return named | oldest


def _keep_oldest(oldest: dict[_Name, int], rows: Iterable[tuple[_Name, int]]) -> None:
    for key, ticket in rows:
        oldest[key] = min(oldest.get(key, ticket), ticket)
