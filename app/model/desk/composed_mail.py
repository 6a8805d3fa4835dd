"""The mail that somebody would have sent for what they wrote on the web pages; it is stored as every mail is."""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import NamedTuple

from ...mail.text import one_line, storable
from ..letters.header_words import header_words, mailbox

_POLICY = SMTP.clone(cte_type="7bit")
_DEFAULT = ("application", "octet-stream")


class UploadedFile(NamedTuple):
    """A file that goes with an answer; `type` is what the browser says of it."""

    name: str
    type: str
    content: bytes


class PostHeaders(NamedTuple):
    """The headers of a post: who writes, to which address, about what, and by which Message-ID."""

    name: str
    email: str
    to: str
    subject: str
    date: datetime
    message_id: str


def composed(headers: PostHeaders, text: str, files: Sequence[UploadedFile] = ()) -> bytes:
    """Return the bytes of the mail (RFC 5322), the same ones at every call; its text is UTF-8."""
    fields = {
        "From": mailbox(one_line(headers.name, 200), headers.email),
        "To": headers.to,
        "Subject": header_words(headers.subject),
        "Date": format_datetime(headers.date.replace(microsecond=0)),
        "Message-ID": headers.message_id,
    }
    # A header's value with each encoded word on a line of its own: a line has no more than 998 bytes (RFC 5322).
    folded = ((name, value.replace("?= =?", "?=\r\n =?")) for name, value in fields.items())
    lines = (f"{name}: {value}\r\n" for name, value in folded)
    body = EmailMessage(_POLICY)
    body.set_content(text, cte="quoted-printable")
    for file in files:
        main, sub = _type_of(file)
        body.add_attachment(file.content, main, sub, filename=one_line(storable(file.name), 200) or "file")
    if files:
        body.set_boundary(sha256(headers.message_id.encode()).hexdigest())
    return "".join(lines).encode() + body.as_bytes()


def _type_of(file: UploadedFile) -> tuple[str, str]:
    """Return the two halves of a file's type; what has parts or a charset of its own is kept as plain bytes."""
    main, _, sub = file.type.partition(";")[0].strip().lower().partition("/")
    whole = main in ("image", "audio", "video", "application", "font") and sub.replace("-", "").replace(".", "")
    return (main, sub) if whole and whole.replace("+", "").isalnum() and sub.isascii() else _DEFAULT
