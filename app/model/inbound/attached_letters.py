"""Letters of ours within a mail: whose ids it shows to others, and which of its files only the team gets."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from sqlalchemy import select, update

from ...mail.addresses import Mailbox, address_key
from ...mail.mime import NESTED, nested_contents
from ...mail.parsed import ParsedAttachment
from ..records.addressing import find_our_address
from ..records.letters import Letter
from ..records.message_ids import our_ids_in
from ..records.messages import Message, contents_of
from ..records.people import Person, find_person
from ..records.queues import Responder
from ..records.tickets import Ticket
from ..storage.batches import batches
from ..storage.unit_of_work import UnitOfWork
from ..tickets.members import member_for, members_of
from ..tickets.redaction import Redaction
from .inbound_mail import InboundMail

# The envelope sender of a letter of ours (in Return-Path). Older ones are shorter.
_TOKEN = re.compile(rb"bounce-([0-9a-f]{20}|[0-9a-f]{28})@")


def attachments_of(uow: UnitOfWork, inbound_mail: InboundMail) -> tuple[ParsedAttachment, ...]:
    """The files of a mail, those marked that have a letter to the team in them."""
    judged: dict[int, bool] = {}
    files, raw = inbound_mail.parsed.attachments, inbound_mail.raw
    contents = zip(files, contents_of(raw, files), strict=True)
    return tuple(replace(file, withheld=_is_for_team(uow, content, judged)) for file, content in contents)


def may_get_all_files(uow: UnitOfWork, message: Message, person_id: int) -> bool:
    """Whether somebody gets every file of a message: none is withheld, or they answer for its ticket now."""
    if not any(attachment.withheld for attachment in message.attachments):
        return True
    person, ticket = uow.session.get(Person, person_id), uow.session.get_one(Ticket, message.ticket_id)
    return person is not None and member_for(person, members_of(uow, ticket)).insider


def _is_for_team(uow: UnitOfWork, file: bytes, judged: dict[int, bool]) -> bool:
    """Whether a file has a letter in it that was about a private message, or went to somebody of the team."""
    ids: set[str] = set()
    tokens: set[str] = set()
    for content in nested_contents(file):
        ids |= our_ids_in(uow, content)
        tokens |= {match.decode() for match in _TOKEN.findall(content)}
    return any(
        judged[letter.id] if letter.id in judged else judged.setdefault(letter.id, _went_to_team(uow, letter))
        for column, names in ((Letter.message_id, ids), (Letter.token, tokens))
        for batch in batches(sorted(names))
        for letter in uow.session.scalars(select(Letter).where(column.in_(batch)))
    )


def _went_to_team(uow: UnitOfWork, letter: Letter) -> bool:
    """Whether a letter was about a private message, or its reader may have seen one, or is on its ticket no more."""
    if letter.ticket_id is None:
        answers = select(Responder.person_id).where(Responder.person_id == letter.person_id).limit(1)
        return letter.person.administrator or uow.session.scalar(answers) is not None
    ticket = uow.session.get_one(Ticket, letter.ticket_id)
    reader = member_for(letter.person, members_of(uow, ticket))
    left = letter.about_id is not None and not (reader.requestor or reader.participant)
    private = select(Message.id).where(Message.id == letter.about_id, Message.private)
    insider = left or letter.person_id in Redaction(uow, ticket).insiders
    return insider or uow.session.scalar(private) is not None


def mark_exposed(uow: UnitOfWork, inbound_mail: InboundMail, *, passed_on: bool = True) -> None:
    """Remember which letters' ids a mail shows to others, wherever it has them (docs/interface.md, section 6).

    Whoever is named in the mail sees all of it, others what is `passed_on`: its words and files.
    """
    nested = nested_contents(inbound_mail.raw, NESTED if inbound_mail.parsed.nests else 0)
    shown = _ids_in_all(uow, chain(nested, [_words_of(inbound_mail)]))
    if shown and not inbound_mail.parsed.listed and not _names_others(uow, inbound_mail):
        shown = _ids_in_all(uow, _passed_on(inbound_mail)) if passed_on else set()
    for portion in batches(sorted(shown)) if shown else ():
        uow.connection.execute(update(Letter).where(Letter.message_id.in_(portion)).values(shown=True))


def _names_others(uow: UnitOfWork, inbound_mail: InboundMail) -> bool:
    """Whether To or Cc name somebody besides its writer and addresses of ours."""
    sender, named = inbound_mail.sender, {address_key(mailbox.email): mailbox for mailbox in inbound_mail.parsed.to}
    others = [mailbox for key, mailbox in named.items() if sender is None or key != address_key(sender.email)]
    return any(
        find_our_address(uow, mailbox.email) is None and not _is_same(uow, sender, mailbox) for mailbox in others
    )


def _is_same(uow: UnitOfWork, sender: Mailbox | None, other: Mailbox) -> bool:
    """Whether an address is another one of the writer's."""
    person = find_person(uow, sender.email) if sender else None
    return person is not None and find_person(uow, other.email) is person


def _ids_in_all(uow: UnitOfWork, texts: Iterable[bytes]) -> set[str]:
    return {message_id for text in texts for message_id in our_ids_in(uow, text)}


def _words_of(inbound_mail: InboundMail) -> bytes:
    """What a mail says as people read it: its subject, its words, the names of its files."""
    parsed = inbound_mail.parsed
    words: Iterable[str] = (parsed.subject, parsed.text, *(file.name for file in parsed.attachments))
    return "\n".join(words).encode("utf-8", "replace")


def _passed_on(inbound_mail: InboundMail) -> Iterator[bytes]:
    parsed = inbound_mail.parsed
    yield _words_of(inbound_mail)
    for content in contents_of(inbound_mail.raw, parsed.attachments):
        yield from nested_contents(content)
