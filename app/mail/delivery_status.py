"""What a report says of a letter (RFC 3464): that it came to nothing, is late, or arrived."""

import logging
import re
from collections.abc import Collection, Iterator
from email import message_from_bytes
from enum import StrEnum
from typing import NamedTuple

from . import mime
from .auto_submitted import NULL_PATH
from .parsed import ParsedMail
from .text import one_line, storable

# What else is in a report is the mail that it reports on.
_LOOKED_AT = 262_144
_MOST_LINES = 4_000
_LONGEST_STATUS = 65_536
_LONGEST_WHY = 300
_EMPTY_LINE = re.compile(r"\n[ \t]*+\n")
_FOLD = re.compile(r"\n[ \t]++")
_KIND = re.compile(r"\A[\w-]{1,40}\s*+;\s*+")
# Enhanced status codes (RFC 3463), by themselves and after the code of a reply (RFC 2034 4).
_STATUS = re.compile(r"(?<![\d.])([245])\.\d{1,3}\.\d{1,3}(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])5\d\d[ -]#?(5\.\d{1,3}\.\d{1,3})(?![\d.])")
# No such mailbox, no such domain, moved, disabled: no letter passes. Every other code may be about this letter, about
# us, or about the hour (RFC 3463 3.2 and 3.3).
_NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.6", "5.2.1"})
_UNSPECIFIED = "5.0.0"
_RETURNED_ID = re.compile(rb"^message-id:\s{0,10}(<[^<>\s]{1,200}>)", re.IGNORECASE | re.MULTILINE)


class DeliveryVerdict(StrEnum):
    """What became of the letter."""

    FAILED = "failed"
    DELAYED = "delayed"
    ARRIVED = "arrived"


class DeliveryReport(NamedTuple):
    """What became of a letter, and why, on one line; `blames_address`: it says that the address takes no mail."""

    verdict: DeliveryVerdict
    why: str
    blames_address: bool = False


_VERDICTS = {
    "failed": DeliveryVerdict.FAILED,
    "delayed": DeliveryVerdict.DELAYED,
    "delivered": DeliveryVerdict.ARRIVED,
    "relayed": DeliveryVerdict.ARRIVED,
    "expanded": DeliveryVerdict.ARRIVED,
}
_BY_CLASS = {"5": DeliveryVerdict.FAILED, "4": DeliveryVerdict.DELAYED, "2": DeliveryVerdict.ARRIVED}
_GRAVITY = (DeliveryVerdict.FAILED, DeliveryVerdict.DELAYED, DeliveryVerdict.ARRIVED)


def read_report(raw: bytes, parsed: ParsedMail) -> DeliveryReport | None:
    """What a mail reports on the one letter that it is about: by its fields, else by what flufl.bounce makes of it.

    None for all other mail: only a report, or what a mail server sends without an envelope sender, is read as one.
    """
    if not (parsed.bounce or parsed.automatic == NULL_PATH):
        return None
    found = list(_by_fields(raw))
    if found:
        return min(found, key=lambda one: _GRAVITY.index(one.verdict))
    temporary, permanent = addresses_blamed(raw)
    if permanent:
        return DeliveryReport(DeliveryVerdict.FAILED, "returned by their mail server")
    return DeliveryReport(DeliveryVerdict.DELAYED, "their mail server goes on trying") if temporary else None


def _by_fields(raw: bytes) -> Iterator[DeliveryReport]:
    """What stands in the parts message/delivery-status, recipient by recipient (RFC 3464 2.3)."""
    for part in mime.parts(raw, limit=50):
        if part.type not in ("message/delivery-status", "message/global-delivery-status"):
            continue
        for block in _EMPTY_LINE.split(mime.text(raw, part, _LONGEST_STATUS))[:100]:
            fields = _fields(block)
            if (report := _of_recipient(fields)) is not None:
                yield report


def _fields(block: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _FOLD.sub(" ", block).split("\n"):
        name, _, value = line.partition(":")
        found.setdefault(name.strip().lower(), value.strip())
    return found


def _of_recipient(fields: dict[str, str]) -> DeliveryReport | None:
    """The action counts, and without one the class of the status: after days of trying 4.4.7 has failed too."""
    status = _STATUS.search(fields.get("status", ""))
    action = fields.get("action", "").partition(" ")[0].lower()
    verdict = _VERDICTS.get(action) or (_BY_CLASS[status[1]] if status and not action else None)
    if verdict is None:
        return None
    words = _KIND.sub("", fields.get("diagnostic-code", ""))
    code = status[0] if status else ""
    why = one_line(storable(words if code in words else f"{code} {words}"), _LONGEST_WHY) or verdict
    codes = {code, *_REPLY.findall(words)} - {"", _UNSPECIFIED}
    return DeliveryReport(verdict, why, blames_address=bool(codes) and codes <= _NO_SUCH_ADDRESS)


def blames_address(reply: str) -> bool:
    """Whether a relay's refusal says that the address takes no mail, whatever the letter."""
    code = _REPLY.match(reply)
    return code is not None and code[1] in _NO_SUCH_ADDRESS


def returned_id(raw: bytes) -> str | None:
    """The Message-ID of the mail that a report gives back, whole, by its headers, or as text."""
    found = _RETURNED_ID.search(raw, mime.body_start(raw), _LOOKED_AT)
    return found[1].decode("ascii", "replace") if found else None


def addresses_blamed(raw: bytes) -> tuple[frozenset[str], frozenset[str]]:
    """The addresses that flufl.bounce finds in a report: failed for now, and for good. Never raises.

    It is for reports alone: it takes seconds for some mails, breaks on others, and takes quoted addresses for failed.
    """
    try:
        # Loaded here: few mails are reports in an old form.
        from flufl.bounce import all_failures

        # What its detectors break on is no news to whoever reads the log.
        logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)
        temporary, permanent = all_failures(message_from_bytes(_cut(raw)))
        return _as_text(temporary), _as_text(permanent)
    except Exception:  # Whatever goes wrong in it, the mail is kept.
        return frozenset(), frozenset()


def _cut(raw: bytes) -> bytes:
    """The beginning of a mail; hostile ones have a hundred thousand lines that each begin a part."""
    return b"\n".join(raw[:_LOOKED_AT].split(b"\n", _MOST_LINES)[:_MOST_LINES])


def _as_text(addresses: Collection[bytes]) -> frozenset[str]:
    return frozenset(one_line(address.decode("utf-8", "replace"), _LONGEST_WHY) for address in addresses)
