"""Claims about the lines at the top of a mail: which of them are commands, and that all the others stay text."""

from string import ascii_lowercase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mail_tickets.mail.quotations.client_phrases import LANGUAGES, ClientPhrases
from mail_tickets.model.lifecycle.commands import (
    ACTION,
    COMMANDS,
    FOR_REQUESTORS,
    OWNER,
    QUEUE,
    STATUS,
    SUBJECT,
    Command,
    Page,
    nearest,
    page_asked,
    read,
    unknown,
    without_undo,
)

EVERY_COMMAND = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
UNSEEN = "\ufeff\u200b"


def values(text: str) -> list[tuple[str, str]]:
    """The names and values of a text's commands."""
    return [(line.command.name if line.command else "?", line.value) for line in read(text).lines]


# What is a command


@EVERY_COMMAND
def test_the_example_of_a_command_is_one(command: Command) -> None:
    [line] = read(command.line()).lines
    assert (line.command, line.value, line.written) == (command, command.example, command.line())


@EVERY_COMMAND
@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase])
def test_names_are_known_in_any_case(command: Command, change: type[str]) -> None:
    assert values(f"{change(command.name)}: x") == [(command.name, "x")]


@pytest.mark.parametrize(
    "written",
    [
        "Status: open",
        "Status:open",
        "Status : open",
        "  Status:  open  ",
        "\tStatus:\topen",
        "Status:\xa0open",
        "\xa0Status: open",
        "\ufeffStatus: open",
        "Status：open",  # As Chinese and Japanese keyboards write it.
        "\n\n \nStatus: open",
        "\u200b\nStatus: open",
        "Status: open\r",
    ],
)
def test_space_around_name_and_value_says_nothing(written: str) -> None:
    assert values(written) == [("Status", "open")]


def test_commands_end_at_the_first_line_that_is_none() -> None:
    reading = read("Status: open\nOwner: me\n\nSubject: is text by now\nHello.")
    assert [line.command for line in reading.lines] == [STATUS, OWNER]
    assert reading.rest == "Subject: is text by now\nHello."


def test_they_need_no_empty_line_below_them() -> None:
    assert read("Status: open\nThank you, it works.\nOwner: me").rest == "Thank you, it works.\nOwner: me"


def test_an_empty_value_is_still_a_command() -> None:
    assert values("Status:\nOwner:   ") == [("Status", ""), ("Owner", "")]


def test_a_value_may_hold_colons_and_addresses() -> None:
    assert values("Subject: Re: 12:30: late\nAddCc: Bea <bea@example.org>, c@example.org") == [
        ("Subject", "Re: 12:30: late"),
        ("AddCc", "Bea <bea@example.org>, c@example.org"),
    ]


def test_below_a_command_every_name_with_a_value_is_reported() -> None:
    assert values("Status: open\nHello: there\nStaus: x") == [("Status", "open"), ("?", "there"), ("?", "x")]


# What is a letter away from one


def one_letter_away(name: str) -> set[str]:
    cuts = [(name[:at], name[at:]) for at in range(len(name) + 1)]
    fewer = {a + b[1:] for a, b in cuts if b}
    replaced = {a + letter + b[1:] for a, b in cuts if b for letter in ascii_lowercase}
    more = {a + letter + b for a, b in cuts for letter in ascii_lowercase}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    return (fewer | replaced | more | swapped) - {name}


@EVERY_COMMAND
def test_a_letter_too_few_too_many_another_or_two_swapped_is_reported(command: Command) -> None:
    for name in one_letter_away(command.name.casefold()):
        assert nearest(name) is command, name
        [line] = read(f"{name}: x").lines
        assert line.command is None
        assert f"Did you mean {command.name}?" in unknown(line).english


@EVERY_COMMAND
def test_two_letters_away_is_text(command: Command) -> None:
    for name in (f"{command.name}xy", command.name[2:], f"zz{command.name}", f"ż{command.name[1:-1]}ż"):
        assert nearest(name) is None, name
        assert read(f"{name}: x").lines == ()


def test_what_is_said_of_a_misspelt_command_names_it_and_the_nearest() -> None:
    [line] = read("Staus: open").lines
    assert unknown(line).english == 'There\'s no command "Staus". Did you mean Status?'


# What is text

