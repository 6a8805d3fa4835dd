"""The relay that speaks SMTP or LMTP, over one kept connection."""

import smtplib
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from socket import SHUT_RDWR

from .envelope import Envelope, Mail, envelope_of, letter_bytes
from .errors import Refused, Unreachable, judged, reply_line
from .smtp_connect import ServerAddress, SmtpConnector, loss_in_words

# Servers hang up on the idle, some without a word, so a connection unused this long is not trusted again. Seconds.
_TRUSTED_IDLE = 30.0
# A server that has the whole letter may filter it before it replies (Postfix gives a filter 100 seconds), and giving
# up early sends everybody the letter again and again (RFC 5321, 4.5.3.2.6). So many time-outs are waited then.
_PATIENCE = 4
# Nothing is at stake in a goodbye. Seconds.
_GOODBYE = 2.0


class SmtpRelay:
    """A relay (see `relays.Relay`) over one connection, kept between letters; threads take turns."""

    def __init__(
        self,
        server: ServerAddress,
        *,
        timeout: float,
        helo: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Take the server, the seconds to wait for any reply, our name for EHLO and how to verify TLS.

        Without a name it is this machine's; without a context, certificates are verified as the system does.
        """
        self._server = server
        self._timeout = timeout
        self._dialler = SmtpConnector(server, timeout, helo, ssl_context)
        self._lock = threading.Lock()
        self._smtp: smtplib.SMTP | None = None
        self._last_used = 0.0
        # What the server said when it took the newest letter.
        self.answer = ""

    def __str__(self) -> str:
        """Return the relay as its URL, without the password."""
        return str(self._server)

    def deliver(self, message: Mail, To: str | Iterable[str] | None = None, From: str | None = None) -> None:  # noqa: N803 - Salmon's names
        """Hand one letter to the server; on return it took it for every recipient.

        Over SMTP a refused recipient stops the letter for all, so that a retry repeats it to nobody. Raises Refused or
        Unreachable.
        """
        envelope = envelope_of(message, To, From)
        with self._lock, self._connection_kept_in_step():
            self._transaction(message, envelope)

    def check(self) -> None:
        """Connect anew, with TLS and login where the URL has them, and ask for a sign of life; raises Unreachable."""
        with self._lock, self._connection_kept_in_step():
            self._leave()
            smtp = self._connection()
            with self._loss_in_words():
                code, words = smtp.noop()
            if code != 250:
                raise Unreachable(f"{self}: {reply_line(code, words)}")

    def close(self) -> None:
        """Say goodbye; a letter under way in another thread gets one time-out to finish and is then cut off."""
        if not self._lock.acquire(timeout=self._timeout):
            self._cut_off()
            self._lock.acquire()
        try:
            self._leave()
        finally:
            self._lock.release()

    def _transaction(self, message: Mail, envelope: Envelope) -> None:
        if time.monotonic() - self._last_used > _TRUSTED_IDLE:
            self._leave()
        kept = self._smtp is not None
        try:
            letter = self._begin(message, envelope)
        except Unreachable:
            # A kept connection may have died unnoticed; nothing is said yet, so a fresh one can start over.
            if not kept:
                raise
            self._drop()
            letter = self._begin(message, envelope)
        self._name_recipients(envelope)
        self._hand_over(letter, envelope)

    def _begin(self, message: Mail, envelope: Envelope) -> bytes:
        smtp = self._connection()
        foreign = envelope.beyond_ascii
        if foreign and not smtp.has_extn("smtputf8"):
            raise Refused(f"{self} has no SMTPUTF8, which {foreign} needs", permanent=True)
        has_8bitmime = smtp.has_extn("8bitmime")
        letter = letter_bytes(message, seven_bits=not has_8bitmime, utf8=bool(foreign))
        options = [f"SIZE={len(letter)}"] if smtp.has_extn("size") else []
        options += ["BODY=8BITMIME"] if has_8bitmime and not letter.isascii() else []
        options += ["SMTPUTF8"] if foreign else []
        smtp.command_encoding = "utf-8" if foreign else "ascii"
        with self._loss_in_words():
            # Not smtplib's `mail` and `rcpt`: they parse each address anew, which takes as long as all the rest.
            judged(smtp.docmd("mail", " ".join([f"FROM:<{envelope.sender}>", *options])), of_sender=True)
        return letter

    def _name_recipients(self, envelope: Envelope) -> None:
        smtp = self._connection()
        with self._loss_in_words():
            for recipient in envelope.recipients:
                judged(smtp.docmd("rcpt", f"TO:<{recipient}>"), _about(recipient, envelope))

    def _hand_over(self, letter: bytes, envelope: Envelope) -> None:
        # smtplib reads one reply; LMTP sends one a recipient, in their order (RFC 2033, 4.2; CPython gh-76984).
        answered = envelope.recipients if self._server.is_lmtp else envelope.recipients[:1]
        with self._patience() as smtp:
            try:
                replies = [smtp.data(letter), *(smtp.getreply() for _ in answered[1:])]
            except smtplib.SMTPDataError as error:
                judged((error.smtp_code, _as_bytes(error.smtp_error)))
                raise Unreachable(f"{self}: DATA was answered {error.smtp_code}") from error
        for recipient, reply in zip(answered, replies, strict=True):
            judged(reply, _about(recipient, envelope) if self._server.is_lmtp else "")
            self.answer = reply_line(*reply)

    @contextmanager
    def _patience(self) -> Iterator[smtplib.SMTP]:
        smtp = self._connection()
        waited = self._timeout * _PATIENCE
        _set_timeout(smtp, waited)
        with loss_in_words(self._server, waited, in_doubt=True):
            yield smtp
        _set_timeout(smtp, self._timeout)

    def _loss_in_words(self) -> AbstractContextManager[None]:
        return loss_in_words(self._server, self._timeout)

    @contextmanager
    def _connection_kept_in_step(self) -> Iterator[None]:
        # After a refusal the next letter can follow on the same connection; after anything else nobody knows whose turn
        # it is to speak.
        try:
            yield
        except Refused:
            self._reset()
            raise
        except BaseException:
            self._drop()
            raise
        self._last_used = time.monotonic()

    def _connection(self) -> smtplib.SMTP:
        if self._smtp is None:
            self._smtp = self._dialler.dial()
        return self._smtp

    def _reset(self) -> None:
        if self._smtp is None:
            return
        code = 0
        with suppress(OSError):
            _set_timeout(self._smtp, self._timeout)
            code, _ = self._smtp.rset()
        self._last_used = time.monotonic()
        if code != 250:
            self._drop()

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()

    def _leave(self) -> None:
        if self._smtp is not None:
            # Every letter was answered by now: however the goodbye goes, it changes nothing.
            with suppress(OSError):
                _set_timeout(self._smtp, min(self._timeout, _GOODBYE))
                self._smtp.quit()
            self._drop()

    def _cut_off(self) -> None:
        smtp = self._smtp
        if smtp is not None and smtp.sock is not None:
            with suppress(OSError):
                smtp.sock.shutdown(SHUT_RDWR)


def _set_timeout(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)


def _about(recipient: str, envelope: Envelope) -> str:
    # The words usually follow a code that programs read, so the address comes first only where it tells something.
    return f"{recipient}: " if len(envelope.recipients) > 1 else ""


def _as_bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode()
