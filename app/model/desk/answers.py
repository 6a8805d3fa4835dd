"""An answer from a ticket's page: compared with what its button promised, posted once, all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import func, select

from ...mail.text import one_line, storable
from ..inbound import writers
from ..inbound.attached_letters import attachments_of
from ..inbound.delivery import store_mail
from ..inbound.effects import Effect, Situation, is_allowed
from ..inbound.inbound_mail import Fate, InboundMail, identity_of
from ..letters.notification import notify
from ..lifecycle import commands
from ..lifecycle.commands import Command, Line
from ..operations import workflow
from ..operations.commands.command_mail import CommandMail, CommandsRefused, allowed_to
from ..operations.commands.execution import execute_commands
from ..records.addressing import comment_address, ticket_address
from ..records.letters import Letter
from ..records.message_ids import message_id_of
from ..records.messages import Message, NoSuchMessage
from ..records.people import Person
from ..records.received_mail import Delivery
from ..records.tickets import NoSuchTicket, Ticket, find_ticket, resolve_merged
from ..storage.unit_of_work import UnitOfWork
from ..tickets.events import Event
from ..tickets.members import as_confirmed, member_for, members_of
from ..tickets.posts import NewMessage
from ..tickets.transitions import rule_of_thanks
from ..tickets.undo import NOBODY_LET_IN, LetIn
from ..tickets.visibility import may_see, visible_number
from ..wording import wording_in
from .answer_form import Block, block_key, block_of, few_names, promise_of, promised_parts
from .composed_mail import PostHeaders, UploadedFile, composed
from .doubts import check_meant
from .message_keys import find_by_key, ids_since, message_key
from .outlook import Asker, Outlook, asker_for, outlooks
from .refusals import FieldsRefused


class Answer(NamedTuple):
    """What somebody sends with a button of the answer form.

    `block` is the button's value, `promise` what it promised, `seen` the newest message that they were shown, `token`
    the form's random id. `status` and `owner` are "and then", empty where nothing was chosen; `answers` is the key of
    the message that is named as the answer; `meant` what AnswerDoubted has given.
    """

    block: str
    text: str
    promise: str
    seen: str
    token: str
    status: str = ""
    owner: str = ""
    answers: str = ""
    meant: str = ""
    files: Sequence[UploadedFile] = ()


class Posted(NamedTuple):
    """What became of an answer: the ticket, the key of the message (None without words), and how many letters.

    `done` is a sentence on it, as in "Replied to Ann Archer; 2 emails.". `undo`: it can be taken back. `notes` are
    what its writer must know besides. `again`: the button was pressed before, and nothing more was done.
    """

    ticket: int
    message: str | None
    letters: int
    done: str
    undo: bool = False
    notes: Sequence[str] = ()
    again: bool = False


class AnswerChanged(Exception):
    """What a button would do is no longer what it said, or somebody has written. Nothing was done.

    `sentences` say what changed, `new` are the keys of the messages that came; `ticket` is the one to show now.
    """

    def __init__(self, ticket: int, sentences: Sequence[str], new: Sequence[str] = ()) -> None:
        super().__init__(" ".join(sentences))
        self.ticket, self.sentences, self.new = ticket, sentences, new


def post_answer(uow: UnitOfWork, number: int, person: Person, answer: Answer) -> Posted:
    """Post an answer on a ticket as its button said, with the status and the owner that go with it, and notify others.

    Raises NoSuchTicket for whoever may not see it, AnswerChanged, AnswerDoubted, or FieldsRefused; nothing is done
    then. Pressed again with the same token, it does nothing more.
    """
    ticket = find_ticket(uow, number, locked=True)
    if (before := _posted_before(uow, person, answer)) is not None:
        return _posted_again(uow, before, answer)
    asker = _asker(uow, ticket, person)
    outlook, block = _checked(uow, ticket, asker, answer)
    text = storable(answer.text).strip("\n").rstrip()
    if block.needs_text and not text and not answer.files:
        raise FieldsRefused({"text": "Write some words first."})
    if not answer.files:
        check_meant(uow, ticket, asker, outlook, text, answer.meant)
    inbound_mail = _mail_of(uow, ticket, person, outlook, text, answer)
    mail_id = store_mail(uow, inbound_mail)
    _remember(uow, ticket, person, answer, mail_id, inbound_mail.recipients[0])
    new_message = replace(_words(uow, inbound_mail, text), mail_id=mail_id)
    last = _last_letter(uow, ticket)
    event = _perform(uow, ticket, asker, outlook, new_message, answer)
    notes = [note.english for note in notify(uow, event, answered=True)]
    letters = _letters_since(uow, ticket, last)
    message = message_key(uow, event.message.id) if event.message else None
    return Posted(ticket.id, message, letters, _notice(outlook, letters), event.checkpoint is not None, notes)


def _asker(uow: UnitOfWork, ticket: Ticket, person: Person) -> Asker:
    """Return who posts. NoSuchTicket, as if there were none, for whoever may not; AnswerChanged where it was merged."""
    goal = resolve_merged(uow, ticket.id, locked=False)
    members = members_of(uow, goal)
    member = member_for(person, members)
    if not may_see(goal, member):
        raise NoSuchTicket("no_ticket", number=ticket.id)
    if goal.id != ticket.id:
        raise AnswerChanged(goal.id, _changed(number=ticket.id, merged_into=goal.id))
    return asker_for(uow, ticket, member, members)


def _notice(outlook: Outlook | None, letters: int) -> str:
    """Say what was done; None: nothing more than before."""
    outsiders = outlook.outsiders if outlook and outlook.names_readers else []
    note = outlook is not None and outlook.private
    return (
        wording_in()
        .render(
            "answer_posted",
            again=outlook is None,
            to=few_names(outsiders) if outsiders else "",
            note=note,
            heading=outlook.rule.recorded_action.second.rstrip(":") if outlook and not (note or outsiders) else "",
            letters=_counted(letters, "email"),
        )
        .strip()
    )


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _digest(person: Person, token: str) -> bytes:
    return sha256(f"web\0{person.id}\0{token}".encode("utf-8", "replace")).digest()


def _remember(uow: UnitOfWork, ticket: Ticket, person: Person, answer: Answer, mail_id: int, recipient: str) -> None:
    """Note with the form's token that it was posted: the database itself refuses a second one."""
    row = Delivery(mail_id=mail_id, recipient=recipient, digest=_digest(person, answer.token), fate=Fate.POSTED)
    row.reason, row.waiting, row.ticket_id = "", False, ticket.id
    uow.session.add(row)
    uow.session.flush()


