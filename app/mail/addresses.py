"""How addresses are read and compared."""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from .body_parts.encoded_words import decoded, unescaped
from .text import one_line

HEADER_LIMIT = 16_384

# One token of an address header (RFC 5322 section 3.4). Every alternative stops at the next mark or at the end, so that
# reading takes linear time; an encoded word may hold commas and brackets (mailers write them, RFC 2047 forbids them).
_TOKEN = re.compile(
    r"""
      (?P<quoted> "(?: [^"\\] | \\. )*+ "? )
    | (?P<angle>  < (?: [^<>"]++ | "[^"<>]*" | " )*+ >? )
    | (?P<text>   =\? [^?\s]* \? [bq] \? [^?\s]* \?= | \[ [^\]\[<>,"]* \]? | [^"<(),;:\s\[]++ )
    | (?P<paren>  [()] )
    | (?P<mark>   [,;:] )
    | (?P<space>  \s++ )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# An address header as nearly all are: a name in plain letters, maybe quoted, and one address; or the address alone.
_PLAIN_LENGTH = 200
_PLAIN_EMAIL = r"[\w.+-]{1,64}@[\w-]++(?:\.[\w-]++)*+"
_PLAIN = re.compile(
    rf"(?:\"(?P<quoted>[\w .,'-]*+)\" *+|(?P<name>(?:[\w.'-]++ *+)*+))<(?P<angled>{_PLAIN_EMAIL})>"
    rf"|(?P<alone>{_PLAIN_EMAIL})",
    re.ASCII,
)
_UNCLOSED = str.maketrans('"()', "   ")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

_FORBIDDEN = re.compile("[\\s\x00-\x1f\x7f-\x9f<>,\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LOCAL = re.compile(r'[^@"();:\\\[\]]+|"(?:[^"\\]|\\.)*+"')
_DOMAIN = re.compile(r'[^.@"();:\\\[\]]++(?:\.[^.@"();:\\\[\]]++)*+\.?|\[[^@"();\\\[\]]+\]')


_Token = tuple[str, str]


class Mailbox(NamedTuple):
    """A display name (on one line, "" if none) and the address as it was written."""

    name: str
    email: str


def mailboxes(header: str, limit: int = 200) -> list[Mailbox]:
    """The addresses of an address header (From, To, Cc), in order, at most `limit`. Never raises, linear time.

    Read by ourselves: email.utils.getaddresses is quadratic, differs between patch releases of Python, and the newer
    ones give up on a whole header for one odd entry. An entry without a usable address is left out; its words belong
    to the name of the next one (`Doe, Jane <jane@example.org>`). Two addresses in angle brackets are two mailboxes.
    """
    plain = _PLAIN.fullmatch(header) if len(header) <= _PLAIN_LENGTH else None
    if plain:
        return [Mailbox(one_line(plain["quoted"] or plain["name"] or "", 200), plain["angled"] or plain["alone"])]
    result: list[Mailbox] = []
    before = ""
    for entry in _entries(unescaped(header[:HEADER_LIMIT])):
        parts = list(_in_angles(entry, before) if "angle" in dict(entry) else _bare(entry))
        result += parts
        if len(result) >= limit:
            break
        before = "" if parts else f"{before}{_words(entry)}, "[:500]
    return result[:limit]


def split(email: str) -> tuple[str, str]:
    """The local part and the domain of an address, parted at its last @. Without an @ all of it is the local part."""
    local, at, domain = email.rpartition("@")
    return (local, domain) if at else (domain, "")


@lru_cache(4_096)
def address_key(email: str) -> str:
    """The form in which two addresses are compared: NFC, lower case, the domain in ASCII (IDNA) without a last dot."""
    local, domain = split(normalize("NFC", normalize("NFC", email).lower()))
    return f"{local}@{_ascii(domain)}" if domain else local


def mailable(email: str) -> str:
    """An address as mail servers take it: its domain in ASCII (RFC 5891), the local part as its owner writes it."""
    return email if email.isascii() else f"{split(email)[0]}@{split(address_key(email))[1]}"


def is_usable(email: str) -> bool:
    """Whether mail can be sent to this: one @ between a local part (up to 64 octets, RFC 5321 section 4.5.3.1) and a
    domain (up to 255) of labels, or a literal in square brackets.

    Lenient on the local part: mailers know `a..b@docomo.ne.jp`. Nothing that would need quoting in a header passes,
    except inside a quoted local part; so no white space, control characters, angle brackets or commas.
    """
    if len(email) > 320 or _FORBIDDEN.search(email):
        return False
    local, domain = split(email)
    if len(local.encode()) > 64 or len(domain.encode()) > 255:
        return False
    return bool(_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain))


def _ascii(domain: str) -> str:
    if not domain.isascii():
        with suppress(UnicodeError):
            domain = domain.encode("idna").decode("ascii").lower()
    return domain.rstrip(".")


def _entries(header: str) -> Iterator[list[_Token]]:
    """The tokens between two commas, group names left out; white space and comments stay, they may part or name."""
    tokens, closed = _tokens(header)
    if not closed:
        tokens, _ = _tokens(header.translate(_UNCLOSED))
    groups = any(token == ("mark", ";") for token in tokens)
    entry: list[_Token] = []
    for kind, text in tokens:
        if kind != "mark" or (text == ":" and not groups):
            entry.append((kind, text))
            continue
        if text != ":" and entry:
            yield entry
        entry = []
    yield entry


def _tokens(header: str) -> tuple[list[_Token], bool]:
    """All tokens, those in (nested) parentheses marked as comment; False if a quote or comment is never closed."""
    tokens: list[_Token] = []
    depth, closed = 0, True
    for token in _TOKEN.finditer(header):
        kind, text = token.lastgroup or "", token[0]
        if kind == "paren":
            depth = max(0, depth + (1 if text == "(" else -1))
            kind, text = "space", " "
        elif kind == "quoted":
            closed = len(text) > 1 and text.endswith('"')
        tokens.append(("comment", text) if depth else (kind, text))
    return tokens, closed and not depth


def _in_angles(entry: list[_Token], before: str) -> Iterator[Mailbox]:
    name = _name(before + _words(entry), entry)
    for kind, text in entry:
        if kind == "angle" and is_usable(email := _inside(text)):
            yield Mailbox(name, email)


def _inside(angle: str) -> str:
    """The address in angle brackets, without white space, a source route (RFC 5322 section 4.4) or a last dot."""
    inner = angle[1:].rstrip(">") if angle.endswith(">") else angle[1:].partition(",")[0]
    local, domain = split("".join(inner.split()) if '"' not in inner else inner.strip())
    domain = domain.rstrip(".")
    return f"{local}@{domain}" if local.startswith('"') else f"{local.rpartition(':')[2]}@{domain}"


def _bare(entry: list[_Token]) -> Iterator[Mailbox]:
    """Addresses without angle brackets: each word with an @ that is one. Other words and comments are the name."""
    text = " ".join("".join(text for kind, text in entry if kind != "comment").split())
    words = [_unquoted(word) for word in text.replace(" @", "@").replace("@ ", "@").replace(" . ", ".").split(" ")]
    usable = ["@" in word and is_usable(word) for word in words]
    name = _name(" ".join(word for word, is_email in zip(words, usable, strict=True) if not is_email), entry)
    for word, is_email in zip(words, usable, strict=True):
        if is_email:
            yield Mailbox(name, word.rstrip("."))


def _unquoted(word: str) -> str:
    """Outlook puts single quotes about an address."""
    return word[1:-1] if word[:1] == word[-1:] == "'" else word


def _words(entry: list[_Token]) -> str:
    """The display name of an entry as written, quotes taken off."""
    return "".join(
        _ESCAPED.sub(r"\1", text.strip('"')) if kind == "quoted" else text
        for kind, text in entry
        if kind not in ("angle", "comment")
    ).strip()


def _name(words: str, entry: list[_Token]) -> str:
    """Words or else the comment, decoded. Decoded last: an encoded word must not bring marks that count (RFC 2047)."""
    return one_line(decoded(words or "".join(text for kind, text in entry if kind == "comment")), 200)
