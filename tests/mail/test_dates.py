"""Claims about dates: what mail programs write in place of RFC 5322 is read; what cannot be known is not guessed."""

from datetime import UTC, datetime

import pytest

from mail_tickets.mail.dates import read_date

SAME = [
    "Wed, 25 Nov 2026 09:15:00 +0100",
    "Wed, 25 Nov 2026 09:15:00 +0100 (MEZ)",
    "Wed, 25 Nov 2026 09:15:00 MEZ",
    "Wed, 25 Nov 2026 10:15:00 MESZ",
    "25 Nov 26 09:15 CET",
    "Wed Nov 25 09:15:00 CET 2026",
    "Wed, 25 Nov 2026 17:15:00 JST",
    "Wed, 25 Nov 2026 9:15:00 AM +0100",
    "Wed, 25 Nov 2026 08:15 pm +1200",
    "Wed, 25 Nov 2026 09:15:00 +01:00",
    "Wed, 25 Nov 2026 09:15:00 GMT+1",
    "Wed, 25 Nov 2026 09:15:00 UTC+01:00",
    "Wed, 25 Nov 126 09:15:00 +0100",
    "Wed, 25-Nov-2026 09:15:00 +0100",
    "=?utf-8?q?Wed,_25_Nov_2026_09:15:00_+0100?=",
    "Mi, 25 Nov 2026 09:15:00 +0100",
    "25. November 2026 09:15:00 +0100",
    "mer., 25 nov. 2026 09:15:00 +0100",
    "mié, 25 de noviembre de 2026 09:15:00 +0100",
    "25/11/2026 09:15:00 +0100",
    "25.11.2026 09:15 +0100",
    "11/25/2026 9:15:00 AM +0100",
    "2026/11/25 09:15:00 +0100",
    "20261125T081500Z",
]


@pytest.mark.parametrize("written", SAME)
def test_a_date_is_read_as_programs_write_it(written: str) -> None:
    assert read_date(written) == datetime(2026, 11, 25, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "month"),
    [("25 Dez 2026", 12), ("25 févr. 2026", 2), ("25 août 2026", 8), ("25 ott 2026", 10), ("25 mrt. 2026", 3)],
)
def test_months_have_the_names_of_other_languages(written: str, month: int) -> None:
    assert read_date(f"{written} 09:15:00 +0000") == datetime(2026, month, 25, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["", "yesterday", "5/11/2026 09:15:00", "25 Xyz 2026 09:15:00", "99/99/2026 09:15", "٢٥"]
)
def test_what_cannot_be_known_is_not_guessed(written: str) -> None:
    assert read_date(written) is None
