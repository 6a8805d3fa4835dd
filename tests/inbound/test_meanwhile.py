"""Claims about a reply that met another ticket than the letter it answers told of: its writer is told, and no more."""

import json
from collections.abc import Callable

import pytest

from mail_tickets.model.erasure.erase_person import erase, forget_person
from mail_tickets.model.records.letters import Letter as Row
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.tickets import Participant
from tests.support.world import Actor, Letter, World


class Inbox:
    """Ticket 1 is Ann's; Britta and Sam answer for it. Everybody has a letter about it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.britta, self.sam = (
            world.responder("britta@example.org", "Britta"),
            world.responder("sam@example.org", "Sam"),
        )
        self.pia, self.paul = world.known("pia@example.org", "Pia"), world.known("paul@example.org", "Paul")
        self.root = world.known("root@example.org", "Root", admin=True)
        self.ann = world.actor("ann@example.net", "Ann")
        self.ann.writes("hello", "I need help.")
        self.sam.replies(self.sam.letter(), "AddCc: pia@example.org\n\nWe are looking.")

    def reply_brings(self, who: Actor, letter: Letter, text: str = "Here are my words.") -> list[str]:
        """Somebody replies: what the letters to them say."""
        before = len(who.letters)
        who.replies(letter, text)
        return [letter.words for letter in who.letters[before:]]


@pytest.fixture
def inbox(small_inbox: World) -> Inbox:
    return Inbox(small_inbox)


@pytest.fixture
def support(small_world: World) -> Inbox:
    return Inbox(small_world)


CHANGED = "Something changed after we sent the email that you answered."
REPLY = "write to everyone on this ticket"
COMMENT = "add a private note (a comment)"


def test_a_kept_promise_is_not_spoken_of(inbox: Inbox) -> None:
    assert inbox.reply_brings(inbox.ann, inbox.ann.letter()) == []
    assert inbox.reply_brings(inbox.pia, inbox.pia.letter()) == []
    inbox.world.clock.passes(hours=2)
    assert inbox.reply_brings(inbox.sam, inbox.sam.letter()) == []
    # Nor is who else wrote, and so who reads what, from one letter to the next.
    assert inbox.reply_brings(inbox.ann, inbox.ann.letters[-1]) == []


def test_who_was_let_in_meanwhile_is_named_to_whoever_replies(inbox: Inbox) -> None:
    ann, sams = inbox.ann.letter(), inbox.sam.letter()
    inbox.britta.replies(inbox.britta.letter(), "AddCc: paul@example.org")
    note = [f"{CHANGED} Your reply also went to Paul."]
    assert inbox.reply_brings(inbox.ann, ann) == note
    assert inbox.reply_brings(inbox.sam, sams) == note
    # That letter itself says how it is now.
    assert "Pia, Paul and the General team will see it." in inbox.ann.letter().footer
    assert inbox.reply_brings(inbox.ann, inbox.ann.letter()) == []


@pytest.mark.parametrize("leaves", ["by a colleague's line", "by a word of their own"])
def test_who_has_left_is_named_to_the_team_alone(inbox: Inbox, leaves: str) -> None:
    ann, sams = inbox.ann.letter(), inbox.sam.letter()
    if leaves == "by a word of their own":
        inbox.pia.replies(inbox.pia.letter(), "unsubscribe")
    else:
        inbox.britta.replies(inbox.britta.letter(), "DelCc: pia@example.org")
    assert inbox.reply_brings(inbox.ann, ann) == []
    assert inbox.reply_brings(inbox.sam, sams) == [f"{CHANGED} Your reply did not go to Pia."]


def test_words_that_became_private_are_explained_to_whoever_was_taken_out(inbox: Inbox) -> None:
    pias = inbox.pia.letter()
    inbox.sam.replies(inbox.sam.letter(), "DelCc: pia@example.org\nAddCc: paul@example.org")
    note = f"{CHANGED} It said that your reply would {REPLY}. Instead, we used it to {COMMENT}."
    assert inbox.reply_brings(inbox.pia, pias) == [note]
    assert inbox.world.ticket()["messages"][-1]["private"]
    # Who reads what is private is nobody's business outside.
    assert "Paul" not in inbox.pia.letter().all_text


def test_another_action_is_explained_and_a_status_alone_is_not(support: Inbox) -> None:
    letter = support.ann.letter()
    support.world.becomes(1, "Solved")
    reopens, comments = "reopen this ticket", "add a comment"
    note = f"{CHANGED} It said that your reply would {reopens}. Instead, we used it to {comments}."
    assert support.reply_brings(support.ann, letter) == [note]
    # From here the same action leads to the same status; only the ticket's own one is another.
    support.world.becomes(1, "Needs information")
    support.sam.replies(support.sam.letter(), "Action: Request for more information\n\nWhich one?")
    letter = support.ann.letter()
    support.world.becomes(1, "Open")
    assert support.reply_brings(support.ann, letter) == []


def test_a_change_in_the_team_or_of_the_assignee_is_not_told(inbox: Inbox) -> None:
    letters = {actor.email: (actor, actor.letter()) for actor in (inbox.ann, inbox.pia, inbox.sam)}
    inbox.world.responder("new@example.org", "New")
    inbox.britta.replies(inbox.britta.letter(), "Owner: root@example.org")
    for actor, letter in letters.values():
        assert inbox.reply_brings(actor, letter) == [], actor.email


def test_a_move_is_told_of_as_far_as_it_broke_a_promise(inbox: Inbox) -> None:
    inbox.world.switches("Questions", lifecycle="correspondence")
    inbox.world.responder("olga@example.org", "Olga", queue="Questions")
    ann, zoes = inbox.ann.letter(), inbox.britta.letter()
    inbox.sam.replies(inbox.sam.letter(), "Queue: Questions")
    # Another team, and the mover was on the one before.
    assert inbox.reply_brings(inbox.ann, ann) == []
    note = f"{CHANGED} It said that your reply would {REPLY}. Instead, we used it to {COMMENT}."
    assert inbox.reply_brings(inbox.britta, zoes) == [note]


def test_what_a_writer_chose_is_no_broken_promise(inbox: Inbox) -> None:
    letter = inbox.sam.letter()
    inbox.sam.writes("ticket1-comment", "Between us.", answering=letter)
    assert inbox.world.ticket()["messages"][-1]["private"]
    inbox.sam.replies(letter, "AddCc: paul@example.org\nStatus: resolved\n\nDone.")
    assert CHANGED not in inbox.sam.letter().text
    inbox.sam.replies(letter, "undo")
    assert CHANGED not in inbox.sam.letter().text


def test_it_stands_in_the_one_letter_that_goes_to_its_writer_anyway(inbox: Inbox) -> None:
    letter = inbox.sam.letter()
    inbox.britta.replies(inbox.britta.letter(), "AddCc: paul@example.org")
    notes = inbox.reply_brings(inbox.sam, letter, "Priority: 5\n\nMore soon.")
    assert len(notes) == 1
    assert "Priority: none → 5" in notes[0]
    assert notes[0].endswith(f"{CHANGED} Your reply also went to Paul.")
    # A mail without words for others broke nothing.
    assert CHANGED not in inbox.reply_brings(inbox.sam, letter, "Priority: 6")[0]


@pytest.mark.parametrize("headers", [{"Auto-Submitted": "auto-replied"}, {"In-Reply-To": "<other@home.example>"}])
def test_only_a_persons_answer_to_their_own_letter_is_answered(inbox: Inbox, headers: dict[str, str]) -> None:
    letter = inbox.ann.letter()
    inbox.britta.replies(inbox.britta.letter(), "AddCc: paul@example.org")
    before = len(inbox.ann.letters)
    inbox.ann.replies(letter, "My words.", headers={**headers, "References": "<other@home.example>"})
    assert len(inbox.ann.letters) == before
    # Whoever has somebody else's letter is told nothing either.
    eve = inbox.world.known("eve@example.org", "Eve")
    eve.replies(letter, "My words.")
    assert eve.letters == []


def test_each_letter_keeps_what_it_promises_in_one_column(inbox: Inbox) -> None:
    rows = {row.recipient: row for row in inbox.world.rows(Row)}
    with inbox.world.uow() as uow:
        ids = {name: get_person(uow, f"{name}@example.org").id for name in ("britta", "sam", "pia")}
    ids_of_others = sorted([ids["britta"], ids["sam"]])
    kept = {"action": "Reply", "private": False, "comment": False, "named": [ids["pia"]], "others": ids_of_others}
    kept |= {"queue": 1, "team": True}
    assert json.loads(rows["ann@example.net"].promise) == kept


@pytest.mark.parametrize("who", ["pia@example.org", "britta@example.org", "ann@example.net"])
def test_a_promise_forgets_whoever_is_erased(inbox: Inbox, who: str) -> None:
    with inbox.world.uow() as uow:
        person = get_person(uow, who).id
    erase(inbox.world.database, lambda uow: forget_person(uow, who))
    kept = [json.loads(row.promise) for row in inbox.world.rows(Row) if row.promise]
    assert all(person not in [*promise["named"], *promise["others"]] for promise in kept)
    assert inbox.reply_brings(inbox.sam, inbox.sam.letter()) == []


def test_whom_such_a_letter_names_is_erased_from_it(inbox: Inbox) -> None:
    sams = inbox.sam.letter()
    inbox.britta.replies(inbox.britta.letter(), "DelCc: pia@example.org")
    inbox.root.writes("ticket1", "show")
    inbox.root.replies(inbox.root.letter(), "I took care of it.")
    assert len(inbox.reply_brings(inbox.sam, sams)) == 1
    letter = inbox.world.rows(Row)[-1]
    for who, name in (("pia@example.org", "Pia"), ("root@example.org", "Root")):
        assert name in letter.text
        erase(inbox.world.database, lambda uow, who=who: forget_person(uow, who))  # type: ignore[misc]
        assert name not in next(row for row in inbox.world.rows(Row) if row.id == letter.id).text


def test_whoever_speaks_again_by_command_is_named_in_the_letters_of_it(inbox: Inbox) -> None:
    with inbox.world.uow() as uow:
        uow.session.get_one(Participant, (1, get_person(uow, inbox.pia.email).id)).dormant = True
    inbox.world.act(1, "Reply", inbox.pia.email, "I am back.")
    letter = inbox.ann.letter()
    assert "Pia and the General team will see it." in letter.footer
    assert inbox.reply_brings(inbox.ann, letter) == []
    assert inbox.pia.letter().text == "Ann wrote:\n\nHere are my words."


# Answers that cross


def crosses(inbox: Inbox) -> tuple[Letter, Callable[..., list[str]]]:
    letter = inbox.sam.letter()
    return letter, lambda text="I can help.": inbox.reply_brings(inbox.sam, letter, text)


def test_whoever_answers_after_a_colleague_without_knowing_is_told_who_when_and_where(inbox: Inbox) -> None:
    inbox.ann.replies(inbox.ann.letter(), "Is there news?")
    letter, replies = crosses(inbox)
    inbox.britta.replies(inbox.britta.letter(), "There is.")
    inbox.world.clock.passes(minutes=3)
    assert replies() == ["Britta answered 3 minutes before you, at 12:00 UTC, as message 4. Your reply went out, too."]
    assert inbox.world.ticket()["messages"][3]["text"] == "There is."
    # The newest letter knows of it.
    assert inbox.reply_brings(inbox.sam, inbox.sam.letter(), "Good.") == []
    inbox.world.clock.passes(hours=1)
    assert inbox.reply_brings(inbox.sam, letter, "Once more.") == []


def test_a_held_answer_crosses_others_when_it_is_sent(inbox: Inbox) -> None:
    inbox.britta.replies(inbox.britta.letter(), "Done")
    question = inbox.britta.letter()
    inbox.world.clock.passes(minutes=5)
    inbox.ann.replies(inbox.ann.letter(), "Is there news?")
    _, replies = crosses(inbox)
    inbox.world.clock.passes(minutes=5)
    inbox.britta.replies(question, "send")
    inbox.world.clock.passes(minutes=3)
    assert replies() == ["Britta answered 3 minutes before you, at 12:10 UTC, as message 3. Your reply went out, too."]


def test_whoever_sends_what_was_held_is_told_of_the_answer_that_went_before(inbox: Inbox) -> None:
    _, replies = crosses(inbox)
    assert len(replies("Done")) == 1
    question = inbox.sam.letter()
    inbox.britta.replies(inbox.britta.letter(), "There is.")
    inbox.world.clock.passes(minutes=3)
    [note] = inbox.reply_brings(inbox.sam, question, "send")
    crossing = "Britta answered 3 minutes before you, at 12:00 UTC, as message 4. Your reply went out, too."
    assert note == f"We sent your message on ticket 1 to Pia and Ann. {crossing}"


def test_it_stands_in_the_receipt_where_there_is_one(inbox: Inbox) -> None:
    _, replies = crosses(inbox)
    inbox.britta.replies(inbox.britta.letter(), "There is.")
    notes = replies("Status: resolved\n\nI did it.")
    assert len(notes) == 1
    assert notes[0].startswith("Done. On ticket 1 (")
    assert notes[0].endswith("Your reply went out, too.")


@pytest.mark.parametrize("event", ["private", "the requestor's", "a change", "automatic"])
def test_nothing_else_crosses_an_answer(inbox: Inbox, event: str) -> None:
    _, replies = crosses(inbox)
    letter = inbox.britta.letter()
    match event:
        case "private":
            inbox.britta.writes("ticket1-comment", "I do it.")
        case "the requestor's":
            inbox.ann.replies(inbox.ann.letter(), "Never mind.")
        case "a change":
            inbox.britta.replies(letter, "Priority: 3")
        case _:
            inbox.britta.replies(letter, "I am away.", headers={"Auto-Submitted": "auto-replied"})
    assert replies() == []


def test_neither_a_private_note_nor_an_outsiders_answer_is_told_of_a_crossing(inbox: Inbox) -> None:
    sams, ann = inbox.sam.letter(), inbox.ann.letter()
    inbox.britta.replies(inbox.britta.letter(), "There is.")
    assert inbox.reply_brings(inbox.ann, ann) == []
    inbox.sam.writes("ticket1-comment", "Who does it?", answering=sams)
    assert "Britta answered" not in inbox.sam.letter().text
