"""Mails are read: real ones, made ones, and ones that were made to hurt."""

import email
from base64 import encodebytes
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage, Message
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_tickets.mail import mime
from mail_tickets.mail.addresses import Mailbox
from mail_tickets.mail.body_parts.header_fields import header_fields
from mail_tickets.mail.body_parts.transfer_encodings import CHUNK
from mail_tickets.mail.parsed import ParsedMail, parse_mail
from mail_tickets.mail.quoted_text import split
from mail_tickets.mail.text import TOO_LONG

MAILS = Path(__file__).parent.parent / "mails"
# Our own cases are of kinds that the standard library reads otherwise.
REAL = sorted(path for path in MAILS.glob("*/**/*") if path.is_file() and path.parent.name != "cases")

MB = 1 << 20


def mail(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")


def strings(read_mail: ParsedMail) -> Iterator[str]:
    mailboxes = [*read_mail.to, *([read_mail.sender] if read_mail.sender else [])]
    yield from (part for mailbox in mailboxes for part in mailbox)
    yield from (read_mail.subject, read_mail.text, read_mail.message_id or "", read_mail.automatic or "")
    yield from (*read_mail.in_reply_to, *read_mail.references, *read_mail.hints)
    for attachment in read_mail.attachments:
        yield from (attachment.name, attachment.type, attachment.encoding)


def assert_sound(raw: bytes) -> None:
    """What holds of every mail, whatever its bytes."""
    parsed = parse_mail(raw)
    for text in strings(parsed):
        text.encode("utf-8")
        assert "\0" not in text
        assert "\r" not in text
    for attachment in parsed.attachments:
        assert 0 <= attachment.start <= attachment.stop <= len(raw)
        assert attachment.name
    for part in mime.parts(raw):
        mime.content(raw, part, 100)
        mime.text(raw, part, 100)


# --- The map of a mail, against the standard library's parser ---


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_every_real_mail_is_read(path: Path) -> None:
    assert_sound(path.read_bytes())


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_the_size_of_a_part_is_the_length_of_its_content(path: Path) -> None:
    raw = path.read_bytes()
    for part in mime.parts(raw):
        assert mime.size(raw, part) == len(mime.content(raw, part))


# Where we differ from the standard library on purpose.
NO_BOUNDARY = "a multipart without its boundary in the body is one text/plain leaf: people should see what was written"
LAST_LINE = "without an end boundary the last line keeps its line end"
ODD_HEADS = ("raw_email_incorrect_header", "example13")
DIFFERENT = {
    "msg_15": NO_BOUNDARY,
    "msg_17": NO_BOUNDARY,
    "msg_25": NO_BOUNDARY,
    "msg_31": NO_BOUNDARY,
    "msg_39": NO_BOUNDARY,
    "msg_41": NO_BOUNDARY,
    "bad_date_header2": NO_BOUNDARY,
    "empty_in_reply_to": NO_BOUNDARY,
    "missing_body": NO_BOUNDARY,
    "must_supply_encoding": NO_BOUNDARY,
    "raw_email4": LAST_LINE,
    **dict.fromkeys(ODD_HEADS, "a line in a head that is no header is passed over, white space before a colon too"),
}


def library_leaves(message: Message) -> Iterator[tuple[str, object]]:
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in message.get_payload():
            yield from library_leaves(part)
    elif message.get_content_maintype() == "message":
        yield message.get_content_type(), None
    else:
        yield message.get_content_type(), message.get_payload(decode=True)


def our_leaves(raw: bytes) -> list[tuple[str, object]]:
    """A message in a message is a leaf of ours; the library takes it apart, so its content is not compared."""
    return [
        (part.type, None if part.type.startswith("message/") else mime.content(raw, part)) for part in mime.parts(raw)
    ]


@pytest.mark.parametrize("path", [path for path in REAL if path.stem not in DIFFERENT], ids=lambda path: path.stem)
def test_the_leaves_are_those_of_the_standard_library(path: Path) -> None:
    raw = path.read_bytes()
    assert our_leaves(raw) == list(library_leaves(email.message_from_bytes(raw)))


@pytest.mark.parametrize("path", [path for path in REAL if path.stem in DIFFERENT], ids=lambda path: path.stem)
def test_every_difference_is_still_one(path: Path) -> None:
    raw = path.read_bytes()
    assert our_leaves(raw) != list(library_leaves(email.message_from_bytes(raw)))


@pytest.mark.parametrize("path", [path for path in REAL if path.stem not in ODD_HEADS], ids=lambda path: path.stem)
def test_the_headers_are_those_of_the_standard_library(path: Path) -> None:
    raw = path.read_bytes()
    values: dict[str, list[str]] = {}
    for name, value in email.message_from_bytes(raw).raw_items():
        values.setdefault(name.lower(), []).append(str(value).replace("\r\n", "\n").lstrip())
    assert {name: [value.lstrip() for value in values] for name, values in header_fields(raw).items()} == values


# --- Made mails come back ---

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=40)
bodies = st.lists(words.filter(str.strip), min_size=1, max_size=5).map(lambda lines: "\n".join(lines).strip())
names = st.from_regex(r"[a-zé日][a-z é日']{0,20}[a-z]\.(png|bin)", fullmatch=True)
files = st.lists(st.tuples(names, st.binary(max_size=200)), max_size=4)


