"""Text of foreign bytes: which charset they are in, whatever they are called."""

import encodings
import re
from collections.abc import Iterable, Iterator
from encodings.aliases import aliases
from functools import cache
from pkgutil import iter_modules

from ..text import storable

_CHARSET_NAME = re.compile(r"[a-z0-9][a-z0-9._:+-]{0,39}")
# How a name is written that means another: "win-1251", "cp-850", "x-mac-cyrillic", "ISO8859_2".
_PREFIXED = (
    (re.compile(r"x-ms-(?=cp)|x-(?=x-)"), ""),
    (re.compile(r"(?:x-|cs)?(?:windows|win|ansi|dos|pc)[-_ ]?(?=\d)"), "cp"),
    (re.compile(r"(?:x-|cs)?(?:cp|ibm|ms)[-_]?(?=\d)"), "cp"),
    (re.compile(r"latin[-_ ]?(?=\d)"), "latin"),
    (re.compile(r"x-(?=mac|euc|big|gb|sjis|iso|utf|koi|user)"), ""),
    (re.compile(r"iso[-_ ]?8859[-_ ]?(?=\d)"), "iso-8859-"),
    (re.compile(r"koi8[-_ ]?(?=[ru])"), "koi8-"),
    (re.compile(r"utf[-_ ]?(?=\d)"), "utf-"),
)

# What mailers call a charset, and the superset that they really write.
_CHARSETS = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "logical": "iso-8859-8",
    "visual": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "koi8": "koi8-r",
    "koi8-ru": "koi8-u",
    "unicode": "utf-16",
    "ucs-2": "utf-16",
    "iso-10646-ucs-2": "utf-16",
    "windows-874": "cp874",
    "gb2312": "gb18030",
    "gb-2312": "gb18030",
    "gb_2312-80": "gb18030",
    "csgb2312": "gb18030",
    "zh_cn.gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "csshiftjis": "cp932",
    "cseucpkdfmtjapanese": "euc_jp",
    "euc-jp-ms": "euc_jp",
    "eucjp-ms": "euc_jp",
    "eucjp-win": "euc_jp",
    "cp51932": "euc_jp",
    "euc-jp": "euc_jp",
    "eucjp": "euc_jp",
    "jis": "iso2022_jp_ext",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "ksc_5601": "cp949",
    "korean": "cp949",
    "euc-kr": "cp949",
    "euckr": "cp949",
    "big5": "cp950",
    "big-5": "cp950",
    "big5-eten": "cp950",
    "unicode-1-1-utf-7": "utf-7",
    "maccyrillic": "mac-cyrillic",
    "macroman": "mac-roman",
    "mac": "mac-roman",
    "mac-ce": "mac-latin2",
    "mac-centraleurope": "mac-latin2",
    "macintosh": "mac-roman",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "cp874": "cp874",
    "cp950": "cp950",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "cp50222": "iso2022_jp_ext",
    "csiso2022jp": "iso2022_jp_ext",
    "utf8mb4": "utf-8",
}

_OF_SINGLE_BYTES = ("cp12", "iso-8859", "iso8859", "latin", "koi8", "mac", "cp4", "cp8")

# What is no text in the first may be some in the second.
_LARGER = {"euc_jp": "euc_jis_2004", "cp950": "big5hkscs"}

# In these, letters are plain ASCII behind an escape: bytes of another charset never look like them, nor like UTF-8.
_STATEFUL = ("iso2022", "iso-2022", "hz", "utf-7", "utf7")

# These decode, but are no charsets of mail: escapes of Python, and codecs that take quadratic time.
_NO_CHARSETS = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}

# As good as none: with bytes over 127 the declaration is wrong.
_NO_CHARSETS |= {"us_ascii", "ascii", "unknown_8bit"}


def from_bytes(
    raw: bytes, charset: str | None = None, cut: bool = False, limit: int | None = None, hint: str | None = None
) -> str:
    """Text of foreign bytes, storable and without a byte order mark: the declared charset if it holds, else UTF-8, else
    the `hint` (what the text itself names), else one of them with U+FFFD for what is wrong, else Windows-1252.

    `cut` says that the bytes end where a limit fell: the last character may be broken then, and is left out. `limit` is
    in characters.
    """
    name, hinted = _charset(charset), _charset(hint)
    first = hinted if name is None and hinted and hinted.startswith(_STATEFUL) else name
    if _has_jis_escapes(raw) and not (first and first.startswith(_STATEFUL)):
        first = "iso2022_jp"
    if first and first.startswith("iso2022_jp"):
        text = _in_charset(raw, first, "strict", cut)
        return storable(_iso_2022_jp(raw) if text is None else text)[:limit]
    unsure = name is not None and name.startswith(_STATEFUL)
    if first == "utf-16" or (raw.startswith(_MARKS_OF_UTF_16) and not (first or "").startswith("utf-32")):
        first = name = None if _is_plain(raw) else _byte_order(raw)
    sure = ["utf-8"] if first and first.startswith(_OF_SINGLE_BYTES) and _is_surely_utf_8(raw) else []
    strict = (*sure, first, _LARGER.get(first or ""), None if unsure else "utf-8", hinted)
    text = next(_decodings(raw, strict, "strict", cut), None)
    if text is None and not (name == "utf-8" and not _UTF_8_LETTERS.search(raw)):
        text = next(_decodings(raw, (name, hinted), "replace", cut), None)
    text = raw.decode("cp1252", "replace") if text is None else text.removeprefix("\ufeff")
    return storable(text)[:limit]


