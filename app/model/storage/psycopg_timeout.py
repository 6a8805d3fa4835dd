"""A connection to PostgreSQL that does not wait for ever on a server which says nothing.

A server that hangs (stopped, swapping, behind a network that drops packets) keeps no `statement_timeout`, which is its
own, and its machine still answers for it, so that no time-out of TCP ends. Only we can stop waiting.
"""

from collections.abc import Generator
from time import monotonic
from typing import Any

import psycopg


class TimeoutConnection(psycopg.Connection[Any]):
    """Raises OperationalError when an answer takes longer than `longest_wait` seconds, and is closed then."""

    longest_wait = float("inf")

    def wait(self, gen: Generator[Any, Any, Any], *rest: Any, **more: Any) -> Any:
        """Wait as psycopg does, which asks us every tenth of a second."""
        return super().wait(self._bounded(gen), *rest, **more)

    def _bounded(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        until = monotonic() + self.longest_wait
        ready: Any = None
        while True:
            try:
                wanted = gen.send(ready)
            except StopIteration as done:
                return done.value
            ready = yield wanted
            if not ready and monotonic() > until:
                # What it was about to do, nobody knows: nothing else can be asked on this connection.
                self.pgconn.finish()
                raise psycopg.OperationalError(f"the database has not answered for {self.longest_wait:g} seconds")
