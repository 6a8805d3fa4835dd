"""The claims about relays: a letter is taken, or we are told why not, and nothing hangs or is lost."""

import email
import email.policy
import errno
import os
import resource
import socket
import ssl
import stat
import threading
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from salmon.mail import MailRequest, MailResponse

from mail_tickets.devtools.scripted_relay import DROP, SILENT, Script
from mail_tickets.transport.outbound.relays import Refused, Relay, RelayError, Unreachable, relay_from_url
from tests.support.sinks import Sink, client_context

SENDER, ANN, BOB = "bounce-1@tickets.example", "ann@example.org", "bob@example.org"
Open = Callable[..., Relay]


@pytest.fixture
def open_relay(tmp_path: Path) -> Iterator[Open]:
    opened: list[Relay] = []

    def open_one(url: str, *, timeout: float = 10.0, **options: object) -> Relay:
        options.setdefault("ssl_context", client_context())
        opened.append(relay_from_url(url, timeout=timeout, root=tmp_path, helo="tickets.example", **options))
        return opened[-1]

    yield open_one
    for relay in opened:
        relay.close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def letter(text: str = "Hello.\n", **headers: str) -> EmailMessage:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = '"Ann (General)" <ticket1@tickets.example>'
    message["To"] = ANN
    message["Subject"] = "Re: [General #1] Grüße"
    message["Message-ID"] = "<1@tickets.example>"
    for name, value in headers.items():
        message[name] = value
    message.set_content(text)
    return message


# What arrives.


def test_a_letter_arrives_as_it_was_written(sink: Sink, open_relay: Open) -> None:
    message = letter("Hello.\n.\n..two dots\nGrüße, Привет, 你好\n")
    open_relay(sink.url).deliver(message, To=ANN, From=SENDER)
    [received] = sink.letters
    assert (received.sender, received.recipients) == (SENDER, [ANN])
    assert received.content == message.as_bytes()


def test_every_line_ends_with_crlf_whatever_the_letter_was_written_with(sink: Sink, open_relay: Open) -> None:
    raw = b"Subject: x\nTo: ann@example.org\n\none\r\ntwo\rthree\n.\nMAIL FROM:<evil@example.org>"
    open_relay(sink.url).deliver(raw, To=ANN, From=SENDER)
    expected = b"Subject: x|To: ann@example.org||one|two|three|.|MAIL FROM:<evil@example.org>|"
    assert sink.letters[0].content == expected.replace(b"|", b"\r\n")


@pytest.mark.parametrize("as_bytes", [True, False])
def test_8_bits_go_only_to_a_server_that_knows_them(sink: Sink, open_relay: Open, as_bytes: bool) -> None:
    message = letter("Grüße\n")
    relay = open_relay(sink.url)
    for extensions in (("8BITMIME",), ()):
        sink.extensions = extensions
        relay.deliver(message.as_bytes() if as_bytes else message, To=ANN, From=SENDER)
        relay.close()
    known, unknown = (letter.content for letter in sink.letters)
    assert [line.partition("> ")[2] for line in sink.commands_of("MAIL")] == ["BODY=8BITMIME", ""]
    assert (known.isascii(), unknown.isascii()) == (False, True)
    assert email.message_from_bytes(unknown, policy=email.policy.default).get_content().splitlines() == ["Grüße"]


@pytest.mark.parametrize("field", ["Bcc", "BCC", "Resent-Bcc"])
@pytest.mark.parametrize("as_bytes", [True, False])
def test_bcc_never_leaks(sink: Sink, open_relay: Open, field: str, as_bytes: bool) -> None:
    secret = ", ".join(f"secret{n}@example.org" for n in range(9))
    message = letter("Bcc: this is text\n", **{field: secret, "X-After": "here"})
    open_relay(sink.url).deliver(message.as_bytes() if as_bytes else message, To=ANN, From=SENDER)
    content = sink.letters[0].content
    assert b"secret" not in content
    assert b"X-After: here\r\n" in content
    assert content.endswith(b"\r\n\r\nBcc: this is text\r\n")


