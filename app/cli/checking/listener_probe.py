"""A probe of an address to listen on: is it free, does our server answer, or another program?"""

import errno
import os
import re
import socket
from contextlib import suppress
from pathlib import Path

from ...config.parsing import Listen
from ...config.web_address import WebAddress

SECONDS = 3.0
_ASKED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_LONGEST = 10_000

ADVICE = {
    errno.EADDRINUSE: "another program uses it (another tickets serve?). Stop that program, or change TICKETS_LISTEN",
    errno.EACCES: "ports below 1024 need root. Choose a higher port in TICKETS_LISTEN, or start as root",
    errno.EADDRNOTAVAIL: "this machine doesn't have that address. Change TICKETS_LISTEN",
}


def listener_state(place: Listen) -> tuple[bool | None, str]:
    """Return True if the address is free, False if a mail server answers there, None if `serve` can't listen there.

    The second value says it in words.
    """
    name = place_name(place)
    greeting = _greeting(place)
    if greeting is None:
        return _free(place, name)
    if greeting.startswith("220"):
        return False, f"listening on {name} ({greeting!r})"
    if re.match("[45][0-9][0-9][ -]", greeting):
        return None, f"the mail server on {name} takes no connections: {greeting!r}."
    return None, f"another program, not a mail server, uses {name}. Stop it, or change TICKETS_LISTEN."


def place_name(place: Listen) -> str:
    """Return a place as TICKETS_LISTEN names it."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{place.scheme}://{place.path or f'{host}:{place.port}'}"


def running_program(place: Listen) -> str | None:
    """Return which program of ours answers there; None where another one does, or nobody."""
    greeting = re.match(r"220 \S+ (tickets \S+)", _greeting(place) or "")
    return greeting[1] if greeting is not None else None


def _greeting(place: Listen) -> str | None:
    """Return the first line of the server there: empty if it says nothing, None if no server answers."""
    try:
        connection = _connected(place)
    except OSError:
        return None
    with connection, suppress(OSError):
        return connection.recv(500).decode("ascii", "replace").partition("\r\n")[0]
    return ""


def web_state(place: WebAddress) -> str | None:
    """Return what web pages say of themselves, `ok` or `unavailable`; None if nobody answers."""
    answer = b""
    try:
        with _connected(place) as connection, suppress(TimeoutError):
            connection.sendall(_ASKED)
            while len(answer) < _LONGEST and (more := connection.recv(_LONGEST)):
                answer += more
    except OSError:
        return None
    return answer.partition(b"\r\n\r\n")[2].decode("ascii", "replace").strip()


def _connected(place: Listen | WebAddress) -> socket.socket:
    if not place.path:
        return socket.create_connection((place.host, place.port), timeout=SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(SECONDS)
    try:
        connection.connect(place.path)
    except OSError:
        connection.close()
        raise
    return connection


def _free(place: Listen, name: str) -> tuple[bool | None, str]:
    try:
        if place.path:
            _check_folder(Path(place.path))
        else:
            _bind(place)
    except OSError as error:
        why = ADVICE.get(error.errno or 0, f"{(error.strerror or str(error)).lower()}. Change TICKETS_LISTEN")
        return None, f"can't listen on {name}: {why}."
    return True, f"nothing listens on {name}."


def _bind(place: Listen) -> None:
    """Bind every address that the name stands for, as the server would, and release it."""
    for family, _, _, _, address in socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM):
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            trial.bind(address)


def _check_folder(path: Path) -> None:
    """Raise OSError unless the server could make a socket at this path; the server makes the folder itself."""
    if path.exists() and not path.is_socket():
        raise OSError(errno.EADDRINUSE, "a file is there already")
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError(0, f"{folder} cannot be written")
