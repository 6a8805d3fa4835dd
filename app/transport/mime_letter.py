"""This file holds how a letter's row becomes a mail: headers of our own and text in UTF-8, whatever its script."""

from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime

from app.model.letters import Letter


class _MessageIds(BaseHeader):
    """A header of Message-IDs, one a line: the standard folding would encode a long one, and so lose the thread."""

    max_count = 1
    parse = UnstructuredHeader.parse
    value_parser = staticmethod(UnstructuredHeader.value_parser)

    def fold(self, *, policy: Policy) -> str:
        """The header as it is sent."""
        return f"{self.name}: {f'{policy.linesep} '.join(str(self).split())}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("in-reply-to", _MessageIds)
_HEADERS.map_to_type("references", _MessageIds)
_ASCII = SMTP.clone(header_factory=_HEADERS, cte_type="7bit")
_UTF8 = _ASCII.clone(utf8=True)


def compose(letter: Letter) -> EmailMessage:
    """The mail that a letter is (RFC 5322), the same over every attempt.

    It is automatic (RFC 3834), so that no machine answers it. Only to an address beyond ASCII are its headers UTF-8
    (RFC 6532).
    """
    mail = EmailMessage(_ASCII if letter.recipient.isascii() else _UTF8)
    mail["From"] = _mailbox(letter.sender_name, letter.sender)
    mail["To"] = _mailbox(letter.recipient_name, letter.recipient)
    mail["Reply-To"] = _mailbox("", letter.sender)
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(letter.created)
    mail["Message-ID"] = letter.message_id
    for name, value in (("In-Reply-To", letter.in_reply_to), ("References", letter.references)):
        if value:
            mail[name] = value
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if letter.list_id:
        mail["List-Id"] = letter.list_id
    mail.set_content(letter.text, cte="quoted-printable")
    return mail


def _mailbox(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)
