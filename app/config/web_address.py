"""Where the web pages are served, and the address that people use for them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

_ADDRESS = re.compile(
    r"http://(?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]+):(?P<port>\d{1,5})/?|http\+unix://(?P<path>/.+)", re.ASCII
)
_PUBLIC = re.compile(r"(?i)(?P<scheme>https?)://[\w.-]+(?::\d{1,5})?|http://\[[0-9a-f:]+\](?::\d{1,5})?", re.ASCII)


@dataclass(frozen=True)
class WebAddress:
    """One place at which web pages are served: a host and port, or the path of a socket."""

    host: str
    port: int
    path: str = ""

    @property
    def is_local(self) -> bool:
        """Return whether only this machine can connect."""
        return bool(self.path) or is_loopback(self.host)


def parse_web(text: str) -> WebAddress | None:
    """Return the place that a setting names; None if it is empty."""
    if not text:
        return None
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"] or 0) > 65_535:
        raise ValueError("use http://HOST:PORT or http+unix:///PATH, or empty for no web pages")
    return (
        WebAddress("", 0, match["path"]) if match["path"] else WebAddress(match["host"].strip("[]"), int(match["port"]))
    )


def parse_web_url(text: str) -> str | None:
    """Return the address that people use, without a slash at its end; None if it is empty."""
    url = text.rstrip("/")
    if not url:
        return None
    if not _PUBLIC.fullmatch(url) or not (
        url.lower().startswith("https:") or is_loopback(urlsplit(url).hostname or "")
    ):
        raise ValueError("use https://HOST, or http://127.0.0.1:PORT for this machine alone")
    return url


def web_problems(web: WebAddress | None, web_url: str | None) -> Iterator[str]:
    """Say why pages cannot be served so: beyond this machine a session's cookie would travel in the clear."""
    if web is not None and not web.is_local and not (web_url or "").startswith("https://"):
        yield (
            f"TICKETS_WEB listens at {web.host}, beyond this machine: set TICKETS_WEB_URL to the https:// address that "
            "people use, or listen at 127.0.0.1."
        )


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's own."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
