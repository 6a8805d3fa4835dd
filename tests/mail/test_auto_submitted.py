import email
from pathlib import Path

import pytest

from app.mail.auto_submitted import from_list, reason
from app.mail.mime import header_block

RUBY = Path(__file__).parent.parent / "mails" / "ruby-mail"

MACHINES = [
    ("Auto-Submitted: auto-replied", "Auto-Submitted: auto-replied"),
    ("Auto-Submitted: AUTO-GENERATED (rejected)", "Auto-Submitted: AUTO-GENERATED (rejected)"),
    (
        'Content-Type: multipart/report; report-type="disposition-notification"; boundary=x',
        "Content-Type: multipart/report",
    ),
    ("Precedence: bulk", "Precedence: bulk"),
    ("Precedence: junk", "Precedence: junk"),
    ("Precedence: auto_reply", "Precedence: auto_reply"),
    ("List-Post: NO\nPrecedence: bulk", "Precedence: bulk"),
    ("X-Auto-Response-Suppress: All", "X-Auto-Response-Suppress: All"),
    ("X-Autoreply: yes", "X-Autoreply: yes"),
    ("X-Autorespond: Out of office", "X-Autorespond: Out of office"),
    ("X-Auto-Reply-From: jane@example.org", "X-Auto-Reply-From: jane@example.org"),
    ("X-Vacation: yes", "X-Vacation: yes"),
    ("X-Failed-Recipients: joe@example.net", "X-Failed-Recipients: joe@example.net"),
    ("X-MS-Exchange-Generated-Message-Source: Antispam", "X-MS-Exchange-Generated-Message-Source: Antispam"),
    ("X-FC-MachineGenerated: true", "X-FC-MachineGenerated: true"),
    ("From: MAILER-DAEMON@example.org (Mail Delivery System)", "From: MAILER-DAEMON@example.org"),
    ("From: Shop <no-reply@example.org>", "From: Shop <no-reply@example.org>"),
    ("From: noreply+123@example.org", "From: noreply+123@example.org"),
    ("From: Do Not <donotreply@example.org>", "From: Do Not <donotreply@example.org>"),
    ("From: do-not-reply@example.org", "From: do-not-reply@example.org"),
    ("From: MAILER-DAEMON <>", "From: MAILER-DAEMON <>"),
    ("Return-Path: <>", "null reverse-path"),
]
PEOPLE = {
    "nothing special": "From: Jane <jane@example.org>",
    "says so": "Auto-Submitted: no",
    "an empty header": "Auto-Submitted:",
    "through a list": "List-Id: <x>\nList-Post: <mailto:help@example.org>\nList-Unsubscribe: <x>\nPrecedence: list",
    "through an Apache list": "Mailing-List: contact dev-help@example.org; run by ezmlm\nPrecedence: bulk",
    "through an Exchange group": "X-Auto-Response-Suppress: DR, OOF, AutoReply",
    "talks of a robot": 'From: "no-reply@example.org" <jane@example.org>\nSubject: Out of office: automatic reply',
    "a name like a robot's": "From: Norbert Reply <nreply@example.org>",
    "an automatic mail forwarded": "Content-Type: multipart/mixed; boundary=multipart/report",
}


@pytest.mark.parametrize(("headers", "expected"), MACHINES)
def test_what_a_machine_wrote_is_told_with_its_reason(headers: str, expected: str) -> None:
    found = reason(email.message_from_string(headers + "\n\n"), None)
    assert found is not None
    assert found.startswith(expected)


@pytest.mark.parametrize("headers", PEOPLE.values(), ids=PEOPLE)
def test_a_person_is_not_taken_for_a_machine(headers: str) -> None:
    assert reason(email.message_from_string(headers + "\n\n"), "jane@example.org") is None


def test_the_envelope_outweighs_the_return_path_header() -> None:
    headers = email.message_from_string("Return-Path: <>\n\n")
    assert reason(headers, "jane@example.org") is None
    assert reason(headers, None) == reason(email.message_from_string("\n"), "") == "null reverse-path"


@pytest.mark.parametrize(
    "header", ["List-Id: <x>", "List-Post: NO", "List-Unsubscribe: <x>", "Mailing-List: x", "Precedence: List"]
)
def test_list_headers_tell_of_a_list(header: str) -> None:
    assert from_list(email.message_from_string(header + "\n\n"))


def test_a_mail_without_list_headers_is_from_no_list() -> None:
    assert not from_list(email.message_from_string("To: list@example.org\nPrecedence: first-class\n\n"))


@pytest.mark.parametrize("path", sorted(RUBY.glob("multipart_report_emails/*")), ids=lambda path: path.stem)
def test_every_delivery_report_is_automatic(path: Path) -> None:
    assert reason(header_block(path.read_bytes()), None)


@pytest.mark.parametrize("path", sorted(RUBY.glob("rfc2822/*")), ids=lambda path: path.stem)
def test_every_letter_of_the_rfc_is_a_persons(path: Path) -> None:
    assert reason(header_block(path.read_bytes()), None) is None


def test_a_reason_is_short_and_on_one_line() -> None:
    found = reason(email.message_from_string(f"X-Vacation: a\n {'b' * 500}\n\n"), None)
    assert found is not None
    assert len(found) <= 80
    assert "\n" not in found
