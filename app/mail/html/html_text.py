"""The text of an HTML mail.

HTML is cleaned by nh3 first, then written as text by a renderer of our own. Every HTML parser takes quadratic time for
deep nesting and for tags with many attributes, so that a guard keeps such mails from it: then, and when anything
raises, `crude_text` takes out the tags.
"""

import re

from ..text import storable
from .crude_text import crude_text
from .html_writer import BLOCKS, VOID, HtmlWriter

CLEANED = 524_288
DEPTH = 256
TAG_LENGTH = 8_192
TAG_ATTRIBUTES = 300
PIECES = 40_000
REOPENED = 50_000

# A start tag as a parser sees it, or an end tag's name. No quotation mark is looked for twice.
_START = re.compile(r"<(/?)([a-z][a-z0-9]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)", re.I)

# These have no end tag, or close their like by themselves, so that they do not nest.
_FLAT = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_FLAT |= {"p", "li", "dd", "dt", "tr", "td", "th", "tbody", "thead", "tfoot", "option", "html", "body"}

# A parser opens these again in each paragraph, until they are closed.
_REOPENED = {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}

_SHOWN = {"a", "b", "i", "u", "em", "strong", "span", "font", "code", "tt", "sub", "sup", "small", "big", "s", "del"}
_SHOWN |= {"ins", "cite", "q", "kbd", "samp", "var", "td", "th", "tbody", "thead", "tfoot", "center", "caption", "nav"}
_SHOWN |= VOID | BLOCKS
_SHOWN -= {"form"}


def text_of(html: str) -> str:
    """The text of an HTML mail, as it would have been written as plain text. Never raises.

    Quotations get "> " before each line, also what clients quote without <blockquote>; lists "- "; links their address
    behind them where it is not what they say. Reads up to 512 KB; longer mails are read by `crude_text`.
    """
    try:
        if not is_harmless(html):
            return crude_text(html)
        import nh3

        cleaned = nh3.clean(
            html,
            tags=_SHOWN,
            clean_content_tags={"script", "style", "head", "title", "template", "select"},
            attributes={"*": {"class", "id", "style"}, "a": {"href"}, "img": {"alt"}},
            url_schemes={"http", "https", "mailto", "ftp", "tel"},
            link_rel=None,
        )
        writer = HtmlWriter()
        writer.feed(cleaned)
        writer.close()
        return storable(writer.text())
    except Exception:
        return crude_text(html)


_PICTURE = re.compile(r"data:[a-z]{1,20}/[a-z0-9.+-]{1,40}(?:;[a-z0-9=_-]{1,40}){0,4};base64,[A-Za-z0-9+/=%\s]*+", re.I)
_LONG = 50_000
_WEIGHT = [
    (re.compile(opening, re.I), re.compile(closing, re.I))
    for opening, closing in (("<!--", "-->"), ("<style", "</style[^<>]*>"), ("<script", "</script[^<>]*>"))
]
# Longer than any that says where a quotation begins.
_LONG_STYLE = re.compile(r"\sstyle=(?:\"[^\"<>]{200,}+\"|'[^'<>]{200,}+')", re.I)


def without_weight(html: str) -> str:
    """HTML without the pictures that stand in it as text; of a long one, without styles, scripts and comments too."""
    html = _PICTURE.sub("", html) if "base64," in html else html
    if len(html) <= _LONG:
        return html
    for opening, closing in _WEIGHT:
        html = _without(html, opening, closing)
    return _LONG_STYLE.sub("", html)


def _without(html: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str:
    kept, at = list[str](), 0
    while (start := opening.search(html, at)) and (end := closing.search(html, start.end())):
        kept.append(html[at : start.start()])
        at = end.end()
    return "".join([*kept, html[at:]])


_ENRICHED = re.compile(r"<(/?)([a-z][a-z0-9-]{0,59})>", re.I)


def enriched(text: str) -> str:
    """The words of text/enriched (RFC 1896): single line ends are spaces, of several one is left out."""
    words = re.sub(r"\n++", lambda ends: ends[0][1:] or " ", text.rstrip("\n"))
    words = re.sub(r"<param>[^<]*+</param>", "", words, flags=re.I)
    return "<".join(_ENRICHED.sub("", piece) for piece in words.split("<<"))


def is_harmless(html: str) -> bool:
    """Can a parser read it in fair time? Open elements are counted by name, as a stray end tag closes no other one."""
    if len(html) > CLEANED or html.count("<") > PIECES or html.count("&") > PIECES:
        return False
    open_: dict[str, int] = {}
    depth = reopened = formatting = 0
    for tag in _START.finditer(html):
        name = tag[2].lower()
        if not tag[1]:
            if len(tag[3]) > TAG_LENGTH and tag[3].count("=") > TAG_ATTRIBUTES:
                return False
            if name not in _FLAT:
                open_[name] = open_.get(name, 0) + 1
                depth += 1
                formatting += name in _REOPENED
            reopened += formatting
            if depth > DEPTH or reopened > REOPENED:
                return False
        elif open_.get(name):
            open_[name] -= 1
            depth -= 1
            formatting -= name in _REOPENED
    return True
