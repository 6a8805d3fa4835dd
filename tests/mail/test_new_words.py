"""Claims about the writer's words from the mail to `text`, `full_text`, the letter and its files."""

from email.message import EmailMessage
from email.utils import make_msgid

import pytest

from mail_tickets.model.inbound.unmatched import raw_bytes
from mail_tickets.model.records import messages
from mail_tickets.model.records.letters import Letter as Row
from mail_tickets.model.records.letters import State
from tests.support.world import DOMAIN, World

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3


class TicketThread:
    """Rita's ticket, and Ron, who answers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ron = world.responder("ron@example.org", "Ron")
        self.rita = world.actor("rita@example.net", "Rita")
        self.rita.writes("hello", "It burns.\nWhat shall I do?", subject="Printer")

    def last_texts(self) -> tuple[str, str]:
        """Text and full text of what was posted last."""
        message = self.world.ticket()["messages"][-1]
        return message["text"], message["full_text"]

    def sends(self, *parts: tuple[str, bytes, str], sender: str = "ron@example.org") -> None:
        """A mail to the ticket with files: type, content and name of each."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Message-ID"] = sender, f"ticket1@{DOMAIN}", make_msgid(domain="home.example")
        mail.set_content("Look.")
        for kind, content, name in parts:
            mail.add_attachment(content, *kind.split("/"), filename=name)
        self.world.brings(mail.as_bytes(), sender, f"ticket1@{DOMAIN}")


@pytest.fixture
def thread(inbox: World) -> TicketThread:
    return TicketThread(inbox)


@pytest.fixture
def small(small_inbox: World) -> TicketThread:
    return TicketThread(small_inbox)


QUOTING = {
    "below": "Pour water on it.\n\n{above}\n{quoted}",
    "above": "{above}\n{quoted}\nPour water on it.",
    "with a signature": "Pour water on it.\n\n-- \nRon\nFire brigade\n\n{above}\n{quoted}",
    "by Outlook": "Pour water on it.\n\n-----Original Message-----\nFrom: Rita\nSent: Saturday\nTo: Ron\n\n{plain}",
    "in German": "Pour water on it.\n\nAm 21. Nov. 2026 um 12:00 schrieb Rita <ticket1@tickets.example>:\n\n{quoted}",
    "unmarked, as our own letter": "Pour water on it.\n\n{plain}",
    "on the same line": "Pour water on it. {above}\n{quoted}",
    "on the same line, unmarked": "Pour water on it. {above}\n\n{plain}",
    "on the same line, in French": "Pour water on it. Le 21 nov. 2026 12:00, Rita <r@home.example> a écrit :\n{quoted}",
}


@pytest.mark.parametrize("form", QUOTING.values(), ids=QUOTING)
def test_text_and_letter_carry_the_new_words_and_full_text_all_of_them(thread: TicketThread, form: str) -> None:
    letter = thread.ron.letter()
    lines = letter.all_text.strip().split("\n")
    text = form.format(
        above="On Sat, 21 Nov 2026 at 12:00, Rita via General <ticket1@tickets.example> wrote:",
        quoted="\n".join(f"> {line}" for line in lines),
        plain="\n".join(lines),
    )
    thread.ron.replies(letter, text)
    new, full = thread.last_texts()
    assert new == "Pour water on it."
    assert full.strip() == text.strip()
    assert thread.rita.letter().text == "Ron wrote:\n\nPour water on it.\n\n    Status: new → open"


def test_a_sentence_that_ends_like_a_line_above_a_quotation_is_sent(thread: TicketThread) -> None:
    letter = thread.ron.letter()
    quoted = "\n".join(f"> {line}" for line in letter.all_text.strip().split("\n"))
    thread.ron.replies(letter, f"Hello,\n\nplease see what Rita wrote:\n{quoted}")
    assert thread.last_texts()[0].startswith("Hello,\n\nplease see what Rita wrote:")
    assert "please see what Rita wrote:" in thread.rita.letter().text


