"""Invitations and their answers (RFC 5545, RFC 5546), as words.

The time is given as its writer wrote it, with the zone that they named: nobody knows the zone of all who will read it.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

LIMIT = 200_000
_MOST_EVENTS = 5
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r'([A-Za-z0-9-]{1,60})((?:;[A-Za-z0-9-]{1,60}=(?:"[^"\n]*"|[^";:\n]*))*+):([^\n]*)')
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^;]*)')
_ESCAPED = re.compile(r"\\([\\;,nN])")
_ANSWERS = {"ACCEPTED": "Accepted", "DECLINED": "Declined", "TENTATIVE": "Accepted, perhaps", "DELEGATED": "Delegated"}
_METHODS = {"CANCEL": "Cancelled", "COUNTER": "Another time proposed"}


class _Property(NamedTuple):
    name: str
    parameters: dict[str, str]
    value: str


def words_of(text: str, *, description: bool = True) -> str:
    """Return what a calendar file says of its events: title, time, place and, if wanted, its words. Linear time."""
    method, events = "", list[list[_Property]]()
    inside = 0
    for line in _properties(text[:LIMIT]):
        if line.name == "BEGIN" and (line.value.upper() in ("VEVENT", "VTODO") or inside):
            inside += 1
            if inside == 1:
                events.append([])
        elif line.name == "END" and inside:
            inside -= 1
        elif line.name == "METHOD" and not inside:
            method = line.value.strip().upper()
        elif inside == 1:
            events[-1].append(line)
    return "\n\n".join(filter(None, (_event(event, method, description) for event in events[:_MOST_EVENTS])))


def _properties(text: str) -> Iterator[_Property]:
    for line in _FOLD.sub("", text).splitlines():
        if match := _LINE.fullmatch(line):
            parameters = {name.upper(): value.strip('"') for name, value in _PARAMETER.findall(match[2])}
            yield _Property(match[1].upper(), parameters, match[3])


def _event(event: list[_Property], method: str, description: bool) -> str:
    first = {prop.name: prop for prop in reversed(event)}
    title = _text(first.get("SUMMARY")) or "(no title)"
    answer = next(
        (_ANSWERS.get(prop.parameters.get("PARTSTAT", "").upper()) for prop in event if prop.name == "ATTENDEE"), None
    )
    head = (answer or "Replied") if method == "REPLY" else _METHODS.get(method, "")
    lines = [f"{head}: {title}" if head else title]
    when = _when(first.get("DTSTART"), first.get("DTEND"))
    lines += [f"When: {when}"] if when else []
    lines += [f"Where: {place}"] if (place := _text(first.get("LOCATION"))) else []
    lines += [f"Repeated: {first['RRULE'].value}"] if "RRULE" in first else []
    words = _text(first.get("COMMENT")) or (
        _text(first.get("DESCRIPTION")) if description and method != "REPLY" else ""
    )
    return "\n".join([*lines, "", words]) if words else "\n".join(lines)


def _text(prop: _Property | None) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], prop.value).strip() if prop else ""


def _when(start: _Property | None, end: _Property | None) -> str:
    if start is None:
        return ""
    begins, day, zone = _time(start)
    if begins is None:
        return start.value.strip()
    ends, last, _ = _time(end) if end else (None, "", "")
    if ends is None or ends <= begins:
        return f"{day}{begins:, %H:%M}{zone}" if zone != "day" else day
    if zone == "day":
        return day
    until = f"{ends:%H:%M}" if last == day else f"{last}, {ends:%H:%M}"
    return f"{day}, {begins:%H:%M} to {until}{zone}"


def _time(prop: _Property) -> tuple[datetime | None, str, str]:
    """The time as written, its day in words, and the zone in brackets ("day" for a whole day)."""
    value = prop.value.strip()
    for form in ("%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S", "%Y%m%d"):
        try:
            time = datetime.strptime(value, form)  # noqa: DTZ007  The zone is beside it.
        except ValueError:
            continue
        day = f"{time:%A}, {time.day} {time:%B} {time.year}"
        if form == "%Y%m%d":
            return time, day, "day"
        return time, day, " (UTC)" if form.endswith("Z") else _zone(time, prop.parameters.get("TZID", ""))
    return None, "", ""


def _zone(time: datetime, name: str) -> str:
    try:
        offset = time.replace(tzinfo=ZoneInfo(name)).strftime("%z") if name else ""
    except (ValueError, OSError, LookupError):
        offset = ""
    return f" ({name[:80]}{f', UTC{offset[:3]}:{offset[3:]}' if offset else ''})" if name else ""
