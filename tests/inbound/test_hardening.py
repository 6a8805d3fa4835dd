"""Claims about what once went wrong where nobody looked: each names the harm that it keeps away."""

import stat
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import make_url

from mail_tickets.model.inbound.unmatched import NoSuchMail
from mail_tickets.model.records.queues import BadQueue, every_queue
from mail_tickets.model.records.received_mail import unmatched_deliveries
from mail_tickets.model.records.tickets import Ticket
from mail_tickets.model.setup import set_up
from mail_tickets.model.storage.database import Database
from tests.support.postgres import PostgresServer, fresh_database
from tests.support.world import DOMAIN, World

_BROKEN_WORD = b"From: =?utf-8?b?abcde?= <bea@example.org>\r\nSubject: x\r\nMessage-ID: <b@x>\r\n\r\nhi\r\n"


@pytest.mark.parametrize("envelope_from", ["", None, "bea@example.org"])
def test_a_broken_encoded_word_in_from_refuses_no_mail(small_world: World, envelope_from: str | None) -> None:
    small_world.brings(_BROKEN_WORD, envelope_from, f"hello@{DOMAIN}")
    assert small_world.ticket()["requestor"]["email"] == "bea@example.org"


def test_two_who_redeliver_one_mail_at_once_post_it_once(world: World) -> None:
    world.brings(b"From: a@example.org\r\nMessage-ID: <1@x>\r\n\r\nhi\r\n", "a@example.org", f"later@{DOMAIN}")
    world.answers_at("later")
    with world.uow() as uow:
        number = unmatched_deliveries(uow)[0].id
    together, fates = Barrier(2), []

    def redeliver() -> None:
        together.wait(10)
        try:
            fates.append(world.intake.redeliver(number).fate)
        except NoSuchMail:
            fates.append("too late")

    threads = [Thread(target=redeliver) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(fates) == ["opened", "too late"]


def test_programs_that_start_at_once_make_the_first_queues_once(postgres_server: PostgresServer) -> None:
    url = fresh_database(postgres_server)
    together, new = Barrier(3), []

    def start() -> None:
        database = Database(url, DOMAIN)
        together.wait(10)
        new.append(set_up(database))
        database.close()

    threads = [Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(new) == [False, False, True]
    database = Database(url, DOMAIN)
    with database.read_only() as uow:
        assert [queue.name for queue in every_queue(uow)] == ["General", "Questions"]
    database.close()


def test_nobody_else_on_the_machine_reads_the_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/run/tickets.db"
    database = Database(url, DOMAIN)
    set_up(database)
    database.close()
    path = Path(str(make_url(url).database))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_without_message_id_two_unreadable_dates_are_two_mails(small_world: World) -> None:
    for date in ("Mon, 99 Foo", "Tue, 98 Bar"):
        raw = f"From: a@example.org\r\nDate: {date}\r\nSubject: x\r\n\r\nhi\r\n".encode()
        small_world.brings(raw, "a@example.org", f"hello@{DOMAIN}")
    assert len(small_world.rows(Ticket.id)) == 2


def test_an_outsider_named_by_any_of_their_addresses_gets_no_second_copy(world: World) -> None:
    ron, ann = world.responder("ron@example.org", "Ron"), world.actor("ann@example.org", "Ann")
    ann.writes("hello", "Help!")
    with world.uow() as uow:
        from mail_tickets.model.records.registration import add_alias

        add_alias(uow, "ann@example.org", "ann@home.example")
    ron.writes("ticket1", "Like this.", headers={"Cc": "ann@home.example"})
    assert ann.letters == []


def test_a_long_mail_is_told_by_its_beginning(small_world: World) -> None:
    ron, ann = small_world.responder("ron@example.org", "Ron"), small_world.actor("ann@example.org", "Ann")
    ann.writes("hello", "All of it.\n" * 30_000)
    assert len(ron.letter().all_text) < 110_000
    assert "The full email is saved on the ticket.]" in ron.letter().text
    assert len(small_world.ticket()["messages"][0]["full_text"]) > 300_000


def test_retry_leaves_to_a_courier_what_it_has_in_hand(world: World) -> None:
    from mail_tickets.model.letters.outbox import retry

    world.responder("ron@example.org", "Ron")
    world.intake.receive(
        b"From: a@example.org\r\nMessage-ID: <1@x>\r\n\r\nhi\r\n", "a@example.org", [f"hello@{DOMAIN}"]
    )
    (letter,) = world.courier.in_hand.take()
    with world.uow() as uow:
        assert retry(uow) == 0
        assert retry(uow, [letter.id]) == 1


def test_a_queue_has_no_address_that_looks_like_anothers(small_world: World) -> None:
    with pytest.raises(BadQueue, match="isn't an address"):
        small_world.answers_at('"hello"')


def test_an_internationalised_domain_needs_no_special_relay(small_world: World) -> None:
    ron = small_world.responder("ron@bücher.example", "Ron")
    small_world.actor("ann@example.org").writes("hello", "Help!")
    assert ron.letter().recipient == "ron@xn--bcher-kva.example"
    assert ron.letter()["To"] == "Ron <ron@xn--bcher-kva.example>"
