"""Texts that were signed in the clear with PGP (RFC 9580 section 7): the armour is taken off."""

import re

_BEGIN = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n(?:[A-Za-z-]{1,40}: [^\n]*\n)*(?:[ \t]*\n)?", re.MULTILINE
)
_SIGNATURE = re.compile(r"^-----BEGIN PGP SIGNATURE-----[ \t]*$", re.MULTILINE)
_END = re.compile(r"^-----END PGP SIGNATURE-----[ \t]*(?:\n|\Z)", re.MULTILINE)
_ESCAPED = re.compile(r"^- ", re.MULTILINE)
_MOST = 20


def without_armour(text: str) -> str:
    """Return a text without the armour of PGP and its escapes of dashes. Linear time."""
    if "-----BEGIN PGP SIGNED MESSAGE-----" not in text:
        return text
    kept: list[str] = []
    at = 0
    for _ in range(_MOST):
        begin = _BEGIN.search(text, at)
        signature = _SIGNATURE.search(text, begin.end()) if begin else None
        if begin is None or signature is None:
            break
        end = _END.search(text, signature.end())
        kept += [text[at : begin.start()], _ESCAPED.sub("", text[begin.end() : signature.start()])]
        at = end.end() if end else len(text)
    return "".join([*kept, text[at:]])
