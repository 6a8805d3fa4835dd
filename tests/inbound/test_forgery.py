"""Claims about mail in somebody else's name: in both lifecycles, it commands nothing."""

from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.queue_setup import remove_responder
from mail_tickets.model.records.queues import find_queue
from mail_tickets.model.records.received_mail import Delivery
from mail_tickets.model.records.registration import add_alias
from mail_tickets.model.records.tickets import Ticket
from mail_tickets.model.storage.unit_of_work import Trust
from mail_tickets.transport.outbound.errors import Unreachable
from tests.support.staffed_world import AWAY, DONE, EVE, OTTO, PIA, RITA, RON, ROSA, StaffedWorld, quoted, to
from tests.support.world import DOMAIN, Letter

FRONT = "mx.example"
PASS = {"Authentication-Results": f"{FRONT}; dmarc=pass header.from=example.org"}
FAIL = {"Authentication-Results": f"{FRONT}; dmarc=fail header.from=example.org"}


def trusts(team: StaffedWorld, by: str, server: str | None = FRONT) -> None:
    team.world.database.trust = Trust(by, server)


def holds(team: StaffedWorld, text: str = "Owner: me", **more: Any) -> bool:
    """Whether commands of a mail in Ron's name hold at once."""
    team.says(team.ron, text, **more)
    return team.ticket["assignee"] is not None


def waiting_letters(team: StaffedWorld, email: str = RON) -> list[Letter]:
    return [
        letter
        for letter in team.world.far_end.letters
        if letter.recipient == email and "Before we change anything" in letter.text
    ]


# A stranger writes in a responder's name


def test_commands_in_a_responders_name_change_nothing_and_reach_only_the_responder(every_team: StaffedWorld) -> None:
    team = every_team
    before = team.ticket
    lines = f"Owner: nobody\nQueue: Questions\nAddCc: {EVE}\nRequestor: {EVE}\nStatus: {AWAY[team.life.name]}"
    letters = team.says(team.ron, lines)
    assert team.ticket == before
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


def test_words_in_a_responders_name_are_a_plain_reply_and_say_that_nothing_proves_it(team: StaffedWorld) -> None:
    letters = team.says(team.ron, "Owner: me\n\nSend your password to eve@elsewhere.example.")
    note = "We couldn't check that Ron really sent this."
    assert (team.messages[-1]["verified"], team.ticket["assignee"]) == (False, None)
    # What the public reads casts no doubt on a colleague.
    for actor, is_told in ((team.rita, False), (team.rosa, True)):
        [letter] = to(letters, actor)
        assert (note in letter.text) == is_told
    assert note not in "".join(letter.text for letter in team.steers(team.ron, "I wrote that."))


def test_a_first_mail_in_a_responders_name_opens_a_ticket_without_its_commands(team: StaffedWorld) -> None:
    letters = team.says(team.ron, f"Requestor: {RITA}\nOwner: Rosa\n\nPay at once.", to="hello", subject="Bill")
    ticket = team.world.ticket(2)
    assert (ticket["requestor"]["email"], ticket["assignee"], ticket["queue"]) == (RON, None, "General")
    assert to(letters, team.rita) == []
    assert "check that Ron really sent this" in to(letters, team.rosa)[0].text


def test_a_requestors_name_ends_no_ticket(team: StaffedWorld) -> None:
    letters = team.says(team.rita, DONE[team.life.name])
    assert (team.status, [letter.recipient for letter in letters]) == (team.life.first, [RITA])


def test_letters_go_to_the_stored_address_whatever_the_mail_asks_for(team: StaffedWorld) -> None:
    asks = {"Reply-To": EVE, "Return-Path": EVE, "Sender": EVE, "Disposition-Notification-To": EVE}
    for text in ("help", "list", "show", "Owner: me", "undo"):
        team.world.clock.passes(hours=2)
        raw = f"From: {RON}\r\nTo: ticket1@{DOMAIN}\r\nMessage-ID: <{text[:4]}@x>\r\n"
        raw += "".join(f"{name}: {value}\r\n" for name, value in asks.items()) + f"\r\n{text}\r\n"
        letters = team.since(
            lambda raw=raw: team.world.brings(raw.encode(), EVE, f"ticket1@{DOMAIN}")  # type: ignore[misc]
        )
        assert {letter.recipient for letter in letters} == {RON}, text


