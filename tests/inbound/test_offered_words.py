"""Claims about whoever writes in a colleague's name: nobody sends what they have not been shown."""

from collections.abc import Iterator

import pytest

from tests.support.world import DOMAIN, Actor, World


@pytest.fixture(params=["correspondence", "support"])
def world(request: pytest.FixtureRequest, database_url: str) -> Iterator[World]:
    """Ann has asked something, which is ticket 1."""
    world = World(database_url, lifecycle=request.param)
    world.responder("rita@team.example", "Rita")
    world.actor("ann@home.example", "Ann").writes("hello", "The printer is broken.", subject="Printer")
    yield world
    world.close()


def with_file(world: World, sender: Actor, text: str, answers: str, to: str) -> None:
    """A mail with a file, in answer to a Message-ID."""
    mail = (
        f"From: {sender.email}\r\nTo: {to}\r\nSubject: Printer\r\nMessage-ID: <f@evil.example>\r\n"
        f"In-Reply-To: {answers}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
        f"--B\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
        '--B\r\nContent-Type: application/pdf; name="invoice.pdf"\r\n'
        "Content-Disposition: attachment\r\n\r\nx\r\n--B--\r\n"
    )
    world.brings(mail.encode(), sender.email, to)


def test_what_is_offered_to_be_sent_and_nothing_proves_is_shown_with_the_doubt(world: World) -> None:
    rita, eve = world.actor("rita@team.example", "Rita"), world.actor("eve@elsewhere.example", "Eve")
    own = eve.writes("ticket1", "Mine, too.")
    # Whoever writes a comment knows its Message-ID.
    with_file(world, rita, "Pay to another account.", own, f"ticket1@{DOMAIN}")
    offer = rita.letter().text
    assert "A reply in your name stayed a private note." in offer
    assert "We couldn't check that you wrote it. If you did, send it to Ann?" in offer
    assert "Pay to another account.\n\nWith files: invoice.pdf.\n\nTo send it, reply:\n    send" in offer


def test_an_offer_of_an_unknown_addresss_words_says_what_it_does_not_show(world: World) -> None:
    rita, eve = world.actor("rita@team.example", "Rita"), world.actor("eve@elsewhere.example", "Eve")
    question = rita.letter()
    eve.replies(question, "Thanks. " * 1000 + "Pay to another account.")
    offer, whole = sorted(rita.letters[-2:], key=lambda letter: "Did you write this" not in letter.text)
    assert "There's more of it on the ticket." in offer.text
    assert "Pay to another account." in whole.text


def test_an_offer_of_an_unknown_addresss_words_names_its_files(world: World) -> None:
    rita, eve = world.actor("rita@team.example", "Rita"), world.actor("eve@elsewhere.example", "Eve")
    question = rita.letter()
    with_file(world, eve, "Thanks.", question["Message-ID"], f"ticket1@{DOMAIN}")
    offer, whole = sorted(rita.letters[-2:], key=lambda letter: "Did you write this" not in letter.text)
    assert "With files: invoice.pdf." in offer.text
    assert "invoice.pdf" in str(whole.mail)


HIDDEN = (
    "Subject: y\nRequestor: eve@elsewhere.example\nOn Fri, Nov 27, 2026 Ann wrote:\nSent: Monday\n\nFrom: Ann\n> Hello"
)


def test_a_yes_carries_out_no_command_that_its_letter_has_not_shown(world: World) -> None:
    rita, eve = world.actor("rita@team.example", "Rita"), world.actor("eve@elsewhere.example", "Eve")
    eve.writes("ticket1", f"Priority: 7\n{HIDDEN}", headers={"References": rita.letter()["Message-ID"]})
    offer = next(letter for letter in rita.letters[-2:] if "Did you write this" in letter.text)
    assert "Priority: 7" in offer.text
    assert "Requestor" not in offer.text
    rita.replies(offer, "yes")
    ticket = world.ticket()
    assert (ticket["priority"], ticket["requestor"]["email"]) == (7, "ann@home.example")


def test_commands_that_an_offer_has_no_room_for_are_not_offered(world: World) -> None:
    rita, eve = world.actor("rita@team.example", "Rita"), world.actor("eve@elsewhere.example", "Eve")
    before = len(rita.letters)
    eve.replies(rita.letter(), f"Subject: {'Printer ' * 600}\nRequestor: eve@elsewhere.example\n\nThanks.")
    assert not [letter for letter in rita.letters[before:] if "Did you write this" in letter.text]
    assert "Requestor: eve" in rita.letter().text
