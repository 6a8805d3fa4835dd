"""Claims about storms: programs that answer each other stop within ten mails, and every mail of theirs is kept."""

import shutil
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mail_tickets.model.records.letters import Letter as Row
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.people import Person
from mail_tickets.model.records.received_mail import Delivery
from mail_tickets.model.records.tickets import Ticket
from mail_tickets.model.tickets.storms import loop_protection
from mail_tickets.model.tickets.storms.effective_member import MOST_TICKETS
from mail_tickets.model.tickets.storms.letter_limits import MOST_ANSWERS, MOST_OF_SENDER, MOST_TO_OUTSIDERS
from mail_tickets.model.tickets.storms.loop_protection import MOST_ON_TICKET
from mail_tickets.model.tickets.storms.slow_storms import HOUR
from tests.support.world import DOMAIN, Actor, World

OTHER = "trouble.example"
MARKS = ("Auto-Submitted", "X-Auto-Response-Suppress", "List-Id")


def answering(world: World, *programs: Actor, threaded: bool = False, most: int = 200) -> int:
    """These answer every letter at once, without saying that they are programs; how many mails that made."""
    counts = {program.email: len(program.letters) for program in programs}
    written = 0
    for program in programs:
        counts[program.email] -= bool(program.letters)
    while written < most:
        fresh = [(program, letter) for program in programs for letter in program.letters[counts[program.email] :]]
        if not fresh:
            return written
        for program, letter in fresh:
            counts[program.email] += 1
            written += 1
            to = letter["Reply-To"]
            program.writes(to, f"I am away, says {written}.", subject="Away", answering=letter if threaded else None)
    return written


def mails_of(world: World, email: str) -> int:
    return sum(message["sender"]["email"] == email for message in world.ticket()["messages"])


# Programs that answer


@pytest.mark.parametrize("threaded", [False, True])
@pytest.mark.parametrize("lifecycle", ["support", "correspondence"])
def test_a_vacation_responder_without_headers_and_a_responders_own_stop(
    any_database_url: str, lifecycle: str, threaded: bool
) -> None:
    world = World(any_database_url, lifecycle=lifecycle)
    ron, ann = world.responder("ron@example.org", "Ron"), world.actor("ann@example.net", "Ann")
    ann.writes("hello", "It burns.")
    written = answering(world, ron, ann, threaded=threaded)
    # Each of them is told once of what is held, and answers that, too.
    assert written <= 2 * MOST_ON_TICKET + 2
    assert mails_of(world, ann.email) <= MOST_ON_TICKET + 2
    assert len(world.ticket()["messages"]) == written + 1
    assert any("emails came in 10 minutes, the last one from Ann" in letter.text for letter in ron.letters)
    world.close()


def test_two_participants_vacation_responders_stop(inbox: World) -> None:
    ron = inbox.responder("ron@example.org", "Ron")
    inbox.actor("ann@example.net").writes("hello", "It burns.")
    pat, pia = inbox.known("pat@example.net", "Pat"), inbox.known("pia@example.net", "Pia")
    inbox.asks_in(1, pat.email)
    inbox.asks_in(1, pia.email)
    ron.writes("ticket1", "Hello both.")
    answering(inbox, pat, pia)
    assert max(mails_of(inbox, pat.email), mails_of(inbox, pia.email)) <= 10 + 1
    # All of it is there, and once it is quiet everything is as before.
    before = len(ron.letters)
    inbox.clock.passes(minutes=11)
    inbox.settle()
    # What was held is told in one letter to each reader when the window has ended.
    assert len(ron.letters) == before + 1
    assert "Nobody was emailed about these:\n\n    Pat: I am away, says" in ron.letter().text
    inbox.clock.passes(hours=1)
    pat.writes("ticket1", "I am back.")
    assert (len(ron.letters), pia.letter().text) == (before + 2, "Pat wrote:\n\nI am back.")


