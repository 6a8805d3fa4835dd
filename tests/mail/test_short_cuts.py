"""Claims about short cuts: what most mails are read by gives the same as the long way that the others are read by."""

import re
from datetime import UTC, datetime
from unittest import mock

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mail_tickets.mail import addresses, dates, quoted_text
from mail_tickets.mail.quotations import line_kinds, marks
from mail_tickets.mail.quoted_text import foreign_lines, leads, split

_NEVER = re.compile(r"(?!)")
_PIECES = (
    "Ann", "O'Neil", "Doe, Jane", "ann@home.example", "<ann@home.example>", "a..b@c.example", "x@[192.0.2.1]", '"', "<",
    ">", "(", ")", ",", ";", ":", " ", "  ", "\t", "\n ", "\\", "@", ".", "-", "_", "'",
    "=?utf-8?q?J=F6?=", "ü", "\0", "\udcfc",
)  # fmt: skip
_LINES = (
    "", "-- ", "--", "—", "____________________________________________", "x mailing list", "Some words of my own.",
    "On Monday, 5 Oct 2015 at 10:00, Ann <ann@home.example> wrote:", "On Monday, 5 Oct 2015 at 10:00, Ann", "wrote:",
    "<ann@home.example> wrote", "2015-10-05 10:00 GMT+02:00 Ann <ann@home.example>", "2015-10-05 10:00 Ann <",
    "ann@home.example>:",
    "-----Original Message-----", "Begin forwarded message:", "From: Ann <ann@home.example>", "Sent: Monday", "To: Bob",
    "Subject: A lamp", "> quoted words of a letter", "> > deeper ones", ">>> prompt", "| barred", "It says:",
    "P.S. One more.",
    "Sent from my iPhone", "=====", "long " * 120, "Ann wrote: > quoted behind it", "\u200bAnn wrote:", "Ann schrieb：",
    "On\nMonday\n5 Oct 2015\nat 10h00\nAnn\nwrote:",
)  # fmt: skip
_texts = st.lists(st.sampled_from(_LINES), max_size=14).map("\n".join)


@settings(max_examples=400)
@example("<:ann@home.example>")
@given(st.lists(st.sampled_from(_PIECES), max_size=6).map("".join))
def test_a_plain_address_is_read_as_any_other(header: str) -> None:
    with mock.patch.object(addresses, "_PLAIN", _NEVER):
        expected = addresses.mailboxes(header)
    assert addresses.mailboxes(header) == expected


@given(
    st.datetimes().filter(lambda date: 1000 <= date.year < 3000),
    st.sampled_from(("+0000", "-0000", "+0530", "-1130", "+2359", "+9959", "+0160", "GMT")),
    st.sampled_from(("%a, %d %b %Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%a, %d %b %Y %H:%M", "Xyz, %d %b %Y 24:%M:%S")),
)
def test_a_plain_date_is_read_as_any_other(written: datetime, zone: str, form: str) -> None:
    header = f"{written.strftime(form)} {zone}"
    with mock.patch.object(dates, "_PLAIN", _NEVER):
        expected = dates.read_date(header)
    assert dates.read_date(header) == expected
    assert expected is None or expected.tzinfo is UTC


@settings(max_examples=400)
@example("Words.\n\nOn\nMonday\n5 Oct 2015\nat 10h00\nAnn\nwrote:\n> quoted", [], False, False)
@given(_texts, st.lists(st.sampled_from(_LINES), max_size=4), st.booleans(), st.booleans())
def test_lines_that_lead_nowhere_change_nothing(text: str, our_texts: list[str], outsider: bool, opening: bool) -> None:
    def read() -> tuple[object, ...]:
        parts = split(text, our_texts, outsider=outsider, opening=opening)
        return parts, foreign_lines(parts.rest, our_texts), leads(text)

    result = read()
    with (
        mock.patch.object(marks, "could_lead", return_value=True),
        mock.patch.object(quoted_text, "could_lead", return_value=True),
    ):
        assert read() == result


@given(st.text(st.sampled_from(" >|ab\n\xa0"), max_size=12))
def test_quotation_marks_are_taken_off_as_their_expression_says(line: str) -> None:
    assert line_kinds.unmarked(line) == line_kinds.MARKS.sub("", line, count=1)
