"""Claims about the tracker in another Salmon project's process: its requests, its relay, its faults."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from salmon.mail import MailRequest
from salmon.routing import Router
from salmon.server import SMTPError
from sqlalchemy.exc import OperationalError

import mail_tickets
from mail_tickets.config import plugin
from mail_tickets.handlers import delivery
from mail_tickets.model.inbound import dispatch
from mail_tickets.model.records.received_mail import Delivery, Mail
from mail_tickets.model.records.tickets import Ticket
from mail_tickets.transport.inbound import routes
from tests.support.program import held
from tests.support.world import World

DOMAIN = "help.example.org"
RAW = b"From: Ann <ann@example.org>\nSubject: Hello\nMessage-ID: <1@home.example>\n\nHello there."
Deliver = Callable[..., str]


@pytest.fixture
def guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A tracker that is the guest of another project; the world looks into its database."""
    monkeypatch.setattr(routes, "_database", None)
    for name in ("intake", "max_bytes"):
        monkeypatch.setattr(delivery._Tracker, name, None)
    monkeypatch.setattr(Router, "UNDELIVERABLE_QUEUE", None)
    url = f"sqlite:///{tmp_path}/tickets.db"
    world = World(url, domain=DOMAIN)
    starts(world)
    yield world
    world.close()


def starts(world: World, **more: object) -> None:
    """The project's boot.py calls us."""
    settings = {"DOMAIN": DOMAIN, "DATABASE_URL": str(world.database.url), **more}
    mail_tickets.start(SimpleNamespace(relay=SimpleNamespace(), TICKETS=settings), courier=False)


def deliver(to: str, raw: bytes | str = RAW, sender: str = "ann@example.org") -> str:
    """Hand a mail to Salmon's router as its receivers do; what they would answer."""
    try:
        Router.deliver(MailRequest("peer", sender, to, raw))
    except SMTPError as error:
        return str(error)
    return "250"


def fates(world: World) -> list[tuple[str, str]]:
    return [(delivery.recipient, delivery.fate) for delivery in world.rows(Delivery)]


def test_a_plain_request_is_stored_in_a_unit_of_work_of_its_own(guest: World) -> None:
    assert deliver(f"hello@{DOMAIN}") == "250"
    assert deliver(f"ticket1@{DOMAIN}", RAW.replace(b"<1@", b"<2@")) == "250"
    assert deliver(f"ticket1-comment@{DOMAIN}", RAW.replace(b"<1@", b"<3@").decode()) == "250"
    assert deliver(f"hello@{DOMAIN}") == "250"
    assert fates(guest) == [
        (f"hello@{DOMAIN}", "opened"),
        (f"ticket1@{DOMAIN}", "posted"),
        (f"ticket1-comment@{DOMAIN}", "posted"),
    ]
    assert guest.rows(Mail.raw, Mail.id)[0].raw == RAW