def test_what_they_ask_from_a_second_address_goes_to_the_stored_one(team: StaffedWorld) -> None:
    with team.world.uow() as uow:
        add_alias(uow, RON, "ron@home.example")
    home = team.world.actor("ron@home.example")
    [waiting] = team.says(home, "Owner: me")
    assert waiting.recipient == RON
    home.replies(waiting, "yes")
    assert team.ticket["assignee"]["name"] == "Ron"


# What proves nothing


def altered(message_id: str, at: int) -> str:
    digit = "0" if message_id[at] != "0" else "1"
    return message_id[:at] + digit + message_id[at + 1 :]


@pytest.mark.parametrize("at", [1, 18, 49])
def test_an_altered_message_id_of_ours_proves_nothing(team: StaffedWorld, at: int) -> None:
    real = team.ron.letters[0]["Message-ID"]
    assert real[at] in "0123456789abcdef"
    assert not holds(team, headers={"In-Reply-To": altered(real, at)})
    assert not holds(team, headers={"In-Reply-To": real.replace(DOMAIN, "elsewhere.example")})
    assert holds(team, headers={"In-Reply-To": real})


def test_a_guessed_message_id_of_ours_proves_nothing(team: StaffedWorld) -> None:
    for guess in (f"<1@{DOMAIN}>", f"<{'0' * 16}.{'0' * 32}@{DOMAIN}>", "<>", "nonsense"):
        assert not holds(team, headers={"In-Reply-To": guess})


def test_the_message_id_of_a_message_proves_nothing(team: StaffedWorld) -> None:
    team.world.act(1, "Comment", ROSA, "By command.")
    for message in team.messages:
        assert not holds(team, headers={"In-Reply-To": message["message_id"]})


@pytest.mark.parametrize("name", ["rosa", "rita"])
def test_the_letter_of_somebody_else_proves_nothing(team: StaffedWorld, name: str) -> None:
    team.steers(team.ron, "Try water.")
    letter = getattr(team, name).letter()
    team.since(lambda: team.ron.replies(letter, "Owner: me"))
    assert team.ticket["assignee"] is None
    assert "Did you send this?" in team.ron.letter().text


def test_a_letter_proves_nothing_where_it_is_not_the_nearest(team: StaffedWorld) -> None:
    own = team.ron.letters[0]["Message-ID"]
    far = f"{own} <other@home.example>"
    assert not holds(team, headers={"References": far})
    stored = team.messages[0]["message_id"]
    assert not holds(team, headers={"In-Reply-To": stored, "References": own})
    # A client that writes no In-Reply-To names what it answers last.
    assert holds(team, headers={"References": f"<other@home.example> {own}"})


def test_a_letter_about_one_ticket_proves_nobody_on_another(team: StaffedWorld) -> None:
    team.world.opens(OTTO, "Why?", queue="Questions")
    team.ron.writes("ticket2", "Owner: me", answering=team.ron.letters[0])
    assert team.world.ticket(2)["assignee"] is None


def a_page(team: StaffedWorld, asks: str = "help") -> Letter:
    """A letter to Ron that is about no ticket."""
    return to(team.says(team.ron, asks, to="hello"), team.ron)[0]


def test_a_letter_about_no_ticket_proves_who_opens_one_and_nobody_on_a_ticket(every_team: StaffedWorld) -> None:
    """It went to that very person. It leads to no ticket."""
    team = every_team
    letter = a_page(team)
    team.ron.writes("ticket1", "Owner: me", answering=letter)
    assert team.ticket["assignee"] is None
    team.ron.replies(letter, "Owner: me\n\nSomething else.")
    ticket = team.world.ticket(2)
    assert (ticket["assignee"]["email"], ticket["messages"][0]["verified"]) == (RON, True)
    assert len(team.messages) == 1


