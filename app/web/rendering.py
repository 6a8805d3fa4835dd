"""How a page is made of its template: the words of moments and texts, and the page of an error."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from jinja2 import Environment
from markupsafe import Markup, escape

from ..mail.text import one_line
from .visits import cookie

_FOLDER = Path(__file__).resolve().parent.parent
TEMPLATES = _FOLDER / "templates" / "web"
STATIC = _FOLDER / "static"
# RFC 3986, as far as people write it; what closes a sentence is none of it.
_LINK = re.compile(r"https?://[^\s<>\"']{1,2000}[^\s<>\"'.,;:!?)\]}]", re.I)
_LINKED = Markup('<a href="{0}" rel="noopener noreferrer nofollow">{0}</a>')
_JSON = "application/problem+json"


def page(
    name: str, status: int = 200, headers: Mapping[str, str] | None = None, **context: object
) -> ResponseReturnValue:
    """Return a page from its template."""
    visit = g.get("visit")
    values = (
        {"person": visit.person, "form_token": visit.form_token, "now": visit.uow.now} if visit else {"person": None}
    )
    return render_template(f"{name}.html", **values, **context), status, dict(headers or {})


def error_page(status: int, headers: Mapping[str, str] | None = None, known_as: str = "") -> ResponseReturnValue:
    """Return the page of an error, with what somebody has written still on it. It needs no database."""
    if request.path.endswith(".json"):
        response = make_response({"status": status, "title": _sentence(status)}, status, dict(headers or {}))
        response.mimetype = _JSON
        return response
    return (
        render_template(
            "error.html",
            person=None,
            # By the cookie alone where nobody has looked for its session.
            logged_in=g.get("visit") is not None or (status != 401 and cookie("session") != ""),
            sentence=_sentence(status),
            known_as=known_as,
            written=_written(status),
        ),
        status,
        dict(headers or {}),
    )


def _written(status: int) -> str:
    # A form that was too large is not read at all.
    return "" if status in (400, 413) or request.method != "POST" else request.form.get("text", "")


def _sentence(status: int) -> str:
    return _SENTENCES.get(status, _SENTENCES[400])


# What went wrong, and what to do.
_SENTENCES = {
    400: "We can't read that request. Go back and try again.",
    401: "You're not logged in any more. Log in, then send it again.",
    403: "That form is too old, or came from another website. Go back, reload the page and try again.",
    404: "There's nothing here that you can see.",
    405: "That can't be done here. Go back and use the page's buttons.",
    413: "That's too big.",
    421: "We don't serve that address.",
    500: "Something went wrong on our side. Nothing was changed. Please try again.",
    429: "Too many files are on their way to browsers right now. Please try again in a minute.",
    503: "We can't reach our database right now. Nothing was changed. Please try again in a minute.",
}


def add_words(environment: Environment) -> None:
    """Give templates their filters."""
    environment.filters.update(when=when, ago=ago, linked=linked, iso=iso, size=size, browser=browser)
    environment.filters.update(message_words=message_words, marked=marked)
    environment.globals.update(asset=asset)


def iso(moment: datetime) -> str:
    """Return a moment for machines, to the minute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def when(moment: datetime, now: datetime) -> str:
    """Return a moment for people: "today 10:12", "Thu 26 Nov, 10:12 UTC"; with the year if it is another one."""
    if moment.date() == now.date():
        return f"today {moment:%H:%M} UTC"
    year = "" if moment.year == now.year else f" {moment.year}"
    return f"{moment:%a} {moment.day} {moment:%b}{year}, {moment:%H:%M} UTC"


_SPANS = ((86400, "day"), (3600, "hour"), (60, "minute"))


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago something was, in its largest unit."""
    seconds = (now - moment).total_seconds()
    for span, unit in _SPANS:
        if seconds >= span:
            count = int(seconds // span)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def size(count: int) -> str:
    """Return a number of bytes for people."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} KB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def linked(text: str) -> Markup:
    """Return a text with its web addresses as links; everything else in it is text."""
    if "://" not in text:
        return escape(text)
    parts, at = [], 0
    for match in _LINK.finditer(text):
        parts += [escape(text[at : match.start()]), _LINKED.format(match[0])]
        at = match.end()
    return Markup("").join([*parts, escape(text[at:])])


def marked(text: str, marks: Sequence[tuple[int, int]]) -> Markup:
    """Return a text in which the words that somebody looked for are marked."""
    parts, at = list[Markup](), 0
    for start, stop in marks:
        parts += [escape(text[at:start]), Markup("<mark>{}</mark>").format(text[start:stop])]
        at = stop
    return Markup("").join([*parts, escape(text[at:])])


def message_words(key: str, items: Sequence[SimpleNamespace]) -> str:
    """Return by what somebody can tell a message from others: who wrote it, and its first words."""
    for item in items:
        if item.is_message and item.key == key:
            return f"{item.byline} {one_line(item.text, 60)}"
    return "an earlier one"


# Each browser also names those that it descends from.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac")]
_SYSTEMS += [("Linux", "Linux")]


def browser(agent: str) -> str:
    """Return in a few words what a browser says it is."""
    name = next((name for sign, name in _BROWSERS if sign in agent), agent[:40] or "Unknown")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return f"{name} on {system}" if system else name


@cache
def asset(name: str) -> str:
    """Return the address of one of our own files; another content has another address."""
    digest = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


Context = dict[str, Any]
