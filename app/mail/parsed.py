"""What is read from a mail, and nothing more."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from hashlib import sha256
from mimetypes import MimeTypes

from . import mime
from .addresses import Mailbox, is_usable, mailboxes
from .auto_submitted import from_list, reason
from .html_text import text_of
from .mime import Part
from .text import decoded, one_line

TEXT_LIMIT = 1_000_000
TOO_LONG = "[The mail is longer than this. It is kept whole.]"

_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f-\x9f\ufffd]{1,996}>")
_LONGEST_HEAD = 16_384
# Header lines, one of which is the Message-ID.
_MAIL = re.compile(rb"(?:[!-9;-~]++:[^\n]*+\n(?:[ \t][^\n]*+\n)*+)*?message-id:[ \t\r\n]*+<", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*+\n)++")

_TYPES = MimeTypes()  # Python's own table, whatever the machine knows besides.


@dataclass(frozen=True)
class ParsedAttachment:
    """A part of a mail that is not its text. `start` and `stop` are offsets into the mail, `size` the decoded bytes.

    `decorates`: its writer did not attach it: a picture in the text, such as a logo, or a signature. `withheld`: only
    the team gets it.
    """

    name: str
    type: str
    size: int
    start: int
    stop: int
    encoding: str
    decorates: bool = False
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """What a mail says. Every text is storable (no NUL, no surrogates); what is missing is None or empty."""

    sender: Mailbox | None
    authors: int
    subject: str
    date: datetime | None
    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    to: tuple[Mailbox, ...]
    hints: tuple[str, ...]
    automatic: str | None
    listed: bool
    text: str
    attachments: tuple[ParsedAttachment, ...]
    body_digest: bytes
    written_date: str = ""
    bounce: bool = False
    spam: bool = False


def parse_mail(raw: bytes, envelope_from: str | None = None) -> ParsedMail:
    """Read a mail. Never raises, whatever the bytes are.

    `envelope_from` is the reverse-path, "" for the null one, None where the mail came without an envelope.
    """
    headers = mime.header_block(raw)
    fields = mime.fields(headers)
    authors = _mailboxes(fields, "from")
    senders = authors or _mailboxes(fields, "sender")
    leaves = mime.parts(raw, headers)
    body = _body(raw, leaves)
    return ParsedMail(
        sender=senders[0] if senders else _enveloped(envelope_from),
        authors=len(authors),
        subject=one_line(decoded(fields.get("subject", [""])[0])),
        date=_date(fields.get("date", [""])[0]),
        message_id=next(iter(_ids(fields.get("message-id", [])[:1])), None),
        in_reply_to=_ids(fields.get("in-reply-to", [])),
        references=_ids(fields.get("references", [])),
        to=(*_mailboxes(fields, "to"), *_mailboxes(fields, "cc")),
        hints=_hints(fields),
        automatic=reason(headers, envelope_from),
        listed=from_list(headers),
        text=_text(raw, body),
        attachments=tuple(_attachments(raw, leaves, body)),
        body_digest=_digest(raw),
        written_date=one_line(decoded(fields.get("date", [""])[0])),
        bounce=_is_bounce(headers, envelope_from),
        spam=fields.get("x-spam-flag", [""])[0].strip().lower() == "yes",
    )


def _is_bounce(headers: Message, envelope_from: str | None) -> bool:
    """Whether a mail reports what became of another (RFC 3464): such a one opens no ticket."""
    kind = headers.get_content_type()
    if kind == "multipart/report":
        return True
    sender = str(headers.get("from", "")).lower()
    return envelope_from == "" and ("mailer-daemon@" in sender or "<mailer-daemon" in sender)


def _mailboxes(fields: dict[str, list[str]], name: str) -> list[Mailbox]:
    """The addresses of all headers of a name, read as one."""
    return mailboxes(", ".join(fields[name])) if name in fields else []


def _enveloped(envelope_from: str | None) -> Mailbox | None:
    return Mailbox("", envelope_from) if envelope_from and is_usable(envelope_from) else None


def _hints(fields: dict[str, list[str]]) -> tuple[str, ...]:
    """Whom a mail without an envelope was for, as the servers on its way noted it."""
    found = [*_mailboxes(fields, "x-original-to"), *_mailboxes(fields, "delivered-to")]
    return tuple(dict.fromkeys(mailbox.email for mailbox in found))


def _date(written: str) -> datetime | None:
    """An aware time in UTC; "-0000" says UTC without a place (RFC 5322 section 3.3)."""
    try:
        date = parsedate_to_datetime(written[:200])
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except Exception:  # What the standard library raises on a bad date differs between its releases.
        return None


def _ids(headers: list[str]) -> tuple[str, ...]:
    """The message ids in headers, in order: of more than 100 the first 10 and the last 90."""
    ids = [id_ for header in headers[:100] for id_ in _ID.findall(decoded(header))]
    return tuple(ids if len(ids) <= 100 else ids[:10] + ids[-90:])


def _body(raw: bytes, leaves: list[Part]) -> list[Part]:
    """The leaves that the writer wrote as text, in order.

    A named part is a file, unless there is no other text, and so is a mail that lost its type below other text. Of a
    multipart/alternative the plain form is taken, the HTML if that is blank. HTML without a plain form is text too: a
    list's footer must not hide the words above it.
    """
    inline = [leaf for leaf in leaves if leaf.disposition != "attachment" and leaf.type in ("text/plain", "text/html")]
    written = [leaf for leaf in inline if not leaf.name and (leaf is inline[0] or not _is_mail(raw, leaf))] or inline
    plain = [leaf for leaf in written if leaf.type == "text/plain"]
    said = {leaf.choice for leaf in plain if leaf.choice and mime.text(raw, leaf, 10_000).strip()}
    return [leaf for leaf in written if leaf.type == "text/plain" or leaf.choice not in said]


def _is_mail(raw: bytes, leaf: Part) -> bool:
    """Whether a part of plain text is a whole mail, headers first."""
    return leaf.type == "text/plain" and bool(_MAIL.match(mime.content(raw, leaf, _LONGEST_HEAD)))


def _text(raw: bytes, body: list[Part]) -> str:
    """The text of all these parts with an empty line between them, up to a limit that is told in the last line."""
    pieces: list[str] = []
    room = TEXT_LIMIT + 1
    for leaf in body:
        written = mime.text(raw, leaf, room)
        room -= len(written)
        piece = (text_of(written) if leaf.type == "text/html" else _BLANK_LINES.sub("", written)).rstrip()
        if piece:
            pieces.append(piece)
        if room <= 0:
            return "\n\n".join([*pieces, TOO_LONG])
    return "\n\n".join(pieces)


def _attachments(raw: bytes, leaves: list[Part], body: list[Part]) -> Iterator[ParsedAttachment]:
    """Every leaf that is neither text nor the HTML form of a text that was taken in its plain form."""
    choices = {leaf.choice for leaf in body if leaf.choice}
    for number, leaf in enumerate(leaves, 1):
        is_other_form = leaf.type == "text/html" and leaf.choice in choices and not leaf.name
        if leaf in body or (is_other_form and leaf.disposition != "attachment"):
            continue
        name = leaf.name or ("forwarded.eml" if leaf.type == "message/rfc822" else f"part-{number}{_extension(leaf)}")
        pictured = leaf.shown_in and leaf.type.startswith("image/") and leaf.disposition != "attachment"
        decorates = pictured or leaf.type in _SIGNATURES
        yield ParsedAttachment(name, leaf.type, mime.size(raw, leaf), leaf.start, leaf.stop, leaf.encoding, decorates)


# RFC 3156 and RFC 8551: what a client adds that signs.
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")


def _extension(leaf: Part) -> str:
    return _TYPES.guess_extension(leaf.type) or ""


def _digest(raw: bytes) -> bytes:
    """SHA-256 of the body without what servers change on the way: the kind of line ends, and line ends at its end."""
    digest = sha256()
    start, stop = mime.body_start(raw), len(raw)
    while start < stop and raw[stop - 1] in b"\r\n":
        tail = raw[max(start, stop - mime.CHUNK) : stop]
        stop -= len(tail) - len(tail.rstrip(b"\r\n"))
    while start < stop:
        end = min(start + mime.CHUNK, stop)
        end += raw[end - 1 : end + 1] == b"\r\n"
        digest.update(raw[start:end].replace(b"\r\n", b"\n"))
        start = end
    return digest.digest()
