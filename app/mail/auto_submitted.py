"""How automatic mail is told from a person's.

A person writing through a mailing list stays a person: list headers alone make no machine.
"""

import re
from collections.abc import Callable
from email.message import Message

from .addresses import mailboxes
from .mime import fields
from .text import decoded, one_line, unescaped

NULL_PATH = "null reverse-path"
"""The reason where the envelope has no sender."""

_COMMENT = re.compile(r"\([^()]*+\)")
_NOBODY = re.compile(r"(?:mailer-daemon|no[-_.]?reply|do[-_.]?not[-_.]?reply)(?:[-+._][^@]*+)?@", re.IGNORECASE)


def _word(value: str) -> str:
    """The first word of a header, in lower case, without comments and parameters."""
    return _COMMENT.sub(" ", value.partition(";")[0]).strip().lower()


def _says_so(value: str) -> bool:
    return _word(value) not in ("", "no", "none", "false", "0")


def _is_bulk(value: str) -> bool:
    return _word(value) in ("bulk", "junk", "auto_reply", "auto-reply")


def _suppresses_all(value: str) -> bool:
    return "all" in re.split(r"[\s,;]+", value.lower())


def _is_report(value: str) -> bool:
    return _word(value) == "multipart/report"


def _is_null(value: str) -> bool:
    return value.strip() == "<>"


def _is_nobody(value: str) -> bool:
    if "<>" in value:
        return True
    return bool(_NOBODY.search(value)) and any(_NOBODY.match(mailbox.email) for mailbox in mailboxes(value, 1))


# The first row that holds gives the reason. RFC 3834 section 5, RFC 6522 (reports), and what answering programs write.
# X-Auto-Response-Suppress counts for "All" alone: Exchange puts "DR, OOF, AutoReply" on what people write to a
# distribution group, and some servers put it on every mail of a list. Words of the subject are no row: people use them.
_SIGNS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("Auto-Submitted", _says_so),
    ("Content-Type", _is_report),
    ("X-Failed-Recipients", _says_so),
    ("X-Autoreply", _says_so),
    ("X-Autorespond", _says_so),
    ("X-Auto-Reply-From", _says_so),
    ("X-Vacation", _says_so),
    ("X-MS-Exchange-Generated-Message-Source", _says_so),
    ("X-FC-MachineGenerated", _says_so),
    ("X-Auto-Response-Suppress", _suppresses_all),
    ("Precedence", _is_bulk),
    ("From", _is_nobody),
)

_LIST_HEADERS = (
    "list-id",
    "list-post",
    "list-unsubscribe",
    "list-help",
    "list-archive",
    "mailing-list",
    "x-mailing-list",
)


def reason(headers: Message, envelope_from: str | None) -> str | None:
    """Why a mail was written by a machine ("Auto-Submitted: auto-replied", "null reverse-path"), None if by a person.

    An `envelope_from` of "" is the null reverse-path (RFC 5321 section 4.5.5); None means that it is not known, then a
    Return-Path header counts.
    """
    found = fields(headers)
    if envelope_from == "" or (envelope_from is None and any(map(_is_null, found.get("return-path", [])))):
        return NULL_PATH
    for name, holds in _SIGNS:
        for value in found.get(name.lower(), [])[:5]:
            if holds(unescaped(value)) and not (name == "Precedence" and _is_open_list(found)):
                return one_line(f"{name}: {decoded(value)}", 80)
    return None


def from_list(headers: Message) -> bool:
    """Whether a mail came through a list (RFC 2369, RFC 2919): it may be a person's, but gets no automatic answer."""
    found = fields(headers)
    return any(name in found for name in _LIST_HEADERS) or any(
        _word(it) == "list" for it in found.get("precedence", [])
    )


def _is_open_list(found: dict[str, list[str]]) -> bool:
    """A list that people write to. Such lists, Apache's for one, mark everybody's mail with `Precedence: bulk`."""
    posted = found.get("list-post", ["no"])
    return "mailing-list" in found or not any(_word(value) == "no" for value in posted)
