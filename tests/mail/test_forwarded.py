"""Who wrote a mail that is passed on is found: of every client, in every language, and never the wrong person."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_tickets.mail.addresses import Mailbox, is_usable
from mail_tickets.mail.forwarded import LINES, Original, original_attached, original_inline
from mail_tickets.mail.html.html_text import text_of
from mail_tickets.mail.parsed import parse_mail
from mail_tickets.mail.quotations.client_phrases import LANGUAGES
from mail_tickets.mail.subjects import forwarded_title
from mail_tickets.mail.text import one_line

TITLES = {
    "Fwd: Printer": "Printer",
    "FW: Printer": "Printer",
    "Fw: Printer": "Printer",
    "WG: Drucker": "Drucker",
    "TR: Imprimante": "Imprimante",
    "RV: Impresora": "Impresora",
    "转发: 打印机": "打印机",
    "転送：プリンター": "プリンター",
    "Fwd: Fwd: Printer": "Printer",
    "Fwd: Re: Printer": "Printer",
    "WG: AW: Fwd: Drucker": "Drucker",
    "fwd:Printer": "Printer",
    "[club] Fwd: Printer": "[club] Printer",
    "Printer (fwd)": "Printer",
    "Fwd: Ref: 4711": "Ref: 4711",
    "Fwd:": "",
    # These were not passed on.
    "Re: Printer": "Re: Printer",
    "Printer": "Printer",
    "Fwd Printer": "Fwd Printer",
    "The mark Fwd: in titles": "The mark Fwd: in titles",
}


@pytest.mark.parametrize("subject", TITLES)
def test_a_title_has_no_mark_of_a_mail_passed_on(subject: str) -> None:
    assert forwarded_title(subject) == TITLES[subject]


MAILS = Path(__file__).parent.parent / "mails"

ANN = Mailbox("Ann Smith", "ann@home.example")
BODY = "It does not boot.\n\n> what I tried\n\nAnn"

# --- Clients and languages ---

FORMS = {
    "Gmail": """---------- {forwarded} ---------
{sender}: Ann Smith <ann@home.example>
{date}: 5.10.2014 17:20
{subject}: Boot
{to}: <desk@tickets.example>


{body}""",
    "Gmail, bold": """---------- {forwarded} ---------
{sender}: **Ann Smith** <ann@home.example>
{date}: 5.10.2014 17:20
{subject}: Boot
{to}: Desk <desk@tickets.example>,
Bob <bob@home.example>
{copy}: <eve@home.example>

{body}""",
    "Thunderbird": """-------- {forwarded} --------
{subject}: \tBoot
{date}: \tSun, 5 Oct 2014 17:20:33 +0200
{sender}: \tAnn Smith <ann@home.example>
{to}: \tdesk@tickets.example

{body}""",
    "Thunderbird, from HTML": """-------- {forwarded} --------

{subject}:   | Boot
{date}:   | Sun, 5 Oct 2014 17:20:33 +0200
{sender}:   | Ann Smith <ann@home.example>
{to}:   | desk@tickets.example



{body}""",
    "Outlook": """________________________________
{sender}: Ann Smith <ann@home.example>
{date}: Sunday, 5 October 2014 17:20
{to}: Desk
{copy}: Bob; Eve
{subject}: Boot

{body}""",
    "Outlook, bold": """*{sender}:* Ann Smith <ann@home.example>
*{date}:* Sunday, 5 October 2014 17:20
*{to}:* Desk
*{subject}:* Boot

{body}""",
    "Outlook, old": """-----{original}-----
{sender}: Ann Smith [mailto:ann@home.example]\x20
{date}: Sunday, 5 October 2014 17:20
{to}: 'Desk'
{subject}: Boot

{body}""",
    "Outlook, from HTML": """{sender}: Ann Smith <ann@home.example<mailto:ann@home.example>>

{date}: Sunday, 5 October 2014 17:20

{to}: Desk

{subject}: Boot

{body}""",
    "Apple Mail": """{forwarded}:

> {sender}: Ann Smith <ann@home.example>
> {subject}: Boot
> {date}: 5 October 2014 at 17:20:33 CEST
> {to}: desk@tickets.example
>\x20
{quoted}""",
    "Apple Mail, unquoted": """{forwarded}:

