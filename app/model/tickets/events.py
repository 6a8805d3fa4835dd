"""What an operation has done to a ticket: a value, from which the letters about it are written."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..lifecycle.tables import Action
from ..records.messages import Message
from ..records.tickets import Ticket
from .members import TicketMember
from .posts import NewMessage
from .undo import FieldChange


@dataclass(frozen=True)
class Event:
    """Something that has happened on a ticket.

    `members` is who is on the ticket after it. `actor` is None for the tracker itself, `action` for things that were
    set. `opened`: its message opened the ticket. `checkpoint` is how the ticket was before. `gone` are those who
    answered for the queue that it has left, `moved` the people from outside who came with a ticket that was merged into
    it. `to_all`: a new status concerns everybody. `quiet`: nobody gets a letter of it.
    `informed` get another letter about it. `elsewhere` is the ticket of the message that a new ticket's mail answers.
    """

    ticket: Ticket
    members: Sequence[TicketMember]
    actor: TicketMember | None
    old_status: str
    action: Action | None = None
    changes: Sequence[FieldChange] = ()
    checkpoint: int | None = None
    message: Message | None = None
    new_message: NewMessage | None = None
    opened: bool = False
    gone: Sequence[TicketMember] = ()
    moved: frozenset[int] = frozenset()
    to_all: bool = False
    quiet: bool = False
    informed: frozenset[int] = frozenset()
    elsewhere: int | None = None
    undoes: bool = False

    @property
    def actor_id(self) -> int | None:
        """The person who did it."""
        return self.actor.person_id if self.actor else None

    @property
    def status_changed(self) -> bool:
        """Return whether the event changed the ticket's status."""
        return self.old_status != self.ticket.status

    @property
    def all_changes(self) -> list[FieldChange]:
        """All that changed, the status last and once."""
        changes = [change for change in self.changes if change[0] != "status"]
        return [*changes, ("status", self.old_status, self.ticket.status)] if self.status_changed else changes
