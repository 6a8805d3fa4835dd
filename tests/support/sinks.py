"""The mail servers tests send to: they record every letter, and fail when and how a test wants.

    with Sink() as sink:                       # SMTP on a free port of 127.0.0.1
        sink.script["RCPT"] = "550 5.1.1 no such user"
        relay_from_url(sink.url, root=...).deliver(...)
        sink.letters, sink.commands, sink.connections

The steps of a dialogue that `script` knows are CONNECT (the banner), the commands by their verb (EHLO, LHLO, HELO,
STARTTLS, AUTH, MAIL, RCPT, DATA, RSET, NOOP, QUIT), and then
    BODY    the letter's text is coming: only DROP and SILENT make sense, nothing of it is read,
    DOT     the whole letter is here, and not yet kept: refuse it,
    STORED  it is in `letters`: lie about it, keep silent, or drop the connection before the 250.
What to do there is a reply ("451 4.3.0 later"), DROP, SILENT, a list of these and None (each used once, None meaning
the usual), or a function from the client's line to one of these. LMTP asks DOT and STORED once a recipient.
"""

import base64
import contextlib
import io
import os
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

TLS_DIRECTORY = Path(__file__).parent / "tls"
CERTIFICATE = TLS_DIRECTORY / "certificate.pem"
EXTENSIONS = ("SIZE 33554432", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")

DROP = "drop the connection"
SILENT = "say nothing, ever"

Step = str | None
Script = dict[str, Step | list[Step] | Callable[[str], Step]]


class Letter(NamedTuple):
    """What one transaction handed over: the envelope as it was said, the text with CRLF and without dot-stuffing."""

    sender: str
    recipients: list[str]
    content: bytes


class Hangup(Exception):
    """The dialogue is over."""


def client_context() -> ssl.SSLContext:
    """Verifies as any client does, but believes the tests' own certificate."""
    return ssl.create_default_context(cafile=CERTIFICATE)


class Sink:
    """A scripted SMTP or LMTP server in threads; usable again after `stop`, on the same port."""

    def __init__(
        self,
        *,
        lmtp: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        unix: Path | None = None,
        tls: Literal["", "at once", "starttls"] = "",
        login: tuple[str, str] | None = None,
        extensions: tuple[str, ...] = EXTENSIONS,
        script: Script | None = None,
    ) -> None:
        """`login` and STARTTLS, where given, are demanded before MAIL (530)."""
        self.lmtp, self.host, self.port, self.unix = lmtp or unix is not None, host, port, unix
        self.tls, self.login, self.extensions = tls, login, extensions
        self.script: Script = script or {}
        self.letters: list[Letter] = []
        self.commands: list[str] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._live: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None

    def __enter__(self) -> "Sink":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address as `relay_from_url` takes it, login included."""
        if self.unix is not None:
            return f"lmtp+unix://{self.unix}"
        scheme = "lmtp" if self.lmtp else {"": "smtp", "at once": "smtps", "starttls": "smtp+starttls"}[self.tls]
        login = "{}:{}@".format(*self.login) if self.login else ""
        # Certificates are for names, so that the name is what clients are told.
        host = "localhost" if self.tls else f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{login}{host}:{self.port}"

    def start(self) -> None:
        """Listen; a port of 0 becomes the one the system gave."""
        self._listener = self._listen()
        self._in_thread(self._accept, self._listener)

    def stop(self) -> None:
        """Close everything at once, as a killed server does, and wait for the threads."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # A plain close would leave the accepting thread asleep in the kernel.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in self._threads[:1]:
            thread.join()
        self.drop_connections()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        if self.unix is not None:
            self.unix.unlink(missing_ok=True)

    def drop_connections(self) -> None:
        """Close every connection without a word, and go on listening."""
        with self._lock:
            for connection in self._live:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def said(self, verb: str) -> list[str]:
        """The client's lines that begin with a verb."""
        return [line for line in self.commands if line.upper().startswith(verb)]

    def decide(self, step: str, line: str) -> Step:
        """What the script wants at this step; None for the usual."""
        with self._lock:
            wanted = self.script.get(step)
            if isinstance(wanted, list):
                return wanted.pop(0) if wanted else None
        return wanted(line) if callable(wanted) else wanted

    def keep(self, letter: Letter) -> None:
        """Record one letter."""
        with self._lock:
            self.letters.append(letter)

    def hear(self, line: str) -> None:
        """Record one command."""
        with self._lock:
            self.commands.append(line)

    def encrypted(self, connection: socket.socket) -> ssl.SSLSocket:
        """The server's side of TLS with the tests' certificate, before the handshake."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, TLS_DIRECTORY / "key.pem")
        encrypted = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._live.discard(connection)
            self._live.add(encrypted)
        return encrypted

    def _listen(self) -> socket.socket:
        if self.unix is not None:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(os.fspath(self.unix))
            listener.listen(64)
            return listener
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.create_server((self.host, self.port), family=family, backlog=64)
        self.port = listener.getsockname()[1]
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._live.add(connection)
            self._in_thread(self._converse, connection)

    def _converse(self, connection: socket.socket) -> None:
        dialogue = Dialogue(self, connection)
        with contextlib.suppress(Hangup, OSError, ValueError):
            dialogue.run()
        with self._lock:
            self._live -= {connection, dialogue.connection}
        dialogue.close()
        connection.close()

    def _in_thread(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()


@dataclass
class Dialogue:
    """One connection, seen from the server."""

    sink: Sink
    connection: socket.socket
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)
    is_encrypted: bool = False
    is_logged_in: bool = False
    reader: io.BufferedIOBase | None = None

    def run(self) -> None:
        """Speak until somebody hangs up."""
        if self.sink.tls == "at once":
            self._encrypt()
        self._open_reader()
        self._step("CONNECT", "", "220 sink ready")
        while True:
            line = self._line().decode("utf-8", "surrogateescape")
            self.sink.hear(line)
            verb, _, rest = line.partition(" ")
            answer = getattr(self, f"on_{verb.lower()}", None)
            if answer is None:
                self._say("500 5.5.1 unknown command")
            else:
                answer(line, rest)

    def close(self) -> None:
        """Let go of the socket."""
        if self.reader is not None:
            self.reader.close()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()

    def on_ehlo(self, line: str, _: str) -> None:
        """Greet and say what we can."""
        offers = [*self.sink.extensions]
        offers += ["STARTTLS"] if self.sink.tls == "starttls" and not self.is_encrypted else []
        offers += ["AUTH PLAIN"] if self.sink.login and (self.is_encrypted or self.sink.tls != "starttls") else []
        lines = ["sink", *offers]
        usual = "\r\n".join([*(f"250-{each}" for each in lines[:-1]), f"250 {lines[-1]}"])
        self._forget()
        self._step(line.split()[0].upper(), line, usual)

    on_lhlo = on_ehlo

    def on_helo(self, line: str, _: str) -> None:
        """Greet an old client."""
        self._step("HELO", line, "250 sink")

    def on_starttls(self, line: str, _: str) -> None:
        """Agree, and begin the handshake."""
        if self._step("STARTTLS", line, "220 2.0.0 go ahead"):
            self._encrypt()
            self._open_reader()

    def on_auth(self, line: str, rest: str) -> None:
        """PLAIN with an initial response (RFC 4616)."""
        _, user, password = base64.b64decode(rest.split()[-1]).decode().split("\0")
        if (user, password) != self.sink.login:
            self._step("AUTH", line, "535 5.7.8 wrong name or password")
        else:
            self.is_logged_in = self._step("AUTH", line, "235 2.7.0 welcome")

    def on_mail(self, line: str, rest: str) -> None:
        """Begin a transaction, if TLS and login are as demanded."""
        is_plain = self.sink.tls == "starttls" and not self.is_encrypted
        if is_plain or (self.sink.login and not self.is_logged_in):
            self._say("530 5.7.0 STARTTLS or login first")
        elif self.sender is not None:
            self._say("503 5.5.1 RSET first")
        elif self._step("MAIL", line, "250 2.1.0 ok"):
            self.sender = _between_brackets(rest)

    def on_rcpt(self, line: str, rest: str) -> None:
        """Add a recipient."""
        if self._step("RCPT", line, "250 2.1.5 ok"):
            self.recipients.append(_between_brackets(rest))

    def on_data(self, line: str, _: str) -> None:
        """Take the letter."""
        if not self.recipients:
            self._say("503 5.5.1 RCPT first")
        elif self._step("DATA", line, "354 go on"):
            self._take_letter(line)

    def on_rset(self, line: str, _: str) -> None:
        """Forget the transaction."""
        self._forget()
        self._step("RSET", line, "250 2.0.0 ok")

    def on_noop(self, line: str, _: str) -> None:
        """Show a sign of life."""
        self._step("NOOP", line, "250 2.0.0 ok")

    def on_quit(self, line: str, _: str) -> None:
        """Say goodbye."""
        self._step("QUIT", line, "221 2.0.0 bye")
        raise Hangup

    def _take_letter(self, line: str) -> None:
        self._obey(self.sink.decide("BODY", line))
        content = b"".join(_unstuffed(each) for each in iter(self._line, b"."))
        sender = self.sender or ""
        rounds = [[each] for each in self.recipients] if self.sink.lmtp else [self.recipients]
        replies = [self._verdict(Letter(sender, who, content), line) for who in rounds]
        self._forget()
        for reply in replies:
            self._obey(reply)

    def _verdict(self, letter: Letter, line: str) -> str:
        refusal = self.sink.decide("DOT", line)
        if refusal is not None:
            return refusal
        self.sink.keep(letter)
        return self.sink.decide("STORED", line) or "250 2.0.0 kept"

    def _forget(self) -> None:
        self.sender, self.recipients = None, []

    def _step(self, step: str, line: str, usual: str) -> bool:
        reply = self.sink.decide(step, line) or usual
        self._obey(reply)
        return reply == usual or reply[0] in "23"

    def _obey(self, reply: Step) -> None:
        if reply == DROP:
            raise Hangup
        if reply == SILENT:
            while self.connection.recv(65536):
                pass
            raise Hangup
        if reply is not None:
            self._say(reply)

    def _say(self, reply: str) -> None:
        self.connection.sendall(f"{reply}\r\n".encode())

    def _line(self) -> bytes:
        assert self.reader is not None
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise Hangup
        return line.removesuffix(b"\r\n")

    def _encrypt(self) -> None:
        self.connection = encrypted = self.sink.encrypted(self.connection)
        encrypted.do_handshake()
        self.is_encrypted = True

    def _open_reader(self) -> None:
        if self.reader is not None:
            self.reader.close()
        self.reader = self.connection.makefile("rb")


def _between_brackets(argument: str) -> str:
    return argument[argument.index("<") + 1 : argument.index(">")]


def _unstuffed(line: bytes) -> bytes:
    return line.removeprefix(b".") + b"\r\n"
