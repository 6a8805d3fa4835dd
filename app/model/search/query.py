"""What somebody looks for: how a query is read, and how each database is asked it.

Words, "exact phrases", beginnings* and -exclusions, with OR between words; whatever else somebody writes is words or
nothing, and never an error.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..wording import Sentence, say
from .tokens import as_one_word, words

# Nobody means so many: a mail may be the query. Each beginning is as many words as begin so.
_MOST_TERMS = 32
_MOST_BEGINNINGS = 8
_LONGEST_PHRASE = 64
_LONGEST_QUERY = 10_000

_PIECE = re.compile(r'(?P<no>-?)"(?P<phrase>[^"]*)"(?P<begins>\*?)|(?P<word>\S+)')
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″＂", '"'))
_OR = "OR"


class Term(NamedTuple):
    """Words that stand one after the other; `begins`: the last is only the beginning of one. `exact`: as written."""

    words: tuple[str, ...]
    begins: bool = False
    exact: bool = False

    def stands_in(self, text: str) -> bool:
        """Whether it stands in folded words with a space before and behind each."""
        return f" {' '.join(self.words)}{'' if self.begins else ' '}" in text


@dataclass(frozen=True)
class Query:
    """What a message must have: of each group one term at least, and none of the others. False without any word.

    `shortened`: there were more words than are looked for.
    """

    groups: tuple[tuple[Term, ...], ...] = ()
    without: tuple[Term, ...] = ()
    shortened: bool = False

    def __bool__(self) -> bool:
        return bool(self.groups)

    @property
    def terms(self) -> list[Term]:
        """Every term that a message may be found by."""
        return [term for group in self.groups for term in group]

    def loosened(self) -> "Query":
        """The same with beginnings for words, if these are not too many; phrases stay as they are."""
        groups = tuple(
            tuple(term if term.exact else term._replace(begins=True) for term in group) for group in self.groups
        )
        begins = sum(term.begins for group in (*groups, self.without) for term in group)
        return replace(self, groups=groups) if begins <= _MOST_BEGINNINGS else self

    def for_sqlite(self) -> str:
        """The expression of FTS5's MATCH. Words are letters and digits alone, so that quotation marks are enough."""
        groups = " AND ".join(_joined(map(_fts5, group), "OR") for group in self.groups)
        without = f" NOT {_joined(map(_fts5, self.without), 'OR')}" if self.without else ""
        return f"({groups}){without}"

    def for_postgres(self) -> str:
        """The text of a tsquery."""
        groups = [_joined(map(_tsquery, group), "|") for group in self.groups]
        return " & ".join([*groups, *(f"!({_tsquery(term)})" for term in self.without)])

    def finds(self, columns: Iterable[Sequence[str]]) -> bool:
        """Whether a message is found by it whose columns have these words."""
        texts = [f" {' '.join(column)} " for column in columns]
        if any(term.stands_in(text) for term in self.without for text in texts):
            return False
        return all(any(term.stands_in(text) for term in group for text in texts) for group in self.groups)


def what_counts(query: Query) -> list[Sentence]:
    """A sentence on what is looked for of a query that has more; none if all is."""
    return [say("pages.what_counts", words=_MOST_TERMS, beginnings=_MOST_BEGINNINGS)] if query.shortened else []


def read_query(text: str) -> Query:
    """Return the query that a text stands for. Never raises."""
    groups: list[list[Term]] = []
    without: list[Term] = []
    either = False
    pieces = list(_PIECE.finditer(text[:_LONGEST_QUERY].translate(_QUOTES)))
    for piece in pieces:
        # Alone it is a word; between others it joins them, and before or behind all of them it says nothing.
        if piece["word"] == _OR and len(pieces) > 1:
            either = bool(groups)
            continue
        terms, excluded = _terms(piece)
        if not terms:
            continue
        if excluded:
            without.extend(terms)
        elif either:
            groups[-1].extend(terms)
        else:
            groups.append(terms)
        either = False
    query = _bounded(groups, without)
    return replace(query, shortened=True) if len(text) > _LONGEST_QUERY else query


def _bounded(groups: Iterable[Iterable[Term]], without: Iterable[Term]) -> Query:
    """A query in which nothing is asked twice, and no more than may be."""
    several = dict.fromkeys(tuple(dict.fromkeys(group)) for group in groups)
    terms = beginnings = 0
    shortened = False
    kept: list[tuple[Term, ...]] = []
    for group in (*several, tuple(dict.fromkeys(without))):
        some: list[Term] = []
        for term in group:
            if terms == _MOST_TERMS or (term.begins and beginnings == _MOST_BEGINNINGS):
                shortened = True
                continue
            terms += 1
            beginnings += term.begins
            some.append(term)
        kept.append(tuple(some))
    return Query(tuple(filter(None, kept[:-1])), kept[-1], shortened)


def _terms(piece: re.Match[str]) -> tuple[list[Term], bool]:
    """What a piece of a query asks for, each of it as good, and whether it is excluded."""
    word = piece["word"]
    if word is None:
        terms = [Term(_words(piece["phrase"]), bool(piece["begins"]), exact=True)]
        return [term for term in terms if term.words], bool(piece["no"])
    excluded = word.startswith("-") and not word.startswith("--")
    begins = word.endswith("*")
    joined = as_one_word(word.strip("-*.,;:!?()"))
    terms = [Term(_words(word), begins=begins), *([Term((joined,), begins=begins)] if joined else [])]
    return [term for term in terms if term.words], excluded


def _words(text: str) -> tuple[str, ...]:
    return tuple(words(text)[:_LONGEST_PHRASE])


def _joined(parts: Iterable[str], sign: str) -> str:
    return f"({f' {sign} '.join(parts)})"


def _fts5(term: Term) -> str:
    return f'"{" ".join(term.words)}"{" *" if term.begins else ""}'


def _tsquery(term: Term) -> str:
    quoted = [f"'{word}'" for word in term.words]
    return f"({' <-> '.join(quoted)}{':*' if term.begins else ''})"