def _decodings(raw: bytes, charsets: Iterable[str | None], errors: str, cut: bool) -> Iterator[str]:
    """The text as each of these charsets has it that is known, and fits."""
    texts = (_in_charset(raw, charset, errors, cut) for charset in charsets)
    return (text for text in texts if text is not None)


_MARKS_OF_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_UTF_8_LETTERS = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def _is_surely_utf_8(raw: bytes) -> bool:
    """Whether bytes are UTF-8 whatever they are called: no two letters of another charset look so by chance.

    A broken letter at their end may be where a limit fell.
    """
    if raw.isascii():
        return False
    rest = _UTF_8_LETTERS.sub(b"", raw)
    return rest[:-3].isascii() and len(_UTF_8_LETTERS.findall(raw[:10_000])) > 1


def _is_plain(raw: bytes) -> bool:
    """Whether bytes are ASCII, though they are called UTF-16, in which every space would have a zero."""
    return raw.isascii() and 0 not in raw


def _has_jis_escapes(raw: bytes) -> bool:
    """Whether bytes are ISO-2022-JP whatever they are called: they shift to Japanese and back."""
    return b"\x1b$" in raw and raw.isascii() and (b"\x1b(B" in raw or b"\x1b(J" in raw)


def _byte_order(raw: bytes) -> str:
    """UTF-16 with its byte order: as its mark says, else by where the zeros of spaces and line ends stand."""
    if raw.startswith(_MARKS_OF_UTF_16):
        return "utf-16"
    return "utf-16-le" if raw[1::2].count(0) > raw[::2].count(0) else "utf-16-be"


def _iso_2022_jp(raw: bytes) -> str:
    """Text in ISO-2022-JP as Windows writes it: with the characters of NEC and IBM, and half-width ones."""
    first, *pieces = re.split(rb"\x1b(?=[($])", raw)
    return first.decode("ascii", "replace") + "".join(map(_in_mode, pieces))


def _in_mode(piece: bytes) -> str:
    """The text behind one escape, which begins with the rest of that escape and holds until the next."""
    if piece.startswith((b"$@", b"$B")):
        lines = re.split(rb"([\r\n]+)", piece[2:], maxsplit=1)
        return _shifted(lines[0]) + b"".join(lines[1:]).decode("ascii", "replace")
    if piece.startswith(b"(I"):
        return bytes(byte | 0x80 if byte > 0x20 else byte for byte in piece[2:]).decode("cp932", "replace")
    if piece.startswith(b"$(D"):
        pairs = [b"\x8f" + bytes(byte | 0x80 for byte in piece[at : at + 2]) for at in range(3, len(piece) - 1, 2)]
        return b"".join(pairs).decode("euc_jp", "replace")
    return piece[2:].decode("ascii", "replace")


def _shifted(pairs: bytes) -> str:
    """Convert two bytes of JIS X 0208 or its extensions to Shift_JIS, which Python's codec for Windows can read."""
    shifted = bytearray()
    for row, cell in zip(pairs[::2], pairs[1::2], strict=False):
        if not (0x21 <= row < 0x7F and 0x21 <= cell < 0x7F):
            shifted += b"?"
            continue
        shifted.append((row - 0x21) // 2 + (0x81 if row < 0x5F else 0xC1))
        shifted.append(cell + (0x1F if cell < 0x60 else 0x20) if row % 2 else cell + 0x7E)
    return bytes(shifted).decode("cp932", "replace")


def in_charset(header_value: str, charset: str | None) -> str:
    """A compat32 header value whose raw bytes, if they are no UTF-8, are read in a charset."""
    if charset is None or header_value.isascii():
        return header_value
    try:
        raw = header_value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return header_value
    texts = (_in_charset(raw, name, "strict", cut=False) for name in ("utf-8", _charset(charset)))
    return next((text for text in texts if text is not None), header_value)


def _charset(name: str | None) -> str | None:
    """The codec of a charset's name as people write it: without quotation marks, prefixes, and what stands behind."""
    wanted = (name or "").strip(" \t\"'`\\<>").lower()
    if not _CHARSET_NAME.fullmatch(wanted) or wanted.replace("-", "_") in _NO_CHARSETS:
        return None
    if wanted in _CHARSETS:
        return _CHARSETS[wanted]
    for written, meant in _PREFIXED:
        wanted = written.sub(meant, wanted, count=1) if written.match(wanted) else wanted
    return _CHARSETS.get(wanted, wanted)


def known_codec(charset: str | None) -> str | None:
    """Return Python's own name for the codec of a charset; None if there is none, or it is no charset of mail.

    Python keeps every name that it is asked for until the process ends, unknown ones too: mail must not choose them.
    """
    name = encodings.normalize_encoding(charset or "").lower()
    codec = aliases.get(name) or aliases.get(name.replace(".", "_")) or name
    return codec if codec in _codecs() else None


@cache
def _codecs() -> set[str]:
    """Return Python's names of the codecs that may be those of mail."""
    return {module.name for module in iter_modules(encodings.__path__)} - _NO_CHARSETS


def _in_charset(raw: bytes, charset: str | None, errors: str, cut: bool) -> str | None:
    """Return the text, or None if the charset is unknown or does not fit; whatever a codec raises means that."""
    codec = known_codec(charset)
    if codec is None:
        return None
    try:
        return raw.decode(codec, errors)
    except UnicodeDecodeError as error:
        if cut and error.start > len(raw) - 16:
            return _in_charset(raw[: error.start], charset, errors, cut=False)
        return None
    except Exception:
        return None