def test_words_between_quoted_lines_stay_with_what_they_answer(thread: TicketThread) -> None:
    text = "> It burns.\n\nWith flames?\n\n> What shall I do?\n\nPour water on it."
    thread.ron.replies(thread.ron.letter(), text)
    new, full = thread.last_texts()
    assert (new, full) == (text, text)
    assert "With flames?\n\n> What shall I do?\n\nPour water on it." in thread.rita.letter().text


def test_a_mail_of_nothing_but_a_quotation_is_not_empty(small: TicketThread) -> None:
    small.ron.replies(small.ron.letter(), "> It burns.\n")
    assert small.last_texts()[0] == "> It burns."


def test_the_exact_bytes_are_kept_whatever_was_set_aside(thread: TicketThread) -> None:
    raw = (
        f"From: ron@example.org\r\nTo: ticket1@{DOMAIN}\r\nMessage-ID: <b@x>\r\n\r\n"
        "Water.\r\n\r\n-- \r\nRon\r\n> It burns.\r\n"
    ).encode() + b"\xff\x00\r\n"
    thread.world.brings(raw, "ron@example.org", f"ticket1@{DOMAIN}")
    [row] = [row for row in thread.world.rows(messages.Message) if row.message_id == "<b@x>"]
    with thread.world.uow() as uow:
        assert raw_bytes(uow, row.mail_id) == raw


