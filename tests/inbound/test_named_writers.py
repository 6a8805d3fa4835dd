"""Claims about mail from an address of ours that names its writer elsewhere: groups, lists and forms in front of us."""

import pytest

from mail_tickets.mail.addresses import Mailbox
from mail_tickets.model.inbound.inbound_mail import DeliveryResult
from mail_tickets.model.records.people import Person
from mail_tickets.model.records.received_mail import unmatched_deliveries
from mail_tickets.model.records.tickets import Ticket
from tests.support.world import DOMAIN, World

GROUP = "hello@openhatch.example"
GOOGLE = {
    "X-Original-From": "Ann Asker <ann@home.example>",
    "X-Original-Sender": "ann@home.example",
    "Reply-To": "Ann Asker <ann@home.example>",
    "List-ID": "<hello.openhatch.example>",
    "Precedence": "list",
}


def brings(world: World, sender: str, to: str, headers: dict[str, str], text: str = "Hello.") -> DeliveryResult:
    """A mail that stands in no person's name."""
    number = len(world.rows(Ticket)) + len(world.far_end.letters)
    head = {"From": sender, "To": to, "Subject": "Room", "Message-ID": f"<{number}@front.example>", **headers}
    raw = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return world.brings(f"{raw}\r\n{text}\r\n".encode(), "bounces@front.example", to)[0]


def aside(world: World) -> list[tuple[int, str]]:
    with world.uow() as uow:
        return [(delivery.id, delivery.reason) for delivery in unmatched_deliveries(uow)]


@pytest.mark.parametrize(
    ("sender", "headers", "requestor"),
    [
        (f"\"'Ann Asker' via Hello\" <{GROUP}>", GOOGLE, Mailbox("Ann Asker", "ann@home.example")),
        (f"Hello <{GROUP}>", {"X-Original-From": "ann@home.example"}, Mailbox("", "ann@home.example")),
        (
            f"\"'Ann Asker' via Hello\" <{GROUP}>",
            {"X-Original-Sender": "ann@home.example"},
            Mailbox("Ann Asker", "ann@home.example"),
        ),
        (f"Site <hello@{DOMAIN}>", {"Reply-To": "Ann <ann@home.example>"}, Mailbox("Ann", "ann@home.example")),
        (
            f"Site <questions@{DOMAIN}>",
            {"Reply-To": f"hello@{DOMAIN}, Ann <ann@home.example>, Bea <bea@home.example>"},
            Mailbox("Ann", "ann@home.example"),
        ),
        (
            f"Site <hello@{DOMAIN}>",
            {"X-Original-From": f"hello@{DOMAIN}", "Reply-To": "Ann <ann@home.example>"},
            Mailbox("Ann", "ann@home.example"),
        ),
    ],
    ids=["Google's group", "X-Original-From", "X-Original-Sender", "form", "first outsider", "ours passed over"],
)
def test_a_mail_from_an_address_of_ours_is_a_ticket_of_whom_it_names(
    small_world: World, sender: str, headers: dict[str, str], requestor: Mailbox
) -> None:
    small_world.answers_at(GROUP)
    small_world.switches("General", acknowledge="on")
    rita = small_world.responder("rita@team.example", "Rita")
    brings(small_world, sender, GROUP, headers, "May I park?")
    ticket = small_world.ticket()
    assert ticket["requestor"] == {"email": requestor.email, "name": requestor.name}
    assert (ticket["messages"][0]["text"], ticket["messages"][0]["verified"]) == ("May I park?", False)
    assert "May I park?" in rita.letter().text
    ann = small_world.actor("ann@home.example")
    assert ann.letters == []
    rita.replies(rita.letter(), "Yes.")
    assert "Yes." in ann.letter().text
    ann.replies(ann.letter(), "Thank you, and where?")
    assert rita.letter().text.partition("\n\n")[2].startswith("Thank you, and where?")


