"""This file holds what is set up before the first mail: the schema and the first queues."""

from app.model import schema
from app.model.database import Database
from app.model.queues import add_queue

FIRST_QUEUES = (("General", ("hello", "support"), "support"), ("Questions", ("questions",), "support"))


def first_queues(database: Database) -> bool:
    """Bring the database to this program's version; a new one gets the first queues. Whether it was new."""
    new = schema.upgrade(database)
    if new:
        with database.work() as desk:
            for name, addresses, lifecycle in FIRST_QUEUES:
                add_queue(desk, name, addresses, lifecycle)
    return new
