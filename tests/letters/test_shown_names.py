"""Claims about names in From that are somebody else's, or hold somebody else's address."""

import pytest

from mail_tickets.model.desk.lists import list_page
from mail_tickets.model.search.hit_json import found_summaries
from mail_tickets.model.search.indexer import catch_up
from mail_tickets.model.search.query import read_query
from mail_tickets.model.search.search import search
from mail_tickets.model.tickets.filters import Filter
from mail_tickets.model.tickets.members import member_for, members_of
from tests.support.world import World, person_of, ticket_of

EVE = "eve@elsewhere.example"


@pytest.mark.parametrize(
    "name",
    [
        "Sam Helper <sam@team.example>",
        "Sam Helper",
        "HELPER,  Sám",
        "Sam\u200b Helper",
        "sam＠team.example",
        "Sаm Неlреr",
        "Sam Helper (General)",
        "Sam Helper via General",
    ],
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
    ticket = small_inbox.ticket(1, bea.email)
    assert ticket["requestor"] == {"email": None, "name": "eve (not on the team)"}
    assert {message["writer"] for message in ticket["messages"]} == {"eve (not on the team)"}
    whole = small_inbox.ticket(1)
    assert all(message["writer"].endswith(f"<{EVE}>") for message in whole["messages"])
    # To themselves they are who they say.
    bea.writes("ticket1", "No.", subject="Keys")
    assert "not on the team" not in eve.letter()["To"]


def test_other_names_stay_as_they_are(small_inbox: World) -> None:
    sam, colleague = (
        small_inbox.responder("sam@team.example", "Sam Helper"),
        small_inbox.responder("x@team.example", "X"),
    )
    ann = small_inbox.actor("ann@home.example", "Ann Lee")
    ann.writes("hello", "The door is shut.", subject="Door")
    assert sam.letter()["From"].startswith('"Ann Lee (General)" <')
    assert sam.letter().text.startswith("Ann Lee <ann@home.example> wrote:")
    ann.writes("ticket1", "Still.", subject="Door")
    assert sam.letter().text.startswith("Ann Lee wrote:")
    sam.replies(sam.letter(), "Push.")
    assert ann.letter()["From"].startswith('"Sam Helper (General)" <')
    assert colleague.letter().text.startswith("Sam Helper wrote:")


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


def test_a_name_that_misleads_is_told_apart_wherever_it_stands(small_inbox: World) -> None:
    sam, bea = small_inbox.responder("sam@team.example", "Sam Helper"), small_inbox.known("bea@home.example", "Bea")
    small_inbox.switches("General", language="de")
    sam.writes("hello", "The zebrafish is ill.", subject="Fish")
    small_inbox.asks_in(1, bea.email)
    eve = small_inbox.actor(EVE, "Sam Helper")
    eve.writes("ticket1", "Is the zebrafish mine?")
    # Whoever is on no ticket is told apart in its queue's language, too.
    assert [message["writer"] for message in small_inbox.ticket()["messages"]] == ["Sam Helper", f"Sam Helper <{EVE}>"]
    small_inbox.asks_in(1, EVE)
    assert "eve (nicht im Team)" in str(small_inbox.ticket(1, bea.email)["participants"])
    sam.writes("hello-search", "mine")
    assert f"Sam Helper <{EVE}>" in sam.letter().text


@pytest.mark.parametrize("language", ["en", "de"])
def test_who_is_on_no_ticket_is_told_apart_in_its_language(small_inbox: World, language: str) -> None:
    small_inbox.responder("sam@team.example", "Sam Helper")
    small_inbox.switches("General", language=language)
    small_inbox.actor("ann@home.example", "Ann").writes("hello", "The door is shut.", subject="Door")
    eve = small_inbox.known(EVE, "Sam Helper")
    with small_inbox.uow() as uow:
        member = member_for(person_of(uow, eve.email), members_of(uow, ticket_of(uow, 1)))
    assert member.label == {"en": "eve (not on the team)", "de": "eve (nicht im Team)"}[language]


@pytest.mark.parametrize("name", ["Sam Helper", "sam@team.example"])
def test_lists_and_searches_tell_a_name_apart_that_misleads(database_url: str, name: str) -> None:
    world = World(database_url)
    sam, bea = world.responder("sam@team.example", "Sam Helper"), world.known("bea@home.example", "Bea")
    world.actor(EVE, name).writes("hello", "My zebrafish is ill.", subject="Fish")
    world.asks_in(1, bea.email)
    catch_up(world.database)
    names = {"team": f"{name} <{EVE}>", "others": "eve (not on the team)"}
    with world.database.read_only() as uow:
        for email, reader in ((sam.email, "team"), (bea.email, "others")):
            viewer = person_of(uow, email)
            assert list_page(uow, viewer, {}).rows[0].requestor == names[reader]
            [hit] = search(uow, read_query("zebrafish"), Filter(), viewer, 20).hits
            assert hit.writer == names[reader]
            [summary] = found_summaries(uow, [hit])
            assert reader == "team" or summary["requestor"] == summary["found"]["sender"] == {
                "email": None,
                "name": names[reader],
            }
    world.close()
