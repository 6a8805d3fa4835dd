"""Claims about letters that another process wrote: on PostgreSQL a courier hears of them at once."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from mail_tickets.cli.common import open_transaction
from mail_tickets.mail.addresses import Mailbox
from mail_tickets.model.letters.outbox import retry
from mail_tickets.model.records.letters import Letter
from mail_tickets.model.records.registration import get_or_create_person
from mail_tickets.model.storage.database import Database
from mail_tickets.model.storage.notices import Announcer
from mail_tickets.transport.outbound import courier as courier_module
from tests.support.world import DOMAIN, World, awaits


@pytest.fixture
def office(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world whose courier has begun, and would not look by itself before `awaits` gives up."""
    monkeypatch.setattr(courier_module, "POLL_SECONDS", 600.0)
    monkeypatch.setattr(courier_module, "INDEXED_AT_ONCE", 0)
    with closing(World(postgres_url)) as world:
        world.responder("bob@example.org")
        world.courier.start()
        yield world
        world.courier.stop()


def writes_a_letter(world: World, number: int) -> None:
    raw = f"From: ann@example.net\r\nSubject: Hello\r\nMessage-ID: <{number}@x>\r\n\r\nHello.\r\n".encode()
    world.intake.receive(raw, "ann@example.net", [f"hello@{DOMAIN}"])


def is_sent(world: World, count: int) -> bool:
    return [letter.state for letter in world.rows(Letter)] == ["sent"] * count


def test_a_letter_of_another_process_leaves_at_once(office: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("DATABASE_URL", office.database.url.render_as_string(False)), ("DOMAIN", DOMAIN)):
        monkeypatch.setenv(f"TICKETS_{name}", value)
    # The courier hears of nothing here but by PostgreSQL.
    office.intake._stored = lambda: None
    second = Database(office.database.url.render_as_string(False), DOMAIN)
    announcer = Announcer(second)
    announcer.start()
    for number in range(1, 3):
        writes_a_letter(office, number)
        announcer.wake()
        awaits(lambda: is_sent(office, number))  # noqa: B023 - asked before the next
    announcer.stop()
    second.close()
    # A command tells of what it wrote when it ends.
    writes_a_letter(office, 3)
    with open_transaction() as uow:
        get_or_create_person(uow, Mailbox("", "cat@example.org"), known=True)
        retry(uow)
    awaits(lambda: is_sent(office, 3))
