"""Which bytes of a mail a signature covers, and what they say (RFC 1847, RFC 3156, RFC 8551, RFC 9580 section 7)."""

import re
from typing import NamedTuple

from .. import mime
from ..parsed import ParsedMail, parse_mail

OPENPGP, SMIME = "openpgp", "smime"
_PROTOCOLS = {
    "application/pgp-signature": OPENPGP,
    "application/pkcs7-signature": SMIME,
    "application/x-pkcs7-signature": SMIME,
}
_ENVELOPED = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_CLEAR = b"-----BEGIN PGP SIGNED MESSAGE-----"
_BLANKS = re.compile(r"[ \t\r]+$", re.MULTILINE)


class Signed(NamedTuple):
    """A signature and what it covers: `content`, or what is inside of the signature if that is None."""

    kind: str
    content: bytes | None
    signature: bytes


def may_be_signed(raw: bytes, type_: str) -> bool:
    """Return whether a mail of this media type can have a signature over all of it."""
    return type_ == "multipart/signed" or type_ in _ENVELOPED or _CLEAR in raw


def signed_parts(raw: bytes) -> Signed | None:
    """Return the signature of a whole mail, or None. Whether it is good says who has the key."""
    type_, children = mime.top_parts(raw)
    if type_ == "multipart/signed" and len(children) == 2:
        content, signature = (raw[start:stop] for start, stop in children)
        leaf = next(iter(mime.parts(signature)), None)
        kind = _PROTOCOLS.get(leaf.type) if leaf else None
        return Signed(kind, _canonical(content), mime.content(signature, leaf)) if kind and leaf else None
    if type_ in _ENVELOPED:
        return Signed(SMIME, None, mime.top_content(raw))
    if _CLEAR in raw:
        leaves = mime.parts(raw)
        return Signed(OPENPGP, None, mime.content(raw, leaves[0])) if len(leaves) == 1 else None
    return None


def _canonical(content: bytes) -> bytes:
    """The form in which it was signed: every line ends in CRLF (RFC 3156 section 5)."""
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def covers(signed: Signed, content: bytes, mail: ParsedMail) -> bool:
    """Return whether the signed content is all that a mail says."""
    if signed.content is None and signed.kind == OPENPGP:
        words = content.decode("utf-8", "replace").replace("\r\n", "\n")
    else:
        words = parse_mail(content).text
    return _plain(words) == _plain(mail.text)


def names_ticket(signed: Signed, content: bytes, ticket: int) -> bool:
    """Return whether the signed words or the signed subject name a ticket by its number."""
    words = content.decode("utf-8", "replace")
    if not (signed.content is None and signed.kind == OPENPGP):
        part = parse_mail(content)
        words = f"{part.subject}\n{part.text}"
    return re.search(rf"(?:#|\bticket[ \t#:]{{0,3}}){ticket}(?![0-9])", words, re.IGNORECASE) is not None


def _plain(text: str) -> str:
    return _BLANKS.sub("", text).strip()
