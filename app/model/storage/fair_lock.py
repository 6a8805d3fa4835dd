"""Turns: a lock that threads get in the order in which they asked for it."""

import threading
from collections import deque


class FairLock:
    """A re-entrant lock, first come, first served: under load nobody waits for ever, the courier least of all."""

    def __init__(self) -> None:
        self._state = threading.Lock()
        self._waiting: deque[tuple[threading.Lock, int]] = deque()
        self._owner = 0
        self._depth = 0

    def acquire(self, timeout: float) -> bool:
        """Wait for this thread's turn, so many seconds at most; whether it came."""
        me = threading.get_ident()
        with self._state:
            if self._owner in (me, 0):
                self._owner = me
                self._depth += 1
                return True
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append((gate, me))
        return gate.acquire(timeout=timeout) or not self._leave(gate, me)

    def _leave(self, gate: threading.Lock, me: int) -> bool:
        """Stop waiting; False if the turn came at the last moment."""
        with self._state:
            if (gate, me) not in self._waiting:
                return False
            self._waiting.remove((gate, me))
            return True

    def release(self) -> None:
        """Hand the lock to whoever has waited longest."""
        with self._state:
            self._depth -= 1
            if self._depth:
                return
            self._owner = 0
            if self._waiting:
                gate, self._owner = self._waiting.popleft()
                self._depth = 1
                gate.release()
