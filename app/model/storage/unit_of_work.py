"""One unit of work, the moment it happens at, our domain, and what proves who writes."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.orm import Session


class Trust(NamedTuple):
    """What proves who wrote a mail, for its commands (docs/interface.md, section 6).

    `by` is "reply", "dmarc" or "from"; `server` is the front server whose `Authentication-Results` are believed.
    """

    by: str = "reply"
    server: str | None = None


DEFAULT_TRUST = Trust()


@dataclass(frozen=True)
class UnitOfWork:
    """What every function of the model is given: an open transaction, the present moment (aware UTC), our domain.

    `kept` is what a process reads from the database once: secrets, former domains. `web_url` is the address of the web
    pages for people, which letters name; None where they name none.
    """

    session: Session
    now: datetime
    domain: str
    trust: Trust = DEFAULT_TRUST
    kept: dict[str, str] = field(default_factory=dict)
    web_url: str | None = None

    @cached_property
    def connection(self) -> Connection:
        """The transaction's connection, for prepared statements; a unit of work has one transaction."""
        return self.session.connection()
