"""Claims about mail in somebody else's name: over real SMTP, in both lifecycles, it commands nothing."""

from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.queue_setup import remove_responder
from mail_tickets.model.records.queues import find_queue
from mail_tickets.model.records.received_mail import Delivery
from mail_tickets.model.records.registration import add_alias
from mail_tickets.model.records.tickets import Ticket
from mail_tickets.model.storage.unit_of_work import Trust
from mail_tickets.transport.outbound.errors import Unreachable
from tests.inbound.test_command_execution import AWAY, DONE, EVE, OTTO, PIA, RITA, RON, ROSA, Office, opened, quoted, to
from tests.support.world import DOMAIN, Letter

FRONT = "mx.example"
PASS = {"Authentication-Results": f"{FRONT}; dmarc=pass header.from=example.org"}
FAIL = {"Authentication-Results": f"{FRONT}; dmarc=fail header.from=example.org"}


@pytest.fixture(params=LIFECYCLES)
def office(request: pytest.FixtureRequest, database_url: str) -> Iterator[Office]:
    """An office of each lifecycle, on SQLite."""
    yield from opened(database_url, request.param)


@pytest.fixture(params=LIFECYCLES)
def every_office(request: pytest.FixtureRequest, any_database_url: str) -> Iterator[Office]:
    """An office of each lifecycle on each database."""
    yield from opened(any_database_url, request.param)


def trusts(office: Office, by: str, server: str | None = FRONT) -> None:
    office.world.database.trust = Trust(by, server)


def holds(office: Office, text: str = "Owner: me", **more: Any) -> bool:
    """Whether commands of a mail in Ron's name hold at once."""
    office.says(office.ron, text, **more)
    return office.ticket["assignee"] is not None


def waiting_letters(office: Office, email: str = RON) -> list[Letter]:
    return [
        letter
        for letter in office.world.far_end.letters
        if letter.recipient == email and "Before we change anything" in letter.text
    ]


# A stranger writes in a responder's name


def test_commands_in_a_responders_name_change_nothing_and_reach_only_the_responder(every_office: Office) -> None:
    office = every_office
    before = office.ticket
    lines = f"Owner: nobody\nQueue: Questions\nAddCc: {EVE}\nRequestor: {EVE}\nStatus: {AWAY[office.life.name]}"
    letters = office.says(office.ron, lines)
    assert office.ticket == before
    assert [letter.recipient for letter in letters] == [RON]
    assert letters[0].text.startswith(
        "Did you send this? We got an email from your address for ticket 1. Before we change anything, "
        "please confirm:\n\n"
        "    Owner: nobody\n    Queue: Questions\n"
    )
    assert "Was it you? Reply with the word yes. If not, reply no, or do nothing: it runs out after 7 days." in (
        " ".join(letters[0].text.split())
    )
    assert "with the word yes to carry out the lines above" in letters[0].footer


def test_words_in_a_responders_name_are_a_plain_reply_and_say_that_nothing_proves_it(office: Office) -> None:
    letters = office.says(office.ron, "Owner: me\n\nSend your password to eve@elsewhere.example.")
    note = "We couldn't check that Ron really sent this."
    assert (office.messages[-1]["verified"], office.ticket["assignee"]) == (False, None)
    # What the public reads casts no doubt on a colleague.
    for actor, is_told in ((office.rita, False), (office.rosa, True)):
        [letter] = to(letters, actor)
        assert (note in letter.text) == is_told
    assert note not in "".join(letter.text for letter in office.steers(office.ron, "I wrote that."))


def test_a_first_mail_in_a_responders_name_opens_a_ticket_without_its_commands(office: Office) -> None:
    letters = office.says(office.ron, f"Requestor: {RITA}\nOwner: Rosa\n\nPay at once.", to="hello", subject="Bill")
    ticket = office.world.ticket(2)
    assert (ticket["requestor"]["email"], ticket["assignee"], ticket["queue"]) == (RON, None, "General")
    assert to(letters, office.rita) == []
    assert "check that Ron really sent this" in to(letters, office.rosa)[0].text


def test_a_requestors_name_ends_no_ticket(office: Office) -> None:
    letters = office.says(office.rita, DONE[office.life.name])
    assert (office.status, [letter.recipient for letter in letters]) == (office.life.first, [RITA])


