"""How `tickets deliver` hands a mail to the running server: by a socket beside the database, for our own account.

It loads next to nothing: a mail server starts it for each mail.
"""

import json
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

# What mail servers tell a pipe: Postfix's local(8), Exim's pipe transport, qmail-command(8).
PIPE_VARIABLES = ("ORIGINAL_RECIPIENT", "RECIPIENT", "EXT", "LOCAL", "HOST", "DOMAIN", "LOCAL_PART")
# The server's word that it will take the mail; before it nothing of the mail has left us.
READY = b"ready\n"
STORED = 0
# As sysexits.h has them.
NO_SUCH_ADDRESS, TRY_LATER = 67, 75
# A server that has stopped in the middle of everything answers nothing. One that works says READY at once, and ends a
# mail within its own bounds, which are shorter.
READY_SECONDS = 5.0
MAIL_SECONDS = 180.0
# unix(7): the address of a socket has room for so many bytes and an end.
_LONGEST_ADDRESS = 107


class Place(NamedTuple):
    """Where the server listens for mail that is handed over, and what tells that it has the same settings as we."""

    path: Path
    settings: str


class PipedMail(NamedTuple):
    """A mail as a pipe brings it: its bytes, and of an envelope what is known."""

    raw: bytes
    # None where nobody has said; empty for the null reverse-path.
    envelope_from: str | None
    addresses: tuple[str, ...]
    # Those of PIPE_VARIABLES that are set.
    variables: Mapping[str, str]


class Outcome(NamedTuple):
    """What became of a mail that was handed over: an exit status, and the reason if it was not stored."""

    status: int
    reason: str


class HandoverFailed(Exception):
    """The server may or may not have stored the mail."""


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """Give the address of a socket at this path: of a path that is too long for one, by way of its opened folder."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def hand_over(mail: PipedMail, place: Place) -> Outcome | None:
    """Let the running server store a mail; None if none listens there, or one with other settings: nothing was done.

    HandoverFailed if the server had begun and did not say what became of it.
    """
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.settimeout(READY_SECONDS)
            with socket_address(place.path) as address:
                server.connect(address)
            if _account(server) not in _trusted_accounts(place):
                return None
            server.sendall(_heading(mail, place))
            if _line(server) != READY:
                return None
        except (OSError, ValueError):
            return None
        try:
            server.settimeout(MAIL_SECONDS)
            server.sendall(mail.raw)
            status, _, reason = _line(server).decode("utf-8").rstrip("\n").partition(" ")
            return Outcome(int(status), reason)
        except (OSError, ValueError) as error:
            raise HandoverFailed("The running server didn't say whether it stored the email.") from error


def _account(server: socket.socket) -> int:
    """Return whose program listens: the number of its account, from the struct ucred of unix(7)."""
    credentials = struct.Struct("3i")
    _, account, _ = credentials.unpack(server.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size))
    return int(account)


def _trusted_accounts(place: Place) -> set[int]:
    """Return who may be handed mail. Where all may write in the folder, a stranger's program may lie in wait there."""
    return {os.geteuid(), place.path.parent.stat().st_uid}


def _heading(mail: PipedMail, place: Place) -> bytes:
    heading = {
        "settings": place.settings,
        "bytes": len(mail.raw),
        "from": mail.envelope_from,
        "to": mail.addresses,
        "variables": mail.variables,
    }
    # Plain ASCII: an argument that is no UTF-8 is escaped as well.
    return json.dumps(heading).encode("ascii") + b"\n"


def _line(server: socket.socket) -> bytes:
    """Return the server's next line; it says no more before we do."""
    line = b""
    while not line.endswith(b"\n"):
        block = server.recv(4096)
        if not block:
            raise ConnectionResetError("it has hung up")
        line += block
    return line
