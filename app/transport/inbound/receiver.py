"""The receiver, which Salmon starts as `settings.receiver`: SMTP and LMTP until it is told to stop."""

import asyncio
import errno
import logging
import resource
import signal
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple, Protocol, TypeVar

from ...model.inbound.inbound_mail import InboundMail
from .. import mail_log
from . import handover
from .c_heap import keep_heap_small
from .handover import Outcome, PipedMail, Place
from .handover_server import HandoverServer
from .intake import MailIntake, said_of
from .pid_file import leave_to_salmon_stop
from .piped_mail import NoSuchAddress, take_in
from .smtp_replies import STORED, TRY_LATER, NoRoom, for_fault, no_such_address
from .smtp_session import DIALOGUES, Dialogue, SubmittedMail, TooManyConnections

LOG = logging.getLogger("tickets.receiver")
IDLE_SECONDS = 300.0
FAREWELL_SECONDS = 60.0
# Also how many asyncio accepts at once, each with a file, before anything else is done.
BACKLOG = 100
MAX_CONNECTIONS = 500
# Files that are open for other things: the database, the relay, letters, the program itself.
OTHER_FILES = 64
# So many times the largest mail may be in memory, of all connections together.
MAILS_IN_HAND = 8
# So long a mail waits for a worker that begins with it, and so long its recipients are begun with, one after the other:
# together with the database's own bounds, less than any mail server waits for us.
TURN_SECONDS = 60.0
RECIPIENTS_SECONDS = 60.0
_T = TypeVar("_T")


class Listener(NamedTuple):
    """Where mail is taken: `scheme` smtp, lmtp or lmtp+unix; a host and port, or the path of a socket."""

    scheme: str
    host: str
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{self.path or f'{host}:{self.port}'}"


class BackgroundService(Protocol):
    """Something that works as long as mail is received: the courier."""

    def start(self) -> None:
        """Begin, in a thread of its own."""

    def stop(self) -> None:
        """Finish what is in hand, and end."""


class WebPages(BackgroundService, Protocol):
    """The web pages: `url` is where they are served, and `most_files` how many files their connections need."""

    url: str
    most_files: int


