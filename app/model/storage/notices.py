"""How processes that share a PostgreSQL tell each other that letters were written: its LISTEN and NOTIFY.

A notice that gets lost costs half a second: couriers look by themselves that often, as they do on SQLite.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from .database import Database

LOG = logging.getLogger("tickets.courier")
_CHANNEL = "tickets_letters"
_LISTEN_SECONDS = 0.5
_AGAIN_SECONDS = 2.0


def tell_couriers(database: Database) -> None:
    """Wake the couriers of all processes; on SQLite they look by themselves."""
    if not database.is_sqlite:
        with database.core_transaction() as connection:
            connection.exec_driver_sql(f"NOTIFY {_CHANNEL}")


class Announcer:
    """Tells the couriers of other processes, in a thread of its own: who has stored a mail does not wait for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._written = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announcer")

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Tell of what was written until now, and end."""
        self._ending.set()
        self._written.set()
        self._thread.join()

    def wake(self) -> None:
        """Tell the announcer that letters were written."""
        self._written.set()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._written.wait()
            self._written.clear()
            try:
                tell_couriers(self._database)
            except Exception as error:
                LOG.warning("couriers cannot be told of letters, and will look by themselves: %s", error)


class NoticeListener:
    """Hears in a thread of its own that another process has written letters."""

    def __init__(self, database: Database, heard: Callable[[], None]) -> None:
        self._database = database
        self._heard = heard
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread; where the database is SQLite there is nothing to hear."""
        if not self._database.is_sqlite:
            self._thread = threading.Thread(target=self._run, name="notices", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._listen()
            except Exception:
                # The courier says what is wrong with the database.
                self._ending.wait(_AGAIN_SECONDS)

    def _listen(self) -> None:
        """Listen on a connection that is not of the pool, as it would be given to others while it listens."""
        pooled = self._database.engine.raw_connection()
        connection = pooled.driver_connection
        pooled.detach()
        assert connection is not None
        try:
            connection.autocommit = True
            connection.execute(f"LISTEN {_CHANNEL}")
            while not self._ending.is_set():
                # Also the first time: something may have been written before.
                self._heard()
                while not self._ending.is_set() and not self._is_told(connection):
                    pass
        finally:
            connection.close()

    @staticmethod
    def _is_told(connection: Any) -> bool:
        return any(connection.notifies(timeout=_LISTEN_SECONDS, stop_after=1))
