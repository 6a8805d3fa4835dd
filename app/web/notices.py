"""What somebody is told once, on the page that follows a form."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import NamedTuple

from flask import Response, after_this_request

from .visits import drop_cookie, given_cookie, set_cookie

_SECONDS = 60
_LONGEST = 3000


class PageNotice(NamedTuple):
    """What was done, what else its writer must know, and whether it can be taken back."""

    ticket: int
    done: str
    notes: Sequence[str] = ()
    undo: bool = False


def leave_notice(response: Response, notice: PageNotice) -> None:
    """Let the next page of a ticket say what was done."""
    stored = urlsafe_b64encode(json.dumps(notice).encode()).decode()
    if len(stored) <= _LONGEST:
        set_cookie(response, "notice", stored, _SECONDS)


def take_notice(ticket: int) -> PageNotice | None:
    """Return what is to be said on a ticket's page; it is said once."""
    stored = given_cookie("notice")
    if not stored:
        return None

    @after_this_request
    def forget(response: Response) -> Response:
        drop_cookie(response, "notice")
        return response

    try:
        number, done, notes, undo = json.loads(urlsafe_b64decode(stored))
        notice = PageNotice(int(number), str(done), [str(note) for note in notes], bool(undo))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    return notice if notice.ticket == ticket else None
