"""One unit of work of an import: some threads made into tickets, or put into tickets that are there."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import defer

from ...mail.parsed import parse_mail
from ...model.inbound.delivery import delivery_digest
from ...model.inbound.inbound_mail import Fate
from ...model.records.addressing import ticket_address
from ...model.records.message_ids import new_message_id, sendable
from ...model.records.messages import Message, Via
from ...model.records.queues import Queue
from ...model.records.received_mail import Mail
from ...model.records.tickets import Change, Participant, Reopening, Ticket
from ...model.storage.unit_of_work import UnitOfWork
from ...model.tickets.posts import plausible_date
from ...model.tickets.undo import Checkpoint
from .mail_identity import writer_of
from .ordering import positions_of
from .planned_mails import Draft, Planned
from .replay import ReplayedMessage, TicketReplay, told_before
from .row_buffer import MESSAGE, TICKET, RowBuffer
from .senders import UNKNOWN, ThreadWriter, ThreadWriters
from .staging_area import ARCHIVED, ImportContext, reserve

# So many mails are looked through for one that a person wrote, whose ticket it then is.
_AHEAD = 50


class _Stored(NamedTuple):
    """A message on a ticket that later ones can answer."""

    id: int
    hidden: bool
    received: datetime


class TicketBuilder:
    """The tickets of one unit of work: some threads, and the ids that their rows get."""

    def __init__(
        self, uow: UnitOfWork, context: ImportContext, writers: ThreadWriters, status: str, planned: Sequence[Planned]
    ) -> None:
        self.writers = writers
        self.status = status
        self.uow = uow
        self.row_buffer = RowBuffer(uow)
        self._requestors: list[ThreadWriter] = []
        self.queue = uow.session.get_one(Queue, context.queue_id)
        self._ids = iter(reserve(uow.connection, MESSAGE, len(planned)))
        homes = {(planned_mail.thread, planned_mail.joins) for planned_mail in planned}
        present_homes = select(TICKET.c.id).where(TICKET.c.id.in_({home for _, home in homes if home is not None}))
        existing = set(uow.connection.scalars(present_homes))
        opening = [home for _, home in homes if home not in existing]
        self._numbers = iter(reserve(uow.connection, TICKET, len(opening)))

    def expect(self, drafts: Iterable[Draft]) -> None:
        """Meet everybody who wrote these mails at once, which is quicker than thread by thread."""
        self.writers.meet(self.uow, [draft.writer for draft in drafts if draft.writer])

    def write(self) -> None:
        """Write all that is not written yet."""
        self.writers.make_known(self.uow, self._requestors)
        self.row_buffer.write()

    def open(self, drafts: Iterable[Draft]) -> None:
        """A new ticket of a thread."""
        drafts = iter(drafts)
        head = list(islice(drafts, _AHEAD))
        self._meet(head)
        requestor = self._requestor(head)
        self._requestors.append(requestor)
        ticket = Ticket(**dict.fromkeys(TICKET.columns.keys()))
        ticket.id, ticket.queue, ticket.queue_id = next(self._numbers), self.queue, self.queue.id
        ticket.requestor_id, ticket.posts, ticket.has_private = requestor.id, 0, False
        ticket.requestor_left = ticket.handed_over = False
        ticket.root = self._root(head[0])
        replay = TicketReplay(self.row_buffer, ticket, self.status)
        self.row_buffer.tickets.append(ticket)
        stored: dict[str, _Stored] = {}
        for group in chain([head], _groups(drafts)):
            self._meet(group)
            replay.tell(self._next_message(ticket, draft, stored) for draft in group)
            if len(group) == _AHEAD:
                self.row_buffer.write()
        replay.end(self.uow.now)
        self.row_buffer.close(ticket)
        self._take_part(ticket, replay.took_part, set())

    def add_to(self, ticket: Ticket, drafts: Sequence[Draft]) -> None:
        """Put mails into a ticket that is there, each where it belongs by its date."""
        self._meet(drafts)
        query = select(Message).where(Message.ticket_id == ticket.id).order_by(Message.received, Message.number)
        query = query.options(defer(Message.text), defer(Message.full_text))
        present = list(self.uow.session.scalars(query))
        untouched = self._is_as_imported(ticket)
        before = list(self._said_before(present)) if untouched else []
        hidden = {entry.message.id for entry in before if entry.hidden}
        if not untouched:
            hidden = {message.id for message in present if message.private}
        stored = {
            message.message_id: _Stored(message.id, message.id in hidden, message.received) for message in present
        }
        new = [self._next_message(ticket, draft, stored) for draft in drafts]
        if untouched:
            taken_part = self._retell(ticket, before, new, [draft.planned.id for draft in drafts])
        else:
            taken_part = {}
            for entry in new:
                told_before(ticket, entry, _status_at(ticket, present, entry.message.received))
                if entry.writer and not entry.machine:
                    taken_part[entry.writer.id] = entry.writer
        on_ticket = set(
            self.uow.session.scalars(select(Participant.person_id).where(Participant.ticket_id == ticket.id))
        )
        self._take_part(ticket, taken_part, on_ticket)

    def _retell(
        self, ticket: Ticket, before: Sequence[ReplayedMessage], new: Sequence[ReplayedMessage], planned: list[int]
    ) -> dict[int, ThreadWriter]:
        """Tell a ticket anew that is an imported thread and nothing more, now that more of the thread is known."""
        uow = self.uow
        for table in (Change, Reopening):
            uow.session.execute(delete(table).where(table.ticket_id == ticket.id))
        self._arrange(ticket, [entry.message for entry in (*before, *new)], planned)
        replayed = sorted([*before, *new], key=lambda entry: (entry.message.received, entry.message.number))
        ticket.last_query = ticket.last_response = ticket.solved = ticket.answer = ticket.answerer_id = None
        first = next(
            (
                replayed_message.writer
                for replayed_message in replayed
                if replayed_message.writer and not replayed_message.machine
            ),
            None,
        )
        if first is not None:
            ticket.requestor_id = first.id
            self._requestors.append(first)
        replay = TicketReplay(self.row_buffer, ticket, self.status)
        replay.tell(replayed)
        replay.end(uow.now)
        return replay.took_part

    def _arrange(self, ticket: Ticket, messages: Sequence[Message], planned: list[int]) -> None:
        """Give imported messages the times by which they stand in the order of their thread, whatever their numbers."""
        by_mail = {message.mail_id: message for message in messages}
        query = select(ARCHIVED.c.id, ARCHIVED.c.mail_id, ARCHIVED.c.date)
        rows = [
            *self.uow.connection.execute(query.where(ARCHIVED.c.ticket_id == ticket.id, ARCHIVED.c.posted)),
            *self.uow.connection.execute(query.where(ARCHIVED.c.id.in_(planned))),
        ]
        dated = {row.id: (by_mail[row.mail_id], row.date) for row in rows if row.mail_id in by_mail}
        last: Message | None = None
        for place in positions_of(self.uow.connection, dated):
            message, own = dated[place.id]
            message.received = place.date or message.received
            if last is not None and (message.received, message.number) < (last.received, last.number):
                message.received = last.received + timedelta(microseconds=1)
            message.date = message.date if own else message.received
            last = message

    def _said_before(self, present: Sequence[Message]) -> Iterator[ReplayedMessage]:
        people = self.writers.by_id(
            self.uow, {message.sender_id for message in present if message.sender_id is not None}
        )
        query = select(ARCHIVED.c.mail_id, ARCHIVED.c.private).where(ARCHIVED.c.private.is_not(None), ARCHIVED.c.posted)
        rows = self.uow.connection.execute(query.where(ARCHIVED.c.ticket_id == present[0].ticket_id))
        private: dict[int | None, bool] = dict(rows.all())
        hidden: set[int | None] = set()
        for message in present:
            spam = message.action is None and message.new_status == self.queue.lifecycle.spam
            ours = message.sender_id is None and self._is_from_us(message)
            replayed = ReplayedMessage(
                message,
                people.get(message.sender_id or 0),
                ours,
                spam,
                private=private.get(message.mail_id),
                confides=message.parent_id in hidden,
            )
            hidden |= {message.id} if replayed.hidden else set()
            yield replayed

    def _is_from_us(self, message: Message) -> bool:
        raw = self.uow.session.scalar(select(Mail.raw).where(Mail.id == message.mail_id)) or b""
        writer = writer_of(parse_mail(raw), raw)
        return writer is not None and self.writers.is_ours(writer.email)

    def _is_as_imported(self, ticket: Ticket) -> bool:
        """Whether a ticket is an imported thread on which nobody has done anything since."""
        if ticket.queue_id != self.queue.id:
            return False
        imported = select(func.count()).select_from(Message).join(ARCHIVED, ARCHIVED.c.mail_id == Message.mail_id)
        changed = select(Change.id).where(Change.ticket_id == ticket.id, Change.field != "status").limit(1)
        steered = select(Checkpoint.id).where(Checkpoint.ticket_id == ticket.id).limit(1)
        count = self.uow.session.scalar(imported.where(Message.ticket_id == ticket.id))
        posts = self.uow.session.scalar(select(func.count()).where(Message.ticket_id == ticket.id))
        return count == posts and all(self.uow.session.scalar(query) is None for query in (changed, steered))

    def _meet(self, drafts: Iterable[Draft]) -> None:
        self.writers.meet(self.uow, [writer for draft in drafts if (writer := draft.writer) is not None])
        # A thread that nobody signed is with whoever it was written to.
        if not any(draft.writer and self.writers.of(draft.writer) for draft in drafts):
            self.writers.meet(self.uow, [UNKNOWN, *(mailbox for draft in drafts for mailbox in draft.parsed.to[:1])])

    def _requestor(self, drafts: Sequence[Draft]) -> ThreadWriter:
        """Who wrote first; no machine and no address of ours, unless there is nobody else."""
        people = [draft.writer for draft in drafts if draft.writer and draft.parsed.automatic is None]
        people += [draft.writer for draft in drafts if draft.writer]
        people += [mailbox for draft in drafts for mailbox in draft.parsed.to[:1]]
        candidates = (self.writers.of(person) for person in [*people, UNKNOWN])
        return next(person for person in candidates if person is not None)

    def _root(self, first: Draft) -> str:
        message_id = first.parsed.message_id
        fitting = message_id and not first.planned.private and sendable(message_id)
        return message_id if message_id and fitting else new_message_id(self.uow)

    def _next_message(self, ticket: Ticket, draft: Draft, stored: dict[str, _Stored]) -> ReplayedMessage:
        """The message of a mail, the next of its ticket, with what it answers there."""
        parsed, planned = draft.parsed, draft.planned
        writer = self.writers.of(draft.writer) if draft.writer else None
        answered = [stored[answer] for answer in draft.answers if answer in stored]
        ticket.posts += 1
        came = planned.received or ticket.last_posted or self.uow.now
        if planned.private is None:
            came = max(came, *(message.received for message in answered)) if answered else came
        # A mail of an export bears two dates, like any mail that came: the one it was written with, and when it came.
        date = planned.date or came if planned.private is None else plausible_date(parsed.date, came)
        message = Message(
            id=next(self._ids),
            ticket_id=ticket.id,
            number=ticket.posts,
            message_id=parsed.message_id or new_message_id(self.uow),
            in_reply_to=draft.replies_to,
            parent_id=answered[0].id if answered else None,
            sender_id=writer.id if writer else None,
            subject=parsed.subject,
            text=draft.text,
            full_text=parsed.text,
            action=None,
            new_status="",
            private=bool(planned.private),
            automatic=parsed.automatic,
            listed=parsed.listed,
            held=False,
            verified=False,
            date=date,
            received=came,
            mail_id=planned.mail_id,
            via=Via.MAIL,
        )
        self._note(ticket, draft, message)
        ours = draft.writer is not None and self.writers.is_ours(draft.writer.email)
        replayed = ReplayedMessage(message, writer, ours, parsed.spam, planned.private)
        replayed.confides = bool(answered) and answered[0].hidden
        stored.setdefault(message.message_id, _Stored(message.id, replayed.hidden, came))
        return replayed

    def _note(self, ticket: Ticket, draft: Draft, message: Message) -> None:
        """What is to be written of a mail besides its message; should it come again by mail, it is known."""
        self.row_buffer.messages.append((message, draft.parsed.attachments))
        self.row_buffer.posted.append({"of": draft.planned.id, "on": ticket.id})
        self.row_buffer.deliveries.append(
            {
                "mail_id": draft.planned.mail_id,
                "recipient": ticket_address(self.uow, ticket.id),
                "digest": delivery_digest(draft.parsed, f"ticket{ticket.id}"),
                "fate": Fate.POSTED,
                "reason": "",
                "waiting": False,
                "ticket_id": ticket.id,
            }
        )

    def _take_part(self, ticket: Ticket, people: dict[int, ThreadWriter], present: set[int]) -> None:
        """Who wrote takes part, and gets no letters before they write again."""
        rows = [
            {"ticket_id": ticket.id, "person_id": person.id, "subscribed": True, "dormant": True}
            for person in people.values()
            if not person.responder and person.id not in present and person.id != ticket.requestor_id
        ]
        self.row_buffer.participants.extend(rows)


def _groups(drafts: Iterator[Draft]) -> Iterator[list[Draft]]:
    while group := list(islice(drafts, _AHEAD)):
        yield group


def _status_at(ticket: Ticket, present: Sequence[Message], date: datetime) -> str:
    """The status of a ticket at some time, as far as its messages tell, in the words of its lifecycle now."""
    before = [message.new_status for message in present if message.received <= date]
    return before[-1] if before and before[-1] in ticket.lifecycle.statuses else ticket.lifecycle.first
