"""A row of the benchmark's table."""

from typing import NamedTuple


class Figure(NamedTuple):
    """One row of the table."""

    what: str
    value: str
    wanted: str = ""
    met: bool | None = None
