"""Who is told of what happened, and writes the letter that each of them gets."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple, cast

from sqlalchemy import Table, exists, insert, select
from sqlalchemy.orm import joinedload

from ...mail.addresses import mailable
from ...mail.text import one_line, shown
from ..lifecycle.commands import ADD_CC, SHOW
from ..lifecycle.tables import Action, listed
from ..records.addressing import comment_address, find_place, is_at_our_domain, ticket_address
from ..records.letters import HELD, NOT_SENT, Letter, State
from ..records.message_ids import new_message_id, sendable
from ..records.messages import Message, passed_on
from ..records.people import Address, Person
from ..records.tickets import UNDELIVERED, Ticket
from ..storage.unit_of_work import Desk
from ..tickets import loop_protection
from ..tickets.events import Event
from ..tickets.members import Occasion, Standing, readers
from ..tickets.posts import Words
from ..tickets.undo import Changed
from .footer import footer
from .templates import render

THE_TRACKER = "The tracker"
ADD_LETTERS = insert(cast("Table", Letter.__table__))
_ACKNOWLEDGED_EVERY = timedelta(hours=1)
# Each reader gets a copy: a mail of megabytes to many people is told by its beginning.
_LONGEST_TEXT = 100_000
_WITH_FILES = ("opened", "posted")


class Envelope(NamedTuple):
    """What the letters about one happening have in common."""

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
    by_id: int | None = None
    acknowledges: bool = False


class Notice(NamedTuple):
    """One letter in several copies: its headers, whom it goes to, and what it says."""

    envelope: Envelope
    told: Sequence[Standing]
    body: Mapping[str, object]
    changes: Sequence[Changed] = ()
    words: Words | None = None


def notify(desk: Desk, event: Event, *, answered: bool = False) -> list[str]:
    """Write a letter to each person whom an event concerns (docs/interface.md, section 8). The ticket stays as it is.

    Every mail counts as words, also one that is all attachments: its writer's footer has said who will read it.
    `answered`: who caused it gets a letter of their own. What else they are told is returned, and stands in that one.
    """
    also: list[str] = []
    if event.quiet:
        return also
    event = replace(
        event,
        everybody=_with_mailbox(desk, event.everybody),
        gone=_with_mailbox(desk, event.gone) if event.gone else (),
    )
    if event.message is None or event.words is None:
        notices = _of_change(desk, event)
    elif event.opened:
        notices = _of_opening(desk, event, event.message, event.words)
    else:
        notices = _of_message(desk, event, event.message, event.words)
    for notice in notices:
        if answered and notice.envelope.kind == NOT_SENT:
            also += [str(notice.body["heading"]), _SEND_ELSEWHERE]
        else:
            _write(desk, notice, event.everybody)
    return also


# In answer to the letter to the writer, words may mean something else.
_SEND_ELSEWHERE = "To send your words to them, reply to another letter about this ticket with the words."


def _name(event: Event) -> str:
    return event.actor.label if event.actor else THE_TRACKER


def _audience(event: Event, occasion: Occasion) -> list[Standing]:
    """Who gets a letter of an event: whom it concerns, and who answered for the queue that the ticket has left."""
    told = readers(event.everybody, occasion, event.ticket.lifecycle, but=event.actor_id)
    return [*told, *(one for one in event.gone if one.person_id != event.actor_id)] if event.gone else told


def _of_opening(desk: Desk, event: Event, message: Message, words: Words) -> list[Notice]:
    """The letters to those who answer for the queue of a new ticket, and to who was asked in.

    Not to whose ticket it is, also where a responder has brought it: they know what they wrote.
    """
    ticket, actor, name = event.ticket, event.actor, _name(event)
    occasion = Occasion(words=True, private=message.private)
    hearing = readers(event.everybody, occasion, ticket.lifecycle, but=event.actor_id)
    told = _unreached(desk, [one for one in hearing if not _only_asked(one)], words.named)
    if words.mail_id is not None and actor is not None:
        told = loop_protection.reached(desk, told, actor.person_id, responder=actor.responder, believed=words.believed)
    body = {
        "heading": f"{name} wrote:",
        "note": _note(desk, ticket, message, None, words, unproven(desk, actor, words)),
    }
    envelope = _envelope(ticket, "opened", message, name, words, answers=False)
    notice = Notice(envelope, told, body, event.changes, words)
    brought = actor is None or actor.responder
    if ticket.queue.acknowledge and words.mail_id is not None and not message.private and not brought:
        return [notice, *_acknowledgement(desk, event, message, words)]
    return [notice]


def _only_asked(one: Standing) -> bool:
    return one.requestor and not one.answers and not one.assignee


def _of_message(desk: Desk, event: Event, message: Message, words: Words) -> list[Notice]:
    """The letters about a message and the status that it changed, and to those who answer what else was set with it."""
    ticket, actor, name = event.ticket, event.actor, _name(event)
    storm = loop_protection.on_ticket(desk, message, actor, event.everybody)
    said = bool(words.text.strip() or words.attachments)
    occasion = Occasion(said or words.mail_id is not None, message.private, event.status_changed)
    told = _unreached(desk, _audience(event, occasion), words.named)
    if storm.held:
        _tell_later(desk, ticket, message, told, event.everybody)
        return []
    told, missed = _within_bounds(desk, told, actor, words)
    body = {
        "heading": heading(event.action, name, words=said) if event.action else f"{name} wrote:",
        "note": _with(
            _note(desk, ticket, message, actor, words, unproven(desk, actor, words)),
            storm.word,
            f"{listed(missed)} did not get it." if missed else "",
        ),
    }
    envelope = _envelope(ticket, "posted", message, name, words)
    envelope = envelope._replace(checkpoint=event.checkpoint, by_id=event.actor_id)
    to_writer = _to_writer(desk, envelope, actor, missed) if missed and actor else []
    return [*to_writer, Notice(envelope, told, body, event.all_changes, words), *_announcement(desk, event, told)]


def _within_bounds(
    desk: Desk, told: list[Standing], actor: Standing | None, words: Words
) -> tuple[list[Standing], list[str]]:
    """Whom a message may reach, and the names of those whom it may not because too much such mail came."""
    if actor is None or words.mail_id is None:
        return told, []
    within = loop_protection.reached(desk, told, actor.person_id, responder=actor.responder, believed=words.believed)
    reached = {one.person_id for one in within}
    return within, [one.label for one in told if one.person_id not in reached]


def _to_writer(desk: Desk, envelope: Envelope, writer: Standing, missed: Sequence[str]) -> list[Notice]:
    """The letter to a writer, once an hour, that nobody outside the team got their mail, and how to reach them."""
    recent = select(Letter.id).where(
        Letter.person_id == writer.person_id, Letter.kind == NOT_SENT, Letter.created > desk.now - loop_protection.HOUR
    )
    if writer.undeliverable or desk.connection.execute(recent.limit(1)).scalar() is not None:
        return []
    why = "Nothing proves that you sent it, and such mail reaches few people outside the team within an hour."
    body = {
        "heading": f"Your mail to ticket {envelope.ticket.id} did not go to {listed(missed)}. {why}",
        "lines": [],
        "paragraphs": ["To send your words to them, reply to this letter with the words."],
    }
    own = envelope._replace(kind=NOT_SENT, about_id=None, attached=False, sender_name=envelope.ticket.queue.name)
    return [Notice(own, [writer], body)]


_LISTED_LATER = 20
_SHORTENED = 200


def _tell_later(
    desk: Desk, ticket: Ticket, message: Message, told: Sequence[Standing], everybody: Sequence[Standing]
) -> None:
    """Tell of what a storm holds back in one letter to each reader, which leaves when the window has ended."""
    held = Letter.ticket_id == ticket.id, Letter.kind == HELD, Letter.attempts == 0, Letter.next > desk.now
    begun = {letter.person_id: letter for letter in desk.session.scalars(select(Letter).where(*held))}
    for reader in told:
        letter = begun.get(reader.person_id)
        first = letter.about_id if letter and letter.about_id else message.id
        envelope = _envelope(ticket, HELD, None, ticket.queue.name, None)._replace(about_id=first)
        row = _letter(desk, envelope, reader, everybody, _held_since(desk, ticket, first, message, reader))
        if letter is not None:
            letter.text = str(row["text"])
        else:
            # It is dated when it leaves.
            due = desk.now + loop_protection.WINDOW
            desk.connection.execute(ADD_LETTERS, [{**row, "created": due, "next": due}])


def _held_since(desk: Desk, ticket: Ticket, first: int, last: Message, reader: Standing) -> dict[str, object]:
    """What a letter says of the messages between these two that nobody got a letter about."""
    told = exists().where(Letter.about_id == Message.id, Letter.kind != HELD)
    visible = [] if reader.responder else [~Message.private]
    which = Message.ticket_id == ticket.id, Message.id >= first, Message.id <= last.id, ~told
    held = select(Message).where(*which, *visible).order_by(Message.number)
    messages = desk.session.scalars(held.options(joinedload(Message.sender)).limit(_LISTED_LATER + 1)).all()
    lines = [f"{one.sender.label if one.sender else THE_TRACKER}: {one.text}" for one in messages[:_LISTED_LATER]]
    more = ["There are more of them."] if len(messages) > _LISTED_LATER else []
    minutes = int(loop_protection.WINDOW.total_seconds() // 60)
    return {
        "heading": f"Too many mails came to ticket {ticket.id} within {minutes} minutes. Nobody got letters of these:",
        "lines": [one_line(line, _SHORTENED) for line in lines],
        "paragraphs": [*more, f'To read them whole, reply with the one word "{SHOW}".'],
    }


def _of_change(desk: Desk, event: Event) -> list[Notice]:
    """The letters about a change without words: to the assignee, the responders, and those who are gone by it.

    A new status that concerns everybody is told to all who hear of it, and nothing else of the change.
    """
    ticket, name = event.ticket, _name(event)
    told = _audience(event, Occasion(words=False, status_changed=event.to_all and event.status_changed))
    body = {"heading": heading(event.action, name, words=False) if event.action else f"{name} changed the ticket:"}
    plain = _envelope(ticket, "changed", None, name, None)
    envelope = plain._replace(checkpoint=event.checkpoint, by_id=event.actor_id)
    notices = [Notice(envelope, told, body, event.all_changes), *_announcement(desk, event, told)]
    if not event.moved:
        return notices
    # Those from outside whose ticket was merged into this one learn what their replies do from now on.
    numbers = listed(new or "" for field, _, new in event.changes if field == "merged")
    body = {"heading": f"What was ticket {numbers} goes on as ticket {ticket.id}."}
    return [*notices, Notice(plain, [one for one in event.everybody if one.person_id in event.moved], body)]


def tell_undelivered(
    desk: Desk, ticket: Ticket, missed: int, everybody: Sequence[Standing], body: Mapping[str, object]
) -> None:
    """Tell who answers that somebody, the person `missed`, did not get a letter. A reply is a private comment."""
    everybody = _with_mailbox(desk, everybody)
    told = readers(everybody, Occasion(words=False), ticket.lifecycle, but=missed)
    envelope = _envelope(ticket, UNDELIVERED, None, THE_TRACKER, None)._replace(private=True)
    _write(desk, Notice(envelope, told, body), everybody)


def _with(*notes: str) -> str:
    return "\n\n".join(note for note in notes if note)


def _acknowledgement(desk: Desk, event: Event, message: Message, words: Words) -> list[Notice]:
    """The letter to the requestor that the ticket is there: to no machine, no list, and once an hour at most."""
    ticket = event.ticket
    requestor = desk.session.get_one(Person, ticket.requestor_id)
    recent = requestor.acknowledged is not None and requestor.acknowledged > desk.now - _ACKNOWLEDGED_EVERY
    if words.automatic or words.listed or recent or not loop_protection.may_answer(desk, requestor.id, "acknowledged"):
        return []
    requestor.acknowledged = desk.now
    body = {"heading": f"We have got your mail; it is ticket {ticket.id} now."}
    to = [one for one in event.everybody if one.person_id == requestor.id]
    envelope = _envelope(ticket, "acknowledged", message, ticket.queue.name, words)._replace(acknowledges=True)
    return [Notice(envelope, to, body)]


def _announcement(desk: Desk, event: Event, told: Sequence[Standing]) -> list[Notice]:
    """The letter to the requestor that the ticket is resolved, if the queue tells it and nothing else has."""
    ticket = event.ticket
    if not (event.status_changed and ticket.status in ticket.lifecycle.solved and ticket.queue.announce_resolved):
        return []
    first = select(Message).where(Message.ticket_id == ticket.id, Message.number == 1)
    opening = desk.session.scalars(first).one_or_none()
    # No machine and no list is told.
    if opening is None or opening.automatic or opening.listed:
        return []
    knowing = {one.person_id for one in told} | {event.actor_id}
    to = [one for one in event.everybody if one.requestor and one.person_id not in knowing]
    body = {"heading": f"{_name(event)} marked ticket {ticket.id} as {ticket.status}."}
    return [Notice(_envelope(ticket, "changed", None, _name(event), None), to, body)]


def heading(action: Action, name: str, *, words: bool, second: bool = False) -> str:
    """The line above a message: in the third person, or in the second for who wrote it."""
    line = action.second if second else action.third.format(name=name)
    return line if words else f"{line.rstrip(':')}."


def _said(words: Words, *, team: bool) -> str:
    """The text of a letter to the team or to outsiders: what was written, then what was attached to it."""
    fitting = set(passed_on(words.attachments, team=team))
    attached = [
        one_line(f"[{part.name}, {part.type}, {part.size} bytes{'' if part in fitting else ': too large to pass on'}]")
        for part in words.attachments
        if team or not part.withheld
    ]
    text = shown(words.text)
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT].rstrip()}\n[The mail is longer than this. All of it is kept with the ticket.]"
    withheld = _withheld(sum(part.withheld for part in words.attachments), team=team)
    return "\n\n".join(part for part in (text, "\n".join(attached), withheld) if part)


def _withheld(number: int, *, team: bool) -> str:
    """The line on files that have a letter to the team in them."""
    if not number:
        return ""
    if team:
        return "Only the team gets a file that is a letter to the team, or refers to one."
    if number == 1:
        return "One attached file is not passed on: it is a letter to the team, or refers to one."
    return f"{number} attached files are not passed on: they are letters to the team, or refer to them."


def unproven(desk: Desk, actor: Standing | None, words: Words) -> str:
    """Return the note on a mail in a responder's name that nothing proves (docs/interface.md, section 6)."""
    weighty = actor is not None and actor.responder and words.mail_id is not None and not words.automatic
    if not weighty or words.verified or desk.trust.by == "from" or actor is None:
        return ""
    return f"It came in the name of {actor.label}, but nothing proves that {actor.label} sent it."