{sender}: Ann Smith <ann@home.example>
{subject}: Boot
{date}: 5 October 2014 at 17:20:33 CEST
{to}: desk@tickets.example

{body}""",
    "Apple Mail, bold": """{forwarded}:

> *{sender}: *Ann Smith <ann@home.example>
> *{subject}: **Boot*
> *{date}: *5 October 2014 at 17:20:33 CEST
> *{to}: *desk@tickets.example
>
{quoted}""",
    "Yahoo": """----- {forwarded} -----
{sender}: "Ann Smith" <ann@home.example>
{to}: "desk@tickets.example" <desk@tickets.example>
{date}: Sunday, October 5, 2014, 5:20 PM
{subject}: Boot

{body}""",
    "mutt": """----- {forwarded} from Ann Smith <ann@home.example> -----

{date}: Sun, 5 Oct 2014 17:20:33 +0200
{sender}: Ann Smith <ann@home.example>
{to}: desk@tickets.example
{subject}: Boot
User-Agent: Mutt/1.5

{body}""",
    "Lotus Notes": """----- Forwarded by Bob/Home on 05.10.2014 17:21 -----

{sender}:\tAnn Smith <ann@home.example>
{to}:\tdesk@tickets.example
{copy}:\t
{date}:\t05.10.2014 17:20
{subject}:\tBoot

{body}""",
    "QQ": """------------------ {original} ------------------
{sender}: "Ann Smith"<ann@home.example>;
{date}: 2014年10月5日(星期天) 17:20
{to}: "Desk"<desk@tickets.example>;
{subject}: Boot

