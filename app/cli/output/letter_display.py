"""A letter as its reader sees it, for whoever looks on."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from ...mail.text import one_line, printable

_RULE = "-" * 72


def parsed_letter(raw: bytes) -> EmailMessage:
    """Return a letter of ours as the standard library reads it."""
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def shown_letter(raw: bytes) -> str:
    """Return a letter decoded: the headers that mail readers show, and its text, safe for a terminal."""
    mail = parsed_letter(raw)
    part = mail.get_body(("plain",))
    text = str(part.get_content()) if part is not None else ""
    heads = [f"{name + ':':<9}{one_line(str(mail[name]), 300)}" for name in ("From", "To", "Subject") if mail[name]]
    return "\n".join([_RULE, *heads, "", printable(text.replace("\r\n", "\n")).rstrip(), _RULE])
