"""Claims about the relay of another Salmon project, as the courier knows relays."""

from email import message_from_bytes, policy
from types import SimpleNamespace
from typing import Any

import pytest
from salmon.server import Relay

from mail_tickets.devtools.scripted_relay import DROP
from mail_tickets.transport.outbound.errors import Refused, RelayError, Unreachable
from mail_tickets.transport.outbound.salmon_relay import SalmonRelay
from tests.support.sinks import Sink
from tests.support.world import DOMAIN, World

# Salmon's Relay leaves the connection open on which it was refused.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

HELLO = f"hello@{DOMAIN}"
RAW = b"From: Ann <ann@example.org>\nSubject: Hello\nMessage-ID: <1@home.example>\n\nHello there."


def test_text_in_every_script_arrives(small_world: World) -> None:
    small_world.responder("rob@example.org", "Rób")
    small_world.intake.receive(RAW.replace(b"Hello there.", "café €5 日本\n.\nFrom here".encode()), "", [HELLO])
    with Sink() as sink:
        small_world.courier.relay = SalmonRelay(Relay("127.0.0.1", sink.port))
        assert small_world.courier.round() == 1
    [letter] = sink.letters
    assert letter.recipients == ["rob@example.org"]
    assert letter.sender.startswith("bounce-")
    assert letter.content.isascii()
    text = message_from_bytes(letter.content, policy=policy.default).get_content()  # type: ignore[attr-defined]
    assert "café €5 日本\n.\nFrom here" in text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("script", "kind", "permanent"),
    [
        ({"RCPT": "550 5.1.1 no such user"}, Refused, True),
        ({"RCPT": "451 4.2.0 later"}, Refused, False),
        ({"MAIL": "550 5.7.1 not you"}, Refused, True),
        ({"DOT": "554 5.6.0 spam"}, Refused, True),
        ({"CONNECT": "421 4.3.2 closing"}, Unreachable, False),
        ({"DATA": DROP}, Unreachable, False),
    ],
    ids=str,
)
def test_how_salmons_relay_says_no(script: Any, kind: type[RelayError], permanent: bool) -> None:
    with Sink(script=script) as sink, pytest.raises(kind) as excinfo:
        SalmonRelay(Relay("127.0.0.1", sink.port)).deliver(RAW, To="rob@example.org", From="bounce-x@help.example.org")
    assert excinfo.value.permanent is permanent
    assert (excinfo.value.text[:3] == str(next(iter(script.values())))[:3]) == (kind is Refused)


def test_a_relay_that_is_away_or_takes_ascii_alone() -> None:
    with Sink() as sink:
        port = sink.port
        with pytest.raises(Refused, match="ASCII"):
            SalmonRelay(Relay("127.0.0.1", port)).deliver(RAW, To="rób@example.org", From="b@example.org")
    with pytest.raises(Unreachable):
        SalmonRelay(Relay("127.0.0.1", port)).deliver(RAW, To="rob@example.org", From="b@example.org")


def test_any_object_with_deliver_is_a_relay() -> None:
    calls: list[tuple[str, Any, Any]] = []
    relay = SimpleNamespace(deliver=lambda message, To=None, From=None: calls.append((str(message), To, From)))  # noqa: N803
    SalmonRelay(relay).deliver(RAW, To="rob@example.org", From="")
    assert calls[0][1:] == ("rob@example.org", "<>")
    assert "Hello there." in calls[0][0]
