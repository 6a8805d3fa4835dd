"""One unit of work, the moment it happens at, our domain, and what proves who writes."""

from dataclasses import dataclass, field
from datetime import datetime
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

    `secrets` are those of the database, once they were read. `web_url` is the address of the web pages for people,
    which letters name; None where they name none.
    """

    session: Session
    now: datetime
    domain: str
    trust: Trust = DEFAULT_TRUST
    secrets: dict[str, str] = field(default_factory=dict)
    web_url: str | None = None

    @property
    def connection(self) -> Connection:
        """The transaction's connection, for the statements that every mail needs: they are built once, as Core.

        A unit of work has one transaction, so its connection is asked for once.
        """
        connection: Connection | None = self.session.info.get("connection")
        if connection is None:
            connection = self.session.info["connection"] = self.session.connection()
        return connection
