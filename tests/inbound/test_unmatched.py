"""Claims about mail that leads nowhere: it is kept byte for byte, told of, and can be delivered after all."""

from threading import Barrier, Thread

import pytest
from sqlalchemy import insert

from mail_tickets.model.inbound.unmatched import NoSuchMail, find_unmatched, raw_bytes
from mail_tickets.model.records.letters import Letter
from mail_tickets.model.records.people import Person, find_person, get_person
from mail_tickets.model.records.queue_setup import add_queue
from mail_tickets.model.records.received_mail import Delivery, Mail, unmatched_deliveries
from mail_tickets.model.records.tickets import Ticket
from tests.support.world import DOMAIN, World

NOBODY = f"nobody@{DOMAIN}"
RAW = b"From: Eve <eve@example.org>\r\nSubject: Caf\xe9\r\nMessage-ID: <1@x>\r\n\r\nHel\x00lo \xff\r\n.\r\n\n\r"


def aside(world: World) -> list[tuple[int, str, str]]:
    """Number, recipient and reason of what waits."""
    with world.uow() as uow:
        return [(delivery.id, delivery.recipient, delivery.reason) for delivery in unmatched_deliveries(uow)]


def raw_of(world: World, number: int) -> bytes:
    with world.uow() as uow:
        return raw_bytes(uow, find_unmatched(uow, number).mail_id)


def dismiss(world: World, number: int) -> None:
    with world.uow() as uow:
        find_unmatched(uow, number).waiting = False


WHERE = {
    NOBODY: "no such address",
    f"NoBody@{DOMAIN.upper()}": "no such address",
    f"ticket99@{DOMAIN}": "no ticket has this number",
    f"ticket1-comment@{DOMAIN}": "no ticket has this number",
    f"nobody-comment@{DOMAIN}": "no such address",
    f"hello-search@{DOMAIN}": "only people on a team can search",
    f"nobody-search@{DOMAIN}": "no such address",
    f"bounce-0123@{DOMAIN}": "no email of ours has this envelope sender",
    f"postmaster@{DOMAIN}": "for the admins",
    f"Abuse@{DOMAIN}": "for the admins",
    "postmaster": "for the admins",
}


@pytest.mark.parametrize(("recipient", "reason"), WHERE.items(), ids=WHERE)
def test_mail_that_leads_nowhere_is_kept_byte_for_byte_with_the_reason(
    world: World, recipient: str, reason: str
) -> None:
    world.brings(RAW, "eve@example.org", recipient)
    [(number, to, why)] = aside(world)
    assert (to, why) == (recipient, reason)
    assert raw_of(world, number) == RAW
    [mail] = world.rows(Mail)
    assert (mail.author, mail.envelope_from, mail.received) == ("eve@example.org", "eve@example.org", world.clock.now)
    assert world.rows(Ticket) == []


def test_mail_that_is_set_aside_makes_nobody_known(world: World) -> None:
    for recipient in WHERE:
        world.brings(RAW, "eve@example.org", recipient)
    assert world.rows(Person) == []


NO_SENDER = {
    "no From": b"Subject: Hello\r\n\r\nHello\r\n",
    "an empty From": b"From:\r\n\r\nHello\r\n",
    "a From without an address": b"From: Ann Other\r\n\r\nHello\r\n",
    "an address without a domain": b"From: ann\r\n\r\nHello\r\n",
    "a group": b"From: undisclosed-recipients:;\r\n\r\nHello\r\n",
    "nothing at all": b"",
}


@pytest.mark.parametrize("raw", NO_SENDER.values(), ids=NO_SENDER)
@pytest.mark.parametrize("recipient", [f"hello@{DOMAIN}", f"ticket1@{DOMAIN}"])
def test_mail_without_a_usable_sender_is_set_aside(world: World, raw: bytes, recipient: str) -> None:
    world.actor("ann@example.org").writes("hello", "Hello")
    people = len(world.rows(Person))
    for envelope_from in ("", None, "<>", "not an address"):
        world.brings(raw, envelope_from, recipient)
    assert {reason for _, _, reason in aside(world)} == {"it names no sender"}
    assert len(world.rows(Person)) == people
    assert len(world.ticket()["messages"]) == 1


