"""The mail that a message would have been, had it not come by command."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

from ..mail.text import one_line
from ..model.letters.header_words import header_words, mailbox

_POLICY = SMTP.clone(linesep="\n", cte_type="7bit")


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
        "From": _folded(mailbox(one_line(exported.name, 200), exported.email)),
        "To": exported.to,
        "Subject": _folded(header_words(exported.subject)),
        "Date": format_datetime(exported.date.astimezone(UTC).replace(microsecond=0)),
        "Message-ID": exported.message_id,
        "In-Reply-To": exported.in_reply_to,
        "Auto-Submitted": "auto-generated" if exported.automatic else None,
    }
    headers = "".join(f"{name}: {value}\n" for name, value in fields.items() if value)
    body = EmailMessage(_POLICY)
    body.set_content(exported.text, cte="quoted-printable")
    return headers.encode() + body.as_bytes()


def _folded(value: str) -> str:
    """A header's value with each encoded word on a line of its own: a line has no more than 998 bytes (RFC 5322)."""
    return value.replace("?= =?", "?=\n =?")