PROSE = [
    "",
    "   \n\n",
    "Hello: I have a question.",
    "Note: the printer burns.",
    "Hi Ron:\nhow are you?",
    "PS: thanks",
    "Dear all: Status: open",
    "From: Ann <ann@example.org>\nSent: Monday\nTo: me\nSubject: Fire\n\nHelp!",
    "Subject: Fire\nFrom: Ann <ann@example.org>\nDate: Monday\n\nHelp!",
    "Subject: Fire\nDate: Monday\nFrom: Ann <ann@example.org>\nTo: me\n\nHelp!",
    "Subject: Fire\nReply-To: a@example.org\nFrom: Ann <ann@example.org>\n\nHelp!",
    "-------- Forwarded Message --------\nSubject: Fire\nFrom: Ann\n\nHelp!",
    "https://example.org/Status: open",
    "http://example.org\nStatus: open",
    "mailto:ann@example.org",
    "Status://example.org",
    "Queue://",
    "12:30 suits me.\nStatus: open",
    "> Status: open",
    "| Status: open",
    "On Monday Ann wrote:\n> Status: open",
    "Status open",
    "Status",
    "Status of this: open",
    ": open",
    "::::",
    "Status\n: open",
    "The Status: open",
    "Thanks!\nStatus: open",
]


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_text(text: str) -> None:
    reading = read(text)
    assert (reading.lines, reading.rest) == ((), text)


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
@pytest.mark.parametrize("colon", [": ", " : ", "："])
def test_the_head_of_a_forward_is_text_in_every_language(words: ClientPhrases, colon: str) -> None:
    for sender in words.sender.split("|"):
        rows = [sender, words.date.split("|")[0], words.to.split("|")[0], words.subject.split("|")[0]]
        text = "\n".join(f"{name}{colon}x" for name in rows if name) + "\n\nHelp!"
        assert read(text) == ((), text), text


def test_commands_above_a_forward_hold_and_its_head_stays_text() -> None:
    head = "From: Ann <ann@example.org>\nSubject: Fire\n\nHelp!"
    for between in ("", "\n"):
        reading = read(f"Requestor: ann@example.org\n{between}{head}")
        assert [line.value for line in reading.lines] == ["ann@example.org"]
        assert reading.rest == head
    subject_first = "Subject: Fire\nFrom: Ann <ann@example.org>\n\nHelp!"
    assert read(f"Owner: me\n{subject_first}").rest == subject_first


def test_the_first_line_must_be_one_of_the_allowed_or_near_it() -> None:
    for text in ("Queue: Questions\nStatus: open", "Quee: Questions", "Owner: me"):
        assert read(text, FOR_REQUESTORS) == ((), text)
        assert read(text, ()) == ((), text)
    assert [line.command for line in read("Status: x\nQueue: y", FOR_REQUESTORS).lines] == [STATUS, QUEUE]
    assert [line.name for line in read("Staus: x", FOR_REQUESTORS).lines] == ["Staus"]
    assert FOR_REQUESTORS == (STATUS, ACTION)


def test_a_line_nobody_would_write_is_text() -> None:
    text = f"Subject: {'x' * 20_000}"
    assert read(text) == ((), text)


def test_after_many_lines_the_rest_is_text() -> None:
    reading = read("AddCc: a@example.org\n" * 200)
    assert 20 <= len(reading.lines) < 200
    assert reading.rest.count("AddCc") == 200 - len(reading.lines)


# Whatever comes

LINES = st.one_of(
    st.text(max_size=40),
    st.builds(
        "{}{}{}".format,
        st.sampled_from([*(command.name for command in COMMANDS), "Staus", "From", "Note", "Von", "help", "undo"]),
        st.sampled_from([":", ": ", " : ", "：", "://", ""]),
        st.text(max_size=20),
    ),
)
TEXTS = st.one_of(st.text(), st.lists(LINES, max_size=60).map("\n".join))


@given(TEXTS)
@example("\n\nSubject: x\nFrom: y")
@example("Status: x\r\n\r\nHello")
@example("Status:\x1cx\n\x0b\nHello")
def test_no_word_of_any_text_is_lost(text: str) -> None:
    """What stands above the rest is just the commands; the rest is the end of the text, as it is."""
    for allowed in (COMMANDS, FOR_REQUESTORS, ()):
        lines, rest = read(text, allowed)
        assert text.endswith(rest)
        above = text[: len(text) - len(rest)].split("\n")
        assert [" ".join(line.split()) for line in above if line.strip().strip(UNSEEN).strip()] == [
            line.written for line in lines
        ]


