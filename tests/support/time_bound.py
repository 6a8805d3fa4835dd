"""A bound on time for what must not take for ever."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# A second is promised; a machine under load may take some, a quadratic reading takes hundreds.
SECONDS = 15


@contextmanager
def bounded() -> Iterator[None]:
    """Fail, rather than hang, on what takes for ever."""

    def too_long(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"it takes more than {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
