"""What the web pages are given: the database, their own addresses, and what happens beyond them."""

from collections.abc import Callable
from dataclasses import dataclass

from ..model.inbound.inbound_mail import DeliveryResult
from ..model.storage.database import Database

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


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
