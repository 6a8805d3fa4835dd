"""When something last happened that the tracker must remember and no other row tells."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Mapped, mapped_column

from ..storage.base import Base
from ..storage.unit_of_work import UnitOfWork

BACKUP = "backup"
# So old may the newest backup be.
BACKUP_DUE = timedelta(days=7)


class Milestone(Base):
    """The last time that something happened."""

    __tablename__ = "milestone"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


def note(uow: UnitOfWork, name: str) -> None:
    """Remember that something happened now."""
    uow.session.merge(Milestone(name=name, at=uow.now))


def age_of(uow: UnitOfWork, name: str) -> timedelta | None:
    """Return how long ago something happened; None for never."""
    row = uow.session.get(Milestone, name)
    return None if row is None else uow.now - row.at
