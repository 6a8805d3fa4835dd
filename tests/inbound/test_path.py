"""Claims about the path of a mail: how often it asks the database, and what `deliver` returns."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from salmon.routing import Router
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from mail_tickets.model.inbound.inbound_mail import DeliveryResult, Fate, InboundMail
from mail_tickets.model.storage.revision import SchemaMoved
from mail_tickets.transport.inbound.intake import Request, Unrouted
from mail_tickets.transport.inbound.smtp_replies import UPGRADED, for_fault
from tests.support.world import DOMAIN, Actor, World

# Without BEGIN. Whoever adds one says why in docs/speed.md: each costs every mail of that kind.
MOST = {"first": 12, "answer": 9, "reply": 7, "command": 10}


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """All that is asked of the database on the way of a mail; letters leave later."""
    texts: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            texts.append(statement)

    event.listen(world.database.engine, "before_cursor_execute", note)
    world.settle, settled = lambda: None, world.settle  # type: ignore[method-assign]
    try:
        yield texts
    finally:
        event.remove(world.database.engine, "before_cursor_execute", note)
        world.settle = settled  # type: ignore[method-assign]
        world.settle()


def people_asked(texts: list[str]) -> int:
    """How often it was asked who is on a ticket."""
    return sum(bool(re.search(r"FROM person LEFT OUTER JOIN responder", statement)) for statement in texts)


def inbox(world: World) -> tuple[Actor, Actor, Actor]:
    ron, rita = world.responder("ron@example.org", "Ron"), world.responder("rita@example.org", "Rita")
    ann = world.actor("ann@example.org", "Ann")
    # The key of our Message-IDs is read once for all.
    ann.writes("hello", "Something else.")
    return ron, rita, ann


def test_a_mail_asks_no_more_than_it_needs_and_once_who_is_on_the_ticket(small_inbox: World) -> None:
    ron, rita, _ = inbox(small_inbox)
    with statements(small_inbox) as first:
        small_inbox.actor("bea@example.org", "Bea").writes("hello", "Help me, please.")
    with statements(small_inbox) as answer:
        ron.replies(ron.letter(), "Try this.")
    with statements(small_inbox) as reply:
        rita.replies(rita.letter(), "Or try that.")
    with statements(small_inbox) as command:
        ron.replies(ron.letter(), "Status: resolved\n\nDone now.")
    assert small_inbox.ticket(2)["status"] == "resolved"
    ways = {"first": first, "answer": answer, "reply": reply, "command": command}
    assert {kind: len(texts) for kind, texts in ways.items()} == MOST
    assert [people_asked(texts) for texts in ways.values()] == [1, 1, 1, 1]


def test_a_handler_puts_what_became_of_the_mail_on_the_request(small_world: World) -> None:
    raw = b"From: ann@example.org\r\nMessage-ID: <1@home.example>\r\n\r\nHello"
    inbound_mail = InboundMail.of(raw, "ann@example.org", [f"hello@{DOMAIN}"])
    with small_world.uow() as uow:
        request = Request(uow, inbound_mail, f"hello@{DOMAIN}")
        with pytest.raises(Unrouted, match="no handler took mail"):
            _ = request.result
        Router.deliver(request)
        assert (request.result.fate, request.result.ticket) == (Fate.OPENED, 1)
        with pytest.raises(Unrouted, match="two handlers took mail"):
            request.result = DeliveryResult(f"hello@{DOMAIN}", Fate.REPEATED)


UPGRADES = ("UPDATE alembic_version SET version_num = '9999'", "ALTER TABLE person RENAME TO human")


@pytest.mark.parametrize("change", UPGRADES)
def test_a_mail_to_a_database_that_was_upgraded_meanwhile_is_refused_for_now(world: World, change: str) -> None:
    with world.database.core_transaction() as connection:
        connection.execute(text(change))
    with pytest.raises((SchemaMoved, DBAPIError)) as fault:
        world.actor("ann@example.org").writes("hello", "Help!")
    assert for_fault(fault.value) == UPGRADED