def test_a_page_proves_who_writes_on_the_ticket_that_it_was_asked_on(team: StaffedWorld) -> None:
    team.world.opens(OTTO, "Another")
    [hits] = to(team.says(team.ron, "", to="hello-search", subject="help"), team.ron)
    assert not holds(team, answering=hits)
    for asks in ("list", "show 2", "help"):
        page = to(team.says(team.ron, asks), team.ron)[0]
        team.ron.writes("ticket2", "Owner: me", answering=page)
        assert team.world.ticket(2)["assignee"] is None
        assert holds(team, answering=page)
        assert not holds(team, "Owner: nobody", answering=page)


def test_a_letter_about_no_ticket_proves_nothing_for_somebody_else(team: StaffedWorld) -> None:
    letter = a_page(team)
    team.rosa.writes("ticket1", "Owner: me", answering=letter)
    assert team.ticket["assignee"] is None
    assert "Did you send this?" in team.rosa.letter().text


@pytest.mark.parametrize("where", ["hello", "hello-search", "ticket1"])
@pytest.mark.parametrize("asks", ["help", "Hello all."])
def test_a_letter_about_no_ticket_that_others_saw_proves_nothing(team: StaffedWorld, where: str, asks: str) -> None:
    letter = a_page(team)
    headers = {"To": f"{where}@{DOMAIN}", "Cc": f"Eve <{EVE}>"}
    team.says(team.ron, asks, to=where, answering=letter, headers=headers)
    assert not holds(team, answering=letter)


def test_a_mail_that_answers_a_letter_about_no_ticket_is_believed_once(team: StaffedWorld) -> None:
    letter, same = a_page(team), {"Message-ID": "<once@home.example>"}
    team.says(team.ron, "show 1", to="hello", answering=letter, headers=same)
    assert not holds(team, answering=letter, headers=same)


def test_a_mail_that_answers_a_letter_about_no_ticket_releases_nothing(team: StaffedWorld) -> None:
    """It answers no letter that lists lines, though it names one from further up."""
    letter = a_page(team)
    team.says(team.ron, "Owner: me")
    [listed] = waiting_letters(team)
    far = f"{listed['Message-ID']} {letter['Message-ID']}"
    team.says(team.ron, "yes", answering=letter, headers={"References": far})
    assert (team.ticket["assignee"], team.messages[-1]["text"]) == (None, "yes")
    team.ron.replies(listed, "yes")
    assert team.ticket["assignee"]["email"] == RON


def test_our_own_letter_about_no_ticket_that_comes_back_is_set_aside(team: StaffedWorld) -> None:
    letter, before = a_page(team), len(team.world.rows(Ticket))
    raw = letter.raw.replace(b"hello@tickets.example>", b"ron@example.org>", 1)
    assert b"ron@example.org>" in raw.partition(b"To:")[0]
    team.world.brings(raw, RON, f"questions@{DOMAIN}")
    assert team.world.rows(Delivery.reason)[-1] == "it's an email of ours that came back"
    assert len(team.world.rows(Ticket)) == before


# Mail that was seen


def test_a_verified_mail_that_is_sent_again_elsewhere_has_no_commands(every_team: StaffedWorld) -> None:
    team = every_team
    team.world.opens(OTTO, "Another")
    team.steers(team.ron, "Owner: me\nPriority: 1\n\nOn my way.")
    raw = team.raw(1, 2).encode()
    for recipient in (f"ticket2@{DOMAIN}", f"ticket2-comment@{DOMAIN}"):
        team.world.brings(raw, RON, recipient)
        ticket = team.world.ticket(2)
        assert (ticket["assignee"], ticket["priority"]) == (None, None)
    team.world.brings(raw, RON, f"questions@{DOMAIN}")
    assert all(not message["verified"] for message in team.world.ticket(2)["messages"])


def test_a_verified_mail_with_another_body_has_no_commands(every_team: StaffedWorld) -> None:
    team = every_team
    team.steers(team.ron, "Owner: me\n\nOn my way.")
    forged = team.raw(1, 2).replace("Owner: me", f"Requestor: {EVE}").encode()
    team.world.brings(forged, RON, f"ticket1@{DOMAIN}")
    assert team.ticket["requestor"]["email"] == RITA
    assert team.messages[-1]["verified"] is False