@given(bodies, words, files, st.sampled_from(["quoted-printable", "base64", "8bit"]), st.booleans(), st.booleans())
@settings(deadline=None)
def test_a_made_mail_comes_back(
    body: str, subject: str, attached: list[tuple[str, bytes]], encoding: str, with_html: bool, crlf: bool
) -> None:
    message = EmailMessage(policy=SMTP if crlf else email.policy.default)
    message["Subject"] = subject
    message.set_content(body, cte=encoding)
    if with_html:
        message.add_alternative(f"<p>{body}</p>", subtype="html")
    for name, content in attached:
        message.add_attachment(content, "application", "octet-stream", filename=name)
    raw = message.as_bytes()
    parsed = parse_mail(raw)
    assert parsed.text.splitlines() == body.removeprefix("\ufeff").strip().splitlines() or body.startswith("\ufeff")
    assert parsed.subject == " ".join(subject.split()) or not subject.isprintable()
    assert [attachment.size for attachment in parsed.attachments] == [len(content) for _, content in attached]
    assert [attachment.name for attachment in parsed.attachments] == [" ".join(name.split()) for name, _ in attached]
    leaves = {part.start: part for part in mime.parts(raw)}
    contents = [mime.content(raw, leaves[attachment.start]) for attachment in parsed.attachments]
    assert contents == [content for _, content in attached]


leaf = st.tuples(
    st.sampled_from(["text/plain", "image/png", "message/rfc822"]), st.sampled_from(["a", "b\r\n", "\n", ""])
)
trees = st.recursive(leaf, lambda inside: st.lists(inside, min_size=1, max_size=3), max_leaves=12)
Tree = tuple[str, str] | list["Tree"]


def entity(tree: Tree, depth: int = 0) -> tuple[str, list[str]]:
    if isinstance(tree, tuple):
        return f"Content-Type: {tree[0]}\r\n\r\n{tree[1]}", [tree[0]]
    inside = [entity(branch, depth + 1) for branch in tree]
    head = f'Content-Type: multipart/mixed; boundary="b {depth}"\r\n\r\n'
    body = "".join(f"\r\n--b {depth}\r\n{text}" for text, _ in inside)
    return f"{head}before{body}\r\n--b {depth}--\r\nafter", [type_ for _, types in inside for type_ in types]


@given(trees)
def test_a_tree_of_parts_is_mapped_leaf_by_leaf(tree: Tree) -> None:
    text, types = entity(tree)
    assert [part.type for part in mime.parts(text.encode())] == types


