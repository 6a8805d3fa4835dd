"""What a mail has done, and the letter to its writer that follows."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..letters.promises import Note
from ..letters.receipt_letters import Offer, ReceiptRecipient
from ..letters.receipts import send_notes, send_offer
from ..records.people import Person
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import TicketMember, member_for
from ..tickets.posts import NewMessage
from ..wording import Sentence
from .inbound_mail import Fate

Answer = Callable[[UnitOfWork, ReceiptRecipient], object]
"""Writes the one letter to the writer of a mail that says everything which it has to tell them."""


class MailOutcome(NamedTuple):
    """What a mail has done: its fate, what has happened on tickets, and the answer to its writer.

    `ticket` is the one on which it was posted. `reason`: why it was set aside. `notes`: what else its writer is told.
    `offer`: what they can do with its message by answering that answer. `about_id`: the message that such a reply
    answers.
    """

    fate: Fate
    ticket: Ticket | None = None
    events: tuple[Event, ...] = ()
    answer: Answer | None = None
    reason: Sentence | None = None
    notes: tuple[Note, ...] = ()
    offer: Offer | None = None
    about_id: int | None = None

    @property
    def answers_writer(self) -> bool:
        """Whether its writer gets a letter of their own."""
        return bool(self.answer or self.offer or self.notes)

    def about(self, new_message: NewMessage) -> "MailOutcome":
        """Return the same, where the answer repeats these words."""
        answer = self.answer
        return (
            self
            if answer is None
            else self._replace(answer=lambda uow, to: answer(uow, to._replace(new_message=new_message)))
        )


class Sender(NamedTuple):
    """Who wrote a mail, who was on its ticket when it came, and what it says, to them or to responders alone."""

    person: Person
    members: Sequence[TicketMember]
    new_message: NewMessage
    private: bool


def answer_writer(uow: UnitOfWork, sender: Sender, outcome: MailOutcome, lines: Sequence[Sentence]) -> None:
    """Write the letter to the writer of a mail, if it has done what they must know; `lines` stand in it, too."""
    if not outcome.answers_writer or outcome.ticket is None:
        return
    answer = outcome.answer or (send_offer if outcome.offer else send_notes)
    also = [*outcome.notes, *map(Note, lines)]
    last = outcome.events[-1] if outcome.events else None
    ticket, members = (last.ticket, last.members) if last else (outcome.ticket, sender.members)
    member = member_for(sender.person, members)
    # A private mail that lets in whom it answers is public.
    private = sender.private and not any(event.message and not event.message.private for event in outcome.events)
    to = ReceiptRecipient(ticket, member, members, sender.new_message, private, also, outcome.offer, outcome.about_id)
    answer(uow, to)
