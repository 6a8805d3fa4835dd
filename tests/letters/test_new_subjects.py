"""Claims about a subject that says something new: its words stand in the letter, since they may stand nowhere else."""

import pytest

from mail_tickets.model.letters.notices import message_notices
from tests.support.world import World


def test_a_reply_with_another_subject_shows_it_once(small_world: World) -> None:
    rita = small_world.responder("rita@team.example", "Rita")
    ann = small_world.actor("ann@home.example", "Ann")
    ann.writes("hello", "The lamp stays dark.", subject="Lamp")
    rita.replies(rita.letter(), "Try the other switch.")
    ann.writes("ticket1", "See above.", subject="Order of ten new lamps", answering=ann.letter())
    assert "\n\nSubject: Order of ten new lamps\n\nSee above." in rita.letter().text
    rita.writes("ticket1", "Gladly.", subject="Re: Order of ten new lamps", answering=rita.letter())
    assert "Subject:" not in ann.letter().text
    assert small_world.ticket()["title"] == "Lamp"


@pytest.mark.parametrize(
    "subject",
    [
        "Re: [General #1] The lamp stays dark",
        "AW: [EXTERN] [General #1] The lamp stays dark",
        "Svar: the  LAMP stays dark",
        "Re: The lamp",
        "Re: [General #1]",
        "",
        "(no subject)",
    ],
)
def test_a_reply_with_the_tickets_title_shows_no_subject(small_world: World, subject: str) -> None:
    rita = small_world.responder("rita@team.example", "Rita")
    ann = small_world.actor("ann@home.example", "Ann")
    ann.writes("hello", "Hello.", subject="The lamp stays dark")
    rita.replies(rita.letter(), "Try the other switch.")
    ann.writes("ticket1", "I did.", subject=subject, answering=ann.letter())
    assert "Subject:" not in rita.letter().text


def test_a_reply_with_a_title_of_before_shows_no_subject(small_world: World) -> None:
    rita = small_world.responder("rita@team.example", "Rita")
    ann = small_world.actor("ann@home.example", "Ann")
    ann.writes("hello", "Hello.", subject="The lamp stays dark")
    rita.replies(rita.letter(), "Subject: Lamp 12, hall\n\nTry the other switch.")
    ann.writes("ticket1", "I did.", subject="Re: [General #1] Lamp 12, hall", answering=ann.letter())
    assert "Subject:" not in rita.letter().text


def test_a_subject_of_long_ago_is_shown_again(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # So that a mail on a ticket of 50,000 messages does not read them all.
    monkeypatch.setattr(message_notices, "_LATEST", 3)
    rita = small_world.responder("rita@team.example", "Rita")
    ann = small_world.actor("ann@home.example", "Ann")
    ann.writes("hello", "Hello.", subject="Lamp")
    titles_shown = []
    for subject in ("Ten new lamps", "Ten new lamps", "Lamp", "Lamp", "Ten new lamps"):
        ann.writes("ticket1", f"About: {subject}", subject=subject)
        titles_shown.append("Subject: Ten new lamps" in rita.letter().text)
    assert titles_shown == [True, False, False, False, True]