@given(st.binary())
def test_any_bytes_are_read(raw: bytes) -> None:
    assert_sound(raw)


PIECES = [
    *(b"\r\n", b"\n", b"\r", b"\n\n", b" ", b":", b"=", b"\0", b"\xff", b"--", b"--x", b"--x--"),
    *(b"YQ", b"begin 644 a", b"!0", b"end", b"<b>", b"From "),
    *(b"From: a@b.org", b"Subject: =?utf-8?q?=ff?=", b"Date: 1 Jan 0000 99", b"References: <", b"Message-ID: <\xff>"),
    *(b"Content-Type: multipart/mixed; boundary=x", b"Content-Type: text/html; charset=utf-16"),
    *(b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: x-uuencode"),
    *(b"Content-Disposition: attachment; filename*0*=utf-8''%ff", b'; filename="..\\a/b'),
]
soup = st.lists(st.sampled_from(PIECES)).map(b"".join)


@given(soup)
@settings(max_examples=300)
def test_any_soup_of_mail_is_read(raw: bytes) -> None:
    assert_sound(raw)


# --- What is read ---

REPLY = mail("""\
Return-Path: <ann@mobile.example>
X-Original-To: help@tickets.example
Delivered-To: tickets@host.example
From: =?utf-8?q?Ann_=C3=84rmel?= <ann@example.org>
Reply-To: other@example.org
To: "Help, please" <help@tickets.example>
Cc: bob@example.net
Subject: Re: [help #1]
 =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Date: Tue, 3 Nov 2026 10:00:00 +0100
Message-ID: <3@example.org>
In-Reply-To: <2@tickets.example>
References: <1@example.org>
 <2@tickets.example>

  first, indented

last  \n\n\n""")


def test_a_plain_reply_is_read_whole() -> None:
    parsed = parse_mail(REPLY)
    assert parsed.sender == Mailbox("Ann Ärmel", "ann@example.org")
    assert parsed.authors == 1
    assert parsed.subject == "Re: [help #1] Grüße"
    assert parsed.date == datetime(2026, 11, 3, 9, tzinfo=UTC)
    assert parsed.message_id == "<3@example.org>"
    assert parsed.in_reply_to == ("<2@tickets.example>",)
    assert parsed.references == ("<1@example.org>", "<2@tickets.example>")
    assert parsed.to == (Mailbox("Help, please", "help@tickets.example"), Mailbox("", "bob@example.net"))
    assert parsed.hints == ("help@tickets.example", "tickets@host.example")
    assert parsed.text == "  first, indented\n\nlast"
    assert (parsed.automatic, parsed.listed, parsed.attachments) == (None, False, ())


@pytest.mark.parametrize(
    ("headers", "envelope", "expected"),
    [
        ("From: a@x.org\nSender: b@x.org", "c@x.org", "a@x.org"),
        ("From: nobody\nSender: b@x.org", "c@x.org", "b@x.org"),
        ("Reply-To: d@x.org", "c@x.org", "c@x.org"),
        ("From: broken@@x.org, a@x.org", None, "a@x.org"),
        ("Subject: x", "not an address", None),
        ("Subject: x", "", None),
    ],
)
def test_the_sender_is_from_else_sender_else_the_envelope(
    headers: str, envelope: str | None, expected: str | None
) -> None:
    sender = parse_mail(mail(headers + "\n\n"), envelope).sender
    assert (sender.email if sender else None) == expected


@pytest.mark.parametrize("headers", ["From: a@x.org, b@x.org", "From: a@x.org\nFrom: b@x.org"])
def test_every_author_counts(headers: str) -> None:
    assert parse_mail(mail(headers + "\n\n")).authors == 2


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Tue, 3 Nov 2026 10:00:00 -0000", datetime(2026, 11, 3, 10, tzinfo=UTC)),
        ("3 Nov 26 10:00 EST", datetime(2026, 11, 3, 15, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        ("Tue, 99 Nov 2026 10:00:00 +0000", None),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
        ("Mon, 1 Jan 2024 00:00:00 +99999999999", None),
    ],
)
def test_a_date_is_in_utc_or_none(written: str, expected: datetime | None) -> None:
    assert parse_mail(mail(f"Date: {written}\n\n")).date == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("<a@b>", "<a@b>"),
        ("\n <a@b>", "<a@b>"),
        ("a@b", None),
        ("<a b>", None),
        (f"<{'a' * 997}>", None),
        ("<a\0b>", None),
    ],
)
def test_a_message_id_is_one_token_or_none(written: str, expected: str | None) -> None:
    assert parse_mail(mail(f"Message-ID: {written}\n\n")).message_id == expected


