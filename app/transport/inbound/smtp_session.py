"""The SMTP and LMTP dialogues: aiosmtpd's, with mail read in blocks and answered only after commit."""

import asyncio
import logging
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, syntax

from ...model.program import program_name
from .. import mail_log
from .smtp_replies import (
    BAD_BYTES,
    BAD_SIZE,
    CLOSING,
    CROWDED,
    NO_RECIPIENT,
    NO_WEB_SERVER,
    TOO_MANY,
    TOO_MUCH,
    TRY_LATER,
    too_large,
)

LOG = logging.getLogger("tickets.receiver")
END = b"\r\n.\r\n"
MAX_RECIPIENTS = 100
_ALL = 1 << 30
# Mail up to this size is read however much is in hand: so many connections cannot keep each other from sending it.
_SMALL = 262_144
_COMMAND_LIMIT = 65_536
_POSTMASTER = re.compile(r"\s*<postmaster>\s*(.*)", re.IGNORECASE)
# What nearly every client sends: a dot-atom (RFC 5321 4.1.2) in angle brackets, and parameters; no encoded word.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN = re.compile(
    rf"<(?!.*=\?)({_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)>(?: +([A-Za-z0-9=.+-][A-Za-z0-9=.+ -]*))?"
)
_SIZE = re.compile(r"SIZE=([0-9]*)", re.IGNORECASE)
# RFC 5321, 4.1.2: a quoted local part that needs no quotation is the same without it.
_QUOTED = re.compile(r'\A"([A-Za-z0-9!#$%&\'*+/=?^_`{|}~.-]{1,64})"@')
# RFC 1870, 4: so many digits at most.
_DIGITS = 20
# RFC 5321 4.5.3.1.5, without CRLF.
_REPLY_LIMIT = 510
_NO_REPLY = re.compile("[^\x20-\x7e]")
# What no address holds: control characters, and bytes that are not UTF-8 (aiosmtpd makes lone surrogates of them).
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def plain_path(argument: str) -> tuple[str, str] | None:
    """The address and the parameters of a path in the form that nearly all have; None for aiosmtpd's parser.

    That one makes a class for every address, which costs as much as reading a mail.
    """
    match = _PLAIN.fullmatch(argument)
    return (match[1], match[2] or "") if match else None


class SubmittedMail(NamedTuple):
    """What a client handed over: the exact bytes and the envelope; `envelope_from` empty for the null reverse-path."""

    raw: bytes
    envelope_from: str
    recipients: Sequence[str]


class MailSink(Protocol):
    """Where the dialogues turn: takes mail, and tells whether an address is refused."""

    max_bytes: int
    domain: str
    idle_seconds: float
    # The bytes of unfinished mails in memory, over all connections, and how many there may be.
    in_hand: int
    max_in_hand: int
    dialogues: "set[_Dialogue]"

    async def take(self, submitted: SubmittedMail, *, each: bool) -> list[str]:
        """Store a mail; one reply, or one for each recipient."""

    async def refuses(self, address: str) -> str | None:
        """The reply to a recipient that is not taken."""


