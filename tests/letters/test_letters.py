"""Claims about letters: who gets which, their headers, and text in every script."""

import re
from collections.abc import Callable
from email.header import Header
from email.utils import getaddresses, make_msgid, parseaddr

import pytest

from mail_tickets.cli.output.ticket_display import ticket_text
from mail_tickets.mail.addresses import mailboxes
from mail_tickets.mail.body_parts.encoded_words import decoded
from mail_tickets.model.letters.notices.headings import message_heading
from mail_tickets.model.lifecycle.support import SUPPORT
from mail_tickets.model.lifecycle.tables import Action
from mail_tickets.model.records.letters import Letter as Row
from mail_tickets.model.records.people import Person
from mail_tickets.model.records.registration import add_alias
from mail_tickets.model.wording import TEMPLATES
from tests.erasure.story import tell_story
from tests.support.markers import RITA, ROB, Small, email_of
from tests.support.world import DOMAIN, Actor, Letter, World


class Party:
    """A ticket with somebody of every kind on it and around it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.admin = world.known("root@example.org", "Root", admin=True)
        self.ron = world.responder("ron@example.org", "Ron")
        self.rosa = world.responder("rosa@example.org", "Rosa")
        self.rita = world.actor("rita@example.net", "Rita")
        self.rita.writes("hello", "It is broken.", subject="Printer")
        self.asa = world.known("asa@example.org", "Asa", admin=True)
        world.sets(1, "ron@example.org", assignee="asa@example.org")
        self.pia = world.known("pia@example.net", "Pia")
        world.asks_in(1, "pia@example.net")
        self.otto = world.known("otto@example.net", "Otto")

    def reached(self, happening: Callable[[], object]) -> set[str]:
        """The names of those who get a letter about something that happens now."""
        before = len(self.world.far_end.letters)
        happening()
        names = [letter.recipient.partition("@")[0].title() for letter in self.world.far_end.letters[before:]]
        assert len(names) == len(set(names)), "somebody got two"
        return set(names)


@pytest.fixture
def party(world: World) -> Party:
    return Party(world)


ON_IT = {"Rita", "Ron", "Rosa", "Asa", "Pia"}


# Who gets which


def test_a_new_ticket_is_told_to_those_who_answer_for_its_queue(party: Party) -> None:
    party.world.responder("quinn@example.org", "Quinn", queue="Questions")
    assert party.reached(lambda: party.otto.writes("hello", "Me too.")) == {"Ron", "Rosa"}
    assert party.reached(lambda: party.otto.writes("questions", "Why?")) == {"Quinn"}
    assert party.reached(lambda: party.ron.writes("hello", "I have one myself.")) == {"Rosa", "Ron"}
    assert party.ron.letter().text.startswith("You opened ticket 4 in General (")


@pytest.mark.parametrize("name", sorted(ON_IT))
def test_words_go_to_everybody_on_the_ticket_but_who_wrote_them(party: Party, name: str) -> None:
    writer: Actor = getattr(party, name.lower())
    assert party.reached(lambda: writer.writes("ticket1", "Some words.")) == ON_IT - {name}
    assert party.reached(lambda: party.world.act(1, "Comment", writer.email, "More words.")) == ON_IT - {name}


def test_words_of_somebody_who_is_not_on_the_ticket_go_to_everybody_who_is(party: Party) -> None:
    assert party.reached(lambda: party.otto.writes("ticket1", "Have you tried turning it off?")) == ON_IT
    assert party.reached(lambda: party.rita.writes("ticket1", "Yes.")) == ON_IT - {"Rita"}


@pytest.mark.parametrize("status", SUPPORT.statuses[1:])
def test_a_new_status_is_told_to_all(party: Party, status: str) -> None:
    change = lambda: party.world.act(1, "Change status", party.admin.email, status=status)  # noqa: E731
    assert party.reached(change) == ON_IT
    assert party.rita.letter().text == f"Root changed the status.\n\n    Status: Open → {status}"


def test_any_other_change_without_words_goes_to_the_assignee_and_responders(party: Party) -> None:
    set_title = lambda: party.world.sets(1, party.ron.email, title="Printer on fire")  # noqa: E731
    assert party.reached(set_title) == {"Rosa", "Asa"}
    assert party.rosa.letter().text == "Ron changed this ticket:\n\n    Subject: Printer → Printer on fire"
    assert party.rosa.letter()["Subject"] == "Re: [General #1] Printer on fire"
    assign = lambda: party.world.sets(1, party.asa.email, assignee="rosa@example.org")  # noqa: E731
    assert party.reached(assign) == {"Ron", "Rosa"}
    assert "Owner: Asa → Rosa" in party.rosa.letter().text


def test_an_action_that_says_and_changes_nothing_goes_to_the_assignee_and_responders(party: Party) -> None:
    assert party.reached(lambda: party.world.act(1, "Comment", party.rita.email)) == {"Ron", "Rosa", "Asa"}


def test_private_words_go_to_responders_and_the_assignee_only(party: Party) -> None:
    mallory = party.world.actor("mallory@example.com", "Mallory")
    assert party.reached(lambda: mallory.writes("ticket1", "I know a trick.")) == {"Ron", "Rosa", "Asa"}
    vacation = {"Auto-Submitted": "auto-replied"}
    assert party.reached(lambda: party.rita.writes("ticket1", "Away.", headers=vacation)) == {"Ron", "Rosa", "Asa"}


def test_a_requestor_who_is_a_responder_reads_what_is_private(party: Party) -> None:
    party.ron.writes("hello", "Mine.")
    mallory = party.world.actor("mallory@example.com", "Mallory")
    assert party.reached(lambda: mallory.writes("ticket2", "I know a trick.")) == {"Ron", "Rosa"}


def test_an_outsider_whom_the_mail_already_names_gets_no_second_one(party: Party) -> None:
    headers = {"To": f"ticket1@{DOMAIN}, Rita <RITA@example.net>", "Cc": "pia@EXAMPLE.net, rosa@example.org, asa@x.org"}
    # Responders get their letter all the same: it says what their reply will do. Ron is asked about asa@x.org.
    assert party.reached(lambda: party.ron.writes("ticket1", "Hi all.", headers=headers)) == {"Rosa", "Asa", "Ron"}


def test_nobody_gets_a_letter_at_an_address_of_ours(party: Party) -> None:
    party.world.responder(f"later@{DOMAIN}", "Loop")
    party.world.known(f"too@{DOMAIN}", "Loop")
    party.world.asks_in(1, f"too@{DOMAIN}")
    party.world.answers_at("later")
    party.world.answers_at("too")
    assert party.reached(lambda: party.otto.writes("ticket1", "Hi.")) == ON_IT


def test_letters_go_to_the_address_that_somebody_last_proved_to_write_from(party: Party) -> None:
    with party.world.uow() as uow:
        add_alias(uow, "rita@example.net", "rita@work.example")
    party.ron.writes("ticket1", "Where are you?")
    Actor(party.world, "rita@work.example", "Rita").replies(party.rita.letter(), "From work.")
    party.ron.writes("ticket1", "I see.")
    assert Actor(party.world, "rita@work.example").letter().text.startswith("Ron ")


# Headers


def header_lines(raw: bytes) -> list[str]:
    """The headers as they were sent, each on one line."""
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode()
    return re.sub(r"\n(?=[ \t])", "", head).split("\n")


def test_a_letter_has_the_headers_of_the_interface(party: Party) -> None:
    question = party.rita.writes("ticket1", "Anybody?")
    party.ron.replies(party.ron.letter(), "Turn it off and on.")
    letter = party.rita.letter()
    assert parseaddr(letter["From"]) == ("Ron (General)", f"ticket1@{DOMAIN}")
    assert parseaddr(letter["Reply-To"])[1] == f"ticket1@{DOMAIN}"
    assert parseaddr(letter["To"]) == ("Rita", "rita@example.net")
    assert letter["Subject"] == "Re: [General #1] Printer"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Id"] == f"General <queue1.{DOMAIN}>"
    assert re.fullmatch(rf"<[0-9a-f]{{16}}\.[0-9a-f]{{32}}@{re.escape(DOMAIN)}>", letter["Message-ID"])
    assert letter["In-Reply-To"] == question
    root = party.world.ticket()["messages"][0]["message_id"]
    # Its own id is there for relays that replace the Message-ID.
    assert letter["References"].split() == [root, question, letter["Message-ID"]]
    assert letter["MIME-Version"] == "1.0"
    assert letter.mail.get_content_type() == "text/plain"
    assert letter.mail.get_content_charset() == "utf-8"


def test_the_letter_about_a_new_ticket_is_no_answer(party: Party) -> None:
    party.otto.writes("hello", "Me too.", subject="Scanner")
    assert party.ron.letter()["Subject"] == "[General #2] Scanner"


def test_the_envelope_sender_is_the_letters_own_and_cannot_be_guessed(party: Party) -> None:
    party.otto.writes("ticket1", "Hi.")
    letters = party.world.far_end.letters
    senders = [letter.envelope_from for letter in letters]
    assert len(set(senders)) == len(letters)
    assert all(re.fullmatch(rf"bounce-\w{{20,}}@{re.escape(DOMAIN)}", sender) for sender in senders)
    assert len({letter["Message-ID"] for letter in letters}) == len(letters)
    tokens = {row.token for row in party.world.rows(Row)}
    assert {sender.partition("@")[0].removeprefix("bounce-") for sender in senders} == tokens
    for letter in letters:
        assert letter.envelope_from.partition("@")[0].removeprefix("bounce-") not in letter.raw.decode()


def test_names_that_letters_get_at_once_are_neighbours_in_their_indexes(party: Party) -> None:
    """An index of names without any order would be a page to write for each letter."""
    party.otto.writes("ticket1", "Hi.")
    party.world.clock.passes(seconds=1)
    party.otto.writes("ticket1", "Anybody?")
    rows = sorted(party.world.rows(Row), key=lambda row: row.id)
    for name in ("message_id", "token"):
        moments = [(getattr(row, name).strip("<")[:8], row.created) for row in rows]
        assert moments == sorted(moments)
        assert len({moment for moment, _ in moments}) == len({created for _, created in moments}) > 1


def test_no_other_address_of_ours_stands_in_a_letter(party: Party) -> None:
    party.otto.writes("ticket1", "Hi.")
    for letter in party.world.far_end.letters:
        apart = ("Message-ID", "References", "List-Id", "List-Unsubscribe")
        head = "\n".join(line for line in header_lines(letter.raw) if not line.startswith(apart))
        addresses = set(re.findall(rf"[\w-]+@{re.escape(DOMAIN)}", head))
        assert addresses == {f"ticket1@{DOMAIN}"}


def test_every_letter_of_a_ticket_refers_to_its_first_mail(party: Party) -> None:
    root = party.world.ticket()["messages"][0]["message_id"]
    party.ron.replies(party.ron.letter(), "Off and on.")
    party.rita.replies(party.rita.letter(), "No.")
    party.world.sets(1, party.ron.email, title="New")
    party.world.act(1, "Change status", party.admin.email, status="Invalid")
    for letter in party.world.far_end.letters:
        assert letter["References"].split()[0] == root
        assert letter["References"].split()[-2:] == [letter["In-Reply-To"], letter["Message-ID"]]


@pytest.mark.parametrize("length", [70, 200, 500, 900, 980])
def test_a_long_message_id_still_threads(small_world: World, length: int) -> None:
    ron, ann = small_world.responder("ron@example.org", "Ron"), small_world.actor("ann@example.net", "Ann")
    long = f"<{'x' * (length - 11)}@home.org>"
    assert len(long) == length
    ann.writes("hello", "Hi.", headers={"Message-ID": long})
    ron.replies(ron.letter(), "Hello.")
    for letter in (ron.letter(), ann.letter()):
        assert letter["References"].split() == [long, letter["Message-ID"]]
    assert f"References: {long} {ann.letter()['Message-ID']}" in header_lines(ann.letter().raw)
    assert max(len(line) for line in ann.letter().raw.splitlines()) <= 998


@pytest.mark.parametrize("strange", [f"<{'x' * 990}@h>", "<füße@home.example>", "", "none at all"])
def test_a_message_id_that_we_cannot_send_still_makes_one_thread(small_world: World, strange: str) -> None:
    ron, rosa = small_world.responder("ron@example.org", "Ron"), small_world.responder("rosa@example.org", "Rosa")
    raw = f"From: ann@example.net\nTo: hello@{DOMAIN}\nMessage-ID: {strange}\nSubject: Hi\n\nHi.\n".encode()
    small_world.brings(raw, "ann@example.net", f"hello@{DOMAIN}")
    ron.replies(ron.letter(), "Hello.")
    roots = {letter["References"].split()[0] for letter in small_world.far_end.letters}
    assert len(roots) == 1
    assert strange not in roots
    assert rosa.letter()["In-Reply-To"] == rosa.letter()["References"].split()[-2]


def test_a_reply_to_a_private_comment_does_not_name_it_to_others(party: Party) -> None:
    secret = make_msgid(domain="mallory.example")
    party.world.actor("mallory@example.com").writes("ticket1", "psst", headers={"Message-ID": secret})
    before = len(party.rita.letters)
    party.ron.replies(party.ron.letter(), "Who is that?")
    assert len(party.rita.letters) == before
    party.ron.writes("ticket1", "Hi all.")
    assert "Ron answered:" in party.rita.letter().text
    for letter in party.rita.letters:
        assert secret not in letter.raw.decode()
        assert "Who is that?" not in letter.all_text


# The heading


@pytest.mark.parametrize("action", SUPPORT.actions, ids=lambda action: action.title)
def test_the_heading_tells_who_did_what(action: Action) -> None:
    third = message_heading(action, "Sample {Person}", has_text=True)
    assert third.english == f"Sample {{Person}}{action.third.removeprefix('{name}')}"
    assert message_heading(action, "Sample Person", has_text=True, second=True).english == action.second
    assert message_heading(action, "Sample Person", has_text=False).english.endswith(".")


def test_people_read_of_themselves_in_the_second_person_where_a_ticket_is_shown(party: Party) -> None:
    party.ron.replies(party.ron.letter(), "Off and on.")
    party.world.act(1, "Confirm", party.rita.email, "It works.")
    view = party.world.ticket(1, party.rita.email)
    text = ticket_text(view, SUPPORT, party.rita.email, party.world.clock())
    assert "You wrote:" in text
    assert "Ron answered:" in text
    assert "You said it's solved:" in text


# Text in every script

SCRIPTS = {
    "japanese": "日本語のテキストです。プリンターが壊れました。",
    "euro": "Das kostet 5 € – „günstig“, oder?",
    "emoji": "It works 🎉👩‍👩‍👧‍👦🏳️‍🌈 ✅",
    "arabic": "الطابعة لا تعمل، شكراً لكم",
    "hebrew": "המדפסת לא עובדת, תודה",
    "combining": "e\u0301 n\u0303 क्षि Việt Zal\u0335\u0321go",
    "korean": "프린터가 고장났어요",
    "mixed": "abc \u200fאבג\u200e 123 日本 ñ €",
    "beyond the basic plane": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠜎 𠜱",
    "trailing space and tabs": "a  \n\tb\t\n  c",
    "dots at the start of lines": ".\n..\n.hidden\n\n.",
    "from at the start of a line": "From here on\n>From there on\nand so on",
    "a long line": "word " * 2000 + "end",
    "a long line without spaces": "x" * 5000,
    "a long line of japanese": "語" * 5000,
    "equals signs": "=20 =3D = ==\n=?utf-8?q?no?=",
}


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_text_arrives_as_it_was_written(small_world: World, text: str) -> None:
    ron, ann = small_world.responder("ron@example.org", "Ron"), small_world.actor("ann@example.net", "Ann")
    ann.writes("hello", text)
    posted = small_world.ticket()["messages"][0]["text"]
    assert posted.rstrip() == text.rstrip()
    assert ron.letter().all_text.startswith(f"Ann <ann@example.net> wrote:\n\n{posted}\n\n-- \n")
    assert max(len(line) for line in ron.letter().raw.splitlines()) <= 998
    assert ron.letter().raw.isascii()


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_names_and_subjects_arrive_in_every_script(small_world: World, text: str) -> None:
    words = " ".join(text.split())[:60].strip()
    ron = small_world.responder("ron@example.org", "Ron")
    name, subject = (Header(words, "utf-8", maxlinelen=9999).encode() for _ in "12")
    raw = f"From: {name} <ann@example.net>\nSubject: {subject}\nTo: hello\n\nHi.\n".encode()
    small_world.brings(raw, "ann@example.net", f"hello@{DOMAIN}")
    ticket = small_world.ticket()
    assert ticket["title"] == words
    assert ticket["requestor"]["name"] == words
    assert spoken(ron.letter(), "Subject") == f"[General #1] {words}"
    assert mailboxes(wire(ron.letter(), "From")) == [(f"{words} (General)", f"ticket1@{DOMAIN}")]
    assert ron.letter().raw.isascii()


def spoken(letter: Letter, name: str) -> str:
    """A header as mail clients show it: Python's own reading puts spaces between the words of a long name."""
    return decoded(wire(letter, name))