def test_a_mail_that_the_front_server_vouched_for_is_believed_once(team: StaffedWorld) -> None:
    trusts(team, "dmarc")
    team.world.opens(OTTO, "Another")
    team.says(team.ron, "Owner: me\n\nOn my way.", headers=PASS)
    assert team.ticket["assignee"]["email"] == RON
    team.world.brings(team.raw(1, 2).encode(), RON, f"ticket2@{DOMAIN}")
    assert team.world.ticket(2)["assignee"] is None


def test_a_mail_for_two_tickets_at_once_commands_the_one_whose_letter_it_answers(team: StaffedWorld) -> None:
    team.world.opens(OTTO, "Another")
    raw = f"From: {RON}\r\nTo: ticket1@{DOMAIN}, ticket2@{DOMAIN}\r\nMessage-ID: <both@x>\r\nIn-Reply-To: "
    raw += f"{team.ron.letters[0]['Message-ID']}\r\n\r\nOwner: me\r\n"
    team.world.brings(raw.encode(), RON, f"ticket1@{DOMAIN}", f"ticket2@{DOMAIN}")
    assert team.world.ticket(1)["assignee"]["email"] == RON
    assert team.world.ticket(2)["assignee"] is None
    assert "Did you send this?" in team.ron.letter().text


# Who wrote


@pytest.mark.parametrize("trust", ["reply", "dmarc", "from"])
@pytest.mark.parametrize("author", [f"{RON}, {EVE}", f"{EVE}, {RON}"])
def test_with_two_addresses_in_from_there_are_no_commands(team: StaffedWorld, trust: str, author: str) -> None:
    trusts(team, trust)
    own = team.ron.letters[0]["Message-ID"]
    letters = team.says(team.ron, "Owner: me", headers={"From": author, "In-Reply-To": own, **PASS})
    assert team.ticket["assignee"] is None
    assert team.messages[-1]["text"] == "Owner: me"
    assert waiting_letters(team) == []
    assert all(letter.recipient != EVE for letter in letters)


@pytest.mark.parametrize("trust", ["reply", "dmarc", "from"])
def test_without_from_the_sender_header_or_the_envelope_commands_nothing(team: StaffedWorld, trust: str) -> None:
    trusts(team, trust)
    own = team.ron.letters[0]["Message-ID"]
    for number, headers in enumerate((f"Sender: {RON}\r\n", "")):
        raw = f"{headers}To: ticket1@{DOMAIN}\r\nIn-Reply-To: {own}\r\nMessage-ID: <{number}@x>\r\n\r\nOwner: me\r\n"
        team.world.brings(raw.encode(), RON, f"ticket1@{DOMAIN}")
        assert team.ticket["assignee"] is None


def test_without_from_an_answer_to_a_waiting_letter_carries_nothing_out(team: StaffedWorld) -> None:
    team.says(team.ron, "Owner: me")
    [waiting] = waiting_letters(team)
    answers = f"To: ticket1@{DOMAIN}\r\nIn-Reply-To: {waiting['Message-ID']}\r\n"
    for number, sender in enumerate((f"Sender: {RON}\r\n", "")):
        raw = f"{sender}{answers}Message-ID: <{number}@x>\r\n\r\nyes\r\n"
        team.world.brings(raw.encode(), RON, f"ticket1@{DOMAIN}")
        assert team.ticket["assignee"] is None
    team.ron.replies(waiting, "yes")
    assert team.ticket["assignee"]["email"] == RON


