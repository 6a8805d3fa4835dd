"""Claims about slow storms: programs that answer each other end, with minutes, hours or days between their mails."""

import random

import pytest

from mail_tickets.model.inbound.asking_letters import MOST_A_DAY
from mail_tickets.model.tickets.storms.answer_chains import MOST_RECEIPTS
from mail_tickets.model.tickets.storms.letter_limits import MOST_ANSWERS
from mail_tickets.model.tickets.storms.slow_storms import ANY, SAME, is_alike, words_of
from tests.support.answering_programs import AnsweringPrograms, away_note, numbers
from tests.support.world import Letter, World

DESK = "Thank you for your message. Your request {} has come, and you will hear from us within two days."


@pytest.mark.parametrize("threaded", [True, False])
@pytest.mark.parametrize("minutes", [3, 61])
@pytest.mark.parametrize("lifecycle", ["correspondence", "support"])
def test_two_programs_that_count_their_answers_end_however_slowly(
    database_url: str, lifecycle: str, minutes: float, threaded: bool
) -> None:
    world = World(database_url, lifecycle=lifecycle)
    counter = numbers()
    rita, ann = world.responder("rita@team.example", "Rita"), world.actor("ann@home.example", "Ann")
    programs = AnsweringPrograms(world, minutes)
    for who in (rita, ann):
        programs.answer(who.email, away_note(who, lambda _: DESK.format(next(counter)), threaded=threaded))
    ann.writes("hello", "The room?")
    assert len(programs.hours_pass(6)) <= 40
    programs.hours_pass(42)
    # The list of what was held, and the word to its writer, are answered, too: so it goes on, once a day.
    assert len(programs.hours_pass(24)) <= 6
    texts = [letter.text for letter in world.far_end.letters]
    assert any("Too many emails came to ticket 1 in a day. Nobody was emailed about these" in text for text in texts)
    assert any("didn't email anyone about it yet" in text for text in texts)
    world.close()


def test_programs_that_say_something_new_each_time_end_too(small_inbox: World) -> None:
    words, chosen = [f"{start}{end}en" for start in "abcdefghij" for end in "klmnopqrst"], random.Random(7)
    rita, ann = small_inbox.responder("rita@team.example", "Rita"), small_inbox.actor("ann@home.example", "Ann")
    programs = AnsweringPrograms(small_inbox, 3)
    for who in (rita, ann):
        programs.answer(who.email, away_note(who, lambda _: " ".join(chosen.choices(words, k=12))))
    ann.writes("hello", "The room?")
    assert len(programs.hours_pass(6)) <= 2 * (ANY.in_day + 6)
    programs.hours_pass(42)
    assert len(programs.hours_pass(24)) <= 6


def test_a_person_among_programs_is_heard_at_once(small_inbox: World) -> None:
    counter = numbers()
    rita, ann = small_inbox.responder("rita@team.example", "Rita"), small_inbox.actor("ann@home.example", "Ann")
    sam = small_inbox.responder("sam@team.example", "Sam")
    programs = AnsweringPrograms(small_inbox, 3)
    for who in (rita, ann):
        programs.answer(who.email, away_note(who, lambda _: DESK.format(next(counter))))
    ann.writes("hello", "The room?")
    programs.hours_pass(3)
    sam.replies(sam.letter(), "The room is free on Monday.")
    assert "The room is free on Monday." in ann.letter().text


def test_what_a_forger_repeats_in_a_name_holds_back_no_proven_mail_that_says_the_same(small_inbox: World) -> None:
    rita, ann = small_inbox.responder("rita@team.example", "Rita"), small_inbox.actor("ann@home.example", "Ann")
    ann.writes("hello", "The room?")
    letter = rita.letter()
    for number in range(3 * SAME.in_day):
        rita.writes("ticket1", "Yes.", headers={"In-Reply-To": f"<{number}@forged.example>"})
    rita.replies(letter, "Yes.")
    assert ann.letter().text == "Rita wrote:\n\nYes."


def test_a_person_who_sends_forty_of_the_same_kind_alone_is_told_in_full(small_inbox: World) -> None:
    rita, ann = small_inbox.responder("rita@team.example", "Rita"), small_inbox.actor("ann@home.example", "Ann")
    ann.writes("hello", "The room?")
    for number in range(ANY.in_day):
        small_inbox.clock.passes(minutes=5)
        ann.writes("ticket1", f"This is photograph number {number} of the broken door.")
    assert len(rita.letters) == ANY.in_day + 1


