"""Claims about a responder's words that wait: slips, private answers, and what send, drop, yes and no mean."""

import pytest

from mail_tickets.cli.output.ticket_display import ticket_text
from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.operations.daily_work import do_daily_work
from tests.support.world import Actor, Letter, World


def people(world: World) -> tuple[Actor, Actor, Actor]:
    """Sam and Britta, who answer, and Ann, who has asked and was answered."""
    sam, britta = world.responder("sam@team.example", "Sam Person"), world.responder("britta@team.example", "Britta")
    ann = world.actor("ann@home.example", "Ann Lee")
    ann.writes("hello", "The door is shut.")
    return sam, britta, ann


def question_to(actor: Actor) -> Letter:
    """The newest letter, which asks about a message."""
    assert "\n    send" in actor.letter().text, actor.letter().text
    return actor.letter()


def texts(world: World, *, held: bool | None = None) -> list[str]:
    return [message["text"] for message in world.ticket()["messages"] if held in (None, message["held"])]


# What volunteers write in place of commands: each row of a count, and what becomes of it

HELD, DONE, WORDS = "held", "done", "words"
SLIPS = {
    "Resolved": HELD,
    "close": HELD,
    "Take": HELD,
    "Assign: me": DONE,
    "Assignee: me": DONE,
    "Status - resolved": HELD,
    "*Status: resolved*": DONE,
    "Status: resolved.": DONE,
    "Help!": HELD,
    "Hilfe": HELD,
    "stop": HELD,
    "unsubscribe": HELD,
    "Hi Ann, it is open again.\n\nStatus: resolved": WORDS,
}


def test_no_slip_of_a_volunteer_reaches_a_customer(small_inbox: World) -> None:
    sam, britta, ann = people(small_inbox)
    letter = sam.letter()
    for text, fate in SLIPS.items():
        posted, anns, sams, brittas = (len(texts(small_inbox)), len(ann.letters), len(sam.letters), len(britta.letters))
        sam.replies(letter, text)
        last = small_inbox.ticket()["messages"][-1]
        if fate == WORDS:
            assert (last["text"], last["private"], len(ann.letters)) == (text, False, anns + 1)
            continue
        assert len(ann.letters) == anns, text
        assert len(sam.letters) == sams + 1, text
        assert len(texts(small_inbox)) == posted + (fate == HELD), text
        if fate == HELD:
            assert (last["text"], last["held"], last["private"], last["action"]) == (text, True, True, "Comment")
            assert question_to(sam).text.startswith(
                "We didn't send your reply to Ann Lee, because it looks like a command."
            )
            assert len(britta.letters) == brittas
    ticket = small_inbox.ticket()
    assert ticket["assignee"]["email"] == "sam@team.example"
    assert all(not message["held"] for message in small_inbox.ticket(viewer=ann.email)["messages"])


def test_the_line_that_is_shown_to_whoever_slipped_is_one_that_they_may_write(small_inbox: World) -> None:
    small_inbox.switches("General", lifecycle="support")
    sam, _, _ = people(small_inbox)
    zoe = small_inbox.responder("zoe@team.example", "Zoe")
    zoe.writes("hello", "The lift is stuck, too.")
    advice = "To change the ticket, start your reply with a line like:\n    "
    for actor, letter, line in ((sam, sam.letters[0], "Owner: me"), (zoe, zoe.letter(), "Status: Solved")):
        actor.replies(letter, "Solved")
        assert f"{advice}{line}" in question_to(actor).text
        actor.replies(question_to(actor), line)
        assert actor.letter().text.startswith("Done. On ticket")
    # Whoever can lead it nowhere else is shown a line that changes something else.
    zoe.replies(zoe.letter(), "Solved")
    assert f"{advice}Owner: me" in question_to(zoe).text


