"""Rows of a day's work of volunteers that went wrong once, each played over real SMTP, with what is right now."""

from collections.abc import Iterator

import pytest

from mail_tickets.model.operations.daily_work import do_daily_work
from tests.support.world import Actor, World


@pytest.fixture
def served(small_inbox: World) -> Iterator[World]:
    """A shared inbox behind a real SMTP server."""
    with small_inbox.serving():
        yield small_inbox


class Day:
    """Sam and Britta answer for General; Ann has asked."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sam = world.responder("sam@team.example", "Sam")
        self.britta = world.responder("britta@team.example", "Britta")
        self.ann = world.actor("ann@home.example", "Ann Lee")
        self.ann.writes("hello", "The door is shut.", subject="Door")

    @property
    def status(self) -> str:
        return str(self.world.ticket()["status"])

    def participants(self) -> list[str]:
        return [participant["email"] for participant in self.world.ticket()["participants"]]


@pytest.fixture
def day(served: World) -> Day:
    return Day(served)


def has_got(who: Actor, words: str) -> bool:
    return any(words in letter.all_text for letter in who.letters)


MOVES = {
    "alone": "Queue: Questions",
    "with words": "Queue: Questions\n\nCan you take it?",
    "to its owner": "Queue: Questions\nOwner: carl@team.example",
    "after taking it": "Owner: me",
}


@pytest.mark.parametrize("life", ["correspondence", "support"])
@pytest.mark.parametrize("how", MOVES)
def test_whoever_moves_a_ticket_away_reaches_everybody_whom_the_receipt_names(day: Day, how: str, life: str) -> None:
    day.world.switches("Questions", lifecycle=life)
    carl = day.world.responder("carl@team.example", "Carl", "Questions")
    day.sam.replies(day.sam.letter(), MOVES[how])
    if how == "after taking it":
        day.sam.replies(day.sam.letter(), "Queue: Questions")
    receipt = day.sam.letter()
    assert "you're on the Questions team" not in receipt.footer
    private = "add a private note" in receipt.footer
    day.sam.replies(receipt, "These are plain words.")
    assert day.world.ticket()["messages"][-1]["private"] == private
    assert has_got(carl, "These are plain words.")
    assert has_got(day.ann, "These are plain words.") == ("Ann Lee" in receipt.footer)
    assert day.world.ticket(1, "sam@team.example")["id"] == 1


def test_words_below_a_move_are_sent_by_a_word_whose_receipt_tells_what_that_changed(day: Day) -> None:
    day.world.switches("Questions", lifecycle="support")
    day.world.responder("carl@team.example", "Carl", "Questions")
    day.sam.replies(day.sam.letter(), MOVES["with words"])
    assert "only the Questions team got it" in day.sam.letter().text
    day.sam.replies(day.sam.letter(), "send")
    assert has_got(day.ann, "Can you take it?")
    assert "Status: Open → Answered" in day.sam.letter().text
    assert "Undo this change?" in day.sam.letter().footer
    day.sam.replies(day.sam.letter(), "undo")
    assert day.status == "Open"


def test_where_nobody_reads_the_receipt_says_so_and_the_customer_is_told_nothing_of_it(day: Day) -> None:
    day.world.known("adam@team.example", "Adam", admin=True)
    day.sam.replies(day.sam.letter(), "Queue: Questions\n\nFor you.")
    assert "is on the Questions team" in day.sam.letter().text
    assert not has_got(day.ann, "nobody")
    day.britta.replies(day.britta.letter(), "undo")
    assert day.britta.letter().text.startswith("We couldn't undo that.")
    day.sam.replies(day.sam.letter(), "undo")
    assert day.world.ticket()["queue"] == "General"


def test_an_administrator_reads_how_to_reopen_and_others_who_can(day: Day) -> None:
    adam = day.world.known("adam@team.example", "Adam", admin=True)
    quinn = day.world.responder("quinn@team.example", "Quinn", "Questions")
    day.ann.writes("questions", "What is it?", subject="It")
    day.world.act(2, "Reject", "quinn@team.example", "No question.")
    for who in (adam, quinn):
        who.writes("ticket2", "help")
    assert "Start your reply with: Status: Open" in adam.letter().footer
    assert "Only an admin" not in adam.letter().all_text
    assert "Start your reply with: Status: Open" not in quinn.letter().footer
    adam.writes("ticket2", "show 2")
    adam.replies(adam.letter(), "Status: Open")
    assert day.world.ticket(2)["status"] == "Open"


def test_thanks_leave_it_resolved_and_reach_the_team(day: Day) -> None:
    day.sam.replies(day.sam.letter(), "It is open again.")
    day.sam.replies(day.sam.letters[0], "Status: resolved")
    for words in ("Thanks!", "Thank you very much, Sam", "Danke!\n\nAnn Lee"):
        day.ann.replies(day.ann.letter(), words)
        assert day.status == "resolved", words
        assert has_got(day.britta, words.split("\n", maxsplit=1)[0])
    day.ann.replies(day.ann.letter(), "Thanks, but the window is shut now.")
    assert day.status == "open"


def test_of_two_who_answer_at_once_the_second_is_told_who_was_first(day: Day) -> None:
    letter = day.sam.letter()
    day.britta.replies(day.britta.letter(), "It is open.")
    day.sam.replies(letter, "Push it.")
    assert day.sam.letter().text.startswith("Britta answered less than a minute before you")
    assert "as message 2" in day.sam.letter().text
    day.sam.replies(day.sam.letter(), "And pull it.")
    assert sum("before you" in letter.text for letter in day.sam.letters) == 1


def test_a_forward_has_the_title_of_what_it_forwards(day: Day) -> None:
    for subject in ("Fwd: Speaking at our school", "WG: Fw: Speaking at our school"):
        below = "---------- Forwarded message ---------\nFrom: x@y.example\n\nHi."
        day.sam.writes("hello", f"For us.\n\n{below}", subject=subject)
        assert day.britta.letter()["Subject"].endswith("] Speaking at our school")


def test_a_leaver_is_told_once_and_shown_and_comes_back_by_writing(day: Day) -> None:
    day.sam.replies(day.sam.letter(), "AddCc: gus@home.example\n\nHere is Gus.")
    gus = day.world.actor("gus@home.example", "Gus")
    for who, words in ((gus, "unsubscribe"), (day.ann, "please unsubscribe me")):
        who.replies(who.letter(), words)
        assert who.letter().text.startswith("You've left ticket 1")
    day.sam.replies(day.sam.letters[0], "show")
    [gone] = [line for line in day.sam.letter().text.split("\n") if line.startswith("Gets no emails: ")]
    assert "Gus" in gone
    assert "Ann Lee" in gone
    day.sam.replies(day.sam.letters[0], "Is anybody there?")
    assert not has_got(gus, "Is anybody there?")
    assert not has_got(day.ann, "Is anybody there?")
    day.ann.replies(day.ann.letter(), "I am back.")
    day.sam.replies(day.sam.letters[0], "Good.")
    assert has_got(day.ann, "Good.")


def test_undo_takes_back_who_was_let_in_alone_and_with_a_title(day: Day) -> None:
    for lines in ("AddCc: gus@home.example", "AddCc: gus@home.example\nSubject: Gate"):
        day.sam.replies(day.sam.letters[0], lines)
        assert day.participants() == ["gus@home.example"]
        day.sam.replies(day.sam.letter(), "undo")
        assert (day.participants(), day.world.ticket()["title"]) == ([], "Door")
        assert "No longer copied in: gus@home.example" in day.sam.letter().text


@pytest.mark.parametrize("life", ["correspondence", "support"])
@pytest.mark.parametrize("words", ["It is open.", "Priority: 3\n\nIt is open.", "Action: Reply\n\nIt is open."])
def test_undo_takes_back_whom_an_answer_has_let_in_and_its_letter_told_of_them(day: Day, words: str, life: str) -> None:
    day.world.switches("General", lifecycle=life, cc_from_others="on")
    words = words.replace("Reply", "Answer") if life == "support" else words
    gus = day.world.actor("gus@home.example", "Gus")
    day.ann.writes("hello", "The gate is shut.", subject="Gate", headers={"Cc": "Gus <gus@home.example>"})
    day.sam.replies(day.sam.letter(), words)
    assert has_got(gus, "It is open.")
    assert "Copied in: Gus <gus@home.example>" in day.britta.letter().text
    for outsider in (day.ann, gus):
        assert "Copied in" not in outsider.letter().text
    day.britta.replies(day.britta.letter(), "undo")
    assert day.world.ticket(2)["participants"] == []
    assert "No longer copied in: Gus <gus@home.example>" in day.britta.letter().text
    assert "Gus" not in day.britta.letter().footer
    day.britta.replies(day.britta.letter(), "undo")
    assert [participant["name"] for participant in day.world.ticket(2)["participants"]] == ["Gus"]


def test_a_refusal_calls_no_bad_line_good(day: Day) -> None:
    day.sam.replies(day.sam.letter(), "Status: gone\nStatus: open")
    assert "nothing wrong" not in day.sam.letter().text
    assert "would have been" not in day.sam.letter().text
    assert day.sam.letter().text.count("Status") > 1
    day.sam.replies(day.sam.letters[0], "status: Resolved.")
    assert day.status == "resolved"


def test_the_public_reads_no_doubt_about_a_colleague(day: Day) -> None:
    day.britta.writes("ticket1", "A first mail of mine.")
    assert "A first mail of mine." in day.ann.letter().text
    assert "couldn't check" not in day.ann.letter().all_text
    assert "check that Britta really sent this" in day.sam.letter().all_text


def test_whoever_a_ticket_was_given_to_reads_a_true_reason(day: Day) -> None:
    yan = day.world.actor("yan@home.example", "Yan")
    day.sam.replies(day.sam.letter(), "Requestor: yan@home.example\n\nThis is yours, Yan.")
    assert "This is yours, Yan." in yan.letter().text
    for untrue in ("you asked", "you wrote"):
        assert untrue not in yan.letter().all_text


def test_a_merge_of_two_customers_asks_first_and_tells_the_other(day: Day) -> None:
    zoe = day.world.actor("zoe@home.example", "Zoe")
    zoe.writes("hello", "The gate is shut.", subject="Gate")
    day.sam.replies(day.sam.letter(), "Merge: 1")
    assert day.world.ticket(2)["merged_into"] is None
    assert "Zoe" in day.sam.letter().text
    assert "Ann Lee" in day.sam.letter().text
    day.sam.replies(day.sam.letter(), "yes")
    assert day.world.ticket(2)["merged_into"] == 1
    assert "Your ticket 2 is now part of ticket 1," in zoe.letter().words


def test_an_address_that_we_do_not_know_is_told_and_its_colleague_offered_the_words(day: Day) -> None:
    private = day.world.actor("sam.private@mail.example", "Sam")
    private.replies(day.sam.letter(), "It is open.")
    assert private.letter().text.startswith("We don't know this address")
    assert not has_got(day.ann, "It is open.")
    day.sam.replies(day.sam.letter(), "yes")
    assert has_got(day.ann, "It is open.")


def test_no_letter_but_an_administrators_has_a_shell_command(day: Day) -> None:
    stranger = day.world.actor("sam2@mail.example", "Sam")
    stranger.replies(day.sam.letter(), "Hello?")
    day.sam.replies(day.sam.letters[0], "Owner: me\nPriority: high")
    day.sam.replies(day.sam.letters[0], "help")
    for letter in day.world.far_end.letters:
        assert "tickets person" not in letter.all_text
        assert "tickets outbox" not in letter.all_text


def test_what_waits_is_told_every_morning_where_the_queue_asks_for_it(day: Day) -> None:
    day.world.switches("General", digest="daily")
    day.world.clock.passes(days=1)
    do_daily_work(day.world.database)
    day.world.settle()
    assert "#1" in day.sam.letter().text
    assert "Door" in day.sam.letter().text


def test_a_page_from_a_search_names_the_address_of_the_ticket(day: Day) -> None:
    day.sam.writes("hello-search", "door")
    day.sam.replies(day.sam.letter(), "show 1")
    assert "ticket1@tickets.example" in day.sam.letter().all_text


def test_a_clear_signed_answer_is_read_without_its_armour(day: Day) -> None:
    signed = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nStatus: resolved\n\nIt is open.\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCgAdFiEE\n=abcd\n-----END PGP SIGNATURE-----"
    )
    day.sam.replies(day.sam.letter(), signed)
    assert day.status == "resolved"
    assert day.ann.letter().text.startswith("Sam wrote:\n\nIt is open.")
    assert "PGP" not in day.ann.letter().text


def test_an_owner_is_offered_by_a_name_that_would_be_taken(day: Day) -> None:
    for address in ("dan@team.example", "dan2@team.example"):
        day.world.responder(address, "Dan")
    nameless = day.world.responder("rota@team.example")
    choices = ["Sam", "Britta", "dan@team.example", "dan2@team.example", nameless.email]
    day.sam.replies(day.sam.letters[0], "help")
    assert f"me, nobody, {', '.join(choices)}" in day.sam.letter().text
    day.sam.replies(day.sam.letters[0], "Owner: Brita")
    assert f"Pick one of: {', '.join(choices[:-1])} or {choices[-1]}." in day.sam.letter().text
    for choice in choices:
        day.sam.replies(day.sam.letters[0], f"Owner: {choice}")
        assert day.world.ticket()["assignee"]["email"].startswith(choice.casefold().partition("@")[0])