def test_what_is_none_of_ours_is_left_to_the_projects_undeliverable_queue(
    guest: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[MailRequest] = []
    monkeypatch.setattr(Router, "UNDELIVERABLE_QUEUE", SimpleNamespace(push=left.append))
    addresses = [f"nobody@{DOMAIN}", "hello@other.example", "ticket1@other.example"]
    assert [deliver(address) for address in addresses] == ["250"] * 3
    assert [message.To for message in left] == addresses
    assert fates(guest) == []
    assert deliver(f"ticket9@{DOMAIN}") == "250"
    assert (len(left), fates(guest)) == (3, [(f"ticket9@{DOMAIN}", "set aside")])


def test_a_queues_address_at_another_domain_is_ours(guest: World) -> None:
    guest.answers_at("ticket5@team.example")
    assert deliver("ticket5@team.example") == "250"
    assert fates(guest) == [("ticket5@team.example", "opened")]


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("a fault"),
        SystemExit(1),
        KeyboardInterrupt(),
        OperationalError("SELECT", {}, Exception("no database")),
        SMTPError(250, "fine"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_any_fault_of_ours_is_451_and_nothing_is_stored(
    guest: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: BaseException
) -> None:
    really = dispatch.deliver

    def fails(*arguments: Any) -> None:
        really(*arguments)
        raise fault

    monkeypatch.setattr(dispatch, "deliver", fails)
    reply = deliver(f"hello@{DOMAIN}")
    assert reply.startswith("451 4.3.0 ")
    assert reply.isascii()
    assert guest.rows(Mail) == []
    assert "refused to=hello@help.example.org from=ann@example.org reply=" in caplog.text
    monkeypatch.undo()


def test_a_database_that_is_held_is_451_and_then_it_is_taken(
    guest: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("mail_tickets.model.storage.database.LOCK_SECONDS", 0)
    starts(guest)
    with held(tmp_path / "tickets.db"):
        assert deliver(f"hello@{DOMAIN}").startswith("451 4.3.0 ")
    assert deliver(f"hello@{DOMAIN}") == "250"
    assert fates(guest) == [(f"hello@{DOMAIN}", "opened")]


def test_while_nobody_can_say_whose_a_mail_is_it_is_451(guest: World, tmp_path: Path) -> None:
    (tmp_path / "tickets.db").rename(tmp_path / "away.db")
    for address in (f"hello@{DOMAIN}", f"echo-a@{DOMAIN}"):
        assert deliver(address).startswith("451 4.3.0 ")
    (tmp_path / "away.db").rename(tmp_path / "tickets.db")
    assert deliver(f"hello@{DOMAIN}") == "250"


def test_refusals_are_those_of_our_own_receiver(guest: World) -> None:
    starts(guest, UNMATCHED="reject", MAX_MESSAGE_BYTES=1000)
    assert deliver(f"ticket9@{DOMAIN}").startswith("550 5.1.1 ")
    assert deliver(f"hello@{DOMAIN}", RAW + b"x" * 1000).startswith("552 5.3.4 ")
    assert deliver(f"hello@{DOMAIN}") == "250"
    assert len(guest.rows(Mail)) == 1


@pytest.mark.usefixtures("guest")
def test_a_project_that_does_not_start_us_hears_451(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_database", None)
    monkeypatch.setattr(delivery._Tracker, "intake", None)
    assert deliver(f"hello@{DOMAIN}").startswith("451 4.3.0 ")


@pytest.mark.parametrize(
    ("envelope", "kept"),
    [("Rob@example.org", "rob@example.org"), ("", ""), ("a@@b", "")],
)
def test_the_null_reverse_path_is_not_the_from_header(guest: World, envelope: str, kept: str) -> None:
    deliver(f"hello@{DOMAIN}", sender=envelope)
    assert [mail.envelope_from for mail in guest.rows(Mail)] == [kept]


def test_salmon_may_load_our_handlers_anew_for_every_mail(guest: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the boot.py of `salmon gen` lets it."""
    monkeypatch.setattr(Router, "RELOAD", True)
    assert deliver(f"hello@{DOMAIN}") == "250"
    assert deliver(f"ticket1@{DOMAIN}", RAW.replace(b"<1@", b"<2@")) == "250"
    assert [delivery.fate for delivery in guest.rows(Delivery)] == ["opened", "posted"]
    assert len(guest.rows(Ticket)) == 1


def test_what_is_wrong_at_the_start_is_one_line(guest: World) -> None:
    for settings, problem in (
        (
            SimpleNamespace(relay=object(), TICKETS={"COLOUR": "blue"}),
            "COLOUR in TICKETS in the project's settings isn't a setting. Use TICKETS_HOME, TICKETS_DOMAIN",
        ),
        (SimpleNamespace(relay=None, TICKETS={"DOMAIN": DOMAIN}), "There is no settings.relay yet"),
        (SimpleNamespace(TICKETS={"DATABASE_URL": "sqlite:////dev/null/t.db"}, relay=object()), "cannot be had"),
    ):
        with pytest.raises(SystemExit) as ended:
            mail_tickets.start(settings)
        assert problem in str(ended.value)
        assert "\n" not in str(ended.value)


def test_a_named_relay_is_ours_and_not_the_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SimpleNamespace(relay=object(), TICKETS={"HOME": str(tmp_path), "RELAY": "maildir:letters"})
    relays: list[Any] = []
    monkeypatch.setattr(plugin, "Courier", lambda _, relay: relays.append(relay) or SimpleNamespace(wake=None))
    monkeypatch.setattr(plugin, "serve_requests_with", lambda *_, **__: None)
    mail_tickets.start(settings, courier=False)
    assert str(relays[0]) == f"maildir:{tmp_path}/letters"
