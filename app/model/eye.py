"""This file holds what somebody may find who may not see all of a ticket: no word that is hidden from them."""

from dataclasses import dataclass, field

from sqlalchemy import select

from app.model.desk import Desk
from app.model.folding import words
from app.model.indexing import LONGEST_TEXT, body_of, documents
from app.model.leaks import private_words, without_private_lines
from app.model.messages import Message
from app.model.people import Person
from app.model.query import Query
from app.model.standing import everybody_on, standing_of
from app.model.tickets import Ticket
from app.model.views import may_see


@dataclass
class Eye:
    """One person's look at what a query finds, in tickets of which they are no responder.

    Hidden is what is private, what others have quoted of it, and the addresses that a person has besides the one shown.
    `has_read` counts the messages that were read for it.
    """

    desk: Desk
    query: Query
    viewer: Person
    has_read: int = 0
    _private: dict[int, str | None] = field(default_factory=dict)

    def sees(self, ticket_id: int, message_id: int) -> bool:
        """Whether they would find a public message by the words of it that they may see."""
        ticket = self.desk.session.get_one(Ticket, ticket_id)
        private = self._hidden_in(ticket)
        if private is None:
            return False
        self.has_read += 1
        message = self.desk.session.get_one(Message, message_id)
        (whole,) = documents(self.desk, [message_id])
        people = [message.sender, *([ticket.requestor] if self._is_first(message) else [])]
        named = "\n".join(f"{person.name}\n{person.email}" for person in people if person)
        text = without_private_lines(body_of(message)[:LONGEST_TEXT], private)
        return self.query.finds((whole.title, whole.topic, words(named), whole.files, words(text)))

    def _hidden_in(self, ticket: Ticket) -> str | None:
        """The words of a ticket that are hidden from them; None where all of it is."""
        if ticket.id not in self._private:
            seen = may_see(ticket, standing_of(self.viewer, everybody_on(self.desk, ticket)))
            self._private[ticket.id] = private_words(self.desk, ticket) if seen else None
        return self._private[ticket.id]

    def _is_first(self, message: Message) -> bool:
        before = select(Message.id).where(Message.ticket_id == message.ticket_id, Message.number < message.number)
        return self.desk.session.scalar(before.limit(1)) is None