def test_of_many_references_the_first_ten_and_the_last_ninety_stay() -> None:
    ids = [f"<{number}@x>" for number in range(300)]
    assert parse_mail(mail(f"References: {' '.join(ids)}\n\n")).references == tuple(ids[:10] + ids[-90:])


def alternative(plain: str, html: str) -> bytes:
    message = EmailMessage()
    message.set_content(plain)
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def test_of_two_forms_the_plain_one_is_the_text_and_the_other_no_attachment() -> None:
    parsed = parse_mail(alternative("plain words", "<p>plain <b>words</b></p>"))
    assert (parsed.text, parsed.attachments) == ("plain words", ())


def test_an_empty_plain_form_gives_way_to_the_html() -> None:
    parsed = parse_mail(alternative(" \n", "<p>html</p>"))
    assert (parsed.text, parsed.attachments) == ("html", ())


def test_a_list_footer_in_plain_text_does_not_hide_the_html_above_it() -> None:
    message = EmailMessage()
    message.set_content("<p>words</p>", subtype="html")
    message.make_mixed()
    footer = EmailMessage()
    footer.set_content("footer")
    message.attach(footer)
    assert parse_mail(message.as_bytes()).text == "words\n\nfooter"


def test_a_named_text_is_an_attachment_beside_a_text_and_the_text_without_one() -> None:
    part = "--x\nContent-Type: text/plain; name=log.txt\n\nlog\n"
    head = "Content-Type: multipart/mixed; boundary=x\n\n"
    both = parse_mail(mail(f"{head}--x\n\nwords\n{part}--x--\n"))
    assert (both.text, [attachment.name for attachment in both.attachments]) == ("words", ["log.txt"])
    alone = parse_mail(mail(f"{head}{part}--x--\n"))
    assert (alone.text, alone.attachments) == ("log", ())


def test_attachments_without_a_name_get_one() -> None:
    message = EmailMessage()
    message.set_content("words")
    message.add_attachment(b"png", "image", "png")
    message.add_attachment(EmailMessage())
    message.add_attachment(b"?", "application", "x-nobody-knows")
    files = [(attachment.name, attachment.type) for attachment in parse_mail(message.as_bytes()).attachments]
    assert files == [
        ("part-2.png", "image/png"),
        ("forwarded.eml", "message/rfc822"),
        ("part-4", "application/x-nobody-knows"),
    ]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ('filename="a.png"', "a.png"),
        ("filename=two words.png", "two words.png"),
        ('filename="C:\\temp\\a.png"', "a.png"),
        ('filename="../../etc/passwd"', "passwd"),
        ("filename*=utf-8''gr%C3%BCn.png", "grün.png"),
        ("filename*=utf-8''..%2F..%2Fa.png", "a.png"),
        ("filename*0*=utf-8''gr%C3; filename*1*=%BCn; filename*2=.png", "grün.png"),
        ('filename="=?utf-8?q?gr=C3=BCn.png?="', "grün.png"),
        ('filename="a\x07\u202eb.png"', "ab.png"),
        ('filename=".."', "part-1.png"),
        ('filename=""', "part-1.png"),
        ('filename="never closed', "never closed"),
    ],
)
def test_a_file_name_names_a_file_and_nothing_else(parameters: str, expected: str) -> None:
    raw = mail(f"Content-Type: image/png\nContent-Disposition: attachment; {parameters}\n\nx")
    assert [attachment.name for attachment in parse_mail(raw).attachments] == [expected]