VALUES = st.text("abcxyzäöüлампа電球 0123456789", max_size=100)
WRITTEN = st.lists(st.tuples(st.sampled_from(COMMANDS), VALUES), min_size=1, max_size=12)


@given(WRITTEN, st.text(max_size=200))
def test_what_is_written_is_read(written: list[tuple[Command, str]], body: str) -> None:
    text = "\n".join(command.line(value) for command, value in written)
    lines, rest = read(f"{text}\n\n{body}")
    assert [(line.command, line.value) for line in lines] == [
        (name, " ".join(value.split())) for name, value in written
    ]
    assert rest == body.lstrip("\n")


@given(TEXTS)
def test_no_text_is_too_odd_to_be_asked_for_a_page_or_an_undo(text: str) -> None:
    page = page_asked(text)
    assert page is None or text.strip().casefold().startswith(page.word)
    rest = without_undo(text)
    assert rest is None or (text.endswith(rest) and text.strip().casefold().startswith("undo"))


BIG = {
    "commands": "Status: x\n",
    "spaces": " ",
    "colons": ":",
    "line ends": "\n",
    "empty lines with spaces": " \n",
    "no-break spaces": "\xa0",
    "marks that nobody sees": "\ufeff\u200b",
    "letters": "a",
    "names": "Status",
    "colons and spaces": ": ",
    "heads": "From: x\n",
    "near misses": "Staus: x\n",
    "undo": "undo ",
    "show": "show 1 ",
}


@pytest.mark.parametrize("head", ["", "Status: x\n", "Status:", "Subject: ", "undo", "show "])
@pytest.mark.parametrize("piece", BIG.values(), ids=BIG)
def test_a_megabyte_of_anything_is_read(piece: str, head: str) -> None:
    text = head + piece * (1_000_000 // len(piece))
    lines, rest = read(text)
    assert len(lines) <= 50
    assert text.endswith(rest)
    assert page_asked(text) is None
    undo = without_undo(text)
    assert undo is None or len(undo) < len(text)


# Words that stand alone


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("help", Page("help")),
        ("Help", Page("help")),
        ("HELP.", Page("help")),
        (" help. \n", Page("help")),
        ("list", Page("list")),
        ("show", Page("show")),
        ("show 12", Page("show", 12)),
        ("show #12", Page("show", 12)),
        ("Show  12 40", Page("show", 12, 40)),
        ("show 12 40.", Page("show", 12, 40)),
        ("\n\nlist\n\n", Page("list")),
    ],
)
def test_a_word_that_stands_alone_asks_for_a_page(text: str, page: Page) -> None:
    assert page_asked(text) == page


@pytest.mark.parametrize(
    "text",
    [
        "",
        "help me",
        "Please help",
        "help?",
        "Help!",  # A cry for it is no question about mail.
        "list of things",
        "list 3",
        "help 12",
        "show me",
        "show 12 of 40",
        "show 12 40 3",
        "show -1",
        "show 12345678901",
        "show12x",
        "shows",
        "help\nlist",
        "help\n\nRon",
        "> help",
    ],
)
def test_among_other_words_it_asks_for_nothing(text: str) -> None:
    assert page_asked(text) is None


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("undo", ""),
        ("Undo.", ""),
        ("UNDO!\n", ""),
        ("\n\n  undo  \n", ""),
        ("undo\n\nSorry, my mistake.", "Sorry, my mistake."),
        ("undo\nSorry.", "Sorry."),
        ("Undo.\n\n\nundo\n", "undo\n"),
    ],
)
def test_undo_stands_alone_on_the_first_line(text: str, rest: str) -> None:
    assert without_undo(text) == rest


@pytest.mark.parametrize("text", ["", "undo that", "Please undo", "undoing", "Sorry\nundo", "> undo", "undo?", "undo:"])
def test_elsewhere_undo_is_text(text: str) -> None:
    assert without_undo(text) is None


def test_what_is_set_by_subject_is_the_whole_line() -> None:
    [line] = read("Subject:  Printer   in room 12 ").lines
    assert (line.command, line.value) == (SUBJECT, "Printer in room 12")
