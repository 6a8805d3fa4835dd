"""What others have sent: exact mails, their HTML in a frame of its own, and files. Nothing of it runs or loads."""

from io import BytesIO

from flask import Blueprint, abort, send_file
from flask.typing import ResponseReturnValue

from ...mail.text import one_line
from ...model.desk.message_keys import find_by_key
from ...model.inbound.unmatched import raw_bytes
from ...model.records.messages import Message, NoSuchMessage, contents_of
from ..headers import FILE_POLICY, HTML_MAIL_POLICY
from ..html_view import html_of, picture_type
from ..rendering import page
from ..visits import Visit, reading
from .ticket import SeenTicket, seen_ticket

BLUEPRINT = Blueprint("foreign", __name__, url_prefix="/tickets/<int:number>/messages/<key>")
_ANYTHING = "application/octet-stream"


def _message(visit: Visit, seen: SeenTicket, key: str) -> Message:
    try:
        return find_by_key(visit.uow, seen.ticket, seen.member, key)
    except NoSuchMessage:
        abort(404)


def _team_mail(visit: Visit, number: int, key: str) -> tuple[Message, bytes]:
    """Return a message and its exact mail, for the team: a colleague's mail may quote what outsiders must not read."""
    seen = seen_ticket(visit, number)
    message = _message(visit, seen, key)
    erased = message.sender is not None and message.sender.forgotten
    if not seen.member.responder or message.mail_id is None or erased:
        abort(404)
    return message, raw_bytes(visit.uow, message.mail_id)


@BLUEPRINT.get("/raw")
@reading
def raw(visit: Visit, number: int, key: str) -> ResponseReturnValue:
    """Return the exact bytes of a mail."""
    _, exact = _team_mail(visit, number, key)
    return download(exact, f"ticket{number}-{key}.eml")


@BLUEPRINT.get("/html")
@reading
def html(visit: Visit, number: int, key: str) -> ResponseReturnValue:
    """Show a mail as it was sent: its HTML in a frame, or its text."""
    message, exact = _team_mail(visit, number, key)
    return page("original", number=number, key=key, message=message, has_html=html_of(exact) is not None)


@BLUEPRINT.get("/html/frame")
@reading
def frame(visit: Visit, number: int, key: str) -> ResponseReturnValue:
    """Return the HTML of a mail, cleaned, under a policy of its own."""
    _, exact = _team_mail(visit, number, key)
    if (shown := html_of(exact)) is None:
        abort(404)
    whole = f'<!doctype html><html lang=""><meta charset="utf-8"><title>Email</title><body>{shown}</body></html>'
    return whole, 200, {"Content-Security-Policy": HTML_MAIL_POLICY}


@BLUEPRINT.get("/files/<int:place>")
@reading
def file(visit: Visit, number: int, key: str, place: int) -> ResponseReturnValue:
    """Return a file; a picture by its first bytes is shown, everything else is only saved."""
    seen = seen_ticket(visit, number)
    message = _message(visit, seen, key)
    files = dict(enumerate(message.attachments, start=1))
    found = files.get(place)
    if found is None or message.mail_id is None or (found.withheld and not seen.member.responder):
        abort(404)
    content = next(contents_of(raw_bytes(visit.uow, message.mail_id), [found]))
    return download(content, found.name, picture_type(content))


def download(content: bytes, name: str, shown_as: str | None = None) -> ResponseReturnValue:
    """Return bytes to be saved under a name (RFC 6266); with a type they are shown."""
    name = one_line(name, 150).replace("/", "_").replace("\\", "_") or "file"
    response = send_file(
        BytesIO(content), mimetype=shown_as or _ANYTHING, as_attachment=shown_as is None, download_name=name, etag=False
    )
    response.headers["Content-Security-Policy"] = FILE_POLICY
    return response
