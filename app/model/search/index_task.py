"""What the index lacks, as a table: triggers note it, and indexer.py sees to it."""

from sqlalchemy.orm import Mapped, mapped_column

from ..storage.base import Base


class IndexTask(Base):
    """A note that the index lacks something of a message, or has what is gone."""

    __tablename__ = "search_due"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int]
