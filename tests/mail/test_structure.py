"""Words are found in mails whose structure lies, or hides them behind another part."""

from base64 import encodebytes
from datetime import UTC, datetime

import pytest

from mail_tickets.mail import mime
from mail_tickets.mail.parsed import parse_mail

WORDS = "The lamp is dark since Monday."
HTML = f"<p>{WORDS}</p>"


def mail(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def multipart(kind: str, *parts: str) -> bytes:
    body = "".join(f"--b\n{part}\n" for part in parts)
    return mail(f"MIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary=b\n\n{body}--b--\n")


def part(type_: str, body: str, *headers: str) -> str:
    return "\n".join([f"Content-Type: {type_}", *headers, "", body])


PLACEHOLDERS = {
    "viewer": "To view this message, please use an HTML compatible email viewer!",
    "short": "See the HTML part.",
    "source": f"<html><body>{HTML}</body></html>",
    "a fragment of source": f"<div>{WORDS}</div>",
    "only the greeting": "Hello",
}


@pytest.mark.parametrize("plain", PLACEHOLDERS.values(), ids=PLACEHOLDERS)
def test_a_plain_form_that_does_not_say_what_the_html_says_is_not_taken(plain: str) -> None:
    parsed = parse_mail(multipart("alternative", part("text/plain", plain), part("text/html", HTML)))
    assert (parsed.text, parsed.attachments) == (WORDS, ())


def test_a_plain_form_that_says_the_same_is_taken() -> None:
    plain = "The lamp is *dark* since Monday.\nhttps://x.example/a-long-link"
    link = '<p>The lamp is <b>dark</b> since <a href="https://x.example/a-long-link">Monday</a>.</p>'
    assert parse_mail(multipart("alternative", part("text/plain", plain), part("text/html", link))).text == plain


def test_words_below_a_file_are_read_in_the_form_that_has_them() -> None:
    inner = f"Content-Type: multipart/mixed; boundary=c\n\n--c\n{part('text/html', '<p>Above.</p>')}\n"
    file = part("application/pdf", "x", "Content-Disposition: inline; filename=plan.pdf")
    inner += f"--c\n{file}\n--c\n{part('text/html', f'<p>{WORDS}</p>')}\n--c--"
    parsed = parse_mail(multipart("alternative", part("text/plain", "Above."), inner))
    assert parsed.text == f"Above.\n\n{WORDS}"
    assert [attachment.name for attachment in parsed.attachments] == ["plan.pdf"]


def test_an_empty_sibling_hides_no_words() -> None:
    empty = "Content-Type: multipart/related; boundary=c\n\nThis is a multi-part message.\n"
    assert parse_mail(multipart("alternative", part("text/html", HTML), empty)).text == WORDS


NAMED = 'Content-Disposition: inline; filename="body.txt"'


def test_a_named_first_text_is_text_and_a_later_one_a_file() -> None:
    parsed = parse_mail(multipart("mixed", part("text/plain", WORDS, NAMED), part("text/plain", "footer")))
    assert (parsed.text, parsed.attachments) == (f"{WORDS}\n\nfooter", ())
    parsed = parse_mail(multipart("mixed", part("text/plain", WORDS), part("text/plain", "log", NAMED)))
    assert (parsed.text, [attachment.name for attachment in parsed.attachments]) == (WORDS, ["body.txt"])


def test_a_nameless_attachment_that_is_the_only_text_is_no_file() -> None:
    parsed = parse_mail(multipart("mixed", part("text/plain", WORDS, "Content-Disposition: attachment")))
    assert (parsed.text, parsed.attachments) == (WORDS, ())
    parsed = parse_mail(mail(f"Content-Type: text/plain\nContent-Disposition: attachment\n\n{WORDS}\n"))
    assert (parsed.text, parsed.attachments) == (WORDS, ())


@pytest.mark.parametrize("above", ["Content-Type: text/plain\n\n\n", "Content-Type: text/html\n\n<br>&nbsp;\n"])
def test_an_empty_text_above_it_makes_it_no_file(above: str) -> None:
    words = f"Content-Type: text/plain\nContent-Disposition: attachment\n\n{WORDS}\n"
    parsed = parse_mail(mail(f"Content-Type: multipart/mixed; boundary=b\n\n--b\n{above}--b\n{words}--b--\n"))
    assert (parsed.text, parsed.attachments) == (WORDS, ())


SAYS_MORE = {
    "a table": f"<p>{WORDS}</p><table><tr><td>Number</td><td>Z-77</td></tr></table>",
    "a file between": f"<p>{WORDS}</p>\n--m\nContent-Type: image/png\n\nx\n--m\nContent-Type: text/html\n\n<p>Z-77</p>",
}


@pytest.mark.parametrize("kind", ["mixed", "related"])
@pytest.mark.parametrize("html", SAYS_MORE.values(), ids=SAYS_MORE)
def test_a_plain_form_that_says_less_than_the_html_is_not_taken(html: str, kind: str) -> None:
    inner = f"Content-Type: multipart/{kind}; boundary=m\n\n--m\nContent-Type: text/html\n\n{html}\n--m--"
    plain = f"Content-Type: text/plain\n\n{WORDS}"
    text = parse_mail(
        mail(f"Content-Type: multipart/alternative; boundary=b\n\n--b\n{plain}\n--b\n{inner}\n--b--\n")
    ).text
    assert WORDS in text
    assert "Z-77" in text


@pytest.mark.parametrize("kind", ["markdown", "x-web-markdown", "unknown", "troff"])
def test_text_of_an_unknown_kind_is_text(kind: str) -> None:
    assert parse_mail(mail(f"Content-Type: text/{kind}\n\n{WORDS}\n")).text == WORDS


def test_enriched_text_is_read_without_its_marks() -> None:
    body = "<bold>The lamp</bold> is dark\nsince Monday.\n\n<color><param>red</param>Two << three</color>"
    assert parse_mail(mail(f"Content-Type: text/enriched\n\n{body}\n")).text == f"{WORDS}\nTwo < three"


@pytest.mark.parametrize("type_", ["multipart/*", "multipart", "multipart/x-odd", "MULTIPART/mixed"])
def test_any_multipart_is_taken_apart(type_: str) -> None:
    raw = mail(f"Content-Type: {type_}; boundary=b\n\n--b\n{part('text/html', HTML)}\n--b--\n")
    assert parse_mail(raw).text == WORDS


@pytest.mark.parametrize(
    "header", ['multipart/mixed; boundary="other"', "multipart/mixed", "multipart/mixed; boundary="]
)
def test_a_boundary_that_does_not_occur_is_looked_for(header: str) -> None:
    raw = mail(f"Content-Type: {header}\n\nPreamble\n--true one\n{part('text/html', HTML)}\n--true one--\n")
    assert parse_mail(raw).text == WORDS


def test_a_form_is_read_field_by_field() -> None:
    fields = [
        part("text/plain", words, f'Content-Disposition: form-data; name="{name}"') for name, words in FORM.items()
    ]
    assert parse_mail(multipart("form-data", *fields)).text == f"name: Ann\n\nbody: {WORDS}"


FORM = {"name": "Ann", "body": WORDS}


def test_the_first_part_of_a_partial_message_is_read() -> None:
    inner = f"Subject: Lamp\nContent-Type: text/html\n\n{HTML}"
    assert parse_mail(mail(f'Content-Type: message/partial; number=1; total=2; id="x"\n\n{inner}\n')).text == WORDS


SOURCES = [f"<!DOCTYPE html>\n<html><body>{HTML}</body></html>", f"<html>{HTML}</html>", f"<div>{HTML}</div>\n"]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("head", ["Content-Type: text/plain", "Subject: Lamp"])
def test_html_that_is_labelled_plain_is_read_as_html(source: str, head: str) -> None:
    assert parse_mail(mail(f"{head}\n\n{source}")).text == WORDS


def test_plain_words_about_html_stay_as_they_are() -> None:
    words = "<p> is a tag, <div> too. Which one do I need?"
    assert parse_mail(mail(f"Content-Type: text/plain\n\n{words}\n")).text == words


PLAIN = [
    "Dear team,\n\nthe lamp is dark - since Monday.\nAnn.",
    "the lamp, on the left, is dark.\nsince Monday - again",
]


@pytest.mark.parametrize("words", PLAIN)
def test_a_text_that_is_labelled_base64_and_is_none_is_kept(words: str) -> None:
    parsed = parse_mail(mail(f"Content-Transfer-Encoding: base64\n\n{words}\n"))
    assert parsed.text == words


HEADS = {
    "space before a colon": "Subject : Lamp\nFrom\t: ann@customer.example",
    "a line that is none": "X-One: 1\nbroken by a gateway\nSubject: Lamp\nFrom: ann@customer.example",
    "two such lines": "Subject: Lamp\nbroken\nX-One: 1\nbroken again at 10:30\nFrom: ann@customer.example",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_head_is_read_to_its_end(head: str) -> None:
    parsed = parse_mail(mail(f"{head}\nMIME-Version: 1.0\nContent-Type: text/html\n\n{HTML}\n"))
    assert (parsed.subject, parsed.sender and parsed.sender.email, parsed.text) == (
        "Lamp",
        "ann@customer.example",
        WORDS,
    )


def test_words_right_below_a_head_stay_words() -> None:
    assert parse_mail(mail("Subject: Lamp\nThanx :-)\n\nAnn\n")).text == "Thanx :-)\n\nAnn"


DATES = [
    "2026-11-25T09:15:00+01:00",
    "2026-11-25 09:15:00 +0100",
    "2026-11-25T08:15:00Z",
    "2026-11-25T08:15:00.123Z",
    "Wed, 25 Nov 2026 09:15:00 GMT+0100",
    "Wed, 25 Nov 2026 09:15:00 UTC+01:00",
    "Wed, 25 Nov 2026 08:15:00 GMT",
]


@pytest.mark.parametrize("date", DATES)
def test_a_date_is_read_in_the_forms_that_clients_write(date: str) -> None:
    assert parse_mail(mail(f"Date: {date}\n\nwords")).date == datetime(2026, 11, 25, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize("letters", [10_000, 1_600_000])
def test_a_picture_within_html_hides_no_words(letters: int) -> None:
    picture = f'<img src="data:image/png;base64,{"A" * letters}">'
    parsed = parse_mail(
        mail(f"Content-Type: text/html\n\n{picture}<p>{WORDS}</p><blockquote>{picture}old</blockquote>")
    )
    assert parsed.text == f"{WORDS}\n\n> old"


def test_a_long_style_sheet_does_not_lose_the_marks_of_quotations() -> None:
    style = "<style>" + "p.a > b { margin: 0 }\n" * 40_000 + "</style>"
    parsed = parse_mail(mail(f"Content-Type: text/html\n\n{style}<p>{WORDS}</p><blockquote>old</blockquote>"))
    assert parsed.text == f"{WORDS}\n\n> old"


HEAVY = {
    "many pictures": "".join(f"<p>{at}</p><img src='data:image/png;base64,{'QUJD' * 400_000}'>" for at in range(6)),
    "a comment": f"<!-- {'> x -- ' * 300_000} -->",
    "a script": f"<SCRIPT>{'if (1 < 2) ' * 200_000}</SCRIPT >",
    "styles of each line": f"<p style='margin:0;font-family:{'x' * 600}'>one</p>" * 3_000,
}


@pytest.mark.parametrize("heavy", HEAVY.values(), ids=HEAVY)
def test_words_behind_what_nobody_reads_are_read(heavy: str) -> None:
    text = parse_mail(mail(f"Content-Type: text/html\n\n{heavy}<p>{WORDS}</p><blockquote>old</blockquote>")).text
    assert text.endswith(f"{WORDS}\n\n> old")
    assert "x --" not in text


def test_a_subject_that_was_cut_off_is_decoded() -> None:
    assert parse_mail(mail("Subject: =?utf-8?Q?Die_Lampe_ist_gr=C3=BCn\n\nx")).subject == "Die Lampe ist grün"
    assert parse_mail(mail("Subject: =?utf-8?B?TGFtcA==?= =?utf-8?B?TGFt\n\nx")).subject == "LampLam"


@pytest.mark.parametrize("type_", ["plain/text", "application/text", "text", "text/txt"])
def test_a_type_that_means_text_is_text(type_: str) -> None:
    parsed = parse_mail(mail(f"Content-Type: {type_}\n\nThe lamp is dark.\n"))
    assert (parsed.text, parsed.attachments) == ("The lamp is dark.", ())


@pytest.mark.parametrize("type_", ["application/xhtml+xml", "text/xhtml"])
def test_a_type_that_means_html_is_html(type_: str) -> None:
    parsed = parse_mail(mail(f"Content-Type: {type_}\n\n<html><body><p>The lamp is dark.</p></body></html>\n"))
    assert (parsed.text, parsed.attachments) == ("The lamp is dark.", ())


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("base-64", "VGhlIGxhbXAgaXMgZ3LDvG4="),
        ('"base64"', "VGhlIGxhbXAgaXMgZ3LDvG4="),
        ("BASE64;", "VGhlIGxhbXAgaXMgZ3LDvG4="),
        ("quotedprintable", "The lamp is gr=C3=BCn"),
        ("Quoted_Printable", "The lamp is gr=C3=BCn"),
        ("quoted-printable (really)", "The lamp is gr=C3=BCn"),
    ],
)
def test_a_transfer_encoding_is_known_as_people_write_it(encoding: str, body: str) -> None:
    head = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}"
    assert parse_mail(mail(f"{head}\n\n{body}\n")).text == "The lamp is grün"


