"""What is set up before the first mail: the schema and the first queues."""

from collections.abc import Callable

from . import schema
from .records.our_domains import adopt_domain, kept_domain
from .records.queue_setup import add_queue
from .storage.database import Database
from .storage.unit_of_work import UnitOfWork

FIRST_QUEUES = (("General", ("hello", "support"), "correspondence"), ("Questions", ("questions",), "support"))


def set_up(database: Database, tell: Callable[[str], None] = lambda _: None) -> bool:
    """Bring the database to this program's version; a new one gets the first queues. Whether it was new.

    `tell` gets a line about the copy of an older one.
    """
    return schema.upgrade(database, _fill, tell)


def _fill(uow: UnitOfWork) -> None:
    for name, addresses, lifecycle in FIRST_QUEUES:
        add_queue(uow, name, addresses, lifecycle)


def move_to_domain(database: Database) -> str | None:
    """Let the database belong to the domain that it is opened for. Return the one before; None if it had none."""
    with database.transaction() as uow:
        former = kept_domain(uow)
        adopt_domain(uow)
    return former
