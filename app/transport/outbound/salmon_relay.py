"""The relay of a Salmon project, any object with Salmon's `deliver`, as the courier knows relays."""

import smtplib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

from .envelope import Mail, envelope_of, letter_bytes
from .errors import Refused, Unreachable, judged


class SalmonRelay:
    """Hands letters to the project's relay, one recipient at a time, and translates how it says no."""

    def __init__(self, relay: Any) -> None:
        self._relay = relay

    def __str__(self) -> str:
        return f"the project's relay {self._relay!r}"

    def deliver(self, message: Mail, To: str | Iterable[str] | None = None, From: str | None = None) -> None:  # noqa: N803 - Salmon's names
        """Hand over one letter, as Relay.deliver promises."""
        envelope = envelope_of(message, To, From)
        # Salmon writes the mail anew with str(), and sends that in ASCII alone.
        letter = letter_bytes(message, seven_bits=True).replace(b"\r\n", b"\n")
        mail = message_from_bytes(letter, policy=policy.compat32)
        for recipient in envelope.recipients:
            with _refusals_in_words():
                self._relay.deliver(mail, To=recipient, From=envelope.sender or "<>")

    def check(self) -> None:
        """Do nothing: a relay of Salmon's can only be tried with a letter."""

    def close(self) -> None:
        """Nothing: Salmon's relays keep no connection."""


@contextmanager
def _refusals_in_words() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        for reply in error.recipients.values():
            judged(reply)
        raise Unreachable("the relay refused a recipient and said no reason") from error
    except smtplib.SMTPResponseException as error:
        words = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
        if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
            judged((error.smtp_code, words), of_sender=isinstance(error, smtplib.SMTPSenderRefused))
        raise Unreachable(f"the relay answered {error.smtp_code} {words.decode(errors='replace')}") from error
    except UnicodeError as error:
        raise Refused("Salmon's relay takes addresses in ASCII alone", permanent=True) from error
    # Salmon says goodbye in the same call: the letter may have been taken before the connection was lost.
    except smtplib.SMTPServerDisconnected as error:
        raise Unreachable(f"the relay hung up: {error}", in_doubt=True) from error
    except OSError as error:
        raise Unreachable(f"the relay cannot be reached: {error}") from error