def test_two_responders_who_are_away_stop(small_inbox: World) -> None:
    ron, rosa = small_inbox.responder("ron@example.org"), small_inbox.responder("rosa@example.org")
    small_inbox.actor("ann@example.net").writes("hello", "It burns.")
    rosa.writes("ticket1", "Mine.")
    assert answering(small_inbox, ron, rosa) < 100


def test_a_vacation_responder_alone_is_answered_by_nothing(small_inbox: World) -> None:
    small_inbox.switches("General", acknowledge="on", announce_resolved="on")
    ron, ann = small_inbox.responder("ron@example.org"), small_inbox.actor("ann@example.net", "Ann")
    ann.writes("hello", "It burns.")
    ron.writes("ticket1", "Pour water on it.")
    assert answering(small_inbox, ann) <= 10
    assert len(small_inbox.rows(Ticket)) == 1


def test_who_sends_very_many_mails_alone_is_told_in_full(small_inbox: World) -> None:
    """A person's twenty photographs are no storm: nobody answers them."""
    ron, ann = small_inbox.responder("ron@example.org"), small_inbox.actor("ann@example.net", "Ann")
    ann.writes("hello", "Photo 0.")
    for number in range(1, 30):
        ann.writes("ticket1", f"Photo {number}.")
    assert len(ron.letters) == 30
    assert not any("very many" in letter.text for letter in ron.letters)


def test_two_people_who_talk_all_day_are_no_storm(small_inbox: World) -> None:
    ron, ann = small_inbox.responder("ron@example.org"), small_inbox.actor("ann@example.net", "Ann")
    ann.writes("hello", "Hello?")
    for number in range(30):
        small_inbox.clock.passes(seconds=60)
        ron.replies(ron.letter(), f"No {number}.")
        small_inbox.clock.passes(seconds=60)
        ann.replies(ann.letter(), f"Yes {number}.")
    assert (len(ron.letters), len(ann.letters)) == (31, 30)


def test_whose_mail_is_held_is_told_once_and_everybody_gets_it_later(small_inbox: World) -> None:
    ron, ann = small_inbox.responder("ron@example.org"), small_inbox.actor("ann@example.net", "Ann")
    ann.writes("hello", "Hello?")
    for number in range(MOST_ON_TICKET + 2):
        ron.writes("ticket1", f"No {number}.")
        ann.writes("ticket1", f"Yes {number}.")
    notices = [letter for letter in ann.letters if "didn't email anyone about it yet" in " ".join(letter.text.split())]
    assert len(notices) == 1
    assert "too many emails came in 10 minutes" in " ".join(notices[0].text.split())
    assert not any(f"Yes {MOST_ON_TICKET}." in letter.text for letter in ron.letters)
    small_inbox.clock.passes(minutes=11)
    small_inbox.settle()
    assert f"Ann: Yes {MOST_ON_TICKET}." in ron.letter().text


def test_machines_and_strangers_on_a_ticket_count_together(small_inbox: World) -> None:
    ron = small_inbox.responder("ron@example.org")
    small_inbox.actor("ann@example.net").writes("hello", "It burns.")
    before = len(ron.letters)
    for number in range(30):
        small_inbox.actor(f"nobody{number}@{OTHER}").writes("ticket1", "Hello?")
    assert len(ron.letters) - before == MOST_ON_TICKET - 1
    assert len(small_inbox.ticket()["messages"]) == 31
    # It holds back nobody else's.
    small_inbox.actor("ann@example.net").writes("ticket1", "And?")
    assert ron.letter().text.endswith("And?")


def test_a_storm_costs_a_ticket_of_few_messages_nothing(small_inbox: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_protection, "_NEWEST", None)
    ron, ann = small_inbox.responder("ron@example.org"), small_inbox.actor("ann@example.net")
    ann.writes("hello", "It burns.")
    for _ in range(3):
        ron.writes("ticket1", "No.")
        ann.writes("ticket1", "Yes.")
    assert len(ron.letters) == 4


