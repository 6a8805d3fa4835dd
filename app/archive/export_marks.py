"""The marks of our own boxes: the `From ` line says on which ticket a mail stood, and if in private.

The mails themselves are exact, so nothing can be written into them. An mbox has one line above each mail that is no
part of it, with an address and a date; in a box of ours that is the ticket's number with the id of its tracker, and the
date when the mail came. Nobody can guess the id: what another program writes there, often whatever a sender has chosen,
is no mark.
"""

import re
import time
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

TRACKER = 8
"""So many bytes of a mark's key tell the tracker; the others tell the ticket."""

_LINE = re.compile(rb"From[ \t]+ticket([1-9][0-9]{0,9})(-comment)?=([0-9a-f]{16})@[^\s@]{1,253}[ \t]", re.IGNORECASE)


class ExportMark(NamedTuple):
    """Where a mail stood: a ticket's number and its tracker's id; `private`: as a private comment."""

    number: int
    tracker: str
    private: bool

    @property
    def key(self) -> bytes:
        """The same for all mails of one ticket; its first bytes are the same for all tickets of one tracker."""
        ticket = f"ticket{self.number}={self.tracker}".encode()
        return b"".join(blake2b(part, digest_size=TRACKER).digest() for part in (self.tracker.encode(), ticket))


def mark_of(envelope: bytes) -> ExportMark | None:
    """The mark in a `From ` line; None for the line of any other box."""
    match = _LINE.match(envelope)
    if match is None:
        return None
    return ExportMark(int(match[1]), match[3].decode("ascii").lower(), match[2] is not None)


def marking_line(mark: ExportMark, domain: str, moment: datetime) -> bytes:
    """Return the separator line of an exported mail, with its mark and the time it arrived."""
    address = f"ticket{mark.number}{'-comment' if mark.private else ''}={mark.tracker}@{domain}"
    return f"From {address} {time.asctime(moment.astimezone(UTC).timetuple())}\n".encode()