def _note(desk: Desk, ticket: Ticket, message: Message, actor: Standing | None, words: Words, doubt: str = "") -> str:
    """What somebody must know of a message before reading it."""
    if not message.private:
        return doubt
    why = f"It is an automatic mail ({message.automatic}). " if message.automatic else ""
    note = f"{why}Only those who answer for {ticket.queue.name} see this comment."
    note = f"{note}\n{doubt}" if doubt else note
    outsider = actor is not None and not actor.on_ticket and not actor.responder and not message.automatic
    return f"{note}\n{_about_outsider(desk, ticket, actor, words)}" if outsider and actor else note


def _about_outsider(desk: Desk, ticket: Ticket, actor: Standing, words: Words) -> str:
    """Who wrote without being on the ticket, how to let them in, and whose letter they answered."""
    lines = [
        f"{actor.label} <{actor.email}> is not on this ticket. To let them in, put this on top of your reply:",
        f"    {ADD_CC.line(actor.email)}",
    ]
    reader = desk.session.get(Person, words.reader_id) if words.reader_id else None
    if reader is not None and reader.id != actor.person_id:
        lines += [
            f"The mail answers our letter to {reader.label} <{reader.email}>. If both are one person:",
            f"    tickets person alias {reader.email} {actor.email}",
        ]
    return "\n".join(lines)


