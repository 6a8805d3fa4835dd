"""How the original is found in a mail that somebody passed on.

Either it is attached as a mail, or a client wrote it into the text below a head: a few header lines, in the client's
language. The first head is the nearest letter's; those below it are of older letters. To name the wrong person as the
writer is worse than to find nobody, so in doubt there is no original.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import dropwhile, islice
from typing import NamedTuple

from . import client_phrases as words
from . import mime, parsed
from .addresses import Mailbox, address_key, is_usable, split
from .text import decoded, one_line

# A head is looked for in so many lines, and has no more than so many. Of a header line no more characters are read; a
# sender of more characters or words is nobody's name.
LINES = 3_000
HEAD_LINES = 200
LONG = 2_000
SENDER_LONG = 1_000
SENDER_WORDS = 50

_SEEN_AS_NOTHING = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\xad]")
_MARKS = re.compile(r"(?:(?:[ \t]{0,3}>)++ ?)?")

# A header line: bold marks may stand about the name or about name and colon, a cell's bar behind them.
_HEADER = re.compile(
    r"[\s|]*+([*_]*+)([^:：*_]{1,40}+)(?:\1\s?[:：]|\s?[:：]\s?\1)\s*+(?:\|(?=\s|\Z))?\s*+(.*)", re.DOTALL
)
_FIELD = re.compile(r"[A-Za-z]\w*(?:-\w+)+", re.ASCII)
_LIKE_A_HEADER = re.compile(r"[^\W\d]\S{0,20}(?: \S{1,20})? ?[:：]\s")
_PIECE = re.compile(r'<([^\s<>]++)>|([^\s<>()\[\],;:"|]++)')
_RULE = re.compile(r"[-_=*~─—]{2,}+")
_DASHED = re.compile(r"-{2}[^\n]{1,200}-{2}")

_AROUND = " \t\xa0\"'*"  # What stands about a name.
_DATE = re.compile(
    r"((?:[a-z]{3}, ?)?\d{1,2} [a-z]{3} \d{4} \d{1,2}:\d\d(?::\d\d)? (?:GMT|UTC?|[+-]\d{4}))(?: \([a-z0-9 ]{1,40}\))?",
    re.IGNORECASE | re.ASCII,
)
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?) ?(GMT|UTC|Z|[+-]\d\d:?\d\d)", re.ASCII)


class Original(NamedTuple):
    """A mail that was passed on. `sender` is who wrote it, the name "" if none is shown; `date` is in UTC, and None
    where it is not shown beyond doubt. `message_id` is only known of an attached one."""

    sender: Mailbox
    subject: str
    date: datetime | None
    message_id: str | None
    text: str


class _Line(NamedTuple):
    """A line: how often it is quoted, what it says, and which header line it is ("" if none) of what value."""

    marks: int
    said: str
    kind: str
    value: str


class _Address(NamedTuple):
    """An address and its place in a header line."""

    email: str
    start: int
    stop: int
    angled: bool


@dataclass
class _Head:
    """The header lines that begin at a line, values by kind, up to the line `end`."""

    marks: int
    indentation: int
    values: dict[str, str]
    end: int

    @property
    def named(self) -> str | None:
        """What is said of the sender. The header "Sender" may name a list's server, so "From" goes first."""
        return self.values.get("sender", self.values.get("agent"))

    @property
    def others(self) -> int:
        """How many header lines there are besides the sender's."""
        return len(self.values.keys() - {"sender", "agent", "other"})


def original_inline(text: str) -> Original | None:
    """The original in the text of a mail that passes it on, with what follows its head; None if no head is found.

    The first head counts, unless it stands amid somebody's quoted words. If that one names its writer without an
    address, as Exchange does among colleagues, there is no original: a head below it is of an older letter. Takes
    linear time; never raises.
    """
    lines = text.split("\n")
    at, amid = 0, False
    while at < min(len(lines), LINES):
        line = _look(lines[at])
        if line.kind in ("", "other") or (line.marks and amid):
            amid = _is_amid(line, amid)
            at += 1
            continue
        head = _read(lines, at)
        sender = _sender(head.named) if head.named and head.others else None
        if sender:
            return _original(sender, head, lines)
        if head.named is not None and head.others > 1 and "subject" in head.values:
            return None
        at, amid = head.end, head.marks > 0
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


