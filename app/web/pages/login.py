"""Logging in by a link: asking for a letter with one, using it, and logging out."""

import hmac
import re
import secrets
from ipaddress import ip_address, ip_network

from flask import Blueprint, Response, abort, make_response, redirect, request
from flask.typing import ResponseReturnValue

from ...mail.addresses import is_usable
from ...model.operations.web_login import (
    SESSION_LASTS,
    LinkAsker,
    NoSuchLink,
    NotThisBrowser,
    check_link,
    end_session,
    find_session,
    log_in,
    send_link,
)
from ...model.storage.unit_of_work import UnitOfWork
from ..current import current_site
from ..rendering import page
from ..visits import Visit, cookie, drop_cookie, form_token, in_transaction, parts_of, set_cookie, writing

BLUEPRINT = Blueprint("login", __name__)
# The browser that asks for a link is known by this until the link is old.
_ASKER_SECONDS = 3600
# Possessive: what is no page must not be cut into names in ever so many ways before that is found.
_PLACE = re.compile(r"/(?:[\w.~-]++/?)*+", re.ASCII)
_LONGEST_PLACE = 200


@BLUEPRINT.get("/login")
def ask() -> ResponseReturnValue:
    """Ask for the address of somebody who wants to log in."""
    secret = cookie("asker") or secrets.token_urlsafe(32)
    response = make_response(page("login", asker_token=form_token(secret), leads_to=_leads_to(), email="", wrong=""))
    set_cookie(response, "asker", secret, _ASKER_SECONDS)
    return response


def _leads_to() -> str:
    """Return the page from which somebody was sent to log in."""
    came_from = parts_of(request.referrer or "")
    return _place(came_from.path) if came_from.netloc == request.host else "/"


def _place(path: str) -> str:
    is_page = len(path) <= _LONGEST_PLACE and _PLACE.fullmatch(path) and not path.startswith("/login")
    return path if is_page else "/"


@BLUEPRINT.post("/login")
def send() -> ResponseReturnValue:
    """Let a letter be written to an address, if it is known; the answer is the same, and as quick, if it is not."""
    secret = cookie("asker")
    if not secret or not hmac.compare_digest(form_token(secret).encode(), request.form.get("token", "").encode()):
        abort(403)
    email, leads_to = request.form.get("email", "").strip(), _place(request.form.get("leads_to", "/"))
    if not is_usable(email):
        wrong = "That isn't an email address. Use one like ann@example.org."
        return page("login", 422, asker_token=form_token(secret), leads_to=leads_to, email=email, wrong=wrong)
    site, asker = current_site(), LinkAsker(secret, network_of(request.remote_addr or ""))

    def write() -> None:
        with site.database.transaction() as uow:
            send_link(uow, email, asker, leads_to, site.url)
        site.stored()

    site.later(write)
    return page("login_sent", email=email)


@BLUEPRINT.get("/login/<secret>")
def offer(secret: str) -> ResponseReturnValue:
    """Show the button that logs in. Mail scanners open every link: this uses nothing up."""
    with current_site().database.read_only() as uow:
        try:
            check_link(uow, secret, cookie("asker"))
        except (NoSuchLink, NotThisBrowser) as error:
            return page("login_failed", 404, sentence=str(error))
    return page("login_button", action=request.path)


@BLUEPRINT.post("/login/<secret>")
def enter(secret: str) -> ResponseReturnValue:
    """Log in with a link, in the first browser that presses its button."""

    def work(uow: UnitOfWork) -> ResponseReturnValue:
        try:
            entered = log_in(uow, secret, cookie("asker"), request.headers.get("User-Agent", ""))
        except (NoSuchLink, NotThisBrowser) as error:
            return page("login_failed", 404, sentence=str(error))
        _end_former(uow)
        response = redirect(entered.leads_to, 303)
        set_cookie(response, "session", entered.secret, int(SESSION_LASTS.total_seconds()))  # type: ignore[arg-type] # werkzeug's
        return response

    return in_transaction(work)


def _end_former(uow: UnitOfWork) -> None:
    """End the session that the same browser had before: nobody could end it any more."""
    former = find_session(uow, cookie("session"))
    if former is not None:
        end_session(uow, former.person, former.id)


@BLUEPRINT.post("/logout")
@writing
def leave(visit: Visit) -> ResponseReturnValue:
    """End the session of this browser."""
    end_session(visit.uow, visit.person, visit.session_id)
    response: Response = make_response(redirect("/login", 303))
    drop_cookie(response, "session")
    return response


def network_of(address: str) -> str:
    """Return the network of an address: what one person can have at once (/24, or /64 of IPv6)."""
    try:
        prefix = 24 if ip_address(address).version == 4 else 64
    except ValueError:
        return "local"
    return str(ip_network(f"{address}/{prefix}", strict=False))