FOOTER = "\n_____\nlamps mailing list\nhttps://list.example/lamps\n"


@pytest.mark.parametrize("words", ["The lamp is dark since Monday", "The lamp is dark. " * 60])
def test_words_behind_base64_are_read_too(words: str) -> None:
    body = encodebytes(words.encode()).decode()
    parsed = parse_mail(mail(f"Content-Transfer-Encoding: base64\n\n{body}{FOOTER}"))
    assert parsed.text == f"{words.strip()}\n{FOOTER.strip()}"


def test_a_file_in_base64_ends_where_a_lists_footer_begins_and_goes_on_behind_padding() -> None:
    content = bytes(range(256)) * 3 + b"x"
    padded = encodebytes(content[:100]) + encodebytes(content[100:])
    for body in (encodebytes(content).decode() + FOOTER, padded.decode()):
        raw = mail(f"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n{body}")
        [file] = parse_mail(raw).attachments
        [leaf] = mime.parts(raw)
        assert (file.size, mime.content(raw, leaf)) == (len(content), content)


@pytest.mark.parametrize("tag", ["noscript", "textarea", "details", "button", "label"])
def test_words_that_a_client_shows_are_read_in_whatever_element_they_stand(tag: str) -> None:
    parsed = parse_mail(mail(f"Content-Type: text/html\n\n<p>Dark.</p><{tag}>The lamp is dark.</{tag}>\n"))
    assert "The lamp is dark." in parsed.text


def test_an_attached_invitation_is_the_text_of_a_mail_without_any() -> None:
    event = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Visit\nLOCATION:Room 5\nEND:VEVENT\nEND:VCALENDAR\n"
    head = "Content-Type: text/calendar; name=invite.ics\nContent-Disposition: attachment; filename=invite.ics"
    parsed = parse_mail(mail(f"{head}\n\n{event}"))
    assert "Room 5" in parsed.text
    assert [file.name for file in parsed.attachments] == ["invite.ics"]
