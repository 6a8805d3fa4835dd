"""What somebody is known by: addresses, names, titles that were their words, and Message-IDs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ...mail.addresses import address_key, mailable

# A longer title may have been cut where it stands.
_TOLD_BY = 60
# From here on stand the scripts of East Asia.
_FIRST_UNSPACED = "\u2e80"
_PREFIX = re.compile(r"(?:\s*(?:re|fwd?|aw|antw|sv|wg)\s?:|\s*\[[^\[\]]{1,100} #\d{1,10}\])*\s*", re.IGNORECASE)


@dataclass(frozen=True)
class IdentityPatterns:
    """What one person is known by.

    `addresses` as they were written, `names` as letters called them, `titles` by ticket those that were their words,
    `ids` their Message-IDs, each with the one that stands for it from now on. `anonymous` is the address and `title`
    the title that stand for theirs.
    """

    person_id: int
    anonymous: str
    title: str
    addresses: frozenset[str]
    names: frozenset[str] = frozenset()
    titles: Mapping[int, frozenset[str]] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def keys(self) -> frozenset[str]:
        """The addresses in the form in which they are compared."""
        return frozenset(map(address_key, self.addresses))

    def is_theirs(self, address: str | None) -> bool:
        """Whether an address is one of theirs, however it is written."""
        return bool(address) and address_key(address or "") in self.keys

    def without_addresses(self, text: str) -> str:
        """A text in which another address stands for theirs."""
        return self._addresses.sub(self.anonymous, text)

    def has_address(self, text: str) -> bool:
        """Whether a text has an address of theirs in it."""
        return bool(self._addresses.search(text))

    def names_them(self, text: str) -> bool:
        """Whether somebody's words have an address or a whole name of theirs in them, not one that may be any word."""
        return bool(self._addresses.search(text) or self._whole_names.search(text))

    def knowing(self, ids: Mapping[str, str]) -> "IdentityPatterns":
        """The same, with Message-IDs of theirs."""
        return replace(self, ids=ids)

    def titles_on(self, ticket: int | None) -> frozenset[str]:
        """The titles of a ticket that were their words."""
        return self.titles.get(ticket or 0, frozenset())

    def with_other_ids(self, ids: str) -> str:
        """Return a list of Message-IDs, separated by spaces, with the person's ids replaced."""
        return " ".join(self.ids.get(part, part) for part in ids.split(" "))

    def retitled(self, subject: str, ticket: int | None) -> str:
        """A subject that is one of their titles, maybe after `Re:` and a tag, with the other title; else as it was."""
        titles = self.titles_on(ticket)
        prefix = _PREFIX.match(subject)
        rest = subject[prefix.end() :] if prefix else subject
        is_title = rest in titles or any(len(rest) > _TOLD_BY and title.startswith(rest) for title in titles)
        return f"{subject[: len(subject) - len(rest)]}{self.title}" if is_title else subject

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """The addresses in every form in which they may stand in a text."""
        forms = {form for address in self.addresses for form in (address, address_key(address), mailable(address))}
        return tuple(sorted(forms, key=len, reverse=True))

    @cached_property
    def _addresses(self) -> re.Pattern[str]:
        return _any_of(map(re.escape, self.spellings), r"(?<![\w.+-])", r"(?![\w-]|\.\w)", re.IGNORECASE)

    @cached_property
    def whole_names(self) -> frozenset[str]:
        """The names that are hardly any other word: of several words, or in a script that puts no spaces between."""
        return frozenset(name for name in self.names if len(name.split()) > 1 or _is_unspaced(name))

    @cached_property
    def _whole_names(self) -> re.Pattern[str]:
        patterns = (
            re.escape(whole_name) if _is_unspaced(whole_name) else rf"(?<!\w){re.escape(whole_name)}(?!\w)"
            for whole_name in self.whole_names
        )
        return _any_of(patterns, "", "", re.IGNORECASE)


def _is_unspaced(name: str) -> bool:
    return len(name) > 1 and " " not in name and min(name) >= _FIRST_UNSPACED


def _any_of(patterns: Iterable[str], before: str, after: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern for any of some others, the longest first; one that never matches if there are none."""
    ordered = sorted({pattern for pattern in patterns if pattern}, key=len, reverse=True)
    return re.compile(f"{before}(?:{'|'.join(ordered)}){after}" if ordered else r"(?!)", flags)
