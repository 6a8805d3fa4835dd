"""Notices of what somebody wrote: on a ticket, or to open one."""

from datetime import timedelta
from typing import cast

from sqlalchemy import select

from ....mail.auto_submitted import reads_no_answer
from ....mail.subjects import bare_subject
from ....mail.text import one_line
from ...lifecycle.commands import ADD_CC, REQUESTOR
from ...records.messages import Message
from ...records.people import Address, Person
from ...records.tickets import NO_TITLE, Change, Ticket
from ...storage.unit_of_work import UnitOfWork
from ...tickets.events import Event
from ...tickets.members import TicketMember, Update, as_confirmed, recipients_of
from ...tickets.posts import NewMessage
from ...tickets.redaction import Redaction, source_of
from ...tickets.storms import letter_limits, loop_protection
from ...wording import Sentence, say
from ..footer import has_team
from .change_notices import about_change, announcement, audience, to_moved
from .headings import goes_on, heading_of_message
from .held_letters import notify_later
from .notice import Notice, headers_about, with_undo
from .notice_letters import ELSEWHERE, UNPROVEN
from .writer_notices import to_held_writer, to_missed_writer

_ACKNOWLEDGED_EVERY = timedelta(hours=1)


def of_message(uow: UnitOfWork, event: Event, message: Message, new_message: NewMessage) -> list[Notice]:
    """The letters about a message and the status that it changed, and to those who answer what else was set with it."""
    actor = event.actor
    storm = loop_protection.storm_on(uow, message, actor, event.members)
    has_text = bool(new_message.text.strip() or new_message.attachments)
    update = Update(has_text or new_message.mail_id is not None, message.private, event.status_changed)
    # Private words below a line that moves a ticket are for its new team.
    old_team = [member for member in event.gone if member.person_id != event.actor_id] if message.private else []
    concerned = [member for member in audience(event, update) if member not in old_team]
    recipients = _not_addressed(uow, concerned, new_message.named)
    if storm.held:
        notify_later(uow, event.ticket, message, recipients, event.members, storm)
        return to_held_writer(uow, event.ticket, message, actor, storm.within) if actor else []
    recipients, missed = _within_bounds(uow, recipients, actor, new_message)
    headers = with_undo(headers_about(event.ticket, "posted", message, actor, new_message), event)
    body = {
        "heading": heading_of_message(event, message, event.action, has_text=has_text),
        "notes": [
            *unproven_note(uow, actor, new_message),
            *note_on_outsider(uow, event, message, new_message),
            *([storm.word] if storm.word else []),
            *([say("notes.did_not_get_it", names=missed)] if missed else []),
        ],
        "subject": new_subject(uow, event.ticket, message, new_message),
    }
    return [
        *(to_missed_writer(uow, headers, actor, missed) if missed and actor else []),
        *_to_readers(event, Notice(headers, recipients, body, event.all_changes, new_message)),
        *(to_moved(event, recipients) if event.moved else []),
        *([about_change(event, old_team)] if old_team else []),
        *(announcement(uow, event, recipients) if event.status_changed else []),
    ]


def _to_readers(event: Event, notice: Notice) -> list[Notice]:
    """The letter with a message; of those who came with a merged ticket, it also says what their replies do now."""
    if not event.moved:
        return [notice]
    here = [member for member in notice.recipients if member.person_id not in event.moved]
    moved = [member for member in notice.recipients if member.person_id in event.moved]
    notes = [goes_on(event), *cast("list[Sentence]", notice.body["notes"])]
    return [
        notice._replace(recipients=here),
        notice._replace(recipients=moved, body={**notice.body, "notes": notes}),
    ]


def _within_bounds(
    uow: UnitOfWork, recipients: list[TicketMember], actor: TicketMember | None, new_message: NewMessage
) -> tuple[list[TicketMember], list[str]]:
    """Whom a message may reach, and the names of those whom it may not because too much such mail came."""
    if actor is None or new_message.mail_id is None:
        return recipients, []
    within = letter_limits.within_limits(
        uow, recipients, actor.person_id, responder=actor.responder, believed=new_message.believed
    )
    reached = {member.person_id for member in within}
    return within, [member.label for member in recipients if member.person_id not in reached]


def _not_addressed(uow: UnitOfWork, recipients: list[TicketMember], named: frozenset[str]) -> list[TicketMember]:
    """Without outsiders whom the mail already reached by To or Cc, at whichever of their addresses."""
    # At our domain nobody is reached; most mails name nobody but a ticket.
    others = {key for key in named if key.rpartition("@")[2] != uow.domain}
    if not others or all(member.responder for member in recipients):
        return recipients
    reached = set(uow.session.scalars(select(Address.person_id).where(Address.key.in_(others))))
    return [member for member in recipients if member.responder or member.person_id not in reached]


def of_opening(uow: UnitOfWork, event: Event, message: Message, new_message: NewMessage) -> list[Notice]:
    """The letters to those who answer for the queue of a new ticket, and to who was asked in.

    Not to whose ticket it is, also where a responder has brought it: they know what they wrote.
    """
    ticket, actor = event.ticket, event.actor
    update = Update(has_text=True, private=message.private)
    hearing = recipients_of(event.members, update, ticket.lifecycle, except_person=event.actor_id)
    asked_in = [member for member in hearing if member.answers or member.assignee or not member.requestor]
    recipients, _ = _within_bounds(uow, _not_addressed(uow, asked_in, new_message.named), actor, new_message)
    body = {
        "heading": heading_of_message(event, message, None, has_text=True),
        "notes": [*unproven_note(uow, actor, new_message), *note_on_elsewhere(event.elsewhere)],
        "below": note_on_reply_to(new_message),
        "subject": "",
    }
    headers = headers_about(ticket, "opened", message, actor, new_message, answers=False)
    headers = headers._replace(by_id=event.actor_id, called=actor.name_and_address if actor else "")
    notice = Notice(headers, recipients, body, event.changes, new_message)
    return [notice, *_acknowledgement(uow, event, message, new_message)]


def _acknowledgement(uow: UnitOfWork, event: Event, message: Message, new_message: NewMessage) -> list[Notice]:
    """The letter to the requestor that the ticket is there, where their queue sends one and they wrote themselves."""
    ticket, actor = event.ticket, event.actor
    written = new_message.mail_id is not None and actor is not None and not actor.responder
    if not (written and ticket.queue.acknowledge) or message.private:
        return []
    requestor = uow.session.get_one(Person, ticket.requestor_id)
    if not _may_acknowledge(uow, requestor, new_message):
        return []
    requestor.acknowledged = uow.now
    heading = say("notes.acknowledged_unread", number=ticket.id)
    if has_team(event.members):
        heading = say("notes.acknowledged", number=ticket.id, queue=ticket.queue.name)
    to = [member for member in event.members if member.person_id == requestor.id]
    headers = headers_about(ticket, "acknowledged", message, None, new_message)._replace(acknowledges=True)
    return [Notice(headers, to, {"heading": heading})]


def _may_acknowledge(uow: UnitOfWork, requestor: Person, new_message: NewMessage) -> bool:
    """Return whether a mail is acknowledged: to no machine, no list, and once an hour at most."""
    latest = requestor.acknowledged
    # A moment yet to come was noted when the clock was ahead.
    recent = latest is not None and uow.now - _ACKNOWLEDGED_EVERY < latest <= uow.now
    if new_message.automatic or new_message.listed or recent or reads_no_answer(requestor.email):
        return False
    return letter_limits.may_answer(uow, requestor.id, "acknowledged")


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
