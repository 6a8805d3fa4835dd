"""Cleaned HTML written as lines of text."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

SPACE = re.compile(r"[ \t\n\r\f]+")
BLOCKS = {"address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "footer", "form", "header", "hr", "li"}
BLOCKS |= {"h1", "h2", "h3", "h4", "h5", "h6", "main", "ol", "p", "pre", "section", "table", "tr", "ul"}
VOID = {"br", "hr", "img"}
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


class HtmlWriter(HTMLParser):
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
        if tag in VOID:
            self._void(tag, attributes)
            return
        effects = "".join(self._effects(tag, attributes))
        self.undo.append(effects)
        self._start(tag, attributes, effects)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID or not self.undo:
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
        words = SPACE.sub(" ", data)
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
        elif tag in BLOCKS or tag in _BLOCKS_TOO:
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
