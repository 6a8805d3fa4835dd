"""How a mail server is reached: the connection, its greeting, TLS and login."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .errors import Unreachable, reply_line


@dataclass(frozen=True)
class ServerAddress:
    """Where and how to connect: scheme as in the URL, host ("/path" for `lmtp+unix`), port, login ("" for none)."""

    scheme: str
    host: str
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_lmtp(self) -> bool:
        """Whether LMTP (RFC 2033) is spoken: one reply a recipient after the letter."""
        return self.scheme.startswith("lmtp")

    def __str__(self) -> str:
        """Return the URL without the password."""
        login = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host and self.port else self.host
        return f"{self.scheme}://{login}{host}" + (f":{self.port}" if self.port else "")


class SmtpConnector:
    """Opens connections to one server, ready for the first letter."""

    def __init__(
        self, server: ServerAddress, timeout: float, helo: str | None, ssl_context: ssl.SSLContext | None
    ) -> None:
        """Take the server, seconds for each reply, our name for EHLO (None: this machine's), and how to verify TLS."""
        self._server = server
        self._timeout = timeout
        self._helo = helo
        self._ssl_context = ssl_context

    def dial(self) -> smtplib.SMTP:
        """Return a connection that is greeted, encrypted and logged in as the URL says; raises Unreachable."""
        with loss_in_words(self._server, self._timeout):
            smtp = self._open()
            try:
                self._introduce(smtp)
            except BaseException:
                smtp.close()
                raise
        # Looked up once, as the resolver may be slow.
        self._helo = smtp.local_hostname
        return smtp

    def _open(self) -> smtplib.SMTP:
        server = self._server
        if server.scheme == "smtps":
            context = self._tls()
            return smtplib.SMTP_SSL(server.host, server.port, self._helo, timeout=self._timeout, context=context)
        kind = smtplib.LMTP if server.is_lmtp else smtplib.SMTP
        return kind(server.host, server.port, self._helo, timeout=self._timeout)

    def _introduce(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        if self._server.scheme == "smtp+starttls":
            smtp.starttls(context=self._tls())
            smtp.ehlo_or_helo_if_needed()
        if self._server.user:
            smtp.login(self._server.user, self._server.password)

    def _tls(self) -> ssl.SSLContext:
        # Made once, as it reads every authority the system trusts.
        self._ssl_context = self._ssl_context or ssl.create_default_context()
        return self._ssl_context


@contextmanager
def loss_in_words(server: ServerAddress, timeout: float, *, in_doubt: bool = False) -> Iterator[None]:
    """Turn what sockets, TLS and smtplib raise into Unreachable, naming the server and the cause.

    `timeout` is the one that was waited, in seconds; `in_doubt` says that the letter may have arrived.
    """
    try:
        yield
    # smtplib's own exceptions are OSErrors too.
    except OSError as error:
        raise Unreachable(f"{server}: {_cause_in_words(error, timeout)}", in_doubt=in_doubt) from error


def _cause_in_words(error: OSError, timeout: float) -> str:
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, OSError):
        error = error.__context__
    match error:
        case smtplib.SMTPResponseException():
            return reply_line(error.smtp_code, error.smtp_error)
        case TimeoutError():
            return f"no answer within {timeout:g} seconds"
        case ssl.SSLCertVerificationError():
            return f"certificate: {error.verify_message}"
        case _:
            return error.strerror or str(error)
