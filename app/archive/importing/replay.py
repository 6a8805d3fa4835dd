"""How a thread is retold as a ticket: each mail does what the tables say that it did at the time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ...model.lifecycle.tables import Lifecycle, Rule
from ...model.operations.transition_steps import retrace
from ...model.records.messages import Message
from ...model.records.tickets import NO_TITLE, Ticket
from ...model.tickets.members import TicketMember
from .row_buffer import RowBuffer
from .senders import OURSELVES, SOMEBODY, ThreadWriter


@dataclass
class ReplayedMessage:
    """One mail of a thread: its message, and who wrote it; nobody known, or `ours`: an address of the tracker.

    `private` is what it was in the tracker that exported it; else None, and the tables say it. `confides`: it answers
    a private message.
    """

    message: Message
    writer: ThreadWriter | None
    ours: bool = False
    spam: bool = False
    private: bool | None = None
    confides: bool = False

    @property
    def machine(self) -> bool:
        """Whether no person wrote it."""
        return self.message.automatic is not None

    @property
    def hidden(self) -> bool:
        """Whether it is a private comment whatever the tables say."""
        return self.confides if self.private is None else self.private

    def is_private(self, by_tables: bool) -> bool:
        """Whether it is private, where the tables say so or not."""
        return (by_tables or self.confides) if self.private is None else self.private

    def member(self, ticket: Ticket) -> TicketMember:
        """What its writer was on the ticket."""
        return self.writer.member(ticket) if self.writer else OURSELVES if self.ours else SOMEBODY


class TicketReplay:
    """One thread told from its first mail on; at the end it is given the status that the import wants."""

    def __init__(self, row_buffer: RowBuffer, ticket: Ticket, status: str) -> None:
        self.row_buffer = row_buffer
        self.ticket = ticket
        self.status = status
        self.took_part: dict[int, ThreadWriter] = {}
        self._begun = self._spam = False

    @property
    def lifecycle(self) -> Lifecycle:
        """The tables that it is told by."""
        return self.ticket.lifecycle

    def tell(self, replayed: Iterable[ReplayedMessage]) -> None:
        """Tell some mails, in the order of their dates."""
        for replayed_message in replayed:
            if self._begun:
                self._continue(replayed_message)
            else:
                self._begin(replayed_message)
            ticket, message = self.ticket, replayed_message.message
            ticket.has_private = ticket.has_private or message.private
            ticket.last_posted = max(ticket.last_posted or message.received, message.received)
            if not message.private or ticket.last_public is None:
                ticket.last_public = max(ticket.last_public or message.received, message.received)
            if (
                replayed_message.writer
                and not replayed_message.machine
                and replayed_message.writer.id != ticket.requestor_id
            ):
                self.took_part[replayed_message.writer.id] = replayed_message.writer

    def _begin(self, replayed: ReplayedMessage) -> None:
        ticket, message = self.ticket, replayed.message
        self._begun, self._spam = True, replayed.spam
        ticket.status = self.lifecycle.spam if replayed.spam else self.lifecycle.first
        ticket.title = message.subject or NO_TITLE
        ticket.created = ticket.last_query = message.date
        message.action, message.new_status, message.private = None, ticket.status, bool(replayed.private)

    def _continue(self, replayed: ReplayedMessage) -> None:
        ticket, message = self.ticket, replayed.message
        old, answerer, solved = ticket.status, ticket.answerer_id, ticket.solved
        roles = replayed.member(ticket).roles_in(self.lifecycle, machine=replayed.machine)
        default_reply = self.lifecycle.default_reply(old, roles.role)
        row = retrace(ticket, roles, self.lifecycle.comment if replayed.hidden else default_reply.action, message)
        message.private = replayed.is_private(
            default_reply.private or self.lifecycle.keeps_private(row.recorded_action, old, roles.role)
        )
        if old != ticket.status:
            self._changed(message.date, message.sender_id, old)
            self._reopened(row, message, old, answerer, solved)

    def end(self, now: datetime) -> None:
        """All is told; what a server called spam stays that, unless somebody answered it."""
        ticket = self.ticket
        if not (self._spam and ticket.status == self.lifecycle.spam) and ticket.status != self.status:
            old, ticket.status = ticket.status, self.status
            self._changed(now, None, old)
        if ticket.status in self.lifecycle.solved and ticket.solved is None:
            ticket.solved = ticket.last_posted

    def _changed(self, at: datetime, by_id: int | None, old: str) -> None:
        self.row_buffer.changes.append(
            {
                "ticket_id": self.ticket.id,
                "at": at,
                "by_id": by_id,
                "field": "status",
                "old": old,
                "new": self.ticket.status,
            }
        )

    def _reopened(self, rule: Rule, message: Message, old: str, answerer: int | None, solved: datetime | None) -> None:
        """Remember a reopening, with who had answered."""
        if old not in rule.reopens_from or self.ticket.status != self.lifecycle.first:
            return
        self.row_buffer.reopenings.append(
            {
                "ticket_id": self.ticket.id,
                "at": message.date,
                "by_id": message.sender_id,
                "from_status": old,
                "answerer_id": answerer,
                "solved": solved,
            }
        )


def told_before(ticket: Ticket, replayed: ReplayedMessage, status: str) -> None:
    """Put a mail into a ticket that has gone on since: it did then what the tables say, and changes nothing now.

    `status` is that of the ticket at the time.
    """
    lifecycle = ticket.lifecycle
    then = Ticket(
        queue=ticket.queue, status=status, last_query=ticket.last_query, last_response=ticket.last_response, posts=0
    )
    roles = replayed.member(ticket).roles_in(lifecycle, machine=replayed.machine)
    default_reply = lifecycle.default_reply(status, roles.role)
    row = retrace(then, roles, lifecycle.comment if replayed.hidden else default_reply.action, replayed.message)
    replayed.message.new_status = status
    replayed.message.private = replayed.is_private(
        default_reply.private or lifecycle.keeps_private(row.recorded_action, status, roles.role)
    )
    ticket.has_private = ticket.has_private or replayed.message.private
    ticket.last_query, ticket.last_response = then.last_query, then.last_response