@pytest.mark.parametrize(
    "charset", ['"\\0utf-8"', "unknown-8bit", "hex", "zlib", "rot13", "utf-8''x", "=?utf-8?q?x?=", '"']
)
def test_an_odd_charset_does_not_stop_the_reading(charset: str) -> None:
    assert parse_mail(mail(f"Content-Type: text/plain; charset={charset}\n\ngrün")).text == "grün"


def test_a_charset_as_rfc_2231_writes_it_is_read() -> None:
    assert parse_mail(b"Content-Type: text/plain; charset*=ascii''iso-8859-15\n\n\xa4").text == "€"


BROKEN_BASE64 = {
    "whole": "d29yZHM=",
    "no padding": "d29yZHM",
    "a letter too much": "d29yZHMxx",
    "stars": "d2*9y\n\nZH*M=",
}


@pytest.mark.parametrize("body", BROKEN_BASE64.values(), ids=BROKEN_BASE64)
def test_broken_base64_is_read_as_far_as_it_goes(body: str) -> None:
    assert parse_mail(mail(f"Content-Transfer-Encoding: base64\n\n{body}")).text.startswith("words")


def test_uuencoded_parts_are_decoded() -> None:
    raw = mail("Content-Type: image/png\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n#86)C\n \nend\n")
    (part,) = mime.parts(raw)
    assert mime.content(raw, part) == b"abc"
    assert mime.size(raw, part) == 3


def test_an_mbox_line_is_passed_over() -> None:
    assert parse_mail(b"From ann Tue Nov  3 10:00:00 2026\nSubject: x\n\nwords").subject == "x"


def test_a_mail_of_an_old_macintosh_has_headers_and_text() -> None:
    parsed = parse_mail(b"Subject: x\rFrom: a@x.org\r\rone\rtwo\r")
    assert (parsed.subject, parsed.text) == ("x", "one\ntwo")


def test_a_mail_without_headers_is_all_text() -> None:
    assert parse_mail(b"just words\nand more").text == "just words\nand more"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_long_mail_says_that_it_is_longer(end: bytes) -> None:
    parsed = parse_mail(end + (b"words" + end) * 300_000)
    assert len(parsed.text) <= 1_000_100
    assert parsed.text.endswith(f"words\n\n{TOO_LONG}")
    assert split(parsed.text).new == split(parsed.text, opening=True).new == parsed.text
    html = parse_mail(b"Content-Type: text/html\n\n<p>" + b"words " * 300_000)
    assert html.text.endswith(f"words\n\n{TOO_LONG}")


def test_a_short_answer_above_a_long_quotation_is_not_longer() -> None:
    for marks in (b"> ", b""):
        above = b"\nYes.\n\nOn Wed, 25 Nov 2026 at 09:20, Bob <bob@shop.example> wrote:\n"
        parts = split(parse_mail(above + (marks + b"words\n") * 300_000).text)
        assert parts.new == "Yes."
        assert parts.rest.endswith(TOO_LONG)


def test_line_ends_that_changed_on_the_way_do_not_change_the_digest() -> None:
    body = b"one\n" + b"x" * 65_000 + b"\n" * 3000 + b"two"
    digests = {
        parse_mail(b"Subject: x\n\n" + body).body_digest,
        parse_mail(b"Received: y\r\n\r\n" + body.replace(b"\n", b"\r\n") + b"\r\n\r\n").body_digest,
    }
    assert len(digests) == 1
    assert parse_mail(b"\n" + body + b".").body_digest not in digests


