"""The mail that a message would have been, had it not come by command."""

import re
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

from ..mail.text import one_line

_POLICY = SMTP.clone(linesep="\n", cte_type="7bit")
_PHRASE = re.compile(r"[\w!#$%&'*+/^`{|}~ -]+", re.ASCII)


class ExportedMessage(NamedTuple):
    """What somebody said by command. `automatic`: the tracker itself said it, and no person."""

    name: str
    email: str
    to: str
    date: datetime
    message_id: str
    in_reply_to: str | None
    subject: str
    text: str
    automatic: bool = False


def mail_of(exported: ExportedMessage) -> bytes:
    """The bytes of a mail that says it, the same ones at every call; its text is UTF-8."""
    fields = {
        "From": f"{_phrase(exported.name)} <{exported.email}>".strip(),
        "To": exported.to,
        "Subject": _words(exported.subject),
        "Date": format_datetime(exported.date.astimezone(UTC).replace(microsecond=0)),
        "Message-ID": exported.message_id,
        "In-Reply-To": exported.in_reply_to,
        "Auto-Submitted": "auto-generated" if exported.automatic else None,
    }
    headers = "".join(f"{name}: {value}\n" for name, value in fields.items() if value)
    body = EmailMessage(_POLICY)
    body.set_content(exported.text, cte="quoted-printable")
    return headers.encode() + body.as_bytes()


def _phrase(name: str) -> str:
    """A name as it stands before an address (RFC 5322, 3.2.5; RFC 2047, 5)."""
    name = one_line(name, 200)
    if not name.isascii() or "=?" in name:
        return _encoded(name)
    return name if _PHRASE.fullmatch(name) else '"' + re.sub(r'([\\"])', r"\\\1", name) + '"' if name else ""


def _words(text: str) -> str:
    text = one_line(text)
    return text if text.isascii() and "=?" not in text and len(text) < 900 else _encoded(text)


def _encoded(text: str) -> str:
    return Header(text, "utf-8", maxlinelen=70).encode(linesep="\n")