def test_who_wrote_a_word_for_taking_a_ticket_is_shown_the_line_for_that(small_inbox: World) -> None:
    sam, _, _ = people(small_inbox)
    for word, line in (("Take", "Owner: me"), ("mine!", "Owner: me"), ("close", "Status: resolved")):
        sam.replies(sam.letters[0], word)
        assert f"start your reply with a line like:\n    {line}" in question_to(sam).text


def test_a_slip_is_sent_by_send_and_dropped_by_drop(small_inbox: World) -> None:
    sam, britta, ann = people(small_inbox)
    sam.replies(sam.letter(), "Done")
    question = question_to(sam)
    assert question["Reply-To"] == "ticket1@tickets.example"
    assert (small_inbox.ticket()["status"], len(ann.letters)) == ("new", 0)
    sam.replies(question, "Which of them?")
    assert (texts(small_inbox, held=True), ann.letter().text) == (
        ["Done"],
        "Sam Person wrote:\n\nWhich of them?\n\n    Status: new → open",
    )
    sam.replies(question, "Send.\n\nSam")
    assert ann.letter().text == "Sam Person wrote:\n\nDone"
    assert britta.letter().text == "Sam Person wrote:\n\nDone"
    assert "to Ann Lee" in sam.letter().text
    sent = small_inbox.ticket()["messages"][1]
    assert (sent["text"], sent["private"], sent["held"], sent["action"]) == ("Done", False, False, "Reply")
    assert texts(small_inbox) == ["The door is shut.", "Done", "Which of them?"]
    ann.replies(ann.letter(), "Good.")
    assert not small_inbox.ticket()["messages"][-1]["private"]
    for word in ("send", "drop"):
        letters = len(ann.letters), len(britta.letters), len(texts(small_inbox))
        sam.replies(question, word)
        assert "was sent or dropped before" in sam.letter().text
        assert (len(ann.letters), len(britta.letters), len(texts(small_inbox))) == letters

    sam.replies(question, "Close")
    second_question = question_to(sam)
    sam.replies(second_question, "drop")
    last = small_inbox.ticket()["messages"][-1]
    assert (last["text"], last["private"], last["held"]) == ("Close", True, False)
    sam.replies(second_question, "send")
    assert "was sent or dropped before" in sam.letter().text
    assert not any("Close" in letter.text for letter in ann.letters + britta.letters)


def test_after_a_day_the_team_is_told_once_of_what_is_held(small_inbox: World) -> None:
    sam, britta, ann = people(small_inbox)
    sam.replies(sam.letter(), "Done")
    sam.replies(sam.letters[0], "Close")
    sam.replies(question_to(sam), "drop")
    count = len(britta.letters)
    for hours in (23, 2, 30):
        small_inbox.clock.passes(hours=hours)
        do_daily_work(small_inbox.database)
        small_inbox.settle()
    assert len(britta.letters) == count + 1
    letter = britta.letter()
    assert letter.text.startswith(
        "A reply from Sam Person on ticket 1 has waited for a day, and nobody got it:\n\nDone"
    )
    britta.replies(letter, "I know.")
    assert small_inbox.ticket()["messages"][-1]["private"]
    assert ann.letters == []


def test_send_after_a_week_or_by_nobody_who_was_asked_sends_nothing(small_inbox: World) -> None:
    sam, britta, ann = people(small_inbox)
    sam.replies(sam.letter(), "Done")
    question = question_to(sam)
    britta.replies(question, "send", headers={"References": ""})
    assert texts(small_inbox, held=True) == ["Done"]
    assert "couldn't check" in sam.letter().text
    small_inbox.clock.passes(days=8)
    sam.replies(question, "send")
    assert "more than a week ago" in sam.letter().text
    assert not any(letter.text == "Sam Person wrote:\n\nDone" for letter in ann.letters)


