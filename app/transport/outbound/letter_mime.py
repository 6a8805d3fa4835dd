"""How a letter's row becomes a mail: headers of our own and text in UTF-8, whatever its script."""

from binascii import b2a_qp
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import NamedTuple

from ...mail.auto_submitted import LOOP_HEADER
from ...model.letters.header_words import header_words, mailbox, phrase
from ...model.records.addressing import unsubscribe_address
from ...model.records.letters import Letter

_LINE = 76
_POLICY = SMTP.clone(cte_type="7bit")


class LetterFile(NamedTuple):
    """A file that goes with a letter."""

    name: str
    type: str
    content: bytes


def compose(
    letter: Letter, files: Sequence[LetterFile] = (), web_url: str | None = None, loop_marks: Sequence[str] = ()
) -> bytes:
    """The mail that a letter is (RFC 5322), the same over every attempt.

    It is automatic (RFC 3834), so that no machine answers it. Only to an address beyond ASCII are its headers UTF-8
    (RFC 6532). `web_url` is the address of the web pages, by which its reader can leave the ticket with one click.
    `loop_marks` are those of the trackers through which it comes.
    """
    on_web = bool(web_url and letter.leave_token)
    headers = {
        "From": mailbox(letter.sender_name, letter.sender),
        "To": mailbox(letter.recipient_name, letter.recipient),
        "Reply-To": letter.sender,
        "Subject": header_words(letter.subject),
        "Date": format_datetime(letter.created),
        "Message-ID": letter.message_id,
        "In-Reply-To": letter.in_reply_to,
        # A relay may give the letter another Message-ID; by this one its answers are known then.
        "References": f"{letter.references or ''} {letter.message_id}",
        "Auto-Submitted": "auto-replied" if letter.acknowledges else "auto-generated",
        "X-Auto-Response-Suppress": "All",
        LOOP_HEADER: " ".join(loop_marks),
        "List-Unsubscribe": letter.leave_token and _ways_to_leave(letter, letter.leave_token, web_url),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if on_web else None,
        "List-Id": letter.list_id and _list_id(letter.list_id),
    }
    lines = [line for name, value in headers.items() if value for line in _folded(name, value)]
    head = "\r\n".join([*lines, ""]).encode("ascii" if letter.recipient.isascii() else "utf-8")
    return head + (_with_files(letter, files) if files else _PLAIN + _quoted_printable(letter.text))


def _folded(name: str, value: str) -> list[str]:
    """A header in lines, broken at its spaces.

    Python's email package reads every value before it writes it. It cannot read all that people call themselves, it
    takes a name that looks encoded for one that is, and of some it writes headers that end before their end.
    """
    first, *others = value.split() or [""]
    lines = [f"{name}: {first}"]
    for word in others:
        if len(lines[-1]) + 1 + len(word) <= _LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(f" {word}")
    return lines


_PLAIN = (
    b'Content-Type: text/plain; charset="utf-8"\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n"
    b"MIME-Version: 1.0\r\n\r\n"
)


def _quoted_printable(text: str) -> bytes:
    return b2a_qp(b"\r\n".join(text.encode().splitlines()) + b"\r\n")


def _with_files(letter: Letter, files: Sequence[LetterFile]) -> bytes:
    """The rest of a letter that carries files, from its Content-Type on."""
    mail = EmailMessage(_POLICY)
    mail.set_content(letter.text, cte="quoted-printable")
    for file in files:
        main, _, sub = file.type.partition("/")
        # What has parts or a charset of its own would be read again; as bytes it arrives as it came.
        kind = ("application", "octet-stream") if main in ("text", "message", "multipart") or not sub else (main, sub)
        mail.add_attachment(file.content, *kind, filename=file.name)
    # Python would draw a new one each time; nobody can have guessed this one either and put it into a file.
    mail.set_boundary(sha256(letter.message_id.encode()).hexdigest())
    return mail.as_bytes()


def _ways_to_leave(letter: Letter, token: str, web_url: str | None) -> str:
    """The address and the page at which the reader leaves the ticket (RFC 2369, 3.2; RFC 8058)."""
    by_mail = f"<mailto:{unsubscribe_address(letter.sender.rpartition('@')[2], token)}>"
    return f"{by_mail}, <{web_url}/unsubscribe/{token}>" if web_url else by_mail


def _list_id(list_id: str) -> str:
    name, _, identifier = list_id.rpartition(" <")
    return f"{phrase(name)} <{identifier}" if name else list_id