def test_a_bcc_at_the_end_of_the_headers_takes_nothing_with_it(sink: Sink, open_relay: Open) -> None:
    open_relay(sink.url).deliver(b"Subject: x\r\nBcc: b@x\r\n c@x\r\n\r\ntext\r\n", To=ANN, From=SENDER)
    assert sink.letters[0].content == b"Subject: x\r\n\r\ntext\r\n"


def test_without_an_envelope_the_headers_are_the_envelope(sink: Sink, open_relay: Open) -> None:
    message = letter()
    del message["To"]
    message["To"] = '"Doe, Jörg" <ann@example.org>, bob@example.org'
    relay = open_relay(sink.url)
    relay.deliver(message)
    relay.deliver(message.as_bytes())
    for received in sink.letters:
        assert (received.sender, received.recipients) == ("ticket1@tickets.example", [ANN, BOB])


def test_salmons_own_mails_are_taken(sink: Sink, open_relay: Open) -> None:
    relay = open_relay(sink.url)
    relay.deliver(MailResponse(To=ANN, From=SENDER, Subject="Grüße", Body="Hello ü\n"))
    relay.deliver(MailRequest("peer", SENDER, ANN, "Subject: x\n\nHello\n"))
    assert [(letter.sender, letter.recipients) for letter in sink.letters] == [(SENDER, [ANN])] * 2


@pytest.mark.parametrize("to", [f"{ANN}, {BOB}", [ANN, BOB], (f"Ann <{ANN}>", BOB)])
def test_everybody_named_gets_the_letter(sink: Sink, open_relay: Open, to: str | list[str]) -> None:
    open_relay(sink.url).deliver(letter(), To=to, From=SENDER)
    assert sink.letters[0].recipients == [ANN, BOB]


@pytest.mark.parametrize("sender", ["", "<>"])
def test_the_null_sender_is_said_as_such(sink: Sink, open_relay: Open, sender: str) -> None:
    open_relay(sink.url).deliver(letter(), To=ANN, From=sender)
    assert sink.commands_of("MAIL")[0].lower().startswith("mail from:<> size=")


def test_the_size_is_announced_only_where_it_is_understood(sink: Sink, open_relay: Open) -> None:
    sink.extensions = ()
    open_relay(sink.url).deliver(letter(), To=ANN, From=SENDER)
    assert [line.lower() for line in sink.commands_of("MAIL")] == [f"mail from:<{SENDER}>"]


def test_a_server_without_ehlo_is_spoken_to_in_old_smtp(sink: Sink, open_relay: Open) -> None:
    sink.script["EHLO"] = "500 what?"
    open_relay(sink.url).deliver(letter(), To=ANN, From=SENDER)
    assert sink.commands_of("HELO") == ["helo tickets.example"]
    assert len(sink.letters) == 1


# Addresses beyond ASCII, and things that are no addresses.


def test_an_address_beyond_ascii_uses_smtputf8(sink: Sink, open_relay: Open) -> None:
    relay = open_relay(sink.url)
    message = letter()
    message.replace_header("To", "jörg@exämple.org")
    relay.deliver(message, To="jörg@exämple.org", From=SENDER)
    relay.deliver(letter(), To=ANN, From=SENDER)
    foreign, plain = sink.letters
    assert foreign.recipients == ["jörg@exämple.org"]
    assert "To: jörg@exämple.org\r\n".encode() in foreign.content
    assert plain.content.isascii()
    assert ["SMTPUTF8" in line for line in sink.commands_of("MAIL")] == [True, False]


def test_without_smtputf8_such_an_address_is_refused_in_words(sink: Sink, open_relay: Open) -> None:
    sink.extensions = ("SIZE 1000000",)
    with pytest.raises(Refused, match=r"has no SMTPUTF8, which jörg@example\.org needs") as refusal:
        open_relay(sink.url).deliver(letter(), To="jörg@example.org", From=SENDER)
    assert refusal.value.permanent