@pytest.mark.parametrize("headers", [{"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}], ids=str)
@pytest.mark.parametrize("text", ["Owner: me", "undo", "show"])
def test_a_machines_mail_has_no_commands(team: StaffedWorld, headers: dict[str, str], text: str) -> None:
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}")
    before, letters = team.status, len(team.ron.letters)
    team.ron.replies(team.ron.letter(), text, headers=headers)
    assert (team.ticket["assignee"], team.status, len(team.ron.letters)) == (None, before, letters)
    assert (team.messages[-1]["text"], team.messages[-1]["verified"]) == (text, False)


def test_a_machines_answer_to_a_waiting_letter_carries_nothing_out(team: StaffedWorld) -> None:
    team.says(team.ron, "Owner: me")
    team.ron.replies(team.ron.letter(), "I am away.", headers={"Auto-Submitted": "auto-replied"})
    assert team.ticket["assignee"] is None
    team.ron.replies(waiting_letters(team)[0], "yes")
    assert team.ticket["assignee"]["email"] == RON


def test_spam_has_no_commands(team: StaffedWorld) -> None:
    team.steers(team.ron, "Owner: me", headers={"X-Spam-Flag": "YES"})
    assert team.ticket["assignee"] is None


# The word of the front server


@pytest.mark.parametrize("trust", ["reply", "dmarc", "from"])
def test_a_pass_of_the_front_server_proves_who_wrote(team: StaffedWorld, trust: str) -> None:
    trusts(team, trust)
    assert holds(team, "Owner: me\n\nOn my way.", headers=PASS)
    assert team.messages[-1]["verified"] is True


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
def test_another_word_proves_nothing(team: StaffedWorld, results: str) -> None:
    trusts(team, "reply")
    assert not holds(team, headers={"Authentication-Results": results})


def test_without_a_front_server_its_header_is_anybodys(team: StaffedWorld) -> None:
    assert not holds(team, headers=PASS)


@pytest.mark.parametrize("trust", ["reply", "dmarc"])
def test_only_the_topmost_header_of_the_front_server_counts(team: StaffedWorld, trust: str) -> None:
    trusts(team, trust)
    raw = f"Authentication-Results: {FRONT}; dmarc=fail header.from=example.org\r\n"
    raw += f"Authentication-Results: {FRONT}; dmarc=pass header.from=example.org\r\n"
    raw += f"From: {RON}\r\nTo: ticket1@{DOMAIN}\r\nMessage-ID: <two@x>\r\n\r\nOwner: me\r\n"
    team.world.brings(raw.encode(), RON, f"ticket1@{DOMAIN}")
    assert team.ticket["assignee"] is None


@pytest.mark.parametrize("trust", ["reply", "dmarc"])
def test_what_the_front_server_disowns_has_no_commands_also_as_an_answer(team: StaffedWorld, trust: str) -> None:
    trusts(team, trust)
    assert not holds(team, headers={"In-Reply-To": team.ron.letters[0]["Message-ID"], **FAIL})


def test_where_only_the_front_server_is_trusted_an_answer_proves_nothing(team: StaffedWorld) -> None:
    trusts(team, "dmarc")
    team.steers(team.ron, "Owner: me")
    assert team.ticket["assignee"] is None
    team.ron.replies(waiting_letters(team)[0], "yes")
    assert team.ticket["assignee"] is None
    team.ron.replies(waiting_letters(team)[0], "yes", headers=PASS)
    assert team.ticket["assignee"]["email"] == RON


def test_where_from_is_believed_commands_hold_though_nothing_is_verified(team: StaffedWorld) -> None:
    trusts(team, "from", None)
    letters = team.says(team.ron, "Owner: me\n\nOn my way.")
    assert team.ticket["assignee"]["email"] == RON
    assert team.messages[-1]["verified"] is False
    assert all("couldn't check" not in letter.text for letter in letters)
    team.says(team.ron, "undo")
    assert team.ticket["assignee"] is None


# Lines that wait


@pytest.mark.parametrize("answer", ["yes", "Yes.", "ok", "ja!"])
def test_an_answer_carries_out_what_waits_once_and_a_mere_yes_is_not_posted(
    every_team: StaffedWorld, answer: str
) -> None:
    team = every_team
    team.says(team.ron, "Owner: me\nPriority: 3")
    waiting = team.ron.letter()
    team.ron.replies(waiting, answer)
    assert (team.ticket["assignee"]["email"], team.ticket["priority"]) == (RON, 3)
    assert len(team.messages) == 1
    assert "Priority: none → 3" in team.ron.letter().text
    team.steers(team.rosa, "Owner: nobody")
    team.ron.replies(waiting, "And this?")
    assert team.ticket["assignee"] is None
    assert (team.messages[-1]["text"], team.messages[-1]["private"]) == ("And this?", True)


def test_a_yes_with_more_words_is_kept_as_a_private_note(team: StaffedWorld) -> None:
    team.says(team.ron, "Owner: me")
    before = len(team.rita.letters)
    team.ron.replies(team.ron.letter(), "Yes, that was me.\n\nTry water.")
    assert (team.ticket["assignee"], team.messages[-1]["private"]) == (None, True)
    assert len(team.rita.letters) == before
    team.ron.replies(team.ron.letter(), "yes")
    assert team.ticket["assignee"]["email"] == RON


def test_an_answer_with_lines_of_its_own_is_a_mail_like_any_other(team: StaffedWorld) -> None:
    team.says(team.ron, "Owner: me\nPriority: 1")
    question = team.ron.letter()
    team.ron.replies(question, "Priority: 2\nSubject: Fire")
    ticket = team.ticket
    assert (ticket["assignee"], ticket["priority"], ticket["title"]) == (None, 2, "Fire")
    assert "These lines still wait" in team.ron.letter().text
    team.ron.replies(question, "yes")
    assert (team.ticket["assignee"]["email"], team.ticket["priority"]) == (RON, 2)


@pytest.mark.parametrize("who", ["rosa", "rita"])
def test_somebody_else_who_answers_carries_nothing_out(team: StaffedWorld, who: str) -> None:
    team.says(team.ron, "Owner: me")
    waiting = team.ron.letter()
    getattr(team, who).replies(waiting, "yes")
    team.vouched(team.rosa, "yes", to="ticket1", answering=waiting)
    assert team.ticket["assignee"] is None
    team.ron.replies(waiting, "yes")
    assert team.ticket["assignee"]["email"] == RON


def test_an_answer_to_another_letter_carries_nothing_out(team: StaffedWorld) -> None:
    team.says(team.ron, "Owner: me")
    team.ron.replies(team.ron.letters[0], "Try water.")
    assert team.ticket["assignee"] is None


@pytest.mark.parametrize(("days", "carried_out"), [(6.9, True), (7.1, False)])
def test_lines_that_wait_lapse_after_a_week(team: StaffedWorld, days: float, carried_out: bool) -> None:
    team.says(team.ron, "Owner: me")
    team.world.clock.passes(days=days)
    team.ron.replies(waiting_letters(team)[0], "yes")
    assert (team.ticket["assignee"] is not None) == carried_out
    assert len(team.messages) == 1
    assert ("more than a week ago" in team.ron.letter().text) == (not carried_out)


def test_words_in_an_answer_that_came_too_late_are_a_private_note(team: StaffedWorld) -> None:
    team.says(team.ron, "Owner: me")
    team.world.clock.passes(days=8)
    team.ron.replies(waiting_letters(team)[0], "Try water.")
    assert (team.ticket["assignee"], team.messages[-1]["text"]) == (None, "Try water.")
    assert team.messages[-1]["private"] is True


def test_who_sends_many_such_mails_makes_one_letter_an_hour(every_team: StaffedWorld) -> None:
    team = every_team
    for number in range(5):
        team.says(team.ron, f"Priority: {number}" if number else "Owner: me")
    assert len(waiting_letters(team)) == 1
    team.world.clock.passes(minutes=61)
    team.world.settle()
    first, second = waiting_letters(team)
    assert "    Owner: me" in first.text
    # Of what can stand only once the last holds.
    assert second.text.count("Priority") == 1
    assert "    Priority: 4" in second.text
    team.ron.replies(first, "yes")
    assert team.ticket["assignee"]["email"] == RON


def test_what_was_collected_is_carried_out_by_an_answer_to_its_letter(team: StaffedWorld) -> None:
    for line in ("Owner: me", "Priority: 1", f"AddCc: {PIA}", f"AddCc: {OTTO}"):
        team.says(team.ron, line)
    team.world.clock.passes(minutes=61)
    team.world.settle()
    team.ron.replies(waiting_letters(team)[1], "yes")
    ticket = team.ticket
    assert (ticket["assignee"], ticket["priority"], len(ticket["participants"])) == (None, 1, 2)


def test_each_person_and_each_ticket_has_such_a_letter_of_its_own(team: StaffedWorld) -> None:
    team.world.opens(OTTO, "Another")
    for actor in (team.ron, team.rosa):
        for address in ("ticket1", "ticket2"):
            team.says(actor, "Priority: 1", to=address)
    assert len(waiting_letters(team, RON)) == len(waiting_letters(team, ROSA)) == 2


def test_undo_that_nothing_proves_is_not_done(team: StaffedWorld) -> None:
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}")
    letters = team.says(team.ron, "undo")
    assert team.status == AWAY[team.life.name]
    assert [letter.recipient for letter in letters] == [RON]
    assert "    undo" in letters[0].text


def test_a_mail_in_html_in_a_responders_name_commands_nothing(team: StaffedWorld) -> None:
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Message-ID"] = RON, f"ticket1@{DOMAIN}", "<html@x>"
    mail.set_content("<p>Owner: me</p>", subtype="html")
    team.world.brings(mail.as_bytes(), EVE, f"ticket1@{DOMAIN}")
    assert team.ticket["assignee"] is None
    assert len(waiting_letters(team)) == 1


# What went wrong once


def test_a_machine_releases_nothing_even_where_from_is_believed(team: StaffedWorld) -> None:
    team.world.database.trust = Trust("from", "mx.example")
    disowned = {"Authentication-Results": "mx.example; dmarc=fail header.from=example.org"}
    team.says(team.ron, f"Requestor: {EVE}", headers=disowned)
    [question] = waiting_letters(team)
    team.ron.replies(question, "I am away.", headers={"Auto-Submitted": "auto-replied"})
    assert team.ticket["requestor"]["email"] == RITA


@pytest.mark.parametrize("denial", ["No!", "That wasn\u2019t me.", "Nein danke"])
def test_an_answer_that_says_no_drops_what_waits(team: StaffedWorld, denial: str) -> None:
    team.says(team.ron, "Owner: me")
    [question] = waiting_letters(team)
    letters = team.since(lambda: team.ron.replies(question, denial))
    assert team.ticket["assignee"] is None
    assert "OK, we changed nothing" in to(letters, team.ron)[0].text
    assert len(team.messages) == 1
    assert to(letters, team.rita) == []
    team.ron.replies(question, "yes")
    assert team.ticket["assignee"] is None


def test_what_was_joined_is_carried_out_or_refused_line_by_line(team: StaffedWorld) -> None:
    team.says(team.ron, "Owner: me")
    team.says(team.ron, "Priority: 1\nFoo: bar")
    team.says(team.ron, "Priority: 2")
    team.world.clock.passes(minutes=61)
    team.world.settle()
    letters = team.since(lambda: team.ron.replies(waiting_letters(team)[1], "yes"))
    assert 'There\'s no command "Foo"' in to(letters, team.ron)[0].text


def test_a_long_line_waits_whole(team: StaffedWorld) -> None:
    people = [f"person{number}@averylongdomainname.example" for number in range(19)]
    team.says(team.ron, f"AddCc: {', '.join(people)}")
    team.ron.replies(waiting_letters(team)[0], "yes")
    assert sorted(participant["email"] for participant in team.ticket["participants"]) == sorted(people)


def test_an_undo_that_waits_goes_on_waiting_when_its_answer_has_lines_of_its_own(team: StaffedWorld) -> None:
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}")
    team.says(team.ron, "undo")
    team.ron.replies(waiting_letters(team)[0], "Priority: 7")
    assert (team.status, team.ticket["priority"]) == (AWAY[team.life.name], 7)
    assert "    undo" in team.ron.letter().text


