"""The first line of a letter: who did what."""

from collections.abc import Sequence

from ...lifecycle.tables import Action
from ...records.messages import Message
from ...records.tickets import MERGED
from ...tickets.events import Event
from ...tickets.members import TicketMember, member_for
from ...wording import Phrase, Sentence, Wording, say
from ..footer import has_team


def actor_name(event: Event) -> str | None:
    """Return who caused an event; None where the tracker itself did."""
    return event.actor.label if event.actor else None


def sender_name(message: Message, members: Sequence[TicketMember], wording: Wording, *, team: bool) -> str:
    """Return who wrote a message, as the team or outsiders call them."""
    if message.sender is None:
        return wording.line(say("notes.tracker"))
    sender = member_for(message.sender, members)
    return sender.label_for_team if team else sender.label


def message_heading(action: Action, name: str | None, *, has_text: bool, second: bool = False) -> Sentence:
    """The line above a message: in the third person, or in the second for who wrote it. No `name`: the tracker's."""
    pattern, who = (action.second, "") if second else (action.third, name or say("notes.tracker"))
    return say("notes.deed", pattern=Phrase(pattern.rstrip(":")), name=who, end=":" if has_text else ".")


def heading_of_message(event: Event, message: Message, action: Action | None, *, has_text: bool) -> Sentence:
    """The line above words: who did what by them, or that only the team sees them."""
    name = actor_name(event)
    if message.private:
        heading, writer = "automatic_reply" if message.automatic else "private_note", name or say("notes.tracker")
        if not has_team(event.members):
            return say(f"notes.{heading}_to_you", name=writer)
        return say(f"notes.{heading}", name=writer, queue=event.ticket.queue.name)
    if action is None:
        return say("notes.wrote", name=name or say("notes.tracker"))
    return message_heading(action, name, has_text=has_text)


def heading_of_change(event: Event) -> Sentence:
    """The line above a change without words."""
    name = actor_name(event)
    heading = "undid" if event.undoes else "changed_ticket"
    return say(f"notes.{heading}", name=name) if name else say("notes.tracker_changed_ticket")


def goes_on(event: Event) -> Sentence:
    """The sentence for those whose ticket was merged into this one."""
    numbers = [new or "" for field, _, new in event.changes if field == MERGED]
    return say("notes.goes_on", numbers=numbers, number=event.ticket.id, title=event.ticket.title)
