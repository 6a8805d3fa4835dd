"""Moments as people read them on a terminal: how long ago, and when."""

from datetime import datetime, timedelta

# From so long ago on, in so large a unit.
_UNITS = (
    (timedelta(days=365), timedelta(days=365), "y"),
    (timedelta(days=14), timedelta(days=7), "wk"),
    (timedelta(days=1), timedelta(days=1), "d"),
    (timedelta(hours=1), timedelta(hours=1), "h"),
    (timedelta(minutes=1), timedelta(minutes=1), "min"),
)


def age(moment: datetime, now: datetime) -> str:
    """Return how long ago something was: `3 h`, `2 d`, `5 wk`, `3 y`; `now` for less than a minute or the future."""
    passed = now - moment
    return next((f"{passed // unit} {name}" for least, unit, name in _UNITS if passed >= least), "now")


def when(moment: datetime | str, now: datetime) -> str:
    """When something was, to the minute, and how long ago; an ISO text is read."""
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    ago = age(moment, now)
    return f"{minute(moment)} UTC, {ago}{'' if ago == 'now' else ' ago'}"


def minute(moment: datetime | str) -> str:
    """A moment in UTC, to the minute; an ISO text is read."""
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{moment:%Y-%m-%d %H:%M}"
