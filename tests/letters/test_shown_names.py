"""Claims about names in From that are somebody else's, or hold somebody else's address."""

import pytest

from tests.support.world import World

EVE = "eve@elsewhere.example"


@pytest.mark.parametrize(
    "name", ["Sam Helper <sam@team.example>", "Sam Helper", "HELPER,  Sám", "Sam\u200b Helper", "sam＠team.example"]
)
def test_a_name_that_is_a_colleagues_is_shown_with_whose_it_is(small_inbox: World, name: str) -> None:
    sam = small_inbox.responder("sam@team.example", "Sam Helper")
    bea, eve = small_inbox.known("bea@home.example", "Bea"), small_inbox.actor(EVE, name)
    eve.writes("hello", "Send me the keys.", subject="Keys")
    assert f"<{EVE}> (" in str(sam.letter().mail["From"].addresses[0].display_name)
    assert f"<{EVE}> wrote:" in sam.letter().text
    small_inbox.asks_in(1, bea.email)
    eve.writes("ticket1", "Today.", subject="Keys")
    assert f"<{EVE}> wrote:" in sam.letter().text
    letter = bea.letter()
    assert letter["From"].startswith('"eve (not on the team) (General)" <')
    assert letter.text.startswith("eve (not on the team) wrote:")
    assert "sam" not in letter.all_text.casefold()
    seen = small_inbox.ticket(1, bea.email)
    assert seen["requestor"] == {"email": None, "name": "eve (not on the team)"}
    assert {message["writer"] for message in seen["messages"]} == {"eve (not on the team)"}
    whole = small_inbox.ticket(1)
    assert all(message["writer"].endswith(f"<{EVE}>") for message in whole["messages"])
    # To themselves they are who they say.
    bea.writes("ticket1", "No.", subject="Keys")
    assert "not on the team" not in eve.letter()["To"]


def test_other_names_stay_as_they_are(small_inbox: World) -> None:
    sam, other = small_inbox.responder("sam@team.example", "Sam Helper"), small_inbox.responder("x@team.example", "X")
    ann = small_inbox.actor("ann@home.example", "Ann Lee")
    ann.writes("hello", "The door is shut.", subject="Door")
    assert sam.letter()["From"].startswith('"Ann Lee (General)" <')
    assert sam.letter().text.startswith("Ann Lee <ann@home.example> wrote:")
    ann.writes("ticket1", "Still.", subject="Door")
    assert sam.letter().text.startswith("Ann Lee wrote:")
    sam.replies(sam.letter(), "Push.")
    assert ann.letter()["From"].startswith('"Sam Helper (General)" <')
    assert other.letter().text.startswith("Sam Helper wrote:")


def test_a_name_that_is_somebodys_own_address_is_no_name(small_inbox: World) -> None:
    sam = small_inbox.responder("sam@team.example", "Sam Helper")
    ann, bea = small_inbox.actor("ann@home.example", "ann@home.example"), small_inbox.known("bea@home.example", "Bea")
    ann.writes("hello", "The door is shut.", subject="Door")
    assert sam.letter()["From"].startswith('"ann (General)" <')
    assert sam.letter().text.startswith("ann <ann@home.example> wrote:")
    small_inbox.asks_in(1, bea.email)
    ann.writes("ticket1", "Still.", subject="Door")
    assert bea.letter().text.startswith("ann wrote:")
    assert "ann@home.example" not in bea.letter().all_text