def _posted_before(uow: UnitOfWork, person: Person, answer: Answer) -> Delivery | None:
    return uow.session.scalar(select(Delivery).where(Delivery.digest == _digest(person, answer.token)))


def _posted_again(uow: UnitOfWork, before: Delivery, answer: Answer) -> Posted:
    """Return what became of a form that was pressed before. AnswerChanged if other words stand in it now."""
    message = uow.session.scalar(select(Message).where(Message.mail_id == before.mail_id))
    number = message.ticket_id if message else before.ticket_id or 0
    if message is not None and storable(answer.text).strip("\n").rstrip() != message.full_text:
        raise AnswerChanged(number, _changed(posted=True))
    key = message_key(uow, message.id) if message else None
    return Posted(number, key, 0, _notice(None, 0), again=True)


def _checked(uow: UnitOfWork, ticket: Ticket, asker: Asker, answer: Answer) -> tuple[Outlook, Block]:
    """Return what the button does. AnswerChanged if it is not what it promised, or somebody has written."""
    offered = outlooks(uow, ticket, asker)
    outlook = next((choice for choice in offered if block_key(choice) == answer.block), None)
    new = _written_since(uow, ticket, asker, answer.seen)
    came = _counted(len(new), "new message") if new else ""
    if outlook is None:
        gone = answer.block.replace("-", " ").capitalize()
        raise AnswerChanged(ticket.id, _changed(gone=gone, status=ticket.status, came=came), new)
    private, status, _ = promised_parts(answer.promise)
    kept = answer.promise == promise_of(uow, ticket, outlook)
    if new or not kept:
        has_changed = kept or private != ("private" if outlook.private else "public") or status != outlook.status
        changed = _changed(
            came=came,
            queue=ticket.queue.name,
            becomes_private=outlook.private and private == "public",
            becomes_public=not outlook.private and private == "private",
            becomes="" if status == outlook.status else outlook.status,
            other_readers=not has_changed,
        )
        raise AnswerChanged(ticket.id, changed, new)
    return outlook, block_of(uow, ticket, asker, outlook)


def _written_since(uow: UnitOfWork, ticket: Ticket, asker: Asker, seen: str) -> list[str]:
    """Return the keys of the messages of others that came after the newest that somebody was shown."""
    ids = ids_since(uow, ticket, asker.member, seen)
    if not ids:
        return []
    query = select(Message.id).where(Message.id.in_(ids), Message.sender_id.is_distinct_from(asker.member.person_id))
    return [message_key(uow, message_id) for message_id in uow.session.scalars(query.order_by(Message.number))]


_NOTHING = dict.fromkeys(("merged_into", "posted", "gone", "becomes_private", "becomes_public", "becomes"), "")
_NOTHING |= dict.fromkeys(("number", "status", "came", "queue", "other_readers"), "")


def _changed(**changed: object) -> list[str]:
    return wording_in().render("answer_changed", **(_NOTHING | changed)).strip().split("\n")


