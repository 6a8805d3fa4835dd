"""Refusals in a row: those of two readers say something about the relay, and nothing about either reader."""

_READERS = 2


class RefusalStreak:
    """The letters that the relay refused since it last took one, and their readers."""

    def __init__(self) -> None:
        self._readers: set[str] = set()
        self._letters: set[int] = set()
        # The relay took another letter after it had refused these: their next refusal is theirs alone.
        self._alone: set[int] = set()

    def refused(self, letter: int, reader: str) -> None:
        """Note that the relay refused a letter, with whatever code."""
        if letter not in self._alone:
            self._letters.add(letter)
            self._readers.add(reader.lower())

    def taken(self) -> set[int]:
        """Note that the relay took a letter; return the letters that it refused while it refused all."""
        freed = self._letters if self.stops_all else set()
        self._alone |= freed
        self._letters, self._readers = set(), set()
        return freed

    @property
    def stops_all(self) -> bool:
        """Whether the relay is in trouble, so that all letters wait."""
        return len(self._readers) >= _READERS

    def excuses(self, letter: int) -> bool:
        """Return whether a letter's refusal is the relay's trouble."""
        return self.stops_all and letter in self._letters

    def concerns(self, reader: str) -> bool:
        """Return whether a letter to this reader was refused."""
        return reader.lower() in self._readers
