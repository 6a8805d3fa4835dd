"""Claims about leaving a ticket: by a word, or by the address of List-Unsubscribe."""

import re

import pytest

from mail_tickets.mail.leaving import LEAVING, asks_to_leave
from mail_tickets.mail.quotations.client_phrases import LANGUAGES
from mail_tickets.model.records.addressing import AddressKind, find_our_address, is_deliverable, is_reserved
from mail_tickets.model.records.received_mail import Delivery
from tests.support.world import Actor, Letter, World


@pytest.mark.parametrize(
    "text",
    [
        "unsubscribe",
        "Unsubscribe.",
        "UNSUBSCRIBE!",
        "unsubscribe me",
        "Please unsubscribe me",
        "Unsubscribe please, thanks",
        "unsub",
        "remove me",
        "Please remove me.",
        "opt out",
        " *unsubscribe* \n",
        "please unsubscribe me from this ticket",
        "stop",
        "STOP!",
        "Please stop emailing me.",
        "Please take me off this list",
        "Take me off of your mailing list, thanks",
        "Kindly remove me from the list.",
        "Don\u2019t email me again",
        "Abmelden",
        "Bitte abmelden.",
        "Bitte nehmen Sie mich aus der Liste, danke",
        "Désabonnez-moi, s'il vous plaît",
    ],
)
def test_these_ask_for_no_more_letters(text: str) -> None:
    assert asks_to_leave(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "How do I unsubscribe?",
        "unsubscribe?",
        "don't unsubscribe me",
        "unsubscribe Ann",
        "remove",
        "Stop the printer",
        "stop this ticket",
        "take me",
        "leave",
        "I cannot unsubscribe",
        "please",
        "unsubscribe " * 20,
        "not me",
        "unsubscribe from the newsletter",
    ],
)
def test_these_are_words(text: str) -> None:
    assert not asks_to_leave(text)


def test_every_language_of_mail_clients_has_its_phrases() -> None:
    assert set(LEAVING) == set(LANGUAGES)
    for language, phrases in LEAVING.items():
        for phrase in phrases.split("|"):
            assert asks_to_leave(f"{phrase.capitalize()}.\n\nAnn", "Ann Lee"), (language, phrase)
            assert not asks_to_leave(f"{phrase}?"), phrase


def test_in_answer_to_a_letter_that_offers_a_no_stop_is_that_no(small_inbox: World) -> None:
    small_inbox.responder("ron@example.org", "Ron")
    rita = small_inbox.actor("rita@example.org", "Rita")
    rita.writes("hello", "It is broken.")
    rita.writes("ticket1", "Status: resolved")
    rita.replies(rita.letter(), "stop")
    assert rita.letter().text.startswith("OK, we changed nothing")
    assert small_inbox.ticket()["unsubscribed"] == []


def test_whoever_leaves_may_sign_with_their_name() -> None:
    assert asks_to_leave("Unsubscribe\n\nAnn Lee", "Ann Lee")
    assert not asks_to_leave("unsubscribe Bea", "Ann Lee")
    assert not asks_to_leave("Ann Lee", "Ann Lee")


def test_who_settles_a_ticket_in_the_same_mail_does_not_lose_that_line(small_inbox: World) -> None:
    small_inbox.responder("ron@example.org", "Ron")
    rita = small_inbox.actor("rita@example.org", "Rita")
    rita.writes("hello", "It is broken.")
    small_inbox.act(1, "Reply", "ron@example.org", "We are looking.")
    rita.replies(rita.letter(), "Status: resolved\n\nunsubscribe")
    assert small_inbox.ticket()["status"] == "resolved"
    assert small_inbox.ticket()["messages"][-1]["text"] == "unsubscribe"
    rita.replies(rita.letters[0], "unsubscribe\n\nRita")
    assert rita.letter().text.startswith("You've left ticket")


