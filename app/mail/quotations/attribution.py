"""The line that a mail client writes above a quotation ("On <date>, <name> wrote:"), also behind words of the writer.

Such a line is found by its date, or by the address of its writer. Where it is not sure that one begins, there is none.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from . import attribution_words as parts
from .attribution_words import ADDRESS, has_case, has_verb, words_of

# So many characters before the date hold "On", the day or a name; so many before an address a name.
NEAR = 48
NAME = 160

# A line of this length was broken by its client.
BROKEN = 56

_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d(?!\d)|\d{1,2}([./-])\s?\d{1,2}\1\s?\d{2}(?!\d)|(?:2[45]\d\d)年?(?!\d))|\d[年년月월日일]"
)
_TIME = re.compile(r"(?<!\d)\d{1,2}\s?[:.h时時點点시]\s?\d{1,2}(?!\d)|\d\s?(?:[ap]\.?m\b|시|時|时|点|點)", re.I)
_ADDRESS_LAST = re.compile(r"[>)\]][\s:：*_]*+\Z")
_NAMED = re.compile(
    r"[^<>]{0,60}<(?:mailto:)?[^\s<>@]{1,64}@[^\s<>@]{1,80}> ?(?:\w{1,12} )?\w{2,12}(?:\(\w{1,2}\))? ?[:：]\s*+\Z"
)
_NUMBER_FIRST = re.compile(r"\W{0,3}(?:[^\W\d]{1,20}\W{1,3})?\d")
_NUMBER_SOON = re.compile(r"\W{0,3}(?:[^\W\d]{1,20}\W{1,3}){0,5}\d")

_QUOTES = " \t\n\xa0\"'’„“”«»*_"
_COMMAS = ",،、，-–—"
_OPENING = "([{<&+/@#"
_GLUE = "-.:=_'\"«„“" + _OPENING  # What joins a number to what stands right before it.
_NO_WORDS = " \t\n\xa0-*_~|>\"'(«„“"


class Attribution(NamedTuple):
    """The line above a quotation: where it begins in its first line, and how surely somebody's letter follows.

    `certainty` is 2 even if the letter is not marked as quoted, 1 only if it is.
    """

    start: int
    certainty: int


def find(lines: Sequence[str], *, fresh: bool, apart: bool) -> Attribution | None:
    """Return the attribution that begins in the first of these lines and ends with the last; None if that is not sure.

    `fresh` says that the first line does not go on with a sentence of the line before it, `apart` that this is blank.
    Takes linear time.
    """
    text = "\n".join(lines)
    certainty = _certainty(text)
    if not certainty:
        return None
    strict = not fresh or (len(lines) > 1 and _certainty(lines[-1]) > 1)
    start = 0 if apart and _begins_with_day(text) else _start(text, fresh=fresh, strict=strict)
    if start is None or start > len(lines[0]):
        return None
    return Attribution(0, certainty) if _is_whole(text, start) else Attribution(start, _certainty(text[start:]))


def is_stamp(text: str) -> bool:
    """Return whether a text names a day and an hour, and says nothing else that a sentence would."""
    stamped = _DATE.search(text) is not None and _TIME.search(text) is not None
    return stamped and not parts.has_sentence_words(words_of(parts.aside(text)))


def stands_above(text: str) -> bool:
    """Return whether a text says who wrote when what follows, as an attribution does."""
    return _certainty(text) > 1 or (is_stamp(text) and has_verb(text))


def _certainty(text: str) -> int:
    """How surely a text stands above a quotation, as an attribution has it; 0 if it has no mark of one."""
    line = text.replace("\n", " ")
    wrote = has_verb(line)
    address = ADDRESS.search(line) is not None
    date = _DATE.search(line) is not None
    time = _TIME.search(line) is not None
    if date and address and (wrote or (time and _NUMBER_FIRST.match(line) and _ADDRESS_LAST.search(line))):
        return 2
    if wrote and date and time and (_NUMBER_SOON.match(line.strip(_NO_WORDS)) or parts.ON_FIRST.match(line)):
        return 2
    if wrote and _NAMED.match(line):
        return 2
    return 1 if wrote or address or (date and time) else 0


def _is_whole(text: str, start: int) -> bool:
    """Return whether no words stand before the place where an attribution begins."""
    return not text[:start].strip(_NO_WORDS)


def _start(text: str, *, fresh: bool, strict: bool) -> int | None:
    *_, date = [None, *parts.WHOLE_DATE.finditer(text)]
    if date:
        start = _by_date(text, date, fresh=fresh)
        if start is not None and _is_complete(text, start, date.end(), fresh=fresh, strict=strict):
            return start
    start = _by_address(text) if "@" in text else _by_verb(text)
    return start if start or fresh else None


def _begins_with_day(text: str) -> bool:
    """Return whether a line begins with one word, as a day in an unknown language, and a whole date with the hour."""
    day = parts.UNKNOWN_DAY.match(text)
    if day is None or day[1].casefold() in parts.KNOWN or parts.has_sentence_words([day[1]]):
        return False
    date = parts.WHOLE_DATE.match(text, day.end())
    return date is not None and _is_all_there(text, date.end())


def _is_all_there(text: str, end: int) -> bool:
    """Return whether the hour, a name and an address stand behind a date, and no common words."""
    clock = parts.CLOCK.search(text, end, end + NEAR)
    if clock is None or not ADDRESS.search(text, end):
        return False
    return not parts.count_common(words_of(parts.aside(text[clock.end() :])))


# With a date


def _by_date(text: str, date: re.Match[str], *, fresh: bool) -> int | None:
    """Where an attribution of this date would begin: with "On", a name, the day, or the date itself."""
    first = date.start()
    month = parts.LAST_WORD.search(text, max(0, first - NEAR), first)
    if month and (date["month_first"] or (date["no_year"] and month[1].casefold() not in parts.AFTER_ON)):
        first = month.start()
    before = text[:first]
    on = _on_start(before, fresh=fresh)
    if on is None or not text[on].isupper():
        if (address := _address_before(before)) is not None:
            return _name_start(before[:address], comma=True)
        if (verb := _verb_before(before)) is not None:
            name = _name_start(before[:verb], comma=False)
            return name if name is not None and before[name:verb].strip(_QUOTES) else None
    return on if on is not None or date["no_year"] else _date_start(text, first, date.end())


def _date_start(text: str, first: int, end: int) -> int | None:
    """Where a date begins that stands at `first`: with its day of the week, if it has one."""
    before = text[:first]
    day = parts.LAST_WORD.search(before, max(0, first - NEAR))
    if day and day[1].casefold() in parts.DAYS and not _is_apart(before, day):
        if _is_free(text, day.start(), end):
            return day.start()
        if "." not in before[day.end(1) :]:
            return None
    return first if _is_free(text, first, end) else None


def _is_apart(before: str, day: re.Match[str]) -> bool:
    """Return whether a day ends a sentence or a line, so that it does not belong to the date behind it."""
    gap = before[day.end(1) :]
    return (len(day[1]) > 4 and "." in gap and "," not in gap) or not _is_one_line(before, day.start())


def _on_start(before: str, *, fresh: bool) -> int | None:
    """Where the last "On" begins that leads to the end of these words."""
    near = max(0, len(before) - NEAR)
    ons = [on for on in parts.ON.finditer(before, near) if _leads(before, on) and _is_word(before, on)]
    if ons:
        return ons[-1].start()
    first = parts.ON_FIRST.match(before) if fresh and not near else None
    return 0 if first and _leads(before, first) else None


def _leads(before: str, on: re.Match[str]) -> bool:
    """Return whether only the day and the hour stand between "On" and the end of these words, on one line."""
    between = parts.BETWEEN.fullmatch(before, on.end())
    if between is None or not _is_one_line(before, on.start()):
        return False
    return all(word.casefold() in parts.AFTER_ON for word in words_of(between[1] or "") if has_case(word))


def _is_one_line(before: str, start: int) -> bool:
    """Return whether no line ends behind `start`, but for one that a client broke because it was full."""
    line, end, _ = before[start:].partition("\n")
    return not end or len(before[:start].rpartition("\n")[2]) + len(line) >= BROKEN


def _is_word(text: str, on: re.Match[str]) -> bool:
    """Return whether "On" is no part of another word; a writer may leave out the space before it ("pleaseOn")."""
    before = text[max(0, on.start() - 1) : on.start()]
    return not before.isalpha() or (not before.isupper() and on[0][0].isupper()) or parts.runs_on(on[0][0])


def _address_before(before: str) -> int | None:
    """Where the address begins behind which these words say no more than "wrote on"."""
    end = max(before.rfind(">"), before.rfind(")"), before.rfind("]")) + 1
    between = before[end:]
    if len(between) > NEAR or not parts.BEFORE_DATE.fullmatch(between):
        return None
    odd = [word for word in words_of(between) if len(word) > 3 and word.casefold() not in parts.KNOWN]
    angled = [match for match in parts.ANGLED.finditer(before, max(0, end - NAME), end) if match.end() == end]
    return angled[-1].start() if angled and (not odd or has_verb(between)) else None


def _verb_before(before: str) -> int | None:
    """Where "wrote" begins behind which only "on" and a day lead to the end of these words."""
    for word in reversed(list(parts.NAME_WORD.finditer(before, max(0, len(before) - NEAR)))[-4:]):
        if word[0].casefold() in parts.VERBS:
            return word.start() if parts.BEFORE_DATE.fullmatch(before, word.end()) else None
        if word[0].casefold() not in parts.KNOWN and len(word[0]) > 1:
            return None
    return None


def _is_free(text: str, start: int, end: int) -> bool:
    """Return whether a date begins the line: behind an end of a sentence, or if all is there that clients write."""
    head = text[:start].rstrip()
    if _is_whole(text, start):
        return True
    if not head[-1].isalnum():
        return len(head) < start or head[-1] not in _GLUE or (head[-1] == "." and head[-2:-1].isalpha())
    word = parts.LAST_WORD.search(head, max(0, len(head) - NEAR))
    if word is None or (len(head) == start and has_case(head[-1])):
        return False
    is_part = word[1].islower() and (len(word[1]) < 4 or word[1] in parts.KNOWN)
    return not is_part and _is_all_there(text, end)


def _is_complete(text: str, start: int, end: int, *, fresh: bool, strict: bool) -> bool:
    """Return whether only the hour, names and "wrote" stand behind a date that ends there."""
    line, whole = text[start:], _is_whole(text, start)
    clock = parts.CLOCK.search(text, end, end + NEAR)
    after = parts.without_you(parts.aside(text[clock.end() if clock else end :]))
    words = words_of(after)
    wrote, addressed = has_verb(line), ADDRESS.search(line) is not None
    if whole and not fresh and not (clock and _stands_alone(text, wrote=wrote, addressed=addressed)):
        return False
    if parts.SENTENCE.search(after) or len(words) > parts.NAME_WORDS * 2:
        return False
    if parts.has_sentence_words(word for word in words if not addressed or word.islower()):
        return False
    allowed = 1 if wrote else 0
    if addressed and (wrote or (whole and clock)):
        allowed = 0 if strict else 5 if whole and wrote and clock else 3
    likely = whole or (wrote and (addressed or _TIME.search(line))) or (addressed and clock)
    running_on = sum(len(word) for word in words if not has_case(word))
    return bool(likely) and parts.count_common(words) <= allowed and running_on <= parts.RUNNING_ON


def _stands_alone(text: str, *, wrote: bool, addressed: bool) -> bool:
    """Return whether a line cannot go on with the sentence before it: "5 Oct 2014, Ann wrote" can."""
    if parts.ON.match(text):
        return wrote or addressed
    begins_with_date = text[:1].isdigit() or words_of(text)[0].casefold() in parts.DAYS
    return addressed and (begins_with_date or (wrote and not text[0].islower()))


# Without a date


def _by_address(text: str) -> int | None:
    """Where an attribution without a date begins: with the name before the last address."""
    angled = [*parts.ANGLED.finditer(text)]
    address = angled[-1] if angled else parts.BARE_FIRST.match(text)
    if address is None:
        return None
    after = text[address.end() :]
    wrote = has_verb(after)
    if parts.SENTENCE.search(after) or parts.count_common(words_of(parts.aside(after))) > 1:
        return None
    start = _name_start(text[: address.start()], comma=False)
    is_named = angled and start == 0 and words_of(text[: address.start()]) and not words_of(after)
    return start if wrote or is_named else None


def _by_verb(text: str) -> int | None:
    """0 if these words are no more than "On Monday, Ann wrote:" or "Ann Smith wrote:"."""
    words = parts.aside(text, " Name ").strip(_NO_WORDS + ":：")
    on = parts.ON_FIRST.match(words)
    between = words_of(words[on.end() :] if on else words)
    if not has_verb(words) or parts.has_sentence_words(between) or parts.is_prose(words, comma=on is not None):
        return None
    names = [word for word in between if word.casefold() not in parts.KNOWN]
    is_named = 0 < len(names) <= parts.NAME_WORDS and parts.count_common(between) <= (len(names) == 1)
    running_on = "".join(word for word in between if parts.runs_on(word))
    return 0 if is_named and not parts.is_sentence_running_on(running_on) else None


def _name_start(before: str, *, comma: bool) -> int | None:
    """Where the name at the end of these words begins: behind a mark, which may be a comma only if `comma` says so.

    None if that is not sure.
    """
    if parts.is_name(before):
        return 0
    start, first = len(before), ""
    if quoted := parts.QUOTED_LAST.search(before):
        start = quoted.start()
    for word in reversed(list(parts.NAME_WORD.finditer(before, max(0, start - NAME), start))[-parts.NAME_WORDS :]):
        marks = before[word.end() : start].strip(_QUOTES)
        if marks and (marks != "." or not parts.is_title(word[0])):
            return start if _ends(marks, comma=comma) else None
        if first and not _is_one_line(before[:start], word.start()):
            return start
        if quoted or not parts.fits_name(word[0]) or (first and has_case(first) != has_case(word[0])):
            return None
        start, first = word.start(), word[0]
    return None


def _ends(marks: str, *, comma: bool) -> bool:
    """Return whether a name may begin behind these marks."""
    return marks[-1] not in _OPENING and (comma or any(mark not in _COMMAS for mark in marks))
