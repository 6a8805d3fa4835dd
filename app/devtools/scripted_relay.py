"""A mail server that letters are sent to: it records every letter, and fails when and how a script wants.

    with ScriptedRelay() as relay:             # SMTP on a free port of 127.0.0.1
        relay.script["RCPT"] = "550 5.1.1 no such user"
        relay_from_url(relay.url, root=...).deliver(...)
        relay.letters, relay.commands, relay.connections

The steps of a dialogue that `script` knows are CONNECT (the banner), the commands by their verb (EHLO, LHLO, HELO,
STARTTLS, AUTH, MAIL, RCPT, DATA, RSET, NOOP, QUIT), and then
    BODY    the letter's text is coming: only silence and DROP make sense, nothing of it is read,
    DOT     the whole letter is here, and not yet kept: refuse it,
    STORED  it is in `letters`: lie about it, keep silent, or drop the connection before the 250.
What to do there is a reply ("451 4.3.0 later"), DROP, SILENT, a Deed, a list of these and None (each used once, None
meaning the usual), or a function from the client's line to one of these. LMTP asks DOT and STORED once a recipient.
"""

import base64
import contextlib
import io
import os
import select
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Self

EXTENSIONS = ("SIZE 33554432", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")

DROP = "drop the connection"
SILENT = "say nothing, ever"


class Deed(NamedTuple):
    """What a relay does first: it keeps silent for some seconds. Then it hangs up, or says the reply, or the usual."""

    reply: str = ""
    silence: float = 0.0
    drops: bool = False


Step = str | Deed | None
Script = dict[str, Step | list[Step] | Callable[[str], Step]]


class TakenLetter(NamedTuple):
    """What one transaction handed over: the envelope as it was said, the text with CRLF and without dot-stuffing."""

    sender: str
    recipients: list[str]
    content: bytes


class Hangup(Exception):
    """The dialogue is over."""


class ScriptedRelay:
    """A scripted SMTP or LMTP server in threads; usable again after `stop`, on the same port.

    TLS needs a `certificate`, with its key in `key.pem` beside it.
    """

    certificate: Path | None = None

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
        self.letters: list[TakenLetter] = []
        self.commands: list[str] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._live: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None

    def __enter__(self) -> Self:
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

    def commands_of(self, verb: str) -> list[str]:
        """The client's lines that begin with a verb."""
        return [line for line in self.commands if line.upper().startswith(verb)]

    def dialogue(self, connection: socket.socket) -> "Dialogue":
        """The dialogue on a new connection."""
        return Dialogue(self, connection)

    def decide(self, step: str, line: str, dialogue: "Dialogue") -> Step:
        """What the script wants at this step of a dialogue; None for the usual."""
        with self._lock:
            wanted = self.script.get(step)
            if isinstance(wanted, list):
                return wanted.pop(0) if wanted else None
        return wanted(line) if callable(wanted) else wanted

    def keep(self, letter: TakenLetter, dialogue: "Dialogue") -> None:
        """Record one letter of a dialogue."""
        with self._lock:
            self.letters.append(letter)

    def hear(self, line: str) -> None:
        """Record one command."""
        with self._lock:
            self.commands.append(line)

    def encrypted(self, connection: socket.socket) -> ssl.SSLSocket:
        """The server's side of TLS, before the handshake."""
        assert self.certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.certificate.with_name("key.pem"))
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
        dialogue = self.dialogue(connection)
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

    relay: ScriptedRelay
    connection: socket.socket
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)
    is_encrypted: bool = False
    is_logged_in: bool = False
    reader: io.BufferedIOBase | None = None

    def run(self) -> None:
        """Speak until somebody hangs up."""
        if self.relay.tls == "at once":
            self._encrypt()
        self._open_reader()
        self.step("CONNECT", "", "220 relay ready")
        while True:
            line = self._line().decode("utf-8", "surrogateescape")
            self.relay.hear(line)
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
        offers = [*self.relay.extensions]
        offers += ["STARTTLS"] if self.relay.tls == "starttls" and not self.is_encrypted else []
        offers += ["AUTH PLAIN"] if self.relay.login and (self.is_encrypted or self.relay.tls != "starttls") else []
        lines = ["relay", *offers]
        usual = "\r\n".join([*(f"250-{each}" for each in lines[:-1]), f"250 {lines[-1]}"])
        self._forget()
        self.step(line.split()[0].upper(), line, usual)

    on_lhlo = on_ehlo

    def on_helo(self, line: str, _: str) -> None:
        """Greet an old client."""
        self.step("HELO", line, "250 relay")

    def on_starttls(self, line: str, _: str) -> None:
        """Agree, and begin the handshake."""
        if self.step("STARTTLS", line, "220 2.0.0 go ahead"):
            self._encrypt()
            self._open_reader()

    def on_auth(self, line: str, rest: str) -> None:
        """PLAIN with an initial response (RFC 4616)."""
        _, user, password = base64.b64decode(rest.split()[-1]).decode().split("\0")
        if (user, password) != self.relay.login:
            self.step("AUTH", line, "535 5.7.8 wrong name or password")
        else:
            self.is_logged_in = self.step("AUTH", line, "235 2.7.0 welcome")

    def on_mail(self, line: str, rest: str) -> None:
        """Begin a transaction, if TLS and login are as demanded."""
        is_plain = self.relay.tls == "starttls" and not self.is_encrypted
        if is_plain or (self.relay.login and not self.is_logged_in):
            self._say("530 5.7.0 STARTTLS or login first")
        elif self.sender is not None:
            self._say("503 5.5.1 RSET first")
        elif self.step("MAIL", line, "250 2.1.0 ok"):
            self.sender = _between_brackets(rest)

    def on_rcpt(self, line: str, rest: str) -> None:
        """Add a recipient."""
        if self.step("RCPT", line, "250 2.1.5 ok"):
            self.recipients.append(_between_brackets(rest))

    def on_data(self, line: str, _: str) -> None:
        """Take the letter."""
        if not self.recipients:
            self._say("503 5.5.1 RCPT first")
        elif self.step("DATA", line, "354 go on"):
            self.take_letter(line)

    def on_rset(self, line: str, _: str) -> None:
        """Forget the transaction."""
        self._forget()
        self.step("RSET", line, "250 2.0.0 ok")

    def on_noop(self, line: str, _: str) -> None:
        """Show a sign of life."""
        self.step("NOOP", line, "250 2.0.0 ok")

    def on_quit(self, line: str, _: str) -> None:
        """Say goodbye."""
        self.step("QUIT", line, "221 2.0.0 bye")
        raise Hangup

    def take_letter(self, line: str) -> None:
        """Take a letter to its end, and say what became of it."""
        self._obey(self.relay.decide("BODY", line, self), "")
        content = b"".join(_unstuffed(stuffed) for stuffed in iter(self._line, b"."))
        sender = self.sender or ""
        rounds = [[recipient] for recipient in self.recipients] if self.relay.lmtp else [self.recipients]
        steps = [self._verdict(TakenLetter(sender, group, content), line) for group in rounds]
        self._forget()
        for step in steps:
            self._obey(step, "250 2.0.0 kept")

    def _verdict(self, letter: TakenLetter, line: str) -> Step:
        refusal = self.relay.decide("DOT", line, self)
        if isinstance(refusal, Deed):
            refusal = self._after_silence(refusal)
        if refusal is not None:
            return refusal
        self.relay.keep(letter, self)
        return self.relay.decide("STORED", line, self)

    def _forget(self) -> None:
        self.sender, self.recipients = None, []

    def step(self, step: str, line: str, usual: str) -> bool:
        """Say the usual, or do what the script wants at this step; whether the dialogue goes on as usual."""
        reply = self._obey(self.relay.decide(step, line, self), usual)
        return reply == usual or reply[0] in "23"

    def _obey(self, step: Step, usual: str) -> str:
        """Say a reply, the usual one unless another is wanted."""
        reply = self._after_silence(step) or usual
        if reply:
            self._say(reply)
        return reply

    def _after_silence(self, step: Step) -> str | None:
        """Be silent or hang up where that is wanted; the reply that is wanted, None for the usual."""
        if step == DROP:
            raise Hangup
        if step == SILENT:
            while self.connection.recv(65536):
                pass
            raise Hangup
        if not isinstance(step, Deed):
            return step
        self._be_silent(step.silence)
        if step.drops:
            raise Hangup
        return step.reply or None

    def _be_silent(self, seconds: float) -> None:
        """Say nothing for so long, unless the client leaves: then it cannot hear what we would say."""
        if seconds:
            # Also when something it said is still unread, and the letter of a client that was killed is not kept late.
            gone = select.poll()
            gone.register(self.connection, select.POLLRDHUP)
            if gone.poll(seconds * 1000):
                raise Hangup

    def _say(self, reply: str) -> None:
        self.connection.sendall(f"{reply}\r\n".encode())

    def _line(self) -> bytes:
        assert self.reader is not None
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise Hangup
        return line.removesuffix(b"\r\n")

    def _encrypt(self) -> None:
        self.connection = encrypted = self.relay.encrypted(self.connection)
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
