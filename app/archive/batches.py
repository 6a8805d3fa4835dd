"""Many things in batches: some at a time, fewer where they are large."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")


def batches(items: Iterable[_Item], size: Callable[[_Item], int], most: int, octets: int) -> Iterator[list[_Item]]:
    """Yield the items in order, at most `most` of them or `octets` bytes at once; one that is larger comes alone."""
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
