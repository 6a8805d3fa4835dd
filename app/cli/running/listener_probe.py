"""How an address to listen at is looked at: free, ours, or somebody else's."""

import errno
import os
import re
import socket
from contextlib import suppress
from pathlib import Path

from ...config.parsing import Listen

SECONDS = 3.0

_ADVICE = {
    errno.EADDRINUSE: "something else has it: stop that, or choose another port",
    errno.EACCES: "this needs more rights: choose a port over 1023, or start as root",
    errno.EADDRNOTAVAIL: "this machine has no such address: choose one of its own",
}


def listener_state(place: Listen) -> tuple[bool | None, str]:
    """Whether an address is free to listen at (True), or a mail server answers there (False), in words as well.

    None if neither holds: then `serve` could not listen there.
    """
    name = f"{place.scheme}://{place.path or (f'[{place.host}]' if ':' in place.host else place.host)}"
    name = name if place.path else f"{name}:{place.port}"
    greeting = _greeting(place)
    if greeting is None:
        return _free(place, name)
    if greeting.startswith("220"):
        return False, f"{name} answers {greeting!r}"
    if re.match("[45][0-9][0-9][ -]", greeting):
        return None, f"{name} answers {greeting!r}: a mail server is there, and takes nobody in."
    return None, f"{name} is taken by something that is no mail server: stop that, or correct TICKETS_LISTEN."


def _greeting(place: Listen) -> str | None:
    """The first line of who answers there, empty if they keep silent; None if nobody answers."""
    try:
        connection = _connected(place)
    except OSError:
        return None
    with connection, suppress(OSError):
        return connection.recv(500).decode("ascii", "replace").partition("\r\n")[0]
    return ""


def _connected(place: Listen) -> socket.socket:
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
        why = _ADVICE.get(error.errno or 0, (error.strerror or str(error)).lower())
        return None, f"{name} cannot be had: {why} (TICKETS_LISTEN)."
    return True, f"{name} is free; nobody receives mail there until `tickets serve` runs"


def _bind(place: Listen) -> None:
    """Take every address that the name stands for, as the server would, and let go of it."""
    for family, _, _, _, address in socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM):
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            trial.bind(address)


def _check_folder(path: Path) -> None:
    """Whether a socket can be made at this path; the folder itself is made by the server."""
    if path.exists() and not path.is_socket():
        raise OSError(errno.EADDRINUSE, "a file is there already")
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError(0, f"{folder} cannot be written")
