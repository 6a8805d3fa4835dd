"""The HTML of a mail as a browser may show it: cleaned, with the pictures that came with it, and nothing remote."""

import re
from base64 import b64encode
from html import escape, unescape
from urllib.parse import unquote

from ..mail import mime
from ..mail.html.html_text import is_harmless, text_of
from ..mail.mime import Part

LIMIT = 524_288
# Pictures are written into the page itself: a frame of its own may load nothing, from us neither.
MOST_PICTURES = 8_000_000
_ATTRIBUTES = {
    "*": {"align", "bgcolor", "color", "dir", "height", "lang", "style", "title", "valign", "width"},
    "a": {"href"},
    "font": {"color", "face", "size"},
    "img": {"alt", "src"},
    "ol": {"start"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_TAGS = {"a", "abbr", "b", "big", "blockquote", "br", "caption", "center", "cite", "code", "dd", "del", "div"}
_TAGS |= {"dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li"}
_TAGS |= {"ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "table"}
_TAGS |= {"tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var"}
_STYLES = {"background-color", "border", "border-bottom", "border-collapse", "border-left", "border-right"}
_STYLES |= {"border-top", "color", "font-family", "font-size", "font-style", "font-weight", "line-height"}
_STYLES |= {"list-style-type", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top"}
_STYLES |= {"max-width", "padding", "padding-bottom", "padding-left", "padding-right", "padding-top"}
_STYLES |= {"text-align", "text-decoration", "vertical-align", "white-space", "width"}
_UNSEEN = {"script", "style", "head", "title", "template", "noscript", "textarea", "select", "iframe", "object", "svg"}
_SHOWN_BY_ID = re.compile(r'src="cid:([^"]{1,500})"')
_CONTENT_ID = re.compile(rb"^content-id:\s*<?([^<>\s]{1,300})", re.I | re.M)
_HEADERS_BEFORE = 4_096
_SIGNS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))


def html_of(raw: bytes) -> str | None:
    """Return the HTML of a mail, safe to show in a frame; None where it has none."""
    parts = mime.parts(raw)
    html_part = next((part for part in parts if part.type == "text/html" and part.disposition != "attachment"), None)
    if html_part is None:
        return None
    html = mime.text(raw, html_part, LIMIT)
    return _with_pictures(cleaned(html), raw, parts)


def cleaned(html: str) -> str:
    """Return HTML without what runs, loads, or leads elsewhere than to the web; of HTML that does harm its text."""
    if not is_harmless(html):
        return f"<pre>{escape(text_of(html))}</pre>"
    import nh3

    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_UNSEEN,
        attributes=_ATTRIBUTES,
        attribute_filter=_filtered,
        url_schemes={"http", "https", "mailto", "cid"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        filter_style_properties=_STYLES,
    )


def _filtered(tag: str, attribute: str, value: str) -> str | None:
    """Return an attribute's value, or None where it goes: a picture from elsewhere would tell that it is looked at."""
    if attribute == "src":
        return value if value.lower().startswith("cid:") else None
    if attribute == "href":
        return None if value.lower().startswith("cid:") else value
    return None if "url(" in value.lower() else value


def picture_type(content: bytes) -> str | None:
    """Return the type of a picture that a browser may show, by its first bytes; None for everything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for sign, kind in _SIGNS if content.startswith(sign)), None)


def _with_pictures(html: str, raw: bytes, parts: list[Part]) -> str:
    pictures = {name: part for part in parts if part.shown_in and (name := _content_id(raw, part))}
    room = MOST_PICTURES

    def picture(match: re.Match[str]) -> str:
        nonlocal room
        part = pictures.get(unquote(unescape(match[1])))
        content = mime.content(raw, part, room + 1) if part else b""
        kind = picture_type(content)
        if kind is None or len(content) > room:
            return ""
        room -= len(content)
        return f'src="data:{kind};base64,{b64encode(content).decode()}"'

    return _SHOWN_BY_ID.sub(picture, html)


def _content_id(raw: bytes, part: Part) -> str:
    """Return the Content-ID of a part (RFC 2392), out of the header lines above its body."""
    above = raw[max(0, part.start - _HEADERS_BEFORE) : part.start]
    ids = _CONTENT_ID.findall(above[above.rfind(b"\n--") + 1 :])
    return ids[-1].decode("utf-8", "replace") if ids else ""
