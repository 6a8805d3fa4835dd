"""Regular expressions that are compiled when they are first used.

A few have hundreds of words and take milliseconds. Most commands never need them, and must start fast.
"""

import re
from typing import Any, cast

_METHODS = ("search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")


class _LazyPattern:
    """A pattern that compiles itself at the first call, and then has the compiled pattern's methods."""

    def __init__(self, expression: str, flags: int) -> None:
        self.pattern = expression
        self.flags = flags

    def __getattr__(self, name: str) -> Any:
        # Called only for what the instance lacks, so no more than once for each of the methods.
        compiled = re.compile(self.pattern, self.flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def lazy_pattern(expression: str, flags: int = 0) -> re.Pattern[str]:
    """Return what `re.compile` returns, but compile it at the first search."""
    return cast("re.Pattern[str]", _LazyPattern(expression, flags))