def test_the_same_mail_again_does_nothing(small_world: World) -> None:
    small_world.answers_at(GROUP)
    for _ in range(2):
        small_world.brings(
            f"From: {GROUP}\r\nReply-To: ann@home.example\r\nMessage-ID: <1@x>\r\n\r\nHello.\r\n".encode(), "", GROUP
        )
    assert len(small_world.rows(Ticket)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Reply-To": f"hello@{DOMAIN}"},
        {"Reply-To": f"ticket1@{DOMAIN}", "X-Original-From": GROUP},
        {"Reply-To": "nobody"},
    ],
)
def test_a_mail_that_names_nobody_else_is_set_aside(small_world: World, headers: dict[str, str]) -> None:
    small_world.answers_at(GROUP)
    brings(small_world, f"Hello <{GROUP}>", f"hello@{DOMAIN}", headers)
    assert [reason for _, reason in aside(small_world)] == ["its sender is an address of ours"]
    assert small_world.rows(Person) == small_world.rows(Ticket) == []


def test_a_letter_of_ours_that_a_list_changed_on_its_way_is_none_of_its(small_world: World) -> None:
    rita = small_world.responder("rita@team.example", "Rita")
    small_world.actor("ann@home.example").writes("hello", "May I park?")
    letter = rita.letter()
    munged = letter.raw.replace(letter["Message-ID"].encode(), b"<other@list.example>")
    munged = munged.replace(b"\nReply-To: ", b"\nReply-To: list@list.example, ")
    assert munged.count(b"list@list.example") == 1
    for to in ("hello", "ticket1"):
        small_world.brings(munged, "list-bounces@list.example", f"{to}@{DOMAIN}")
    assert [reason for _, reason in aside(small_world)] == ["it's from a program that answers our emails"] * 2
    assert len(small_world.ticket()["messages"]) == 1


@pytest.mark.parametrize("by", ["reply", "dmarc", "from"])
def test_who_is_named_so_is_never_believed(database_url: str, by: str) -> None:
    world = World(database_url, lifecycle="correspondence")
    world.database.trust = world.database.trust._replace(by=by)
    rita = world.responder("rita@team.example", "Rita")
    ann = world.actor("ann@home.example", "Ann")
    ann.writes("hello", "May I park?")
    rita.replies(rita.letter(), "Yes.")
    letter, to = rita.letters[-1], f"ticket1@{DOMAIN}"
    answering = {"In-Reply-To": letter["Message-ID"]}
    brings(
        world, f"Site <hello@{DOMAIN}>", to, {"Reply-To": "rita@team.example", **answering}, "Status: resolved\n\nNo."
    )
    ticket = world.ticket()
    assert ticket["status"] == "open"
    assert [message["private"] for message in ticket["messages"]] == [False, False, True]
    assert not ticket["messages"][-1]["verified"]
    assert "No." not in ann.letter().text
    brings(world, f"Site <hello@{DOMAIN}>", to, {"Reply-To": "ann@home.example"}, "Status: resolved\n\nIt is done.")
    ticket = world.ticket()
    assert (ticket["status"], ticket["messages"][-1]["private"], ticket["messages"][-1]["text"]) == (
        "open",
        False,
        "It is done.",
    )
    assert "Status: resolved" in ann.letter().text
    world.close()


def test_a_responder_who_is_named_so_opens_a_ticket_as_anybody_and_searches_nothing(small_world: World) -> None:
    rita = small_world.responder("rita@team.example", "Rita")
    sam = small_world.responder("sam@team.example", "Sam")
    sender = f"Site <hello@{DOMAIN}>"
    brings(
        small_world, sender, f"hello@{DOMAIN}", {"Reply-To": "rita@team.example"}, "Owner: sam@team.example\n\nHello."
    )
    ticket = small_world.ticket()
    assert (ticket["assignee"], ticket["messages"][0]["text"]) == (None, "Owner: sam@team.example\n\nHello.")
    assert "check that Rita really sent this" in sam.letter().text
    brings(small_world, sender, f"hello-search@{DOMAIN}", {"Reply-To": "rita@team.example"}, "room")
    assert [reason for _, reason in aside(small_world)] == ["only people on a team can search"]
    assert rita.letters == []


