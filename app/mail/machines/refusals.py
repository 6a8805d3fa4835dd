"""What a mail server's refusal means: it is about us or the hour, about one letter, or about a mailbox."""

import re
from enum import StrEnum

from ..lazy_pattern import lazy_pattern


class Meaning(StrEnum):
    """What a refusal is about."""

    RELAY = "us or the hour"
    LETTER = "this letter"
    MAILBOX = "this mailbox"
    FULL = "a full mailbox"


# The reply code, then the enhanced status code (RFC 3463), then the server's words, in lower case; blanks are single.
# The first row that matches counts. Codes that name a cause come before words, words before codes that name none.
# Words were taken from Gmail, Microsoft 365, Amazon SES, Postfix, Exim and Sendmail.
_ROWS: tuple[tuple[Meaning, str], ...] = (
    # For now (RFC 5321 4.2.1): greylisting, load, rate limits, a full disk.
    (Meaning.RELAY, r"4\d\d|5\d\d 4\."),
    # A login or TLS is missing (RFC 4954, RFC 3207); the dialogue is out of step.
    (Meaning.RELAY, r"53[0458]|503|5\d\d 5\.5\.1\b"),
    # No such mailbox, domain or syntax; moved; no such recipient (Microsoft); disabled.
    (Meaning.MAILBOX, r"5\d\d 5\.(?:1\.(?:1|2|3|6|10)|2\.1)\b"),
    (Meaning.FULL, r"5\d\d 5\.2\.2\b"),
    # Too large for the server or the mailbox; content that cannot be converted.
    (Meaning.LETTER, r"5\d\d 5\.(?:3\.4|2\.3|6\.\d+)\b"),
    # Our sender address or domain is not believed; the server is full, closed, or wrongly set up.
    (Meaning.RELAY, r"5\d\d 5\.(?:1\.[78]|3\.[1235]|4\.5|2\.0)\b"),
    # Security and policy: our reputation, our rate, our authentication.
    (Meaning.RELAY, r"5\d\d 5\.7\.\d+\b"),
    # What remains has no enhanced code, or one that names no cause. Exim sends none by itself.
    (Meaning.LETTER, r".*\b(?:message|mail|letter) (?:\w+ ){0,2}(?:too (?:large|big|long)|size)|.*\bsize limit"),
    (Meaning.RELAY, r".*\b(?:daily|hourly|sending|submission|sender|outgoing|messages?)\b.{0,40}(?:quota|limit)"),
    (Meaning.FULL, r".*\b(?:mailbox|inbox|account|user|recipient|storage)\b.{0,40}(?:\bfull\b|quota)"),
    (Meaning.FULL, r".*(?:over ?quota|out of storage|storage allocation)|552 (?:5\.0\.0 )?.*quota"),
    (
        Meaning.RELAY,
        r".*(?:quota|limits? (?:exceeded|reached)|exceed\w* .{0,40}limit|\brate\b|throttl|too many)",
    ),
    (Meaning.RELAY, r".*(?:try (?:again )?later|temporar|suspended|out of service|service (?:un|not )available)"),
    (Meaning.RELAY, r".*(?:spam|unsolicited|reputation|black ?list|block ?list|\bblocked\b|\brbl\b|dnsbl|spamhaus)"),
    (Meaning.RELAY, r".*(?:\brelay|authenticat|authoriz|credentials|not verified|access denied|prohibit|polic)"),
    (Meaning.RELAY, r".*(?:\bspf\b|\bdkim\b|\bdmarc\b|reverse dns|\brdns\b|\bptr\b|\bhelo\b|\behlo\b|client host)"),
    (Meaning.RELAY, r".*(?:sender (?:address )?(?:rejected|denied|verif)|invalid (?:mail from|sender)|\bstarttls\b)"),
)
_TABLE = tuple((about, lazy_pattern(pattern)) for about, pattern in _ROWS)
_REPLY = re.compile(r"[45]\d\d(?![\d.])")
_LOOKED_AT = 500


def meaning(reply: str, *, of_sender: bool = False) -> Meaning | None:
    """Return what a server's reply to a letter is about, None for what is no refusal of a server.

    `reply` is one line, "550 5.1.1 no such user". `of_sender`: it answered our MAIL, so it speaks of no reader.
    """
    if not _REPLY.match(reply):
        return None
    line = re.sub(r"[\s#-]+", " ", reply[:_LOOKED_AT].lower())
    meaning = next((about for about, pattern in _TABLE if pattern.match(line)), None)
    if of_sender:
        return meaning if meaning is Meaning.LETTER else Meaning.RELAY
    return meaning or Meaning.LETTER


def names_no_mailbox(code: str) -> bool:
    """Return whether an enhanced status code says that an address takes no mail, whatever the letter."""
    return meaning(f"550 {code}") is Meaning.MAILBOX