class People:
    """A ticket of Rita's that Ron answers for, with Pia copied in."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ron, self.pia = world.responder("ron@example.org", "Ron"), world.known("pia@example.net", "Pia")
        self.rita = world.actor("rita@example.net", "Rita")
        self.rita.writes("hello", "Help!")
        world.asks_in(1, self.pia.email)
        self.ron.replies(self.ron.letter(), "Look.")

    def unsubscribed(self) -> list[str]:
        return [person["name"] for person in self.world.ticket()["unsubscribed"]]

    def hears(self, who: Actor) -> bool:
        """Whether somebody gets a letter of what Ron writes next."""
        before = len(who.letters)
        self.ron.replies(self.ron.letters[0], "And look here.")
        return len(who.letters) > before


@pytest.fixture
def people(small_inbox: World) -> People:
    return People(small_inbox)


@pytest.mark.parametrize("name", ["rita", "pia"])
def test_requestors_and_participants_leave_by_the_word_and_come_back_by_writing(people: People, name: str) -> None:
    who: Actor = getattr(people, name)
    who.replies(who.letter(), "Please unsubscribe me.")
    assert who.letter().text.startswith('You\'ve left ticket 1, "Hello".')
    assert "Changed your mind? Write to ticket1@tickets.example, or reply to this email." in who.letter().text
    assert who.email in people.ron.letter().text
    assert people.unsubscribed() == [who.name or name.title()]
    assert f"Gets no emails: {name.title()}" in page_for(people.ron)
    assert not people.hears(who)
    confirmed = len(who.letters)
    who.replies(who.letters[0], "I am back.")
    assert (people.unsubscribed(), len(who.letters)) == ([], confirmed)
    assert people.hears(who)


@pytest.mark.parametrize("name", ["rita", "pia"])
def test_the_word_is_confirmed_once(people: People, name: str) -> None:
    who: Actor = getattr(people, name)
    first = who.letter()
    who.replies(first, "unsubscribe")
    confirmed = who.letter()
    for letter in (first, confirmed, first):
        who.replies(letter, "unsubscribe")
    assert who.letter() is confirmed
    who.replies(first, "I am back.")
    who.replies(first, "unsubscribe")
    assert who.letter().text == confirmed.text
    assert who.letter() is not confirmed


def test_a_yes_to_leaving_after_somebody_has_left_says_so(people: People) -> None:
    first = people.rita.letter()
    people.rita.writes("ticket1", "unsubscribe")
    waiting = people.rita.letter()
    people.rita.replies(first, "unsubscribe")
    people.rita.replies(waiting, "yes")
    assert people.rita.letter().text == "Nothing changed on ticket 1: you get no emails about it any more."


def page_for(actor: Actor) -> str:
    actor.replies(actor.letters[0], "show")
    return actor.letter().text


def test_outsiders_are_told_of_nobody_else_who_left(people: People) -> None:
    people.pia.replies(people.pia.letter(), "unsubscribe")
    assert people.world.ticket(1, people.rita.email)["unsubscribed"] == []
    assert [person["name"] for person in people.world.ticket(1, people.pia.email)["unsubscribed"]] == ["Pia"]
    assert "Gets no emails" not in page_for(people.rita)


def test_a_requestor_who_left_is_not_told_that_it_is_resolved(people: People) -> None:
    people.world.switches("General", announce_resolved="on")
    people.rita.replies(people.rita.letter(), "unsubscribe")
    before = len(people.rita.letters)
    people.world.act(1, "Change status", people.ron.email, status="resolved")
    assert len(people.rita.letters) == before


def test_an_unproven_wish_of_the_requestor_waits(people: People) -> None:
    people.rita.writes("ticket1", "unsubscribe")
    assert "    unsubscribe" in people.rita.letter().text
    assert people.hears(people.rita)
    waiting = next(letter for letter in people.rita.letters if "    unsubscribe" in letter.text)
    people.rita.replies(waiting, "yes")
    assert not people.hears(people.rita)


def address_of(letter: Letter) -> str:
    match = re.fullmatch(r"<mailto:(unsubscribe-[0-9a-f]{20}@tickets\.example)>", letter["List-Unsubscribe"])
    assert match, letter["List-Unsubscribe"]
    return match[1]


def test_only_letters_to_people_who_were_copied_in_have_the_header(people: People) -> None:
    assert address_of(people.pia.letter())
    for who in (people.rita, people.ron):
        assert all(not letter["List-Unsubscribe"] for letter in who.letters)


def test_mail_to_its_address_takes_the_reader_off_whoever_sends_it_and_is_confirmed_once(people: People) -> None:
    address, messages = address_of(people.pia.letter()), len(people.world.ticket()["messages"])
    provider = people.world.actor("robot@provider.example")
    for _ in range(3):
        provider.writes(address, "", subject="unsubscribe")
    assert people.unsubscribed() == ["Pia"]
    assert len(people.world.ticket()["messages"]) == messages
    assert [letter.text[:18] for letter in people.pia.letters].count("You've left ticket") == 1
    assert provider.letters == []
    assert not people.hears(people.pia)
    people.pia.replies(people.pia.letter(), "I am back.")
    assert people.hears(people.pia)


def test_an_address_that_is_no_letters_takes_nobody_off_and_is_set_aside(people: People) -> None:
    people.pia.writes("unsubscribe-0123456789abcdef0123", "")
    assert people.unsubscribed() == []
    assert people.world.rows(Delivery.waiting).count(True) == 1


def test_a_machine_takes_nobody_off(people: People) -> None:
    people.pia.writes(address_of(people.pia.letter()), "", headers={"Auto-Submitted": "auto-replied"})
    assert people.unsubscribed() == []


def test_a_ticket_that_becomes_somebody_elses_has_its_letters_again(people: People) -> None:
    people.rita.replies(people.rita.letter(), "unsubscribe")
    people.ron.replies(people.ron.letters[0], "Requestor: pia@example.net")
    assert people.hears(people.pia)


def test_the_address_is_the_trackers_own(people: People) -> None:
    address = address_of(people.pia.letter())
    with people.world.uow() as uow:
        place = find_our_address(uow, address)
        assert place is not None
        assert place.kind is AddressKind.UNSUBSCRIBE
        assert is_deliverable(uow, address)
        assert not is_deliverable(uow, "unsubscribe-00@tickets.example")
    assert is_reserved("unsubscribe-me")