def wire(letter: Letter, name: str) -> str:
    """A header as it was sent, on one line."""
    [line] = [line for line in header_lines(letter.raw) if line.startswith(f"{name}:")]
    return line.partition(":")[2].strip()


def test_the_footer_comes_after_a_line_that_looks_like_its_delimiter(small_world: World) -> None:
    ron, ann = small_world.responder("ron@example.org", "Ron"), small_world.actor("ann@example.net", "Ann")
    small_world.act(small_world.opens("ann@example.net"), "Answer", "ron@example.org", "Before\n-- \nAfter")
    assert "Before\n-- \nAfter" in ann.letter().text
    assert ann.letter().footer.endswith("You're getting this because ticket 1 is your request.")
    assert not [letter for letter in ron.letters if "Before" in letter.text]


# What a sender wrote can add nothing

EVIL = {
    "an encoded CRLF": "=?utf-8?q?Ann=0D=0ABcc:_victim@example.com?=",
    "an encoded LF": "=?utf-8?q?Ann=0ABcc:_victim@example.com=0A=0ABody?=",
    "base64": "=?utf-8?b?QW5uDQpCY2M6IHZpY3RpbUBleGFtcGxlLmNvbQ==?=",
    "a fold": "Ann\r\n Bcc: victim@example.com",
    "a bare CR": "Ann\rBcc: victim@example.com",
    "a NUL": "Ann\x00Bcc: victim@example.com",
    "a line separator": "=?utf-8?b?QW5u4oCoQmNjOiB2aWN0aW1AZXhhbXBsZS5jb20=?=",
    "a next line": "=?utf-8?b?QW5uwoVCY2M6IHZpY3RpbUBleGFtcGxlLmNvbQ==?=",
    "a vertical tab and a form feed": "=?utf-8?q?Ann=0B=0CBcc:_victim@example.com?=",
    "bidi overrides": "=?utf-8?b?QW5u4oCuQmNjOuKApiB2aWN0aW1AZXhhbXBsZS5jb20=?=",
    "an escape": "=?utf-8?q?Ann=1B[31mBcc:_victim@example.com?=",
    "quotes and brackets": '"Ann\\" <victim@example.com>, \\"Bcc:" ',
    "a word in a word": "=?utf-8?q?=3D=3Futf-8=3Fq=3FAnn=3D0D=3D0ABcc=3A_victim=3F=3D?=",
    "very long": f"=?utf-8?q?{'Ann_' * 3000}?=",
    "raw bytes": "Ann \udcff\udcfe Bcc: victim",
}
ALLOWED_HEADERS = {
    *("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted"),
    *(
        "X-Auto-Response-Suppress",
        "X-Mail-Tickets-Loop",
        "List-Id",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    ),
}
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("place", ["From", "Subject", "Message-ID"])
@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_nothing_a_sender_wrote_adds_a_header_or_reaches_one_raw(small_world: World, evil: str, place: str) -> None:
    ron, ann = small_world.responder("ron@example.org", "Ron"), small_world.known("ann@example.net")
    fields = {"From": "ann@example.net", "Subject": "Hi", "Message-ID": "<a@home.example>"}
    fields[place] = {"From": f"{evil} <ann@example.net>", "Message-ID": f"<{evil}@home>"}.get(place, evil)
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    raw = f"{head}To: hello\r\n\r\nHi.\r\n".encode("utf-8", "surrogateescape")
    small_world.brings(raw, "ann@example.net", f"hello@{DOMAIN}")
    ron.replies(ron.letter(), "Hello.")
    letters = small_world.far_end.letters
    if place != "From":
        assert ann.letter()
    assert len(letters) >= 1
    for letter in letters:
        lines = header_lines(letter.raw)
        assert {line.partition(":")[0] for line in lines} <= ALLOWED_HEADERS
        assert len({line.partition(":")[0] for line in lines}) == len(lines)
        for name, value in letter.mail.items():
            assert not CONTROL.search(value), name
        assert [address for _, address in getaddresses([letter["From"]])] == [f"ticket1@{DOMAIN}"]
        assert [address.addr_spec for address in letter.mail["From"].addresses] == [f"ticket1@{DOMAIN}"]
        assert len(letter.mail["To"].addresses) == 1


