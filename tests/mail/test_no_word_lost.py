"""Each word of a mail's own text is in what the team reads, however the mail is built, encoded and quoted."""

from base64 import encodebytes
from collections.abc import Callable, Iterator
from email.utils import make_msgid
from pathlib import Path
from quopri import encodestring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_tickets.mail.parsed import parse_mail
from mail_tickets.mail.quoted_text import foreign_lines, split
from tests.support.world import Actor, Letter, World

SCRIPTS = {
    "us-ascii": "lamp dark since Monday second switch blinks three times",
    "iso-8859-1": "Größe Lampe dunkel für Müller élan señor",
    "windows-1251": "лампа горит понедельника второй выключатель",
    "koi8-r": "лампа горит понедельника второй выключатель",
    "iso-2022-jp": "電球 交換 点灯 月曜日 二番",
    "shift_jis": "電球 交換 点灯 月曜日 二番",
    "gb2312": "灯泡 更换 星期一 第二",
    "utf-8": "lampă întunecată λάμπα 電球 лампа lámpara",
    "utf-16": "lampă întunecată λάμπα 電球",
}
LETTER = ["Bob Helper wrote:", "", "Please try the other button on the right and tell me what happens to it then."]
LETTER += ["", "-- ", "You get this because you opened this ticket."]


def bare(body: bytes, head: str) -> bytes:
    return head.encode() + b"\r\n\r\n" + body


def wrapped(body: bytes, head: str) -> bytes:
    file = b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nx\r\n--b--\r\n"
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + bare(body, head) + b"\r\n" + file


def beside_a_placeholder(body: bytes, head: str) -> bytes:
    plain = b"--b\r\nContent-Type: text/plain\r\n\r\nYour program shows no HTML.\r\n"
    top = b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    return top + plain + b"--b\r\n" + bare(body, head.replace("text/plain", "text/html")) + b"\r\n--b--\r\n"


def without_its_boundary(body: bytes, head: str) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=other\r\n\r\n--b\r\n" + bare(body, head) + b"\r\n--b--\r\n"


def above_a_footer(body: bytes, head: str) -> bytes:
    footer = b"--b\r\n\r\n_____\r\nfooter\r\n--b--\r\n"
    return b"Content-Type: multipart/*; boundary=b\r\n\r\n--b\r\n" + bare(body, head) + b"\r\n" + footer


def related(body: bytes, head: str) -> bytes:
    inner = b"--b\r\n" + bare(body, head) + b"\r\n--b--\r\n"
    picture = b"--r\r\nContent-Type: image/png\r\nContent-ID: <1>\r\n\r\nx\r\n--r--\r\n"
    top = b"Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\n"
    return top + b"Content-Type: multipart/alternative; boundary=b\r\n\r\n" + inner + picture


def signed(body: bytes, head: str) -> bytes:
    signature = b"--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n"
    return b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n" + bare(body, head) + b"\r\n" + signature


