"""Patterns whose search may never end: a repetition that repeats something of any length, with nothing in between.

Text that does not match is cut into such repetitions in 2**n ways, and each of them is tried.
"""

import re
import re._constants as kinds
import re._parser as parser
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

_BACKTRACKING = (kinds.MAX_REPEAT, kinds.MIN_REPEAT)
_REPEATS = (*_BACKTRACKING, kinds.POSSESSIVE_REPEAT)
_MANY = 20

Item = tuple[Any, Any]


def has_endless_ways(text: str | bytes) -> bool:
    """Whether a text is such a pattern; what is no pattern is none."""
    try:
        return _is_endless(parser.parse(text))  # type: ignore[arg-type]
    except (re.error, OverflowError):
        return False


def _is_endless(items: Iterable[Item]) -> bool:
    return any(
        (kind in _BACKTRACKING and value[1] > _MANY and _may_be_one_repeat(list(value[2])))
        or any(map(_is_endless, _inner(kind, value)))
        for kind, value in items
    )


def _inner(kind: Any, value: Any) -> list[Iterable[Item]]:
    """What stands within an item, each alternative by itself."""
    if kind in _REPEATS:
        return [value[2]]
    if kind is kinds.BRANCH:
        return list(value[1])
    if kind is kinds.SUBPATTERN:
        return [value[3]]
    if kind is kinds.ATOMIC_GROUP:
        return [value]
    return [value[1]] if kind in (kinds.ASSERT, kinds.ASSERT_NOT) else []


def _may_be_one_repeat(items: Sequence[Item]) -> bool:
    """Whether all else than one repetition without end may be missing."""
    return any(
        _is_or_has_repeat(item) and all(map(_may_be_empty, chain(items[:place], items[place + 1 :])))
        for place, item in enumerate(items)
    )


def _is_or_has_repeat(item: Item) -> bool:
    kind, value = item
    if kind in _BACKTRACKING:
        return bool(value[1] > _MANY)
    return kind in (kinds.SUBPATTERN, kinds.BRANCH) and any(_may_be_one_repeat(list(part)) for part in _inner(*item))


def _may_be_empty(item: Item) -> bool:
    kind, value = item
    if kind in (kinds.AT, kinds.ASSERT, kinds.ASSERT_NOT):
        return True
    if kind in _REPEATS:
        return value[0] == 0 or all(map(_may_be_empty, value[2]))
    return kind in (kinds.SUBPATTERN, kinds.BRANCH) and any(all(map(_may_be_empty, part)) for part in _inner(*item))
