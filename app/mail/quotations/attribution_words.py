"""What single words and marks are in the line above a quotation: verbs, names, days, dates, addresses."""

import re
from collections.abc import Iterable

from ..lazy_pattern import lazy_pattern
from . import client_phrases as words
from . import common_words as common

# A name has no more words, and in a script without spaces no more letters.
NAME_WORDS = 6
RUNNING_ON = 40


def runs_on(word: str) -> bool:
    """Return whether a word is of a script without spaces, or whose vowel signs are no letters to `re`."""
    return any("\u0e00" <= letter <= "\u0e7f" or "\u3040" <= letter <= "\ud7a3" for letter in word)


def _column(name: str) -> list[str]:
    return [word for language in words.LANGUAGES.values() for word in getattr(language, name).split("|") if word]


def _parts(phrases: Iterable[str]) -> frozenset[str]:
    return frozenset(part for phrase in phrases for part in re.findall(r"\w+(?:['’ʼ-]\w+)*", phrase.casefold()))


def _any_of(phrases: Iterable[str]) -> str:
    """An expression for one of these, the longest first; where words are apart, no letter follows."""
    ordered = sorted(set(phrases), key=lambda word: (-len(word), word))
    whole = [re.escape(word) + ("" if word[-1] == "-" or runs_on(word) else r"(?!\w)") for word in ordered]
    return "|".join(whole).replace(r"\ ", r"\s")


# Dates

_ON = _any_of(_column("on"))
_LETTER = r"(?:[^\W\d_]|['’ʼ׳\u0e31\u0e34-\u0e3a\u0e47-\u0e4e-])"
_MONTH = rf"(?!{_ON})(?![\u3040-\u9fff\uac00-\ud7a3]){_LETTER}(?:{_LETTER}|\.){{1,11}}"
_DAY = r"(?![4-9]\d|3[2-9])\d{1,2}+(?:st|nd|rd|th|er|[.ºª°]|\(a\))?"
_HOUR = r"\d{1,2}[:.h]\d\d(?::\d\d)?(?!\d|\.\d)"

# A date, whole: in numbers, Chinese, "Oct 5, 2014" (its month stands before it), Vietnamese, "5 Oct 2014", Hungarian,
# Latvian, or "5 Oct at 17:20".
WHOLE_DATE = lazy_pattern(
    rf"""(?<![\d:])(?<!\d[./-])(?=\d)(?:
    \d{{4}}([./-])\s?\d{{1,2}}\1\s?\d{{1,2}}(?!\d)\.?
    | (?![4-9]\d|3[2-9])\d{{1,2}}([./-])\s?\d{{1,2}}\2\s?(?:\d{{4}}|\d\d)(?!\d|[./-]\d)\.?
    | \d{{2,4}}\s?[年년]\s?\d{{1,2}}\s?[月월]\s?\d{{1,2}}\s?[日일]?
    | (?P<month_first>{_DAY},?\s(?:{_HOUR}\s)?\d{{4}}(?![\d./-]|\s?[年년]))
    | {_DAY}[\s-](?:thg|tháng)\s\d{{1,2}},?\s\d{{4}}
    | {_DAY},?[\s-](?:(?:de|del|of)\s|d['’])?{_MONTH}[\s,-]{{1,2}}(?:(?:de|del|of)\s)?(?:\d{{4}}|(?<=-)\d\d|\d\d(?=,\s))
      (?!\d|[./-]\d|\.\s(?:\d|[gm]\.|{_MONTH}\s\d)|\s?[年년])
    | \d{{4}}(?:\(e\)ko|\.\s[gm]\.|\.)?\s{_MONTH}\s{_DAY}(?![\d:]|\.?\s(?:{_MONTH}\s\d{{4}}|\d{{1,2}}\.))
    | \d{{4}}\.\s[gm]\.\s{_DAY}\s{_MONTH}
    | (?P<no_year>{_DAY},?\s(?:{_MONTH},?\s)?(?:\S{{1,5}}\s)?{_HOUR})
    )""",
    re.VERBOSE,
)
CLOCK = re.compile(rf"{_HOUR}|\d{{1,2}}\s?[时時點点시h]\s?\d{{1,2}}")

# What stands between "On" and the date: the hour, and up to two words.
BETWEEN = re.compile(
    rf"(?:\s(?:(?:\S{{1,4}}\s)?{_HOUR}[\s,]+(?:[AP]M[\s,]+)?|Th\s\d,\s)?"
    rf"((?:(?:{_LETTER}{{1,4}}\.|{_LETTER}{{1,16}})[,،]?\s){{0,2}}))?"
)
LAST_WORD = re.compile(r"([^\W\d_]+(?:['’ʼ-][^\W\d_]+)*)[.,]*\s*\Z")
UNKNOWN_DAY = re.compile(r"\s*([^\W\d_]{2,3})\.?,\s")

# Names and addresses

ADDRESS = re.compile(r"[^\s<>@()]@[^\s<>@()]")
_EMAIL = r"\s*(?:mailto:)?[^\s<>@()]{1,64}@[^\s<>@()]{1,80}\s*"
ANGLED = re.compile(rf"\(<{_EMAIL}>\)|[<(\[]{_EMAIL}[>)\]]")
BARE_FIRST = re.compile(r"\s*[^\s<>@()]{1,64}@[^\s<>@()]{1,80}\s")
QUOTED_LAST = re.compile(r"\"[^\"\n]{1,80}\"\s*\Z")
NAME_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_NAME_ONLY = re.compile(r"(?:[\w\s.,'’ʼ׳\u0e31-\u0e4e\"“”„«»*/&@-]|\([^()]*+\)|\[[^\[\]]*+\])*+")