def test_no_control_or_bidi_character_of_a_mail_reaches_a_letters_text(small_world: World) -> None:
    ron, ann = small_world.responder("ron@example.org", "Ron"), small_world.actor("ann@example.net", "Ann")
    ann.writes("hello", "a\x1b[31mb\x07c\u202egpj.exe\u2066d\x00e\x85f\x0bg")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", ron.letter().all_text)
    assert "gpj.exe" in ron.letter().text


@pytest.mark.parametrize("subject", ["x" * 60, "word " * 30])
def test_no_header_begins_with_an_empty_line(small_world: World, subject: str) -> None:
    ron, ann = small_world.responder("ron@example.org", "Ron"), small_world.actor("ann@example.net", "Ann")
    ann.writes("hello", "Hi.", subject=subject)
    assert not re.search(rb"^[\w-]+:[ \t]*\r?$", ron.letter().raw.partition(b"\n\n")[0], re.M)


@pytest.mark.parametrize(
    "email", ['"two.(words)"@example.net', "o'hara+x=y@example.net", "日本@例え.example", "a..b@docomo.ne.jp"]
)
def test_odd_addresses_get_their_letters(small_world: World, email: str) -> None:
    small_world.known("root@example.org", "Root", admin=True)
    small_world.opens(email)
    small_world.act(1, "Answer", "root@example.org", "Hello.")
    [letter] = small_world.far_end.letters
    written = email.replace("例え", "xn--r8jz45g")
    assert letter.recipient == written
    assert small_world.rows(Person.email)[1:] == [email]
    assert wire(letter, "To").endswith(f"<{written}>")