def test_letters_go_to_the_stored_address_whatever_the_mail_asks_for(office: Office) -> None:
    asks = {"Reply-To": EVE, "Return-Path": EVE, "Sender": EVE, "Disposition-Notification-To": EVE}
    for text in ("help", "list", "show", "Owner: me", "undo"):
        office.world.clock.passes(hours=2)
        raw = f"From: {RON}\r\nTo: ticket1@{DOMAIN}\r\nMessage-ID: <{text[:4]}@x>\r\n"
        raw += "".join(f"{name}: {value}\r\n" for name, value in asks.items()) + f"\r\n{text}\r\n"
        letters = office.since(
            lambda raw=raw: office.world.brings(raw.encode(), EVE, f"ticket1@{DOMAIN}")  # type: ignore[misc]
        )
        assert {letter.recipient for letter in letters} == {RON}, text


def test_what_they_ask_from_a_second_address_goes_to_the_stored_one(office: Office) -> None:
    with office.world.uow() as uow:
        add_alias(uow, RON, "ron@home.example")
    home = office.world.actor("ron@home.example")
    [waiting] = office.says(home, "Owner: me")
    assert waiting.recipient == RON
    home.replies(waiting, "yes")
    assert office.ticket["assignee"]["name"] == "Ron"


# What proves nothing


def altered(message_id: str, at: int) -> str:
    other = "0" if message_id[at] != "0" else "1"
    return message_id[:at] + other + message_id[at + 1 :]


@pytest.mark.parametrize("at", [1, 18, 49])
def test_an_altered_message_id_of_ours_proves_nothing(office: Office, at: int) -> None:
    real = office.ron.letters[0]["Message-ID"]
    assert real[at] in "0123456789abcdef"
    assert not holds(office, headers={"In-Reply-To": altered(real, at)})
    assert not holds(office, headers={"In-Reply-To": real.replace(DOMAIN, "elsewhere.example")})
    assert holds(office, headers={"In-Reply-To": real})


def test_a_guessed_message_id_of_ours_proves_nothing(office: Office) -> None:
    for guess in (f"<1@{DOMAIN}>", f"<{'0' * 16}.{'0' * 32}@{DOMAIN}>", "<>", "nonsense"):
        assert not holds(office, headers={"In-Reply-To": guess})


def test_the_message_id_of_a_message_proves_nothing(office: Office) -> None:
    office.world.act(1, "Comment", ROSA, "By command.")
    for message in office.messages:
        assert not holds(office, headers={"In-Reply-To": message["message_id"]})


@pytest.mark.parametrize("whose", ["rosa", "rita"])
def test_the_letter_of_somebody_else_proves_nothing(office: Office, whose: str) -> None:
    office.steers(office.ron, "Try water.")
    letter = getattr(office, whose).letter()
    office.since(lambda: office.ron.replies(letter, "Owner: me"))
    assert office.ticket["assignee"] is None
    assert "Did you send this?" in office.ron.letter().text


def test_a_letter_proves_nothing_where_it_is_not_the_nearest(office: Office) -> None:
    own = office.ron.letters[0]["Message-ID"]
    far = f"{own} <other@home.example>"
    assert not holds(office, headers={"References": far})
    stored = office.messages[0]["message_id"]
    assert not holds(office, headers={"In-Reply-To": stored, "References": own})
    # A client that writes no In-Reply-To names what it answers last.
    assert holds(office, headers={"References": f"<other@home.example> {own}"})


def test_a_letter_about_one_ticket_proves_nobody_on_another(office: Office) -> None:
    office.world.opens(OTTO, "Why?", queue="Questions")
    office.ron.writes("ticket2", "Owner: me", answering=office.ron.letters[0])
    assert office.world.ticket(2)["assignee"] is None


def a_page(office: Office, asks: str = "help") -> Letter:
    """A letter to Ron that is about no ticket."""
    return to(office.says(office.ron, asks, to="hello"), office.ron)[0]


def test_a_letter_about_no_ticket_proves_who_opens_one_and_nobody_on_a_ticket(every_office: Office) -> None:
    """It went to that very person. It leads to no ticket."""
    office = every_office
    letter = a_page(office)
    office.ron.writes("ticket1", "Owner: me", answering=letter)
    assert office.ticket["assignee"] is None
    office.ron.replies(letter, "Owner: me\n\nSomething else.")
    ticket = office.world.ticket(2)
    assert (ticket["assignee"]["email"], ticket["messages"][0]["verified"]) == (RON, True)
    assert len(office.messages) == 1