# Two trackers


@pytest.fixture
def trackers(sqlite_template: Path, tmp_path: Path) -> Iterator[tuple[World, World]]:
    """Two trackers; each one's queue is answered by the other's."""
    pair = []
    for domain in (DOMAIN, OTHER):
        shutil.copy(sqlite_template, tmp_path / f"{domain}.db")
        pair.append(World(f"sqlite:///{tmp_path}/{domain}.db", lifecycle="correspondence", domain=domain))
    first, second = pair
    first.responder(f"hello@{OTHER}", "Other")
    second.responder(f"hello@{DOMAIN}", "One")
    yield first, second
    for world in pair:
        world.close()


def exchange(first: World, second: World, without: tuple[str, ...] = (), most: int = 200) -> int:
    """Bring each one's letters to the other until there are none; how many went across."""
    counts = {first: 0, second: 0}
    crossed = 0
    while crossed < most:
        before = crossed
        for sender, receiver in ((first, second), (second, first)):
            letters = sender.far_end.letters[counts[sender] :]
            counts[sender] += len(letters)
            for letter in letters:
                if letter.recipient.endswith(f"@{receiver.database.domain}"):
                    receiver.clock.passes(seconds=1)
                    receiver.brings(stripped(letter.raw, without), letter.envelope_from, letter.recipient)
                    crossed += 1
        if crossed == before:
            return crossed
    return crossed


def stripped(raw: bytes, without: tuple[str, ...]) -> bytes:
    mail = message_from_bytes(raw, policy=policy.SMTP)
    for name in without:
        del mail[name]
    return mail.as_bytes()


@pytest.mark.parametrize("without", [(), MARKS], ids=["marked", "unmarked"])
@pytest.mark.parametrize("acknowledge", ["off", "on"])
def test_two_trackers_that_answer_for_each_other_stop(
    trackers: tuple[World, World], without: tuple[str, ...], acknowledge: str
) -> None:
    first, second = trackers
    for world in trackers:
        world.switches("General", acknowledge=acknowledge)
    first.actor("ann@example.net", "Ann").writes("hello", "It burns.")
    crossed = exchange(first, second, without)
    # Beside the letters of a ticket, a few that say once that an address is not known, or ask about words.
    assert crossed <= 2 * MOST_ON_TICKET + 5
    for world in trackers:
        assert len([letter for letter in world.far_end.letters if "trouble" in letter.recipient]) <= 10 + 1
    # Not a mail is lost of it.
    assert sum(len(world.rows(Delivery)) for world in trackers) == crossed + 1


@pytest.mark.parametrize("minutes", [0.1, 20])
@pytest.mark.parametrize("without", [(), MARKS], ids=["marked", "unmarked"])
def test_two_trackers_that_answer_for_each_other_end_however_slowly(
    trackers: tuple[World, World], without: tuple[str, ...], minutes: float
) -> None:
    """Each letter of the one opened a ticket at the other, without end. What comes around is set aside."""
    first, second = trackers
    bob = second.responder("bob@example.org", "Bob")
    for world in trackers:
        world.switches("General", acknowledge="on")
    first.actor("ann@example.net", "Ann").writes("hello", "It burns.")

    def hours_pass(hours: float) -> int:
        counts = dict.fromkeys(trackers, 0)
        for _ in range(20):
            for sender, receiver in ((first, second), (second, first)):
                sender.clock.passes(minutes=minutes * hours / 6)
                sender.settle()
                letters, counts[sender] = sender.far_end.letters[counts[sender] :], len(sender.far_end.letters)
                for letter in letters:
                    if letter.recipient.endswith(f"@{receiver.database.domain}"):
                        receiver.brings(stripped(letter.raw, without), letter.envelope_from, letter.recipient)
        return sum(len(world.far_end.letters) for world in trackers)

    assert hours_pass(6) <= 10
    assert "answers our emails" in str(first.rows(Delivery.reason))
    # What somebody there writes goes to Ann's ticket all the same.
    bob.replies(bob.letters[0], "Pour water on it.")
    assert hours_pass(6) <= 20
    assert "Pour water on it." in str(first.ticket()["messages"])
    assert [len(world.rows(Ticket)) for world in trackers] == [1, 1]


