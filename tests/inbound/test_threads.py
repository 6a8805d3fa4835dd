"""Claims about where a mail belongs: each rule, and their order (docs/interface.md, section 4)."""

from collections.abc import Sequence

import pytest

from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.queue_setup import add_queue
from mail_tickets.model.records.queues import BadQueue
from mail_tickets.model.records.received_mail import Delivery
from mail_tickets.model.records.registration import add_alias
from mail_tickets.model.records.tickets import Ticket
from tests.support.world import DOMAIN, World

RON, ROSA, RITA, RUTH = "ron@example.org", "rosa@example.org", "rita@example.net", "ruth@example.net"
EVE = "eve@elsewhere.example"


def at(local: str) -> str:
    return f"{local}@{DOMAIN}"


def brings(world: World, sender: str, to: Sequence[str], text: str = "Some words.", **headers: str) -> list[str]:
    """A mail in one envelope for all these; In_Reply_To=... for In-Reply-To. What became of it, address by address."""
    written = {"Subject": "Hi", "Message-ID": f"<{len(world.rows(Delivery))}@home.example>", "To": ", ".join(to)}
    written |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"From: {sender}", *(f"{name}: {value}" for name, value in written.items() if value)]
    raw = "\r\n".join([*lines, "", text, ""]).encode()
    results = world.brings(raw, sender, *to)
    return [f"{result.fate} {result.ticket}" if result.ticket else str(result.fate) for result in results]


def last(world: World, number: int) -> tuple[str, bool]:
    """Text and privacy of what was posted last on a ticket."""
    message = world.ticket(number)["messages"][-1]
    return message["text"], message["private"]


@pytest.fixture
def office(inbox: World) -> World:
    """Ticket 1 is Rita's, ticket 2 Ruth's; Ron and Rosa answer for General."""
    return _furnished(inbox)


@pytest.fixture
def small(small_inbox: World) -> World:
    return _furnished(small_inbox)


def _furnished(world: World) -> World:
    world.responder(RON, "Ron")
    world.responder(ROSA, "Rosa")
    world.actor(RITA, "Rita").writes("hello", "The printer burns.", subject="Printer")
    world.actor(RUTH, "Ruth").writes("hello", "The door is stuck.", subject="Door")
    return world


# By address


def test_the_number_in_the_recipient_goes_before_everything_else(office: World) -> None:
    second_id = office.ticket(2)["messages"][0]["message_id"]
    assert brings(
        office, RITA, [at("ticket1")], To=at("ticket2"), In_Reply_To=second_id, Subject="Re: [General #2] Door"
    ) == ["posted 1"]


@pytest.mark.parametrize("header", ["To", "Cc"])
def test_then_comes_the_number_in_another_address_of_the_headers(small: World, header: str) -> None:
    second_id = small.ticket(2)["messages"][0]["message_id"]
    headers = {"To": at("hello"), header: f"Ticket <{at('TICKET1')}>, {at('hello')}"}
    assert brings(small, RITA, [at("hello")], In_Reply_To=second_id, **headers) == ["posted 1"]


def test_and_in_another_address_of_the_envelope_whichever_comes_first(small: World) -> None:
    assert brings(small, RITA, [at("hello"), at("ticket1")], To="friends:;") == ["posted 1", "repeated"]
    assert brings(small, RITA, [at("ticket1"), at("hello")], To="friends:;") == ["posted 1", "repeated"]
    assert len(small.ticket(1)["messages"]) == 3


def test_a_number_that_no_ticket_has_leads_nowhere_and_hides_no_other_way(small: World) -> None:
    assert brings(small, RITA, [at("ticket99")]) == ["set aside"]
    first = small.ticket(1)["messages"][0]["message_id"]
    assert brings(small, RITA, [at("hello")], Cc=at("ticket99"), In_Reply_To=first) == ["posted 1"]


# By what it answers


@pytest.mark.parametrize("header", ["In-Reply-To", "References"])
def test_then_what_it_answers_a_message_that_we_stored(small: World, header: str) -> None:
    first = small.ticket(1)["messages"][0]["message_id"]
    assert brings(small, RITA, [at("hello")], **{header: first}) == ["posted 1"]


