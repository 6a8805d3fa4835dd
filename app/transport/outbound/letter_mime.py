"""How a letter's row becomes a mail: headers of our own and text in UTF-8, whatever its script."""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from ...mail.text import one_line
from ...model.records.letters import Letter

_LINE = 76
# An encoded word has at most 75 characters (RFC 2047, 2): so many bytes fit beside what stands around them.
_WORD_BYTES = 45
_PLAIN = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
_PHRASE = re.compile(r"[\w!#$%&'*+/^`{|}~ -]+", re.ASCII)


class _Written(BaseHeader):
    """A header whose value is what goes over the wire, to be folded at its spaces.

    The standard library would read every value before it writes it. It cannot read all that people call themselves,
    it takes a name that looks encoded for one that is, and of some it writes headers that end before their end.
    """

    max_count = 1

    @staticmethod
    def parse(value: str, kwds: dict[str, Any]) -> None:
        """Take the value as it is."""
        kwds.update(decoded=value)

    def init(self, name: str, **_kwds: Any) -> None:
        """Keep the name, by which the standard library knows a header that need not be read."""
        super().init(name, parse_tree=None, defects=[])  # type: ignore[arg-type] # there is no tree

    def fold(self, *, policy: Policy) -> str:
        """The header as it is sent."""
        first, *others = str(self).split(" ")
        lines = [f"{self.name}: {first}"]
        for word in others:
            if len(lines[-1]) + 1 + len(word) <= _LINE:
                lines[-1] += f" {word}"
            else:
                lines.append(f" {word}")
        return policy.linesep.join([*lines, ""])


class _Registry(HeaderRegistry):
    """The standard registry makes a class anew for every header of every mail; one for each name is enough."""

    @cache  # noqa: B019 - there is one registry, for ever
    def __getitem__(self, name: str) -> type[BaseHeader]:
        """The class of a header's values."""
        return super().__getitem__(name)


_ASCII = SMTP.clone(cte_type="7bit", header_factory=_Registry())
_UTF8 = _ASCII.clone(utf8=True)


class LetterFile(NamedTuple):
    """A file that goes with a letter."""

    name: str
    type: str
    content: bytes


def compose(letter: Letter, files: Sequence[LetterFile] = ()) -> EmailMessage:
    """The mail that a letter is (RFC 5322), the same over every attempt.

    It is automatic (RFC 3834), so that no machine answers it. Only to an address beyond ASCII are its headers UTF-8
    (RFC 6532).
    """
    mail = EmailMessage(_ASCII if letter.recipient.isascii() else _UTF8)
    headers = {
        "From": _mailbox(letter.sender_name, letter.sender),
        "To": _mailbox(letter.recipient_name, letter.recipient),
        "Reply-To": letter.sender,
        "Subject": _text(letter.subject),
        "Date": format_datetime(letter.created),
        "Message-ID": letter.message_id,
        "In-Reply-To": letter.in_reply_to,
        "References": letter.references,
        "Auto-Submitted": "auto-replied" if letter.acknowledges else "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": letter.list_id and _list_id(letter.list_id),
    }
    for name, value in headers.items():
        if value:
            mail[name] = _Written(name, " ".join(value.split()))
    mail.set_content(letter.text, cte="quoted-printable")
    for file in files:
        main, _, sub = file.type.partition("/")
        # What has parts or a charset of its own would be read again; as bytes it arrives as it came.
        kind = ("application", "octet-stream") if main in ("text", "message", "multipart") or not sub else (main, sub)
        mail.add_attachment(file.content, *kind, filename=file.name)
    if files:
        # Python would draw a new one each time; nobody can have guessed this one either and put it into a file.
        mail.set_boundary(sha256(letter.message_id.encode()).hexdigest())
    return mail


def _mailbox(name: str, address: str) -> str:
    """A display name and an address (RFC 5322, 3.4)."""
    return f"{_phrase(name)} <{address}>" if name.strip() else address


def _list_id(list_id: str) -> str:
    name, _, identifier = list_id.rpartition(" <")
    return f"{_phrase(name)} <{identifier}" if name else list_id


def _phrase(words: str) -> str:
    """A name as it may stand before an address: as it is, quoted, or encoded."""
    text = _text(words)
    if _PHRASE.fullmatch(text) or text != one_line(words):
        return text
    return '"{}"'.format(re.sub(r'(["\\])', r"\\\1", text))


def _text(words: str) -> str:
    """Text for a header: as it is, or in encoded words if it is beyond ASCII or looks as if it were encoded."""
    text = one_line(words)
    if _PLAIN.fullmatch(text) and "=?" not in text:
        return text
    return " ".join(f"=?utf-8?b?{b64encode(piece).decode()}?=" for piece in _pieces(text))


def _pieces(text: str) -> Iterator[bytes]:
    """The text's bytes, cut between characters."""
    piece = b""
    for letter in text:
        raw = letter.encode()
        if len(piece) + len(raw) > _WORD_BYTES:
            yield piece
            piece = b""
        piece += raw
    yield piece
