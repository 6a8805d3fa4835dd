"""What stays of a mail that opens a ticket, and of what an outsider quotes."""

import pytest

from mail_tickets.mail.quoted_text import Split, foreign_lines, split

LETTER = (
    "Bob Helper wrote:\n\n"
    "Please try the second switch on the left and tell me what the lamp above it does then.\n\n"
    "-- \nYou get this because you opened this ticket."
)
OURS = LETTER.split("\n")


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


ON = "On Wed, 25 Nov 2026 at 09:20, Bob Helper <ticket1@tracker.example> wrote:"
BY_CARL = "On Wed, 25 Nov 2026 at 09:20, Carl Shop <carl@shop.example> wrote:"
HEAD = "From: Carl Shop <carl@shop.example>\nSent: Monday, 23 November 2026 10:00\nTo: Ann\nSubject: Offer 77"

FIRST_MAILS = {
    "a contact form": f"A visitor filled in the form:\n\n{HEAD}\n\nI would like ten lamps.",
    "a history": f"They do not answer me.\n\n{HEAD}\n\nWe offer you the lamp for 20.",
    "a log": "My device prints this\n\n> boot 1.2\n> lamp fault 17",
    "a quotation": f"See what they say:\n\n{BY_CARL}\n> We do not pay.\n> Carl",
    "nothing but a quotation": f"{BY_CARL}\n> We do not pay.",
    "dashes": "My first question: how long is it?\n\n--\n\nMy second question: who pays?",
    "a signature above": "Words.\n-- \nAnn\n\n-----Original Message-----\nFrom: Carl\n\nWe do not pay.",
    "a telephone's line above": f"Look at this.\n\nSent from my iPhone\n\n{BY_CARL}\n> We do not pay.",
}


@pytest.mark.parametrize("text", FIRST_MAILS.values(), ids=FIRST_MAILS)
def test_a_mail_that_opens_a_ticket_is_not_cut_like_a_reply(text: str) -> None:
    assert split(text, opening=True) == Split(text, "")


@pytest.mark.parametrize("text", FIRST_MAILS.values(), ids=FIRST_MAILS)
@pytest.mark.parametrize("end", ["-- \nAnn Customer\nLamps Ltd", "--\nAnn Customer", "Sent from my iPhone"])
def test_the_signature_at_its_end_is_set_aside(text: str, end: str) -> None:
    assert split(f"{text}\n\n{end}", opening=True) == Split(text, end)


def test_what_is_ours_is_set_aside_in_it_too() -> None:
    assert split(f"A new question.\n\n{ON}\n{quoted(LETTER)}", OURS, opening=True).new == "A new question."


DASHES = {
    "before a question": "Words.\n\n--\n\nAnd who pays the postage?",
    "with their space": "Words.\n\n-- \n\nAnd who pays the postage?",
    "before a sentence": "Words.\n\n—\nI have tried the second switch, but nothing happens there.",
    "behind a colon": "I have these:\n--\nL-200\nL-300",
}


@pytest.mark.parametrize("text", DASHES.values(), ids=DASHES)
def test_dashes_between_words_begin_no_signature(text: str) -> None:
    assert split(text) == Split(text, "")


@pytest.mark.parametrize("dashes", ["-- ", "--", "—"])
def test_dashes_above_a_name_begin_one(dashes: str) -> None:
    assert split(f"Words.\n{dashes}\nAnn Customer\nLamps Ltd, 12 High Street").new == "Words."


ANSWERS = {
    "below the letter": f"See my answers below in red.\n\n{quoted(HEAD)}\n>\n"
    f"{quoted(LETTER)}\n> It blinks three times.",
    "within it": f"See my answers below in red.\n\n{ON}\n"
    + quoted(LETTER).replace("\n> --\n", "\n> It blinks three times.\n>\n> --\n"),
}


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS)
def test_an_outsiders_words_among_ours_are_new(text: str) -> None:
    assert split(text, OURS, outsider=True).new == "See my answers below in red.\n\nIt blinks three times."


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS)
def test_a_responders_words_among_ours_are_new(text: str) -> None:
    assert split(text, OURS).new == "See my answers below in red.\n\nIt blinks three times."


ASIDE = {
    "above our letter": f"> We do not pay.\n>\n{quoted(LETTER)}",
    "around our letter": f"> We do not pay.\n>\n{quoted(quoted(LETTER))}\n> We never do.",
    "within our letter": f"{quoted(quoted(LETTER))}\n> We do not pay.",
    "deeper than our letter": f"{quoted(LETTER)}\n>> We do not pay.",
    "below our letter, apart": f"{quoted(LETTER)}\n\n> We do not pay.",
    "below our letter, under its line": f"{quoted(LETTER)}\n>\n> {BY_CARL}\n> We do not pay.",
    "below our letter, under its head": f"{quoted(LETTER)}\n>\n{quoted(HEAD)}\n>\n> We do not pay.",
    "our letter, changed by a client": quoted(LETTER) + "\n> Please try the second switch on the left, and tell me",
}


