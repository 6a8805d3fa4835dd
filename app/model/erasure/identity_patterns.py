"""What somebody is known by in words that the tracker has written, and how it is taken out of them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

from ...mail.addresses import address_key, mailable
from ..records.people import FORGOTTEN_NAME

# A longer name or title may have been cut where it stands: it goes from here to the end of its line.
_TOLD_BY = 60
# From here on stand the scripts of East Asia.
_FIRST_UNSPACED = "\u2e80"
_SUBJECT = re.compile(r"Subject:|#\d+\]")
_PREFIX = re.compile(r"(?:\s*(?:re|fwd?|aw|antw|sv|wg)\s?:|\s*\[[^\[\]]{1,100} #\d{1,10}\])*\s*", re.IGNORECASE)


@dataclass(frozen=True)
class IdentityPatterns:
    """What one person is known by.

    `addresses` as they were written, `names` as letters called them, which may be any word, `titles` by ticket those
    that were their words, `ids` their Message-IDs, each with the one that stands for it from now on. `anonymous` is the
    address and `title` the title that stand for theirs.
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

    def without(self, text: str, ticket: int | None = None) -> str:
        """What the tracker has written about a ticket, without their addresses, names beside these, and titles."""
        text = self.without_addresses(self._named_addresses.sub(f"{FORGOTTEN_NAME} <{self.anonymous}>", text))
        titles = self.titles_on(ticket)
        if not titles:
            return text
        theirs = _any_title(titles)
        return "\n".join(theirs.sub(self.title, line) if _SUBJECT.search(line) else line for line in text.split("\n"))

    def without_names(self, text: str) -> str:
        """A text without the whole names of theirs, where somebody else may have written it."""
        return self._whole_names.sub(FORGOTTEN_NAME, text)

    def unlisted(self, names: str, namesakes: Mapping[str, int]) -> str:
        """A list of names in a sentence, without theirs; as many others are called the same as `namesakes` says."""
        places = list(self._in_a_list.finditer(names))
        kept = dict(namesakes)
        for place in places[:]:
            if kept.get(place[0], 0) > 0:
                kept[place[0]] -= 1
                places.remove(place)
        for place in reversed(places):
            names = f"{names[: place.start()]}{FORGOTTEN_NAME}{names[place.end() :]}"
        return names

    def knowing(self, ids: Mapping[str, str]) -> "IdentityPatterns":
        """The same, with Message-IDs of theirs."""
        return replace(self, ids=ids)

    def titles_on(self, ticket: int | None) -> frozenset[str]:
        """The titles of a ticket that were their words."""
        return self.titles.get(ticket or 0, frozenset())

    def without_lines(self, text: str) -> str:
        """A list whose lines that name an address of theirs say nothing."""
        lines = text.split("\n")
        return "\n".join("    (erased)" if self._addresses.search(line) else line for line in lines)

    def with_other_ids(self, ids: str) -> str:
        """Message-IDs with spaces between, others in place of theirs."""
        return " ".join(self.ids.get(one, one) for one in ids.split(" "))

    def retitled(self, subject: str, ticket: int | None) -> str:
        """A subject that is one of their titles, maybe after `Re:` and a tag, with the other title; else as it was."""
        titles = self.titles_on(ticket)
        prefix = _PREFIX.match(subject)
        rest = subject[prefix.end() :] if prefix else subject
        theirs = rest in titles or any(len(rest) > _TOLD_BY and title.startswith(rest) for title in titles)
        return f"{subject[: len(subject) - len(rest)]}{self.title}" if theirs else subject

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
            re.escape(whole_name) if _is_unspaced(whole_name) else rf"(?<!\w){_told(whole_name)}(?!\w)"
            for whole_name in self.whole_names
        )
        return _any_of(patterns, "", "", re.IGNORECASE)

    @cached_property
    def _named_addresses(self) -> re.Pattern[str]:
        addresses = "|".join(map(re.escape, self.spellings))
        return _any_of(map(re.escape, self.names), r"(?<!\w)", rf" <(?i:{addresses})>")

    @cached_property
    def _in_a_list(self) -> re.Pattern[str]:
        return _any_of(map(re.escape, self.names), r"(?:^|(?<=, )|(?<= and ))", r"(?=, | and |$)")


def _is_unspaced(name: str) -> bool:
    return len(name) > 1 and " " not in name and min(name) >= _FIRST_UNSPACED


@cache
def _any_title(titles: frozenset[str]) -> re.Pattern[str]:
    return _any_of(map(_told, titles), r"(?<!\w)", r"(?!\w)")


def _any_of(patterns: Iterable[str], before: str, after: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern for any of some others, the longest first; one that never matches if there are none."""
    ordered = sorted({pattern for pattern in patterns if pattern}, key=len, reverse=True)
    return re.compile(f"{before}(?:{'|'.join(ordered)}){after}" if ordered else r"(?!)", flags)


def _told(term: str) -> str:
    return re.escape(term) if len(term) <= _TOLD_BY else f"{re.escape(term[:_TOLD_BY])}[^\\n]*"
