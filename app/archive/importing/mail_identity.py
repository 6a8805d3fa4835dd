"""What is read of a mail before its thread is known: who it is, and what it hangs together with."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

from ...mail.addresses import Mailbox, address_key, is_usable
from ...mail.body_parts.encoded_words import decoded, unescaped
from ...mail.body_parts.header_fields import body_start, header_fields
from ...mail.dates import read_date
from ...mail.delivery_status import addresses_blamed
from ...mail.parsed import ParsedMail, body_digest, parse_heading
from ...mail.subjects import bare_subject
from ...mail.text import one_line
from ...model.inbound.inbound_mail import identity_of
from ...model.records.imported_mail import NOBODY, PERSON_BYTES, digest, person_key
from ...model.tickets.posts import plausible_date
from ..export_marks import ExportMark, mark_of
from ..reading.from_line import written_on

OWN = b"\x01"
"""What ends the key of an id where it is that of the mail itself, and not of one that it names."""

EVERYBODY = b"\xff" * PERSON_BYTES
"""Who reads a mail that names no recipient, or that a list has sent."""

_MOST_PEOPLE = 30
_MOST_PARENTS = 100
_ESCAPED = re.compile(rb"^>+(?=From )", re.MULTILINE)
# As public archives write an address, to keep it from those who gather them: "ann at example.org (Ann)".
_HIDDEN = re.compile(r"(?P<name>[^<>()]*?)\s*<?(?P<local>[^\s<>()@]+) at (?P<domain>[^\s<>()@]+\.[^\s<>()@]+)>?"
                     r"\s*(?:\((?P<comment>[^()]*)\))?\s*", re.IGNORECASE)  # fmt: skip
_RETURNED = re.compile(rb"^>?[ \t]*message-id:[ \t]*(<[^<>\s]{1,900}>)", re.IGNORECASE | re.MULTILINE)
# In-Reply-To as mail programs of old wrote it: 'Message from Ann <ann@example.org> of "Mon, 3 Feb 2014" <id@host>'.
_NAMED = re.compile(r"(<[^<>\s]{1,996}>)")
_BY = re.compile(r"\b(?:from|von)\b(?!.*\b(?:of|vom)\b)", re.IGNORECASE | re.DOTALL)
_MOST_WORDS = 16_384
_POSTMEN = re.compile(r"(?:mailer-daemon|mdaemon|post_?master|mail[-_.]?(?:delivery|daemon)[^@]*)@", re.IGNORECASE)


class MailIdentity(NamedTuple):
    """What tells mails apart and together; texts as digests. `parents` are ids that it names, the nearest first.

    `known_as` is how a mail is known that came by mail, `mark` where it stood in a tracker that exported it.
    """

    exact: bytes
    identity: bytes
    mark: ExportMark | None
    known_as: str
    own: str | None
    parents: tuple[str, ...]
    date: datetime | None
    subject: bytes | None
    answers: bool
    people: bytes


def exact_digest(raw: bytes) -> bytes:
    """The digest of a mail's very bytes."""
    return blake2b(raw, digest_size=16).digest()


def id_key(message_id: str) -> bytes:
    """A Message-ID as links are kept."""
    return digest(message_id.encode("utf-8", "replace"), size=PERSON_BYTES)


def own_key(message_id: str) -> bytes:
    """A Message-ID as that of the mail which bears it as its own; it is told from the others by its length."""
    return id_key(message_id) + OWN


def mail_identity_of(
    raw: bytes, exact: bytes, envelope: bytes, now: datetime, is_ours: Callable[[str], bool]
) -> MailIdentity:
    """The identity of a mail; `exact` is its `exact_digest`.

    `is_ours` says which addresses are the tracker's own: all mail names them. Never raises.
    """
    parsed = parse_heading(raw)
    writer = writer_of(parsed, raw)
    subject, answers = bare_subject(parsed.subject)
    mark = mark_of(envelope)
    return MailIdentity(
        exact=exact,
        identity=_identity(parsed, writer, raw),
        mark=mark,
        known_as=identity_of(parsed),
        own=parsed.message_id,
        parents=tuple(dict.fromkeys(_parents(parsed, writer, raw)))[:_MOST_PARENTS],
        date=(date_in_box(envelope, now) if mark else None) or date_of(parsed, raw, envelope, now),
        subject=digest(subject.encode("utf-8", "replace"), size=PERSON_BYTES) if subject else None,
        answers=answers,
        people=b"".join(_people(parsed, writer, is_ours)),
    )


