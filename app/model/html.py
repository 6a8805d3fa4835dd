"""This file holds how the text of an HTML mail is got at."""

import re
from collections.abc import Iterator
from html import unescape

from app.model.text import storable

LIMIT = 1_000_000

# A comment's begin, a tag, or a declaration. Nothing reaches over the next "<", so that reading takes linear time.
_TAG = re.compile(r"<!--|<(/?)([a-z][a-z0-9]*+)((?:[^<>\"']++|\"[^\"<]*\"|'[^'<]*'|[\"'])*+)>?|<[!?/][^<>]*+>?", re.I)
_SPACE = re.compile(r"[ \t\n\r\f]+")
_UNSEEN = {"script", "style", "head", "title", "template"}
_BLOCKS = {"address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "footer", "form", "header", "hr", "li"}
_BLOCKS |= {"h1", "h2", "h3", "h4", "h5", "h6", "main", "ol", "p", "pre", "section", "table", "tr", "ul"}


def crude_text(html: str) -> str:
    """The words of an HTML text: tags out, entities in, a line for each block and <br>. Linear, reads up to 1 MB."""
    written: list[str] = []
    fresh = True
    for kind, piece in _tokens(html[:LIMIT]):
        if kind == "words":
            words = _SPACE.sub(" ", piece)
            words = _unescaped(words.lstrip(" ") if fresh else words)
            written.append(words)
            fresh = fresh and not words
        elif kind == "br" or (kind in _BLOCKS and not fresh):
            written.append("\n")
            fresh = True
    return storable("".join(written)).replace("\xa0", " ").strip()


def _tokens(html: str) -> Iterator[tuple[str, str]]:
    """("words", text between tags) and (name of a tag, ""), without what is not for reading."""
    lower = html.lower()
    ends = {name: lower.rfind(f"</{name}") for name in _UNSEEN}
    last_comment = html.rfind("-->")
    at, unseen = 0, ""
    while tag := _TAG.search(html, at):
        name = (tag[2] or "").lower()
        if not unseen:
            yield "words", html[at : tag.start()]
            yield name, ""
        at = tag.end()
        if unseen:
            unseen = "" if name == "body" or (tag[1] and name == unseen) else unseen
        elif not tag[1] and ends.get(name, -1) > at - 1:
            unseen = name
        elif tag[0] == "<!--" and last_comment >= at - 2:
            at = html.index("-->", at - 2) + 3
    if not unseen:
        yield "words", html[at:]


def _unescaped(words: str) -> str:
    if "&" not in words:
        return words
    try:
        return unescape(words)
    except ValueError:  # A number of more than 4300 digits.
        return words
