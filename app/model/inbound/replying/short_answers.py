"""What the writer of a mail gets where it has posted nothing: one sentence."""

from ...letters import receipts
from ...tickets.events import Event
from ...wording import Sentence
from ..inbound_mail import Fate
from ..outcome import Answer, MailOutcome
from .ticket_reply import TicketReply


def refusal(heading: Sentence, *, posted: bool | None) -> Answer:
    return lambda uow, to: receipts.send_refusal(uow, to, heading, posted=posted)


def nothing_changed(reply: TicketReply, sentence: str) -> MailOutcome:
    """Tell the writer of a mail by a sentence that nothing changed, and nothing else."""
    heading = Sentence(sentence, {"number": reply.ticket.id})
    return MailOutcome(Fate.STEERED, reply.ticket, answer=refusal(heading, posted=None))


def sentence_alone(reply: TicketReply, heading: Sentence, event: Event | None = None) -> MailOutcome:
    events = (event,) if event else ()
    return MailOutcome(
        Fate.STEERED, reply.ticket, events, lambda uow, to: receipts.send_answer(uow, to, heading, event)
    )