def test_whoever_is_no_responder_any_more_when_they_answer_is_refused(team: StaffedWorld) -> None:
    """What waited is carried out by somebody who by now may command nothing."""
    team.says(team.ron, "Priority: 1")
    with team.world.uow() as uow:
        remove_responder(uow, find_queue(uow, "General"), get_person(uow, RON))
    team.ron.replies(waiting_letters(team)[0], "yes")
    assert team.ticket["priority"] is None


@pytest.mark.parametrize(("words", "assignee"), [("", None), ("yes", RON)])
def test_an_answer_with_nothing_but_what_its_client_quotes_is_not_posted(
    team: StaffedWorld, words: str, assignee: str | None
) -> None:
    """An empty answer posts the quoted letter, with the lines that waited, to the requestor."""
    team.says(team.ron, "Owner: me")
    waiting = team.ron.letter()
    letters = team.since(lambda: team.ron.replies(waiting, f"{words}\n\n{quoted(waiting)}"))
    assert (team.ticket["assignee"] or {}).get("email") == assignee
    assert len(team.messages) == 1
    assert to(letters, team.rita) == []


def test_an_undo_that_was_collected_with_other_lines_is_not_lost(team: StaffedWorld) -> None:
    """`undo` is no line `Name: value`, and stands in a letter of its own."""
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}")
    for text in ("Priority: 1", "Priority: 2", "undo", "Subject: Fire"):
        team.says(team.ron, text)
    team.world.clock.passes(minutes=61)
    team.world.settle()
    letters = team.since(lambda: team.ron.replies(waiting_letters(team)[-1], "yes"))
    assert team.ticket["title"] == "Fire"
    assert len(to(letters, team.ron)) == 1
    # The wish to take something back has a letter of its own, and something else has happened since.
    team.world.clock.passes(minutes=60)
    team.world.settle()
    question = waiting_letters(team)[-1]
    assert "\n    undo\n" in question.text
    [refusal] = to(team.since(lambda: team.ron.replies(question, "yes")), team.ron)
    assert "We couldn't undo that" in refusal.text


