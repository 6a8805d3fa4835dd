"""What the server in front of us found out about a mail's From, as it wrote it into the mail."""

import re
from enum import StrEnum
from typing import Any

from .addresses import address_key, split
from .body_parts.header_fields import header_fields

HEADERS = 50
HEADER_LIMIT = 10_240
ID_LIMIT = 1_000  # Within this the authserv-id ends, comments and all.

# What stands outside and inside of comments (RFC 5322 section 3.2.2). A quotation mark means nothing in a comment.
_OUTSIDE = re.compile(r'[^()"\\]++|"(?:[^"\\]|\\.)*+"|\(', re.DOTALL)
_INSIDE = re.compile(r"[^()\\]++|\\.|[()]", re.DOTALL)

_ID = re.compile(r'[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]++))', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class AuthenticationVerdict(StrEnum):
    """What the front server says of From: that its domain stands for the mail, that it does not, or neither."""

    PASS = "pass"
    FAIL = "fail"
    NONE = "none"


def verdict(raw: bytes, server: str | None, email: str) -> AuthenticationVerdict:
    """What `server` (its authserv-id, RFC 8601 section 2.5) found by DMARC (RFC 7489) about a mail from `email`.

    Never raises. PASS is a pass for the very domain of `email`. Of the Authentication-Results that bear the name of
    `server` the topmost counts, whatever is wrong with it. It is the server's own if the server takes away those that
    come with its name on them (RFC 8601 section 5); nothing in a mail shows whether it did.
    """
    name = (server or "").strip().lower()
    header = _topmost(raw, name) if name else None
    if header is None or len(header) > HEADER_LIMIT:
        return AuthenticationVerdict.NONE
    try:
        return _judged(_results(header), split(email)[1])
    except Exception:  # The parser raises many things on what is no such header; none of them is a pass.
        return AuthenticationVerdict.NONE


def _topmost(raw: bytes, name: str) -> str | None:
    written = header_fields(raw).get("authentication-results", [])
    headers = (header.replace("\n", "") for header in written[:HEADERS])
    return next((header for header in headers if _author(header) == name), None)


def _author(header: str) -> str:
    """The authserv-id, in lower case: also of a broken header, which must not make way for the one below it."""
    text, _ = _without_comments(header[:ID_LIMIT])
    match = _ID.match(text)
    return _ESCAPED.sub(r"\1", match[1] or match[2] or "").lower() if match else ""


def _results(header: str) -> list[Any]:
    """The parser's results of a header. Raises whatever it does."""
    # Few mails have such a header, and a command that reads none shall not wait for the parser.
    import authres

    text, is_whole = _without_comments(header)
    if not is_whole:
        raise ValueError("a comment or a quotation is not closed")
    # Whose header it is we know; to the parser an id in quotation marks is an error.
    parsed = authres.AuthenticationResultsHeader.parse_value(_ID.sub("x", text, count=1))
    return [result for result in parsed.results if result.method == "dmarc"]


def _judged(results: list[Any], domain: str) -> AuthenticationVerdict:
    """One fail is a fail; a pass is one only where every result says so of this domain."""
    if any(result.result == "fail" for result in results):
        return AuthenticationVerdict.FAIL
    passes = [result.result == "pass" and _is_about(result.properties, domain) for result in results]
    return AuthenticationVerdict.PASS if passes and all(passes) else AuthenticationVerdict.NONE


def _is_about(properties: list[Any], domain: str) -> bool:
    senders = [entry.value or "" for entry in properties if (entry.type, entry.name) == ("header", "from")]
    return bool(domain) and {address_key(f"@{sender}") for sender in senders} == {address_key(f"@{domain}")}


def _without_comments(header: str) -> tuple[str, bool]:
    """A header with a space for each comment, up to where one, or a quotation, is not closed; False if one is not.

    The parser reads a comment that it gives up on as if it were results; so it gets to see none.
    """
    kept: list[str] = []
    depth = end = 0
    while match := (_INSIDE if depth else _OUTSIDE).match(header, end):
        end = match.end()
        was_inside, depth = depth > 0, depth + {"(": 1, ")": -1}.get(match[0], 0)
        if not depth:
            kept.append(" " if was_inside else match[0])
    return "".join(kept), end == len(header) and not depth
