"""Who is told of what happened, and writes the letter that each of them gets."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast

from sqlalchemy import exists, func, select
from sqlalchemy.orm import joinedload

from ...mail.auto_submitted import reads_no_answer
from ...mail.subjects import bare_subject
from ...mail.text import SHOWN_LIMIT, one_line, shown
from ..lifecycle.commands import ADD_CC, REQUESTOR, SHOW
from ..lifecycle.tables import Action
from ..records.letters import HELD, NOT_SENT, UNANSWERED, Letter, State
from ..records.messages import Message
from ..records.people import Address, Person
from ..records.tickets import MERGED, NO_TITLE, UNDELIVERED, Change, Ticket
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import TicketMember, Update, as_confirmed, member_for, recipients_of, with_mailbox
from ..tickets.posts import NewMessage
from ..tickets.redaction import Redaction, source_of
from ..tickets.storms import letter_limits, loop_protection, slow_storms
from ..wording import Phrase, Sentence, Wording, say
from .footer import has_team
from .letter_subjects import add_letters, replace_subjects
from .notices import (
    ELSEWHERE,
    UNPROVEN,
    LetterHeaders,
    Notice,
    headers_about,
    letter_to,
    with_undo,
    wording_of,
    write_notice,
)

_ACKNOWLEDGED_EVERY = timedelta(hours=1)
# A subject is new that none of so many mails before had.
_LATEST = 500


def notify(uow: UnitOfWork, event: Event, *, answered: bool = False) -> list[Sentence]:
    """Write a letter to each person whom an event concerns (docs/interface.md, section 8). The ticket stays as it is.

    Every mail counts as words, also one that is all attachments: its writer's footer has said who will read it.
    `answered`: who caused it gets a letter of their own. What else they are told is returned, and stands in that one.
    """
    also: list[Sentence] = []
    if event.quiet:
        return also
    event = replace(
        event,
        members=with_mailbox(uow, event.members),
        gone=with_mailbox(uow, event.gone) if event.gone else (),
    )
    if event.message is None or event.new_message is None:
        notices = _of_change(uow, event)
    elif event.opened:
        notices = _of_opening(uow, event, event.message, event.new_message)
    else:
        notices = _of_message(uow, event, event.message, event.new_message)
    for notice in notices:
        if answered and notice.envelope.kind == NOT_SENT:
            # In answer to the letter to the writer, words may mean something else.
            also += [cast("Sentence", notice.body["heading"]), *cast("list[Sentence]", notice.body["elsewhere"])]
        else:
            write_notice(uow, notice, event.members)
    return also


def _name(event: Event) -> str | None:
    """Return who caused an event; None where the tracker itself did."""
    return event.actor.label if event.actor else None


def _audience(event: Event, update: Update) -> list[TicketMember]:
    """Who gets a letter of an event: whom it concerns, and who answered for the queue that the ticket has left."""
    concerned = recipients_of(event.members, update, event.ticket.lifecycle, except_person=event.actor_id)
    recipients = [one for one in concerned if one.person_id not in event.informed]
    return [*recipients, *(one for one in event.gone if one.person_id != event.actor_id)] if event.gone else recipients


def _of_opening(uow: UnitOfWork, event: Event, message: Message, new_message: NewMessage) -> list[Notice]:
    """The letters to those who answer for the queue of a new ticket, and to who was asked in.

    Not to whose ticket it is, also where a responder has brought it: they know what they wrote.
    """
    ticket, actor = event.ticket, event.actor
    update = Update(has_text=True, private=message.private)
    hearing = recipients_of(event.members, update, ticket.lifecycle, except_person=event.actor_id)
    recipients = _not_addressed(uow, [one for one in hearing if not _only_asked(one)], new_message.named)
    if new_message.mail_id is not None and actor is not None:
        recipients = letter_limits.within_limits(
            uow, recipients, actor.person_id, responder=actor.responder, believed=new_message.believed
        )
    body = {
        "heading": _heading_of_message(event, message, None, has_text=True),
        "notes": [*unproven_note(uow, actor, new_message), *_note_on_elsewhere(event.elsewhere)],
        "below": _other_requestor(new_message),
        "subject": "",
    }
    headers = headers_about(ticket, "opened", message, actor, new_message, answers=False)
    headers = headers._replace(by_id=event.actor_id, called=actor.name_and_address if actor else "")
    notice = Notice(headers, recipients, body, event.changes, new_message)
    brought = actor is None or actor.responder
    if ticket.queue.acknowledge and new_message.mail_id is not None and not message.private and not brought:
        return [notice, *_acknowledgement(uow, event, message, new_message)]
    return [notice]


def _other_requestor(new_message: NewMessage) -> list[Sentence]:
    """Whom a first mail names in Reply-To, and the line that makes the ticket theirs."""
    other = new_message.reply_to
    if other is None:
        return []
    named = one_line(f"{other.name} <{other.email}>" if other.name else other.email, 200)
    return [say("notes.asks_for_answers_to", person=named, line=REQUESTOR.line(other.email))]


def _only_asked(member: TicketMember) -> bool:
    return member.requestor and not member.answers and not member.assignee


def _of_message(uow: UnitOfWork, event: Event, message: Message, new_message: NewMessage) -> list[Notice]:
    """The letters about a message and the status that it changed, and to those who answer what else was set with it."""
    ticket, actor = event.ticket, event.actor
    storm = loop_protection.storm_on(uow, message, actor, event.members)
    has_text = bool(new_message.text.strip() or new_message.attachments)
    update = Update(has_text or new_message.mail_id is not None, message.private, event.status_changed)
    # Private words below a line that moves a ticket are for its new team.
    old_team = [one for one in event.gone if one.person_id != event.actor_id] if message.private else []
    audience = [one for one in _audience(event, update) if one not in old_team]
    recipients = _not_addressed(uow, audience, new_message.named)
    if storm.held:
        _notify_later(uow, ticket, message, recipients, event.members, storm)
        return _to_held_writer(uow, ticket, message, actor, storm.within) if actor else []
    recipients, missed = _within_bounds(uow, recipients, actor, new_message)
    body = {
        "heading": _heading_of_message(event, message, event.action, has_text=has_text),
        "notes": [
            *unproven_note(uow, actor, new_message),
            *_note_on_outsider(uow, ticket, message, actor, new_message, event.members),
            *([storm.word] if storm.word else []),
            *([say("notes.did_not_get_it", names=missed)] if missed else []),
        ],
        "subject": _new_subject(uow, ticket, message, new_message),
    }
    headers = headers_about(ticket, "posted", message, actor, new_message)
    headers = with_undo(headers, event)
    to_writer = _to_missed_writer(uow, headers, actor, missed) if missed and actor else []
    here = [one for one in recipients if one.person_id not in event.moved]
    moved = [one for one in recipients if one.person_id in event.moved]
    to_moved = {**body, "notes": [_goes_on(event), *cast("list[Sentence]", body["notes"])]} if moved else body
    return [
        *to_writer,
        Notice(headers, here, body, event.all_changes, new_message),
        Notice(headers, moved, to_moved, event.all_changes, new_message),
        *_to_moved(event, recipients),
        *([_of_leaving(event, old_team)] if old_team else []),
        *_announcement(uow, event, recipients),
    ]


def _new_subject(uow: UnitOfWork, ticket: Ticket, message: Message, new_message: NewMessage) -> Sentence | str:
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
    if any(_is_same(subject, one or "") for one in known):
        return ""
    if not message.private and Redaction(uow, ticket).hides_subject(new_message.subject, source_of(message)):
        return ""
    return say("notes.new_subject", subject=one_line(new_message.subject, 200))


def _is_same(subject: str, other: str) -> bool:
    """Whether a bare subject says no more than another one; what programs put before it does not count."""
    known, _ = bare_subject(other)
    prefix = subject.removesuffix(known).rstrip()
    return subject in known or (bool(known) and subject.endswith(known) and prefix.endswith(":") and len(prefix) < 16)


def _of_leaving(event: Event, old_team: Sequence[TicketMember]) -> Notice:
    """The letter to those who answered for the queue that a ticket has left, without the words to its new team."""
    headers = headers_about(event.ticket, "changed", None, event.actor, None)
    headers = with_undo(headers, event)
    return Notice(headers, old_team, {"heading": _heading_of_change(event)}, event.all_changes)


def _within_bounds(
    uow: UnitOfWork, recipients: list[TicketMember], actor: TicketMember | None, new_message: NewMessage
) -> tuple[list[TicketMember], list[str]]:
    """Whom a message may reach, and the names of those whom it may not because too much such mail came."""
    if actor is None or new_message.mail_id is None:
        return recipients, []
    within = letter_limits.within_limits(
        uow, recipients, actor.person_id, responder=actor.responder, believed=new_message.believed
    )
    reached = {one.person_id for one in within}
    return within, [member.label for member in recipients if member.person_id not in reached]


def _to_missed_writer(
    uow: UnitOfWork, headers: LetterHeaders, writer: TicketMember, missed: Sequence[str]
) -> list[Notice]:
    """The letter to a writer that nobody outside the team got their mail, and how to reach them."""
    body = {
        "heading": say("notes.not_sent_to", number=headers.ticket.id, names=missed),
        "lines": [],
        "paragraphs": [say("notes.send_here")],
        "elsewhere": [say("notes.send_elsewhere")],
    }
    return _to_writer(uow, headers, writer, body)


def _to_held_writer(
    uow: UnitOfWork, ticket: Ticket, message: Message, writer: TicketMember, within: timedelta
) -> list[Notice]:
    """The letter to a writer of whose mail nobody is told for now. Programs get none, nor do those from elsewhere."""
    if message.automatic or not (writer.on_ticket or writer.responder):
        return []
    body = {
        "heading": say("notes.held_back", number=ticket.id, span=_span(within)),
        "lines": [],
        "paragraphs": [],
        "elsewhere": [],
    }
    return _to_writer(uow, headers_about(ticket, "posted", message, None, None), writer, body, every=within)


def _to_writer(
    uow: UnitOfWork,
    headers: LetterHeaders,
    writer: TicketMember,
    body: Mapping[str, object],
    *,
    every: timedelta = slow_storms.HOUR,
) -> list[Notice]:
    """A letter to a writer, once an hour or more seldom, on whom their mail did not reach."""
    recent = select(Letter.id).where(
        Letter.person_id == writer.person_id,
        Letter.kind == NOT_SENT,
        Letter.created > uow.now - max(every, slow_storms.HOUR),
        Letter.created <= uow.now,
    )
    if writer.undeliverable or uow.connection.execute(recent.limit(1)).scalar() is not None:
        return []
    queue = headers.ticket.queue.name
    own = headers._replace(kind=NOT_SENT, about_id=None, attached=False, sender_name=queue, called="")
    return [Notice(own, [writer], body)]


_LISTED_LATER = 20
_SHORTENED = 200


def _notify_later(
    uow: UnitOfWork,
    ticket: Ticket,
    message: Message,
    recipients: Sequence[TicketMember],
    members: Sequence[TicketMember],
    storm: loop_protection.Storm,
) -> None:
    """Tell of what a storm holds back in one letter to each reader, which leaves when the window has ended."""
    # Few letters wait, and a ticket may have very many.
    held = select(Letter).where(Letter.state == State.WAITING, Letter.next > uow.now, Letter.ticket_id == ticket.id)
    unsent = uow.session.scalars(held.where(Letter.kind == HELD, Letter.attempts == 0))
    begun = {letter.person_id: letter for letter in unsent}
    for reader in recipients:
        letter = begun.get(reader.person_id)
        first = letter.about_id if letter and letter.about_id else message.id
        headers = headers_about(ticket, HELD, None, None, None)._replace(about_id=first)
        body, writers = _held_since(uow, ticket, first, message, (reader, members), storm.within)
        row = letter_to(uow, headers, reader, members, body, writers)
        if letter is not None:
            letter.text = str(row["text"])
            replace_subjects(uow, letter.id, {**row, "message_id": letter.message_id})
        else:
            # It is dated when it leaves.
            due = uow.now + storm.later
            add_letters(uow, [{**row, "created": due, "next": due}])


def _held_since(
    uow: UnitOfWork,
    ticket: Ticket,
    first: int,
    last: Message,
    reading: tuple[TicketMember, Sequence[TicketMember]],
    within: timedelta,
) -> tuple[dict[str, object], set[int]]:
    """What a letter says of the messages between these two that nobody got a letter about, and who wrote them.

    `reading` is who reads it, and who is on the ticket. `within` is the time in which too many of them came.
    """
    reader, members = reading
    has_letter = exists().where(Letter.about_id == Message.id, Letter.kind != HELD)
    visible = [] if reader.responder else [~Message.private]
    # By their numbers: what came before on a long ticket is not read.
    begun = func.coalesce(select(Message.number).where(Message.id == first).scalar_subquery(), 0)
    which = Message.ticket_id == ticket.id, Message.number >= begun, Message.number <= last.number, ~has_letter
    held = select(Message).where(*which, *visible).order_by(Message.number)
    messages = uow.session.scalars(held.options(joinedload(Message.sender)).limit(_LISTED_LATER + 1)).all()
    wording = wording_of(ticket)
    senders = [_sender_of(message, members, wording, team=reader.responder) for message in messages[:_LISTED_LATER]]
    lines = [f"{sender}: {message.text}" for sender, message in zip(senders, messages, strict=False)]
    more = [say("notes.more_of_them")] if len(messages) > _LISTED_LATER else []
    writers = {message.sender_id for message in messages if message.sender_id is not None}
    body: dict[str, object] = {
        "heading": say("notes.held_since", number=ticket.id, span=_span(within)),
        "lines": [one_line(line, _SHORTENED) for line in lines],
        "paragraphs": [*more, say("notes.read_them_whole", word=SHOW)],
    }
    return body, writers


def _span(within: timedelta) -> Sentence:
    if within >= slow_storms.DAY:
        return say("notes.within_a_day")
    return say("notes.within_minutes", minutes=int(within.total_seconds() // 60))


def _sender_of(message: Message, members: Sequence[TicketMember], wording: Wording, *, team: bool) -> str:
    if message.sender is None:
        return wording.line(say("notes.tracker"))
    sender = member_for(message.sender, members)
    return sender.label_for_team if team else sender.label


def _of_change(uow: UnitOfWork, event: Event) -> list[Notice]:
    """The letters about a change without words: to the assignee, the responders, and those who are gone by it.

    A new status that concerns everybody is told to all who hear of it, and nothing else of the change.
    """
    ticket, name = event.ticket, _name(event)
    recipients = _audience(event, Update(has_text=False, status_changed=event.to_all and event.status_changed))
    deed = message_heading(event.action, name, has_text=False) if event.action else None
    body = {"heading": deed or _heading_of_change(event)}
    plain = headers_about(ticket, "changed", None, event.actor, None)
    headers = with_undo(plain, event)
    notices = [Notice(headers, recipients, body, event.all_changes), *_announcement(uow, event, recipients)]
    if not event.moved:
        return notices
    return [*notices, *_to_moved(event)]


def _to_moved(event: Event, told: Sequence[TicketMember] = ()) -> list[Notice]:
    """The letter to those from outside whose ticket was merged into this one: what their replies do from now on.

    `told` have it in another letter.
    """
    known = {member.person_id for member in told}
    moved = [one for one in event.members if one.person_id in event.moved and one.person_id not in known]
    headers = headers_about(event.ticket, "changed", None, event.actor, None)._replace(by_id=event.actor_id)
    return [Notice(headers, [one for one in moved if one.subscribed], {"heading": _goes_on(event)})] if moved else []


def _goes_on(event: Event) -> Sentence:
    """The sentence for those whose ticket was merged into this one."""
    numbers = [new or "" for field, _, new in event.changes if field == MERGED]
    return say("notes.goes_on", numbers=numbers, number=event.ticket.id, title=event.ticket.title)


def _heading_of_change(event: Event) -> Sentence:
    name = _name(event)
    heading = "undid" if event.undoes else "changed_ticket"
    return say(f"notes.{heading}", name=name) if name else say("notes.tracker_changed_ticket")


def notify_undelivered(
    uow: UnitOfWork, ticket: Ticket, missed: int, members: Sequence[TicketMember], body: Mapping[str, object]
) -> None:
    """Tell who answers that somebody, the person `missed`, did not get a letter. A reply is a private comment."""
    members = with_mailbox(uow, members)
    recipients = recipients_of(members, Update(has_text=False), ticket.lifecycle, except_person=missed)
    headers = headers_about(ticket, UNDELIVERED, None, None, None)._replace(private=True, by_id=missed)
    write_notice(uow, Notice(headers, recipients, body), members)


def notify_unanswered(uow: UnitOfWork, ticket: Ticket, message: Message, members: Sequence[TicketMember]) -> None:
    """Tell who answers that a reply waits for its writer's word. What answers that is a private comment."""
    members, name = with_mailbox(uow, members), _sender_of(message, members, wording_of(ticket), team=True)
    recipients = recipients_of(members, Update(has_text=True, private=True), ticket.lifecycle, except_person=None)
    body = {
        "heading": say("notes.has_waited", name=name, number=ticket.id),
        "lines": [],
        "paragraphs": [
            shown(message.text)[:SHOWN_LIMIT].rstrip(),
            say("notes.can_send_or_drop", name=name),
        ],
    }
    headers = headers_about(ticket, UNANSWERED, message, None, None)
    write_notice(uow, Notice(headers, recipients, body), members)