def test_the_envelope_is_the_sender_of_a_mail_that_names_none(world: World) -> None:
    world.brings(b"Subject: Hello\r\n\r\nHello\r\n", "ann@example.org", f"hello@{DOMAIN}")
    assert world.ticket()["requestor"] == {"email": "ann@example.org", "name": ""}


OURS = ["hello", "Support", "ticket1", "ticket77", "bounce-012", "postmaster", "abuse", "questions"]


@pytest.mark.parametrize("local", OURS)
@pytest.mark.parametrize("to", ["hello", "ticket1"])
def test_mail_whose_sender_is_an_address_of_ours_is_set_aside(small_world: World, local: str, to: str) -> None:
    small_world.actor("ann@example.org").writes("hello", "Hello")
    people = len(small_world.rows(Person))
    raw = f"From: Us <{local}@{DOMAIN}>\r\n\r\nHello\r\n".encode()
    small_world.brings(raw, "", f"{to}@{DOMAIN}")
    assert [reason for _, _, reason in aside(small_world)] == ["its sender is an address of ours"]
    assert len(small_world.rows(Person)) == people
    assert len(small_world.rows(Ticket)) == len(small_world.ticket()["messages"]) == 1


def test_our_own_letter_coming_back_is_set_aside(world: World) -> None:
    bob = world.responder("bob@example.org", "Bob")
    world.actor("ann@example.org", "Ann").writes("hello", "Hello")
    letter = bob.letter()
    before = len(world.far_end.letters)
    for recipient in (f"ticket1@{DOMAIN}", f"hello@{DOMAIN}", letter.envelope_from):
        world.brings(letter.raw, letter.envelope_from, recipient)
    assert len(aside(world)) == 3
    assert len(world.ticket()["messages"]) == 1
    assert len(world.far_end.letters) == before


def test_what_comes_to_a_letters_envelope_sender_names_the_letter(world: World) -> None:
    bob = world.responder("bob@example.org", "Bob")
    world.actor("ann@example.org").writes("hello", "Hello")
    bounce = b"From: MAILER-DAEMON@example.org\r\nSubject: Hello\r\n\r\nAll is well.\r\n"
    world.brings(bounce, "", bob.letter().envelope_from)
    world.brings(bounce, "", bob.letter().envelope_from.upper())
    [(_, _, reason)] = aside(world)
    assert reason == "it's about our email on ticket 1 to bob@example.org"
    assert find_nobody(world, "MAILER-DAEMON@example.org")
    [change] = world.ticket()["changes"]
    assert (change["field"], change["new"]) == (
        "undelivered",
        "bob@example.org: something came back about an email, and is set aside",
    )


def find_nobody(world: World, email: str) -> bool:
    with world.uow() as uow:
        return find_person(uow, email) is None


# Delivered after all.


def test_a_mail_is_delivered_once_a_queue_has_its_address(world: World) -> None:
    bob = world.responder("bob@example.org")
    world.brings(RAW, "eve@example.org", f"sales@{DOMAIN}")
    [(number, _, _)] = aside(world)
    with world.uow() as uow:
        add_queue(uow, "Sales", ["sales"], "support")
    outcome = world.intake.redeliver(number)
    assert (outcome.fate, outcome.ticket) == ("opened", 1)
    assert aside(world) == []
    assert world.ticket()["queue"] == "Sales"
    assert world.ticket()["requestor"]["email"] == "eve@example.org"
    assert [mail.raw for mail in world.rows(Mail.raw, Mail.id)] == [RAW]
    assert bob.letters == []


def test_a_mail_is_delivered_to_another_address(world: World) -> None:
    bob = world.responder("bob@example.org")
    world.actor("ann@example.org").writes("hello", "Hello")
    world.brings(RAW, "eve@example.org", NOBODY)
    [(number, _, _)] = aside(world)
    outcome = world.intake.redeliver(number, f"ticket1@{DOMAIN}")
    world.settle()
    assert (outcome.fate, outcome.ticket, outcome.recipient) == ("posted", 1, f"ticket1@{DOMAIN}")
    assert len(world.ticket()["messages"]) == 2
    assert len(bob.letters) == 2
    assert aside(world) == []