def test_mail_that_is_html_alone_becomes_readable_text(thread: TicketThread) -> None:
    html = (
        "<html><head><style>p { color: red }</style></head><body><p>Pour <b>water</b> on it &amp; wait.</p>"
        "<ul><li>cold</li><li>much</li></ul><script>alert('x')</script>"
        '<div class="gmail_quote">On Saturday Rita wrote:<blockquote>It burns.</blockquote></div></body></html>'
    )
    raw = (
        f"From: ron@example.org\r\nTo: ticket1@{DOMAIN}\r\nMessage-ID: <h@x>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    ).encode()
    thread.world.brings(raw, "ron@example.org", f"ticket1@{DOMAIN}")
    new, full = thread.last_texts()
    assert new.startswith("Pour water on it & wait.")
    assert "cold" in new
    assert "It burns." in full
    for hidden in ("It burns.", "alert", "color", "<"):
        assert hidden not in new, hidden
    assert "Pour water on it & wait." in thread.rita.letter().text
    assert thread.world.ticket()["messages"][-1]["attachments"] == []


FILES = {
    "a picture": ("image/png", PNG, "screen.png"),
    "a text": ("text/plain", "Zeile eins\r\nZeile zwei\n".encode("utf-16"), "notes.txt"),
    "a page": ("text/html", b"<p>\xff</p>", "page.html"),
    "every script": ("application/pdf", PNG, "план – 計画.pdf"),
    "an odd type": ("x-odd/thing", PNG, "thing.odd"),
    "quotes": ("application/octet-stream", PNG, 'a"b;c.bin'),
    "no bytes": ("application/octet-stream", b"", "empty.bin"),
    "a long name": ("application/octet-stream", PNG, "x" * 150 + ".bin"),
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_file_goes_with_the_letters_byte_for_byte(small: TicketThread, file: tuple[str, bytes, str]) -> None:
    kind, content, name = file
    small.sends(file)
    [attachment] = small.world.ticket()["messages"][-1]["attachments"]
    assert attachment == {"name": name, "type": kind, "bytes": len(content)}
    letter = small.rita.letter()
    [part] = letter.mail.iter_attachments()
    assert (part.get_payload(decode=True), part.get_filename()) == (content, name)
    assert f"[{name}, {len(content)} bytes]" in letter.text
    # The footer is still the last of the text.
    assert letter.footer.startswith("Reply to this email to")


def test_a_mail_that_is_attached_arrives_as_it_was(small: TicketThread) -> None:
    inner = b"From: a@b.example\r\nSubject: Inner\r\nX-Odd:   two  spaces\r\n\r\nwords\r\n"
    raw = (
        (
            f"From: ron@example.org\r\nTo: ticket1@{DOMAIN}\r\nMessage-ID: <m@x>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nLook.\r\n--b\r\n"
            "Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n"
        ).encode()
        + inner
        + b"\r\n--b--\r\n"
    )
    small.world.brings(raw, "ron@example.org", f"ticket1@{DOMAIN}")
    [part] = small.rita.letter().mail.iter_attachments()
    assert part.get_payload(decode=True).rstrip() == inner.rstrip()
    assert part.get_filename() == "forwarded.eml"


NASTY = {
    "a line break": "filename*=utf-8''a%0D%0ABcc:%20eve@elsewhere.example",
    "a bell": "filename*=utf-8''a%07b",
    "bytes that are no text": 'filename="\xff\xfe.png"',
    "a lone half": "filename*=utf-8''%ED%A0%80.png",
    "a path": 'filename="../../etc/passwd"',
    "an unknown charset": "filename*=klingon''%FF.png",
}


@pytest.mark.parametrize("disposition", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("kind", ["image/png", "image/", "/", "image/p ng", "imäge/png", "a/b/c", "image"])
def test_no_name_and_no_type_of_a_file_keeps_a_letter_from_leaving(
    small: TicketThread, disposition: str, kind: str
) -> None:
    raw = (
        f"From: ron@example.org\r\nTo: ticket1@{DOMAIN}\r\nMessage-ID: <m@x>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nLook.\r\n--b\r\n"
        f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; {disposition}"
        "\r\n\r\nAAAA\r\n--b--\r\n"
    ).encode("latin-1")
    small.world.brings(raw, "ron@example.org", f"ticket1@{DOMAIN}")
    assert {row.state for row in small.world.rows(Row)} == {State.SENT}
    letter = small.rita.letter()
    assert letter.text.startswith("Ron wrote:\n\nLook.")
    assert letter["Bcc"] == ""
    assert [part.get_payload(decode=True) for part in letter.mail.iter_attachments()] in ([b"\0\0\0"], [])


def test_files_beyond_the_limit_are_named_with_their_size_and_the_others_go(
    small: TicketThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "MOST_PASSED_ON", 1_000)
    small.sends(
        ("image/png", b"a" * 600, "one.png"),
        ("image/png", b"b" * 500, "two.png"),
        ("image/png", b"c" * 400, "three.png"),
    )
    letter = small.rita.letter()
    assert [part.get_filename() for part in letter.mail.iter_attachments()] == ["one.png", "three.png"]
    assert "[one.png, 600 bytes]\n[two.png, 500 bytes: too big to forward, saved on the ticket]\n" in letter.text
    assert [attachment["bytes"] for attachment in small.world.ticket()["messages"][-1]["attachments"]] == [
        600,
        500,
        400,
    ]


def test_files_of_a_new_ticket_go_to_those_who_answer_and_not_with_later_letters(thread: TicketThread) -> None:
    thread.sends(("image/png", PNG, "screen.png"), sender="rita@example.net")
    assert [part.get_payload(decode=True) for part in thread.ron.letter().mail.iter_attachments()] == [PNG]
    thread.world.act(1, "Change status", "ron@example.org", "Done.", status="resolved")
    assert list(thread.rita.letter().mail.iter_attachments()) == []


def test_an_acknowledgement_and_an_announcement_carry_no_files(small_inbox: World) -> None:
    small_inbox.switches("General", acknowledge="on", announce_resolved="on")
    small_inbox.responder("ron@example.org")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = "rita@example.net", f"hello@{DOMAIN}", "<f@x>"
    mail.set_content("Look.")
    mail.add_attachment(PNG, "image", "png", filename="screen.png")
    small_inbox.brings(mail.as_bytes(), "rita@example.net", f"hello@{DOMAIN}")
    small_inbox.act(1, "Change status", "ron@example.org", status="resolved")
    letters = small_inbox.actor("rita@example.net").letters
    assert len(letters) == 2
    assert all(not list(letter.mail.iter_attachments()) for letter in letters)