def _acknowledgement(uow: UnitOfWork, event: Event, message: Message, new_message: NewMessage) -> list[Notice]:
    """The letter to the requestor that the ticket is there: to no machine, no list, and once an hour at most."""
    ticket = event.ticket
    requestor = uow.session.get_one(Person, ticket.requestor_id)
    last = requestor.acknowledged
    # A moment yet to come was noted when the clock was ahead.
    recent = last is not None and uow.now - _ACKNOWLEDGED_EVERY < last <= uow.now
    if new_message.automatic or new_message.listed or recent or reads_no_answer(requestor.email):
        return []
    if not letter_limits.may_answer(uow, requestor.id, "acknowledged"):
        return []
    requestor.acknowledged = uow.now
    heading = say("notes.acknowledged_unread", number=ticket.id)
    if has_team(event.members):
        heading = say("notes.acknowledged", number=ticket.id, queue=ticket.queue.name)
    body = {"heading": heading}
    to = [member for member in event.members if member.person_id == requestor.id]
    headers = headers_about(ticket, "acknowledged", message, None, new_message)._replace(acknowledges=True)
    return [Notice(headers, to, body)]


def _announcement(uow: UnitOfWork, event: Event, recipients: Sequence[TicketMember]) -> list[Notice]:
    """The letter to the requestor that the ticket is resolved, if the queue tells it and nothing else has."""
    ticket = event.ticket
    if not (event.status_changed and ticket.status in ticket.lifecycle.solved and ticket.queue.announce_resolved):
        return []
    first = select(Message).where(Message.ticket_id == ticket.id, Message.number == 1)
    opening = uow.session.scalars(first).one_or_none()
    # No machine and no list is told.
    if opening is None or opening.automatic or opening.listed:
        return []
    knowing = {member.person_id for member in recipients} | {event.actor_id}
    to = [one for one in event.members if one.requestor and one.subscribed and one.person_id not in knowing]
    body = {"heading": say("notes.marked_as", name=_name(event) or ticket.queue.name, status=ticket.status)}
    headers = headers_about(ticket, "changed", None, event.actor, None)._replace(by_id=event.actor_id)
    return [Notice(headers, to, body)]