class Receiver:
    """Receives mail in the main thread until SIGTERM, SIGINT or SIGHUP (`salmon stop` sends the last).

    A SIGHUP that whoever started us has ignored, as nohup does, ends nothing.
    """

    def __init__(
        self,
        intake: MailIntake,
        listeners: Sequence[Listener],
        *,
        max_bytes: int,
        workers: int,
        services: Sequence[BackgroundService] = (),
        timed: Callable[[float], None] = lambda _: None,
        started: Callable[[Sequence[Listener]], None] = lambda _: None,
        web: WebPages | None = None,
        handover_place: Place | None = None,
        shares_port: bool = False,
    ) -> None:
        self.intake = intake
        self.listeners = list(listeners)
        self.max_bytes = max_bytes
        self.domain = intake.database.domain
        self.idle_seconds = IDLE_SECONDS
        self.web = web
        self.max_connections = most_connections(web.most_files if web else 0)
        self.max_in_hand = MAILS_IN_HAND * max_bytes
        self.in_hand = 0
        self.dialogues: set[Dialogue] = set()
        self.started = started
        self._shares_port = shares_port
        self._services = services
        # Where `tickets deliver` finds us.
        self._handover = HandoverServer(handover_place, self) if handover_place else None
        # Told how many seconds each mail took.
        self._timed = timed
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="mail")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None

    def start(self) -> None:
        """Receive until told to stop; then finish the mail in hand, and return.

        It blocks: Salmon ends its process when this returns. Raises OSError where a listener cannot be had.
        """
        keep_heap_small()
        # Its warnings have the words that a confused client sends for commands: they may be those of a mail.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        asyncio.run(self._serve())

    def stop(self) -> None:
        """Tell a receiver that runs in another thread to stop; it may take until its mails in hand are answered."""
        if self._loop is not None and self._ending is not None:
            # It may have ended by itself just now.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._ending.set)

    async def take(self, submitted: SubmittedMail, *, each: bool) -> list[str]:
        """Store a mail, in a thread; one reply, or one for each recipient."""
        began = monotonic()
        replies = await self._in_a_thread(lambda: self._take(submitted, each))
        self._timed(monotonic() - began)
        if replies is not None:
            return replies
        fields = {"from": submitted.envelope_from, "bytes": len(submitted.raw)}
        return [self._refused(TRY_LATER, group, fields) for group in _groups(submitted, each)]

    async def take_piped(self, mail: PipedMail) -> Outcome:
        """Store a mail that `tickets deliver` hands over, in a thread; what it then tells its mail server."""
        began = monotonic()
        outcome = await self._in_a_thread(lambda: self._take_piped(mail))
        self._timed(monotonic() - began)
        return outcome or Outcome(handover.TRY_LATER, self._refused(TRY_LATER, mail.addresses, _said_of_piped(mail)))

    async def refuses(self, address: str) -> str | None:
        """The reply to a recipient that is not taken; None if it is."""
        if not self.intake.may_refuse(address):
            return None
        replies = await self._in_a_thread(lambda: (self._refuses(address),))
        return TRY_LATER if replies is None else replies[0]

    async def _in_a_thread(self, work: Callable[[], _T]) -> _T | None:
        """What a worker gives back; None if none was free for so long that the work was not even begun."""
        future = self._workers.submit(work)
        waiting = asyncio.wrap_future(future)
        # A client that leaves does not interrupt the work: its mail may be committed already.
        done, _ = await asyncio.wait([waiting], timeout=TURN_SECONDS)
        if not done and future.cancel():
            return None
        return await asyncio.shield(waiting)

    def _take(self, submitted: SubmittedMail, each: bool) -> list[str]:
        groups = _groups(submitted, each)
        try:
            with self.intake.write_lock():
                inbound_mail = self.intake.read(submitted.raw, submitted.envelope_from, submitted.recipients)
                until = monotonic() + RECIPIENTS_SECONDS
                replies = []
                for group in groups:
                    reply, inbound_mail = self._store(inbound_mail, group, until)
                    replies.append(reply)
                return replies
        except BaseException as error:
            LOG.exception("a mail of %d bytes could not be read", len(submitted.raw))
            fields = {"from": submitted.envelope_from, "bytes": len(submitted.raw)}
            return [self._refused(for_fault(error), group, fields) for group in groups]

    def _take_piped(self, mail: PipedMail) -> Outcome:
        try:
            with self.intake.write_lock():
                take_in(self.intake, mail)
        except NoSuchAddress as error:
            self._refused(no_such_address(error.why), [error.address], _said_of_piped(mail))
            return Outcome(handover.NO_SUCH_ADDRESS, str(error))
        except BaseException as error:
            if not isinstance(error, NoRoom):
                LOG.exception("a mail of %d bytes from a pipe could not be stored", len(mail.raw))
            reply = self._refused(for_fault(error), mail.addresses, _said_of_piped(mail))
            return Outcome(handover.TRY_LATER, reply)
        return Outcome(handover.STORED, "")

    def _store(self, inbound_mail: InboundMail, recipients: list[str], until: float) -> tuple[str, InboundMail]:
        """The reply for these recipients, and the mail as it goes on to the others."""
        if monotonic() > until:
            # The database hangs, and would let every recipient wait: their server is to try again.
            return self._refused(TRY_LATER, recipients, said_of(inbound_mail)), inbound_mail
        try:
            return STORED, self.intake.store(inbound_mail, recipients)
        except BaseException as error:
            if not isinstance(error, NoRoom):
                LOG.exception("a mail of %d bytes could not be stored", len(inbound_mail.raw))
            return self._refused(for_fault(error), recipients, said_of(inbound_mail)), inbound_mail

    def _refused(self, reply: str, recipients: Sequence[str], fields: Mapping[str, object]) -> str:
        """The reply, once the log has it."""
        for recipient in recipients:
            mail_log.refused(reply, recipient, fields)
        return reply

    def _refuses(self, address: str) -> str | None:
        try:
            why = self.intake.refuses(address)
        except BaseException as error:
            LOG.exception("a recipient could not be looked up")
            return for_fault(error)
        return no_such_address(why) if why else None

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        self._heed_signals(self._loop, self._ending)
        servers = await self._listen_everywhere()
        self.listeners = [_bound(*pair) for pair in zip(self.listeners, servers, strict=True)]
        try:
            if self._handover is not None:
                await self._handover.start()
            for service in self._services:
                service.start()
            self.started(self.listeners)
            await self._ending.wait()
        finally:
            await self._end(servers)

    async def _end(self, servers: Sequence[asyncio.Server]) -> None:
        """Take no more connections, answer every mail in hand, and let the companions finish."""
        for server in servers:
            server.close()
        if self._handover is not None:
            await self._handover.stop()
        await self._say_farewell()
        for service in self._services:
            await asyncio.to_thread(service.stop)
        self._workers.shutdown()
        for listener in self.listeners:
            if listener.path:
                Path(listener.path).unlink(missing_ok=True)

    def _heed_signals(self, loop: asyncio.AbstractEventLoop, ending: asyncio.Event) -> None:
        """End at the first signal, and log which one it was. A SIGHUP that is ignored at the start stays ignored."""
        if threading.current_thread() is not threading.main_thread():
            return

        def end(number: signal.Signals) -> None:
            LOG.info("%s: finishing the mail in hand, then the end", number.name)
            if number is signal.SIGHUP:
                leave_to_salmon_stop()
            ending.set()

        hangup = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
        for number in (signal.SIGTERM, signal.SIGINT, *hangup):
            loop.add_signal_handler(number, end, number)

    async def _listen_everywhere(self) -> list[asyncio.Server]:
        """A server for every listener, or none."""
        servers: list[asyncio.Server] = []
        try:
            for listener in self.listeners:
                servers.append(await self._listen(listener))  # noqa: PERF401 - those before a failure must be closed
        except BaseException:
            for server in servers:
                server.close()
            raise
        return servers

    async def _listen(self, listener: Listener) -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def dialogue() -> asyncio.Protocol:
            if len(self.dialogues) >= self.max_connections:
                return TooManyConnections()
            made = DIALOGUES[listener.scheme](self)
            # Counted at once: many are accepted before the first of them is told that it is connected.
            self.dialogues.add(made)
            return made

        if listener.path:
            _make_way(Path(listener.path))
            server = await loop.create_unix_server(dialogue, listener.path, backlog=BACKLOG)
            # The mail server in front is in the socket's group; others could write what it alone may say.
            Path(listener.path).chmod(0o660)
            return server
        return await loop.create_server(
            dialogue, listener.host, listener.port, backlog=BACKLOG, reuse_port=self._shares_port or None
        )

    async def _say_farewell(self) -> None:
        """Let every mail in hand be answered; whoever stalls in the middle of one is left after a minute."""
        for dialogue in list(self.dialogues):
            dialogue.leave()
        loop = asyncio.get_running_loop()
        end = loop.time() + FAREWELL_SECONDS
        while self.dialogues and loop.time() < end:
            await asyncio.sleep(0.02)


def most_connections(other_files: int = 0) -> int:
    """How many connections are taken at once: 500, or fewer where the process may not open so many files.

    `other_files`: so many are left to the web pages.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if files < 0 else max(1, min(MAX_CONNECTIONS, files - OTHER_FILES - other_files))


def _groups(submitted: SubmittedMail, each: bool) -> list[list[str]]:
    """The recipients that share a reply: each its own, or all of them one."""
    return [[recipient] for recipient in submitted.recipients] if each else [list(submitted.recipients)]


def _said_of_piped(mail: PipedMail) -> dict[str, object]:
    """What the log says of a mail from a pipe that was not stored."""
    return {"from": mail.envelope_from, "bytes": len(mail.raw)}


def _make_way(path: Path) -> None:
    """Make a socket's directory; OSError if another program listens there, as asyncio would take its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as other:
        try:
            other.connect(str(path))
        except OSError:
            return
    raise OSError(errno.EADDRINUSE, f"another program listens at {path}")


def _bound(listener: Listener, server: asyncio.Server) -> Listener:
    """A listener with the port that it really has, where any would do."""
    return listener if listener.path else listener._replace(port=server.sockets[0].getsockname()[1])
