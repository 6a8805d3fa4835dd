"""Signed mails of S/MIME whose words are inside of the signature (RFC 5652, RFC 8551 section 3.5.2)."""

from typing import NamedTuple

_SIGNED = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
_OID, _OCTETS, _SEQUENCE, _ZERO = 0x06, 0x04, 0x30, 0xA0
_CONSTRUCTED = 0x20
# A hostile mail has millions of empty pieces; a mail of 25 MB has 25,000 of 1 KB.
_PIECES = 100_000
_DEPTH = 8


class _Bad(ValueError):
    """These bytes are no such structure."""


class _Element(NamedTuple):
    """One element in BER: its tag, where its content begins and ends (None: at a mark), and where the next begins."""

    tag: int
    start: int
    stop: int | None


def signed_content(der: bytes) -> bytes | None:
    """Return the mail part that a CMS SignedData holds in the clear; None if it is none or holds nothing."""
    try:
        return _Reader(der).signed_content()
    except (_Bad, IndexError):
        return None


class _Reader:
    def __init__(self, der: bytes) -> None:
        self._der = der
        self._left = _PIECES

    def signed_content(self) -> bytes:
        info = self._element(0, _SEQUENCE)
        kind = self._element(info.start, _OID)
        if self._der[kind.start : kind.stop] != _SIGNED:
            raise _Bad
        signed = self._element(self._element(self._end(kind), _ZERO).start, _SEQUENCE)
        at = signed.start
        for _ in range(2):  # The version and the digest algorithms.
            at = self._end(self._element(at))
        inner = self._element(at, _SEQUENCE)
        content = self._element(self._end(self._element(inner.start, _OID)), _ZERO)
        pieces: list[bytes] = []
        self._octets(content.start, pieces, _DEPTH)
        return b"".join(pieces)

    def _element(self, at: int, tag: int | None = None) -> _Element:
        """The element that begins there. IndexError if it reaches over the end."""
        self._left -= 1
        first, length = self._der[at], self._der[at + 1]
        if self._left < 0 or (tag is not None and first != tag):
            raise _Bad
        start = at + 2
        if length == 0x80:
            return _Element(first, start, None)
        if length > 0x80:
            size = length & 0x7F
            if size > 8 or start + size > len(self._der):
                raise _Bad
            length = int.from_bytes(self._der[start : start + size], "big")
            start += size
        if start + length > len(self._der):
            raise _Bad
        return _Element(first, start, start + length)

    def _end(self, element: _Element, depth: int = _DEPTH) -> int:
        """Where the next element begins."""
        if element.stop is not None:
            return element.stop
        if not depth:
            raise _Bad
        at = element.start
        while self._der[at : at + 2] != b"\0\0":
            at = self._end(self._element(at), depth - 1)
        return at + 2

    def _octets(self, at: int, pieces: list[bytes], depth: int) -> int:
        """Collect the octets of a string, which may be in pieces; give where the next element begins."""
        element = self._element(at)
        if element.tag == _OCTETS and element.stop is not None:
            pieces.append(self._der[element.start : element.stop])
            return element.stop
        if element.tag != _OCTETS | _CONSTRUCTED or not depth:
            raise _Bad
        place = element.start
        while place < element.stop if element.stop is not None else self._der[place : place + 2] != b"\0\0":
            place = self._octets(place, pieces, depth - 1)
        return place if element.stop is not None else place + 2