def message_heading(action: Action, name: str | None, *, has_text: bool, second: bool = False) -> Sentence:
    """The line above a message: in the third person, or in the second for who wrote it. No `name`: the tracker's."""
    pattern, who = (action.second, "") if second else (action.third, name or say("notes.tracker"))
    return say("notes.deed", pattern=Phrase(pattern.rstrip(":")), name=who, end=":" if has_text else ".")


def _heading_of_message(event: Event, message: Message, action: Action | None, *, has_text: bool) -> Sentence:
    """The line above words: who did what by them, or that only the team sees them."""
    name = _name(event)
    if message.private:
        heading, writer = "automatic_reply" if message.automatic else "private_note", name or say("notes.tracker")
        if not has_team(event.members):
            return say(f"notes.{heading}_to_you", name=writer)
        return say(f"notes.{heading}", name=writer, queue=event.ticket.queue.name)
    if action is None:
        return say("notes.wrote", name=name or say("notes.tracker"))
    return message_heading(action, name, has_text=has_text)


def unproven_note(uow: UnitOfWork, actor: TicketMember | None, new_message: NewMessage) -> list[Sentence]:
    """Return the note on a mail in a responder's name that nothing proves (docs/interface.md, section 6)."""
    weighty = actor is not None and actor.responder and new_message.mail_id is not None and not new_message.automatic
    if not weighty or new_message.verified or uow.trust.by == "from" or actor is None:
        return []
    return [say(UNPROVEN, name=actor.label)]