def opaque(body: bytes, head: str) -> bytes:
    """S/MIME that holds the mail as octets."""
    content = der(0x30, der(0x06, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"), der(0xA0, der(0x04, bare(body, head))))
    data = der(0x30, der(0x02, b"\1"), der(0x31), content, der(0x31))
    whole = der(0x30, der(0x06, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"), der(0xA0, data))
    top = b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return top + encodebytes(whole)


def der(tag: int, *contents: bytes) -> bytes:
    inner = b"".join(contents)
    size = len(inner).to_bytes(4, "big")
    return bytes([tag, 0x84]) + size + inner


STRUCTURES = [bare, wrapped, beside_a_placeholder, without_its_boundary, above_a_footer, related, signed, opaque]
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "8bit": lambda body: body,
    "base64": encodebytes,
    "quoted-printable": encodestring,
}


def quoted(marks: str) -> str:
    return "\n".join(f"{marks}{line}".rstrip() for line in LETTER)


CLIENTS = {
    "first": ("", ""),
    "gmail": ("\n\nOn Wed, 25 Nov 2026 at 09:20, Bob <ticket1@tracker.example> wrote:\n\n", quoted("> ")),
    "outlook": ("\n\nFrom: Bob <ticket1@tracker.example>\nSent: Monday\nTo: Ann\nSubject: Lamp\n\n", quoted("")),
    "german": ("\n\nAm 25.11.2026 um 09:20 schrieb Bob <ticket1@tracker.example>:\n", quoted("> ")),
    "french": ("\n\nLe mer. 25 nov. 2026 09:20, Bob <ticket1@tracker.example> a ecrit :\n\n", quoted("> ")),
    "zoho": ("\n\n---- On Wed, 25 Nov 2026 09:20:11 +0100 Bob <ticket1@tracker.example> wrote ----\n\n", quoted("")),
    "samsung": (
        "\n\n-------- Original message --------From: Bob <ticket1@tracker.example> Date: 11/25/26 09:20 To: Ann\n",
        quoted(""),
    ),
    "nextcloud": ('\n\n"Bob" ticket1@tracker.example - November 25, 2026 9:20 AM\n\n', quoted("> ")),
    "telephone": (
        "\n\nSent from my iPhone\n\n> On 25 Nov 2026, at 09:20, Bob <ticket1@tracker.example> wrote:\n",
        quoted("> "),
    ),
    "another's": ("\n\nOn Wed, 25 Nov 2026 at 09:20, Carl <carl@shop.example> wrote:\n\n", "> We do not pay."),
    "a log": ("\n\n", "> boot 1.2\n> fault 17"),
}
OF_OURS = CLIENTS.keys() - {"first", "another's", "a log"}


@st.composite
def mails(draw: st.DrawFn) -> tuple[bytes, list[str], str, bool]:
    """A mail, the words that its writer wrote, its client, and whether it is HTML."""
    charset = draw(st.sampled_from(sorted(SCRIPTS)))
    lines = draw(
        st.lists(st.lists(st.sampled_from(SCRIPTS[charset].split()), min_size=2, max_size=8), min_size=1, max_size=6)
    )
    client = draw(st.sampled_from(sorted(CLIENTS)))
    structure = draw(st.sampled_from(STRUCTURES))
    transfer = draw(st.sampled_from(["base64"] if charset == "utf-16" else sorted(CODINGS)))
    html = structure is beside_a_placeholder
    text = "\n".join(" ".join(line) for line in lines) + "".join(CLIENTS[client])
    if html:
        text = text.replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>\n")
    body = CODINGS[transfer](text.replace("\n", "\r\n").encode(charset)).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {transfer}"
    return structure(body, head), [word for line in lines for word in line], client, html


@given(mails(), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=400)
def test_each_word_is_read_or_counted_among_the_lines_set_aside(
    mail: tuple[bytes, list[str], str, bool], outsider: bool, known: bool
) -> None:
    raw, words, client, _ = mail
    text = parse_mail(raw).text
    our_texts = LETTER if known else []
    for opening in (True, False):
        parts = split(text, our_texts, opening=opening, outsider=outsider)
        assert [word for word in words if word not in parts.new] == []
        read_by_nobody = [line for line in ("We do not pay.", "fault 17") if line in text and line not in parts.new]
        assert not read_by_nobody or foreign_lines(parts.rest, our_texts) > 0
        if known and client in OF_OURS and "footer" not in text:
            assert "other button" not in parts.new


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    path: Path = tmp_path_factory.mktemp("letters") / "tickets.db"
    world = World(f"sqlite:///{path}")
    world.responder("ron@example.org", "Ron")
    world.responder("rosa@example.org", "Rosa")
    yield world
    world.close()


def sends(writer: Actor, raw: bytes, to: str, answering: Letter | None = None) -> None:
    head = f"From: {writer.name} <{writer.email}>\r\nTo: {to}\r\nMessage-ID: {make_msgid(domain='home.example')}\r\n"
    head += f"Subject: Re: {answering['Subject']}\r\n" if answering else "Subject: Broken\r\n"
    head += f"In-Reply-To: {answering['Message-ID']}\r\n" if answering else ""
    writer.world.clock.passes(hours=1)
    writer.world.brings(head.encode() + raw, writer.email, to)


@given(mails(), st.sampled_from(["opens", "customer answers", "responder answers"]))
@settings(deadline=None, max_examples=30)
def test_each_word_is_in_the_letter_or_the_letter_says_that_lines_were_left_out(
    desk: World, mail: tuple[bytes, list[str], str, bool], way: str
) -> None:
    raw, words, client, _ = mail
    ron, rosa = desk.actor("ron@example.org", "Ron"), desk.actor("rosa@example.org", "Rosa")
    ann = desk.actor(f"ann{len(rosa.letters)}@customer.example", "Ann")
    if way == "opens":
        sends(ann, raw, "hello@tickets.example")
    else:
        ann.writes("hello", "Nothing here is as it was.", subject="Broken")
        answered = ron.letter()
        if way == "customer answers":
            ron.replies(answered, "Which one of all these do you mean?")
            answered = ann.letter()
        sends(ann if way == "customer answers" else ron, raw, answered["Reply-To"] or answered["From"], answered)
    letters = [rosa.letter(), *(ann.letters[-1:] if way == "responder answers" else [])]
    for letter in letters:
        assert [word for word in words if word not in letter.text] == []
    foreign_words = {"another's": "We do not pay.", "a log": "fault 17"}.get(client, "other button")
    if client != "first":
        assert foreign_words in letters[0].text or "[We left out what this quotes." in letters[0].text
    if client == "another's":
        assert all(foreign_words not in letter.all_text for letter in letters[1:])