@given(st.integers(CHUNK - 3, CHUNK + 3))
def test_a_line_end_between_two_chunks_is_one(length: int) -> None:
    assert (
        parse_mail(b"\n" + b"x" * length + b"\r\ny").body_digest
        == parse_mail(b"\n" + b"x" * length + b"\ny").body_digest
    )


# --- Mails that were made to hurt ---


def nested(levels: int, tail: bytes) -> bytes:
    opened = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(levels))
    return b"From: a@b\n" + opened + b"\n" + tail


def part(content_type: bytes, encoding: bytes, body: bytes) -> bytes:
    head = b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nhi\n--x\nContent-Type: " + content_type
    return head + b"\nContent-Transfer-Encoding: " + encoding + b"\n\n" + body + b"\n--x--\n"


def many(part_: bytes, times: int = 2000) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=x\n\n" + (b"--x\n" + part_) * times


HOSTILE = {
    "5,000 levels": nested(5000, b""),
    "99 levels, 4 MB": nested(99, b"\n--b" * MB),
    "a boundary that nearly is": nested(99, b"\n--b98x" * (MB // 2)),
    "100,000 headers": b"X: y\n" * 100_000 + b"\nhi",
    "a header of 4 MB": b"Subject: " + b"x" * 4 * MB,
    "60 KB of commas": b"From: " + b"," * 60_000 + b"\n\n",
    "60 KB of quotes": b"From: " + b'"' * 60_000 + b"\n\n",
    "60 KB of parentheses": b"From: " + b"(" * 60_000 + b"\n\n",
    "30,000 From": b"From: a@b\n" * 30_000 + b"\n",
    "nothing": b"",
    "NULs": b"\0" * MB,
    "line ends": b"\r\n" * MB,
    "carriage returns": b"\r" * MB,
    "2,000 parts": many(b"Content-Type: text/html\n\n<b>hi</b>\n"),
    "2,000 parts of headers": many(b"A:\n" * 1000 + b"\nhi\n"),
    "2,000 multiparts": many(b"Content-Type: multipart/mixed; boundary=y\n\n--y\n\nhi\n"),
    "parameters": many(b"Content-Type: text/plain" + b';a="' * 1000 + b"\n\nhi\n", 500),
    "nearly base64": part(b"application/pdf", b"base64", b"=A*" * MB),
    "base64": part(b"text/plain", b"base64", encodebytes(b"hi\n" * MB)),
    "nearly quoted-printable": part(b"application/pdf", b"quoted-printable", b"=" * 3 * MB),
    "nearly uuencoded": part(b"application/pdf", b"x-uuencode", b"begin 644 x\n" + b"!0\n" * MB),
    "40,000 references": b"References: " + b"<a@b> " * 40_000 + b"\n\n",
    "brackets never closed": b"References: " + b"<" * 250_000 + b"\n\n",
    "encoded words never closed": b"Subject: " + b"=?a?q?" * 40_000 + b"\n\n",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_mail_is_read(raw: bytes) -> None:
    assert_sound(raw)


def test_no_more_parts_are_mapped_than_the_limit() -> None:
    assert len(mime.parts(many(b"\nhi\n"))) <= 1000
    assert len(mime.parts(many(b"\nhi\n"), limit=7)) <= 7


@pytest.mark.parametrize(
    ("header", "ids"),
    [
        ("abc.def@x.example", ("<abc.def@x.example>",)),
        ("a@x.example b@x.example", ("<a@x.example>", "<b@x.example>")),
        ("a@x.example, b@y.example", ("<a@x.example>", "<b@y.example>")),
        ("mail of ann@x.example of Monday <c@x.example>", ("<c@x.example>",)),
        ("no id at all", ()),
        ("x@y@z", ()),
    ],
)
def test_ids_are_read_without_angle_brackets(header: str, ids: tuple[str, ...]) -> None:
    parsed = parse_mail(mail(f"In-Reply-To: {header}\nReferences: {header}\n\nwords"))
    assert (parsed.in_reply_to, parsed.references) == (ids, ids)