def test_words_that_answer_a_question_are_words_in_answer_to_anything_else(small_inbox: World) -> None:
    sam, _, ann = people(small_inbox)
    first = sam.letter()
    for word in ("yes", "no", "send", "drop"):
        sam.replies(first, word)
        assert ann.letter().text.startswith(f"Sam Person wrote:\n\n{word}")
    sam.writes("ticket1", "yes")
    assert ann.letter().text.endswith("\n\nyes")
    sam.replies(first, "Done")
    question = question_to(sam)
    before = len(ann.letters)
    for word in ("yes", "no", "send", "drop"):
        sam.writes("ticket1", word)
        assert small_inbox.ticket()["messages"][-1]["held"], word
    assert len(ann.letters) == before
    sam.replies(question, "no")
    assert ann.letter().text == "Sam Person wrote:\n\nno"
    sam.replies(first, "yes")
    assert ann.letter().text == "Sam Person wrote:\n\nyes"


def test_an_unproven_slip_waits_for_a_proven_send(small_inbox: World) -> None:
    sam, britta, ann = people(small_inbox)
    sam.writes("ticket1", "Done", headers={"Cc": "bea@home.example"})
    assert (texts(small_inbox, held=True), ann.letters) == (["Done"], [])
    assert "    AddCc: bea@home.example" in sam.letter().text
    sam.replies(question_to(sam), "send")
    assert "Done" in ann.letter().text
    assert "couldn't check" not in britta.letter().text
    assert small_inbox.ticket()["participants"] == []


def test_new_words_that_stand_in_a_private_note_wait(small_inbox: World) -> None:
    sam, _, ann = people(small_inbox)
    sam.writes("ticket1-comment", "The code is 1234.\nDo not tell.")
    sam.writes("ticket1", "The code is 1234.  Do not tell.")
    assert ann.letters == []
    assert question_to(sam).text.startswith("This is in a private note. Send it to Ann Lee?")
    sam.replies(question_to(sam), "send")
    assert "The code is 1234." in ann.letter().text
    sam.replies(sam.letter(), "The code is not 1234.")
    assert ann.letter().text == "Sam Person wrote:\n\nThe code is not 1234."


def test_what_a_stranger_has_said_is_held_for_nobody(small_inbox: World) -> None:
    sam, _, ann = people(small_inbox)
    small_inbox.actor("eve@elsewhere.example", "Eve").writes("ticket1", "The part comes on Tuesday.")
    sam.writes("ticket1", "The part comes on Tuesday.")
    assert "The part comes on Tuesday." in ann.letter().text


def test_an_answer_to_a_private_note_stays_private_whatever_its_address_and_can_be_sent(small_inbox: World) -> None:
    sam, britta, ann = people(small_inbox)
    britta.writes("ticket1-comment", "Who has the key?")
    note = sam.letter()
    assert "start a new email to ticket1@tickets.example" in note.footer.replace("\n", " ")
    sam.writes("ticket1", "I have it.", answering=note)
    last = small_inbox.ticket()["messages"][-1]
    assert (last["private"], last["held"], ann.letters) == (True, False, [])
    assert britta.letter().text.endswith("I have it.")
    assert question_to(sam).text.startswith(
        "Your reply stayed a private note, because it answers one. Send it to Ann Lee?"
    )
    count = len(sam.letters)
    sam.replies(question_to(sam), "send")
    assert len(sam.letters) == count + 1
    assert ann.letter().text == "Sam Person wrote:\n\nI have it.\n\n    Status: new → open"
    assert not small_inbox.ticket()["messages"][-1]["private"]
    # Commands on top of it: one letter says all.
    sam.writes("ticket1", "Owner: me\n\nMine.", answering=note)
    assert "Owner: nobody → Sam Person" in question_to(sam).text
    assert "Your reply stayed a private note" in sam.letter().text
    # At the comment address nothing is asked.
    count = len(sam.letters)
    sam.replies(note, "In my desk.")
    assert (small_inbox.ticket()["messages"][-1]["private"], len(sam.letters)) == (True, count)