def _original(sender: Mailbox, head: _Head, lines: Sequence[str]) -> Original:
    subject = one_line(decoded(head.values.get("subject", "")))
    return Original(sender, subject, _date(head.values.get("date", "")), None, _words(lines[head.end :], head.marks))


def _words(lines: Sequence[str], marks: int) -> str:
    """What lines say, without as many quote marks as the head has, and without blank lines at both ends."""
    if marks:
        quoted = re.compile(rf"(?:[ \t]{{0,3}}>){{1,{marks}}}+ ?")
        lines = [quoted.sub("", line, count=1) if quoted.match(line) else line for line in lines]
    return "\n".join(dropwhile(lambda line: not line.strip(), lines)).rstrip()


def _look(line: str) -> _Line:
    line = line[:LONG]
    if not line.isascii():
        line = _SEEN_AS_NOTHING.sub("", line)
    said = _MARKS.sub("", line, count=1)
    marks = line.count(">", 0, len(line) - len(said))
    header = _HEADER.match(said)
    return _Line(marks, said, _kind(header[2]), header[3].strip()) if header else _Line(marks, said, "", "")


def _kind(name: str) -> str:
    """Which header line has this name, in any language."""
    return _KINDS.get(_fold(name)) or ("other" if _FIELD.fullmatch(name) else "")


def _is_amid(line: _Line, amid: bool) -> bool:
    """After this line, are quoted lines the words of somebody who wrote after the original? A line above a quotation
    ("... Ann <ann@home.example> wrote:") begins such words."""
    if not line.said.strip():
        return amid
    if line.marks:
        return amid or not (line.kind or _is_delimiter(line.said))
    return "@" in line.said and line.said.rstrip().endswith((":", "："))


def _is_delimiter(said: str) -> bool:
    """Is it what clients put above a head: "-----Original Message-----", "Begin forwarded message:", or a rule?"""
    said = said.strip()
    return bool(_RULE.fullmatch(said) or _DASHED.fullmatch(said)) or _fold(said.strip("*")) in _DELIMITERS


def _read(lines: Sequence[str], at: int) -> _Head:
    """The header lines from this one on. No kind comes twice, that would be the next head."""
    first = _look(lines[at])
    head = _Head(first.marks, _indentation(first.said), {first.kind: first.value}, at + 1)
    spaced = at + 1 < len(lines) and not _look(lines[at + 1]).said.strip()
    last = first.kind
    while head.end < min(len(lines), at + HEAD_LINES):
        if spaced:
            _skip_blank(lines, head)
        line = _look(lines[head.end])
        if line.kind and line.marks == head.marks and line.kind not in head.values.keys() - {"other", "copy"}:
            last = line.kind
            head.values[last] = line.value
        elif not line.kind and _goes_on(lines, head, line, last):
            _append(head, last, line)
        else:
            break
        head.end += 1
    return head


def _skip_blank(lines: Sequence[str], head: _Head) -> None:
    """Go to the next header line behind blank lines, as HTML has them between paragraphs."""
    for at in range(head.end, min(len(lines), head.end + 3)):
        line = _look(lines[at])
        if line.said.strip():
            if line.kind not in ("", "other", *head.values):
                head.end = at
            return


