"""The tally: what was counted, and every kind of thing that must not be."""

from collections.abc import Iterator
from dataclasses import dataclass, field

_SHOWN = 3


@dataclass
class Tally:
    """Counts in the order in which they are printed, and what was wrong, by its kind."""

    counts: dict[str, int] = field(default_factory=dict)
    wrongs: dict[str, list[str]] = field(default_factory=dict)

    def count(self, name: str, number: int) -> None:
        """So many there are of these."""
        self.counts[name] = number

    def wrong(self, kind: str, example: str) -> None:
        """One thing that must not be."""
        self.wrongs.setdefault(kind, []).append(example)

    def lines(self) -> Iterator[str]:
        """Everything, to be printed."""
        width = max(map(len, self.counts), default=0)
        for name, number in self.counts.items():
            yield f"  {name:<{width}}  {number:>8,}"
        for kind, examples in self.wrongs.items():
            more = f"; and {len(examples) - _SHOWN:,} more" if len(examples) > _SHOWN else ""
            yield f"  WRONG: {kind}: {len(examples):,} ({'; '.join(examples[:_SHOWN])}{more})"
        if not self.wrongs:
            yield "  Nothing was lost, nothing was doubled."
