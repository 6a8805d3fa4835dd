"""The server's end of the socket by which `tickets deliver` hands over mail."""

import asyncio
import json
import logging
import socket
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeGuard

from .handover import READY, Outcome, PipedMail, Place, socket_address

LOG = logging.getLogger("tickets.receiver")
# Each has a file. Whoever is one too many takes its mail in by itself.
_MOST_AT_ONCE = 50
_HEADING_LIMIT = 262_144
_IDLE_SECONDS = 60.0
_FAREWELL_SECONDS = 60.0


class PipedMailSink(Protocol):
    """Where the mail goes, and how much of it there may be in memory."""

    max_bytes: int
    in_hand: int
    max_in_hand: int

    async def take_piped(self, mail: PipedMail) -> Outcome:
        """Store a mail, and say what became of it."""


class HandoverServer:
    """Takes mail from `tickets deliver`. It says that it is ready only where it will take the mail whole."""

    def __init__(self, place: Place, sink: PipedMailSink) -> None:
        self._place = place
        self._sink = sink
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, for this account alone; where that cannot be, `deliver` takes mail in by itself."""
        path = self._place.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if _somebody_listens(path):
                LOG.warning("mail from pipes goes to another server, at %s", path)
                return
            self._server = await asyncio.start_unix_server(self._converse, sock=_bound(path), limit=_HEADING_LIMIT)
        except OSError as error:
            LOG.warning("no mail from pipes is handed to this server: %s: %s", path, error.strerror or error)

    async def stop(self) -> None:
        """Take no more, and answer every mail in hand."""
        if self._server is None:
            return
        self._server.close()
        self._place.path.unlink(missing_ok=True)
        if self._open:
            await asyncio.wait(self._open, timeout=_FAREWELL_SECONDS)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            # Whoever hangs up or stalls before its mail is here whole tries again: nothing was stored. Nor was it for a
            # heading that is none.
            with suppress(OSError, ValueError, TypeError, KeyError, EOFError, TimeoutError, RecursionError):
                await self._one_mail(reader, writer)
        finally:
            writer.close()
            self._open.discard(task)

    async def _one_mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_IDLE_SECONDS):
            heading = json.loads(await reader.readline())
        size = heading["bytes"]
        if heading["settings"] != self._place.settings or not self._has_room(size):
            return
        self._sink.in_hand += size
        try:
            writer.write(READY)
            async with asyncio.timeout(_IDLE_SECONDS):
                raw = await reader.readexactly(size)
            mail = PipedMail(raw, heading["from"], tuple(heading["to"]), dict(heading["variables"]))
            outcome = await self._sink.take_piped(mail)
        finally:
            self._sink.in_hand -= size
        writer.write(f"{outcome.status} {' '.join(outcome.reason.split())}\n".encode())
        await writer.drain()

    def _has_room(self, size: object) -> TypeGuard[int]:
        if not isinstance(size, int) or not 0 <= size <= self._sink.max_bytes:
            return False
        return self._sink.in_hand + size <= self._sink.max_in_hand and len(self._open) <= _MOST_AT_ONCE


def _somebody_listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as other, suppress(OSError), socket_address(path) as address:
        other.connect(address)
        return True
    return False


def _bound(path: Path) -> socket.socket:
    """Return a socket at a path. Until it listens nobody can connect, and then only this account."""
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    try:
        with socket_address(path) as address:
            bound.bind(address)
        path.chmod(0o600)
    except OSError:
        bound.close()
        raise
    return bound
