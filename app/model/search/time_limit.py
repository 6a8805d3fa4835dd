"""How long a search may take: a query that is too much is broken off, and the unit of work goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from sqlalchemy.exc import DBAPIError

from ..storage.unit_of_work import UnitOfWork
from ..wording import ExplainedError

# So many of SQLite's steps lie between two looks at the time; in the index one step reads a block of it.
_STEPS = 100


class SearchTooExpensive(ExplainedError):
    """What was asked for takes longer than it may."""


@dataclass(frozen=True)
class Deadline:
    """The moment at which a search is broken off. Without `uow` it never comes."""

    uow: UnitOfWork | None = None
    until: float = float("inf")

    def check(self) -> None:
        """Raises SearchTooExpensive if the moment is past."""
        if monotonic() > self.until:
            raise SearchTooExpensive("search_too_expensive")

    def next_statement(self) -> None:
        """Let the next statement take no longer than is left. Raises SearchTooExpensive if nothing is."""
        self.check()
        if self.uow and not _is_sqlite(self.uow):
            left = max(1, int((self.until - monotonic()) * 1000))
            self.uow.connection.exec_driver_sql(f"SET LOCAL statement_timeout = {left}")


NEVER = Deadline()


@contextmanager
def within(uow: UnitOfWork, seconds: float) -> Iterator[Deadline]:
    """Break off what is read meanwhile after so many seconds; what was done before it holds.

    Raises SearchTooExpensive.
    """
    # What waits to be written must not be broken off, nor undone with what is.
    uow.session.flush()
    deadline = Deadline(uow, monotonic() + seconds)
    with _broken_off(uow, deadline):
        try:
            yield deadline
        except DBAPIError as error:
            if _is_broken_off(error):
                deadline.check()
            raise


@contextmanager
def _broken_off(uow: UnitOfWork, deadline: Deadline) -> Iterator[None]:
    if _is_sqlite(uow):
        driver = uow.connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(lambda: monotonic() > deadline.until, _STEPS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)
        return
    uow.connection.exec_driver_sql("SAVEPOINT tickets_search")
    try:
        yield
    finally:
        # Going back takes the time limit back too; a search writes nothing.
        uow.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT tickets_search")
        uow.connection.exec_driver_sql("RELEASE SAVEPOINT tickets_search")


def _is_broken_off(error: DBAPIError) -> bool:
    """Whether a database says that it has stopped because we wanted it to."""
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return code in ("SQLITE_INTERRUPT", "57014")


def _is_sqlite(uow: UnitOfWork) -> bool:
    return uow.connection.dialect.name == "sqlite"