def changed(change: Changed) -> str:
    """One thing that changed, in one line."""
    field, old, new = change
    if field == "merged":
        return f"Ticket {new} became part of this one"
    nothing = "none" if field == "priority" else "nobody"
    return f"{field.capitalize()}: {old or nothing} → {new or nothing}"


def _envelope(
    ticket: Ticket, kind: str, message: Message | None, name: str, words: Words | None, *, answers: bool = True
) -> Envelope:
    """The headers that thread a letter in mail clients: the ticket's root, then the public message it answers."""
    parent = words.parent.message_id if words and words.parent and not words.parent.private else None
    threads = [reference for reference in dict.fromkeys((ticket.root, parent)) if reference and sendable(reference)]
    return Envelope(
        kind=kind,
        ticket=ticket,
        about_id=message.id if message else None,
        sender_name=one_line(f"{name} via {ticket.queue.name}", 200),
        subject=one_line(f"{'Re: ' if answers else ''}[{ticket.queue.name} #{ticket.id}] {ticket.title}"),
        in_reply_to=threads[-1] if threads else None,
        references=" ".join(threads) or None,
        private=message.private if message else False,
        attached=bool(words and kind in _WITH_FILES and passed_on(words.attachments, team=True)),
    )


def _with_mailbox(desk: Desk, everybody: Iterable[Standing]) -> list[Standing]:
    """Without those whom no letter reaches, or whose address is one of ours: no footer may name them."""
    return [one for one in everybody if not one.undeliverable and not _is_ours(desk, one.email)]