def test_templates_are_plain_text_and_markup_is_left_alone(small_world: World) -> None:
    ron, ann = small_world.responder("ron@example.org", "Ron"), small_world.actor("ann@example.net", "A <b> & {{ x }}")
    ann.writes("hello", "1 < 2 & {{ 7 * 7 }} {% raw %} <script>")
    assert "1 < 2 & {{ 7 * 7 }} {% raw %} <script>" in ron.letter().text


def test_a_broad_story_tells_nobody_a_shell_command_and_the_public_no_address_of_staff(database_url: str) -> None:
    small = Small(database_url)
    tell_story(small)
    staff = [email_of(ROB), email_of(RITA)]
    letters = [letter for letter in small.world.far_end.letters if letter.recipient != email_of(ROB)]
    public = [letter for letter in letters if letter.recipient not in staff]
    small.world.close()
    assert len(public) > 20
    assert not [letter.all_text for letter in letters if re.search(r"(?:`|    )tickets [a-z]+", letter.all_text)]
    assert not [letter.all_text for letter in public if any(email in letter.all_text for email in staff)]
    shell = re.compile(r"(?:`|    |: )tickets [a-z]+")
    # Errors are read at a terminal, too; those two are about what only its commands name.
    commands = {path.name: shell.findall(path.read_text(encoding="utf-8")) for path in TEMPLATES.rglob("*.txt")}
    assert {name for name, mentions in commands.items() if mentions} == {"admin.txt", "errors.txt"}
    assert set(commands["errors.txt"]) == {": tickets outbox", ": tickets unmatched"}
