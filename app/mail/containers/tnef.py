"""winmail.dat: a mail of Outlook in Microsoft's own form (MS-OXTNEF), with its words and files."""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from ..body_parts.charsets import known_codec

_SIGNATURE = b"\x78\x9f\x3e\x22"
_BODY, _PROPERTIES = 0x800C, 0x9003
_NEW_FILE, _FILE_NAME, _FILE_DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_CODEPAGE = 0x9007

# Properties (MS-OXPROPS) and their types (MS-OXCDATA section 2.11.1).
_TEXT, _RTF, _HTML, _LONG_NAME, _DATA, _INTERNET_CODEPAGE = 0x1000, 0x1009, 0x1013, 0x3707, 0x3701, 0x3FDE
_SIZES = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_UNICODE = 31
_CODEPAGES = {"cp65001": "utf-8", "cp20127": None, "cp28591": "iso-8859-1", "cp20866": "koi8-r"}
_STRINGS = (30, 31, 13, 258)
_MOST = 2_000
_MOST_FILES = 200

# MS-OXRTFCP section 2.1.3.1.
_RTF_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n"
    b"\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_RTF_LIMIT = 2_000_000
_RTF_TOKEN = re.compile(
    rb"\\'([0-9a-f]{2})|\\u(-?\d{1,5}) ?\??|\\([a-z]{1,32})(-?\d{1,10})? ?|\\(.)|([{}])|([^\\{}\r\n]+)", re.I | re.S
)
_RTF_UNSEEN = {b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"generator"}


class TnefFile(NamedTuple):
    """One thing in a winmail.dat: its words ("text/plain" or "text/html") or a file, by name."""

    type: str
    name: str
    charset: str | None
    content: bytes


def documents(raw: bytes) -> list[TnefFile]:
    """Return the words and the files of a winmail.dat, in order; nothing if it is none. Never raises, linear time."""
    attributes = list(_attributes(raw))
    number = next((value for kind, value in attributes if kind == _CODEPAGE and len(value) >= 4), b"")
    codepage = f"cp{int.from_bytes(number[:4], 'little')}" if number else None
    words: dict[int, TnefFile] = {}
    files: list[list[tuple[int, bytes]]] = []
    for kind, value in attributes:
        if kind == _BODY:
            words.setdefault(_TEXT, TnefFile("text/plain", "", codepage, value.rstrip(b"\0")))
        elif kind == _PROPERTIES:
            words.update(_words(value, codepage))
        elif kind == _NEW_FILE:
            files.append([])
        elif files:
            files[-1].append((kind, value))
    best = [words[kind] for kind in (_TEXT, _HTML) if kind in words and words[kind].content.strip()]
    if not best and _RTF in words:
        written = rtf_text(unpacked(words[_RTF].content)).encode("utf-8", "replace")
        best = [words[_RTF]._replace(content=written)] if written.strip() else []
    return [*best[:1], *(_file(file, codepage) for file in files[:_MOST_FILES])]


def _file(attributes: list[tuple[int, bytes]], codepage: str | None) -> TnefFile:
    values = dict(attributes)
    properties = {number: (type_, value) for number, type_, value in _properties(values.get(_FILE_PROPERTIES, b""))}
    name = _string(values.get(_FILE_NAME, b""), codepage)
    if _LONG_NAME in properties:
        type_, value = properties[_LONG_NAME]
        name = _string(value, "utf-16-le" if type_ == _UNICODE else codepage)
    content = values.get(_FILE_DATA) or properties.get(_DATA, (0, b""))[1]
    return TnefFile("application/octet-stream", name or "file", None, content)


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes: level, number, length, value, checksum."""
    if not raw.startswith(_SIGNATURE):
        return
    at = 6
    for _ in range(_MOST):
        if at + 9 > len(raw):
            return
        _, kind, _, length = struct.unpack_from("<BHHI", raw, at)
        yield kind, raw[at + 9 : at + 9 + length]
        at += 9 + length + 2


def _words(value: bytes, codepage: str | None) -> Iterator[tuple[int, TnefFile]]:
    properties = list(_properties(value))
    codepage_number = next((v for number, _, v in properties if number == _INTERNET_CODEPAGE and len(v) == 4), None)
    charset = f"cp{int.from_bytes(codepage_number, 'little')}" if codepage_number else codepage
    charset = _CODEPAGES.get(charset or "", charset)
    for number, type_, content in properties:
        if number == _TEXT:
            in_unicode = type_ == _UNICODE
            yield (
                number,
                TnefFile("text/plain", "", "utf-16-le" if in_unicode else codepage, _ended(content, in_unicode)),
            )
        elif number == _HTML:
            yield number, TnefFile("text/html", "", charset, content)
        elif number == _RTF:
            yield number, TnefFile("text/plain", "", "utf-8", content)


def _ended(value: bytes, in_unicode: bool) -> bytes:
    """A string without the NUL at its end."""
    return value.removesuffix(b"\0\0") if in_unicode else value.rstrip(b"\0")


def _properties(value: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The properties of a list in MAPI's form: number, type, value. Ends at what it does not know."""
    try:
        (count,) = struct.unpack_from("<I", value, 0)
        at = 4
        for _ in range(min(count, _MOST)):
            type_, number = struct.unpack_from("<HH", value, at)
            at += 4
            if number >= 0x8000:
                at = _after_name(value, at)
            many, base = type_ & 0x1000, type_ & 0x0FFF
            copies = 1
            if many or base in _STRINGS:
                (copies,) = struct.unpack_from("<I", value, at)
                at += 4
            for _ in range(min(copies, _MOST)):
                length = _SIZES.get(base, 0)
                if base in _STRINGS:
                    (length,) = struct.unpack_from("<I", value, at)
                    at += 4
                elif not length:
                    return
                skip = 16 if base == 13 else 0
                yield number, base, value[at + skip : at + length]
                at += length + (-length % 4)
    except struct.error:
        return


