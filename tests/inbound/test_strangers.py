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
    world = World(database_url, lifecycle=request.param)
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
    assert f"    AddCc: {EVE}\nWhat you write below that line goes to everyone on the ticket. " in letter.text
    assert "Ann Lee and Eve will see it." in letter.text
    to = f"ticket1@{DOMAIN}" if to_public_address else letter["Reply-To"]
    text = f"AddCc: {EVE}\n\nDear both, it will be mended."
    desk.sam.writes(to, text, subject=letter["Subject"], answering=letter)
    assert last(desk) == ("Dear both, it will be mended.", False)
    for reader in (desk.eve, desk.ann):
        assert "it will be mended" in reader.letter().text
    receipt = desk.sam.letter()
    assert f"Copied in: Eve <{EVE}>" in receipt.text
    assert "didn't get" not in receipt.text
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
    assert '"high" isn\'t a priority' in refusal.text
    assert "Eve didn't get your message: only the General team can see it." in refusal.text
    assert "Send it to Ann Lee?\n\nTo send it, reply:\n    send" in refusal.text
    # Nothing proves this one.
    unproven = {"In-Reply-To": desk.rita.letter()["Message-ID"]}
    desk.sam.writes("ticket1-comment", f"AddCc: {EVE}\n\nForged.", headers=unproven)
    assert last(desk) == ("Forged.", True)
    desk.sam.replies(letter, "AddCc: bea@home.example\n\nAnother one is let in.")
    assert last(desk) == ("Another one is let in.", True)
    assert (desk.eve.letters, len(desk.ann.letters)) == ([], before)
    # What the letters offer holds.
    warning = desk.sam.letter()
    assert f"    AddCc: {EVE}" in warning.text
    desk.sam.replies(refusal, "send")
    assert (desk.world.ticket()["messages"][2]["private"], "A secret." in desk.ann.letter().text) == (False, True)
    desk.sam.replies(warning, f"AddCc: {EVE}\n\nDear Eve.")
    assert last(desk) == ("Dear Eve.", False)
    assert "Dear Eve." in desk.eve.letter().text


def test_whoever_is_let_in_by_a_move_is_offered_the_words_and_not_to_be_let_in_again(desk: Desk) -> None:
    desk.eve.writes("ticket1", "Mine, too.")
    desk.sam.replies(desk.sam.letter(), f"Queue: Questions\nAddCc: {EVE}\n\nFor you.")
    assert last(desk) == ("For you.", True)
    receipt = desk.sam.letter()
    assert "Send it to Ann Lee and Eve, too?" in receipt.text
    assert "didn't get your message" not in receipt.text
    desk.sam.replies(receipt, "send")
    assert last(desk) == ("For you.", False)
    assert "For you." in desk.eve.letter().text


def test_a_comment_of_a_colleague_stays_private_whomever_its_answer_lets_in(desk: Desk) -> None:
    desk.rita.writes("ticket1-comment", "She is cross.")
    letter = desk.sam.letter()
    desk.sam.replies(letter, f"AddCc: {EVE}\n\nYes, very.")
    assert last(desk) == ("Yes, very.", True)
    assert desk.eve.letters == []
    assert "didn't get" not in desk.sam.letter().text


def test_whoever_just_answers_a_stranger_is_told_that_they_did_not_get_it(desk: Desk) -> None:
    desk.eve.writes("ticket1", "Mine, too.")
    desk.sam.replies(desk.sam.letter(), "Please open a ticket of your own.")
    assert last(desk) == ("Please open a ticket of your own.", True)
    letter = desk.sam.letter()
    assert letter.text.startswith("Eve didn't get your message: only the General team can see it.")
    assert f"start your reply with:\n    AddCc: {EVE}" in letter.text
    assert desk.eve.letters == []
    # One letter says all.
    before = len(desk.sam.letters)
    desk.sam.replies(letter, "Owner: me\n\nI see to it.")
    assert len(desk.sam.letters) == before + 1
    assert "Owner: nobody → Sam" in desk.sam.letter().text
    assert "Eve didn't get your message" in desk.sam.letter().text
    # Once they are on the ticket, that is over.
    desk.sam.replies(letter, f"AddCc: {EVE}")
    desk.sam.replies(desk.sam.letter(), "Dear all.")
    assert "didn't get" not in desk.sam.letter().text


def test_a_colleague_is_offered_what_came_in_answer_to_their_letter_from_an_address_nobody_knows(desk: Desk) -> None:
    letter, home = desk.sam.letter(), desk.world.actor("sam.private@mail.example", "Sam")
    before = len(desk.sam.letters), len(desk.ann.letters)
    home.replies(letter, "It will be mended.")
    assert last(desk) == ("It will be mended.", True)
    # The known address gets one letter, which has the words.
    assert len(desk.sam.letters) == before[0] + 1
    offer = desk.sam.letter()
    question = f"Did you write this to ticket 1? It came from {home.email}, an address that we don't know:"
    assert offer.text.startswith(f"{question}\n\n    It will be mended.\n")
    assert (
        "Reply with the word yes. Then it's posted as yours, and Ann Lee and the rest of the General team"
        in offer.words
    )
    # The unknown one gets a neutral line, once a day.
    [line] = home.letters
    assert line.text == "We don't know this address, so only the team gets your email."
    assert not any(word in line.all_text for word in ("Sam", "Ann", "open", "Open", "new", "Answered"))
    home.replies(letter, "Really.")
    assert home.letters == [line]
    desk.world.clock.passes(days=1)
    home.replies(letter, "Really!")
    assert len(home.letters) == 2
    # The others are told as before.
    assert "replied to an email that we sent to Sam <sam@team.example>." in desk.rita.letter().words
    assert "tickets person" not in desk.rita.letter().all_text
    # A yes posts these words, once.
    count = len(desk.world.ticket()["messages"])
    desk.sam.replies(offer, "Yes!")
    message = desk.world.ticket()["messages"][-1]
    assert (message["text"], message["private"]) == ("It will be mended.", False)
    assert message["sender"]["email"] == desk.sam.email
    assert "It will be mended." in desk.ann.letter().text
    assert desk.sam.letter().text.startswith("Your message is on ticket 1 as yours now.")
    desk.sam.replies(offer, "yes")
    assert "were carried out or dropped before" in desk.sam.letter().text
    assert (len(desk.world.ticket()["messages"]), len(desk.ann.letters)) == (count + 1, before[1] + 1)