def test_two_trackers_that_take_part_in_each_others_tickets_stop(trackers: tuple[World, World]) -> None:
    first, second = trackers
    first.opens(f"ticket1@{OTHER}", "Hello")
    second.opens(f"ticket1@{DOMAIN}", "Hello")
    ron = first.responder("ron@example.org", "Ron")
    ron.writes("ticket1", "Hello?")
    crossed = exchange(first, second)
    # There are several tickets on which they meet; on each of them it ends.
    assert crossed <= 4 * MOST_ON_TICKET
    for world in trackers:
        with world.uow() as uow:
            query = select(func.count()).where(Message.mail_id.is_not(None)).group_by(Message.ticket_id)
            assert max(uow.session.scalars(query)) <= 2 * MOST_ON_TICKET + 2


# Answers to one person, and one person everywhere


def test_letters_that_answer_one_person_are_twenty_an_hour(world: World) -> None:
    eve = world.known("eve@example.net", "Eve")
    for _ in range(MOST_ANSWERS + 10):
        eve.writes("hello", "help")
    assert len(eve.letters) == MOST_ANSWERS
    # What was not answered does not say so: it is set aside, and can be answered later.
    assert world.rows(Delivery.fate) == ["answered"] * MOST_ANSWERS + ["set aside"] * 10
    assert "stop for an hour" not in eve.letters[-2].text
    assert "so we'll stop for an hour" in " ".join(eve.letters[-1].text.split())
    world.clock.passes(seconds=HOUR.total_seconds())
    eve.writes("hello", "help")
    assert len(eve.letters) == MOST_ANSWERS + 1
    world.intake.redeliver(world.rows(Delivery.id)[MOST_ANSWERS])
    world.settle()
    assert len(eve.letters) == MOST_ANSWERS + 2


def test_lines_that_wait_beyond_twenty_letters_are_listed_an_hour_later(small_inbox: World) -> None:
    world = small_inbox
    ron = world.responder("ron@example.org", "Ron")
    for number in range(30):
        world.actor(f"ann{number}@example.net").writes("hello", "It burns.")
    before = len(ron.letters)
    for number in range(1, 31):
        ron.writes(f"ticket{number}", "Status: resolved")
    ron.writes("ticket30", "Priority: 3")
    assert len(ron.letters) - before == MOST_ANSWERS
    # What is proven is answered all the same.
    letter = next(mail for mail in ron.letters if "#29]" in mail["Subject"])
    ron.replies(letter, "Status: resolved")
    assert ron.letter().text.startswith("Done. On ticket 29")
    world.clock.passes(seconds=HOUR.total_seconds() + 60)
    world.settle()
    later = ron.letters[before + MOST_ANSWERS + 1 :]
    assert [letter["Subject"].partition("]")[0] for letter in later] == [
        f"Re: [General #{number}" for number in range(MOST_ANSWERS + 1, 31)
    ]
    # All that came for it meanwhile is in it, and an answer carries it out.
    assert "    Status: resolved\n    Priority: 3" in later[-1].text
    ron.replies(later[-1], "yes")
    assert (world.ticket(30)["status"], world.ticket(30)["priority"]) == ("resolved", 3)


def test_within_any_hour_there_are_twenty_letters_about_waiting_lines(small_inbox: World) -> None:
    world = small_inbox
    world.responder("ron@example.org", "Ron")
    for number in range(2 * MOST_ANSWERS + 5):
        world.opens("ann@example.net", f"Fire {number}")
        world.actor("ron@example.org").writes(f"ticket{number + 1}", "Status: resolved")
    dates = sorted(row.created for row in world.rows(Row) if row.kind == "waiting")
    assert len(dates) == 2 * MOST_ANSWERS + 5
    for first, later in zip(dates, dates[MOST_ANSWERS:], strict=False):
        assert later - first >= HOUR