def _unreached(desk: Desk, told: list[Standing], named: frozenset[str]) -> list[Standing]:
    """Without outsiders whom the mail already reached by To or Cc, at whichever of their addresses."""
    if not named or all(one.responder for one in told):
        return told
    reached = set(desk.session.scalars(select(Address.person_id).where(Address.key.in_(named))))
    return [one for one in told if one.responder or one.person_id not in reached]


def _is_ours(desk: Desk, email: str) -> bool:
    # Nobody reads at .invalid (RFC 6761 section 6.4): archives name such senders.
    return email.lower().endswith(".invalid") or (is_at_our_domain(desk, email) and find_place(desk, email) is not None)


def _write(desk: Desk, notice: Notice, everybody: Sequence[Standing]) -> None:
    """Put one letter for each reader into the outbox. Of what changed, outsiders are told the status."""
    said: dict[bool, str] = {}
    rows = []
    for reader in notice.told:
        team = reader.responder
        changes = notice.changes if team or reader.formerly else [one for one in notice.changes if one[0] == "status"]
        body = {**notice.body, "changes": [changed(one) for one in changes]}
        if notice.words is not None:
            if team not in said:
                said[team] = _said(notice.words, team=team)
            body["text"] = said[team]
        rows.append(_letter(desk, notice.envelope, reader, everybody, body))
    if rows:
        desk.connection.execute(ADD_LETTERS, rows)


