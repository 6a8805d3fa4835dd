"""Where letters go: a Maildir or a mail server."""

import re
import ssl
from collections.abc import Iterable
from ipaddress import IPv6Address
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from .envelope import Mail
from .errors import Refused, RelayError, Unreachable
from .maildir_relay import MaildirRelay
from .smtp_connect import ServerAddress
from .smtp_relay import SmtpRelay

__all__ = ["Refused", "Relay", "RelayError", "Unreachable", "relay_from_url"]

_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587, "lmtp": 24}
_FORMS = (
    "maildir:PATH, smtp://[USER:PASSWORD@]HOST[:PORT], smtps://…, smtp+starttls://…, lmtp://HOST[:PORT] or "
    "lmtp+unix:///PATH"
)
_PLACE = re.compile(
    r"""//(?: (?P<user>[^:@/?#\s]+) : (?P<password>[^@/?#\s]+) @ )?
        (?: \[ (?P<ipv6>[0-9A-Fa-f:.]+) \] | (?P<host>[\w.-]+) )
        (?: : (?P<port>[0-9]{1,5}) )? /?""",
    re.VERBOSE,
)


class Relay(Protocol):
    """Where letters go: what Salmon calls `settings.relay`, with more promises."""

    def deliver(self, message: Mail, To: str | Iterable[str] | None = None, From: str | None = None) -> None:  # noqa: N803 - Salmon's names
        """Hand over one letter; on return the relay has it for every recipient, and it is no longer our duty.

        `To` is an address, several with commas, or a list; `From` the envelope's sender, "" or "<>" for none; without
        them the mail's own To and From count. Raises Refused (this letter) or Unreachable (everything).
        """

    def check(self) -> None:
        """Try everything short of a letter; raises RelayError in words."""

    def close(self) -> None:
        """Let go of the connection; a later letter opens it again."""


def relay_from_url(
    url: str, *, timeout: float = 30.0, root: Path, helo: str | None = None, ssl_context: ssl.SSLContext | None = None
) -> Relay:
    """Return the relay a URL names.

    `timeout`: seconds for a reply. `root`: where relative Maildir paths start. `helo`: our name, else this machine's.
    `ssl_context`: how to verify certificates, else as the system does. Raises ValueError, in one line that never
    contains the password, naming what was wrong and what would be right.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "maildir":
        return MaildirRelay(root / _path(rest))
    server = _unix_server(rest) if scheme == "lmtp+unix" else _server(scheme, rest)
    return SmtpRelay(server, timeout=timeout, helo=helo, ssl_context=ssl_context)


def _path(rest: str) -> str:
    if not rest.strip() or "\0" in rest or re.match(r"//[^/]", rest):
        raise _wrong("the path", "maildir:run/letters or maildir:/var/spool/letters")
    return rest


def _unix_server(rest: str) -> ServerAddress:
    if not re.fullmatch(r"///[^/\0].*", rest):
        raise _wrong("the path of the socket", "lmtp+unix:///run/dovecot/lmtp")
    return ServerAddress("lmtp+unix", rest[2:])


def _server(scheme: str, rest: str) -> ServerAddress:
    if scheme not in _PORTS:
        raise _wrong("the part before the colon", _FORMS)
    place = _PLACE.fullmatch(rest)
    if place is None:
        raise _wrong("what follows the scheme", f"{scheme}://HOST[:PORT] {_login_form(scheme)}")
    port = int(place["port"] or _PORTS[scheme])
    if not 0 < port < 65536:
        raise _wrong("the port", "a number from 1 to 65535")
    return ServerAddress(scheme, _host(place), port, *_login(scheme, place))


def _host(place: re.Match[str]) -> str:
    try:
        if place["ipv6"]:
            return str(IPv6Address(place["ipv6"]))
        return place["host"].encode("idna").decode("ascii")
    except ValueError:
        raise _wrong("the host", "a name such as mail.example.org, 192.0.2.1 or [2001:db8::1]") from None


def _login(scheme: str, place: re.Match[str]) -> tuple[str, str]:
    if place["user"] is None:
        return "", ""
    user, password = unquote(place["user"]), unquote(place["password"])
    # smtplib sends logins in ASCII alone.
    if scheme == "lmtp" or not (user + password).isascii() or not (user + password).isprintable():
        raise _wrong("the login", _login_form(scheme))
    return user, password


def _login_form(scheme: str) -> str:
    if scheme == "lmtp":
        return "without a login"
    return (
        "with USER:PASSWORD@ before the host if needed, in ASCII, where @ : / ? # % are written %40 %3A %2F %3F %23 %25"
    )


def _wrong(part: str, right: str) -> ValueError:
    # Not the URL itself: there may be a password anywhere in it.
    return ValueError(f"{part} of the relay is wrong: write {right}")
