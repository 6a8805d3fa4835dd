"""What a relay is given: the envelope, and the bytes of the letter."""

import re
from collections.abc import Iterable
from email import message_from_bytes, policy
from email.message import Message
from email.policy import EmailPolicy
from email.utils import getaddresses
from typing import Any, NamedTuple, Protocol

from .errors import Refused


class SalmonMail(Protocol):
    """What Salmon's MailRequest and MailResponse have in common."""

    def __getitem__(self, name: str) -> Any:
        """Return the header of that name, or None."""

    def to_message(self) -> Message:
        """Return the standard library's form of the mail."""


# Everything a relay takes: Python's own mails, exact bytes, and Salmon's two.
Mail = Message | bytes | SalmonMail

_NEWLINE = re.compile(rb"\r\n|\r|\n")
_BCC = re.compile(rb"(?im)^(?:resent-)?bcc[ \t]*:.*\n(?:[ \t].*\n)*")
# An address as it may stand between < and > (RFC 5321, 4.1.2), wide enough for every script: no blank or bracket but in
# a quoted local part, and no control character anywhere, so that nothing can be smuggled into the dialogue.
_WORD = r'[^\s\x00-\x20\x7f"<>(),;@]+'
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])+"'
_ADDRESS = re.compile(rf"(?:{_QUOTED}|{_WORD})(?:@{_WORD})?")
# One address as nearly all are. The standard library's parser takes longer than handing the letter over.
_PLAIN = re.compile(r"[\w+=-]+(?:\.[\w+=-]+)*@[\w-]+(?:\.[\w-]+)*", re.ASCII)


class Envelope(NamedTuple):
    """Who a letter is from ("" is the null sender) and the addresses it goes to."""

    sender: str
    recipients: tuple[str, ...]

    @property
    def beyond_ascii(self) -> str:
        """The first address that needs SMTPUTF8 (RFC 6531), or ""."""
        return next((address for address in (self.sender, *self.recipients) if not address.isascii()), "")


# The argument names are Salmon's.
def envelope_of(mail: Mail, To: str | Iterable[str] | None, From: str | None) -> Envelope:  # noqa: N803 - Salmon's names
    """Return the envelope of a mail; what is None comes from Salmon's own envelope, else from the headers.

    From "" or "<>" is the null sender (RFC 5321, 4.5.5). Raises Refused, for good, when an address is none.
    """
    recipients = _addresses(_given_or_header(mail, "To", To))
    if not recipients:
        raise Refused("the letter names no recipient", permanent=True)
    if From is not None and From.strip() in {"", "<>"}:
        return Envelope("", recipients)
    senders = _addresses(_given_or_header(mail, "From", From))
    if not senders:
        raise Refused("the letter names no sender", permanent=True)
    return Envelope(senders[0], recipients)


def letter_bytes(mail: Mail, *, seven_bits: bool = False, utf8: bool = False) -> bytes:
    """Return the letter with CRLF line ends and without Bcc, otherwise as it is.

    `seven_bits` writes its 8-bit parts anew, for a server without 8BITMIME (RFC 6152, 3); `utf8` leaves its headers
    unencoded (RFC 6532). Raises Refused, for good, when the mail cannot be written: an unknown charset, a damaged
    header.
    """
    try:
        return _without_bcc(_with_crlf(_written(mail, seven_bits, utf8)))
    # The email package answers a mail it cannot write with nearly any exception, and none must stop the other letters.
    except Exception as error:
        raise Refused(f"the letter cannot be written: {type(error).__name__}: {error}", permanent=True) from error


def _given_or_header(mail: Mail, name: str, given: str | Iterable[str] | None) -> Iterable[str]:
    if given is not None:
        return [given] if isinstance(given, str) else given
    if isinstance(mail, bytes):
        mail = message_from_bytes(mail, policy=policy.SMTP)
    value = getattr(mail, name, None) or mail[name]
    return [str(value)] if value else []


def _addresses(fields: Iterable[str]) -> tuple[str, ...]:
    written = tuple(fields)
    if all(map(_PLAIN.fullmatch, written)):
        return written
    addresses = tuple(address for _, address in getaddresses(list(written)))
    for address in addresses:
        if not _ADDRESS.fullmatch(address):
            raise Refused(f"not an address: {address!r}", permanent=True)
    return addresses


def _written(mail: Mail, seven_bits: bool, utf8: bool) -> bytes:
    if isinstance(mail, bytes):
        if not seven_bits or mail.isascii():
            return mail
        mail = message_from_bytes(mail, policy=policy.SMTP)
    message = mail if isinstance(mail, Message) else mail.to_message()
    wanted = message.policy.clone(linesep="\r\n", cte_type="7bit" if seven_bits else "8bit")
    if isinstance(wanted, EmailPolicy):
        wanted = wanted.clone(utf8=utf8)
    return message.as_bytes(policy=wanted)


def _with_crlf(letter: bytes) -> bytes:
    ends = letter.count(b"\r\n")
    return letter if ends == letter.count(b"\n") == letter.count(b"\r") else _NEWLINE.sub(b"\r\n", letter)


def _without_bcc(letter: bytes) -> bytes:
    head, empty, body = letter.partition(b"\r\n\r\n")
    if empty and b"bcc" not in head.lower():
        return letter
    return _BCC.sub(b"", head + b"\r\n") + b"\r\n" + body
