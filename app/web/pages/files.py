"""Our own files: the style sheet and the script."""

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from ..rendering import STATIC

BLUEPRINT = Blueprint("files", __name__)
_TYPES = {"desk.css": "text/css", "desk.js": "text/javascript", "desk.svg": "image/svg+xml"}


@BLUEPRINT.get("/static/<name>")
def static_file(name: str) -> ResponseReturnValue:
    """Return one of our own files; its address has a digest of its content."""
    if name not in _TYPES:
        abort(404)
    return Response((STATIC / name).read_bytes(), mimetype=_TYPES[name])