@pytest.mark.parametrize("block", ASIDE.values(), ids=ASIDE)
@pytest.mark.parametrize("above", [BY_CARL, ON])
def test_what_others_wrote_around_our_letter_is_no_answer_of_a_responder(block: str, above: str) -> None:
    assert split(f"Try again.\n\n{above}\n{block}", OURS).new == "Try again."


def test_outlooks_addresses_of_links_are_no_words() -> None:
    our_texts = [*OURS, "Team only: ticket1-comment@tracker.example"]
    link = "> Team only: ticket1-comment@tracker.example<mailto:ticket1-comment@tracker.example>"
    for outsider in (False, True):
        assert split(f"Yes.\n\n{ON}\n{quoted(LETTER)}\n{link}", our_texts, outsider=outsider).new == "Yes."


def test_another_mail_above_our_letter_stays_in_an_outsiders_reply() -> None:
    below = (
        f"{HEAD}\n\nWe do not pay.\n\nFrom: Bob <ticket1@tracker.example>\nSent: Monday\nTo: Ann\nSubject: Lamp\n\nNo."
    )
    assert "We do not pay." in split(f"See.\n\n{below}", ["ticket1@tracker.example", *OURS], outsider=True).new


POSTSCRIPTS = ["P.S. The second one is dark, too.", "PS: fuse 7", "PPS no fuse", "P.D. Gracias"]


@pytest.mark.parametrize("words", POSTSCRIPTS)
@pytest.mark.parametrize("opening", [False, True])
def test_a_postscript_below_a_signature_stays(words: str, opening: bool) -> None:
    parts = split(f"Lamp.\n\n-- \nAnn\nLamps Ltd\n\n{words}", opening=opening)
    assert (parts.new.split("\n"), parts.rest) == (["Lamp.", "", "", words], "-- \nAnn\nLamps Ltd")


STAYS = {
    "a quotation of another": f"See what he says.\n\n{BY_CARL}\n> We do not pay.\n> Carl",
    "a mail of another": f"See what he says.\n\n{HEAD}\n\nWe do not pay.",
    "a log": "It says at start\n\n> boot 1.2\n> lamp fault 17",
}


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS)
def test_what_an_outsider_quotes_of_others_stays(text: str) -> None:
    assert split(text, OURS, outsider=True) == Split(text, "")


@pytest.mark.parametrize("name", ["a quotation of another", "a mail of another"])
def test_what_a_responder_quotes_of_others_is_set_aside_and_counted(name: str) -> None:
    parts = split(STAYS[name], OURS)
    assert parts.new == "See what he says."
    assert foreign_lines(parts.rest, OURS) > 0


@pytest.mark.parametrize("outsider", [False, True])
@pytest.mark.parametrize("letter", [quoted(LETTER), LETTER], ids=["marked", "bare"])
@pytest.mark.parametrize("above", [ON, HEAD.replace("Carl Shop <carl@shop", "Bob <ticket1@tracker")])
def test_our_own_letter_is_set_aside_and_not_counted(above: str, letter: str, outsider: bool) -> None:
    parts = split(f"It works now.\n\n{above}\n\n{letter}", OURS, outsider=outsider)
    assert parts.new == "It works now."
    assert foreign_lines(parts.rest, OURS) == 0


@pytest.mark.parametrize("above", [ON, HEAD.replace("Carl Shop <carl@shop", "Bob <ticket1@tracker")])
def test_a_letter_of_ours_that_a_client_changed_is_set_aside(above: str) -> None:
    text = f"It works now.\n\n{above}\n\n> Bitte versuchen Sie den zweiten Schalter."
    assert split(text, ["ticket1@tracker.example", *OURS], outsider=True).new == "It works now."


def test_a_signature_is_not_counted() -> None:
    parts = split("It works now.\n-- \nAnn\nLamps Ltd", OURS)
    assert (parts.new, foreign_lines(parts.rest, OURS)) == ("It works now.", 0)


def test_a_quoted_line_that_a_client_wrapped_is_no_answer() -> None:
    long = "> " + "some words of a long line that was quoted and then broken, consectetu"
    assert split(f"Yes.\n\n{BY_CARL}\n{long}\nr adipiscing\n> end").new == "Yes."


@pytest.mark.parametrize("answer", ["yes", "no thanks", "It blinks.", "ok"])
def test_a_short_answer_below_a_long_quoted_line_stays(answer: str) -> None:
    long = "> " + "can you see whether the lamp is on and whether it blinks, and tell me so"
    assert answer in split(f"Hello,\n\n{BY_CARL}\n{long}\n{answer}\n> end").new.split("\n")


@pytest.mark.parametrize("size", [2_000, 4_000])
def test_hostile_quotations_are_read_in_fair_time(size: int) -> None:
    text = "\n".join(f"> {at} word " * 20 for at in range(size))
    split(f"Words.\n\n{text}", [f"{at} other words here" for at in range(3_000)], outsider=True)
