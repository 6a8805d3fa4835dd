"""Claims about people who are not on a ticket: their comments, what answers them, and addresses that nobody knows."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.support.world import DOMAIN, Actor, Letter, World

EVE = "eve@elsewhere.example"


class Desk(NamedTuple):
    """A shared inbox that Sam and Rita answer; Ann has asked something, which is ticket 1."""

    world: World
    sam: Actor
    rita: Actor
    ann: Actor
    eve: Actor


@pytest.fixture(params=["correspondence", "support"])
def desk(request: pytest.FixtureRequest, database_url: str) -> Iterator[Desk]:
    """Everything goes over a real server."""
    world = World(database_url, lifecycle=request.param)
    with world.serving():
        sam, rita = world.responder("sam@team.example", "Sam"), world.responder("rita@team.example", "Rita")
        ann, eve = world.actor("ann@home.example", "Ann Lee"), world.actor(EVE, "Eve")
        ann.writes("hello", "The printer is broken.", subject="Printer")
        yield Desk(world, sam, rita, ann, eve)
    world.close()


def last(desk: Desk) -> tuple[str, bool]:
    """The text of the newest message, and whether it is private."""
    message = desk.world.ticket()["messages"][-1]
    return message["text"], message["private"]


@pytest.mark.parametrize("to_public_address", [False, True])
def test_letting_a_stranger_in_and_writing_to_them_is_one_wish(desk: Desk, to_public_address: bool) -> None:
    desk.eve.writes("ticket1", "Mine, too.")
    letter = desk.sam.letter()
    assert f"    AddCc: {EVE}\nWhat you write below that line goes to everybody on the ticket: " in letter.text
    assert "Ann Lee and Eve will read it." in letter.text
    to = f"ticket1@{DOMAIN}" if to_public_address else letter["Reply-To"]
    text = f"AddCc: {EVE}\n\nDear both, it will be mended."
    desk.sam.writes(to, text, subject=letter["Subject"], answering=letter)
    assert last(desk) == ("Dear both, it will be mended.", False)
    for reader in (desk.eve, desk.ann):
        assert "it will be mended" in reader.letter().text
    receipt = desk.sam.letter()
    assert f"Participant: nobody → {EVE}" in receipt.text
    assert "did not get" not in receipt.text
    # So is what one writes to the receipt.
    assert receipt["Reply-To"] == f"ticket1@{DOMAIN}"
    desk.sam.replies(receipt, "Tomorrow.")
    assert last(desk) == ("Tomorrow.", False)


def test_where_the_line_is_refused_or_waits_the_answer_stays_private(desk: Desk) -> None:
    desk.eve.writes("ticket1", "Mine, too.")
    letter, before = desk.sam.letter(), len(desk.ann.letters)
    desk.sam.replies(letter, f"AddCc: {EVE}\nPriority: high\n\nA secret.")
    assert last(desk) == ("A secret.", True)
    refusal = desk.sam.letter()
    assert "'high' is no priority" in refusal.text
    assert "Eve did not get your words: only those who answer for General see them." in refusal.text
    assert "Send it to Ann Lee?\n\nTo send it, reply:\n    send" in refusal.text
    # Nothing proves this one.
    unproven = {"In-Reply-To": "<1@relay.example>", "References": letter["Message-ID"]}
    desk.sam.writes("ticket1-comment", f"AddCc: {EVE}\n\nForged.", headers=unproven)
    assert last(desk) == ("Forged.", True)
    desk.sam.replies(letter, "AddCc: bea@home.example\n\nAnother one is let in.")
    assert last(desk) == ("Another one is let in.", True)
    assert (desk.eve.letters, len(desk.ann.letters)) == ([], before)
    # What the letters offer holds.
    told = desk.sam.letter()
    assert f"    AddCc: {EVE}" in told.text
    desk.sam.replies(refusal, "send")
    assert (desk.world.ticket()["messages"][2]["private"], "A secret." in desk.ann.letter().text) == (False, True)
    desk.sam.replies(told, f"AddCc: {EVE}\n\nDear Eve.")
    assert last(desk) == ("Dear Eve.", False)
    assert "Dear Eve." in desk.eve.letter().text


def test_a_comment_of_a_colleague_stays_private_whomever_its_answer_lets_in(desk: Desk) -> None:
    desk.rita.writes("ticket1-comment", "She is cross.")
    letter = desk.sam.letter()
    desk.sam.replies(letter, f"AddCc: {EVE}\n\nYes, very.")
    assert last(desk) == ("Yes, very.", True)
    assert desk.eve.letters == []
    assert "did not get" not in desk.sam.letter().text


def test_whoever_just_answers_a_stranger_is_told_that_they_did_not_get_it(desk: Desk) -> None:
    desk.eve.writes("ticket1", "Mine, too.")
    desk.sam.replies(desk.sam.letter(), "Please open a ticket of your own.")
    assert last(desk) == ("Please open a ticket of your own.", True)
    told = desk.sam.letter()
    assert told.text.startswith("Eve did not get your words: only those who answer for General see them.")
    assert f"put this on top of your reply:\n    AddCc: {EVE}" in told.text
    assert desk.eve.letters == []
    # One letter says all.
    before = len(desk.sam.letters)
    desk.sam.replies(told, "Owner: me\n\nI see to it.")
    assert len(desk.sam.letters) == before + 1
    assert "Assignee: nobody → sam@team.example" in desk.sam.letter().text
    assert "Eve did not get your words" in desk.sam.letter().text
    # Once they are on the ticket, that is over.
    desk.sam.replies(told, f"AddCc: {EVE}")
    desk.sam.replies(desk.sam.letter(), "Dear all.")
    assert "did not get" not in desk.sam.letter().text


def test_show_by_mail_gives_customers_no_address_of_others_and_times_for_people(desk: Desk) -> None:
    bob = desk.world.actor("bob@shop.example", "Bob")
    desk.sam.replies(desk.sam.letter(), f"Owner: me\nAddCc: {bob.email}\n\nIt will be mended.")
    for reader, other in ((desk.ann, bob), (bob, desk.ann)):
        reader.writes("ticket1", "show")
        page = reader.letter().text
        assert "Assignee: Sam\n" in page
        assert not any(email in page for email in (desk.sam.email, desk.rita.email, other.email))
        assert "#1  Sat 21 Nov 2026, 12:00 UTC  " in page


def letter_to(actor: Actor, words: str) -> Letter:
    """The newest letter to somebody that has these words."""
    return next(letter for letter in reversed(actor.letters) if words in letter.all_text)