def test_a_page_proves_who_writes_on_the_ticket_that_it_was_asked_on(office: Office) -> None:
    office.world.opens(OTTO, "Another")
    [found] = to(office.says(office.ron, "", to="hello-search", subject="help"), office.ron)
    assert not holds(office, answering=found)
    for asks in ("list", "show 2", "help"):
        page = to(office.says(office.ron, asks), office.ron)[0]
        office.ron.writes("ticket2", "Owner: me", answering=page)
        assert office.world.ticket(2)["assignee"] is None
        assert holds(office, answering=page)
        assert not holds(office, "Owner: nobody", answering=page)


def test_a_letter_about_no_ticket_proves_nothing_for_somebody_else(office: Office) -> None:
    letter = a_page(office)
    office.rosa.writes("ticket1", "Owner: me", answering=letter)
    assert office.ticket["assignee"] is None
    assert "Did you send this?" in office.rosa.letter().text


@pytest.mark.parametrize("where", ["hello", "hello-search", "ticket1"])
@pytest.mark.parametrize("asks", ["help", "Hello all."])
def test_a_letter_about_no_ticket_that_others_saw_proves_nothing(office: Office, where: str, asks: str) -> None:
    letter = a_page(office)
    seen = {"To": f"{where}@{DOMAIN}", "Cc": f"Eve <{EVE}>"}
    office.says(office.ron, asks, to=where, answering=letter, headers=seen)
    assert not holds(office, answering=letter)


def test_a_mail_that_answers_a_letter_about_no_ticket_is_believed_once(office: Office) -> None:
    letter, same = a_page(office), {"Message-ID": "<once@home.example>"}
    office.says(office.ron, "show 1", to="hello", answering=letter, headers=same)
    assert not holds(office, answering=letter, headers=same)


def test_a_mail_that_answers_a_letter_about_no_ticket_releases_nothing(office: Office) -> None:
    """It answers no letter that lists lines, though it names one from further up."""
    letter = a_page(office)
    office.says(office.ron, "Owner: me")
    [listed] = waiting_letters(office)
    far = f"{listed['Message-ID']} {letter['Message-ID']}"
    office.says(office.ron, "yes", answering=letter, headers={"References": far})
    assert (office.ticket["assignee"], office.messages[-1]["text"]) == (None, "yes")
    office.ron.replies(listed, "yes")
    assert office.ticket["assignee"]["email"] == RON


def test_our_own_letter_about_no_ticket_that_comes_back_is_set_aside(office: Office) -> None:
    letter, before = a_page(office), len(office.world.rows(Ticket))
    raw = letter.raw.replace(b"hello@tickets.example>", b"ron@example.org>", 1)
    assert b"ron@example.org>" in raw.partition(b"To:")[0]
    office.world.brings(raw, RON, f"questions@{DOMAIN}")
    assert office.world.rows(Delivery.reason)[-1] == "it's an email of ours that came back"
    assert len(office.world.rows(Ticket)) == before


# Mail that was seen


def test_a_verified_mail_that_is_sent_again_elsewhere_has_no_commands(every_office: Office) -> None:
    office = every_office
    office.world.opens(OTTO, "Another")
    office.steers(office.ron, "Owner: me\nPriority: 1\n\nOn my way.")
    seen = office.raw(1, 2).encode()
    for recipient in (f"ticket2@{DOMAIN}", f"ticket2-comment@{DOMAIN}"):
        office.world.brings(seen, RON, recipient)
        ticket = office.world.ticket(2)
        assert (ticket["assignee"], ticket["priority"]) == (None, None)
    office.world.brings(seen, RON, f"questions@{DOMAIN}")
    assert all(not message["verified"] for message in office.world.ticket(2)["messages"])


def test_a_verified_mail_with_another_body_has_no_commands(every_office: Office) -> None:
    office = every_office
    office.steers(office.ron, "Owner: me\n\nOn my way.")
    forged = office.raw(1, 2).replace("Owner: me", f"Requestor: {EVE}").encode()
    office.world.brings(forged, RON, f"ticket1@{DOMAIN}")
    assert office.ticket["requestor"]["email"] == RITA
    assert office.messages[-1]["verified"] is False


