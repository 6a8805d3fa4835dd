"""Claims about forgetting: nothing of a person or a ticket is left, and nothing of anybody else is lost."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.model.forgetting import Forgotten, carry_out, forget_person, rehearse
from app.model.forgetting_tickets import forget_ticket
from app.model.mails import Delivery, Mail
from app.model.messages import Message
from app.model.people import Person
from app.model.reading import ticket_text
from app.model.sweeping import sweep
from app.model.tickets import Ticket, TicketForgotten, find_ticket
from app.model.views import ticket_in_full
from tests.markers import DEEDS, PEOPLE, ROB, Deed, Small, email_of, kept_of, some_deeds, words_in
from tests.world import World


def forgets(world: World, email: str) -> Forgotten:
    told = carry_out(world.database, lambda desk: forget_person(desk, email))
    sweep(world.database)
    return told


def forgets_ticket(world: World, number: int) -> Forgotten:
    told = carry_out(world.database, lambda desk: forget_ticket(desk, number))
    sweep(world.database)
    return told


# Any small world


def every_ticket_lives(small: Small) -> None:
    """Every ticket can be shown, to all and to each, and be replied to."""
    living = [one for one in small.world.rows(Ticket) if not one.forgotten]
    for one in living:
        with small.world.database.look() as desk:
            ticket = find_ticket(desk, one.id)
            assert ticket_text(ticket_in_full(desk, ticket), ticket.lifecycle)
    for one in (one for one in living if one.merged_into is None):
        small.world.clock.passes(hours=2)
        small.writes(ROB, f"ticket{one.id}")
        assert len(small.world.ticket(one.id)["messages"]) == one.posts + 1


def is_there(world: World, email: str) -> bool:
    return email in {one.email for one in world.rows(Person)} | {one.author for one in world.rows(Mail)}


def forget_somebody(small: Small, who: str) -> None:
    if not is_there(small.world, email_of(who)):
        return
    kept = kept_of(small.world, but=email_of(who))
    rehearsed = rehearse(small.world.database, lambda desk: forget_person(desk, email_of(who)))
    assert kept_of(small.world, but=email_of(who)) == kept
    told = forgets(small.world, email_of(who))
    assert told == rehearsed
    after = kept_of(small.world, but=email_of(who))
    assert {number: after[number] for number in kept} == kept
    # What others wrote stays, byte for byte: they named them in Cc, or in a command.
    found = words_in(small.world, who)
    assert [one for one in found if one[0] not in ("mail.raw", "message.text", "message.full_text")] == []
    assert all(email_of(who) in text and email_of(who) not in text.partition("\nto: ")[0] for _, text in found), found
    assert told.left.messages or {place for place, _ in found} <= {"mail.raw"}


@contextmanager
def small_world(url: str, deeds: list[Deed]) -> Iterator[Small]:
    small = Small(url)
    try:
        small.writes(PEOPLE[0], "hello")
        for deed in deeds:
            small.happens(deed)
        yield small
    finally:
        small.world.close()


# Shrinking a world takes minutes; the deeds that failed are short enough to read.
quickly = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate)
)
whoever = st.sampled_from(PEOPLE)


@quickly
@given(deeds=some_deeds, who=whoever)
def test_nothing_of_a_person_is_left_and_nothing_of_others_is_lost(
    sqlite_template: Path, deeds: list[Deed], who: str
) -> None:
    with TemporaryDirectory() as folder:
        shutil.copy(sqlite_template, f"{folder}/tickets.db")
        with small_world(f"sqlite:///{folder}/tickets.db", deeds) as small:
            forget_somebody(small, who)
            if who != ROB:
                every_ticket_lives(small)


@pytest.mark.parametrize("who", PEOPLE)
def test_nothing_of_a_person_is_left_on_either_database(any_database_url: str, who: str) -> None:
    with small_world(any_database_url, EVERYTHING) as small:
        forget_somebody(small, who)
        if who != ROB:
            every_ticket_lives(small)


EVERYTHING = [
    Deed(what, who, whom, ticket)
    for who, whom, ticket in ((PEOPLE[1], PEOPLE[2], 1), (PEOPLE[2], PEOPLE[0], 2), (PEOPLE[0], PEOPLE[1], 3))
    for what in dict.fromkeys(DEEDS)
]


def words_on(small: Small, numbers: set[int]) -> set[str]:
    """Every word that was said on these tickets and nowhere else."""
    elsewhere = {one.mail_id for one in small.world.rows(Delivery) if one.waiting or one.ticket_id not in numbers}
    here, there = set[str](), set[str]()
    for one in small.world.rows(Message):
        stays = one.ticket_id not in numbers or one.mail_id in elsewhere
        (there if stays else here).update(words(f"{one.subject} {one.full_text}"))
    return here - there


def words(text: str) -> set[str]:
    return set(re.findall(r"quax[a-z]+w[0-9]+\b", text))


def forget_one(small: Small, number: int) -> None:
    found = {one.id: one.merged_into for one in small.world.rows(Ticket)}
    if number not in found or found[number] is not None:
        return
    numbers = {number, *(one for one, into in found.items() if into == number)}
    gone, ids = words_on(small, numbers), {one.id for one in small.world.rows(Message) if one.ticket_id in numbers}
    kept = {id_: one for id_, one in kept_of(small.world, but="").items() if one[0] not in numbers}
    rehearsed = rehearse(small.world.database, lambda desk: forget_ticket(desk, number))
    assert forgets_ticket(small.world, number) == rehearsed
    assert set(rehearsed.erased) == ids
    assert kept_of(small.world, but="") == kept
    left = [(word, place) for word in gone for place, text in words_in(small.world, word) if word in words(text)]
    assert left == []
    with small.world.database.look() as desk, pytest.raises(TicketForgotten):
        find_ticket(desk, number)


@quickly
@given(deeds=some_deeds, number=st.integers(1, 4))
def test_nothing_of_a_ticket_is_left_and_nothing_of_others_is_lost(
    sqlite_template: Path, deeds: list[Deed], number: int
) -> None:
    with TemporaryDirectory() as folder:
        shutil.copy(sqlite_template, f"{folder}/tickets.db")
        with small_world(f"sqlite:///{folder}/tickets.db", deeds) as small:
            forget_one(small, number)
            every_ticket_lives(small)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_nothing_of_a_ticket_is_left_on_either_database(any_database_url: str, number: int) -> None:
    with small_world(any_database_url, EVERYTHING) as small:
        forget_one(small, number)
        every_ticket_lives(small)