@pytest.mark.parametrize("header", ["In-Reply-To", "References"])
def test_or_a_letter_that_we_sent(office: World, header: str) -> None:
    office.actor(RON).replies(office.actor(RON).letters[0], "Pour water on it.")
    letter = office.actor(RITA).letter()
    assert letter["Message-ID"] not in office.rows(Message.message_id)
    assert brings(office, RITA, [at("hello")], **{header: letter["Message-ID"]}) == ["posted 1"]
    assert office.ticket(1)["messages"][-1]["action"] == "Reply"


def test_a_letter_about_no_message_leads_to_its_ticket_too(small: World) -> None:
    small.sets(1, RON, assignee=ROSA)
    letter = small.actor(ROSA).letter()
    assert "Owner" in letter.text
    assert brings(small, ROSA, [at("hello")], In_Reply_To=letter["Message-ID"]) == ["posted 1"]


def test_in_reply_to_goes_before_references_and_those_count_from_the_last(small: World) -> None:
    first, second = (small.ticket(number)["messages"][0]["message_id"] for number in (1, 2))
    assert brings(small, RON, [at("hello")], In_Reply_To=first, References=f"{first} {second}") == ["posted 1"]
    assert brings(small, RON, [at("hello")], References=f"{first} {second}") == ["posted 2"]
    assert brings(small, RON, [at("hello")], References=f"{first} {second} <unknown@elsewhere>") == ["posted 2"]
    assert brings(small, RON, [at("hello")], In_Reply_To="<unknown@elsewhere>", References=first) == ["posted 1"]


def test_a_mail_that_answers_what_we_do_not_know_is_new(small: World) -> None:
    assert brings(small, RITA, [at("hello")], In_Reply_To="<a@b>", References="<c@d> <e@f>") == ["opened 3"]


@pytest.mark.parametrize(("writer", "number"), [(RITA, 3), (RUTH, 4)])
def test_of_several_tickets_it_is_the_one_the_sender_takes_part_in_else_the_oldest(
    small: World, writer: str, number: int
) -> None:
    """One mail to two queues is two tickets; who takes part in the second alone means that one."""
    small.responder("quinn@example.org", queue="Questions")
    brings(small, RITA, [at("hello"), at("questions")], Message_ID="<both@home.example>")
    small.known(RUTH)
    small.asks_in(4, RUTH)
    assert brings(small, writer, [at("hello")], In_Reply_To="<both@home.example>") == [f"posted {number}"]


def test_a_stranger_who_stores_a_known_id_draws_nobodys_mail_onto_their_ticket(office: World) -> None:
    """Bob follows up on mail that he knows from a list; Eve has brought a mail of that id before."""
    office.known("bob@home.example", "Bob")
    for queue, number in (("questions", 3), ("hello", 6)):
        assert brings(office, EVE, [at(queue)], Message_ID=f"<conv.{queue}@list>") == [f"opened {number}"]
        for header in ("In-Reply-To", "References"):
            answers = {"To": f"list@list.example, {at(queue)}", header: f"<conv.{queue}@list>"}
            assert brings(office, "bob@home.example", [at(queue)], **answers)[0].startswith("opened ")
        assert [message["sender"]["email"] for message in office.ticket(number)["messages"]] == [EVE]
    assert not any("Bob" in letter.all_text for letter in office.actor(EVE).letters)
    opened = next(letter for letter in office.actor(RON).letters if letter["Subject"].startswith("[General #7]"))
    assert "It answers a message on ticket 6, but its writer isn't on that ticket." in opened.text


def test_a_stranger_who_stores_the_id_of_a_public_message_makes_no_answer_to_it_private(office: World) -> None:
    first = office.ticket(1)["messages"][0]["message_id"]
    assert brings(office, EVE, [at("ticket1")], Message_ID=first) == ["posted 1"]
    assert office.ticket(1)["messages"][-1]["private"]
    for writer in (RITA, RON):
        for header in ("In-Reply-To", "References"):
            brings(office, writer, [at("ticket1")], **{header: first})
            assert not office.ticket(1)["messages"][-1]["private"]