@pytest.mark.parametrize("address", ["hello-search", "hello", "ticket1"])
def test_pages_that_a_stranger_asked_for_take_nothing_from_commands(small_inbox: World, address: str) -> None:
    """Mail in Ron's name to the address for questions must not keep him from working."""
    world = small_inbox
    ron = world.responder("ron@example.org", "Ron")
    world.actor("ann@example.net", "Ann").writes("hello", "It burns.")
    letter = ron.letter()
    for _ in range(MOST_ANSWERS + 5):
        ron.writes(address, "help")
    before = len(ron.letters)
    ron.replies(letter, "Status: nonsense\n\nDone.")
    assert ron.letters[before].text.startswith("We couldn't do this on ticket 1")
    ron.writes("ticket1", "Owner: me")
    assert "    Owner: me" in ron.letter().text
    assert len(ron.letters) == before + 2


def test_a_proven_refusal_is_always_sent(small_inbox: World) -> None:
    ron = small_inbox.responder("ron@example.org", "Ron")
    small_inbox.actor("ann@example.net", "Ann").writes("hello", "It burns.")
    letter = ron.letter()
    for _ in range(MOST_ANSWERS + 5):
        ron.replies(letter, "Status: nonsense")
    assert sum(letter.text.startswith("We couldn't do this") for letter in ron.letters) == MOST_ANSWERS + 5


def test_who_writes_to_many_tickets_of_others_is_kept_private(world: World) -> None:
    ron = world.responder("ron@example.org", "Ron")
    owners = [world.actor(f"ann{number}@example.net") for number in range(MOST_TICKETS + 2)]
    for owner in owners:
        owner.writes("hello", "It burns.")
    eve = world.known("eve@example.com", "Eve")
    for number in range(1, MOST_TICKETS + 3):
        eve.writes(f"ticket{number}", "Buy my water.")
        [message] = world.ticket(number)["messages"][1:]
        private = number > MOST_TICKETS
        assert (message["private"], message["action"]) == (private, "Comment" if private else "Answer")
        assert len(owners[number - 1].letters) == (0 if private else 1)
        assert "Buy my water." in ron.letter().text
    # On a ticket where they have written already it is no other, and an hour later they are welcome again.
    world.clock.passes(seconds=HOUR.total_seconds() + 1)
    eve.writes(f"ticket{MOST_TICKETS + 1}", "Buy it now.")
    assert world.ticket(MOST_TICKETS + 1)["messages"][-1]["private"] is False


def test_the_tickets_that_somebody_takes_part_in_do_not_count(world: World) -> None:
    for number in range(MOST_TICKETS + 2):
        world.actor(f"ann{number}@example.net").writes("hello", "It burns.")
    pia = world.known("pia@example.com", "Pia")
    for number in range(1, MOST_TICKETS + 2):
        world.asks_in(number, pia.email)
        pia.writes(f"ticket{number}", "I know about water.")
    pia.writes(f"ticket{MOST_TICKETS + 2}", "And here?")
    assert not any(world.rows(Message.private))


def test_a_page_says_what_a_reply_does_now(small_world: World) -> None:
    for number in range(MOST_TICKETS + 1):
        small_world.actor(f"ann{number}@example.net").writes("hello", "It burns.")
    eve = small_world.known("eve@example.com", "Eve")
    for number in range(1, MOST_TICKETS + 1):
        eve.writes(f"ticket{number}", "help")
        eve.replies(eve.letter(), "Buy my water.")
    eve.writes(f"ticket{MOST_TICKETS + 1}", "help")
    assert "private note" in eve.letter().text
    assert "private note" in eve.letter().footer
    eve.replies(eve.letter(), "Buy it now.")
    assert small_world.ticket(MOST_TICKETS + 1)["messages"][-1]["private"] is True