def test_of_two_collected_lines_that_can_stand_only_once_the_later_holds(team: StaffedWorld) -> None:
    """Two mails were each fine: neither is refused because of the other."""
    for text in ("Owner: me", "Priority: 1", "Priority: 2"):
        team.says(team.ron, text)
    team.world.clock.passes(minutes=61)
    team.world.settle()
    team.ron.replies(waiting_letters(team)[-1], "yes")
    assert team.ticket["priority"] == 2


def test_an_hour_lies_between_two_such_letters_also_after_a_collected_one(team: StaffedWorld) -> None:
    """The hour is counted from when lines were collected, not from when their letter went: two in some minutes."""
    team.says(team.ron, "Owner: me")
    team.world.clock.passes(minutes=1)
    team.says(team.ron, "Priority: 1")
    team.world.clock.passes(minutes=60)
    team.world.settle()
    assert len(waiting_letters(team)) == 2
    team.world.clock.passes(minutes=1)
    team.says(team.ron, "Priority: 2")
    assert len(waiting_letters(team)) == 2


def test_undo_with_words_that_nothing_proves_can_be_confirmed(team: StaffedWorld) -> None:
    """Its own words are posted at once, and then are what "has happened since"."""
    team.steers(team.ron, f"Status: {AWAY[team.life.name]}")
    team.says(team.ron, "undo\n\nI meant another one.")
    team.ron.replies(waiting_letters(team)[0], "yes")
    assert team.status == team.life.first


