"""Many things in batches that a statement, or memory, can take."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")

# SQLite takes 32,766 parameters in a statement.
MOST = 10_000


def batches(
    items: Iterable[_Item], most: int = MOST, *, size: Callable[[_Item], int] = lambda _: 0, octets: int = 0
) -> Iterator[list[_Item]]:
    """Yield the items in order, at most `most` of them at once, and together at most `octets` bytes by `size`.

    An item that is larger than that comes alone.
    """
    batch: list[_Item] = []
    total = 0
    for item in items:
        if batch and (len(batch) == most or total + size(item) > octets):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += size(item)
    if batch:
        yield batch