def test_a_mail_that_the_front_server_vouched_for_is_believed_once(office: Office) -> None:
    trusts(office, "dmarc")
    office.world.opens(OTTO, "Another")
    office.says(office.ron, "Owner: me\n\nOn my way.", headers=PASS)
    assert office.ticket["assignee"]["email"] == RON
    office.world.brings(office.raw(1, 2).encode(), RON, f"ticket2@{DOMAIN}")
    assert office.world.ticket(2)["assignee"] is None


def test_a_mail_for_two_tickets_at_once_commands_the_one_whose_letter_it_answers(office: Office) -> None:
    office.world.opens(OTTO, "Another")
    raw = f"From: {RON}\r\nTo: ticket1@{DOMAIN}, ticket2@{DOMAIN}\r\nMessage-ID: <both@x>\r\nIn-Reply-To: "
    raw += f"{office.ron.letters[0]['Message-ID']}\r\n\r\nOwner: me\r\n"
    office.world.brings(raw.encode(), RON, f"ticket1@{DOMAIN}", f"ticket2@{DOMAIN}")
    assert office.world.ticket(1)["assignee"]["email"] == RON
    assert office.world.ticket(2)["assignee"] is None
    assert "Did you send this?" in office.ron.letter().text


# Who wrote


@pytest.mark.parametrize("trust", ["reply", "dmarc", "from"])
@pytest.mark.parametrize("author", [f"{RON}, {EVE}", f"{EVE}, {RON}"])
def test_with_two_addresses_in_from_there_are_no_commands(office: Office, trust: str, author: str) -> None:
    trusts(office, trust)
    own = office.ron.letters[0]["Message-ID"]
    letters = office.says(office.ron, "Owner: me", headers={"From": author, "In-Reply-To": own, **PASS})
    assert office.ticket["assignee"] is None
    assert office.messages[-1]["text"] == "Owner: me"
    assert waiting_letters(office) == []
    assert all(letter.recipient != EVE for letter in letters)


@pytest.mark.parametrize("trust", ["reply", "dmarc", "from"])
def test_without_from_the_sender_header_or_the_envelope_commands_nothing(office: Office, trust: str) -> None:
    trusts(office, trust)
    own = office.ron.letters[0]["Message-ID"]
    for number, headers in enumerate((f"Sender: {RON}\r\n", "")):
        raw = f"{headers}To: ticket1@{DOMAIN}\r\nIn-Reply-To: {own}\r\nMessage-ID: <{number}@x>\r\n\r\nOwner: me\r\n"
        office.world.brings(raw.encode(), RON, f"ticket1@{DOMAIN}")
        assert office.ticket["assignee"] is None


def test_without_from_an_answer_to_a_waiting_letter_carries_nothing_out(office: Office) -> None:
    office.says(office.ron, "Owner: me")
    [waiting] = waiting_letters(office)
    answers = f"To: ticket1@{DOMAIN}\r\nIn-Reply-To: {waiting['Message-ID']}\r\n"
    for number, sender in enumerate((f"Sender: {RON}\r\n", "")):
        raw = f"{sender}{answers}Message-ID: <{number}@x>\r\n\r\nyes\r\n"
        office.world.brings(raw.encode(), RON, f"ticket1@{DOMAIN}")
        assert office.ticket["assignee"] is None
    office.ron.replies(waiting, "yes")
    assert office.ticket["assignee"]["email"] == RON


