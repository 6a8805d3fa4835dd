"""How the text of an HTML mail is got at.

HTML is cleaned by nh3 first, then written as text by a renderer of our own. Every HTML parser takes quadratic time for
deep nesting and for tags with many attributes, so that a guard keeps such mails from it: then, and when anything
raises, `crude_text` takes out the tags.
"""

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser

from .text import storable

LIMIT = 1_000_000
CLEANED = 524_288
DEPTH = 256
TAG_LENGTH = 8_192
TAG_ATTRIBUTES = 300
PIECES = 40_000
REOPENED = 50_000

# A comment's begin, a tag, or a declaration. Nothing reaches over the next "<", so that reading takes linear time.
_TAG = re.compile(r"<!--|<(/?)([a-z][a-z0-9]*+)((?:[^<>\"']++|\"[^\"<]*\"|'[^'<]*'|[\"'])*+)>?|<[!?/][^<>]*+>?", re.I)
_SPACE = re.compile(r"[ \t\n\r\f]+")
_UNSEEN = {"script", "style", "head", "title", "template"}
_BLOCKS = {"address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "footer", "form", "header", "hr", "li"}
_BLOCKS |= {"h1", "h2", "h3", "h4", "h5", "h6", "main", "ol", "p", "pre", "section", "table", "tr", "ul"}

# A start tag as a parser sees it, or an end tag's name. No quotation mark is looked for twice.
_START = re.compile(r"<(/?)([a-z][a-z0-9]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)", re.I)

# These have no end tag, or close their like by themselves, so that they do not nest.
_FLAT = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_FLAT |= {"p", "li", "dd", "dt", "tr", "td", "th", "tbody", "thead", "tfoot", "option", "html", "body"}

# A parser opens these again in each paragraph, until they are closed.
_REOPENED = {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}

_VOID = {"br", "hr", "img"}
_SHOWN = {"a", "b", "i", "u", "em", "strong", "span", "font", "code", "tt", "sub", "sup", "small", "big", "s", "del"}
_SHOWN |= {"ins", "cite", "q", "kbd", "samp", "var", "td", "th", "tbody", "thead", "tfoot", "center", "caption", "nav"}
_SHOWN |= _VOID | _BLOCKS
_SHOWN -= {"form"}
_PARAGRAPHS = {"p", "blockquote", "ul", "ol", "dl", "pre", "table", "h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS_TOO = {"center", "caption", "nav"}

# Where clients put another's letter: all of an element of these classes, or all after one of these ids. Outlook draws
# a line above the letter and names neither.
_QUOTE_CLASSES = {
    "yahoo_quoted",
    "zmail_extra",
    "protonmail_quote",
    "tutanota_quote",
    "ms-outlook-mobile-reference-message",
}
_QUOTE_REST = {
    "appendonsend",
    "divrplyfwdmsg",
    "x_divrplyfwdmsg",
    "olk_src_body_section",
    "mail-editor-reference-message-container",
}
_OUTLOOK_LINE = re.compile(
    r"border:\s*none;\s*border-top:\s*solid\s+[#\w]+\s+1(?:\.0)?pt;\s*padding:\s*3(?:\.0)?pt", re.I
)
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.I)
_LINKED = ("http://", "https://", "mailto:", "ftp://", "tel:")
_DEEPEST = 8


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
        writer = _Writer()
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


class _Writer(HTMLParser):
    """A writer of cleaned HTML as lines of text; in cleaned HTML every element is closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.gap = 0  # Line ends that are due before the next words.
        self.cell = False  # A cell begins, and its row has words already.
        self.row = 0
        self.prefix = ""  # The mark of a list's item that begins.
        self.quotes, self.hidden, self.pre = 0, 0, 0
        self.lists: list[int] = []
        self.links: list[tuple[str, int]] = []
        self.undo: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in _VOID:
            self._void(tag, attributes)
            return
        effects = "".join(self._effects(tag, attributes))
        self.undo.append(effects)
        self._start(tag, attributes, effects)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID or not self.undo:
            return
        effects = self.undo.pop()
        if tag == "a":
            self._end_link()
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()
        if "q" in effects:
            if self.line:
                self._flush()
            self.quotes -= 1
            self.gap = 2
        self._break("div" if "m" in effects else tag)
        self.hidden -= "h" in effects
        self.pre -= tag == "pre"
        if tag == "table":
            self.row = 0

    def handle_data(self, data: str) -> None:
        if self.hidden:
            return
        if self.pre:
            for number, piece in enumerate(data.split("\n")):
                if number:
                    self._flush()
                    self.gap = 0
                self._say(piece)
            return
        words = _SPACE.sub(" ", data)
        if words == " " and (self.gap or not self.line):
            return
        self._say(words.lstrip(" ") if self.gap or self.cell or not self.line else words)

    def text(self) -> str:
        """All lines, with no more than one empty line where paragraphs end."""
        self._flush()
        return "\n".join(self.lines).strip("\n").replace("\xa0", " ")

    def _effects(self, tag: str, attributes: dict[str, str]) -> Iterator[str]:
        """What ends with the element: "q" that it is quoted, "h" that it is hidden, "m" that it is Outlook's line."""
        classes = attributes.get("class", "").lower().split()
        if tag == "blockquote" or not _QUOTE_CLASSES.isdisjoint(classes):
            yield "q"
        if tag == "p" and any("msonormal" in name for name in classes):
            yield "m"
        if _HIDDEN.search(attributes.get("style", "")):
            yield "h"

    def _start(self, tag: str, attributes: dict[str, str], effects: str) -> None:
        self._break("div" if "m" in effects else tag)
        self.hidden += "h" in effects
        if attributes.get("id", "").lower() in _QUOTE_REST or (
            tag == "div" and _OUTLOOK_LINE.search(attributes.get("style", ""))
        ):
            self._due(2)
            self._settle()
            self.quotes += self.quotes == 0
        if "q" in effects:
            self._due(2)
            self._settle()
            self.quotes += 1
        if tag in ("ul", "ol"):
            self.lists.append(0 if tag == "ol" else -1)
        elif tag == "li":
            self._item()
        elif tag in ("td", "th"):
            self.cell = self.row > 0
            self.gap = 0 if self.cell else self.gap
        elif tag == "tr":
            self.row = 0
        elif tag == "a":
            self.links.append((attributes.get("href", ""), len(self.line)))
        self.pre += tag == "pre"

    def _void(self, tag: str, attributes: dict[str, str]) -> None:
        if self.hidden:
            return
        if tag == "br":
            if self.gap:
                self._settle()
            self._flush()
        elif tag == "hr":
            self._due(1)
            self._say("-" * 20)
            self._due(1)
        elif attributes.get("alt", "").strip():
            self.handle_data(f"[{attributes['alt'].strip()[:80]}]")

    def _item(self) -> None:
        inner = "  " * (min(len(self.lists), _DEEPEST) - 1)
        if self.lists and self.lists[-1] >= 0:
            self.lists[-1] += 1
            self.prefix = f"{inner}{self.lists[-1]}. "
        else:
            self.prefix = f"{inner}- "

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS and not self.lists:
            self._due(2)
        elif tag in _BLOCKS or tag in _BLOCKS_TOO:
            self._due(1)

    def _due(self, ends: int) -> None:
        if not self.cell:
            self.gap = max(self.gap, ends)

    def _settle(self) -> None:
        """Write the line ends that are due, before what is quoted otherwise."""
        ends = self.gap
        if self.line:
            self._flush()
        if ends > 1 and self.lines and self.lines[-1].strip("> \xa0"):
            self._flush()
        self.gap = 0

    def _say(self, words: str) -> None:
        if not words:
            return
        if self.cell:
            has_label = self.line and self.line[-1].rstrip(" \xa0").endswith((":", "："))
            words = f" {words}" if has_label else f" | {words}"
            self.cell = False
        elif self.gap:
            self._settle()
        if self.prefix:
            words, self.prefix = self.prefix + words, ""
        self.row += bool(words.strip())
        self.line.append(words)

    def _flush(self) -> None:
        text = "".join(self.line).rstrip(" \xa0")
        quoted = "> " * min(self.quotes, _DEEPEST)
        self.lines.append(f"{quoted}-- " if text == "--" else (quoted + text).rstrip(" "))
        self.line.clear()
        self.gap = 0

    def _end_link(self) -> None:
        """The address behind the words of a link, unless they say it."""
        href, start = self.links.pop() if self.links else ("", 0)
        text = "".join(self.line[start:]).strip()
        bare = href.removeprefix("mailto:").removeprefix("https://").removeprefix("http://").rstrip("/")
        if (
            not self.hidden
            and href.lower().startswith(_LINKED)
            and text
            and bare not in text
            and text not in ("", bare)
        ):
            self.line.append(f" <{href.removeprefix('mailto:')}>")


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
