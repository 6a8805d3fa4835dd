"""Dates as mail programs write them: RFC 5322, ISO 8601, and what some write instead, in their own languages."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from .body_parts.encoded_words import decoded

_LOOKED_AT = 200
_ISO_DATE = re.compile(
    r"\s*(\d{4})([-/]?)(\d\d)\2(\d\d)[T ](\d\d):?(\d\d)(?::?(\d\d))?(?:[.,]\d{1,9})? ?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
# As RFC 5322 has it (section 3.3), and nearly all mails.
_PLAIN = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d\d?) ([A-Z][a-z]{2}) ([12]\d{3}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)([0-5]\d)", re.ASCII
)
# Zones that the standard library takes for UTC. Names with more than one meaning (IST, CST) are left to it.
_ZONES = {
    **dict.fromkeys(("CET", "MEZ", "MET", "BST", "WEST"), "+0100"),
    **dict.fromkeys(("CEST", "MESZ", "MEST", "EET", "SAST"), "+0200"),
    **dict.fromkeys(("EEST", "MSK"), "+0300"),
    **dict.fromkeys(("JST", "KST"), "+0900"),
    "HKT": "+0800",
    "SGT": "+0800",
    "AEST": "+1000",
    "AEDT": "+1100",
    "NZST": "+1200",
    "NZDT": "+1300",
}
_OFFSET = re.compile(r"(?<![\d-])([+-])(\d\d?)(?::?(\d\d))?(?!\d)")
_GMT_OFFSET = re.compile(r"\b(?:GMT|UTC?) ?(?=[+-]\d)")
_NAMED_ZONE = re.compile(rf"\b(?:{'|'.join(_ZONES)})\b")
_HALF_DAY = re.compile(r"\b(\d{1,2})([:.]\d\d(?:[:.]\d\d)?) ?([ap])\.?m\b\.?", re.IGNORECASE)
# Day, month, year, hour and zone, as people of most languages order them: "25. November 2026 09:15:00 +0100".
_IN_WORDS = re.compile(
    r"(?:\w{1,12}[.,]{0,2} )?(\d{1,2})\.? (?:de )?([^\W\d]{3,12})\.? (?:de )?(\d{4}),? (\d{1,2}:\d\d(?::\d\d)?) ?(.*)"
)
_IN_NUMBERS = re.compile(r"(?:\w{1,12}[.,]{0,2} )?(\d{1,2})([./])(\d{1,2})\2(\d{4}),? (\d{1,2}:\d\d(?::\d\d)?) ?(.*)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# How the names of months begin, without accents: German, French, Spanish, Italian, Portuguese, Dutch, the Nordic ones.
_BEGINNINGS = (
    "jan|ene|gen",
    "feb|fev",
    "mar|mrz|mrt|maa",
    "apr|avr|abr",
    "mai|may|mag|maj|mei",
    "jun|juin|giu",
    "jul|juil|lug",
    "aug|aou|ago",
    "sep|set",
    "okt|oct|ott|out",
    "nov",
    "dez|dec|dic|des",
)


def read_date(written: str, parse: Callable[[str], datetime] = parsedate_to_datetime) -> datetime | None:
    """Return a foreign date as an aware time in UTC, or None if neither `parse` nor a form known here can read it.

    A date that names no time zone counts as UTC, as "-0000" does (RFC 5322 section 3.3). Of a date in numbers whose day
    may be its month nothing is known.
    """
    text = " ".join(decoded(written[:_LOOKED_AT]).split())
    try:
        date = _plain(text) or _iso(text) or parse(_in_english(_with_offset(text)))
        if date.year < 1000:  # RFC 5322 section 4.3, of years with three digits.
            date = date.replace(year=date.year + 1900)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except Exception:  # What the standard library raises on a bad date differs between its releases.
        return None


def _plain(text: str) -> datetime | None:
    match = _PLAIN.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    day, hour, minute, second = map(int, match.group(1, 4, 5, 6))
    east = timedelta(hours=int(match[8]), minutes=int(match[9])) * (1 if match[7] == "+" else -1)
    return datetime(int(match[3]), _MONTHS.index(match[2]) + 1, day, hour, minute, second, tzinfo=timezone(east))


def _iso(text: str) -> datetime | None:
    match = _ISO_DATE.match(text[:60])
    if match is None:
        return None
    year, _, month, day, hour, minute, second, zone = match.groups()
    return datetime.fromisoformat(f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{zone or 'Z'}")


def _with_offset(text: str) -> str:
    """A date with its zone as four digits, and its hour of twenty-four."""
    text = _HALF_DAY.sub(lambda match: f"{int(match[1]) % 12 + 12 * (match[3] in 'pP'):02}{match[2]}", text)
    text = _OFFSET.sub(lambda match: f"{match[1]}{match[2]:0>2}{match[3] or '00'}", _GMT_OFFSET.sub("", text))
    return text if _OFFSET.search(text) else _NAMED_ZONE.sub(lambda match: _ZONES[match[0]], text, count=1)


def _in_english(text: str) -> str:
    """A date with the name of its month as RFC 5322 has it; one that is in no form known here stays as it is."""
    if match := _IN_WORDS.fullmatch(text):
        day, month, year, hour, zone = match.groups()
        name = _month(month)
        return f"{day} {name} {year} {hour} {zone}" if name else text
    if match := _IN_NUMBERS.fullmatch(text):
        first, _, second, year, hour, zone = match.groups()
        day, number = (first, second) if int(first) > 12 or match[2] == "." else (second, first)
        if int(day) > 12 or match[2] == ".":
            return f"{day} {_MONTHS[int(number) - 1]} {year} {hour} {zone}"
    return text


def _month(name: str) -> str | None:
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name.casefold()) if letter.isalpha())
    return next(
        (
            month
            for month, begins in zip(_MONTHS, _BEGINNINGS, strict=True)
            if plain.startswith(tuple(begins.split("|")))
        ),
        None,
    )