@pytest.mark.parametrize("headers", [{"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}], ids=str)
@pytest.mark.parametrize("text", ["Owner: me", "undo", "show"])
def test_a_machines_mail_has_no_commands(office: Office, headers: dict[str, str], text: str) -> None:
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}")
    before, letters = office.status, len(office.ron.letters)
    office.ron.replies(office.ron.letter(), text, headers=headers)
    assert (office.ticket["assignee"], office.status, len(office.ron.letters)) == (None, before, letters)
    assert (office.messages[-1]["text"], office.messages[-1]["verified"]) == (text, False)


def test_a_machines_answer_to_a_waiting_letter_carries_nothing_out(office: Office) -> None:
    office.says(office.ron, "Owner: me")
    office.ron.replies(office.ron.letter(), "I am away.", headers={"Auto-Submitted": "auto-replied"})
    assert office.ticket["assignee"] is None
    office.ron.replies(waiting_letters(office)[0], "yes")
    assert office.ticket["assignee"]["email"] == RON


def test_spam_has_no_commands(office: Office) -> None:
    office.steers(office.ron, "Owner: me", headers={"X-Spam-Flag": "YES"})
    assert office.ticket["assignee"] is None


# The word of the front server


@pytest.mark.parametrize("trust", ["reply", "dmarc", "from"])
def test_a_pass_of_the_front_server_proves_who_wrote(office: Office, trust: str) -> None:
    trusts(office, trust)
    assert holds(office, "Owner: me\n\nOn my way.", headers=PASS)
    assert office.messages[-1]["verified"] is True


@pytest.mark.parametrize(
    "results",
    [
        f"{FRONT}; dmarc=pass header.from=elsewhere.example",
        f"{FRONT}; dmarc=pass header.from=sub.example.org",
        f"{FRONT}; dmarc=none header.from=example.org",
        f"{FRONT}; dkim=pass header.d=example.org",
        "other.example; dmarc=pass header.from=example.org",
        f"{FRONT}.evil.example; dmarc=pass header.from=example.org",
    ],
)
def test_another_word_proves_nothing(office: Office, results: str) -> None:
    trusts(office, "reply")
    assert not holds(office, headers={"Authentication-Results": results})


def test_without_a_front_server_its_header_is_anybodys(office: Office) -> None:
    assert not holds(office, headers=PASS)


@pytest.mark.parametrize("trust", ["reply", "dmarc"])
def test_only_the_topmost_header_of_the_front_server_counts(office: Office, trust: str) -> None:
    trusts(office, trust)
    raw = f"Authentication-Results: {FRONT}; dmarc=fail header.from=example.org\r\n"
    raw += f"Authentication-Results: {FRONT}; dmarc=pass header.from=example.org\r\n"
    raw += f"From: {RON}\r\nTo: ticket1@{DOMAIN}\r\nMessage-ID: <two@x>\r\n\r\nOwner: me\r\n"
    office.world.brings(raw.encode(), RON, f"ticket1@{DOMAIN}")
    assert office.ticket["assignee"] is None


@pytest.mark.parametrize("trust", ["reply", "dmarc"])
def test_what_the_front_server_disowns_has_no_commands_also_as_an_answer(office: Office, trust: str) -> None:
    trusts(office, trust)
    assert not holds(office, headers={"In-Reply-To": office.ron.letters[0]["Message-ID"], **FAIL})


def test_where_only_the_front_server_is_trusted_an_answer_proves_nothing(office: Office) -> None:
    trusts(office, "dmarc")
    office.steers(office.ron, "Owner: me")
    assert office.ticket["assignee"] is None
    office.ron.replies(waiting_letters(office)[0], "yes")
    assert office.ticket["assignee"] is None
    office.ron.replies(waiting_letters(office)[0], "yes", headers=PASS)
    assert office.ticket["assignee"]["email"] == RON


def test_where_from_is_believed_commands_hold_though_nothing_is_verified(office: Office) -> None:
    trusts(office, "from", None)
    letters = office.says(office.ron, "Owner: me\n\nOn my way.")
    assert office.ticket["assignee"]["email"] == RON
    assert office.messages[-1]["verified"] is False
    assert all("couldn't check" not in letter.text for letter in letters)
    office.says(office.ron, "undo")
    assert office.ticket["assignee"] is None


# Lines that wait


@pytest.mark.parametrize("answer", ["yes", "Yes.", "ok", "ja!"])
def test_an_answer_carries_out_what_waits_once_and_a_mere_yes_is_not_posted(every_office: Office, answer: str) -> None:
    office = every_office
    office.says(office.ron, "Owner: me\nPriority: 3")
    waiting = office.ron.letter()
    office.ron.replies(waiting, answer)
    assert (office.ticket["assignee"]["email"], office.ticket["priority"]) == (RON, 3)
    assert len(office.messages) == 1
    assert "Priority: none → 3" in office.ron.letter().text
    office.steers(office.rosa, "Owner: nobody")
    office.ron.replies(waiting, "And this?")
    assert office.ticket["assignee"] is None
    assert (office.messages[-1]["text"], office.messages[-1]["private"]) == ("And this?", True)


def test_a_yes_with_more_words_is_kept_as_a_private_note(office: Office) -> None:
    office.says(office.ron, "Owner: me")
    before = len(office.rita.letters)
    office.ron.replies(office.ron.letter(), "Yes, that was me.\n\nTry water.")
    assert (office.ticket["assignee"], office.messages[-1]["private"]) == (None, True)
    assert len(office.rita.letters) == before
    office.ron.replies(office.ron.letter(), "yes")
    assert office.ticket["assignee"]["email"] == RON


def test_an_answer_with_lines_of_its_own_is_a_mail_like_any_other(office: Office) -> None:
    office.says(office.ron, "Owner: me\nPriority: 1")
    asked = office.ron.letter()
    office.ron.replies(asked, "Priority: 2\nSubject: Fire")
    ticket = office.ticket
    assert (ticket["assignee"], ticket["priority"], ticket["title"]) == (None, 2, "Fire")
    assert "These lines still wait" in office.ron.letter().text
    office.ron.replies(asked, "yes")
    assert (office.ticket["assignee"]["email"], office.ticket["priority"]) == (RON, 2)


@pytest.mark.parametrize("who", ["rosa", "rita"])
def test_somebody_else_who_answers_carries_nothing_out(office: Office, who: str) -> None:
    office.says(office.ron, "Owner: me")
    waiting = office.ron.letter()
    getattr(office, who).replies(waiting, "yes")
    office.vouched(office.rosa, "yes", to="ticket1", answering=waiting)
    assert office.ticket["assignee"] is None
    office.ron.replies(waiting, "yes")
    assert office.ticket["assignee"]["email"] == RON


def test_an_answer_to_another_letter_carries_nothing_out(office: Office) -> None:
    office.says(office.ron, "Owner: me")
    office.ron.replies(office.ron.letters[0], "Try water.")
    assert office.ticket["assignee"] is None


@pytest.mark.parametrize(("days", "done"), [(6.9, True), (7.1, False)])
def test_lines_that_wait_lapse_after_a_week(office: Office, days: float, done: bool) -> None:
    office.says(office.ron, "Owner: me")
    office.world.clock.passes(days=days)
    office.ron.replies(waiting_letters(office)[0], "yes")
    assert (office.ticket["assignee"] is not None) == done
    assert len(office.messages) == 1
    assert ("more than a week ago" in office.ron.letter().text) == (not done)


def test_words_in_an_answer_that_came_too_late_are_a_private_note(office: Office) -> None:
    office.says(office.ron, "Owner: me")
    office.world.clock.passes(days=8)
    office.ron.replies(waiting_letters(office)[0], "Try water.")
    assert (office.ticket["assignee"], office.messages[-1]["text"]) == (None, "Try water.")
    assert office.messages[-1]["private"] is True


def test_who_sends_many_such_mails_makes_one_letter_an_hour(every_office: Office) -> None:
    office = every_office
    for number in range(5):
        office.says(office.ron, f"Priority: {number}" if number else "Owner: me")
    assert len(waiting_letters(office)) == 1
    office.world.clock.passes(minutes=61)
    office.world.settle()
    first, second = waiting_letters(office)
    assert "    Owner: me" in first.text
    # Of what can stand only once the last holds.
    assert second.text.count("Priority") == 1
    assert "    Priority: 4" in second.text
    office.ron.replies(first, "yes")
    assert office.ticket["assignee"]["email"] == RON


def test_what_was_collected_is_carried_out_by_an_answer_to_its_letter(office: Office) -> None:
    for line in ("Owner: me", "Priority: 1", f"AddCc: {PIA}", f"AddCc: {OTTO}"):
        office.says(office.ron, line)
    office.world.clock.passes(minutes=61)
    office.world.settle()
    office.ron.replies(waiting_letters(office)[1], "yes")
    ticket = office.ticket
    assert (ticket["assignee"], ticket["priority"], len(ticket["participants"])) == (None, 1, 2)


def test_each_person_and_each_ticket_has_such_a_letter_of_its_own(office: Office) -> None:
    office.world.opens(OTTO, "Another")
    for actor in (office.ron, office.rosa):
        for address in ("ticket1", "ticket2"):
            office.says(actor, "Priority: 1", to=address)
    assert len(waiting_letters(office, RON)) == len(waiting_letters(office, ROSA)) == 2


def test_undo_that_nothing_proves_is_not_done(office: Office) -> None:
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}")
    letters = office.says(office.ron, "undo")
    assert office.status == AWAY[office.life.name]
    assert [letter.recipient for letter in letters] == [RON]
    assert "    undo" in letters[0].text


def test_a_mail_in_html_in_a_responders_name_commands_nothing(office: Office) -> None:
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Message-ID"] = RON, f"ticket1@{DOMAIN}", "<html@x>"
    mail.set_content("<p>Owner: me</p>", subtype="html")
    office.world.brings(mail.as_bytes(), EVE, f"ticket1@{DOMAIN}")
    assert office.ticket["assignee"] is None
    assert len(waiting_letters(office)) == 1


# What went wrong once


def test_a_machine_releases_nothing_even_where_from_is_believed(office: Office) -> None:
    office.world.database.trust = Trust("from", "mx.example")
    disowned = {"Authentication-Results": "mx.example; dmarc=fail header.from=example.org"}
    office.says(office.ron, f"Requestor: {EVE}", headers=disowned)
    [asked] = waiting_letters(office)
    office.ron.replies(asked, "I am away.", headers={"Auto-Submitted": "auto-replied"})
    assert office.ticket["requestor"]["email"] == RITA


@pytest.mark.parametrize("denial", ["No!", "That wasn\u2019t me.", "Nein danke"])
def test_an_answer_that_says_no_drops_what_waits(office: Office, denial: str) -> None:
    office.says(office.ron, "Owner: me")
    [asked] = waiting_letters(office)
    letters = office.since(lambda: office.ron.replies(asked, denial))
    assert office.ticket["assignee"] is None
    assert "OK, we changed nothing" in to(letters, office.ron)[0].text
    assert len(office.messages) == 1
    assert to(letters, office.rita) == []
    office.ron.replies(asked, "yes")
    assert office.ticket["assignee"] is None


def test_what_was_joined_is_carried_out_or_refused_line_by_line(office: Office) -> None:
    office.says(office.ron, "Owner: me")
    office.says(office.ron, "Priority: 1\nFoo: bar")
    office.says(office.ron, "Priority: 2")
    office.world.clock.passes(minutes=61)
    office.world.settle()
    letters = office.since(lambda: office.ron.replies(waiting_letters(office)[1], "yes"))
    assert 'There\'s no command "Foo"' in to(letters, office.ron)[0].text


def test_a_long_line_waits_whole(office: Office) -> None:
    people = [f"person{number}@averylongdomainname.example" for number in range(19)]
    office.says(office.ron, f"AddCc: {', '.join(people)}")
    office.ron.replies(waiting_letters(office)[0], "yes")
    assert sorted(one["email"] for one in office.ticket["participants"]) == sorted(people)


def test_an_undo_that_waits_goes_on_waiting_when_its_answer_has_lines_of_its_own(office: Office) -> None:
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}")
    office.says(office.ron, "undo")
    office.ron.replies(waiting_letters(office)[0], "Priority: 7")
    assert (office.status, office.ticket["priority"]) == (AWAY[office.life.name], 7)
    assert "    undo" in office.ron.letter().text


