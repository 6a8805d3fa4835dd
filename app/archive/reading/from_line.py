"""What a `From ` line looks like that parts two mails of a box, and the date in it."""

import re
from datetime import datetime

from ...mail.dates import read_date

_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
# As asctime(3) writes a date, or as mail does, or as either without its weekday.
DATED = re.compile(
    rb"From[ \t].*?\b(?P<date>" + _DAY + rb",?[ \t]+(?:" + _MONTH + rb"[ \t]+\d{1,2}|\d{1,2}[ \t]+" + _MONTH + rb")\b"
    rb".*?\d{1,2}:\d\d.*?\b\d{2,4}\b|" + _MONTH + rb"[ \t]+\d{1,2}[ \t]+\d{1,2}:\d\d:\d\d[ \t]+\d{4})"
)
# As some programs write it; people write so, too, and then no header lines are below it.
DATED_ISO = re.compile(
    rb"From[ \t].*?\b(?P<day>\d{4}-\d\d-\d\d)[ \tT]+(?P<time>\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?"
    rb"(?:[ \t]*(?P<zone>Z|[+-]\d\d:?\d\d))?"
)


def written_on(line: bytes) -> datetime | None:
    """The date in a `From ` line, in any form that parts two mails; what names no time zone is UTC."""
    if dated := DATED.match(line):
        return read_date(line[dated.start("date") :][:200].decode("ascii", "replace"))
    if dated := DATED_ISO.match(line):
        written = dated["day"] + b"T" + dated["time"] + (dated["zone"] or b"")
        return read_date(written.decode(), datetime.fromisoformat)
    return None
