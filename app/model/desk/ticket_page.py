"""A ticket's page: everything that one person may see of a ticket, and do on it, in one structure."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from ..inbound.attached_letters import may_get_all_files
from ..inbound.unmatched import raw_bytes
from ..letters.change_lines import change_lines
from ..letters.pages.ticket_text import byline
from ..records.messages import Attachment, Message, NoSuchMessage, Via, contents_of
from ..records.people import Person
from ..records.tickets import NoSuchTicket, Ticket, resolve_merged
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import TicketMember, is_notified, member_for, members_of, with_mailbox
from ..tickets.members import Update as Words
from ..tickets.ticket_json import ticket_in_full
from ..tickets.undo import undoable_checkpoint
from ..tickets.visibility import ids_as_shown, may_see
from .answer_form import AnswerForm, form_of
from .basics import Basics, basics_of
from .message_keys import find_by_key, ids_since, message_key
from .outlook import asker_for

PAGE = 100


class PersonOnIt(NamedTuple):
    """Somebody on a ticket, for responders: what they are there, and whether they get its letters."""

    name: str
    email: str
    requestor: bool
    assignee: bool
    copied_in: bool
    on_team: bool
    gets_letters: bool


class TicketPage(NamedTuple):
    """What one person is shown of a ticket.

    `view` is the JSON of `show --as` (docs/interface.md, section 9) with the newest messages; each has besides `key`,
    its name in addresses, `byline`, who did what by it, `own`, whether the reader wrote it, and `raw`, whether it came
    by a mail that they may get whole. Each change has besides `line`, as letters say it. `earlier` is the key before
    which there are more, or empty; `number` counts the earlier ones. `basics` is None for whoever may set nothing;
    `people` is empty but for `insider`, who sees private notes; a `responder` acts for the team, too. `undo`: the last
    change can be taken back by the reader.
    """

    view: dict[str, Any]
    form: AnswerForm
    basics: Basics | None
    people: Sequence[PersonOnIt]
    responder: bool
    insider: bool
    earlier: str
    number: int
    undo: bool


class MergedAway(Exception):
    """The ticket is part of another one, which its reader may see; `ticket` is its number."""

    def __init__(self, ticket: int) -> None:
        super().__init__(f"It is part of ticket {ticket} now.")
        self.ticket = ticket


def ticket_page(uow: UnitOfWork, number: int, person: Person, *, before: str = "") -> TicketPage:
    """Return a ticket's page for one person: its newest messages, or those before a key.

    Locks nothing. NoSuchTicket for whoever may see nothing; MergedAway where it is part of one that they may see.
    """
    ticket, member, members = seen_ticket(uow, number, person)
    ids = ids_as_shown(uow, ticket, member)
    stop = next((at for at, own_id in enumerate(ids) if before and message_key(uow, own_id) == before), len(ids))
    chosen = ids[max(stop - PAGE, 0) : stop]
    view = ticket_in_full(uow, ticket, person, chosen, members)
    for message_id, message in zip(chosen, view["messages"], strict=True):
        message["key"] = message_key(uow, message_id)
        message["byline"] = byline(message, ticket.lifecycle, person.email)
        message["own"] = message["sender"] is not None and message["sender"]["email"] == person.email
        message["raw"] = message["via"] == Via.MAIL and (member.responder or message["own"])
    changes = [(change["field"], change["old"], change["new"]) for change in view["changes"]]
    for change, line in zip(view["changes"], change_lines(uow, changes), strict=True):
        change["line"] = line.english
    earlier = max(stop - PAGE, 0)
    form = form_of(uow, ticket, asker_for(uow, ticket, member, members))
    return TicketPage(
        view=view,
        form=form,
        basics=basics_of(uow, ticket, member, members, form.owners) if member.responder else None,
        people=_listeners(uow, ticket, members) if member.insider else [],
        responder=member.responder,
        insider=member.insider,
        earlier=message_key(uow, ids[earlier]) if earlier else "",
        number=earlier,
        undo=_may_undo(uow, ticket, member),
    )


def seen_ticket(uow: UnitOfWork, number: int, person: Person) -> tuple[Ticket, TicketMember, Sequence[TicketMember]]:
    """Return a ticket that somebody may see, what they are on it, and who else is. It is only read, and not locked.

    NoSuchTicket for whoever may see nothing; MergedAway where it is part of one that they may see.
    """
    ticket = resolve_merged(uow, number, locked=False)
    members = members_of(uow, ticket)
    member = member_for(person, members)
    if not may_see(ticket, member):
        raise NoSuchTicket("no_ticket", number=number)
    if ticket.id != number:
        raise MergedAway(ticket.id)
    return ticket, member, members


def _listeners(uow: UnitOfWork, ticket: Ticket, members: Sequence[TicketMember]) -> list[PersonOnIt]:
    """Return everybody on a ticket, and who of them gets the letters of public words."""
    reachable = {member.person_id for member in with_mailbox(uow, members)}
    words = Words(has_text=True)
    return [
        PersonOnIt(
            member.label,
            member.email,
            member.requestor,
            member.assignee,
            member.participant,
            member.answers,
            member.person_id in reachable and is_notified(member, words, ticket.lifecycle),
        )
        for member in members
    ]


def _may_undo(uow: UnitOfWork, ticket: Ticket, member: TicketMember) -> bool:
    checkpoint = undoable_checkpoint(uow, ticket)
    return checkpoint is not None and (member.responder or checkpoint.by_id == member.person_id)


class News(NamedTuple):
    """What has come on a ticket since a reader last looked: how many messages, and who wrote the newest."""

    messages: int
    by: str


def news(uow: UnitOfWork, number: int, person: Person, seen: str) -> News:
    """Return what others wrote since the message of this key, as far as somebody may see it."""
    ticket, member, _ = seen_ticket(uow, number, person)
    ids = ids_since(uow, ticket, member, seen)
    if not ids:
        return News(0, "")
    query = select(Message).where(Message.id.in_(ids), Message.sender_id.is_distinct_from(person.id))
    messages = uow.session.scalars(query.order_by(Message.number)).all()
    sender = messages[-1].sender if messages else None
    return News(len(messages), sender.label if sender else "")


def raw_message(uow: UnitOfWork, number: int, person: Person, key: str) -> bytes:
    """Return the exact bytes of a message, for those who may see all of the ticket, and for its writer.

    NoSuchTicket or NoSuchMessage for everybody else, and where it came by command.
    """
    ticket, member, _ = seen_ticket(uow, number, person)
    message = find_by_key(uow, ticket, member, key)
    if message.mail_id is None or not (member.insider or message.sender_id == person.id):
        raise NoSuchMessage("no_such_message", ticket=ticket.id)
    return raw_bytes(uow, message.mail_id)


class MessageFile(NamedTuple):
    """A file of a message, with its bytes."""

    name: str
    type: str
    content: bytes


def message_file(uow: UnitOfWork, number: int, person: Person, key: str, place: int) -> MessageFile:
    """Return a file of a message, by its place among those that somebody is shown, from 1 on. NoSuchMessage if none."""
    ticket, member, _ = seen_ticket(uow, number, person)
    message = find_by_key(uow, ticket, member, key)
    files = shown_files(uow, message, person)
    if message.mail_id is None or not 0 < place <= len(files):
        raise NoSuchMessage("no_such_file", ticket=ticket.id)
    file = files[place - 1]
    (content,) = contents_of(raw_bytes(uow, message.mail_id), [file])
    return MessageFile(file.name, file.type, content)


def shown_files(uow: UnitOfWork, message: Message, person: Person) -> list[Attachment]:
    """Return the files of a message that somebody gets, in the order of the JSON."""
    everything = may_get_all_files(uow, message, person.id)
    return [file for file in message.attachments if everything or not file.withheld]
