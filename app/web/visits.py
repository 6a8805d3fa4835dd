"""Who asks for a page: the session of a cookie, a form's token, and the work that an answer is."""

import hmac
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from flask import Response, abort, g, make_response, redirect, request
from flask.typing import ResponseReturnValue

from ..model.operations.web_login import SEEN_EVERY, find_session, note_use
from ..model.records.people import Person
from ..model.storage.overtaken import was_overtaken
from ..model.storage.unit_of_work import UnitOfWork
from .current import current_site
from .site import LOOPBACK

_COOKIES = {"session": "desk", "asker": "desk-login", "notice": "desk-notice"}
_TRIES = 4


class Visit(NamedTuple):
    """One request of somebody who is logged in, and the unit of work that answers it."""

    uow: UnitOfWork
    person: Person
    session_id: int
    form_token: str

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Take back what was done within, if anything is raised; the rest of the answer still has a unit of work."""
        try:
            with self.uow.session.begin_nested():
                yield
        except BaseException:
            # Who was met in between is not there any more.
            self.uow.session.info.pop("people", None)
            raise


View = Callable[..., ResponseReturnValue]


def reading(view: Callable[..., ResponseReturnValue]) -> View:
    """Answer a request that changes nothing, in one consistent view of the database."""

    @wraps(view)
    def answer(**given: Any) -> ResponseReturnValue:
        with current_site().database.read_only() as uow:
            visit = _visit(uow)
            return logged_out() if visit is None else view(visit, **given)

    return answer


def writing(view: Callable[..., ResponseReturnValue]) -> View:
    """Answer a form that somebody who is logged in has sent: all of it is done, or nothing."""

    @wraps(view)
    def answer(**given: Any) -> ResponseReturnValue:
        def work(uow: UnitOfWork) -> ResponseReturnValue:
            visit = _visit(uow)
            if visit is None:
                return logged_out()
            _check_form(visit)
            return view(visit, **given)

        return in_transaction(work)

    return answer


def acting(view: Callable[..., ResponseReturnValue]) -> View:
    """Answer a form whose work has units of work of its own; that of its visit has ended."""

    @wraps(view)
    def answer(**given: Any) -> ResponseReturnValue:
        with current_site().database.read_only() as uow:
            visit = _visit(uow)
        if visit is None:
            return logged_out()
        _check_form(visit)
        return view(visit, **given)

    return answer


def _check_form(visit: Visit) -> None:
    """Refuse a form that does not come from a page of this session."""
    if not hmac.compare_digest(visit.form_token.encode(), request.form.get("token", "").encode()):
        abort(403)


def in_transaction(work: Callable[[UnitOfWork], ResponseReturnValue]) -> ResponseReturnValue:
    """Do it in a unit of work, again if another connection got in between; then let letters leave.

    What an answer of 400 or more has done is taken back.
    """
    site = current_site()
    for tries_left in reversed(range(_TRIES)):
        try:
            with site.database.transaction() as uow:
                response = make_response(work(uow))
                if response.status_code >= 400:
                    uow.session.rollback()
            break
        except Exception as error:
            if not tries_left or not was_overtaken(error):
                raise
    site.stored()
    return response


def _visit(uow: UnitOfWork) -> Visit | None:
    secret = cookie("session")
    session = find_session(uow, secret) if secret else None
    if session is None:
        return None
    g.person_id = session.person_id
    if uow.now - session.seen >= SEEN_EVERY:
        g.used_session = session.id
    visit = Visit(uow, session.person, session.id, form_token(secret))
    g.visit = visit
    return visit


def keep_use(response: Response) -> Response:
    """Note once an hour that a session is in use."""
    if (session_id := g.pop("used_session", None)) is not None:
        with current_site().database.transaction() as uow:
            note_use(uow, session_id)
    return response


def form_token(secret: str) -> str:
    """Return what each form of a browser brings back: it cannot be told from outside that browser."""
    return hmac.new(secret.encode(), b"form", sha256).hexdigest()[:32]


# Where somebody who is not logged in is led to the login page. Everywhere else there is nothing, as far as they know.
_DOORS = ("/", "/tickets", "/me", "/logout")


def logged_out() -> ResponseReturnValue:
    """Answer somebody who is not logged in."""
    if request.method == "POST":
        abort(401)
    if request.path not in _DOORS:
        abort(404)
    return redirect("/login", 303)


def check_request() -> None:
    """Refuse a request for another host, and one that another site's page has sent."""
    if host_name() not in current_site().hosts:
        abort(421)
    if request.method not in ("GET", "HEAD") and not request.path.startswith("/unsubscribe/") and _is_foreign():
        abort(403)


def _is_foreign() -> bool:
    """Return whether a browser says that another site's page has sent this. What says nothing is no browser."""
    if (site := request.headers.get("Sec-Fetch-Site")) is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and parts_of(origin).netloc.lower() != request.host.lower()


def parts_of(url: str) -> SplitResult:
    """Return the parts of an address that a browser has sent; none of what is no address."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def cookie(name: str) -> str:
    """Return the secret of one of our cookies; empty if there is none."""
    given = given_cookie(name)
    return given if re.fullmatch(r"[\w-]{1,100}", given, re.ASCII) else ""


def given_cookie(name: str) -> str:
    """Return what a browser sends as one of our cookies; empty if it sends none."""
    return request.cookies.get(_cookie_name(name), "")


def set_cookie(response: Response, name: str, secret: str, seconds: int) -> None:
    """Let a browser keep a secret: from scripts and other sites, and on https from everybody on the way.

    SameSite=Lax: with Strict, whoever clicks on a link in a webmail would look logged out.
    """
    response.set_cookie(
        _cookie_name(name), secret, max_age=seconds, path="/", secure=not is_local(), httponly=True, samesite="Lax"
    )


def drop_cookie(response: Response, name: str) -> None:
    """Let a browser forget a secret."""
    response.delete_cookie(_cookie_name(name), path="/", secure=not is_local(), httponly=True, samesite="Lax")


def _cookie_name(name: str) -> str:
    # The prefix binds a cookie to https and to this very host (RFC 6265bis, 4.1.3.2).
    return _COOKIES[name] if is_local() else f"__Host-{_COOKIES[name]}"


def is_local() -> bool:
    """Return whether the browser is on this machine, where pages need no https."""
    return host_name() in LOOPBACK


def host_name() -> str:
    """Return the name by which the browser asks for us, without a port."""
    return re.sub(r":\d*\Z", "", request.host.lower(), flags=re.ASCII)
