"""The web pages as a WSGI application: what happens around each of them, and what is said when something is wrong."""

import logging
import secrets
from contextlib import suppress
from time import monotonic

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException, InternalServerError

from ..model.storage.database import DATABASE_AWAY, DATABASE_FAULTS
from . import rendering
from .current import attach
from .headers import add_headers
from .pages import answer, files, foreign, health, lists, login, me, queues, ticket, trays, unsubscribe
from .site import Site
from .visits import check_request, keep_use

LOG = logging.getLogger("tickets.web")
# A form without files; one with files may be as large as a mail.
MAX_FORM_BYTES = 1_000_000
_PAGES = (lists, ticket, answer, foreign, files, queues, trays, me, login, unsubscribe, health)


def make_application(site: Site) -> Flask:
    """Return the pages of a site."""
    app = Flask("mail_tickets.web", template_folder=str(rendering.TEMPLATES), static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_FORM_BYTES, MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES, MAX_FORM_PARTS=200)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.auto_reload = False
    rendering.add_words(app.jinja_env)
    attach(app, site)
    app.before_request(_begin)
    app.before_request(check_request)
    for module in _PAGES:
        app.register_blueprint(module.BLUEPRINT)
    app.register_error_handler(HTTPException, _refused)
    for fault in DATABASE_FAULTS:
        app.register_error_handler(fault, _away)
    app.register_error_handler(Exception, _failed)
    app.after_request(_end)
    return app


def _begin() -> None:
    g.begun = monotonic()


def _end(response: Response) -> Response:
    with suppress(*DATABASE_AWAY):
        keep_use(response)
    milliseconds = (monotonic() - g.begun) * 1000
    # No path, which may have a token in it, no query, no words.
    LOG.info(
        "%s %s %d %.0f ms person=%s",
        request.method,
        request.url_rule or "-",
        response.status_code,
        milliseconds,
        g.get("person_id", "-"),
    )
    return add_headers(response)


def _refused(error: HTTPException) -> ResponseReturnValue:
    """Say in one sentence what was wrong with a request; what somebody wrote stays on the page."""
    if error.response is not None:
        return error.response
    return rendering.error_page(error.code or 500)


def _away(error: Exception) -> ResponseReturnValue:
    LOG.error("the database cannot be used: %s", type(error).__name__)
    return rendering.error_page(503, {"Retry-After": "10"})


def _failed(error: Exception) -> ResponseReturnValue:
    known_as = secrets.token_hex(4)
    LOG.exception("fault %s", known_as, exc_info=error)
    return rendering.error_page(InternalServerError.code, known_as=known_as)