def test_whoever_is_no_responder_any_more_when_they_answer_is_refused(office: Office) -> None:
    """What waited is carried out by somebody who by now may command nothing."""
    office.says(office.ron, "Priority: 1")
    with office.world.uow() as uow:
        remove_responder(uow, find_queue(uow, "General"), get_person(uow, RON))
    office.ron.replies(waiting_letters(office)[0], "yes")
    assert office.ticket["priority"] is None


@pytest.mark.parametrize(("words", "assignee"), [("", None), ("yes", RON)])
def test_an_answer_with_nothing_but_what_its_client_quotes_is_not_posted(
    office: Office, words: str, assignee: str | None
) -> None:
    """An empty answer posts the quoted letter, with the lines that waited, to the requestor."""
    office.says(office.ron, "Owner: me")
    waiting = office.ron.letter()
    letters = office.since(lambda: office.ron.replies(waiting, f"{words}\n\n{quoted(waiting)}"))
    assert (office.ticket["assignee"] or {}).get("email") == assignee
    assert len(office.messages) == 1
    assert to(letters, office.rita) == []


def test_an_undo_that_was_collected_with_other_lines_is_not_lost(office: Office) -> None:
    """`undo` is no line `Name: value`, and stands in a letter of its own."""
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}")
    for text in ("Priority: 1", "Priority: 2", "undo", "Subject: Fire"):
        office.says(office.ron, text)
    office.world.clock.passes(minutes=61)
    office.world.settle()
    letters = office.since(lambda: office.ron.replies(waiting_letters(office)[-1], "yes"))
    assert office.ticket["title"] == "Fire"
    assert len(to(letters, office.ron)) == 1
    # The wish to take something back has a letter of its own, and something else has happened since.
    office.world.clock.passes(minutes=60)
    office.world.settle()
    asked = waiting_letters(office)[-1]
    assert "\n    undo\n" in asked.text
    [told] = to(office.since(lambda: office.ron.replies(asked, "yes")), office.ron)
    assert "We couldn't undo that" in told.text


