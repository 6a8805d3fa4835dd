"""Salmon's routes to our handlers, which match addresses of ours alone: what is another's stays another's."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from salmon.routing import Router, route

from ...mail.addresses import address_key
from ...model.records.addressing import OurAddress, find_our_address, is_at_our_domain, place_by_form
from ...model.storage.database import Database
from ...model.storage.unit_of_work import UnitOfWork
from .smtp_replies import for_fault

# Where our addresses are found for a request that brings no unit of work: that of another program's receiver. None: no
# tracker runs in this process (`salmon routes`), and the form of an address decides.
_database: Database | None = None
_T = TypeVar("_T")


def look_in(database: Database) -> None:
    """Find our addresses in this database, for requests that bring no unit of work of their own."""
    global _database  # noqa: PLW0603 - Salmon's routes belong to the process, too
    _database = database


class Recipient(str):
    """The address that a mail of our own receiver is routed by, and the unit of work in which it is looked up.

    It stays here: whoever remembers an address, as `address_key` does, would keep the unit of work with it.
    """

    uow: UnitOfWork

    @classmethod
    def of(cls, address: str, uow: UnitOfWork) -> "Recipient":
        """Return the address, at our domain if it names none (RFC 5321, 4.5.1: `<postmaster>`)."""
        made = cls(address if "@" in address else f"{address}@{uow.domain}")
        made.uow = uow
        return made


class _Match:
    """What Salmon asks of a match: its captures, which a handler gets, with the place that the address leads to."""

    def __init__(self, match: re.Match[str], place: OurAddress | None) -> None:
        self._match, self._place = match, place

    def groupdict(self) -> dict[str, Any]:
        """Return the captures."""
        return {**self._match.groupdict(), "place": self._place}


class _OurPattern:
    """What Salmon keeps for a compiled route; it matches where `host` is our domain, or an address leads somewhere."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def match(self, address: str) -> "re.Match[str] | _Match | None":
        """Return the match, or None for an address that is none of ours; SMTPError where nobody can say whose it is."""
        match = self._pattern.match(address)
        if match is None:
            return None
        if "host" in match.groupdict():
            return match if _is_at_our_domain(address) else None
        place = _place(address)
        if place is not None and place.kind.is_ticket:
            # It has routes of its own.
            return None
        return _Match(match, place) if place is not None or not _knows_our_domain(address) else None


class our_route(route):  # type: ignore[misc] # noqa: N801 - Salmon has no types, and its decorator this name
    """Salmon's @route, for addresses of ours."""

    def __call__(self, handler: Callable[..., None]) -> Any:
        """Register a handler."""
        registered = super().__call__(handler)
        pattern, handlers = Router.REGISTERED[self.format]
        Router.REGISTERED[self.format] = (_OurPattern(pattern), handlers)
        return registered


def is_others(address: str) -> bool:
    """Return whether a handler that is none of ours takes mail to an address."""
    patterns = [pattern for pattern, _ in Router.REGISTERED.values()]
    return any(pattern.match(address) for pattern in patterns if not isinstance(pattern, _OurPattern))


def _knows_our_domain(address: str) -> bool:
    return isinstance(address, Recipient) or _database is not None


def _is_at_our_domain(address: str) -> bool:
    """Return whether an address stands at a domain of ours; true where no tracker can tell."""
    if isinstance(address, Recipient):
        return is_at_our_domain(address.uow, str(address))
    if _database is None or address_key(address).rpartition("@")[2] == _database.domain:
        return True
    return _looked_up(_database, is_at_our_domain, address)


def _place(address: str) -> OurAddress | None:
    if isinstance(address, Recipient):
        return find_our_address(address.uow, str(address))
    if _database is None:
        local = address.rpartition("@")[0]
        return place_by_form(local.lower()) if local.isascii() else None
    return _looked_up(_database, find_our_address, address)


def _looked_up(database: Database, look: Callable[[UnitOfWork, str], _T], address: str) -> _T:
    """Return what the database says of an address; SMTPError where it cannot say."""
    # Loaded here: it brings servers that a command has no need of.
    from salmon.server import SMTPError

    try:
        with database.read_only() as uow:
            return look(uow, address)
    except BaseException as error:
        reply = for_fault(error)
        raise SMTPError(int(reply[:3]), reply[4:]) from error