def test_what_is_offered_is_dropped_by_a_no_kept_after_other_words_and_private_if_it_was(desk: Desk) -> None:
    question, home = desk.sam.letter(), desk.world.actor("sam.private@mail.example", "Sam")
    home.replies(question, "It will be mended.")
    offer = desk.sam.letter()
    desk.sam.replies(offer, "That is my old address.")
    assert last(desk) == ("That is my old address.", True)
    again = desk.sam.letter()
    assert "    It will be mended." in again.text
    desk.sam.replies(again, "no")
    desk.sam.replies(offer, "yes")
    assert last(desk) == ("That is my old address.", True)
    home.writes("ticket1-comment", "She is cross.", subject=question["Subject"], answering=question)
    offer = desk.sam.letter()
    assert "Then it's posted as yours, and the rest of the General team will see it." in offer.words
    desk.sam.replies(offer, "yes")
    assert last(desk) == ("She is cross.", True)
    assert not any("cross" in letter.all_text or "mended" in letter.all_text for letter in desk.ann.letters)


def test_commands_above_what_is_offered_are_carried_out_as_the_letter_says(desk: Desk) -> None:
    question, home = desk.sam.letter(), desk.world.actor("sam.private@mail.example", "Sam")
    home.replies(question, "Subject: Printer on fire\nOwner: me\n\nIt will be mended.")
    offer = desk.sam.letter()
    assert "Subject: Printer on fire Owner: me It will be mended." in offer.words
    assert "its commands are carried out, and its other words are posted." in offer.words
    assert offer.footer.startswith("Reply to this email with the word yes to carry out the commands and post")
    desk.sam.replies(offer, "yes")
    ticket = desk.world.ticket()
    assert (ticket["title"], ticket["assignee"]["email"]) == ("Printer on fire", desk.sam.email)
    assert last(desk) == ("It will be mended.", False)
    assert "Owner: me" not in "".join(letter.all_text for letter in desk.ann.letters)
    assert desk.sam.letter().text.startswith("Done. On ticket 1 (")
    # Commands alone post nothing, and a line that cannot be is refused with the words.
    count = len(ticket["messages"])
    desk.world.clock.passes(hours=2)
    home.replies(question, "Priority: 3")
    desk.sam.replies(desk.sam.letter(), "yes")
    assert (desk.world.ticket()["priority"], len(desk.world.ticket()["messages"])) == (3, count + 1)
    home.replies(question, "Priority: high\n\nIt burns.")
    desk.sam.replies(desk.sam.letter(), "yes")
    assert '"high" isn\'t a priority' in desk.sam.letter().text
    assert (last(desk), "It burns." in desk.sam.letter().text) == (("It burns.", False), True)


@pytest.mark.parametrize("word", ["undo", "help", "Resolved", "close", "Take: me", "unsubscribe"])
def test_a_word_for_the_tracker_alone_is_not_offered_as_words(desk: Desk, word: str) -> None:
    question, home = desk.sam.letter(), desk.world.actor("sam.private@mail.example", "Sam")
    home.replies(question, word)
    assert not any("Did you write" in letter.text for letter in desk.sam.letters)
    assert "Private note from Sam <sam.private@mail.example>." in desk.sam.letter().text
    desk.sam.replies(desk.sam.letter(), "yes")
    assert not any(word in letter.text for letter in desk.ann.letters)


def test_no_offer_is_made_to_others_nor_for_what_a_machine_wrote(desk: Desk) -> None:
    question = desk.sam.letter()
    desk.world.actor("away@mail.example").replies(question, "I am away.", headers={"Auto-Submitted": "auto-replied"})
    desk.world.known("olga@team.example", "Olga").replies(question, "I know you.")
    desk.sam.replies(question, "It will be mended.")
    before = len(desk.ann.letters)
    desk.world.actor("ann.private@mail.example").replies(desk.ann.letter(), "Thanks.")
    offers = [letter for actor in (desk.sam, desk.ann) for letter in actor.letters if "Did you write" in letter.text]
    assert (offers, len(desk.ann.letters)) == ([], before)


def test_show_by_mail_gives_customers_no_address_of_others_and_times_for_people(desk: Desk) -> None:
    bob = desk.world.actor("bob@shop.example", "Bob")
    desk.sam.replies(desk.sam.letter(), f"Owner: me\nAddCc: {bob.email}\n\nIt will be mended.")
    for reader, other_reader in ((desk.ann, bob), (bob, desk.ann)):
        reader.writes("ticket1", "show")
        page = reader.letter().text
        assert "Owner: Sam\n" in page
        assert not any(email in page for email in (desk.sam.email, desk.rita.email, other_reader.email))
        assert "#1  Sat 21 Nov 2026, 12:00 UTC, " in page


def letter_to(actor: Actor, words: str) -> Letter:
    """The newest letter to somebody that has these words."""
    return next(letter for letter in reversed(actor.letters) if words in letter.all_text)