# What stands behind a name or a verb and before the date, no end of a sentence: "(a) on", "ezt írta (időpont:".
BEFORE_DATE = re.compile(r"(?:\([\w-]{1,3}\))?(?!\s*[.?!])[^\W\d_]*+(?:[\s.,:(/—'’ʼ׳-]++[^\W\d_]*+)*+")

# Sentences

SENTENCE = re.compile(r"[?;。？！]|(?<!Yahoo)!|\bI\s")
_STOP = re.compile(r"(?<!\w)(\w++)\.(\s|\w)")
_ASIDE = re.compile(r"<[^<>]{0,160}>|\([^()]{0,160}\)|\"[^\"]{0,80}\"|\S{1,64}@\S{1,80}")
_WORD = re.compile(r"[^\W\d_]+(?:['’_-][^\W\d_]+)*")


def aside(text: str, instead: str = " ") -> str:
    """A text without addresses and what stands in brackets or quotation marks."""
    return _ASIDE.sub(instead, text)


def without_you(text: str) -> str:
    """A text without "you wrote", which names nobody."""
    return _YOU_WROTE.sub(" ", text)


def words_of(text: str) -> list[str]:
    return _WORD.findall(text)


def has_verb(line: str) -> bool:
    """Return whether a line says, in any language, that somebody wrote."""
    text = line.casefold()
    return not VERBS.isdisjoint(re.findall(r"\w+", text)) or (
        not text.isascii() and any(verb in text for verb in _VERBS_RUNNING_ON)
    )


def is_name(text: str) -> bool:
    """Return whether some words are a name and nothing else. One of them may be in small letters."""
    text = text.strip()
    if not text or QUOTED_LAST.fullmatch(text):
        return True
    names = NAME_WORD.findall(text)
    if not 0 < len(names) <= NAME_WORDS or "\n" in text or text[0].isdigit() or not _NAME_ONLY.fullmatch(text):
        return False
    if has_sentence_words(names) or is_prose(f"{text} ", comma=False):
        return False
    odd = [name for name in names if not fits_name(name)]
    scripts = {has_case(name) for name in names if name[0].isalpha()}
    return len(scripts) < 2 and (not odd or (len(odd) == 1 and (len(names) <= 3 or odd[0] == names[0])))


def fits_name(word: str) -> bool:
    folded = word.casefold()
    return folded not in _NEVER_NAMES and (not word[0].islower() or folded in BESIDE_NAMES)


def has_case(word: str) -> bool:
    """Return whether a word is of a script with capital letters."""
    return word[0].lower() != word[0].upper()


def is_title(word: str) -> bool:
    """Return whether a full stop behind this word ends no sentence."""
    return word.casefold() in _TITLES


def has_sentence_words(words: Iterable[str]) -> bool:
    """Return whether there are words among these that no name has, only sentences."""
    return any(word.casefold() in _SENTENCE_WORDS for word in words)


def is_sentence_running_on(text: str) -> bool:
    """Return whether words of a script without spaces are too long for a name, or have a word of sentences."""
    return len(text) > RUNNING_ON // 4 or any(word in text for word in _SENTENCE_WORDS_RUNNING_ON)


def count_common(words: Iterable[str]) -> int:
    """How many of these words neither are names nor belong to what clients write."""
    return sum(len(word) > 1 and word.islower() and word.casefold() not in KNOWN for word in words)


def is_prose(text: str, *, comma: bool) -> bool:
    """Return whether a sentence ends within these words, or, unless a `comma` is allowed, a part of one."""
    stops = (word for word, then in _STOP.findall(text) if not is_title(word) and not then.islower())
    return any(stops) or SENTENCE.search(text) is not None or (not comma and any(mark in text for mark in ",:،、，："))


ON = lazy_pattern(_ON)
_YOU_WROTE = re.compile(rf"\b(?:{common.YOU_WROTE})\b", re.IGNORECASE)
ON_FIRST = lazy_pattern(rf"[\s\-*_~|>\"'(«„“]*(?:{_ON})", re.IGNORECASE)
DAYS = frozenset(common.DAYS.split("|"))
AFTER_ON = DAYS | frozenset(common.DAYS_AFTER_ON.split("|")) | _parts(_column("on"))
VERBS = frozenset(part for part in _parts(verb for verb in _column("wrote") if not runs_on(verb)) if len(part) > 2)
BESIDE_NAMES = _parts(_column("wrote")) | frozenset(common.BESIDE_NAMES.split("|"))
KNOWN = BESIDE_NAMES | _parts(_column("on")) | DAYS
_VERBS_RUNNING_ON = tuple(verb for verb in _column("wrote") if runs_on(verb))
_TITLES = frozenset(common.TITLES.split("|")) | frozenset("abcdefghijklmnopqrstuvwxyz")
_SENTENCE_WORDS = frozenset(common.NO_NAMES.split("|")) - KNOWN
_SENTENCE_WORDS_RUNNING_ON = tuple(word for word in _SENTENCE_WORDS if runs_on(word))
_NEVER_NAMES = _SENTENCE_WORDS | DAYS