def test_other_words_than_yes_are_a_note_that_can_be_sent(small_inbox: World) -> None:
    sam, _, ann = people(small_inbox)
    sam.writes("ticket1", "Status: rejected\n\nGo away.")
    sam.replies(sam.letter(), "It is open on Monday.")
    assert small_inbox.ticket()["messages"][-1]["private"]
    letter = question_to(sam)
    assert "    Status: rejected" in letter.text
    sam.replies(letter, "send")
    assert ann.letter().text == "Sam Person wrote:\n\nIt is open on Monday."
    sam.replies(letter, "yes")
    assert small_inbox.ticket()["status"] == "rejected"
    sam.replies(letter, "send")
    assert "was sent or dropped before" in sam.letter().text


@pytest.mark.parametrize("life", ["correspondence", "support"])
def test_words_below_a_move_go_to_the_new_team_alone_until_they_are_sent(small_inbox: World, life: str) -> None:
    small_inbox.switches("Questions", lifecycle=life)
    sam, britta, ann = people(small_inbox)
    carl = small_inbox.responder("carl@team.example", "Carl", "Questions")
    small_inbox.responder("sam@team.example", "Sam Person", "Questions")
    sam.replies(
        sam.letter(),
        "Queue: Questions\nStatus: resolved\n\nCan you take this one?"
        if life != "support"
        else "Queue: Questions\n\nCan you take this one?",
    )
    last = small_inbox.ticket()["messages"][-1]
    assert (last["private"], last["held"], small_inbox.ticket()["queue"]) == (True, False, "Questions")
    assert small_inbox.ticket()["status"] == ("resolved" if life != "support" else "Open")
    assert not any("take this one" in letter.all_text for letter in [*ann.letters, *britta.letters])
    assert "Queue: General → Questions" in britta.letter().text
    assert "Can you take this one?" in carl.letter().text
    receipt = question_to(sam)
    assert "only the rest of the Questions team got it. Send it to Ann Lee, too?" in receipt.text
    sam.replies(receipt, "send")
    assert "Can you take this one?" in ann.letter().text
    assert small_inbox.ticket()["messages"][-1]["action"] == ("Reply" if life != "support" else "Answer")
    # An action that is named is what its writer wants.
    carl.replies(carl.letter(), "Queue: General\nAction: Comment\n\nNot for us.")
    britta.replies(britta.letter(), "Queue: Questions\nQueue: General\n\nBoth?")


@pytest.mark.parametrize("where", ["ticket1", "ticket1-comment"])
def test_a_private_answer_that_moves_the_ticket_says_who_got_it_and_can_be_sent(small_inbox: World, where: str) -> None:
    sam, britta, ann = people(small_inbox)
    carl = small_inbox.responder("carl@team.example", "Carl", "Questions")
    small_inbox.responder("sam@team.example", "Sam Person", "Questions")
    britta.writes("ticket1-comment", "Is this one for Questions?")
    sam.writes(where, "Queue: Questions\n\nYes. Carl knows the door.", answering=sam.letter())
    assert small_inbox.ticket()["queue"] == "Questions"
    assert "Carl knows the door." in carl.letter().text
    receipt = question_to(sam)
    assert "only the rest of the Questions team got it. Send it to Ann Lee, too?" in receipt.text
    assert "stayed a private note" not in receipt.text
    assert not any("Carl knows" in letter.all_text for letter in ann.letters)
    sam.replies(receipt, "send")
    assert "Carl knows the door." in ann.letter().text


def test_the_shell_marks_a_reply_that_waits(small_inbox: World) -> None:
    sam, _, _ = people(small_inbox)
    sam.replies(sam.letter(), "Resolved")
    text = ticket_text(small_inbox.ticket(), LIFECYCLES["correspondence"], None, small_inbox.clock())
    assert [line.split("  ")[-2:] for line in text.split("\n") if line.startswith("#2")] == [["PRIVATE", "HELD"]]