@pytest.mark.parametrize("to", ["", "ann@", "a b@example.org", "ann@example.org>\r\nDATA", "<>", "a@x@y", []])
def test_what_is_no_address_is_refused_for_good(sink: Sink, open_relay: Open, to: str) -> None:
    with pytest.raises(Refused) as refusal:
        open_relay(sink.url).deliver(letter(), To=to, From=SENDER)
    assert refusal.value.permanent
    assert sink.letters == []


def test_a_letter_that_cannot_be_written_is_refused_and_the_next_one_sent(sink: Sink, open_relay: Open) -> None:
    broken = letter()
    broken.set_payload("x")
    broken.replace_header("Content-Type", 'text/plain; charset="utf-8"')
    broken.set_payload(object())
    relay = open_relay(sink.url)
    with pytest.raises(Refused, match="cannot be written") as refusal:
        relay.deliver(broken, To=ANN, From=SENDER)
    assert refusal.value.permanent
    relay.deliver(letter(), To=ANN, From=SENDER)
    assert (len(sink.letters), sink.connections) == (1, 1)


# Refusals: this letter, for good or for now.


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize(("reply", "permanent"), [("550 5.1.1 no such user", True), ("451 4.3.0 try later", False)])
def test_a_refusal_is_the_letters_alone(sink: Sink, open_relay: Open, step: str, reply: str, permanent: bool) -> None:
    sink.script[step] = [reply, None]
    relay = open_relay(sink.url)
    with pytest.raises(Refused) as refusal:
        relay.deliver(letter(), To=ANN, From=SENDER)
    assert (refusal.value.text, refusal.value.permanent) == (reply, permanent)
    relay.deliver(letter(), To=BOB, From=SENDER)
    assert [letter.recipients for letter in sink.letters] == [[BOB]]
    assert sink.connections == 1


def test_a_reply_of_several_lines_becomes_one(sink: Sink, open_relay: Open) -> None:
    sink.script["RCPT"] = "550-5.1.1 The account\tdoes not\r\n550-5.1.1 exist.\r\n550 5.1.1 \x1b[31mSorry"
    with pytest.raises(Refused) as refusal:
        open_relay(sink.url).deliver(letter(), To=ANN, From=SENDER)
    assert refusal.value.text == "550 5.1.1 The account does not exist. [31mSorry"


def test_one_refused_recipient_of_two_is_never_lost_silently(sink: Sink, open_relay: Open) -> None:
    sink.script["RCPT"] = lambda line: "550 5.1.1 no such user" if BOB in line else None
    with pytest.raises(Refused, match=r"^bob@example\.org: 550 5\.1\.1 no such user"):
        open_relay(sink.url).deliver(letter(), To=[ANN, BOB], From=SENDER)
    # Nobody got it, so that a retry repeats it to nobody.
    assert sink.letters == []


# Away: everything waits.


WORDLESS = [DROP, SILENT]
TROUBLES = [*WORDLESS, "421 4.3.2 shutting down", "nonsense", "199 what"]
STEPS = ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT", "STORED"]


@pytest.mark.parametrize(
    ("step", "trouble"),
    [*((step, trouble) for step in STEPS for trouble in TROUBLES), *(("BODY", trouble) for trouble in WORDLESS)],
)
def test_a_server_in_trouble_is_unreachable_never_a_hang(open_relay: Open, step: str, trouble: str) -> None:
    with Sink(script={step: [trouble, None]}) as sink:
        if step == "EHLO" and trouble not in WORDLESS:
            sink.script["HELO"] = trouble
        # Only a silence is waited for; on a busy machine every other answer may take its time.
        relay = open_relay(sink.url, timeout=0.5 if trouble == SILENT else 10.0)
        with pytest.raises(Unreachable) as away:
            relay.deliver(letter(), To=ANN, From=SENDER)
        assert not away.value.permanent
        assert away.value.in_doubt == (step in {"DATA", "BODY", "DOT", "STORED"} and trouble in WORDLESS)
        sink.script.clear()
        relay.deliver(letter(), To=BOB, From=SENDER)
        assert sink.letters[-1].recipients == [BOB]
        relay.close()


