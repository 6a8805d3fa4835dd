"""Claims about who may read the tickets of a queue, and what its letters say of that."""

import pytest

from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.lifecycle.tables import NotAllowed
from mail_tickets.model.operations.manual_action import act_by_command
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.queue_setup import set_queue, switches_of
from mail_tickets.model.records.queues import BadQueue, find_queue
from mail_tickets.model.records.tickets import NoSuchTicket
from mail_tickets.model.search.indexer import catch_up
from mail_tickets.model.search.query import read_query
from mail_tickets.model.search.search import search
from mail_tickets.model.tickets.filters import Filter
from tests.support.world import Actor, World

LINE = "Anyone who uses General can read this."


class People:
    """A ticket of Rita's that Ron answers for, Pia takes part in, and Otto only knows of."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ron = world.responder("ron@example.org", "Ron")
        self.otto, self.pia = world.known("otto@example.net", "Otto"), world.known("pia@example.net", "Pia")
        self.rita = world.actor("rita@example.net", "Rita")
        self.rita.writes("hello", "It is broken.")
        world.asks_in(1, self.pia.email)
        world.act(1, "Comment", self.ron.email, "Between us.", private=True)

    def sees(self, who: Actor) -> bool:
        try:
            self.world.ticket(1, who.email)
        except NoSuchTicket:
            return False
        return True


@pytest.mark.parametrize("readers", ["everyone", "team"])
@pytest.mark.parametrize("life", LIFECYCLES)
def test_a_letter_says_that_others_read_a_ticket_exactly_where_they_do(
    small_world: World, life: str, readers: str
) -> None:
    small_world.switches("General", lifecycle=life, readers=readers)
    people = People(small_world)
    may_see = people.sees(people.otto)
    assert may_see == (life == "support" and readers == "everyone")
    assert all(people.sees(who) for who in (people.rita, people.pia, people.ron))
    small_world.act(1, LIFECYCLES[life].actions[0].title, people.ron.email, "Look.")
    people.rita.replies(people.rita.letter(), "I have looked.")
    for who in (people.rita, people.pia, people.ron):
        assert (LINE in who.letter().footer) == may_see, who.name
    people.otto.writes("ticket1", "I know why.")
    message = small_world.ticket()["messages"][-1]
    assert (message["private"], message["action"] == "Comment") == (not may_see, not may_see)
    assert (people.rita.letter().text.startswith("Otto")) == may_see
    assert finds(small_world, people.otto) == ([1] if may_see else [])


def finds(world: World, who: Actor) -> list[int]:
    """The tickets in which somebody finds the word of Rita's mail."""
    catch_up(world.database)
    with world.uow() as uow:
        result = search(uow, read_query("broken"), Filter(), get_person(uow, who.email), 10)
        return [hit.ticket.id for hit in result.hits]


def test_a_letter_about_a_private_note_says_nothing_of_other_readers(small_world: World) -> None:
    people = People(small_world)
    people.rita.writes("ticket1", "Hello?")
    assert LINE in people.ron.letter().footer
    small_world.responder("rosa@example.org", "Rosa")
    small_world.act(1, "Comment", people.ron.email, "Between us.", private=True)
    assert LINE not in small_world.actor("rosa@example.org").letter().footer


@pytest.mark.parametrize("life", LIFECYCLES)
def test_who_is_known_gets_pages_at_a_ticket_that_they_may_not_see_and_nothing_of_it(
    small_world: World, life: str
) -> None:
    small_world.switches("General", lifecycle=life, readers="team")
    people = People(small_world)
    count = len(small_world.ticket()["messages"])
    for word, answer in (
        ("list", "You have no open tickets."),
        ("show", "We can't show you ticket 1."),
        ("help", "Email hello@tickets.example to open a new ticket."),
    ):
        people.otto.writes("ticket1", word)
        assert answer in people.otto.letter().text
    for letter in people.otto.letters:
        assert not any(word in letter.all_text + letter["Subject"] for word in ("Ron", "Rita", "#1", "ticket1"))
    assert len(small_world.ticket()["messages"]) == count


def test_by_command_too_an_other_does_nothing_in_public_where_only_the_team_reads(small_world: World) -> None:
    people = People(small_world)
    small_world.switches("General", readers="team")
    with small_world.uow() as uow, pytest.raises(NotAllowed):
        act_by_command(uow, 1, "Answer", people.otto.email, "I know why.")


def test_readers_are_everyone_or_the_team(small_world: World) -> None:
    with small_world.uow() as uow:
        queue = find_queue(uow, "General")
        assert switches_of(queue)["readers"] == "everyone"
        with pytest.raises(BadQueue) as refused:
            set_queue(uow, queue, "readers", "on")
        set_queue(uow, queue, "readers", "TEAM")
        assert switches_of(queue)["readers"] == "team"
    assert str(refused.value) == 'readers can\'t be "on". Use everyone or team.'