def _note_on_elsewhere(number: int | None) -> list[Sentence]:
    return [] if number is None else [say(ELSEWHERE, number=number)]


def _note_on_outsider(
    uow: UnitOfWork,
    ticket: Ticket,
    message: Message,
    actor: TicketMember | None,
    new_message: NewMessage,
    members: Sequence[TicketMember],
) -> list[Sentence]:
    """Who wrote in private without being on the ticket, how to let them in, and whose letter they answered."""
    if not message.private or message.automatic or actor is None or actor.on_ticket or actor.insider:
        return []
    reading = recipients_of(
        as_confirmed(members), Update(has_text=True), ticket.lifecycle, except_person=actor.person_id
    )
    names = [*(one.label for one in reading if not one.responder), actor.own_name]
    line = ADD_CC.line(actor.email)
    notes = [say("notes.not_on_ticket", name=actor.own_name, email=actor.email, line=line, names=names)]
    reader = uow.session.get(Person, new_message.reader_id) if new_message.reader_id else None
    if reader is not None and reader.id != actor.person_id:
        notes.append(say("notes.answers_for", writer=actor.own_name, name=reader.label, email=reader.email))
    return notes


def _not_addressed(uow: UnitOfWork, recipients: list[TicketMember], named: frozenset[str]) -> list[TicketMember]:
    """Without outsiders whom the mail already reached by To or Cc, at whichever of their addresses."""
    # At our domain nobody is reached; most mails name nobody but a ticket.
    others = {key for key in named if key.rpartition("@")[2] != uow.domain}
    if not others or all(member.responder for member in recipients):
        return recipients
    reached = set(uow.session.scalars(select(Address.person_id).where(Address.key.in_(others))))
    return [member for member in recipients if member.responder or member.person_id not in reached]