def writer_of(parsed: ParsedMail, raw: bytes) -> Mailbox | None:
    """Who wrote a mail, also where an archive has hidden the address ("ann at example.org (Ann)")."""
    if parsed.sender is not None:
        return parsed.sender
    for written in header_fields(raw).get("from", [])[:1]:
        hidden = _HIDDEN.fullmatch(unescaped(written)[:500])
        email = f"{hidden['local']}@{hidden['domain']}" if hidden else ""
        if hidden and is_usable(email):
            return Mailbox(one_line(decoded(hidden["comment"] or hidden["name"].strip('" ')), 200), email)
    return None


def replies_to(parsed: ParsedMail, raw: bytes) -> tuple[str, ...]:
    """The ids of a mail's In-Reply-To, without the addresses that programs of old wrote there, too."""
    if not parsed.in_reply_to:
        return ()
    people = {address_key(mailbox.email) for mailbox in (parsed.sender, *parsed.to) if mailbox}
    real = {
        in_reply_mailbox for in_reply_mailbox in parsed.in_reply_to if address_key(in_reply_mailbox[1:-1]) not in people
    }
    replies: list[str] = []
    for header in header_fields(raw).get("in-reply-to", [])[:_MOST_PARENTS]:
        pieces = _NAMED.split(decoded(header[:_MOST_WORDS]))
        named = list(zip(pieces[::2], pieces[1::2], strict=False))
        ids = [message_id for before, message_id in named if message_id in real and not _BY.search(before)]
        # Where words stand before the ids, the last one is that of the mail.
        replies += ids[-1:] if any(any(map(str.isalnum, before)) for before, _ in named) else ids
    return tuple(replies)


def ancestors_of(parsed: ParsedMail, replies: Iterable[str]) -> tuple[str, ...]:
    """The ids of the mails that a mail answers, the nearest first; `replies` are those of `replies_to`."""
    return (*replies, *reversed(parsed.references))


def is_old_bounce(parsed: ParsedMail, raw: bytes) -> bool:
    """Whether a mail server gave a mail back without any sign of today's: in an archive no envelope shows it."""
    by_server = parsed.sender is not None and _POSTMEN.match(parsed.sender.email)
    return bool(by_server and any(addresses_blamed(raw)))


def date_of(parsed: ParsedMail, raw: bytes, envelope: bytes, now: datetime) -> datetime | None:
    """When a mail was written: by its Date, else by when the last server had it, else by the box it lies in."""
    for date in _dates(parsed, raw, envelope):
        if date is not None and plausible_date(date, now) == date:
            return date
    return None


def date_in_box(envelope: bytes, now: datetime) -> datetime | None:
    """When a mail came to the box that it lies in, as the line above it says."""
    date = written_on(envelope)
    return date if date is not None and plausible_date(date, now) == date else None


def _dates(parsed: ParsedMail, raw: bytes, envelope: bytes) -> Iterator[datetime | None]:
    yield parsed.date
    for received in header_fields(raw).get("received", [])[:1]:
        yield read_date(unescaped(received).rpartition(";")[2])
    yield written_on(envelope)


def _identity(parsed: ParsedMail, writer: Mailbox | None, raw: bytes) -> bytes:
    """Return what makes two mails the same (docs/interface.md, section 7), without the marks of a mailbox."""
    named = [parsed.message_id] if parsed.message_id else ["", parsed.written_date, parsed.subject]
    body = body_digest(_ESCAPED.sub(b"", raw)) if b">From " in raw else parsed.body_digest
    words = [address_key(writer.email) if writer else "", *named]
    return digest(*(word.encode("utf-8", "replace") for word in words), body)


def _parents(parsed: ParsedMail, writer: Mailbox | None, raw: bytes) -> Iterator[str]:
    yield from ancestors_of(parsed, replies_to(parsed, raw))
    if parsed.bounce or (writer is not None and _POSTMEN.match(writer.email)):
        # A bounce belongs to the mail that it brings back.
        returned = [match[1] for _, match in zip(range(5), _RETURNED.finditer(raw, body_start(raw)), strict=False)]
        yield from (encoded.decode("utf-8", "replace") for encoded in returned)


def _people(parsed: ParsedMail, writer: Mailbox | None, is_ours: Callable[[str], bool]) -> Iterator[bytes]:
    first = person_key(writer.email) if writer and not is_ours(writer.email) else NOBODY
    yield first
    keys = {person_key(mailbox.email) for mailbox in parsed.to[:_MOST_PEOPLE] if not is_ours(mailbox.email)}
    yield from sorted(keys - {first})
    if parsed.listed or not parsed.to:
        yield EVERYBODY