def test_mails_that_anybody_can_have_sent_make_nobody_a_stranger(small_world: World) -> None:
    for number in range(MOST_TICKETS + 1):
        small_world.actor(f"ann{number}@example.net").writes("hello", "It burns.")
    bob = small_world.known("bob@example.com", "Bob")
    bob.writes(f"ticket{MOST_TICKETS + 1}", "help")
    for number in range(1, MOST_TICKETS + 1):
        bob.writes(f"ticket{number}", "A forger wrote this.")
    bob.replies(bob.letter(), "Pour water on it.")
    assert small_world.ticket(MOST_TICKETS + 1)["messages"][-1]["action"] == "Answer"


def test_on_ones_own_tickets_and_as_a_responder_one_can_write_everywhere(small_world: World) -> None:
    ron = small_world.responder("ron@example.org", "Ron")
    ann = small_world.actor("ann@example.net", "Ann")
    for _ in range(10):
        ann.writes("hello", "It burns.")
    for number in range(1, 11):
        ron.writes(f"ticket{number}", "Pour water on it.")
        ann.writes(f"ticket{number}", "More?")
    assert not any(small_world.rows(Message.private))


def test_who_asks_in_others_with_very_many_mails_reaches_only_who_answers(small_inbox: World) -> None:
    small_inbox.switches("General", cc_from_others="on")
    ron, pia = small_inbox.responder("ron@example.org"), small_inbox.actor("pia@example.net")
    eve = small_inbox.actor("eve@example.com")
    for _ in range(MOST_OF_SENDER + 5):
        eve.writes("hello", "Hello Pia.", headers={"Cc": "Pat <pat@example.net>", "To": f"hello@{DOMAIN}"})
    pat = small_inbox.actor("pat@example.net")
    assert (len(ron.letters), pia.letters, pat.letters) == (MOST_OF_SENDER + 5, [], [])
    with small_inbox.uow() as uow:
        from mail_tickets.model.records.people import find_person
        from mail_tickets.model.records.tickets import Participant

        person = find_person(uow, "pat@example.net")
        assert person is not None
        assert uow.session.query(Participant).count() == MOST_OF_SENDER + 5
    ron.replies(ron.letters[0], "Welcome.")
    assert len(pat.letters) == 1
    for number in range(MOST_TO_OUTSIDERS + 3):
        eve.writes("ticket1", f"Buy my water, {number}.")
    assert len(pat.letters) == 1 + MOST_TO_OUTSIDERS


# A stranger


def test_a_stranger_learns_nothing_and_reaches_nobody(world: World) -> None:
    """Whether a ticket is there or not, the answer is the same, and no letter goes to whom a mail names."""
    world.responder("ron@example.org")
    world.actor("ann@example.net").writes("hello", "It burns.")
    eve = world.actor("eve@example.com")
    before = len(world.far_end.letters)
    with world.serving(), world.smtp() as client:
        client.ehlo()
        replies = []
        for number in (1, 77):
            for to in (f"ticket{number}", f"ticket{number}-comment"):
                client.mail(eve.email)
                answers = [client.rcpt(f"{to}@{DOMAIN}")]
                raw = f"From: {eve.email}\r\nTo: {to}@{DOMAIN}\r\nCc: victim@example.net\r\nMessage-ID: <{to}@x>\r\n"
                answers.append(client.data(f"{raw}\r\nshow\r\n"))
                replies.append(answers)
    assert [[code for code, _ in answers] for answers in replies] == [[250, 250]] * 4
    assert replies[0] == replies[2]
    assert replies[1] == replies[3]
    world.settle()
    assert {letter.recipient for letter in world.far_end.letters[before:]} == {"ron@example.org"}
    assert "victim@example.net" not in world.rows(Person.email)
    assert {row.recipient for row in world.rows(Row)} == {"ron@example.org"}


