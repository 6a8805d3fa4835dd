"""What a check of `tickets doctor` says."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How bad a finding is; only FAIL makes the exit status 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


class Finding(NamedTuple):
    """What one check says: how bad it is, what it is about, and what to do."""

    level: Level
    about: str
    text: str


Check = Callable[[], Iterator[Finding]]


def warning(about: str, text: str) -> Finding:
    """Return a finding that people should look at, though all works."""
    return Finding(Level.WARN, about, text)
