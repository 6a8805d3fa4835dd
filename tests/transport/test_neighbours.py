"""Claims about other handlers beside ours, in our own server: they get the whole mail, and what they take is theirs."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from salmon.routing import Router

from config import settings as plain
from mail_tickets.config import build, defaults
from mail_tickets.config.parsing import load
from mail_tickets.devtools.mail_client import MailClient
from mail_tickets.model.records.received_mail import Delivery
from tests.support.world import DOMAIN, World

# Two routes, one of them with a state, as Salmon's own sample has.
NEIGHBOUR = """
from salmon.routing import route, route_like, stateless
taken = []

@route("echo-(what)@(host)", what="[a-z]+")
@stateless
def ECHO(message, what=None, host=None):
    if what == "fault":
        raise RuntimeError("a fault of the neighbour")
    taken.append((message.To, message.From, what, message["subject"], message.body(), message.Data))

@route("(list)-list@(host)", list="[a-z]+", host=".+")
def START(message, list=None, host=None):
    taken.append((message.To, list))
    return START
"""
MAIL = b"From: Ann <ann@example.org>\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\nThe whole\r\nmail.\r\n"


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[object]]:
    """What the neighbour, whose module is loaded with ours, has taken."""
    (tmp_path / "neighbour.py").write_text(NEIGHBOUR)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(plain, "handlers", ["neighbour", *plain.handlers])
    # The routes of the neighbour are forgotten at the end.
    for name in ("ORDER", "REGISTERED", "HANDLERS"):
        monkeypatch.setattr(Router, name, getattr(Router, name).copy())
    build.load_routes(load({**vars(defaults), "DOMAIN": DOMAIN}, {}))
    yield sys.modules["neighbour"].taken
    del sys.modules["neighbour"]


def hears(client: MailClient, address: str) -> str:
    """The reply to the recipient if they are refused, else to the mail."""
    [reply] = client.begins(address)
    return client.hands_over(MAIL)[:3] if reply.startswith("250") else reply[:3]


@pytest.mark.parametrize("unmatched", ["keep", "reject"])
def test_a_neighbours_mail_is_the_neighbours(database_url: str, taken: list[object], unmatched: str) -> None:
    world = World(database_url, keep_unmatched=unmatched == "keep")
    try:
        with world.serving(), MailClient(world.port("smtp")) as client:
            assert hears(client, f"echo-a@{DOMAIN}") == "250"
            assert hears(client, "team-list@other.example") == "250"
            assert hears(client, f"hello@{DOMAIN}") == "250"
            assert hears(client, f"nobody@{DOMAIN}") == ("250" if unmatched == "keep" else "550")
        assert taken == [
            (f"echo-a@{DOMAIN}", "ann@example.org", "a", "café", "The whole\r\nmail.\r\n", MAIL),
            ("team-list@other.example", "team"),
        ]
        aside = [(f"nobody@{DOMAIN}", "set aside")] * (unmatched == "keep")
        assert [(delivery.recipient, delivery.fate) for delivery in world.rows(Delivery)] == [
            (f"hello@{DOMAIN}", "opened"),
            *aside,
        ]
    finally:
        world.close()


def test_a_neighbours_fault_is_451_and_nothing_is_stored(small_world: World, taken: list[object]) -> None:
    with small_world.serving(), MailClient(small_world.port("smtp")) as client:
        client.begins(f"hello@{DOMAIN}", f"echo-fault@{DOMAIN}")
        assert client.hands_over(MAIL).startswith("451 4.3.0 ")
        assert hears(client, f"hello@{DOMAIN}") == "250"
    assert [delivery.recipient for delivery in small_world.rows(Delivery)] == [f"hello@{DOMAIN}"]
    assert taken == []


def test_mail_set_aside_may_become_a_neighbours(small_world: World, request: pytest.FixtureRequest) -> None:
    small_world.brings(MAIL, "ann@example.org", f"echo-a@{DOMAIN}")
    taken = request.getfixturevalue("taken")
    [aside] = small_world.rows(Delivery)
    assert small_world.intake.redeliver(aside.id).fate == "left to another handler"
    assert len(taken) == 1
    assert [delivery.waiting for delivery in small_world.rows(Delivery)] == [False]