def test_a_server_that_has_the_whole_letter_gets_more_time_to_answer(sink: Sink, open_relay: Open) -> None:
    """A letter given up early goes again, and its reader has it twice."""
    sink.script["STORED"] = lambda _: time.sleep(1.5)
    open_relay(sink.url, timeout=1.0).deliver(letter(), To=ANN, From=SENDER)
    assert len(sink.letters) == 1


def test_silence_is_told_as_such(sink: Sink, open_relay: Open) -> None:
    sink.script["RCPT"] = SILENT
    with pytest.raises(Unreachable, match=r"^smtp://127.0.0.1:\d+: no answer within 0.2 seconds$"):
        open_relay(sink.url, timeout=0.2).deliver(letter(), To=ANN, From=SENDER)


def test_a_closed_port_is_told_as_such(open_relay: Open) -> None:
    with Sink() as sink:
        url = sink.url
    with pytest.raises(Unreachable, match=rf"^{url}: Connection refused$"):
        open_relay(url).deliver(letter(), To=ANN, From=SENDER)


def test_a_host_that_does_not_exist_is_unreachable(open_relay: Open) -> None:
    with pytest.raises(Unreachable, match=r"^smtp://relay\.invalid:25: "):
        open_relay("smtp://relay.invalid").deliver(letter(), To=ANN, From=SENDER)


def test_a_server_that_wants_a_login_we_lack_does_not_cost_the_letter(open_relay: Open) -> None:
    with Sink(login=("tickets", "secret")) as sink:
        relay = open_relay(f"smtp://127.0.0.1:{sink.port}")
        with pytest.raises(Unreachable, match=r"^530 5\.7\.0 "):
            relay.deliver(letter(), To=ANN, From=SENDER)
        relay.close()


# The kept connection.


def test_letters_share_one_connection(sink: Sink, open_relay: Open) -> None:
    relay = open_relay(sink.url)
    for _ in range(5):
        relay.deliver(letter(), To=ANN, From=SENDER)
    assert (len(sink.letters), sink.connections) == (5, 1)


@pytest.mark.parametrize("death", ["dropped", DROP, "421 4.4.2 idle too long"])
def test_a_kept_connection_that_died_is_replaced_unnoticed(sink: Sink, open_relay: Open, death: str) -> None:
    relay = open_relay(sink.url)
    relay.deliver(letter(), To=ANN, From=SENDER)
    if death == "dropped":
        sink.drop_connections()
    else:
        sink.script["MAIL"] = [death]
    relay.deliver(letter(), To=BOB, From=SENDER)
    assert [letter.recipients for letter in sink.letters] == [[ANN], [BOB]]
    assert sink.connections == 2


def test_a_server_that_was_restarted_is_found_again(sink: Sink, open_relay: Open) -> None:
    relay = open_relay(sink.url)
    relay.deliver(letter(), To=ANN, From=SENDER)
    sink.stop()
    with pytest.raises(Unreachable):
        relay.deliver(letter(), To=ANN, From=SENDER)
    sink.start()
    relay.deliver(letter(), To=BOB, From=SENDER)
    assert len(sink.letters) == 2


def test_a_server_that_forgets_rset_is_left(sink: Sink, open_relay: Open) -> None:
    sink.script |= {"RCPT": ["550 no", None], "RSET": DROP}
    relay = open_relay(sink.url)
    with pytest.raises(Refused):
        relay.deliver(letter(), To=ANN, From=SENDER)
    relay.deliver(letter(), To=BOB, From=SENDER)
    assert sink.connections == 2


