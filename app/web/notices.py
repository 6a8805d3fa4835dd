"""What somebody is told once, on the page that follows a form."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import NamedTuple

from flask import Response, after_this_request, request

from .visits import is_local

_COOKIE = "desk-notice"
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
        response.set_cookie(
            _COOKIE, stored, max_age=_SECONDS, path="/", secure=not is_local(), httponly=True, samesite="Lax"
        )


def take_notice(ticket: int) -> PageNotice | None:
    """Return what is to be said on a ticket's page; it is said once."""
    stored = request.cookies.get(_COOKIE)
    if not stored:
        return None

    @after_this_request
    def forget(response: Response) -> Response:
        response.delete_cookie(_COOKIE, path="/", secure=not is_local(), httponly=True, samesite="Lax")
        return response

    try:
        number, done, notes, undo = json.loads(urlsafe_b64decode(stored))
        notice = PageNotice(int(number), str(done), [str(note) for note in notes], bool(undo))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    return notice if notice.ticket == ticket else None
