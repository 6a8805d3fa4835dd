"""What somebody posts, the date it bears, and the step of the table that it takes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from ..lifecycle.tables import Rule
from ..wording import ExplainedError

if TYPE_CHECKING:
    from ...mail.addresses import Mailbox
    from ...mail.parsed import ParsedAttachment as Attached


_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


class Parent(NamedTuple):
    """The message that words answer."""

    id: int
    message_id: str
    private: bool


@dataclass(frozen=True)
class NewMessage:
    """What somebody posts, whether it came by mail, by command or from the web pages.

    `date` is the date it bears, None for now; `named` holds the keys of the addresses that its mail already went to.
    `reader_id` is the person who got the letter that it answers, `letter_kind` what that letter is, `original_id` the
    Message-ID of a mail that it forwards. `address` is where its mail was sent from. `held`: it waits for its writer's
    word. `believed`: it may do more than say its words. `foreign` is how many lines were set aside that are neither
    ours nor a signature. `reply_to` is somebody else who is to get what answers it. `web`: its mail was
    composed of what somebody wrote on the web pages.
    """

    text: str
    full_text: str
    subject: str
    message_id: str
    in_reply_to: str | None = None
    parent: Parent | None = None
    reader_id: int | None = None
    letter_kind: str | None = None
    date: datetime | None = None
    posted: datetime | None = None
    automatic: str | None = None
    listed: bool = False
    verified: bool = False
    believed: bool = True
    held: bool = False
    address: str | None = None
    original_id: str | None = None
    mail_id: int | None = None
    attachments: "Sequence[Attached]" = ()
    named: frozenset[str] = field(default_factory=frozenset)
    foreign: int = 0
    reply_to: "Mailbox | None" = None
    web: bool = False


def plausible_date(date: datetime | None, now: datetime) -> datetime:
    """A date that can be true; one that is missing, in the future or before 1990 becomes the time of arrival."""
    return date if date is not None and _EARLIEST <= date <= now else now


class BadDate(ExplainedError, ValueError):
    """A date given by command cannot be true."""


def checked_date(date: datetime | None, now: datetime) -> datetime | None:
    """A date that somebody gave on purpose; BadDate if it cannot be true."""
    if date is not None and plausible_date(date, now) != date:
        raise BadDate("bad_date", date=date.isoformat())
    return date


class Transition(NamedTuple):
    """One rule of the table, and the status to which it leads."""

    rule: Rule
    status: str