def test_a_reply_to_all_keeps_its_thread(office: World) -> None:
    """Rita wrote to us and to Bob, who has never been here; he answers both."""
    first = office.ticket(1)["messages"][0]["message_id"]
    all_ = {"To": RITA, "Cc": at("hello"), "In-Reply-To": first}
    assert brings(office, "bob@home.example", [at("hello")], **all_) == ["posted 1"]
    # From then on he has written on it.
    assert brings(office, "bob@home.example", [at("hello")], In_Reply_To=first) == ["posted 1"]
    assert brings(office, RITA, [at("hello")], In_Reply_To=first) == ["posted 1"]
    assert brings(office, RON, [at("hello")], In_Reply_To=first) == ["posted 1"]
    assert brings(office, EVE, [at("ticket1")], In_Reply_To=first) == ["posted 1"]
    assert brings(office, "carl@home.example", [at("hello")], In_Reply_To=first) == ["opened 3"]


# By subject tag


@pytest.mark.parametrize("writer", [RITA, RON])
def test_then_a_tag_in_the_subject_from_somebody_who_takes_part(office: World, writer: str) -> None:
    assert brings(office, writer, [at("hello")], Subject="AW: [general #1] Printer") == ["posted 1"]


def test_an_administrator_may_use_a_tag_and_so_may_a_participant(small: World) -> None:
    small.known("root@example.org", admin=True)
    small.known("pia@example.net")
    small.asks_in(1, "pia@example.net")
    for writer in ("root@example.org", "pia@example.net"):
        assert brings(small, writer, [at("hello")], Subject="[General #1]") == ["posted 1"]


@pytest.mark.parametrize("writer", [RUTH, EVE])
def test_nobody_else_reaches_a_ticket_by_its_tag(office: World, writer: str) -> None:
    assert brings(office, writer, [at("hello")], Subject="Re: [General #1] Printer") == ["opened 3"]


def test_a_tag_holds_under_the_old_name_of_a_queue_and_of_any_queue(office: World) -> None:
    with office.uow() as uow:
        from mail_tickets.model.records.queue_setup import set_queue
        from mail_tickets.model.records.queues import find_queue

        set_queue(uow, find_queue(uow, "General"), "name", "Front desk")
    for tag in ("[General #1]", "[Front desk #1]", "[Questions #1]"):
        assert brings(office, RITA, [at("hello")], Subject=f"Re: {tag} Printer") == ["posted 1"]
    assert brings(office, RITA, [at("hello")], Subject="Re: [Elsewhere #1] Printer") == ["opened 3"]


def test_what_it_answers_goes_before_its_tag(small: World) -> None:
    two = small.ticket(2)["messages"][0]["message_id"]
    assert brings(small, RON, [at("hello")], In_Reply_To=two, Subject="[General #1]") == ["posted 2"]


def test_a_tag_of_a_ticket_that_is_not_there_is_just_a_subject(small: World) -> None:
    for number in ("99", "9999999999", "0"):
        [fate] = brings(small, RON, [at("hello")], Subject=f"[General #{number}] x")
        assert fate.startswith("opened")


# Private ones


def test_a_ticket_reached_by_two_addresses_gets_one_message_private_if_one_is_a_comment_address(office: World) -> None:
    for to in (["ticket1", "ticket1-comment"], ["ticket1-comment", "ticket1"], ["ticket1", "support-comment"]):
        before = len(office.ticket(1)["messages"])
        assert brings(office, RON, [at(mailbox) for mailbox in to]) == ["posted 1", "repeated"]
        assert (len(office.ticket(1)["messages"]), last(office, 1)[1]) == (before + 1, True)
    assert office.actor(RITA).letters == []


def test_a_comment_address_in_to_or_cc_alone_makes_it_private_too(small: World) -> None:
    assert brings(small, RON, [at("ticket1")], Cc=at("ticket1-comment")) == ["posted 1"]
    assert last(small, 1)[1]
    assert small.actor(RITA).letters == []


