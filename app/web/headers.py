"""The headers of every answer: what a browser may load, run, frame, keep, and tell others."""

from flask import Response, request

# Nothing stands inline on a page, so nothing inline may run.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A file of somebody else's: were it shown, nothing in it would run or load.
FILE_POLICY = "sandbox; default-src 'none'"
# An HTML mail in its frame: its own styles and the pictures that came with it, and nothing from elsewhere.
HTML_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def add_headers(response: Response) -> Response:
    """Give an answer its headers. No ETag, no Last-Modified: they would date what somebody may not see."""
    response.headers.setdefault("Content-Security-Policy", _PAGE_POLICY)
    for name, value in _EVERYWHERE.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "files.static_file" and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers["Cache-Control"] = "private, no-store"
        response.headers.pop("ETag", None)
        response.headers.pop("Last-Modified", None)
    return response
