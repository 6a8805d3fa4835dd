"""Claims about slips: which replies of a responder were meant for the tracker, and which are words for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_tickets.model.lifecycle.commands import COMMANDS, OWNER, WORDS_ALONE, read
from mail_tickets.model.lifecycle.registry import CORRESPONDENCE, LIFECYCLES, SUPPORT
from mail_tickets.model.lifecycle.slips import ANSWERS, USUAL, USUAL_NAMES, is_slip
from mail_tickets.model.lifecycle.tables import Lifecycle

EVERY_LIFE = pytest.mark.parametrize("life", LIFECYCLES.values(), ids=LIFECYCLES)


def terms(life: Lifecycle) -> list[str]:
    """Everything that is a term of the tracker on a ticket of this lifecycle."""
    names = [name for command in COMMANDS for name in command.names]
    return [*life.statuses, *(action.title for action in life.actions), *names, *WORDS_ALONE]


def folds(text: str) -> list[str]:
    """The ways in which people and phones write a few words."""
    return [
        text,
        text.upper(),
        f"{text}.",
        f"  {text}!\n",
        f"*{text}*",
        f"- {text}",
        f"• {text}",
        f"**{text}**",
        f"> {text}",
    ]


@EVERY_LIFE
def test_every_term_alone_is_a_slip_however_it_is_written(life: Lifecycle) -> None:
    for term in terms(life):
        if len(term.split()) <= 2:
            for written in folds(term):
                assert is_slip(written, life), written


@EVERY_LIFE
def test_two_terms_are_a_slip_and_three_are_words(life: Lifecycle) -> None:
    for status in life.statuses:
        if " " not in status:
            for written in folds(f"Status {status}"):
                assert is_slip(written, life), written
            assert not is_slip(f"Status now {status}", life)
            assert not is_slip(f"Status {status} {status}", life)


@EVERY_LIFE
@pytest.mark.parametrize("word", sorted(USUAL))
def test_every_usual_slip_is_one(life: Lifecycle, word: str) -> None:
    for written in folds(word):
        assert is_slip(written, life), written


@pytest.mark.parametrize(
    "text",
    [
        "Resolved",
        "resolved.",
        "Resolvd",
        "resovled",
        "Resolveed",
        "close",
        "Close!",
        "Closed",
        "Done",
        "Take",
        "Assign",
        "assign me",
        "Assign: me",
        "Assignee = me",
        "Owner me",
        "Owner nobody",
        "take me",
        "Status - resolved",
        "Status resolved",
        "Status = resolved",
        "status=resolved",
        "Status : resolved",
        "- Status: resolved",
        "• Status: resolved",
        "> Status: resolved",
        "Help!",
        "help",
        "HELP",
        "Hilfe",
        "stop",
        "unsubscribe",
        "Unsubscribe.",
        "list",
        "undo",
        "Re-open",
        "reopen",
        "spam",
        "rejected",
        "Reject",
        "Comment",
        "private note",
        "Change status",
        "chnage status",
        "\u200bResolved",
        "Ｒesolved",
        "Status:\u00a0resolved",
        "Queue = Questions\n\nHi Ann",
        "* Owner: sam\n\nHello Ann, I will see to it.",
        "close: yes",
        "Assigned to: Sam",
        "State: resolved",
        "Prio: 1",
        "cc: eve@example.org",
        "Title = Printer",
        "**Queue** = Questions",
        "“Resolved”",
        "(resolved)",
        "resolved :-)",
        "resolved 👍",
    ],
)
def test_these_words_of_a_volunteer_on_a_shared_inbox_are_slips_or_commands(text: str) -> None:
    assert read(text).lines or is_slip(text, CORRESPONDENCE), text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n",
        "!",
        "Thanks",
        "Thank you",
        "Thanks, resolved now",
        "Yes",
        "no",
        "ok",
        "Okay, open it",
        "Hello Ann",
        "Please close it",
        "It is resolved",
        "We are open",
        "Openly",
        "Pen",
        "now",
        "knew",
        "News",
        "ope",
        "opn",
        "Hi Ann,\n\nStatus: resolved",
        "> Owner: me\n\nIs that what you want?",
        "The status is open.",
        "Resolved, because the door is shut",
        "me",
        "Nobody",
        "me me",
        "https://status.example.org",
        "Note: the door is locked.",
        "Monday: closed",
        "Time = money",
        "Address: 12 Main Street",
        "Please note: we are closed",
        "Statuses of all that we have are open",
        "Ann",
        "12",
        "Merge conflict",
        "Send it",
        "send",
        "drop",
        "Ja",
        "Subject matter",
        "priority mail",
        "owner occupied",
        "Good news",
        "Reply soon",
        "Sorry",
    ],
)
def test_these_are_words_for_people(text: str) -> None:
    assert not is_slip(text, CORRESPONDENCE), text


def test_a_lifecycle_has_its_own_terms() -> None:
    for title in ("Confirm", "confrim", "Answer", "Needs information", "needs informaton"):
        assert is_slip(title, SUPPORT), title
        assert not is_slip(title, CORRESPONDENCE), title
    assert is_slip("Reply", CORRESPONDENCE)
    assert not is_slip("Reply", SUPPORT)


def test_a_writers_own_name_below_it_changes_nothing() -> None:
    assert is_slip("Resolved\n\nSam Person", CORRESPONDENCE, "Sam Person")
    assert is_slip("Owner me\nSam", CORRESPONDENCE, "Sam Person")
    assert not is_slip("Resolved\n\nSam Person", CORRESPONDENCE)
    assert not is_slip("Sam", CORRESPONDENCE, "Sam Person")


@pytest.mark.parametrize("word", ANSWERS)
def test_an_answer_is_one_only_while_something_waits_for_its_writer(word: str) -> None:
    for written in folds(word):
        assert is_slip(written, CORRESPONDENCE, waits=True), written
        assert not is_slip(written, CORRESPONDENCE), written
    assert not is_slip(f"{word} it to Ann", CORRESPONDENCE, waits=True)


@pytest.mark.parametrize("name", [name for command in COMMANDS for name in command.names] + list(USUAL_NAMES))
@pytest.mark.parametrize("sign", ["=", " = ", " : "])
def test_a_first_line_with_a_commands_name_is_read_as_one_or_is_a_slip(name: str, sign: str) -> None:
    text = f"• {name}{sign}something\n\nHello Ann, this is for you."
    assert read(text).lines or is_slip(text, CORRESPONDENCE)
    assert not is_slip(f"Hello Ann,\n{text}", CORRESPONDENCE)


def test_the_head_of_a_mail_that_is_passed_on_is_no_slip() -> None:
    assert not is_slip("Subject: The door\nFrom: Ann <ann@example.org>\n\nIt is shut.", CORRESPONDENCE)


def test_the_table_is_folded_and_holds_nothing_that_is_a_term_anyway() -> None:
    assert all(word == word.casefold() for word in USUAL)
    assert all(name == name.casefold() for name in USUAL_NAMES)
    names = {name.casefold() for command in COMMANDS for name in command.names}
    assert not names & set(USUAL_NAMES)


# Lines that are commands although a program has marked them


@pytest.mark.parametrize(
    "line",
    [
        "*Status: resolved*",
        "*Status:* resolved",
        "*Status*: resolved",
        "**Status:** resolved",
        " *Status: resolved* ",
        "*status:*resolved",
    ],
)
def test_what_a_mail_program_writes_in_bold_is_read(line: str) -> None:
    reading = read(f"{line}\n\nThe words.")
    assert [(line.command and line.command.name, line.value) for line in reading.lines] == [("Status", "resolved")]
    assert reading.rest == "The words."


@pytest.mark.parametrize("name", ["Owner", "Assignee", "Assign", "assignee", "ASSIGN"])
def test_the_owner_has_three_names(name: str) -> None:
    lines = read(f"{name}: me").lines
    assert [(line.command, line.value) for line in lines] == [(OWNER, "me")]


@EVERY_LIFE
def test_a_full_stop_behind_a_title_is_not_part_of_it(life: Lifecycle) -> None:
    for status in life.statuses:
        assert life.status(f" {status.upper()}. ") == status
    for action in life.actions:
        assert life.action(f"{action.title}!") == action


@EVERY_LIFE
@given(text=st.text())
def test_any_text_is_a_slip_or_none(life: Lifecycle, text: str) -> None:
    assert is_slip(text, life) in (True, False)