def test_of_two_collected_lines_that_can_stand_only_once_the_later_holds(office: Office) -> None:
    """Two mails were each fine: neither is refused because of the other."""
    for text in ("Owner: me", "Priority: 1", "Priority: 2"):
        office.says(office.ron, text)
    office.world.clock.passes(minutes=61)
    office.world.settle()
    office.ron.replies(waiting_letters(office)[-1], "yes")
    assert office.ticket["priority"] == 2


def test_an_hour_lies_between_two_such_letters_also_after_a_collected_one(office: Office) -> None:
    """The hour is counted from when lines were collected, not from when their letter went: two in some minutes."""
    office.says(office.ron, "Owner: me")
    office.world.clock.passes(minutes=1)
    office.says(office.ron, "Priority: 1")
    office.world.clock.passes(minutes=60)
    office.world.settle()
    assert len(waiting_letters(office)) == 2
    office.world.clock.passes(minutes=1)
    office.says(office.ron, "Priority: 2")
    assert len(waiting_letters(office)) == 2


def test_undo_with_words_that_nothing_proves_can_be_confirmed(office: Office) -> None:
    """Its own words are posted at once, and then are what "has happened since"."""
    office.steers(office.ron, f"Status: {AWAY[office.life.name]}")
    office.says(office.ron, "undo\n\nI meant another one.")
    office.ron.replies(waiting_letters(office)[0], "yes")
    assert office.status == office.life.first