class _Dialogue(SMTP):
    """One connection."""

    # For commands only: aiosmtpd would also refuse mail with longer lines, for ever, where we take it as it is.
    line_length_limit = _COMMAND_LIMIT
    each = False

    def __init__(self, sink: MailSink) -> None:
        super().__init__(
            handler=self,
            # Announced and checked below: aiosmtpd's own refusal lacks the enhanced code.
            data_size_limit=None,
            enable_SMTPUTF8=True,
            hostname=sink.domain,
            ident=program_name(),
            timeout=sink.idle_seconds,
            loop=asyncio.get_running_loop(),
        )
        self.sink = sink
        self.in_data = False
        self.leaving = False
        self.held = 0
        self.told = False

    def connection_made(self, transport: Any) -> None:
        """Count this connection among those to be finished before the end."""
        self.sink.dialogues.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget this connection."""
        self.sink.dialogues.discard(self)
        super().connection_lost(error)

    def leave(self) -> None:
        """End the connection: at once, or as soon as the mail in hand is answered."""
        self.leaving = True
        if not self.in_data and self.transport is not None:
            self._writer.write(f"{CLOSING}\r\n".encode())
            self.transport.close()

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: object, session: Any, _envelope: object, hostname: str, responses: list[str]
    ) -> list[str]:
        """Announce SIZE, and pipelining: commands are read from a buffer (RFC 2920, and RFC 2033 asks for it)."""
        session.host_name = hostname
        # RFC 1870, 3: the parameter may make the line so much longer.
        self.command_size_limits["MAIL"] += 26
        return [responses[0], "250-PIPELINING", f"250-SIZE {self.sink.max_bytes}", *responses[1:]]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: object, _session: object, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Begin a mail, unless it says itself that it is too large (RFC 1870, 6.1)."""
        given = [match[1] for match in map(_SIZE.fullmatch, options) if match]
        if any(not 0 < len(digits) <= _DIGITS for digits in given):
            return BAD_SIZE
        sizes = [int(digits) for digits in given]
        if sizes and sizes[0] > self.sink.max_bytes:
            refusal = too_large(self.sink.max_bytes)
            mail_log.refused(refusal, "", {"from": address, "bytes": sizes[0]})
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: object, _session: object, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or say why not."""
        if _NO_TEXT.search(address):
            return BAD_BYTES
        if address == "<>":
            return NO_RECIPIENT
        address = _QUOTED.sub(r"\1@", address)
        refusal = await self.sink.refuses(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
            return "250 2.1.5 Ok"
        mail_log.refused(refusal, address, {"from": envelope.mail_from})
        return refusal

    async def push(self, status: str | bytes) -> None:
        """Send a line of a reply, which is ASCII and short (RFC 5321 4.2): aiosmtpd repeats what a client has sent."""
        text = status.decode("ascii", "replace") if isinstance(status, bytes) else status
        await super().push(_NO_REPLY.sub("?", text)[:_REPLY_LIMIT])

    async def handle_exception(self, error: Exception) -> str:
        """Any fault of ours: the client is to try again."""
        LOG.error("a fault in the dialogue", exc_info=error)
        return TRY_LATER

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        # RFC 5321 4.5.1: <postmaster> without a domain is an address.
        if match := _POSTMASTER.fullmatch(arg or ""):
            return "postmaster", match[1]
        if plain := plain_path(arg or ""):
            return plain
        try:
            address: tuple[str | None, str | None] = super()._getaddr(arg)
        except Exception:
            # What the standard library raises on a bad address is not only its own error; 451 would have it sent again.
            return None, None
        return address

    async def _end_http(self, _arg: str | None) -> None:
        """End the dialogue: a web page can let a browser send an HTTP request here, with commands in its body."""
        await self.push(NO_WEB_SERVER)
        # As aiosmtpd ends at QUIT: commands that came with this one are not carried out.
        if self._handler_coroutine is not None and self.transport is not None:
            self._handler_coroutine.cancel()
            self.transport.close()

    smtp_GET = smtp_HEAD = smtp_POST = smtp_PUT = smtp_PATCH = smtp_DELETE = _end_http  # noqa: N815
    smtp_OPTIONS = smtp_CONNECT = smtp_TRACE = _end_http  # noqa: N815

    @syntax("RCPT TO: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Refuse what is too much before reading it: a hundred thousand recipients cost no parsing."""
        if self.envelope is not None and len(self.envelope.rcpt_tos) >= MAX_RECIPIENTS:
            if not self.told:
                mail_log.refused(TOO_MANY, "", {"from": self.envelope.mail_from})
            self.told = True
            await self.push(TOO_MANY)
            return
        self.told = False
        await super().smtp_RCPT(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Read a mail in blocks, and answer what became of it (RFC 5321 4.1.1.4, RFC 2033 4.2)."""
        if await self.check_helo_needed():
            return
        if self.envelope is None or not self.envelope.rcpt_tos or arg:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 Error: need RCPT command")
            return
        self.in_data = True
        try:
            await self._take_mail(self.envelope)
        finally:
            self._hold(0)
            self.in_data = False
            if self.leaving:
                self.leave()

    async def _take_mail(self, envelope: Envelope) -> None:
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        recipients = envelope.rcpt_tos
        raw = await self._read()
        if isinstance(raw, str):
            for recipient in recipients:
                mail_log.refused(raw, recipient, {"from": envelope.mail_from})
            replies = [raw] * (len(recipients) if self.each else 1)
        else:
            envelope_from = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
            replies = await self.sink.take(SubmittedMail(raw, envelope_from, recipients), each=self.each)
        self._set_post_data_state()  # type: ignore[no-untyped-call] # aiosmtpd's
        for reply in replies:
            await self.push(reply)

    async def _read(self) -> bytes | str:
        """The mail's bytes, dots unstuffed (RFC 5321 4.5.2); the refusal if there is no place for so many."""
        # The line end in front lets the first line be searched and unstuffed like every other.
        content = bytearray(b"\r\n")
        searched, refusal = 0, ""
        while (end := content.find(END, searched)) < 0:
            searched = max(0, len(content) - len(END) + 1)
            refusal = refusal or self._no_place(len(content))
            if refusal:
                del content[: -len(END)]
                searched = 0
            content += await self._read_block()
            self._hold(len(content))
        # What follows belongs to the next command. The buffer was drained, so it is the first thing in it again.
        if rest := bytes(content[end + len(END) :]):
            self._reader.feed_data(rest)
        del content[end + 2 :]
        refusal = refusal or (too_large(self.sink.max_bytes) if end > self.sink.max_bytes else "")
        return refusal or _unstuffed(content)

    def _no_place(self, size: int) -> str:
        """The refusal of a mail that has so many bytes and no end yet; empty if it may go on."""
        if size > self.sink.max_bytes + len(END):
            return too_large(self.sink.max_bytes)
        return TOO_MUCH if size > _SMALL and self.sink.in_hand > self.sink.max_in_hand else ""

    def _hold(self, size: int) -> None:
        """Count the bytes of a mail that are in memory."""
        self.sink.in_hand += size - self.held
        self.held = size

    async def _read_block(self) -> bytes:
        block: bytes = await self._reader.read(_ALL)
        if not block:
            raise ConnectionResetError("the client left in the middle of a mail")
        self._reset_timeout()
        return block


def _unstuffed(content: bytearray) -> bytes:
    """A mail after a line end, without the dots that were put before its lines' own; the line end in front goes."""
    if content.find(b"\r\n.") >= 0:
        content = content.replace(b"\r\n.", b"\r\n")
    return bytes(memoryview(content)[2:])


class SmtpDialogue(_Dialogue):
    """SMTP: one reply for the whole mail."""


class LmtpDialogue(_Dialogue, LMTP):
    """LMTP: one reply for each recipient (RFC 2033 4.2)."""

    each = True


class TooManyConnections(asyncio.Protocol):
    """One connection too many: it hears so at once, and is closed (RFC 5321 3.1)."""

    def connection_made(self, transport: Any) -> None:
        """Say it, and hang up."""
        LOG.warning("a connection is refused: there are too many")
        transport.write(f"{CROWDED}\r\n".encode())
        transport.close()


DIALOGUES: dict[str, type[_Dialogue]] = {"smtp": SmtpDialogue, "lmtp": LmtpDialogue, "lmtp+unix": LmtpDialogue}
Dialogue = _Dialogue