@pytest.mark.parametrize("farewell", [DROP, SILENT, "500 stay", "nonsense"])
def test_a_goodbye_that_fails_changes_nothing(sink: Sink, open_relay: Open, farewell: str) -> None:
    sink.script["QUIT"] = farewell
    relay = open_relay(sink.url, timeout=1.0 if farewell == SILENT else 10.0)
    relay.deliver(letter(), To=ANN, From=SENDER)
    relay.close()
    relay.deliver(letter(), To=ANN, From=SENDER)
    assert (len(sink.letters), sink.connections) == (2, 2)


def test_threads_take_turns_on_the_connection(sink: Sink, open_relay: Open) -> None:
    relay = open_relay(sink.url)

    def send(name: int) -> None:
        for turn in range(10):
            relay.deliver(letter(), To=f"{name}.{turn}@example.org", From=SENDER)

    threads = [threading.Thread(target=send, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({letter.recipients[0] for letter in sink.letters}) == 40
    assert sink.connections == 1


def test_closing_cuts_off_a_letter_that_is_stuck(sink: Sink, open_relay: Open) -> None:
    reached = threading.Event()
    sink.script["STORED"] = lambda _: reached.set() or SILENT
    relay = open_relay(sink.url, timeout=0.5)
    troubles: list[RelayError] = []

    def send() -> None:
        try:
            relay.deliver(letter(), To=ANN, From=SENDER)
        except RelayError as trouble:
            troubles.append(trouble)

    thread = threading.Thread(target=send)
    thread.start()
    reached.wait()
    relay.close()
    thread.join()
    [trouble] = troubles
    assert isinstance(trouble, Unreachable)
    assert trouble.in_doubt


# TLS and login.


@pytest.mark.parametrize("tls", ["at once", "starttls"])
def test_a_letter_goes_through_tls_and_login(open_relay: Open, tls: str) -> None:
    with Sink(tls=tls, login=("tickets", "p@ss:w/rd")) as sink:
        place = f"localhost:{sink.port}"
        relay = open_relay(sink.url.replace("p@ss:w/rd", "p%40ss%3Aw%2Frd"))
        relay.deliver(letter(), To=ANN, From=SENDER)
        assert len(sink.letters) == 1
        assert place in str(relay)
        assert "ss" not in str(relay).partition("tickets")[2]
        assert "p@ss" not in repr(relay)
        relay.close()


@pytest.mark.parametrize("tls", ["at once", "starttls"])
def test_a_certificate_nobody_vouches_for_stops_everything(open_relay: Open, tls: str) -> None:
    with Sink(tls=tls) as sink:
        relay = open_relay(sink.url, ssl_context=ssl.create_default_context())
        with pytest.raises(Unreachable, match=r"localhost:\d+: certificate: self[- ]signed certificate"):
            relay.deliver(letter(), To=ANN, From=SENDER)
        assert sink.letters == []


def test_a_certificate_for_another_name_stops_everything(open_relay: Open) -> None:
    with Sink(tls="at once") as sink:
        relay = open_relay(f"smtps://127.0.0.2:{sink.port}")
        with pytest.raises(Unreachable):
            relay.check()


def test_a_server_without_starttls_gets_nothing(open_relay: Open, sink: Sink) -> None:
    with pytest.raises(Unreachable, match="STARTTLS"):
        open_relay(f"smtp+starttls://127.0.0.1:{sink.port}").deliver(letter(), To=ANN, From=SENDER)
    assert sink.letters == []


def test_a_plain_server_behind_smtps_is_unreachable(open_relay: Open, sink: Sink) -> None:
    with pytest.raises(Unreachable):
        open_relay(f"smtps://127.0.0.1:{sink.port}", timeout=0.2).deliver(letter(), To=ANN, From=SENDER)


def test_a_wrong_password_is_nothing_to_do_with_the_letter(open_relay: Open) -> None:
    with Sink(login=("tickets", "right")) as sink:
        relay = open_relay(f"smtp://tickets:wrong@127.0.0.1:{sink.port}")
        with pytest.raises(Unreachable, match=r": 535 5\.7\.8 ") as away:
            relay.check()
        assert "wrong@" not in str(away.value)


# LMTP.


@pytest.fixture(params=["tcp", "unix"])
def lmtp(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sink]:
    with Sink(lmtp=True, unix=tmp_path / "lmtp" if request.param == "unix" else None) as running:
        yield running


def test_lmtp_reads_a_reply_for_every_recipient(lmtp: Sink, open_relay: Open) -> None:
    relay = open_relay(lmtp.url)
    relay.deliver(letter(), To=[ANN, BOB], From=SENDER)
    relay.deliver(letter(), To=BOB, From=SENDER)
    assert [letter.recipients for letter in lmtp.letters] == [[ANN], [BOB], [BOB]]
    assert lmtp.connections == 1
    assert lmtp.commands_of("LHLO") == ["lhlo tickets.example"]


@pytest.mark.parametrize(("reply", "permanent"), [("550 5.2.2 mailbox full", True), ("452 4.2.2 full", False)])
def test_lmtp_never_loses_the_second_refusal(lmtp: Sink, open_relay: Open, reply: str, permanent: bool) -> None:
    lmtp.script["DOT"] = [None, reply]
    relay = open_relay(lmtp.url)
    with pytest.raises(Refused, match=f"^{BOB}: {reply}$") as refusal:
        relay.deliver(letter(), To=[ANN, BOB], From=SENDER)
    assert refusal.value.permanent == permanent
    relay.deliver(letter(), To=BOB, From=SENDER)
    assert lmtp.connections == 1


def test_an_lmtp_socket_that_is_not_there_is_unreachable(open_relay: Open, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="No such file"):
        open_relay(f"lmtp+unix://{tmp_path}/none").deliver(letter(), To=ANN, From=SENDER)


# The doctor's question.


def test_check_connects_and_sends_no_letter(sink: Sink, open_relay: Open) -> None:
    open_relay(sink.url).check()
    assert (sink.letters, sink.commands_of("NOOP"), sink.commands_of("MAIL")) == ([], ["noop"], [])


@pytest.mark.parametrize("script", [{"CONNECT": "554 5.7.1 go away"}, {"NOOP": "421 4.3.2 closing"}, {"NOOP": DROP}])
def test_check_tells_what_is_wrong(open_relay: Open, script: Script) -> None:
    with Sink(script=script) as sink, pytest.raises(Unreachable, match=f"^{sink.url}: "):
        open_relay(sink.url).check()


# The Maildir.


def stored(maildir: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((maildir / "new").iterdir())]


def test_a_maildir_gets_the_envelope_and_exactly_the_letter(tmp_path: Path, open_relay: Open) -> None:
    message = letter("Grüße\n")
    open_relay("maildir:run/letters").deliver(message, To=[ANN, BOB], From=SENDER)
    trace = f"Return-Path: <{SENDER}>\nDelivered-To: {ANN}\nDelivered-To: {BOB}\n"
    assert stored(tmp_path / "run/letters") == [trace.encode() + message.as_bytes().replace(b"\r\n", b"\n")]
    assert list((tmp_path / "run/letters/tmp").iterdir()) == []


def test_a_maildir_writes_the_null_sender_as_mail_agents_do(tmp_path: Path, open_relay: Open) -> None:
    open_relay("maildir:letters").deliver(letter(), To=ANN, From="")
    assert stored(tmp_path / "letters")[0].startswith(b"Return-Path: <>\nDelivered-To: ann@example.org\n")


def test_a_maildir_is_private_and_complete_even_when_it_stood_empty(tmp_path: Path, open_relay: Open) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new-one"):
        open_relay(f"maildir:{name}").deliver(letter(), To=ANN, From=SENDER)
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["cur", "new", "tmp"]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new-one", *(tmp_path / "new-one").iterdir())}
    assert modes == {0o700}


def test_a_maildir_that_was_swept_away_is_made_again(tmp_path: Path, open_relay: Open) -> None:
    relay = open_relay("maildir:letters")
    relay.deliver(letter(), To=ANN, From=SENDER)
    (tmp_path / "letters").rename(tmp_path / "old")
    relay.deliver(letter(), To=ANN, From=SENDER)
    assert len(stored(tmp_path / "letters")) == 1


def test_a_hundred_letters_are_a_hundred_files(tmp_path: Path, open_relay: Open) -> None:
    relay = open_relay("maildir:letters")
    for _ in range(100):
        relay.deliver(letter(), To=ANN, From=SENDER)
    assert len(stored(tmp_path / "letters")) == 100


@pytest.mark.parametrize("act", [lambda relay: relay.check(), lambda relay: relay.deliver(letter(), ANN, SENDER)])
def test_a_maildir_that_cannot_be_written_is_unreachable_in_words(
    tmp_path: Path, open_relay: Open, act: Callable[[Relay], None]
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unreachable, match=rf"^cannot write to maildir:{tmp_path}/file/letters: Not a directory$"):
        act(open_relay("maildir:file/letters"))


def test_a_full_disk_is_unreachable_and_leaves_no_draft(tmp_path: Path, open_relay: Open) -> None:
    relay = open_relay("maildir:letters")
    relay.check()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The nearest to a full disk that needs no disk: the kernel refuses to let a file grow.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(Unreachable, match=os.strerror(errno.EFBIG)):
            relay.deliver(letter("x\n" * 9000), To=ANN, From=SENDER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (stored(tmp_path / "letters"), list((tmp_path / "letters/tmp").iterdir())) == ([], [])


# URLs.


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.org", "smtp://mail.example.org:25"),
        ("smtps://mail.example.org/", "smtps://mail.example.org:465"),
        ("smtp+starttls://ann%40x:p%3Aw@mail.example.org", "smtp+starttls://ann@x@mail.example.org:587"),
        ("lmtp://localhost", "lmtp://localhost:24"),
        ("smtp://[::1]:2525", "smtp://[::1]:2525"),
        ("smtp://bücher.example", "smtp://xn--bcher-kva.example:25"),
        ("lmtp+unix:///run/dovecot/lmtp", "lmtp+unix:///run/dovecot/lmtp"),
        ("maildir:/var/spool/letters", "maildir:/var/spool/letters"),
        ("maildir:run/letters", "maildir:/srv/tickets/run/letters"),
    ],
)
def test_a_relay_shows_where_it_leads(url: str, expected: str) -> None:
    assert str(relay_from_url(url, root=Path("/srv/tickets"))) == expected


WRONG = [
    "",
    "mail.example.org",
    "http://mail.example.org",
    "SMTP//x",
    "smtp:mail.example.org",
    "smtp://",
    "smtp://:25",
    "smtp://host:0",
    "smtp://host:65536",
    "smtp://host:port",
    "smtp://a..b",
    "smtp://[::1",
    "smtp://[1:2]",
    "smtp://ann@host",
    "smtp://ann:hunter2@",
    "smtp://ann:hunter/2@host",
    "smtp://ann:huntér2@host",
    "smtp://ann:hunter2%0D%0A@host",
    "smtp://ann:hunter2@host\r\nx",
    "smtp://host/path",
    "smtp://host?insecure=1",
    "smtp://host name",
    "lmtp://ann:hunter2@host",
    "lmtp+unix://run/lmtp",
    "lmtp+unix:///",
    "maildir:",
    "maildir://run/letters",
]


@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_url_is_told_in_one_line_that_keeps_the_secret(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is wrong: write ") as wrong:
        relay_from_url(url, root=tmp_path)
    text = str(wrong.value)
    assert "\n" not in text
    assert "hunt" not in text


def test_a_relay_over_ipv6_works(open_relay: Open) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    with Sink(host="::1") as sink:
        relay = open_relay(sink.url)
        relay.deliver(letter(), To=ANN, From=SENDER)
        assert len(sink.letters) == 1
        relay.close()