def test_a_mail_that_still_leads_nowhere_stays(world: World) -> None:
    world.brings(RAW, "eve@example.org", NOBODY)
    [(number, _, _)] = aside(world)
    assert world.intake.redeliver(number).fate == "set aside"
    assert aside(world) == [(number, NOBODY, "no such address")]
    assert world.intake.redeliver(number, f"ticket9@{DOMAIN}").fate == "set aside"
    assert aside(world) == [(number, f"ticket9@{DOMAIN}", "no ticket has this number")]
    assert raw_of(world, number) == RAW


def test_a_mail_delivered_after_all_and_sent_again_is_a_repeat(world: World) -> None:
    world.brings(RAW, "eve@example.org", NOBODY)
    [(number, _, _)] = aside(world)
    world.intake.redeliver(number, f"hello@{DOMAIN}")
    assert world.brings(RAW, "eve@example.org", f"hello@{DOMAIN}")[0].fate == "repeated"
    assert len(world.rows(Ticket)) == 1


def test_a_mail_that_came_there_by_itself_meanwhile_is_a_repeat(world: World) -> None:
    world.brings(RAW, "eve@example.org", NOBODY)
    [(number, _, _)] = aside(world)
    world.brings(RAW, "eve@example.org", f"hello@{DOMAIN}")
    assert world.intake.redeliver(number, f"hello@{DOMAIN}").fate == "repeated"
    assert aside(world) == []
    assert len(world.rows(Ticket)) == 1


def test_a_mail_cannot_be_delivered_twice(world: World) -> None:
    world.brings(RAW, "eve@example.org", NOBODY)
    [(number, _, _)] = aside(world)
    world.intake.redeliver(number, f"hello@{DOMAIN}")
    for wrong in (number, 77):
        with pytest.raises(NoSuchMail, match=f"No email {wrong} is set aside"):
            world.intake.redeliver(wrong)


def test_a_redelivery_that_fails_leaves_everything_as_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from mail_tickets.model.operations import new_ticket

    world.brings(RAW, "eve@example.org", NOBODY)
    [(number, _, _)] = aside(world)

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(new_ticket, "make_ticket", fails)
        with pytest.raises(RuntimeError):
            world.intake.redeliver(number, f"hello@{DOMAIN}")
    assert aside(world) == [(number, NOBODY, "no such address")]
    assert world.intake.redeliver(number, f"hello@{DOMAIN}").fate == "opened"


def test_a_dismissed_mail_is_kept_but_no_longer_listed_or_told_of(world: World) -> None:
    world.brings(RAW, "eve@example.org", NOBODY)
    [(number, _, _)] = aside(world)
    dismiss(world, number)
    assert aside(world) == []
    assert [mail.raw for mail in world.rows(Mail.raw, Mail.id)] == [RAW]
    admin = world.known("admin@example.org", admin=True)
    world.courier._keep_house()
    world.settle()
    assert admin.letters == []
    assert world.brings(RAW, "eve@example.org", NOBODY)[0].fate == "repeated"


# The daily letter.


def bring_another(world: World, number: int) -> None:
    raw = f"From: eve@example.org\r\nSubject: number {number}\r\nMessage-ID: <{number}@y>\r\n\r\nx\r\n".encode()
    world.brings(raw, "eve@example.org", NOBODY)


def test_every_administrator_gets_one_letter_a_day_while_any_waits(world: World) -> None:
    admins = [world.known(f"admin{number}@example.org", f"Admin {number}", admin=True) for number in (1, 2)]
    bob = world.responder("bob@example.org")
    for number in range(5):
        bring_another(world, number)
    assert [len(admin.letters) for admin in admins] == [1, 1]
    assert bob.letters == []
    # Until the next morning.
    world.clock.passes(hours=18)
    bring_another(world, 5)
    assert [len(admin.letters) for admin in admins] == [1, 1]
    world.clock.passes(hours=2)
    bring_another(world, 6)
    assert [len(admin.letters) for admin in admins] == [2, 2]
    letter = admins[0].letter()
    assert letter["Subject"] == f"7 emails need you: they matched no address at {DOMAIN}"
    assert letter["From"] == f"Ticket tracker <postmaster@{DOMAIN}>"
    assert letter.envelope_from.startswith("bounce-")
    assert all(f'to {NOBODY}  from eve@example.org  "number {number}"  (no such' in letter.text for number in range(7))