@pytest.mark.parametrize(
    ("text", "other_text", "alike"),
    [
        (DESK.format("[4711]"), DESK.format("[CASE-88e1]"), True),
        ("Room 12 is free.", "Room 14 is free.", False),
        ("Please click https://cr.example/41aa to reach me.", "Please click https://cr.example/b07 to reach me.", True),
        ("The room is free on Monday.", "The room is taken until Friday, sadly.", False),
    ],
)
def test_texts_are_alike_by_their_words(text: str, other_text: str, alike: bool) -> None:
    assert is_alike(words_of(text), words_of(other_text)) is alike


def test_a_footer_says_that_nobody_is_told_of_one_more_reply_in_turn(small_inbox: World) -> None:
    rita, ann = small_inbox.responder("rita@team.example", "Rita"), small_inbox.actor("ann@home.example", "Ann")
    ann.writes("hello", "How many rooms are there?")
    for number in range(ANY.in_day):
        small_inbox.clock.passes(minutes=5)
        assert "we won't email anyone about it" not in rita.letter().footer
        rita.replies(rita.letter(), f"Which house, {number}?")
        ann.replies(ann.letter(), f"That one, {number}.")
    assert "we won't email anyone about it" in rita.letter().footer
    before = len(ann.letters)
    rita.replies(rita.letter(), "The red one?")
    assert len(ann.letters) == before
    small_inbox.clock.passes(minutes=61)
    small_inbox.settle()
    assert "    Rita: The red one?" in ann.letter().text


# Programs whose answers mean something to us


@pytest.mark.parametrize(
    ("words", "to"),
    [
        ("Status: solved\nOwner: bob\n\nThank you, request {} has come.", None),
        ("Priority: {}\n\nThank you for your request.", None),
        ("Resolved.", None),
        ("undo", None),
        ("I am away, number {}.", "hello-search"),
    ],
)
def test_a_program_that_answers_what_answers_it_ends(small_inbox: World, words: str, to: str | None) -> None:
    counter = numbers()
    rita, ann = small_inbox.responder("rita@team.example", "Rita"), small_inbox.actor("ann@home.example", "Ann")
    programs = AnsweringPrograms(small_inbox, 3)

    def answer(letter: Letter) -> None:
        rita.writes(to or letter["Reply-To"], words.format(next(counter)), subject="Away", answering=letter)

    programs.answer(rita.email, answer)
    ann.writes("hello", "The room?")
    assert len(programs.hours_pass(6)) <= 40
    assert any("we won't answer a reply to this one" in letter.text for letter in rita.letters)
    programs.hours_pass(18)
    assert len(programs.hours_pass(24)) <= 6


def test_a_program_that_opens_tickets_is_answered_forty_times_a_day(small_inbox: World) -> None:
    counter = numbers()
    desk, ann = small_inbox.responder("desk@team.example", "Desk"), small_inbox.actor("ann@home.example", "Ann")
    programs = AnsweringPrograms(small_inbox, 3)
    programs.answer(desk.email, lambda _: desk.writes("hello", DESK.format(next(counter)), subject="New request"))
    ann.writes("hello", "The room?")
    assert len(programs.hours_pass(6)) <= 2 * MOST_ANSWERS + 2
    assert len(programs.hours_pass(18)) == 0


def test_lines_without_proof_are_listed_five_times_a_day_on_a_ticket(small_inbox: World) -> None:
    """A program writes them into every mail, and names no letter that it answers."""
    rita, ann = small_inbox.responder("rita@team.example", "Rita"), small_inbox.actor("ann@home.example", "Ann")
    programs = AnsweringPrograms(small_inbox, 3)
    programs.answer(rita.email, away_note(rita, lambda _: "Priority: 3\n\nI am away.", threaded=False))
    ann.writes("hello", "The room?")
    programs.hours_pass(24)
    # Each of them, and Ann's letter about the words below.
    assert len(programs.hours_pass(24)) <= 2 * (MOST_A_DAY + 1)


def test_somebody_whose_answers_we_end_is_answered_when_they_write_anew(small_inbox: World) -> None:
    rita, ann = small_inbox.responder("rita@team.example", "Rita"), small_inbox.actor("ann@home.example", "Ann")
    ann.writes("hello", "The room?")
    first = rita.letter()
    for _ in range(MOST_RECEIPTS + 3):
        rita.replies(rita.letter(), "Status: nonsense")
    before = len(rita.letters)
    assert before == MOST_RECEIPTS + 1
    rita.replies(first, "Status: nonsense")
    assert len(rita.letters) == before + 1