def _after_name(value: bytes, at: int) -> int:
    """Where a named property's value begins."""
    (kind,) = struct.unpack_from("<I", value, at + 16)
    if kind == 0:
        return at + 24
    (length,) = struct.unpack_from("<I", value, at + 20)
    return at + 24 + int(length) + (-int(length) % 4)


def _string(value: bytes, charset: str | None) -> str:
    return value.decode(known_codec(charset) or "cp1252", "replace").rstrip("\0")


def unpacked(packed: bytes) -> bytes:
    """Unpack compressed RTF (MS-OXRTFCP), at most 2 MB of it."""
    if len(packed) < 16:
        return b""
    _, size, magic, _ = struct.unpack_from("<IIII", packed, 0)
    if magic == 0x414C454D:
        return packed[16 : 16 + min(size, _RTF_LIMIT)]
    ring = bytearray(_RTF_START.ljust(4096, b"\0"))
    write, at, out = len(_RTF_START), 16, bytearray()
    while at < len(packed) and len(out) < min(size, _RTF_LIMIT):
        control = packed[at]
        at += 1
        for bit in range(8):
            if control >> bit & 1:
                if at + 2 > len(packed):
                    return bytes(out)
                reference = packed[at] << 8 | packed[at + 1]
                at += 2
                offset, length = reference >> 4, (reference & 15) + 2
                if offset == write % 4096:
                    return bytes(out)
                for step in range(length):
                    byte = ring[(offset + step) % 4096]
                    ring[write % 4096] = byte
                    write += 1
                    out.append(byte)
            elif at < len(packed):
                ring[write % 4096] = packed[at]
                write += 1
                out.append(packed[at])
                at += 1
    return bytes(out)


def rtf_text(rtf: bytes) -> str:
    """The words of an RTF text; of HTML that was put into RTF (MS-OXRTFEX) what is shown of it."""
    written: list[str] = []
    depth, hidden, encoding = 0, 0, "cp1252"
    starts = False
    for token in _RTF_TOKEN.finditer(rtf[:_RTF_LIMIT]):
        code, letter, word, number, sign, brace, words = token.groups()
        if brace == b"{":
            depth += 1
            starts = True
            continue
        if brace == b"}":
            hidden = 0 if depth == hidden else hidden
            depth -= 1
        elif (word and word.lower() in _RTF_UNSEEN) or (sign == b"*" and starts):
            hidden = hidden or depth
        elif word == b"ansicpg" and number:
            encoding = f"cp{int(number)}"
        elif not hidden:
            written.append(_rtf_piece(code, letter, word, sign, words, encoding))
        starts = False
    return "".join(written).strip()


def _rtf_piece(code: bytes, letter: bytes, word: bytes, sign: bytes, words: bytes, encoding: str) -> str:
    if code:
        return _string(bytes([int(code, 16)]), encoding) or ""
    if letter:
        return chr(int(letter) % 0x10000)
    if word in (b"par", b"line"):
        return "\n"
    if word == b"tab":
        return "\t"
    if sign:
        return {b"~": " ", b"_": "-"}.get(sign, sign.decode("ascii", "replace") if sign in b"\\{}" else "")
    return _string(words, encoding) if words else ""