def _goes_on(lines: Sequence[str], head: _Head, line: _Line, last: str) -> bool:
    """Is this more of the header line before, or one that we do not know? Then another one follows, or it looks folded
    or broken, or they are all the header lines that the letter had."""
    if not line.said.strip() or line.marks != head.marks:
        return False
    for at in range(head.end + 1, min(len(lines), head.end + 3)):
        below = _look(lines[at])
        if not below.said.strip() or below.kind in head.values:
            break
        if below.kind:
            return True
    if _indentation(line.said) > head.indentation or line.said.startswith("<"):
        return True
    if "other" in head.values and _LIKE_A_HEADER.match(line.said):
        return True
    before = _look(lines[head.end - 1]).said.rstrip()
    listed = last in ("to", "copy") and before.endswith((",", ";"))
    return listed or _is_broken(before, line.said, lines[head.end + 1 : head.end + 2])


def _is_broken(before: str, said: str, below: Sequence[str]) -> bool:
    """Did a client break a line here? The next word had no room in it, and a paragraph ends."""
    fits = len(before) > 80 or len(before) + len(said.split(maxsplit=1)[0]) < 72
    return not fits and not _look("".join(below)).said.strip()


def _append(head: _Head, last: str, line: _Line) -> None:
    """Header lines that we do not know have no place in the one before."""
    if last != "other" and not _LIKE_A_HEADER.match(line.said):
        head.values[last] = f"{head.values[last]} {line.said.strip()}"[:LONG].strip()


def _indentation(said: str) -> int:
    return len(said) - len(said.lstrip())


def _sender(value: str) -> Mailbox | None:
    """The one address that is named, with the words before it as the name, or else those in brackets behind it.

    Other words behind it make it doubtful: they are prose, or Outlook's "on behalf of" whoever it was.
    """
    value = value.replace("mailto:", "")
    found = _addresses(value) if len(value) <= SENDER_LONG else []
    if len({address_key(one.email) for one in found}) != 1:
        return None
    before, after = value[: found[0].start], value[found[-1].stop :].strip(_AROUND + ">,;|])")
    if after and not after.startswith(("(", "[")):
        return None
    name = before.lstrip(_AROUND).rstrip(_AROUND + "<[(,;") or after.strip(_AROUND + "()[]")
    return Mailbox(one_line(decoded(name), 200), found[0].email)


def _addresses(value: str) -> list[_Address]:
    """The addresses. Beside one in angle brackets a word is one only if its domain has a dot: it may be a name."""
    found: list[_Address] = []
    for piece in islice(_PIECE.finditer(value), SENDER_WORDS):
        email = piece[1] or piece[2].strip("'*.")
        if "@" in email and is_usable(email):
            found.append(_Address(email, piece.start(), piece.end(), piece[1] is not None))
    angled = any(one.angled for one in found)
    return [one for one in found if one.angled or not angled or "." in split(one.email)[1]]


def _date(value: str) -> datetime | None:
    """A date of RFC 5322 or ISO 8601 that names its zone by number or as UTC, in UTC."""
    try:
        if mail := _DATE.fullmatch(value):
            date = parsedate_to_datetime(mail[1])
        elif iso := _ISO.fullmatch(value):
            date = datetime.fromisoformat(f"{iso[1]}T{iso[2]}{iso[3] if iso[3][0] in '+-' else 'Z'}")
        else:
            return None
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except Exception:  # What the standard library raises on a bad date differs between its releases.
        return None


def _fold(said: str) -> str:
    return " ".join(said.casefold().split()).rstrip(":：").rstrip()


def _column(name: str) -> list[str]:
    return [_fold(word) for language in words.LANGUAGES.values() for word in getattr(language, name).split("|") if word]


def _kinds() -> dict[str, str]:
    kinds = {_fold(word): "other" for word in f"{words.OTHER_HEADERS}|{words.RAW_HEADERS}".split("|")}
    for kind in ("copy", "to", "date", "subject", "sender"):
        kinds.update(dict.fromkeys(_column(kind), kind))
    return kinds | {"sender": "agent"}


_KINDS = _kinds()
_DELIMITERS = frozenset(_column("forwarded") + _column("original"))
