"""The subject of a mail, as a letter tells it where it says something new."""

from sqlalchemy import select

from ....mail.subjects import bare_subject
from ....mail.text import one_line
from ...records.messages import Message
from ...records.tickets import NO_TITLE, Change, Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets.posts import NewMessage
from ...tickets.redaction import Redaction, source_of
from ...wording import Sentence, say

# A subject is new that none of so many mails before had.
_LATEST = 500


def new_subject(uow: UnitOfWork, ticket: Ticket, message: Message, new_message: NewMessage) -> Sentence | str:
    """The subject of a mail, if it is no other mail's on the ticket, nor its title now or before, nor private."""
    subject, _ = bare_subject(new_message.subject)
    if (
        subject in ("", NO_TITLE)
        or subject.startswith(f"[{ticket.queue.name.casefold()} #")
        or new_message.mail_id is None
        or new_message.automatic
        or _is_same(subject, ticket.title)
    ):
        return ""
    latest = Message.ticket_id == ticket.id, Message.number > message.number - _LATEST
    mails = select(Message.subject).where(*latest, Message.id != message.id).distinct()
    titles = select(Change.old).where(Change.ticket_id == ticket.id, Change.field == "subject")
    known = [*uow.session.scalars(mails), *uow.session.scalars(titles)]
    if any(_is_same(subject, other or "") for other in known):
        return ""
    if not message.private and Redaction(uow, ticket).hides_subject(new_message.subject, source_of(message)):
        return ""
    return say("notes.new_subject", subject=one_line(new_message.subject, 200))


def _is_same(subject: str, other: str) -> bool:
    """Whether a bare subject says no more than another one; what programs put before it does not count."""
    known, _ = bare_subject(other)
    prefix = subject.removesuffix(known).rstrip()
    return subject in known or (bool(known) and subject.endswith(known) and prefix.endswith(":") and len(prefix) < 16)
