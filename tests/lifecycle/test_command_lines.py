"""Command lines are known as clients and phones mangle them."""

import pytest

from mail_tickets.model.lifecycle.commands import page_asked, read

NAMES = [
    "*Status: resolved*",
    "*Status:* resolved",
    "**Status**: resolved",
    "_Status:_ resolved",
    "- Status: resolved",
    "• Status: resolved",
    "\u200eStatus: resolved",
    "\u202bStatus: resolved\u202c",
    "\u2068Status\u2069: resolved",
    "Status : resolved",
    "Status\u202f: resolved",
    "Status:\u2009resolved",
    "Sta\u00adtus: resolved",
    "Ｓｔａｔｕｓ：ｒｅｓｏｌｖｅｄ",
    "Status=resolved",
    "Status = resolved",
    "status:resolved",
    "__Status__: resolved",
    '"Status": resolved',
    "1. Status: resolved",
    "2) Status: resolved",
    "[Status: resolved]",
    "(Status: resolved)",
    "<Status: resolved>",
    "Status﹕ resolved",
    "Status∶ resolved",
]
VALUES = [
    "Status: resolved.",
    "Status: “resolved”",
    'Status: "resolved"',
    "Status: «resolved»",
    "Status: 'resolved'.",
    "Status: resolved\u200b",
    "Status: *resolved*",
    "Status: \u200eresolved\u200e",
    "Status: resolved,",
    "Status: resolved;",
    "Status: <resolved>",
    "Status: [resolved].",
]


@pytest.mark.parametrize("written", NAMES + VALUES)
@pytest.mark.parametrize("below", ["", "\n\nDone.", "\nOwner: me"])
def test_a_mangled_line_is_the_command_that_its_writer_meant(written: str, below: str) -> None:
    reading = read(f"{written}{below}")
    first = reading.lines[0]
    assert (first.command and first.command.name, first.value) == ("Status", "resolved")
    assert reading.rest == ("Done." if "Done" in below else "")


ADDRESSES = {
    "AddCc: bea@example.org; carl@example.org": "bea@example.org, carl@example.org",
    "AddCc: [bea@example.org](mailto:bea@example.org)": "bea@example.org",
    "AddCc: mailto:bea@example.org": "bea@example.org",
    "AddCc: bea@example.org <mailto:bea@example.org>": "bea@example.org <bea@example.org>",
    "AddCc: bea@example.org carl@example.org": "bea@example.org, carl@example.org",
    "AddCc: bea@example.org and carl@example.org": "bea@example.org, carl@example.org",
    "AddCc: bea@example.org & carl@example.org": "bea@example.org, carl@example.org",
    "AddCc: bea@example.org / carl@example.org": "bea@example.org, carl@example.org",
    "AddCc: bea@example.org | carl@example.org": "bea@example.org, carl@example.org",
    "AddCc: bea@example.org、carl@example.org": "bea@example.org, carl@example.org",
    "AddCc: (bea@example.org, carl@example.org)": "bea@example.org, carl@example.org",
    "AddCc: “bea@example.org”, ‘carl@example.org’": "bea@example.org, carl@example.org",
    "AddCc: 'bea@example.org'; 'carl@example.org';": "bea@example.org, carl@example.org",
    "AddCc: Bea <bea@example.org>; Carl and Co <carl@example.org>;": (
        "Bea <bea@example.org>, Carl and Co <carl@example.org>"
    ),
    "Owner: Sam <sam@team.example>;": "Sam <sam@team.example>",
    "Owner: <sam@team.example>": "sam@team.example",
    "Queue: Questions;": "Questions",
    "Owner: \u200esam@team.example": "sam@team.example",
    "Owner: “Sam Helper”": "Sam Helper",
    "Priority: １０": "10",
}


@pytest.mark.parametrize(("written", "value"), ADDRESSES.items())
def test_a_value_is_read_without_what_a_client_put_around_it(written: str, value: str) -> None:
    assert [line.value for line in read(written).lines] == [value]


@pytest.mark.parametrize("subject", ["Printer in room 12.", "日本語：テスト", "«Quoted» words", "a; b <c@d.example>"])
def test_a_subject_stays_as_it_was_written(subject: str) -> None:
    assert read(f"Subject: {subject}").lines[0].value == subject


TITLES = {"“New title”": "New title", '"New title"': "New title", "«Neu»": "Neu", "„Neu“": "Neu", "*New*": "New"}


@pytest.mark.parametrize(("written", "title"), TITLES.items())
def test_a_subject_loses_the_quotation_marks_around_all_of_it(written: str, title: str) -> None:
    assert read(f"Subject: {written}").lines[0].value == title
    both = f"{written} and {written}"
    assert read(f"Subject: {both}").lines[0].value in (both, both.strip("*"))


@pytest.mark.parametrize("text", ["*help*", "“help”", "Help\u200b", "_Show_"])
def test_a_word_that_stands_alone_is_known_without_what_a_client_put_around_it(text: str) -> None:
    assert page_asked(text) is not None


BANNERS = [
    "CAUTION: EXTERNAL SENDER",
    "[EXTERNAL EMAIL] Do not click links.",
    "This email originated from outside of the organization. Be careful.",
    "You don't often get email from sam@team.example. Learn why\n\nCAUTION: External",
    "CAUTION: This email originated from outside of the organization. Do not click\nlinks unless you know the sender.",
    "EXTERN: Diese Mail kommt von außen",
    "Ce message provient de l’extérieur.",
]


@pytest.mark.parametrize("banner", BANNERS)
def test_lines_that_a_server_put_above_them_hide_no_commands(banner: str) -> None:
    reading = read(f"{banner}\n\nStatus: resolved\n\nDone.")
    assert ([line.name for line in reading.lines], reading.rest) == (["Status"], "Done.")


TEXTS = [
    "> Status: resolved",
    "https://status.example/resolved",
    "Note=well",
    "x = 1",
    "Hello: there",
    "I say: Status: resolved",
    "CAUTION: the lamp is hot",
    "Status quo: resolved",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_no_command_stays_text(text: str) -> None:
    assert read(text) == ((), text)
