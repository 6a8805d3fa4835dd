"""The words of HTML that no parser may read: the tags are taken out."""

import re
from collections.abc import Iterator
from html import unescape

from ..text import storable
from .html_writer import BLOCKS, SPACE

LIMIT = 1_000_000
# A comment's begin, a tag, or a declaration. Nothing reaches over the next "<", so that reading takes linear time.
_TAG = re.compile(r"<!--|<(/?)([a-z][a-z0-9]*+)((?:[^<>\"']++|\"[^\"<]*\"|'[^'<]*'|[\"'])*+)>?|<[!?/][^<>]*+>?", re.I)
_UNSEEN = {"script", "style", "head", "title", "template"}


def crude_text(html: str) -> str:
    """The words of an HTML text: tags out, entities in, a line for each block and <br>. Linear, reads up to 1 MB."""
    written: list[str] = []
    fresh = True
    for kind, piece in _tokens(html[:LIMIT]):
        if kind == "words":
            words = SPACE.sub(" ", piece)
            words = _unescaped(words.lstrip(" ") if fresh else words)
            written.append(words)
            fresh = fresh and not words
        elif kind == "br" or (kind in BLOCKS and not fresh):
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