@pytest.mark.parametrize("when", ["in hand", "put off"])
def test_a_letter_that_may_have_arrived_can_be_answered_whatever_comes_meanwhile(
    every_office: Office, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """What waits for its hour is written anew with more lines; what a courier has touched is not."""
    office, world = every_office, every_office.world
    more = f"From: {RON}\r\nTo: ticket1@{DOMAIN}\r\nMessage-ID: <more@home.example>\r\n\r\nPriority: 1\r\n"
    taken = world.far_end.deliver

    def comes() -> None:
        world.intake.receive(more.encode(), RON, [f"ticket1@{DOMAIN}"])

    def deliver(message: Any, To: str, From: str) -> None:  # noqa: N803 - Salmon's names
        taken(message, To, From)
        monkeypatch.setattr(world.far_end, "deliver", taken)
        if when == "put off":
            raise Unreachable("the relay hung up", in_doubt=True)
        comes()

    monkeypatch.setattr(world.far_end, "deliver", deliver)
    office.says(office.ron, "Owner: me")
    if when == "put off":
        comes()
    [waiting] = waiting_letters(office)
    office.ron.replies(waiting, "yes")
    assert office.ticket["assignee"]["email"] == RON
    world.clock.passes(minutes=61)
    world.settle()
    office.ron.replies(waiting_letters(office)[-1], "yes")
    assert office.ticket["priority"] == 1


@pytest.mark.parametrize("meant", ["a change", "nothing"])
def test_an_undo_that_waited_takes_back_no_later_change(office: Office, meant: str) -> None:
    """Also none of the same person's: the letter that is answered did not speak of it."""
    if meant == "nothing":
        office.says(office.rita, "undo")
    office.steers(office.ron, "Try water.")
    if office.life.name == "correspondence":
        office.steers(office.ron, "Status: resolved\n\nThis must be it.")
    if meant == "a change":
        office.says(office.rita, "undo")
    [waiting] = waiting_letters(office, RITA)
    office.rita.writes("ticket1", "It burns again.")
    assert office.status in ("Open", "open")
    letters = office.since(lambda: office.rita.replies(waiting, "yes"))
    assert "Something else has happened on ticket" in to(letters, office.rita)[0].text
    assert office.status in ("Open", "open")