def test_in_a_storm_the_footer_says_that_nobody_gets_a_letter(small_inbox: World) -> None:
    world = small_inbox
    ron = world.responder("ron@example.org", "Ron")
    rita = world.actor("rita@example.net", "Rita")
    rita.writes("hello", "Help.")
    ron.replies(ron.letter(), "What is it?")
    for number in range(9):
        rita.replies(rita.letter(), f"More, {number}.")
        ron.replies(ron.letter(), f"Slowly, please, {number}.")
    assert "we won't email anyone about it" in " ".join(rita.letter().footer.split())
    before = len(world.far_end.letters)
    rita.replies(rita.letter(), "Important.")
    # Nobody else is told, and who wrote it once.
    assert [letter.recipient for letter in world.far_end.letters[before:]] == [rita.email]
    world.clock.passes(minutes=11)
    world.settle()
    assert "    Rita: Important." in ron.letter().text
    ron.replies(ron.letter(), "Now?")
    assert "The General team will see it." in " ".join(rita.letter().footer.split())
    rita.replies(rita.letter(), "Yes.")
    assert ron.letter().text == "Rita wrote:\n\nYes."


# A clock that was ahead


def test_what_was_counted_while_the_clock_was_ahead_holds_nothing_back_once_it_is_right(small_inbox: World) -> None:
    rita = small_inbox.responder("rita@team.example", "Rita")
    ann = small_inbox.actor("ann@home.example", "Ann")
    ann.writes("hello", "It burns.")
    rita.replies(rita.letter(), "Pour water on it.")
    small_inbox.clock.passes(days=3)
    for number in range(MOST_ANSWERS + 5):
        ann.writes("ticket1", f"Number {number}.")
        ann.writes("ticket1", "help")
    small_inbox.clock.passes(days=-3)
    before = len(ann.letters)
    ann.writes("ticket1", "help")
    assert len(ann.letters) == before + 1
    ann.writes("ticket1", "It still burns.")
    assert "It still burns." in rita.letter().text


@pytest.mark.parametrize(("threaded", "most"), [(True, 20), (False, 60)])
def test_two_away_notes_without_headers_end_however_slowly_they_come(
    small_inbox: World, threaded: bool, most: int
) -> None:
    """Ann and Rita each answer every letter after three minutes, for twelve hours."""
    rita, ann = small_inbox.responder("rita@team.example", "Rita"), small_inbox.actor("ann@home.example", "Ann")
    ann.writes("hello", "The room?")
    notes = {rita.email: "I am out of the office until Monday.", ann.email: "I am on holiday, back on the first."}
    counts = {rita.email: 0, ann.email: 0}
    for _ in range(240):
        small_inbox.clock.passes(minutes=3)
        small_inbox.settle()
        for who in (rita, ann):
            fresh, counts[who.email] = who.letters[counts[who.email] :], len(who.letters)
            for letter in fresh:
                answered = letter if threaded else None
                who.writes(letter["Reply-To"], notes[who.email], subject=letter["Subject"], answering=answered)
    assert len(small_inbox.far_end.letters) <= most
    # All of it is kept, and told once the day is over.
    assert len(small_inbox.ticket()["messages"]) <= most
    before = len(rita.letters)
    small_inbox.clock.passes(days=1)
    small_inbox.settle()
    assert len(rita.letters) + len(ann.letters) > before


def test_whoever_writes_the_same_words_now_and_then_is_heard(small_inbox: World) -> None:
    rita, ann = small_inbox.responder("rita@team.example", "Rita"), small_inbox.actor("ann@home.example", "Ann")
    ann.writes("hello", "The room?")
    for _ in range(8):
        rita.replies(rita.letter(), "Yes.")
        ann.replies(ann.letter(), "Thank you, and the next one?")
        small_inbox.clock.passes(hours=9)
        assert rita.letter().text.startswith("Ann wrote:")
        before = len(rita.letters)
    assert before >= 8