def test_an_administrator_says_whose_a_mail_is(small_world: World) -> None:
    rita = small_world.responder("rita@team.example", "Rita")
    raw = f"From: hello@{DOMAIN}\r\nSubject: Room\r\nMessage-ID: <1@x>\r\n\r\nMay I park?\r\n".encode()
    small_world.brings(raw, "", f"hello@{DOMAIN}")
    [(number, _)] = aside(small_world)
    assert small_world.intake.redeliver(number).fate == "set aside"
    result = small_world.intake.redeliver(number, writer=Mailbox("Ann", "ann@home.example"))
    small_world.settle()
    assert (result.fate, result.ticket, aside(small_world)) == ("opened", 1, [])
    assert small_world.ticket()["requestor"] == {"email": "ann@home.example", "name": "Ann"}
    assert "May I park?" in rita.letter().text
    assert small_world.brings(raw, "", f"hello@{DOMAIN}")[0].fate == "repeated"
    assert len(small_world.rows(Ticket)) == 1


def test_whatever_is_set_aside_can_be_made_somebodys_but_its_commands_wait(small_world: World) -> None:
    rita = small_world.responder("rita@team.example", "Rita")
    ann = small_world.actor("ann@home.example", "Ann")
    ann.writes("hello", "May I park?")
    small_world.brings(rita.letter().raw, "", f"hello@{DOMAIN}")
    small_world.brings(b"Subject: Key\r\n\r\nThe key fits.\r\n", None, f"ticket1@{DOMAIN}")
    raw = f"From: hello@{DOMAIN}\r\nSubject: Key\r\n\r\nStatus: Solved\r\n\r\nIt is open.\r\n"
    small_world.brings(raw.encode(), None, f"ticket1@{DOMAIN}")
    (returned, _), (nameless, _), (shared, _) = aside(small_world)
    for number, writer in ((returned, ann.email), (nameless, ann.email), (shared, rita.email)):
        assert small_world.intake.redeliver(number, writer=Mailbox("", writer)).ticket == 1
    small_world.settle()
    [_, _, key, opened] = small_world.ticket()["messages"]
    assert (key["sender"]["email"], key["text"]) == (ann.email, "The key fits.")
    # As Rita's, but nothing proves that she wrote it: of her line she is asked.
    assert (opened["action"], opened["text"], opened["private"]) == ("Answer", "It is open.", False)
    assert small_world.ticket()["status"] == "Answered"
    assert any("Status: Solved" in letter.text for letter in rita.letters)


# A form that writes as itself: its visitor stands in Reply-To alone.


def test_a_new_tickets_letter_offers_to_make_it_that_of_whom_reply_to_names(small_world: World) -> None:
    rita = small_world.responder("rita@team.example", "Rita")
    wordpress, ann = "WordPress <wordpress@site.example>", small_world.actor("ann@home.example")
    brings(small_world, wordpress, f"hello@{DOMAIN}", {"Reply-To": "Ann Asker <ann@home.example>"}, "When is it open?")
    assert small_world.ticket()["requestor"]["email"] == "wordpress@site.example"
    offer = "It asks for answers to Ann Asker <ann@home.example>."
    assert offer in rita.letter().text
    rita.replies(rita.letter(), "Requestor: ann@home.example\n\nAlways.")
    assert small_world.ticket()["requestor"]["email"] == "ann@home.example"
    assert "Always." in ann.letter().text
    assert offer not in ann.letter().text


@pytest.mark.parametrize(
    "headers",
    [
        {"Reply-To": "Eve <EVE@site.example>"},
        {"Reply-To": f"hello@{DOMAIN}"},
        {"Reply-To": "list@list.example", "List-Id": "<list.list.example>"},
        {"Reply-To": "eve@site.example, ann@home.example"},
    ],
    ids=["their own", "ours", "a list's", "them and another"],
)
def test_nothing_is_offered_where_reply_to_names_no_other_person(small_world: World, headers: dict[str, str]) -> None:
    rita = small_world.responder("rita@team.example", "Rita")
    brings(small_world, "Eve <eve@site.example>", f"hello@{DOMAIN}", headers, "When is it open?")
    assert rita.letter().text == "Eve <eve@site.example> wrote:\n\nWhen is it open?"