def _mail_of(
    uow: UnitOfWork, ticket: Ticket, person: Person, outlook: Outlook, text: str, answer: Answer
) -> InboundMail:
    """Return the mail that somebody would have sent."""
    to = (comment_address if outlook.comment else ticket_address)(uow, ticket.id)
    message_id = message_id_of(uow, f"answer {person.id} {answer.token}")
    headers = PostHeaders(person.name, person.email, to, f"Re: {ticket.title}", uow.now, message_id)
    return InboundMail.of(composed(headers, text, answer.files), person.email, [to])


def _words(uow: UnitOfWork, inbound_mail: InboundMail, text: str) -> NewMessage:
    parsed = inbound_mail.parsed
    return NewMessage(
        text=text,
        full_text=text,
        subject=parsed.subject,
        message_id=identity_of(inbound_mail.parsed),
        verified=True,
        attachments=attachments_of(uow, inbound_mail),
        web=True,
    )


def _perform(
    uow: UnitOfWork, ticket: Ticket, asker: Asker, outlook: Outlook, new_message: NewMessage, answer: Answer
) -> Event:
    """Do what the button says, and what goes with it; nobody is notified."""
    asker, let_in = _back_on_it(uow, ticket, asker, outlook)
    status = "" if answer.status == outlook.status else answer.status
    wanted = ((commands.STATUS, status), (commands.OWNER, answer.owner))
    lines = [_line(command, value) for command, value in wanted if value]
    if lines or not (new_message.text or new_message.attachments):
        return _execute(uow, ticket, asker, outlook, new_message, lines, let_in)
    default, roles = outlook.default, asker.roles
    return workflow.take_action(
        uow,
        ticket,
        asker.member,
        roles,
        outlook.action,
        new_message,
        asker.members,
        private=outlook.comment,
        answer=_number(uow, ticket, asker, answer.answers),
        rule=(rule_of_thanks(default, new_message, asker.members) if default else None) or outlook.rule,
        let_in=let_in,
    )


def _back_on_it(uow: UnitOfWork, ticket: Ticket, asker: Asker, outlook: Outlook) -> tuple[Asker, LetIn]:
    """Give its writer the letters again, and let those in who wait for it, as their mail would (inbound/effects.py)."""
    about = Situation(ticket.lifecycle, ticket.status, asker.member, asker.roles, verified=True, believed=True)
    # The button has named those who wait.
    about = replace(about, names_waiting=True, comment=outlook.comment)
    members, let_in = asker.members, NOBODY_LET_IN
    if is_allowed(Effect.SUBSCRIBE, about):
        members = writers.subscribe(uow, ticket, asker.member, members)
    if not outlook.private and is_allowed(Effect.CONFIRM, about):
        let_in = writers.confirm_participants(uow, ticket, members)
        members = as_confirmed(members)
    here = (member for member in members if member.person_id == asker.member.person_id)
    return asker._replace(members=members, member=next(here, asker.member)), let_in


def _execute(
    uow: UnitOfWork,
    ticket: Ticket,
    asker: Asker,
    outlook: Outlook,
    new_message: NewMessage,
    wanted: Sequence[Line],
    let_in: LetIn,
) -> Event:
    """Do what the button says and more, all or nothing, by the lines that a mail would have. Raises FieldsRefused."""
    person = uow.session.get_one(Person, asker.member.person_id)
    action = _line(commands.ACTION, outlook.action.title)
    command_mail = CommandMail(
        person,
        asker.members,
        [action, *wanted],
        new_message,
        bool(new_message.text or new_message.attachments),
        [commands.ACTION, *allowed_to(asker.member)],
        outlook.comment,
        let_in=let_in,
    )
    try:
        return execute_commands(uow, ticket, command_mail)
    except CommandsRefused as refused:
        problems = {line: problem.english for line, problem in refused.problems if problem}
        raise FieldsRefused({_FIELDS[line.command]: problem for line, problem in problems.items()}) from None


_FIELDS: Mapping[Command | None, str] = {commands.ACTION: "text", commands.STATUS: "status", commands.OWNER: "owner"}


def _line(command: Command, value: str) -> Line:
    value = one_line(value)
    return Line(command.line(value), command.name, command, value)


def _number(uow: UnitOfWork, ticket: Ticket, asker: Asker, key: str) -> int | None:
    """Return the number by which somebody is shown the message that they name as the answer."""
    if not key:
        return None
    try:
        message = find_by_key(uow, ticket, asker.member, key)
    except NoSuchMessage as error:
        raise FieldsRefused({"answers": str(error)}) from None
    return visible_number(uow, ticket, message.number, asker.member)


def _last_letter(uow: UnitOfWork, ticket: Ticket) -> int:
    return uow.session.scalar(select(func.max(Letter.id)).where(Letter.ticket_id == ticket.id)) or 0


def _letters_since(uow: UnitOfWork, ticket: Ticket, last: int) -> int:
    """Return how many letters about a ticket were written after one; its row is held, so nobody else writes any."""
    return uow.session.scalar(select(func.count()).where(Letter.ticket_id == ticket.id, Letter.id > last)) or 0
