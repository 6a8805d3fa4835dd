"""What somebody may find who may not see all of a ticket: no word that is hidden from them."""

from dataclasses import dataclass, field

from sqlalchemy import select

from ...mail.text import SHOWN_LIMIT
from ..records.messages import Message
from ..records.people import Person
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import member_for, members_of
from ..tickets.redaction import Redaction
from ..tickets.visibility import may_see
from .indexer import documents
from .query import Query
from .tokens import indexed_words


@dataclass
class ViewerFilter:
    """One person's look at what a query finds, in tickets of which they are no responder.

    Hidden is what is private, what a colleague has quoted of it, files for the team alone, and the addresses of others.
    `has_read` counts the messages that were read for it.
    """

    uow: UnitOfWork
    query: Query
    viewer: Person
    has_read: int = 0
    _shown: dict[int, Redaction | None] = field(default_factory=dict)

    def matches(self, ticket_id: int, message_id: int) -> bool:
        """Whether they would find a public message by the words of it that they may see."""
        ticket = self.uow.session.get_one(Ticket, ticket_id)
        shown = self._shown_of(ticket)
        if shown is None:
            return False
        self.has_read += 1
        message = self.uow.session.get_one(Message, message_id)
        (whole,) = documents(self.uow, [message_id])
        people = [message.sender, *([ticket.requestor] if self._is_first(message) else [])]
        named = "\n".join(self._known_by(person) for person in people if person)
        files = "\n".join(attachment.name for attachment in message.attachments if not attachment.withheld)
        text = shown.body(message)[:SHOWN_LIMIT]
        # A subject that is that of a private message finds nothing.
        title = whole.title if shown.subject(message) == message.subject else ""
        return self.query.finds((title, whole.topic, indexed_words(named), indexed_words(files), indexed_words(text)))

    def _known_by(self, person: Person) -> str:
        return f"{person.name}\n{person.email}" if person.id == self.viewer.id else person.label

    def _shown_of(self, ticket: Ticket) -> Redaction | None:
        """What of a ticket they may see; None where they may see nothing."""
        if ticket.id not in self._shown:
            seen = may_see(ticket, member_for(self.viewer, members_of(self.uow, ticket)))
            self._shown[ticket.id] = Redaction(self.uow, ticket) if seen else None
        return self._shown[ticket.id]

    def _is_first(self, message: Message) -> bool:
        before = select(Message.id).where(Message.ticket_id == message.ticket_id, Message.number < message.number)
        return self.uow.session.scalar(before.limit(1)) is None
