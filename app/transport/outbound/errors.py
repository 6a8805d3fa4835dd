"""How a relay says no: to one letter (Refused), or to everything (Unreachable)."""

import re

from ...mail.machines.refusals import Meaning, meaning
from ...mail.text import one_line

_ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s)")

# These codes complain of us or of the server's own state, not of the letter: 421 is "closing" (RFC 5321, 4.2.2), the
# others want a login or TLS that nobody configured (RFC 4954, 4 and 6).
_ABOUT_THE_RELAY = frozenset({421, 530, 534, 535, 538})


class RelayError(Exception):
    """A letter was not taken.

    `text` says why in one clean line; `permanent` is True when the same letter will never be taken. Always one of the
    two below: Refused concerns this letter, Unreachable concerns the relay.
    """

    permanent = False
    meaning: Meaning | None = None
    """What the server's refusal is about; None where no server has refused this letter."""

    def __init__(self, text: str) -> None:
        """Keep the reason, folded into one line without control characters."""
        self.text = one_line(text)
        super().__init__(self.text)


class Refused(RelayError):
    """This letter was refused, others may pass: for good when `permanent` (5xx), else try this letter later (4xx).

    `of_sender` is True when our own address was refused (the reply to MAIL), which says nothing of the reader's.
    """

    def __init__(self, text: str, *, permanent: bool, of_sender: bool = False) -> None:
        """Keep the reason, whether it is final, and whose address it speaks of."""
        super().__init__(text)
        self.permanent = permanent
        self.of_sender = of_sender
        self.meaning = meaning(self.text, of_sender=of_sender)


class Unreachable(RelayError):
    """The relay is away (refused, silent, dropped, 421, TLS, login, disk): pause everything, lose nothing.

    `in_doubt` is True when the connection was lost once the letter's text was under way: the relay may have it. Send
    it again with the same Message-ID; a letter that ends so every time may itself be what the server chokes on.
    """

    def __init__(self, text: str, *, in_doubt: bool = False) -> None:
        """Keep the reason and whether the letter may have arrived."""
        super().__init__(text)
        self.in_doubt = in_doubt


def judged(reply: tuple[int, bytes], about: str = "", *, of_sender: bool = False) -> None:
    """Return when a server's reply to a letter is a yes (2xx), else raise Refused or Unreachable.

    `about` goes before the reply's words. Codes: RFC 5321, 4.2.1; what is no reply at all counts as Unreachable, since
    the dialogue is out of step.
    """
    code, words = reply
    if 200 <= code < 300:
        return
    text = f"{about}{reply_line(code, words)}"
    if code in _ABOUT_THE_RELAY or not 400 <= code < 600:
        raise Unreachable(text)
    raise Refused(text, permanent=code >= 500, of_sender=of_sender)


def reply_line(code: int, words: bytes | str) -> str:
    """Return a reply as one line, "550 5.1.1 no such user": the enhanced code (RFC 2034) once, not on every line."""
    if code < 0:
        return f"unintelligible reply: {one_line(_text(words))}"
    first, *others = _text(words).splitlines() or [""]
    return one_line(" ".join([str(code), first, *(_ENHANCED_CODE.sub("", line, count=1) for line in others)]))


def _text(words: bytes | str) -> str:
    return words if isinstance(words, str) else words.decode("utf-8", "replace")