def test_other_letters_about_no_ticket_do_not_stand_in_for_it(world: World) -> None:
    admin = world.known("admin@example.org", admin=True)
    admin.writes("hello-search", "", subject="printer")
    assert admin.letter()["Subject"] == "Search: printer"
    bring_another(world, 1)
    assert admin.letter()["Subject"] == f"1 email needs you: it matched no address at {DOMAIN}"


def test_an_administrator_whom_no_letter_reaches_gets_none(world: World) -> None:
    dead, living = (world.known(f"{name}@example.org", admin=True) for name in ("dead", "living"))
    with world.uow() as uow:
        get_person(uow, dead.email).undeliverable = uow.now
    bring_another(world, 1)
    assert (len(dead.letters), len(living.letters)) == (0, 1)


def test_the_letter_names_the_newest_and_counts_the_rest(small_world: World) -> None:
    for number in range(50):
        bring_another(small_world, number)
    admin = small_world.known("admin@example.org", admin=True)
    small_world.courier._keep_house()
    small_world.settle()
    text = admin.letter().text
    assert "... and 30 before these" in text
    assert '"number 30"  (' in text
    assert '"number 49"  (' in text
    assert '"number 29"  (' not in text


def test_nothing_a_sender_wrote_adds_a_header_or_a_line(world: World) -> None:
    admin = world.known("admin@example.org", admin=True)
    raw = b"From: eve@example.org\r\nSubject: =?utf-8?q?a=0D=0ABcc:_x=40y=0A--_=0Aforged?=\r\n\r\nx\r\n"
    world.brings(raw, "eve@example.org", NOBODY)
    letter = admin.letter()
    assert "Bcc" not in letter.mail
    assert "\nforged" not in letter.all_text
    assert letter.footer.endswith("because you're an admin (once a day at most).")


def test_a_reply_to_the_letter_is_set_aside_and_starts_no_loop(world: World) -> None:
    admin = world.known("admin@example.org", admin=True)
    bring_another(world, 1)
    admin.replies(admin.letter(), "Thanks")
    world.brings(admin.letter().raw, "", admin.letter().envelope_from)
    assert len(admin.letters) == 1
    assert [reason for _, _, reason in aside(world)][1:] == [
        "for the admins",
        "it's about our email to admin@example.org on email set aside",
    ]


def test_mails_set_aside_at_the_same_instant_write_one_letter(world: World) -> None:
    world.known("admin@example.org", admin=True)
    barrier = Barrier(6)

    def bring(number: int) -> None:
        raw = f"From: eve@example.org\r\nMessage-ID: <{number}@z>\r\n\r\nx\r\n".encode()
        barrier.wait(20)
        world.intake.receive(raw, "eve@example.org", [NOBODY])

    threads = [Thread(target=bring, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(aside(world)) == 6
    assert len(world.rows(Letter)) == 1


def test_without_an_administrator_mail_is_kept_all_the_same(world: World) -> None:
    bring_another(world, 1)
    assert world.rows(Letter) == []
    admin = world.known("admin@example.org", admin=True)
    world.clock.passes(minutes=1)
    world.courier._keep_house()
    world.settle()
    assert len(admin.letters) == 1


def test_a_list_of_many_is_not_loaded_for_each_mail(small_world: World) -> None:
    small_world.known("admin@example.org", admin=True)
    bring_another(small_world, 0)
    with small_world.uow() as uow:
        rows = [
            {
                "mail_id": 1,
                "recipient": NOBODY,
                "digest": number.to_bytes(32, "big"),
                "fate": "set aside",
                "reason": "x",
                "waiting": True,
            }
            for number in range(2000)
        ]
        uow.session.execute(insert(Delivery), rows)
    small_world.clock.passes(days=2)
    with small_world.uow() as uow:
        from mail_tickets.model.operations.daily_letter import tell_administrators

        tell_administrators(uow)
        loaded = [row for row in uow.session.identity_map.values() if isinstance(row, Delivery)]
        assert len(loaded) <= 20