def test_two_addresses_of_one_queue_in_one_envelope_are_one_ticket(office: World) -> None:
    assert brings(office, RITA, [at("hello"), at("support")]) == ["opened 3", "repeated"]
    assert brings(office, RITA, [at("support"), at("HELLO")], To="friends:;") == ["opened 4", "repeated"]
    assert len(office.rows(Ticket)) == 4


def test_comment_of_a_queue_without_a_ticket_opens_one_whose_first_message_is_private(office: World) -> None:
    for to in (["support-comment"], ["support", "support-comment"], ["support-comment", "support"]):
        outcomes = brings(office, RON, [at(mailbox) for mailbox in to], Subject="Between us")
        number = len(office.rows(Ticket))
        assert outcomes[0] == f"opened {number}"
        assert last(office, number) == ("Some words.", True)


def test_a_reply_to_a_comments_letter_is_private_whichever_address_it_came_to(office: World) -> None:
    ron, rosa = office.actor(RON), office.actor(ROSA)
    ron.writes("ticket1-comment", "Is it insured?")
    for place in ("ticket1", "hello", "ticket1-comment", "support-comment"):
        rosa.writes(place, f"Yes, {place}.", subject=rosa.letter()["Subject"], answering=rosa.letter())
        assert last(office, 1) == (f"Yes, {place}.", True)
    assert office.actor(RITA).letters == []


def test_a_reply_to_the_comment_itself_is_private_too(small: World) -> None:
    comment = small.actor(RON).writes("ticket1-comment", "Is it insured?")
    assert brings(small, ROSA, [at("ticket1")], In_Reply_To=comment) == ["posted 1"]
    assert last(small, 1)[1]


# Forwarders, and the ways in


def test_a_queue_answers_whole_addresses_of_other_domains(office: World) -> None:
    office.answers_at("hello@openhatch.example")
    assert brings(office, EVE, ["hello@openhatch.example"]) == ["opened 3"]
    assert brings(office, EVE, [at("hello")], To="hello@openhatch.example, ticket3@tickets.example") == ["posted 3"]
    assert brings(office, RON, ["hello-comment@openhatch.example"], Subject="[General #1]") == ["posted 1"]
    assert last(office, 1)[1]


def test_a_mail_through_a_forwarder_is_recognized_by_its_envelope(small: World) -> None:
    forwarded = {
        "To": "hello@openhatch.example",
        "Delivered-To": "bountyarchive@rose.example",
        "Resent-From": "asheesh@rose.example",
        "Resent-To": at("hello"),
    }
    assert brings(small, EVE, [at("hello")], **forwarded) == ["opened 3"]
    assert small.ticket(3)["requestor"]["email"] == EVE
    assert small.ticket(3)["participants"] == []


@pytest.mark.parametrize(
    ("headers", "to"),
    [
        ("X-Original-To: hello@tickets.example\nDelivered-To: ticket1@tickets.example\n", ["hello@tickets.example"]),
        ("Delivered-To: pipe@host.example\nDelivered-To: hello@openhatch.example\n", ["hello@openhatch.example"]),
        ("Delivered-To: ticket1@tickets.example\nEnvelope-to: hello@tickets.example\n", ["hello@tickets.example"]),
        ("To: a@b.example, hello@openhatch.example\nCc: ticket1@tickets.example\n", None),
        ("Delivered-To: pipe@host.example\nTo: hello@tickets.example\n", ["hello@tickets.example"]),
    ],
)
def test_without_an_envelope_the_headers_of_the_last_servers_say_where_it_goes(
    small: World, headers: str, to: list[str] | None
) -> None:
    small.answers_at("hello@openhatch.example")
    raw = f"From: {EVE}\nSubject: Hi\n{headers}\nWords.\n".encode()
    assert small.intake.recipients(raw) == (to or ["hello@openhatch.example", at("ticket1")])


