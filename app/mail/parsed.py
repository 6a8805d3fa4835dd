"""What is read from a mail, and nothing more."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from mimetypes import MimeTypes

from . import mime
from .addresses import Mailbox, is_usable, mailboxes
from .auto_submitted import from_list, loop_marks, reason
from .body_parts.charsets import in_charset
from .body_parts.encoded_words import decoded
from .body_parts.header_fields import Fields, body_start, header_fields
from .body_parts.part_headers import media_type
from .body_parts.transfer_encodings import CHUNK
from .containers import calendar
from .containers.clear_signed import without_armour
from .dates import read_date
from .html.html_text import enriched, text_of, without_weight
from .machines.one_click import clicked
from .mime import Part
from .text import TOO_LONG, one_line, unflowed

TEXT_LIMIT = 1_000_000
HTML_LIMIT = 32_000_000  # Of this, pictures within the text are taken out first.
_LONGEST_WORD = 200

# Postfix's, Exim's and qmail's.
_RECIPIENTS = ("x-original-to", "envelope-to", "delivered-to")
_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f-\x9f\ufffd]{1,996}>")
_IN_ID = r"[^<>\s,;:()\"@\x00-\x1f\x7f-\x9f\ufffd]"
_BARE_ID = re.compile(rf"(?<![^\s,;]){_IN_ID}{{1,900}}+@{_IN_ID}{{1,90}}(?![^\s,;])")
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
    """What a mail says. Every text is storable (no NUL, no surrogates); what is missing is None or empty.

    `forwarded_for` are those of whom a group or list says that they wrote it, before it put its own address in From.
    `type` is the media type of the whole. `nests`: a part of it is a mail, or coded, so that more can be in it than
    its bytes show.
    """

    sender: Mailbox | None
    authors: int
    subject: str
    date: datetime | None
    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    to: tuple[Mailbox, ...]
    reply_to: tuple[Mailbox, ...]
    forwarded_for: tuple[Mailbox, ...]
    hints: tuple[str, ...]
    automatic: str | None
    listed: bool
    text: str
    attachments: tuple[ParsedAttachment, ...]
    body_digest: bytes
    written_date: str = ""
    bounce: bool = False
    spam: bool = False
    loop_marks: tuple[str, ...] = ()
    type: str = ""
    nests: bool = True


def parse_mail(raw: bytes, envelope_from: str | None = None) -> ParsedMail:
    """Read a mail. Never raises, whatever the bytes are.

    `envelope_from` is the reverse-path, "" for the null one, None where the mail came without an envelope.
    """
    return _parse(raw, envelope_from, whole=True)


def parse_heading(raw: bytes) -> ParsedMail:
    """Read a mail without its text, its attachments, and whether a machine wrote it: in a third of the time."""
    return _parse(raw, None, whole=False)


def _parse(raw: bytes, envelope_from: str | None, *, whole: bool) -> ParsedMail:
    headers = header_fields(raw)
    # Headers beyond ASCII may be in the charset of a part.
    leaves = mime.parts(raw, headers) if whole or not _is_ascii(headers) else []
    fields = _in_charset(headers, raw, leaves)
    authors = _mailboxes(fields, "from")
    senders = authors or _mailboxes(fields, "sender")
    body = _body(raw, leaves) if whole else []
    text = _text(raw, body)
    return ParsedMail(
        sender=senders[0] if senders else _enveloped(envelope_from),
        authors=len(authors),
        subject=one_line(decoded(fields.get("subject", [""])[0])),
        date=read_date(fields.get("date", [""])[0]),
        message_id=next(iter(_ids(fields.get("message-id", [])[:1], bare=False)), None),
        in_reply_to=_ids(fields.get("in-reply-to", [])),
        references=_ids(fields.get("references", [])),
        to=(*_mailboxes(fields, "to"), *_mailboxes(fields, "cc")),
        reply_to=tuple(_mailboxes(fields, "reply-to")),
        forwarded_for=(*_mailboxes(fields, "x-original-from"), *_mailboxes(fields, "x-original-sender")),
        hints=_hints(fields),
        automatic=(reason(headers, envelope_from, text) or clicked(raw, leaves, text)) if whole else None,
        listed=from_list(headers),
        text=text,
        attachments=tuple(_attachments(raw, leaves, body)) if whole else (),
        body_digest=body_digest(raw),
        written_date=one_line(decoded(fields.get("date", [""])[0])),
        bounce=_is_bounce(headers, envelope_from),
        spam=fields.get("x-spam-flag", [""])[0].strip().lower() == "yes",
        loop_marks=loop_marks(fields),
        type=media_type(headers.get("content-type", [""])[0], "text/plain"),
        nests=not whole or any(map(mime.nests, leaves)),
    )


def _is_bounce(headers: Fields, envelope_from: str | None) -> bool:
    """Whether a mail reports what became of another (RFC 3464): such a one opens no ticket."""
    if headers.get("content-type", [""])[0].partition(";")[0].strip().lower() == "multipart/report":
        return True
    sender = headers.get("from", [""])[0].lower()
    return envelope_from == "" and ("mailer-daemon@" in sender or "<mailer-daemon" in sender)


def _mailboxes(fields: dict[str, list[str]], name: str) -> list[Mailbox]:
    """The addresses of all headers of a name, read as one."""
    return mailboxes(", ".join(fields[name])) if name in fields else []


def _enveloped(envelope_from: str | None) -> Mailbox | None:
    return Mailbox("", envelope_from) if envelope_from and is_usable(envelope_from) else None


def _hints(fields: dict[str, list[str]]) -> tuple[str, ...]:
    """Whom a mail without an envelope was for, as the servers on its way noted it."""
    recipients = [mailbox for name in _RECIPIENTS for mailbox in _mailboxes(fields, name)]
    return tuple(dict.fromkeys(mailbox.email for mailbox in recipients))


def _is_ascii(fields: Fields) -> bool:
    return all(value.isascii() for values in fields.values() for value in values)


def _in_charset(fields: dict[str, list[str]], raw: bytes, leaves: list[Part]) -> dict[str, list[str]]:
    """Header values whose raw bytes are no UTF-8, read in the charset of the first text that names one."""
    if _is_ascii(fields):
        return fields
    charset = next((named for leaf in leaves if _is_text(leaf) and (named := mime.charset(raw, leaf))), None)
    return {name: [in_charset(value, charset) for value in values] for name, values in fields.items()}


def _ids_in(header: str, *, bare: bool) -> list[str]:
    """The message ids of one header; of one without angle brackets, if `bare` says so, its words with an @."""
    return _ID.findall(header) or [f"<{id_}>" for id_ in _BARE_ID.findall(header) if bare]


def _ids(headers: list[str], *, bare: bool = True) -> tuple[str, ...]:
    """The message ids in headers, in order: of more than 100 the first 10 and the last 90."""
    ids = [id_ for header in headers[:100] for id_ in _ids_in(decoded(header), bare=bare)]
    return tuple(ids if len(ids) <= 100 else ids[:10] + ids[-90:])


def _body(raw: bytes, leaves: list[Part]) -> list[Part]:
    """The leaves that the writer wrote as text, in order.

    A named part is a file, unless it is the first or there is no other text, and so is a mail that lost its type below
    other text. Where only nameless attachments have words, these are the text. Of a multipart/alternative the plain
    form is taken if it says about what the others say, else the HTML. HTML without a plain form is text too: a list's
    footer must not hide the words above it. So is text of a kind that we do not know (RFC 2046 section 4.1.4).
    """
    texts = [leaf for leaf in leaves if _is_text(leaf)]
    inline = [leaf for leaf in texts if leaf.disposition != "attachment"]
    if len(inline) < len(texts) and not any(_has_words(raw, leaf) for leaf in inline):
        inline = [leaf for leaf in texts if not leaf.name or leaf.type in _INVITATIONS]
    first = leaves[0] if leaves else None
    written = [
        leaf for leaf in inline if leaf is first or not (leaf.name or (leaf is not inline[0] and _is_mail(raw, leaf)))
    ] or inline
    forms: dict[int, list[Part]] = {}
    for leaf in written:
        forms.setdefault(leaf.choice or -leaf.start - 1, []).append(leaf)
    best = {choice: _best(raw, rivals) if len(rivals) > 1 else rivals for choice, rivals in forms.items()}
    return [leaf for leaf in written if leaf in best[leaf.choice or -leaf.start - 1]]


_NO_TEXT = re.compile(
    r"text/(?:rfc822-headers|vcard|x-vcard|directory|css|csv|javascript|x-amp-html|x-moz-deleted|x-patch|rtf)|.*\+(?:json|xml)"
)


def _is_text(leaf: Part) -> bool:
    """Whether a leaf may be words of its writer; invitations are, too."""
    if leaf.type in _INVITATIONS:
        return True
    return leaf.type.startswith("text/") and not _NO_TEXT.fullmatch(leaf.type)


_INVITATIONS = ("text/calendar", "application/ics")


def _has_words(raw: bytes, leaf: Part) -> bool:
    text = mime.text(raw, leaf, _COMPARED)
    return bool((text_of(text) if leaf.type == "text/html" else text).strip())


def _best(raw: bytes, forms: list[Part]) -> list[Part]:
    """Which forms of one text are taken: the plain one if it says what the HTML says, else that; and an invitation."""
    invitations = [leaf for leaf in forms if leaf.type in _INVITATIONS]
    html = [leaf for leaf in forms if leaf.type == "text/html"]
    plain = [leaf for leaf in forms if leaf.type == "text/plain"]
    rest = [leaf for leaf in forms if leaf not in (*invitations, *html, *plain)]
    text = "\n".join(mime.text(raw, leaf, TEXT_LIMIT) for leaf in plain)
    if not text.strip() or not (html or rest):
        return (html or rest or plain) + invitations
    return (html if html and not _says(text, raw, html) else plain) + invitations


def _says(plain: str, raw: bytes, html: list[Part]) -> bool:
    """Whether a plain text has most of the words of the HTML beside it, and is none itself."""
    if _SOURCE.match(plain[:1000]):
        return False
    text = "\n".join(text_of(mime.text(raw, leaf, TEXT_LIMIT)) for leaf in html)
    wanted = _words_in(text)
    return 10 * len(wanted & _words_in(plain)) >= 9 * len(wanted)


def _words_in(text: str) -> set[str]:
    """Return the words of a text without URLs; in scripts without spaces every character is a word."""
    return set(_ONE_WORD.findall(_LINK.sub(" ", text[:_COMPARED]).casefold()))


_COMPARED = 100_000
_LINK = re.compile(r"<[^<>\s]{1,2000}>|\[(?:cid:)?[^\[\]\n]{0,200}\]|\bhttps?://\S{1,2000}")
_ONE_WORD = re.compile("[\u0e00-\u0eff\u3040-\u9fff\uac00-\ud7a3]|[^\\W_\u0e00-\u0eff\u3040-\u9fff\uac00-\ud7a3]+")
_SOURCE = re.compile(
    r"\s*<(?:!doctype html|(?:html|body|head|p|div|table|span|font|center|meta|br)\b[^<>]{0,500}/?>)", re.IGNORECASE
)
_WHOLE_SOURCE = re.compile(r"\s*<(?:!doctype html|html\b)", re.IGNORECASE)


def _is_mail(raw: bytes, leaf: Part) -> bool:
    """Whether a part of plain text is a whole mail, headers first."""
    return leaf.type == "text/plain" and bool(_MAIL.match(mime.content(raw, leaf, _LONGEST_HEAD)))


def _text(raw: bytes, body: list[Part]) -> str:
    """The text of all these parts with an empty line between them, up to a limit that is told in the last line."""
    pieces: list[str] = []
    room = TEXT_LIMIT + 1
    for leaf in body:
        limit = room if leaf.type != "text/html" else HTML_LIMIT
        written = mime.text(raw, leaf, limit)
        is_cut = len(written) >= limit
        written = without_weight(written) if leaf.type == "text/html" else written
        is_cut = is_cut or len(written) >= room
        room -= len(written)
        piece = _rendered(leaf, written[: room + len(written)], alone=len(body) == 1).rstrip()
        if piece:
            pieces.append(f"{leaf.label}: {piece}" if leaf.label and len(body) > 1 else piece)
        if room <= 0 or is_cut:
            pieces[-1:] = [_to_whole_word(last) for last in pieces[-1:]]
            return "\n\n".join([*pieces, TOO_LONG])
    return "\n\n".join(pieces)


def _to_whole_word(text: str) -> str:
    """A text that was cut, without the piece of a word at its end."""
    end = re.search(r"\s\S*\Z", text[-_LONGEST_WORD:])
    return text[: len(text) - len(end[0])].rstrip() if end else text


def _rendered(leaf: Part, written: str, *, alone: bool) -> str:
    """What one part says, as plain text."""
    if leaf.type == "text/html" or (leaf.type == "text/plain" and _is_source(written)):
        return without_armour(text_of(written))
    if leaf.type in _INVITATIONS:
        return calendar.words_of(written, description=alone)
    if leaf.type in ("text/enriched", "text/richtext"):
        written = enriched(written)
    elif leaf.flowed and leaf.type == "text/plain":
        written = unflowed(written, delsp=leaf.flowed == "delsp")
    return without_armour(_BLANK_LINES.sub("", written))


def _is_source(text: str) -> bool:
    """Whether a text labelled as plain is HTML: a document, or all of it between tags."""
    return bool(
        _WHOLE_SOURCE.match(text) or (_SOURCE.match(text[:1000]) and text.rstrip().endswith(">") and "</" in text)
    )


def _attachments(raw: bytes, leaves: list[Part], body: list[Part]) -> Iterator[ParsedAttachment]:
    """Every leaf that is neither text nor another form of a text that was taken; an invitation is both."""
    choices = {leaf.choice for leaf in body if leaf.choice}
    for number, leaf in enumerate(leaves, 1):
        is_other_form = leaf.type.startswith("text/") and leaf.choice in choices and not leaf.name
        is_other = is_other_form and leaf.disposition != "attachment" and leaf.type not in _INVITATIONS
        if is_other or (leaf in body and leaf.type not in _INVITATIONS):
            continue
        name = leaf.name or _NAMES.get(leaf.type) or f"part-{number}{_extension(leaf)}"
        pictured = leaf.shown_in and leaf.type.startswith("image/") and leaf.disposition != "attachment"
        decorates = pictured or leaf.type in _SIGNATURES
        yield ParsedAttachment(name, leaf.type, mime.size(raw, leaf), leaf.start, leaf.stop, leaf.encoding, decorates)


_NAMES = {"message/rfc822": "forwarded.eml", **dict.fromkeys(_INVITATIONS, "invitation.ics")}
# RFC 3156 and RFC 8551: what a client adds that signs.
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")


def _extension(leaf: Part) -> str:
    return _TYPES.guess_extension(leaf.type) or ""


def date_of(raw: bytes) -> datetime | None:
    """When a mail says that it was written."""
    return read_date(header_fields(raw).get("date", [""])[0])


def body_digest(raw: bytes) -> bytes:
    """SHA-256 of the body without what servers change on the way: the kind of line ends, and line ends at its end."""
    digest = sha256()
    start, stop = body_start(raw), len(raw)
    while start < stop and raw[stop - 1] in b"\r\n":
        tail = raw[max(start, stop - CHUNK) : stop]
        stop -= len(tail) - len(tail.rstrip(b"\r\n"))
    while start < stop:
        end = min(start + CHUNK, stop)
        end += raw[end - 1 : end + 1] == b"\r\n"
        digest.update(raw[start:end].replace(b"\r\n", b"\n"))
        start = end
    return digest.digest()