{body}""",
}


def in_language(form: str, language: str) -> str:
    """A forward, with the first word of each kind that the language has, or else the English one."""
    words = {
        name: (getattr(LANGUAGES[language], name) or getattr(LANGUAGES["en"], name)).split("|")[0]
        for name in ("sender", "date", "to", "copy", "subject", "original", "forwarded")
    }
    return FORMS[form].format(**words, body=BODY, quoted="\n".join(f"> {line}".rstrip() for line in BODY.split("\n")))


def writer(text: str) -> Mailbox | None:
    """Who is found to have written the original."""
    original = original_inline(text)
    return original.sender if original else None


@pytest.mark.parametrize("form", FORMS)
def test_every_client_shows_who_wrote_the_original(form: str) -> None:
    """Above older letters, too: the nearest one is the original."""
    older = "\n\nFrom: Eve <eve@home.example>\nSent: Monday\nTo: Ann\nSubject: older\n\nthe oldest words"
    for language in ("en", "de", "fr", "ja"):
        mail = in_language(form, language)
        assert writer(mail) == writer(f"Please help Ann.\n\n-- \nBob\n\n{mail}") == writer(mail + older) == ANN


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_words_for_the_sender(language: str) -> None:
    for form in ("Gmail", "Apple Mail", "Outlook"):
        assert writer(in_language(form, language)) == ANN
    for word in filter(None, LANGUAGES[language].sender.split("|")):
        for form in ("{}: {}", "{} : {}", "{}：{}", "*{}:* {}", "*{}*: {}", "{}\xa0: {}"):
            assert writer(f"{form.format(word, 'Ann Smith <ann@home.example>')}\nDate: x\n\n{BODY}") == ANN


def test_marks_that_nobody_sees_do_not_hide_a_head() -> None:
    text = "\u200fמאת: \u202bAnn Smith\u202c\u200f <\u202aann@home.example\u202c>\nתאריך: \u200fיום א׳\n\nשלום"
    assert writer(text) == ANN


# --- Real forwards ---

REAL = {
    "email_reply_trimmer/emails/forwarded_apple.txt": Mailbox("Foo Discourse", "foo@discourse.org"),
    "email_reply_trimmer/emails/forwarded_gmail.txt": Mailbox("Foo Discourse", "foo@discourse.org"),
    "email_reply_trimmer/emails/forwarded_message.txt": Mailbox("Some One", "foo@bar.com"),
    "forwards/apple_forward.html": Mailbox("Foo Bar", "foo@bar.example"),
    "forwards/gmail_forward.html": Mailbox("Foo Bar", "foo@bar.example"),
    "forwards/mailru_forward.html": Mailbox("Иван Иванов", "ivanivanov@example.com"),
    # Outlook's head without an address is no original.
    "forwards/outlook_forward.html": None,
    "forwards/thunderbird_forward.html": Mailbox("John Doe", "johndoe@example.com"),
    "ruby-mail/mime_emails/raw_email2.eml": Mailbox("xxxxx xxxxxx", "xxxxxxxx@xxx.com"),
    "ruby-mail/plain_emails/raw_email8.eml": Mailbox("xxxxx xxxxxx", "xxxxxxxx@xxx.com"),
    "talon/standard_replies/hotmail.eml": Mailbox("", "bob@xxx.mailgun.org"),
}


def words_of(name: str) -> str:
    raw = (MAILS / name).read_bytes()
    if name.endswith(".eml"):
        return parse_mail(raw).text
    text = raw.decode().replace("\r\n", "\n")
    return text_of(text) if name.endswith(".html") else text


@pytest.mark.parametrize("name", REAL)
def test_a_real_forward_is_read(name: str) -> None:
    assert writer(words_of(name)) == REAL[name]


# --- Who wrote it ---


@pytest.mark.parametrize(
    ("sender_line", "sender"),
    [
        ("ann@home.example", Mailbox("", "ann@home.example")),
        ("<ann@home.example>", Mailbox("", "ann@home.example")),
        ("ann@home.example <ann@home.example>", Mailbox("", "ann@home.example")),
        ("'ann@home.example' <ann@home.example>", Mailbox("", "ann@home.example")),
        ("ann@home.example [mailto:ann@home.example]", Mailbox("", "ann@home.example")),
        ("ann@home.example<mailto:ann@home.example>", Mailbox("", "ann@home.example")),
        ("ann@home.example (Ann Smith)", ANN),
        ("Ann Smith (ann@home.example)", ANN),
        ("Ann Smith ann@home.example", ANN),
        ("Ann Smith<ann@home.example>", ANN),
        ('"Smith, Ann" <ann@home.example>', Mailbox("Smith, Ann", "ann@home.example")),
        ("Smith, Ann <ann@home.example>", Mailbox("Smith, Ann", "ann@home.example")),
        ("Ann (Sales) <ann@home.example>", Mailbox("Ann (Sales)", "ann@home.example")),
        ("Ann @ Home <ann@home.example>", Mailbox("Ann @ Home", "ann@home.example")),
        ("=?utf-8?q?Zo=C3=AB?= <zoe@home.example>", Mailbox("Zoë", "zoe@home.example")),
        ("Zoë <zoë@bücher.example>", Mailbox("Zoë", "zoë@bücher.example")),
        ("Ann <Ann@HOME.example<mailto:ann@home.example>>", Mailbox("Ann", "Ann@HOME.example")),
    ],
)
def test_the_sender_is_read_as_clients_show_it(sender_line: str, sender: Mailbox) -> None:
    assert writer(f"From: {sender_line}\nSubject: Boot\n\nx") == sender


@pytest.mark.parametrize(
    "sender_line",
    [
        "Ann Smith", "", "my point of view", "ann@", "@home.example", "Ann <ann at home.example>",
        "ann@home.example, bob@home.example", "Ann <ann@home.example>, Bob <bob@home.example>",
        "boss@home.example <ann@other.example>", "desk@home.example [mailto:desk@home.example] On Behalf Of Ann Smith",
        "Desk <desk@home.example> im Auftrag von Ann Smith", "ann@home.example wrote this to me",
        f"{'Ann ' * 600}<ann@home.example>", f"{'x' * 1978}ann@home.example",
    ],
)  # fmt: skip
def test_where_it_is_not_one_address_that_wrote_nobody_is_taken_for_the_writer(sender_line: str) -> None:
    deeper = "\n\nFrom: Eve <eve@home.example>\nSent: Monday\nTo: Ann\nSubject: older"
    assert original_inline(f"From: {sender_line}\nSent: Tuesday\nTo: Bob\nSubject: Boot\n\nx{deeper}") is None


def test_the_header_sender_names_the_writer_only_where_from_does_not() -> None:
    both = "Sender: list <list@lists.example>\nFrom: Ann Smith <ann@home.example>\nSubject: x\n\ny"
    alone = "Sender:Ann Smith <ann@home.example>\nSent At:2014\nRecipient:Desk\nSubject:x\n\ny"
    assert writer(both) == writer(alone) == ANN


# --- Which of several ---


def test_a_forward_of_a_forward_is_the_forwarder_s() -> None:
    outer = "---------- Forwarded message ---------\nFrom: Bob <bob@home.example>\nSubject: Fwd: Boot\n\nSee!\n\n"
    assert writer(outer + in_language("Gmail", "de")) == Mailbox("Bob", "bob@home.example")


HEAD = "From: Ann Smith <ann@home.example>\nSent: Monday\nTo: Bob\nSubject: Boot"


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


@pytest.mark.parametrize(
    "before", ["", "-----Original Message-----\n", "\n\n", "*Begin forwarded message:*\n\n", "--\n"]
)
def test_a_quoted_head_at_the_top_of_a_quotation_is_found(before: str) -> None:
    assert writer(f"For you.\n\n{quoted(f'{before}{HEAD}')}\n>\n> words\n> > older\n\nRegards") == ANN


@pytest.mark.parametrize(
    "text",
    [
        f"Yes.\n\n{quoted(f'I send you this:{chr(10)}{chr(10)}{HEAD}{chr(10)}{chr(10)}words')}",
        f"Yes.\n\nOn 5 Oct 2014, Bob <bob@home.example> wrote:\n\n{quoted(HEAD)}",
        f"Yes.\n\nOn 5 Oct 2014, Bob wrote:\n> See below.\n>\n{quoted(quoted(HEAD))}",
    ],
)
def test_a_head_amid_what_somebody_else_wrote_is_of_an_older_letter(text: str) -> None:
    assert writer(text) is None


def test_a_head_below_a_quotation_in_the_note_is_found() -> None:
    assert writer(f"She says:\n\n> {HEAD[:4]} my view\n> nothing\n\nHere it is.\n\n{HEAD}\n\nwords") == ANN


# --- What is no head ---

NO_HEADS = {
    "nothing": "",
    "words": "It does not boot.\n\nAnn <ann@home.example>",
    "prose": "From: my point of view\nTo: be honest,\nDate: any",
    "prose with an address": "From: ann@home.example I had a letter\n\nTo: be honest, it was odd.",
    "a sender alone": "---------- Forwarded message ---------\nFrom: Ann <ann@home.example>\n\nwords",
    "a sender and words": "From: Ann <ann@home.example>\nIt does not boot.\n\nSubject: none",
    "a trip": "From: Berlin\nTo: Munich\nDate: Friday\n\nPlease book it.",
    "no sender": "Date: Friday\nTo: ann@home.example\nSubject: Boot\n\nwords",
    "YAML": "from:\n  - ann@home.example\nports: 1",
    "a contact": "Name: Ann\nE-mail: ann@home.example\nTel: 1",
    "a quoted sender": '> From: "Ann" <ann@home.example>\n>\n> > words',
    "commands": "status answered\nowner ann@home.example",
    "only a delimiter": "-----Original Message-----",
}


@pytest.mark.parametrize("text", NO_HEADS.values(), ids=NO_HEADS)
def test_other_words_are_no_head(text: str) -> None:
    assert writer(text) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_line_above_a_quotation_is_no_head(language: str) -> None:
    words = LANGUAGES[language]
    for on in words.on.split("|"):
        for wrote in words.wrote.split("|"):
            for above in (
                f"{on} 5.10.2014 17:20, Ann Smith <ann@home.example> {wrote}:",
                f"{on} 5.10.2014 17:20 {wrote} Ann Smith <ann@home.example>:",
                f"{on}: 5.10.2014 17:20, Ann Smith\n<ann@home.example> {wrote} :",
            ):
                assert original_inline(f"Yes.\n\n{above}\n> It does not boot.\n> Ann") is None


# --- What belongs to a head ---


@pytest.mark.parametrize(
    "head",
    [
        f"{HEAD} of\n  my machine",
        "Subject: Boot of\nmy machine\nFrom: Ann Smith <ann@home.example>",
        "From: Ann Smith\n<ann@home.example>\nSubject: Boot",
        "From: Ann Smith\n <ann@home.example>\nDate: x\nSubject: Boot",
        "From:\nAnn Smith <ann@home.example>\nTo:\nBob\nSubject: Boot",
        "Subject: Boot\nFrom: Ann Smith <ann@home.example>\nTo: a@a.example,\nb@b.example,\nc@c.example",
        "From: Ann Smith <ann@home.example>\nSubject: Boot\nX-Mailer: y\n\tz\nLines: 3\nReceived: a\n b",
        "From: Ann Smith <ann@home.example>\nReply-To: Bob <bob@home.example>\nDate: x\nSubject: Boot",
        "Da: Ann Smith <ann@home.example>\nRisposta: Bob <bob@home.example>\nData: x\nOggetto: Boot",
        "From: Ann Smith <ann@home.example>\nTo: Bob\nRight below it the words begin.",
    ],
)
def test_a_header_line_may_be_broken(head: str) -> None:
    assert writer(f"{head}\n\nwords\n\nFrom: Eve <eve@home.example>\nTo: Ann\nSubject: older") == ANN


# --- Any text at all ---

LOCALS = st.text("abcdefghijklmnopqrstuvwxyzABCZ0189.!#$%&*+-/=?^_`{|}~üé例", min_size=1, max_size=20)
DOMAINS = st.lists(st.text("abcxyz0189-ü例", min_size=1, max_size=10), min_size=1, max_size=3).map(".".join)
ADDRESSES = st.one_of(
    st.builds("{}@{}".format, LOCALS, DOMAINS),
    st.builds('"{}"@{}'.format, st.text("abc().:;", min_size=1, max_size=8), DOMAINS),
    st.builds("{}@[192.0.2.{}]".format, LOCALS, st.integers(0, 255)),
).filter(is_usable)
SHOWN = st.characters(exclude_categories=("C", "Zl", "Zp"), exclude_characters="@<>=\xad\u200b\u200e\u200f\ufeff")
WORDS = st.text(SHOWN, max_size=40).map(lambda words: one_line(words).strip(" \"'*_|([,;)]")).map(one_line)
ROUND = [
    "---------- Forwarded message ---------\nFrom: {0} <{1}>\nDate: x\nSubject: {2}\nTo: <desk@home.example>\n\n\nx",
    "________________________________\nFrom: {0} <{1}>\nSent: Sunday\nTo: Desk\nSubject: {2}\n\nx",
    "-------- Forwarded Message --------\nSubject: \t{2}\nDate: \tx\nFrom: \t{0} <{1}>\nTo: \tdesk@home.example\n\nx",
]


@given(st.sampled_from(ROUND), WORDS, ADDRESSES, WORDS)
@settings(max_examples=300, deadline=None)
def test_any_writer_is_read_as_they_were_written(form: str, name: str, email: str, subject: str) -> None:
    assert writer("Note.\n\n" + form.format(name, email, subject)) == Mailbox(name, email)


PIECES = st.sampled_from([
    "From: Ann <ann@home.example>", "From: ", "Sender: x", "Sent: 5 Oct 2014 17:20 +9999", "To: b,", "Subject: x",
    "*Von:* a@b", "Date:", "Received: x", "X-Y: z", ">", "> ", ">> ", " ", "\t", "", "-----Original Message-----",
    "_" * 9, "|", "：", "<", "words", "Begin forwarded message:", "Ann <ann@home.example> wrote:", "\ud800", "\x00",
])  # fmt: skip
TEXTS = st.one_of(
    st.text(st.characters()),
    st.lists(st.one_of(PIECES, st.builds("> {}".format, PIECES), st.text(max_size=20)), max_size=25).map("\n".join),
    st.lists(PIECES, max_size=25).map("".join),
)


@given(TEXTS)
@settings(max_examples=500, deadline=None)
def test_whoever_is_found_stands_in_the_text(text: str) -> None:
    sender = writer(text)
    assert sender is None or (is_usable(sender.email) and sender.email in text.replace("\xad", ""))


HOSTILE = [
    "From: ", "From: \n", ">", "> ", ">\n", "\n", " ", "From: x\nTo: y\n", "> From: x\n", "Date: x\nfoo\nbar\n",
    "Date: x\n\nTo: y\n\n", "X-A: y\n z\n", "From: " + "a@b c@d " * 240 + "\nTo: x\n",
    "From: " + "<" * 1900 + "\nTo: x\n",
    "*" * 1000 + "From*: \n", "From: " + " " * 1900 + "x\nTo: y\n", "-", "-----\n", "é\u200b" * 150 + ":\n",
    ">" * 1990 + " From: a@b\n", "From: a@b" + " on behalf of" * 140 + "\nTo: x\n", "From: <a@b", "a@b.c:\n> From: x\n",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_read_to_its_end(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert writer(text) is None
    assert writer(f"{HEAD}\n\n{text}end") == ANN


def test_a_head_far_below_is_not_looked_for() -> None:
    assert writer("x\n" * (LINES - 4) + HEAD) == ANN
    assert writer("x\n" * LINES + HEAD) is None


# --- Attached ---


def letter(sender: str | None = "Ann Smith <ann@home.example>", text: str = "It does not boot.\n") -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    if sender:
        mail["From"] = sender
    mail["Subject"] = "Boot"
    mail["Date"] = "Sun, 5 Oct 2014 17:20:33 +0200"
    mail["Message-ID"] = "<boot@home.example>"
    mail.set_content(text)
    return mail


def forward(*letters: EmailMessage) -> bytes:
    mail = letter("Bob <bob@home.example>", "Please help Ann.\n")
    mail.add_attachment(b"picture", "image", "png", filename="a.png")
    for content in letters:
        mail.add_attachment(content)
    return mail.as_bytes()


def attached(raw: bytes) -> Original | None:
    return original_attached(raw, parse_mail(raw).attachments)


BOOT = Original(ANN, "Boot", datetime(2014, 10, 5, 15, 20, 33, tzinfo=UTC), "<boot@home.example>", "It does not boot.")


def test_an_attached_mail_is_the_original() -> None:
    assert attached(forward(letter())) == BOOT


def test_of_several_attached_mails_the_first_is_the_original() -> None:
    assert attached(forward(letter(), letter("Eve <eve@home.example>"))) == BOOT


def test_the_mail_that_an_attached_mail_passes_on_is_not_looked_for() -> None:
    original = attached(forward(letter(text=f"{in_language('Gmail', 'en').replace('Ann Smith', 'Eve')}\n")))
    assert original
    assert original.sender == ANN


def encoded(kind: str, encoding: str, body: str) -> bytes:
    return (
        "From: Bob <bob@home.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("kind", ["message/rfc822", "message/global", "Message/RFC822; name=x.eml"])
def test_an_attached_mail_is_read_in_every_encoding(kind: str) -> None:
    plain = "From: Zoë <zoe@home.example>\r\nSubject: Boot\r\n\r\nIt does not boot."
    wanted = Original(Mailbox("Zoë", "zoe@home.example"), "Boot", None, None, "It does not boot.")
    base64 = "RnJvbTogWm/DqyA8em9lQGhvbWUuZXhhbXBsZT4NClN1YmplY3Q6IEJvb3QNCg0KSXQgZG9lcyBub3QgYm9vdC4="
    assert attached(encoded(kind, "8bit", plain)) == wanted
    assert attached(encoded(kind, "base64", base64)) == wanted
    assert attached(encoded(kind, "quoted-printable", plain.replace("ë", "=C3=AB"))) == wanted


def test_an_attached_mail_that_nobody_sent_is_no_original() -> None:
    assert attached(forward(letter(None), letter())) is None


def test_without_an_attached_mail_there_is_no_original() -> None:
    assert attached(forward()) is None
    assert original_attached(b"", []) is None


@pytest.mark.parametrize(
    ("name", "email"),
    [
        ("cpython/msg_05.txt", "nobody@python.org"),
        ("cpython/msg_06.txt", "barry@python.org"),
        ("cpython/msg_11.txt", None),
    ],
)
def test_a_real_attached_mail_is_read(name: str, email: str | None) -> None:
    original = attached((MAILS / name).read_bytes())
    assert (original.sender.email if original else None) == email


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_whatever_is_attached_is_read(inner: bytes) -> None:
    original = attached(encoded("message/rfc822", "8bit", "").replace(b"\r\n\r\n\r\n--b--", b"\r\n\r\n" + inner))
    assert original is None or is_usable(original.sender.email)