@pytest.mark.parametrize("when", ["in hand", "put off"])
def test_a_letter_that_may_have_arrived_can_be_answered_whatever_comes_meanwhile(
    every_team: StaffedWorld, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """What waits for its hour is written anew with more lines; what a courier has touched is not."""
    team, world = every_team, every_team.world
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
    team.says(team.ron, "Owner: me")
    if when == "put off":
        comes()
    [waiting] = waiting_letters(team)
    team.ron.replies(waiting, "yes")
    assert team.ticket["assignee"]["email"] == RON
    world.clock.passes(minutes=61)
    world.settle()
    team.ron.replies(waiting_letters(team)[-1], "yes")
    assert team.ticket["priority"] == 1


@pytest.mark.parametrize("meant", ["a change", "nothing"])
def test_an_undo_that_waited_takes_back_no_later_change(team: StaffedWorld, meant: str) -> None:
    """Also none of the same person's: the letter that is answered did not speak of it."""
    if meant == "nothing":
        team.says(team.rita, "undo")
    team.steers(team.ron, "Try water.")
    if team.life.name == "correspondence":
        team.steers(team.ron, "Status: resolved\n\nThis must be it.")
    if meant == "a change":
        team.says(team.rita, "undo")
    [waiting] = waiting_letters(team, RITA)
    team.rita.writes("ticket1", "It burns again.")
    assert team.status in ("Open", "open")
    letters = team.since(lambda: team.rita.replies(waiting, "yes"))
    assert "Something else has happened on ticket" in to(letters, team.rita)[0].text
    assert team.status in ("Open", "open")
