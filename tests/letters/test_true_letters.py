"""Claims about letters that must be true of teams without people, of merges, and of moves that were undone."""

import pytest

from tests.support.world import Actor, World


class Desk:
    """Ann has asked in General, where Sam and Britta answer; Carl answers for Questions alone."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sam, self.britta = world.responder("sam@team.example", "Sam"), world.responder("b@team.example", "Britta")
        self.carl = world.responder("carl@team.example", "Carl", "Questions")
        self.ann = world.actor("ann@home.example", "Ann Lee")
        self.ann.writes("hello", "The door is shut.", subject="Door")


@pytest.fixture
def desk(small_inbox: World) -> Desk:
    small_inbox.switches("Questions", lifecycle="correspondence")
    return Desk(small_inbox)


def brought(who: Actor, letters: int) -> list[str]:
    """What the letters say that somebody has got since they had so many."""
    return [letter.words for letter in who.letters[letters:]]


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_letter_names_a_team_that_nobody_is_in(small_inbox: World, language: str) -> None:
    small_inbox.switches("General", acknowledge="on", language=language)
    root = small_inbox.known("root@team.example", "Root", admin=True)
    ann, eve = small_inbox.actor("ann@home.example", "Ann Lee"), small_inbox.actor("eve@home.example", "Eve")
    ann.writes("hello", "The door is shut.", subject="Door")
    saved = {"en": "Thanks for your email. We've saved it. It's ticket 1.", "de": "Wir haben sie gespeichert."}
    assert saved[language] in ann.letter().words
    root.writes("ticket1", "show")
    root.replies(root.letter(), "Owner: me")
    ann.writes("ticket1-comment", "For you alone.")
    eve.writes("ticket1", "Mine, too.")
    root.replies(root.letter(), "Is it?")
    root.writes("ticket1-comment", "A note.")
    eve.writes("ticket1", "It is.", headers={"Auto-Submitted": "auto-replied"})
    assert "Mine, too." in "".join(letter.text for letter in root.letters)
    for letter in small_inbox.far_end.letters:
        assert "General team" not in letter.words, letter.all_text
        assert "Team General" not in letter.words, letter.all_text


@pytest.mark.parametrize("line", ["Status: resolved", "Owner: me", "AddCc: bea@home.example"])
def test_a_letter_about_a_merge_and_something_else_offers_no_undo_of_the_merge(desk: Desk, line: str) -> None:
    desk.ann.writes("hello", "Still shut.", subject="Door again")
    desk.sam.replies(desk.sam.letter(), f"Merge: 1\n{line}")
    for reader in (desk.sam, desk.britta):
        assert "Ticket 2 was merged into this one." in reader.letter().text
        assert "Undo this change, but not the merge? Start your reply with: undo" in reader.letter().footer
        assert "Undo this change? " not in reader.letter().footer
    desk.britta.replies(desk.britta.letter(), "undo")
    assert desk.britta.letter().text.startswith("Undone.")
    ticket = desk.world.ticket()
    assert (ticket["status"], ticket["assignee"], ticket["participants"]) == ("new", None, [])
    assert desk.world.ticket(2)["merged_into"] == 1


def test_a_team_that_loses_a_ticket_by_an_undo_is_told(desk: Desk) -> None:
    desk.sam.replies(desk.sam.letter(), "Queue: Questions")
    receipt, count = desk.sam.letter(), len(desk.carl.letters)
    desk.sam.replies(receipt, "undo")
    assert brought(desk.carl, count) == [
        "Sam undid the last change: Queue: Questions → General No longer copied in: Sam <sam@team.example>"
    ]
    assert "because ticket 1 was in Questions" in desk.carl.letter().footer
    assert desk.britta.letter().text.startswith("Sam undid the last change:")


def test_whose_letter_named_no_team_is_told_that_a_reply_went_to_another_one(desk: Desk) -> None:
    desk.sam.replies(desk.sam.letter(), "Queue: Questions\nDelCc: sam@team.example\nRequestor: carl@team.example")
    letter = desk.carl.letter()
    assert "team will see" not in letter.footer
    desk.sam.replies(desk.sam.letter(), "undo")
    count = len(desk.carl.letters)
    desk.carl.replies(letter, "I have the key.")
    [words] = brought(desk.carl, count)
    assert words.endswith("Your reply also went to the General team.")


def test_whoever_joins_the_team_of_the_same_queue_is_no_news(desk: Desk) -> None:
    desk.ann.writes("questions", "And the window?", subject="Window")
    letter = desk.carl.letter()
    desk.world.responder("dora@team.example", "Dora", "Questions")
    count = len(desk.carl.letters)
    desk.carl.replies(letter, "It is open.")
    assert brought(desk.carl, count) == []
