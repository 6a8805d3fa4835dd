"""A notice: one letter in several copies, with its headers, its readers, and what it says."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from ....mail.text import one_line
from ...records.message_ids import sendable
from ...records.messages import Message, forwardable_files
from ...records.tickets import Ticket
from ...tickets.events import Event
from ...tickets.members import TicketMember
from ...tickets.posts import NewMessage
from ...tickets.undo import FieldChange
from ...wording import Sentence
from ..footer import undo_offer

_WITH_FILES = ("opened", "posted")


class LetterHeaders(NamedTuple):
    """What the letters about one happening have in common.

    `undo` is the sentence that offers to undo it. Of the team's copies, `sender_for_team` is the sender's name, and
    `called` what the heading calls who did it.
    """

    kind: str
    ticket: Ticket
    about_id: int | None
    sender_name: str
    subject: str
    in_reply_to: str | None
    references: str | None
    private: bool = False
    attached: bool = False
    checkpoint: int | None = None
    undo: str = ""
    by_id: int | None = None
    acknowledges: bool = False
    sender_for_team: str = ""
    called: str = ""


class Notice(NamedTuple):
    """One letter in several copies: its headers, whom it goes to, and what it says."""

    headers: LetterHeaders
    recipients: Sequence[TicketMember]
    body: Mapping[str, object]
    changes: Sequence[FieldChange] = ()
    new_message: NewMessage | None = None

    @property
    def for_team(self) -> "Notice":
        """Return the notice as the team reads it, which says more exactly who it was."""
        headers, heading = self.headers, cast("Sentence", self.body["heading"])
        if not headers.called:
            return self
        if "name" in heading.slots:
            heading = heading._replace(slots={**heading.slots, "name": headers.called})
        return self._replace(
            headers=headers._replace(sender_name=headers.sender_for_team), body={**self.body, "heading": heading}
        )


def headers_about(
    ticket: Ticket,
    kind: str,
    message: Message | None,
    actor: TicketMember | None,
    new_message: NewMessage | None,
    *,
    answers: bool = True,
) -> LetterHeaders:
    """The headers that thread a letter in mail clients: the ticket's root, then the public message it answers.

    `actor` is whose deed it tells of; None where its queue itself speaks.
    """
    parent = (
        new_message.parent.message_id if new_message and new_message.parent and not new_message.parent.private else None
    )
    threads = [reference for reference in dict.fromkeys((ticket.root, parent)) if reference and sendable(reference)]
    called, name = (actor.label_for_team, actor.label) if actor else ("", "")
    sender_name = _sender_name(ticket, name)
    return LetterHeaders(
        kind=kind,
        ticket=ticket,
        about_id=message.id if message else None,
        sender_name=sender_name,
        sender_for_team=sender_name if called == name else _sender_name(ticket, called),
        called=called,
        subject=one_line(f"{'Re: ' if answers else ''}[{ticket.queue.name} #{ticket.id}] {ticket.title}"),
        in_reply_to=threads[-1] if threads else None,
        references=" ".join(threads) or None,
        private=message.private if message else False,
        attached=bool(new_message and kind in _WITH_FILES and forwardable_files(new_message.attachments, team=True)),
    )


def _sender_name(ticket: Ticket, name: str) -> str:
    return one_line(f"{name} ({ticket.queue.name})" if name else ticket.queue.name, 200)


def with_undo(headers: LetterHeaders, event: Event) -> LetterHeaders:
    """Let letters offer to take back what an event has changed."""
    return headers._replace(checkpoint=event.checkpoint, undo=undo_offer(event.changes), by_id=event.actor_id)
