"""Notes below the heading of a letter: what its readers should know of a mail and its writer."""

from ....mail.text import one_line
from ...lifecycle.commands import ADD_CC, REQUESTOR
from ...records.messages import Message
from ...records.people import Person
from ...storage.unit_of_work import UnitOfWork
from ...tickets.events import Event
from ...tickets.members import TicketMember, Update, as_confirmed, recipients_of
from ...tickets.posts import NewMessage
from ...wording import Sentence, say
from .notice_letters import ELSEWHERE, UNPROVEN


def unproven_note(uow: UnitOfWork, actor: TicketMember | None, new_message: NewMessage) -> list[Sentence]:
    """Return the note on a mail in a responder's name that nothing proves (docs/interface.md, section 6)."""
    weighty = actor is not None and actor.responder and new_message.mail_id is not None and not new_message.automatic
    if not weighty or new_message.verified or uow.trust.by == "from" or actor is None:
        return []
    return [say(UNPROVEN, name=actor.label)]


def note_on_elsewhere(number: int | None) -> list[Sentence]:
    """Return the note on the ticket whose message a new ticket's mail answers."""
    return [] if number is None else [say(ELSEWHERE, number=number)]


def note_on_outsider(uow: UnitOfWork, event: Event, message: Message, new_message: NewMessage) -> list[Sentence]:
    """Who wrote in private without being on the ticket, how to let them in, and whose letter they answered."""
    actor = event.actor
    if not message.private or message.automatic or actor is None or actor.on_ticket or actor.insider:
        return []
    members, update = as_confirmed(event.members), Update(has_text=True)
    readers = recipients_of(members, update, event.ticket.lifecycle, except_person=actor.person_id)
    names = [*(reader.label for reader in readers if not reader.responder), actor.own_name]
    line = ADD_CC.line(actor.email)
    notes = [say("notes.not_on_ticket", name=actor.own_name, email=actor.email, line=line, names=names)]
    reader = uow.session.get(Person, new_message.reader_id) if new_message.reader_id else None
    if reader is not None and reader.id != actor.person_id:
        notes.append(say("notes.answers_for", writer=actor.own_name, name=reader.label, email=reader.email))
    return notes


def note_on_reply_to(new_message: NewMessage) -> list[Sentence]:
    """Whom a first mail names in Reply-To, and the line that makes the ticket theirs."""
    other = new_message.reply_to
    if other is None:
        return []
    person = one_line(f"{other.name} <{other.email}>" if other.name else other.email, 200)
    return [say("notes.asks_for_answers_to", person=person, line=REQUESTOR.line(other.email))]