def _letter(
    desk: Desk, envelope: Envelope, to: Standing, everybody: Sequence[Standing], body: Mapping[str, object]
) -> dict[str, object]:
    ticket = envelope.ticket
    undo = envelope.checkpoint is not None and (to.responder or to.person_id == envelope.by_id)
    return letter_row(
        desk,
        ticket_id=ticket.id,
        about_id=envelope.about_id,
        kind=envelope.kind,
        person_id=to.person_id,
        sender_name=envelope.sender_name,
        sender=comment_address(desk, ticket.id) if envelope.private else ticket_address(desk, ticket.id),
        recipient_name=to.label,
        recipient=mailable(to.email),
        list_id=list_id(desk, ticket),
        subject=envelope.subject,
        in_reply_to=envelope.in_reply_to,
        references=envelope.references,
        attached=envelope.attached,
        acknowledges=envelope.acknowledges,
        checkpoint=envelope.checkpoint,
        text=render(
            envelope.kind,
            footer=footer(
                desk, ticket, to, everybody, private=envelope.private, undo=undo, later=envelope.kind == HELD
            ),
            **body,
        ),
    )


def letter_row(desk: Desk, **columns: object) -> dict[str, object]:
    """A row of the outbox that waits to be sent, with names that nobody can guess."""
    return {
        "created": desk.now,
        "message_id": new_message_id(desk),
        "token": secrets.token_hex(10),
        "state": State.WAITING,
        "attempts": 0,
        "attached": False,
        "acknowledges": False,
        "shown": False,
        "commands": None,
        "checkpoint": None,
        "next": desk.now,
        **columns,
    }


def list_id(desk: Desk, ticket: Ticket) -> str:
    """The List-Id of a queue (RFC 2919): its name for people, its number for machines."""
    return f"{ticket.queue.name} <queue{ticket.queue_id}.{desk.domain}>"