PIPES = {
    "Postfix": ({"ORIGINAL_RECIPIENT": "hello@tickets.example", "RECIPIENT": "root@host.example"}, "hello"),
    "Postfix, a ticket": (
        {"RECIPIENT": "ticket1@tickets.example", "LOCAL": "pipe", "DOMAIN": "host.example"},
        "ticket1",
    ),
    "Exim": ({"LOCAL_PART": "hello", "DOMAIN": "tickets.example", "LOGNAME": "tickets"}, "hello"),
    "qmail": ({"RECIPIENT": "hello@tickets.example", "LOCAL": "hello", "HOST": "tickets.example"}, "hello"),
    "qmail, virtual": (
        {"RECIPIENT": "info-ticket1@tickets.example", "EXT": "ticket1", "HOST": "tickets.example"},
        "ticket1",
    ),
}


@pytest.mark.parametrize(("environment", "to"), PIPES.values(), ids=PIPES)
def test_without_a_header_the_mail_servers_pipe_says_where_it_goes(
    small: World, environment: dict[str, str], to: str
) -> None:
    raw = b"From: ann@example.net\nTo: support@tickets.example\nSubject: Hi\n\nWords.\n"
    assert small.intake.recipients(raw, environment) == [at(to)]


def test_a_header_of_the_last_server_outweighs_its_environment(small: World) -> None:
    environment = {"RECIPIENT": "ticket1@tickets.example"}
    for header in ("X-Original-To", "Envelope-To", "Envelope-to", "Delivered-To"):
        raw = f"{header}: hello@tickets.example\nFrom: {EVE}\nSubject: Hi\n\nWords.\n".encode()
        assert small.intake.recipients(raw, environment) == [at("hello")]


@pytest.mark.parametrize(
    "environment", [{}, {"RECIPIENT": ""}, {"LOCAL": "", "DOMAIN": ""}, {"EXT": "x", "HOST": "y z"}]
)
def test_an_environment_that_says_nothing_leaves_it_to_the_headers(small: World, environment: dict[str, str]) -> None:
    raw = b"From: ann@example.net\nTo: support@tickets.example\nSubject: Hi\n\nWords.\n"
    assert small.intake.recipients(raw, environment) == [at("support")]


def test_an_address_that_another_queue_has_is_refused(small: World) -> None:
    with small.uow() as uow:
        for address in ("hello", at("support"), "QUESTIONS"):
            with pytest.raises(BadQueue, match="already"):
                add_queue(uow, f"Other {address}".replace("@", " at "), [address])


@pytest.mark.parametrize("scheme", ["smtp", "lmtp"])
def test_over_smtp_and_lmtp_alike(office: World, scheme: str) -> None:
    raw = f"From: {RON}\r\nTo: {at('ticket1')}\r\nMessage-ID: <x@y>\r\n\r\nBetween us.\r\n".encode()
    with office.serving(scheme), office.smtp() if scheme == "smtp" else office.lmtp() as client:
        assert client.sendmail(RON, [at("ticket1"), at("ticket1-comment")], raw) == {}
        # Over LMTP each recipient has a reply of its own; the standard library reads the first.
        assert scheme == "smtp" or client.getreply()[0] == 250
        letter = f"From: {RITA}\r\nTo: hello\r\nSubject: Two\r\nMessage-ID: <z@y>\r\n\r\nNew.\r\n".encode()
        assert client.sendmail(RITA, [at("hello"), at("support")], letter) == {}
        assert scheme == "smtp" or client.getreply()[0] == 250
    office.settle()
    assert last(office, 1) == ("Between us.", True)
    assert (len(office.ticket(1)["messages"]), len(office.rows(Ticket))) == (2, 3)
    assert office.actor(RITA).letters == []


# Who wrote


def test_an_alias_makes_two_addresses_one_person_whose_replies_count(small: World) -> None:
    small.actor(RON).replies(small.actor(RON).letters[0], "Pour water on it.")
    home = small.actor("rita@home.example")
    home.replies(small.actor(RITA).letter(), "It still burns.")
    assert last(small, 1) == ("It still burns.", True)
    with small.uow() as uow:
        add_alias(uow, RITA, "rita@home.example")
    home.replies(small.actor(RITA).letters[0], "It burns more.")
    assert last(small, 1) == ("It burns more.", False)
    assert small.ticket(1)["requestor"]["email"] == "rita@home.example"
