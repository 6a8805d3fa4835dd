"""Claims about quoted lines: no word of a customer's is set aside unseen, and no off-list exchange reaches them."""

import pytest

from tests.support.world import World

THEIRS = "On Wed, 25 Nov 2026 at 09:20, Carl Shop <carl@shop.example> wrote:\n> We do not pay for the lamp.\n> Carl"
PASTED = "From: Carl Shop <carl@shop.example>\nSent: Monday\nTo: Ron\nSubject: Offer\n\nWe do not pay for the lamp."
ASIDE = "[We left out what this quotes. To see all of it, reply: show 1 2]"


@pytest.mark.parametrize("below", [THEIRS, PASTED])
def test_what_a_responder_quotes_of_others_goes_to_nobody_and_the_team_can_read_it(world: World, below: str) -> None:
    ron, rosa = world.responder("ron@example.org", "Ron"), world.responder("rosa@example.org", "Rosa")
    rita = world.actor("rita@example.net", "Rita")
    rita.writes("hello", "It is broken.", subject="Lamp")
    ron.replies(ron.letter(), f"Try the other one.\n\n{below}")
    assert "do not pay" not in rita.letter().all_text
    assert "set aside" not in rita.letter().all_text
    assert "do not pay" not in rosa.letter().text
    assert ASIDE in rosa.letter().text
    rosa.replies(rosa.letter(), "show 1 2")
    assert "We do not pay for the lamp." in rosa.letter().text
    rita.replies(rita.letter(), "show 1 2")
    assert "do not pay" not in rita.letter().text


@pytest.mark.parametrize("below", [THEIRS, PASTED])
def test_what_a_customer_quotes_of_others_is_in_the_letter(world: World, below: str) -> None:
    ron, rita = world.responder("ron@example.org", "Ron"), world.actor("rita@example.net", "Rita")
    rita.writes("hello", f"See what they say.\n\n{below}", subject="Lamp")
    assert "We do not pay for the lamp." in ron.letter().text
    ron.replies(ron.letter(), "Who says so?")
    rita.replies(rita.letter(), f"They do.\n\n{below}")
    assert "We do not pay for the lamp." in ron.letter().text
    assert "set aside" not in ron.letter().text


def test_a_reply_above_our_own_letter_says_nothing_of_lines_set_aside(world: World) -> None:
    ron, rita = world.responder("ron@example.org", "Ron"), world.actor("rita@example.net", "Rita")
    rita.writes("hello", "It is broken.", subject="Lamp")
    ron.replies(ron.letter(), "Try the other one, which is on the left, and tell me.")
    letter = rita.letter()
    quoted = "\n".join(f"> {line}".rstrip() for line in letter.all_text.split("\n"))
    rita.replies(letter, f"It works.\n\nOn Wed, 25 Nov 2026 at 09:20, Ron <ticket1@tickets.example> wrote:\n{quoted}")
    assert "set aside" not in ron.letter().text
    assert "Try the other one" not in ron.letter().text
