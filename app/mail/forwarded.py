"""Who wrote the original of a mail that somebody passed on.

The original is attached as a mail, or a client wrote it into the text below a head: a few header lines, in the client's
language. The first head is the nearest letter's; those below it are of older letters. To name the wrong person as the
writer is worse than to find nobody, so in doubt there is no original.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from . import mime, parsed
from .addresses import Mailbox, address_key, is_usable, split
from .body_parts.encoded_words import decoded
from .quotations import client_phrases as words
from .text import one_line

# A head is looked for in so many lines. Of a line no more characters are read, and a longer sender is nobody's name.
LINES = 3_000
_LINE_LIMIT = 2_000
_SENDER_LIMIT = 1_000

_SEEN_AS_NOTHING = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\xad]")
_MARKS = re.compile(r"(?:(?:[ \t]{0,3}>)++ ?)?")
# A header line: bold marks may stand about the name or about name and colon, a cell's bar behind them.
_HEADER = re.compile(
    r"[\s|]*+([*_]*+)([^:：*_]{1,40}+)(?:\1\s?[:：]|\s?[:：]\s?\1)\s*+(?:\|(?=\s|\Z))?\s*+(.*)", re.DOTALL
)
_FIELD = re.compile(r"[A-Za-z]\w*(?:-\w+)+", re.ASCII)
_PIECE = re.compile(r'<([^\s<>]++)>|([^\s<>()\[\],;:"|]++)')
_RULE = re.compile(r"[-_=*~─—]{2,}+|-{2}[^\n]{1,200}-{2}")
_AROUND = " \t\xa0\"'*"  # What stands about a name.


class Original(NamedTuple):
    """A mail that was passed on. `sender` is who wrote it, the name "" if none is shown; only an attached one is read
    further. `date` is in UTC."""

    sender: Mailbox
    subject: str = ""
    date: datetime | None = None
    message_id: str | None = None
    text: str = ""


class _Line(NamedTuple):
    """A line: how often it is quoted, what it says, and which header line it is ("" if none) of what value."""

    marks: int
    text: str
    kind: str
    value: str


def original_inline(text: str) -> Original | None:
    """The writer of the original in the text of a mail that passes it on; None if no head is found.

    The first head counts, unless it stands amid somebody's quoted words. If that one names its writer without an
    address, as Exchange does among colleagues, there is no original: a head below it is of an older letter. Takes
    linear time; never raises.
    """
    lines = [_look(line) for line in text.split("\n", LINES)[:LINES]]
    at, amid = 0, False
    while at < len(lines):
        line = lines[at]
        if line.kind in ("", "other") or (line.marks and amid):
            amid = _is_amid(line, amid)
            at += 1
            continue
        head, at = _read(lines, at)
        # The header "Sender" may name a list's server, so "From" goes first.
        sender_line = head.pop("sender", head.pop("agent", None))
        kinds = head.keys() - {"agent", "other"}
        if sender_line is not None and kinds:
            sender = _sender(sender_line)
            if sender or (len(kinds) > 1 and "subject" in kinds):
                return Original(sender) if sender else None
        amid = line.marks > 0
    return None


def original_attached(raw: bytes, attachments: Sequence[parsed.ParsedAttachment]) -> Original | None:
    """The first mail that is attached to the mail `raw`; None if there is none, or nobody sent it. Never raises."""
    for attachment in attachments:
        if attachment.type in ("message/rfc822", "message/global"):
            part = mime.Part(
                attachment.type, None, attachment.encoding, "", attachment.name, attachment.start, attachment.stop
            )
            mail = parsed.parse_mail(mime.content(raw, part))
            if mail.sender is None:
                return None
            return Original(mail.sender, mail.subject, mail.date, mail.message_id, mail.text)
    return None


def _look(line: str) -> _Line:
    line = line[:_LINE_LIMIT]
    if not line.isascii():
        line = _SEEN_AS_NOTHING.sub("", line)
    text = _MARKS.sub("", line, count=1)
    marks = line.count(">", 0, len(line) - len(text))
    header = _HEADER.match(text)
    kind = (_KINDS.get(_fold(header[2])) or ("other" if _FIELD.fullmatch(header[2]) else "")) if header else ""
    return _Line(marks, text, kind, header[3].strip() if header else "")


def _is_amid(line: _Line, amid: bool) -> bool:
    """After this line, are quoted lines the words of somebody who wrote after the original? A line above a quotation
    ("... Ann <ann@home.example> wrote:") begins such words; what clients put above a head does not."""
    text = line.text.strip()
    if not text:
        return amid
    if line.marks:
        return amid or not (line.kind or _RULE.fullmatch(text) or _fold(text.strip("*")) in _DELIMITERS)
    return "@" in text and text.endswith((":", "："))


def _read(lines: Sequence[_Line], at: int) -> tuple[dict[str, str], int]:
    """The header lines from this one on, values by kind, and where they end: no kind comes twice, and other lines are
    folded from the one before. Blank lines part them only where a client wrote each as a paragraph."""
    head: dict[str, str] = {}
    last, blank, spaced, marks = "", 0, False, lines[at].marks
    for end in range(at, len(lines)):
        line = lines[end]
        if not line.text.strip():
            blank += 1
            spaced |= end == at + 1
            if blank > 2 or not spaced:
                return head, end
        elif line.marks != marks or line.kind in head.keys() - {"copy", "other"} or (blank and not line.kind):
            return head, end
        elif line.kind:
            last, blank = line.kind, 0
            head[last] = line.value
        elif "@" not in head[last] or line.text[0].isspace() or line.text[0] == "<":
            head[last] = f"{head[last]} {line.text.strip()}"[:_LINE_LIMIT].strip()
    return head, len(lines)


def _sender(value: str) -> Mailbox | None:
    """The one address that is named, with the words before it as the name, or else those in brackets behind it.

    Other words behind it make it doubtful: they are prose, or Outlook's "on behalf of" whoever it was.
    """
    value = value.replace("mailto:", "")
    pieces = _PIECE.finditer(value) if len(value) <= _SENDER_LIMIT else ()
    addresses = [(piece, piece[1] or piece[2].strip("'*.")) for piece in pieces]
    addresses = [(piece, email) for piece, email in addresses if "@" in email and is_usable(email)]
    # Beside one in angle brackets a word is an address only if its domain has a dot: it may be a name.
    angled = any(piece[1] for piece, _ in addresses)
    addresses = [(piece, email) for piece, email in addresses if piece[1] or not angled or "." in split(email)[1]]
    if len({address_key(email) for _, email in addresses}) != 1:
        return None
    before, after = value[: addresses[0][0].start()], value[addresses[-1][0].end() :].strip(_AROUND + ">,;|])")
    if after and not after.startswith(("(", "[")):
        return None
    name = before.lstrip(_AROUND).rstrip(_AROUND + "<[(,;") or after.strip(_AROUND + "()[]")
    return Mailbox(one_line(decoded(name), 200), addresses[0][1])


def _fold(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(":：").rstrip()


def _column(name: str) -> list[str]:
    return [_fold(word) for language in words.LANGUAGES.values() for word in getattr(language, name).split("|") if word]


def _kinds() -> dict[str, str]:
    kinds = {_fold(word): "other" for word in f"{words.OTHER_HEADERS}|{words.RAW_HEADERS}".split("|")}
    for kind in ("copy", "to", "date", "subject", "sender"):
        kinds.update(dict.fromkeys(_column(kind), kind))
    return kinds | {"sender": "agent"}


_KINDS = _kinds()
_DELIMITERS = frozenset(_column("forwarded") + _column("original"))
