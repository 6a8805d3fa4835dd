"""What a report says of a letter (RFC 3464): that it came to nothing, is late, or arrived."""

import logging
import re
from collections.abc import Collection, Iterator
from email import message_from_bytes
from enum import StrEnum
from typing import NamedTuple

from . import mime
from .auto_submitted import NULL_PATH, is_from_daemon
from .body_parts.header_fields import body_start
from .machines import words
from .machines.refusals import names_no_mailbox
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
_UNSPECIFIED = "5.0.0"
_STAYED_FULL = "4.2.2"
_STATUS_TYPE = re.compile(r"message/(?:global-|x-?)?delivery-status")
# Where the mail that is given back begins.
_RETURNED = re.compile(
    r"^[> \t]*+(?:(?:received|return-path|message-id|dkim-signature|mime-version):[ \t]|-{2,}[^\n]{0,40}"
    r"(?:original|returned|copy of|unsent|undelivered)[^\n]{0,40})",
    re.IGNORECASE | re.MULTILINE,
)
_FAILURE_CODE = re.compile(r"(?<![\d.])(?:5\.\d{1,3}\.\d{1,3}(?![\d.])|55\d[ -](?!\d))")
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
    # SendGrid's word.
    "expired": DeliveryVerdict.FAILED,
    "delayed": DeliveryVerdict.DELAYED,
    "delivered": DeliveryVerdict.ARRIVED,
    # Postfix's, of an address that it was only asked about.
    "deliverable": DeliveryVerdict.ARRIVED,
    "relayed": DeliveryVerdict.ARRIVED,
    "expanded": DeliveryVerdict.ARRIVED,
}
_BY_CLASS = {"5": DeliveryVerdict.FAILED, "4": DeliveryVerdict.DELAYED, "2": DeliveryVerdict.ARRIVED}
_GRAVITY = (DeliveryVerdict.FAILED, DeliveryVerdict.DELAYED, DeliveryVerdict.ARRIVED)


def read_report_at_token(raw: bytes, parsed: ParsedMail) -> DeliveryReport | None:
    """What a mail to one letter's own envelope sender reports on it: the address names the letter, so words will do."""
    return read_report(raw, parsed) or _by_words(parsed)


def read_report(raw: bytes, parsed: ParsedMail) -> DeliveryReport | None:
    """What a mail reports on the one letter that it is about: by its fields, else by what flufl.bounce makes of it.

    None for all other mail: only a report, or what a mail server sends without an envelope sender, is read as one.
    """
    if not (parsed.bounce or parsed.automatic == NULL_PATH or _is_daemons(parsed)):
        return None
    reports = list(_by_fields(raw)) or list(_by_stray_fields(raw, parsed))
    if reports:
        return min(reports, key=lambda report: _GRAVITY.index(report.verdict))
    temporary, permanent = addresses_blamed(raw)
    if permanent:
        return DeliveryReport(DeliveryVerdict.FAILED, "returned by their mail server")
    return DeliveryReport(DeliveryVerdict.DELAYED, "their mail server goes on trying") if temporary else None


def _by_fields(raw: bytes) -> Iterator[DeliveryReport]:
    """What stands in the parts message/delivery-status, recipient by recipient (RFC 3464 2.3)."""
    for part in mime.parts(raw, limit=50):
        if not _STATUS_TYPE.fullmatch(part.type):
            continue
        for block in _EMPTY_LINE.split(mime.text(raw, part, _LONGEST_STATUS))[:100]:
            fields = _fields(block)
            if (report := _of_recipient(fields)) is not None:
                yield report


def _by_stray_fields(raw: bytes, parsed: ParsedMail) -> Iterator[DeliveryReport]:
    """The same fields anywhere in a report whose parts are not where they should be, above the mail that it returns."""
    if not parsed.bounce:
        return
    start = body_start(raw)
    text = raw[start : start + _LONGEST_STATUS].decode("ascii", "replace").replace("\r\n", "\n")
    for block in _EMPTY_LINE.split(_above_returned(text))[:100]:
        fields = _fields(block)
        if fields.keys() & {"action", "status"} and (report := _of_recipient(fields)) is not None:
            yield report


def _is_daemons(parsed: ParsedMail) -> bool:
    """Whether a mail server wrote it, by its From header, which may name nobody."""
    if re.match(r"From: .*<>", parsed.automatic or ""):
        return True
    return is_from_daemon(parsed.sender.email) if parsed.sender else parsed.automatic == NULL_PATH


def _by_words(parsed: ParsedMail) -> DeliveryReport | None:
    """What a mail server says without any fields: a code above the mail that it returns, else plain words.

    Away notes come from a null reverse-path, too, but give no mail back.
    """
    text = _above_returned(parsed.text[:_LONGEST_STATUS])
    returns = len(text) < len(parsed.text) or any(file.type == "message/rfc822" for file in parsed.attachments)
    sure = parsed.bounce or _is_daemons(parsed) or (returns and parsed.automatic == NULL_PATH)
    if not sure and parsed.automatic != NULL_PATH:
        return None
    code = _FAILURE_CODE.search(text)
    described = f"{parsed.subject}\n{text}"
    if code is None and words.report_line(described, "delayed"):
        return DeliveryReport(DeliveryVerdict.DELAYED, "their mail server goes on trying")
    line = _line_of(code) if code else words.report_line(described, "failed") if sure else None
    return DeliveryReport(DeliveryVerdict.FAILED, one_line(storable(line), _LONGEST_WHY)) if line else None


def _line_of(match: re.Match[str]) -> str:
    return match.string[match.string.rfind("\n", 0, match.start()) + 1 :].partition("\n")[0]


def _above_returned(text: str) -> str:
    match = _RETURNED.search(text)
    return text[: match.start()] if match else text


def _fields(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in _FOLD.sub(" ", block).split("\n"):
        name, _, value = line.partition(":")
        fields.setdefault(name.strip().lower(), value.strip())
    return fields


def _of_recipient(fields: dict[str, str]) -> DeliveryReport | None:
    """The action counts, and without one the class of the status: after days of trying 4.4.7 has failed too."""
    status = _STATUS.search(fields.get("status", ""))
    action = fields.get("action", "").partition(" ")[0].lower()
    verdict = _VERDICTS.get(action) or (_BY_CLASS[status[1]] if status and not action else None)
    if verdict is None:
        return None
    diagnostic = _KIND.sub("", fields.get("diagnostic-code", ""))
    code = status[0] if status else ""
    why = one_line(storable(diagnostic if code in diagnostic else f"{code} {diagnostic}"), _LONGEST_WHY) or verdict
    codes = {code, *_REPLY.findall(diagnostic)} - {"", _UNSPECIFIED}
    # Their server has tried for days before it says so of a mailbox that was full all the time.
    blames = all(map(names_no_mailbox, codes)) or codes == {_STAYED_FULL}
    return DeliveryReport(verdict, why, blames_address=bool(codes) and blames)


def returned_id(raw: bytes) -> str | None:
    """The Message-ID of the mail that a report gives back, whole, by its headers, or as text."""
    match = _RETURNED_ID.search(raw, body_start(raw), _LOOKED_AT)
    return match[1].decode("ascii", "replace") if match else None


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
