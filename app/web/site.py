"""What the web pages are given: the database, their own addresses, and what happens beyond them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from ..model.inbound.inbound_mail import DeliveryResult
from ..model.storage.database import Database
from .files_in_hand import FilesInHand

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})

# So many times the largest mail may be on its way to browsers, as files.
_MAILS_IN_HAND = 8


@dataclass(frozen=True)
class Site:
    """The web pages of one tracker.

    `url` is the address that people use, and `hosts` are the names by which the pages answer. `stored` is called after
    each commit, so that letters leave at once; `redeliver` delivers a mail again that was set aside; `later` does
    something after the answer. `max_bytes` is the largest mail that is taken, and so the largest answer with files.
    """

    database: Database
    url: str
    hosts: frozenset[str]
    stored: Callable[[], None]
    redeliver: Callable[[int, str | None], DeliveryResult]
    later: Callable[[Callable[[], None]], None]
    max_bytes: int

    @cached_property
    def files_in_hand(self) -> FilesInHand:
        """The files on their way to browsers."""
        return FilesInHand(_MAILS_IN_HAND * self.max_bytes)
