"""What others have sent: exact mails, their HTML in a frame of its own, and files. Nothing of it runs or loads."""

from flask import Blueprint, abort, send_file
from flask.typing import ResponseReturnValue

from ...mail.parsed import parse_mail
from ...mail.text import one_line
from ...model.desk.ticket_page import MergedAway, message_file, raw_message
from ...model.records.messages import NoSuchMessage
from ...model.records.tickets import NoSuchTicket
from ..current import current_site
from ..files_in_hand import TooManyFiles
from ..headers import FILE_POLICY, HTML_MAIL_POLICY
from ..html_view import html_of, picture_type
from ..rendering import page
from ..visits import Visit, reading

BLUEPRINT = Blueprint("foreign", __name__, url_prefix="/tickets/<int:number>/messages/<key>")
_ANYTHING = "application/octet-stream"


def _exact(visit: Visit, number: int, key: str) -> bytes:
    try:
        return raw_message(visit.uow, number, visit.person, key)
    except (NoSuchTicket, NoSuchMessage, MergedAway):
        abort(404)


@BLUEPRINT.get("/raw")
@reading
def raw(visit: Visit, number: int, key: str) -> ResponseReturnValue:
    """Return the exact bytes of a mail."""
    return download(_exact(visit, number, key), f"ticket{number}-{key}.eml")


@BLUEPRINT.get("/html")
@reading
def html(visit: Visit, number: int, key: str) -> ResponseReturnValue:
    """Show a mail as it was sent: its HTML in a frame, or its text."""
    exact = _exact(visit, number, key)
    return page("original", number=number, key=key, mail=parse_mail(exact), has_html=html_of(exact) is not None)


@BLUEPRINT.get("/html/frame")
@reading
def frame(visit: Visit, number: int, key: str) -> ResponseReturnValue:
    """Return the HTML of a mail, cleaned, under a policy of its own."""
    if (shown := html_of(_exact(visit, number, key))) is None:
        abort(404)
    whole = f'<!doctype html><html lang=""><meta charset="utf-8"><title>Email</title><body>{shown}</body></html>'
    return whole, 200, {"Content-Security-Policy": HTML_MAIL_POLICY}


@BLUEPRINT.get("/files/<int:place>")
@reading
def file(visit: Visit, number: int, key: str, place: int) -> ResponseReturnValue:
    """Return a file; a picture by its first bytes is shown, everything else is only saved."""
    try:
        file = message_file(visit.uow, number, visit.person, key, place)
    except (NoSuchTicket, NoSuchMessage, MergedAway):
        abort(404)
    return download(file.content, file.name, picture_type(file.content))


def download(content: bytes, name: str, shown_as: str | None = None) -> ResponseReturnValue:
    """Return bytes to be saved under a name (RFC 6266); with a type they are shown."""
    try:
        opened = current_site().files_in_hand.open(content)
    except TooManyFiles:
        abort(429)
    name = one_line(name, 150).replace("/", "_").replace("\\", "_") or "file"
    response = send_file(
        opened, mimetype=shown_as or _ANYTHING, as_attachment=shown_as is None, download_name=name, etag=False
    )
    response.headers["Content-Security-Policy"] = FILE_POLICY
    return response
