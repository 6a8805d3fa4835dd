"""This file holds the desk: one unit of work, the moment it happens at, and the domain of our addresses."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Desk:
    """What every function of the model is given: an open transaction, the present moment (aware UTC), our domain."""

    session: Session
    now: datetime
    domain: str

    @property
    def connection(self) -> Connection:
        """The transaction's connection, for the statements that every mail needs: they are built once, as Core.

        A desk has one transaction, so that its connection is asked for once.
        """
        found: Connection | None = self.session.info.get("connection")
        if found is None:
            found = self.session.info["connection"] = self.session.connection()
        return found
