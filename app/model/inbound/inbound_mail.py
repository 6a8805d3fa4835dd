"""A mail on its way in: its bytes, its envelope, what was read from it, and what became of it so far."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from ...mail.addresses import Mailbox
from ...mail.parsed import ParsedMail, parse_mail

if TYPE_CHECKING:
    from .finding.references import KnownReference


class Fate(StrEnum):
    """What became of a mail at one place.

    Steered: it had commands and no words. Answered: it asked for a page. Reported: it said what became of a letter.
    Left: a handler that is none of ours took it, and here it is kept nowhere.
    """

    OPENED = "opened"
    POSTED = "posted"
    SET_ASIDE = "set aside"
    STEERED = "steered"
    ANSWERED = "answered"
    REPORTED = "reported"
    REPEATED = "repeated"
    LEFT = "left to another handler"


@dataclass(frozen=True)
class DeliveryResult:
    """What became of a mail for one recipient, for the log and for who handed it over; `mail_id` has its bytes."""

    recipient: str
    fate: Fate
    ticket: int | None = None
    reason: str = ""
    mail_id: int | None = None


@dataclass(frozen=True)
class InboundMail:
    """One mail, handed over once, for one or more recipients of ours.

    `envelope_from` is empty for the null reverse-path, None where there was no envelope. `mail_id` is the row of its
    bytes, once they are stored. `delivery_id` names a mail set aside that is now delivered again. `results` are those
    of the recipients before this one. `writer` is who wrote it, where that is not who stands in From: it is
    `appointed` by an administrator, or else named by what stands in front of us. `references` are what of ours it
    names, nearest first, once that was read.
    """

    raw: bytes
    envelope_from: str | None
    parsed: ParsedMail
    recipients: tuple[str, ...] = ()
    mail_id: int | None = None
    delivery_id: int | None = None
    results: tuple[DeliveryResult, ...] = ()
    writer: Mailbox | None = None
    appointed: bool = False
    references: "tuple[KnownReference, ...]" = ()

    @cached_property
    def sender(self) -> Mailbox | None:
        """Who wrote it, as far as can be told (docs/interface.md, section 3)."""
        return self.writer or self.parsed.sender

    @property
    def mailbox(self) -> Mailbox:
        """Who wrote it, of a mail that somebody wrote: whatever has no sender is set aside before."""
        if self.sender is None:
            raise ValueError("a mail without a sender")
        return self.sender

    @cached_property
    def relayed(self) -> bool:
        """Whether a group, a list or a form put an address of ours in From, and names the writer elsewhere."""
        return self.writer is not None and not self.appointed

    @classmethod
    def of(cls, raw: bytes, envelope_from: str | None, recipients: Sequence[str] = ()) -> "InboundMail":
        """Read a mail; `recipients` are all of its envelope, also those for which it is stored apart."""
        return cls(raw, envelope_from, parse_mail(raw, envelope_from), tuple(recipients))

    def after(self, result: DeliveryResult) -> "InboundMail":
        """Return this mail as it goes on to the next recipient."""
        mail_id = self.mail_id if result.mail_id is None else result.mail_id
        return replace(self, mail_id=mail_id, results=(*self.results, result))


def identity_of(parsed: ParsedMail) -> str:
    """What a mail is known by: its Message-ID, else a digest of what it says."""
    if parsed.message_id:
        return parsed.message_id
    words = "\0".join((parsed.written_date, parsed.subject)).encode("utf-8", "replace")
    return hashlib.sha256(words + parsed.body_digest).hexdigest()
