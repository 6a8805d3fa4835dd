"""Claims about private words, mail by mail over real SMTP: what is quoted never leaves, what is written always does."""

from base64 import encodebytes
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from typing import Any

import pytest

from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.queue_setup import remove_responder
from mail_tickets.model.records.queues import find_queue
from mail_tickets.model.search.hit_json import found_summaries
from mail_tickets.model.search.indexer import catch_up
from mail_tickets.model.search.query import read_query
from mail_tickets.model.search.search import search
from mail_tickets.model.tickets.filters import Filter
from tests.support.staffed_world import PIA, RITA, RON, StaffedWorld, staffed
from tests.support.world import DOMAIN, Actor, Letter

NOTE = "The zebrafish account was closed because nobody paid for it."
HELD_BACK = "One attached file isn't passed on: it's an email to the team"


class NotedWorld(StaffedWorld):
    """An office with a participant, in which Rosa wrote a private note."""

    def __init__(self, office: StaffedWorld) -> None:
        self.__dict__.update(office.__dict__)
        self.pia = self.world.known(PIA, "Pia")
        self.world.asks_in(1, PIA)
        self.rosa.writes("ticket1-comment", f"{NOTE}\nSue him.\n", subject="Between us only")
        self.note = self.ron.letter()

    def hears(self, text: str, by: Actor | None = None, **more: Any) -> str:
        """What Rita's letter says when a colleague writes this to everybody."""
        before = len(self.rita.letters)
        (by or self.ron).writes("ticket1", text, **more)
        assert len(self.rita.letters) == before + 1
        return self.rita.letter().text

    def last(self, viewer: str | None = RITA) -> dict[str, Any]:
        """The newest message, as somebody is shown it."""
        message: dict[str, Any] = self.world.ticket(1, viewer)["messages"][-1]
        return message

    def finds(self, question: str, viewer: str) -> list[dict[str, Any]]:
        """What a search finds for somebody."""
        catch_up(self.world.database)
        with self.world.database.read_only() as uow:
            hits = search(uow, read_query(question), Filter(), get_person(uow, viewer), 20).hits
            return found_summaries(uow, hits)

    def is_tight(self, *secrets: str) -> None:
        """No outsider has got these words in a letter, is shown them, or finds them."""
        for secret in secrets:
            for actor in (self.rita, self.pia):
                assert all(secret not in whole(letter) for letter in actor.letters)
                assert secret not in str(self.world.ticket(1, actor.email))
                assert self.finds(f'"{secret}"', actor.email) == []


def files(letter: Letter) -> list[bytes]:
    """What is attached to a letter."""
    return [bytes(part.get_payload(decode=True) or b"") for part in letter.mail.iter_attachments()]


def whole(letter: Letter) -> str:
    """Everything that a letter carries, files included."""
    return "\n".join([letter["Subject"], letter.all_text, *map(str, files(letter))])


@pytest.fixture(params=LIFECYCLES)
def noted(request: pytest.FixtureRequest, database_url: str) -> Iterator[NotedWorld]:
    """An office of each lifecycle."""
    with staffed(database_url, request.param) as office:
        yield NotedWorld(office)


@pytest.fixture
def inbox_desk(database_url: str) -> Iterator[NotedWorld]:
    """A shared inbox, for what no lifecycle can change."""
    with staffed(database_url, "correspondence") as office:
        yield NotedWorld(office)


# What somebody writes is never cut


@pytest.mark.parametrize("writer", ["rosa", "ron"])
def test_what_stood_in_a_private_note_leaves_once_a_colleague_writes_it_to_everybody(
    noted: NotedWorld, writer: str
) -> None:
    noted.rosa.writes("ticket1-comment", f"My draft:\n\n{NOTE}\nShall I?")
    assert NOTE in noted.hears(f"Hi Rita,\n\n{NOTE}\n\nRosa\n", getattr(noted, writer))
    message = noted.last()
    assert (message["text"], message["full_text"].strip()) == (f"Hi Rita,\n\n{NOTE}\n\nRosa", message["text"])
    assert [find["id"] for find in noted.finds("zebrafish", RITA)] == [1]


def test_a_letter_that_says_only_what_a_note_said_is_not_empty(noted: NotedWorld) -> None:
    assert NOTE in noted.hears(NOTE)


def test_what_is_written_above_and_below_a_quotation_is_not_cut_and_the_quotation_is(noted: NotedWorld) -> None:
    public_line = "We opened it again this morning, and it stays open."
    noted.rosa.writes("ticket1-comment", public_line)
    text = noted.hears(f"{NOTE}\n\n{WROTE}\n> {public_line}\n\n{NOTE}\n")
    assert text.count(NOTE) == 2
    noted.is_tight(public_line)


def test_what_was_written_to_everybody_may_be_quoted_from_then_on(noted: NotedWorld) -> None:
    noted.hears(f"Hi Rita,\n{NOTE}\n")
    assert f"> {NOTE}" in noted.hears(f"See above:\n> {NOTE}\n\nThat was wrong.\n")


def test_nothing_of_a_customers_own_mail_is_cut(noted: NotedWorld) -> None:
    """She never saw the comment that holds the same lines."""
    lines = "Rita Ritz, 12 Long Street, Springfield\nSigned-off-by: Rita Ritz <rita@example.net>"
    noted.ron.writes("ticket1-comment", f"Her data:\n{lines}\n")
    for actor in (noted.rita, noted.pia):
        text = f"Send it there:\n{lines}\n\nOn Sat, 21 Nov 2026 13:00 my bank wrote:\n> {lines}\n\nor to the office."
        actor.writes("ticket1", text)
        message = noted.last()
        assert lines in message["text"]
        assert message["full_text"].strip() == text
        assert lines in noted.ron.letter().text
    assert lines in noted.rita.letter().text
    # Nor of what a colleague quotes of it.
    assert f"> {lines.splitlines()[0]}" in noted.hears(f"Hi,\n> {lines.splitlines()[0]}\nis right?\n")


# What is quoted never leaves

WROTE = "On Sat, Nov 21, 2026 at 1:00 PM Rosa <rosa@example.org> wrote:"
HEAD = "From: Rosa <rosa@example.org>\nSent: Saturday, November 21, 2026 1:00 PM\nTo: Ron\nSubject: Between us only"
QUOTED = {
    "marked": f"No.\n> {NOTE}\n\nSorry.",
    "marked and attributed": f"No.\n\n{WROTE}\n> {NOTE}\n> Sue him.\n",
    "attributed on the line of the words": f"No. {WROTE}\n> {NOTE}\n> Sue him.\n",
    "plain below an attribution on the line of the words": f"No. {WROTE}\n\n{NOTE}\nSue him.\n",
    "answered between": f"No.\n\n{WROTE}\n> {NOTE}\nIt was.\n> Sue him.\nNever.\n",
    "plain below an attribution": f"No.\n\n{WROTE}\n\n{NOTE}\nSue him.\n",
    "plain below an attribution that comes first": f"{WROTE}\n\n{NOTE}\nSue him.\n\nNo.\n",
    "plain below a few words": f"No.\n\nRosa wrote:\n\n{NOTE}\nSue him.\n\nThat is all.\n",
    "plain below header lines": f"No.\n\n{HEAD}\n\n{NOTE}\nSue him.\n",
    "plain below header lines that come first": f"{HEAD}\n\n{NOTE}\nSue him.\n",
    "source": f"No.\n\nMessage-ID: <1@x>\nContent-Type: text/plain\n\n{NOTE}\nSue him.\n",
    "with no-break spaces": "No.\n> " + NOTE.replace(" ", "\u00a0") + "\n\nSorry.",
    "with two spaces": "No.\n> " + NOTE.replace(" ", "  ") + "\n",
    "with zero-width spaces": "No.\n> " + NOTE.replace("fish", "\u200bfi\u200bsh") + "\n",
    "with soft hyphens": "No.\n> " + NOTE.replace("zebra", "ze\u00adbra") + "\n",
    "in bold": f"No.\n> *{NOTE.replace('zebrafish', '*zebrafish*')}*\n",
    "in wide letters": "No.\n> " + "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in NOTE) + "\n",
    "in capitals": f"No.\n> {NOTE.upper()}\n",
    "in lines of its own": "No.\n> " + NOTE.replace(" account", "\n> account").replace("because", "\n>because") + "\n",
    "marked by initials": f"No.\nRW> {NOTE}\nRW> Sue him.\n\nSorry.",
    "marked by initials twice": f"No.\n> RW> {NOTE}\n",
    "marked otherwise": f"No.\n» {NOTE}\n| {NOTE}\n",
    "behind a lead-in": f"No.\nAs Rosa said: {NOTE}\n",
    "behind another lead-in": f'No.\nRosa wrote: "{NOTE}"\n',
    "amid other words": f"No.\n> She says: {NOTE} That is so.\n",
    "passed on": f"No.\n\n-------- Forwarded Message --------\n{HEAD}\n\n{NOTE}\nSue him.\n",
}


@pytest.mark.parametrize("text", QUOTED.values(), ids=QUOTED)
def test_private_words_that_a_colleague_quotes_reach_no_outsider(inbox_desk: NotedWorld, text: str) -> None:
    readable = inbox_desk.hears(text)
    assert ("No." in readable) == ("No." in inbox_desk.last()["full_text"]) == ("No." in text)
    inbox_desk.is_tight(
        "zebrafish", "Sue him", "Between us only", "ZEBRAFISH", "nobody paid", NOTE.replace(" ", "\u00a0")
    )
    assert inbox_desk.last(None)["full_text"].strip() == text.strip()


def test_private_words_in_an_html_quotation_reach_no_outsider(noted: NotedWorld) -> None:
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Message-ID"] = RON, f"ticket1@{DOMAIN}", make_msgid(domain="ron.example")
    quoted = f"<div>{WROTE}</div><blockquote>{NOTE}<br>Sue him.</blockquote>"
    mail.set_content(f"<p>No.</p>{quoted}<p>{NOTE}</p>", subtype="html")
    noted.world.brings(mail.as_bytes(), RON, f"ticket1@{DOMAIN}")
    assert noted.rita.letter().text.count(NOTE) == 1
    noted.is_tight("Sue him")


def test_with_commands_the_same_holds(noted: NotedWorld) -> None:
    noted.steers(noted.ron, f"Owner: me\n\n{NOTE}\n> Sue him.\n\nSorry.")
    assert NOTE in noted.rita.letter().text
    noted.is_tight("Sue him")


def test_a_mail_whose_ticket_is_merged_into_that_of_the_note_quotes_it_no_more(noted: NotedWorld) -> None:
    noted.vouched(noted.ron, f"Merge: 1\n\nNo.\n> {NOTE}\n\nSorry.")
    assert "No." in noted.rita.letter().text
    noted.is_tight("zebrafish")


def test_a_note_stays_private_where_a_colleague_quotes_it_who_has_left_the_team(noted: NotedWorld) -> None:
    noted.hears(f"No.\n\n{WROTE}\n> {NOTE}\n\nSorry.")
    with noted.world.uow() as inside:
        remove_responder(inside, find_queue(inside, "General"), get_person(inside, RON))
    noted.is_tight("zebrafish")


def test_a_comments_letter_pasted_without_marks_tells_nothing(noted: NotedWorld) -> None:
    text = noted.hears(f"Hello.\n\n{noted.note.all_text.strip()}\n\nThat is all.")
    assert "Hello." in text
    noted.is_tight("zebrafish", "Sue him", "see this comment", "-comment@")


@pytest.fixture(params=["what a forged mail says", "who was a stranger", "who has left the team"])
def guesser(request: pytest.FixtureRequest, inbox_desk: NotedWorld) -> Callable[[str], str]:
    """Say to everybody what somebody may try out who sees no private note; returns what outsiders are shown of it."""
    if request.param == "who was a stranger":
        eve = inbox_desk.world.actor("eve@evil.example", "Eve")
        eve.writes("ticket1", "I keep her books.")
        inbox_desk.world.asks_in(1, eve.email)
        inbox_desk.rosa.writes("ticket1", "Welcome.")
        writer = lambda text: eve.replies(eve.letter(), text)  # noqa: E731
    elif request.param == "who has left the team":
        letter = inbox_desk.ron.letters[0]
        with inbox_desk.world.uow() as inside:
            remove_responder(inside, find_queue(inside, "General"), get_person(inside, RON))
        inbox_desk.world.asks_in(1, RON)
        writer = lambda text: inbox_desk.ron.replies(letter, text)  # noqa: E731
    else:
        writer = lambda text: inbox_desk.ron.writes("ticket1", text)  # noqa: E731

    def guess(text: str) -> str:
        writer(text)
        return str(inbox_desk.last()["text"])

    return guess


def guesses(words: list[str]) -> str:
    return "Well:\n" + "".join(f"> {word}\nok\n" for word in words)


def test_nobody_learns_from_what_is_taken_out_which_words_are_private(guesser: Callable[[str], str]) -> None:
    private = ["zebrafish", "Sue him", "nobody", "account was closed", "paid"]
    public = ["yesterday", "giraffe", "sale", "office chair", "green", "we shall", "rain", "many"]
    page = guesser(guesses(private + public))
    assert len({word in page for word in (*private, *public)}) == 1
    # Nor by one word in each of many mails.
    for number in range(5):
        guesser(guesses([f"green{number}"]))
    assert ("> zebrafish" in guesser(guesses(["zebrafish"]))) == ("> giraffe" in guesser(guesses(["giraffe"])))


def test_a_line_that_was_said_to_everybody_is_quoted_whatever_a_note_says(noted: NotedWorld) -> None:
    noted.ron.writes("ticket1-comment", "She called on Tuesday, and never paid.")
    noted.rita.writes(
        "ticket1", "Shall I come on\n\nMonday?\n\nTuesday?\n\nOr does it suit you better if I come on\nTuesday?"
    )
    answers = "> Monday?\nNo.\n\n> Tuesday?\nYes.\n\n> Or does it suit you better if I come\n> on Tuesday?\nYes."
    assert answers in noted.hears(answers)
    assert answers in noted.last()["full_text"]
    assert "> never paid" not in noted.hears("> Tuesday?\n> never paid.\nYes.")


def test_private_words_of_a_script_without_blanks_are_found_in_other_lines(inbox_desk: NotedWorld) -> None:
    inbox_desk.ron.writes("ticket1-comment", "彼女は先月の請求書を支払っていません。詐欺だと思います。")
    text = inbox_desk.hears("はい。\n> 彼女は先月の請求書を\n> 支払っていません。詐欺\n> だと思います。\nはい。")
    assert "請求書" not in text
    inbox_desk.is_tight("請求書", "詐欺", "思います")


# Exchanges off the list

OFF_LIST = "Tell her anything. She is a pest, but the boss likes her lamps."
OFF = {
    "marked": f"Hi Rita, all is well.\n\nOn Fri, Nov 20, 2026 Bob <bob@bank.example> wrote:\n> {OFF_LIST}\n>\n> Bob\n",
    "an old attribution": f"Hi Rita, all is well.\n\n2026/11/20 Bob <bob@bank.example>\n\n> {OFF_LIST}\n>\n> Bob\n",
    "attributed on the line of the words": (
        f"Hi Rita, all is well. On Fri, Nov 20, 2026 Bob <bob@bank.example> wrote:\n> {OFF_LIST}\n>\n> Bob\n"
    ),
    "header lines": (
        "Hi Rita, all is well.\n\n-----Original Message-----\nFrom: Bob <bob@bank.example>\nTo: Ron\n"
        f"Subject: The pest\n\n{OFF_LIST}\n\nBob\n"
    ),
    "answered below": f"On Fri, Nov 20, 2026 Bob <bob@bank.example> wrote:\n> {OFF_LIST}\n\nHi Rita, all is well.\n",
}


@pytest.mark.parametrize("text", OFF.values(), ids=OFF)
@pytest.mark.parametrize("answers", ["nothing", "a letter", "the exchange"])
def test_an_exchange_that_never_came_here_is_for_the_team_alone(
    inbox_desk: NotedWorld, text: str, answers: str
) -> None:
    more: dict[str, Any] = {"a letter": {"answering": inbox_desk.ron.letters[0]}}.get(answers, {})
    if answers == "the exchange":
        more = {"headers": {"In-Reply-To": "<1@elsewhere>", "References": "<0@elsewhere> <1@elsewhere>"}}
    assert "all is well" in inbox_desk.hears(text, **more)
    message = inbox_desk.last()
    assert (message["text"], message["full_text"].strip()) == ("Hi Rita, all is well.",) * 2
    inbox_desk.is_tight(OFF_LIST, "bank.example", "pest")
    assert inbox_desk.last(None)["full_text"].strip() == text.strip()
    assert inbox_desk.finds("all is well", RITA)


def test_what_everybody_has_read_stays_in_the_full_text(noted: NotedWorld) -> None:
    """Also where a client broke the lines anew, and where the exchange that came with it is taken out."""
    noted.rita.writes("ticket1", "The lamp in the hall blinks three times, then it is dark. Is that the switch?")
    quoted = "> The lamp in the hall blinks three times,\n> then it is dark. Is that the switch?"
    noted.hears(f"Yes.\n\nOn Fri, Nov 20, 2026 Bob <bob@bank.example> wrote:\n> {OFF_LIST}\n{quoted}\n")
    assert noted.last()["full_text"].strip() == f"Yes.\n\n{quoted}"
    noted.is_tight(OFF_LIST, "bank.example")


def test_a_quotation_that_belongs_to_the_words_stays(noted: NotedWorld) -> None:
    """A manual's words never came here either; their writer put them there."""
    text = "The manual says:\n\n> Press the red button for five seconds.\n\nThen it works.\n\n-- \nRon\nof the team"
    assert "> Press the red button" in noted.hears(text)
    assert noted.last()["full_text"].strip() == text


def test_the_full_text_of_a_customers_mail_is_all_of_it(noted: NotedWorld) -> None:
    text = f"See below.\n\nOn Fri, Nov 20, 2026 Bob <bob@bank.example> wrote:\n> {OFF_LIST}\n"
    noted.rita.writes("ticket1", text)
    assert noted.last(PIA)["full_text"].strip() == text.strip()


# What outsiders are shown


def test_outsiders_are_shown_no_id_of_a_letter_of_ours(noted: NotedWorld) -> None:
    noted.ron.replies(noted.ron.letters[0], "Hello Rita.")
    question_id = noted.world.ticket()["messages"][0]["message_id"]
    noted.rosa.writes("ticket1", "Hello again.", headers={"In-Reply-To": question_id})
    ticket = noted.world.ticket(1, RITA)
    assert [message["in_reply_to"] for message in ticket["messages"]] == [None, None, question_id]
    letters = {letter["Message-ID"] for letter in noted.world.far_end.letters}
    assert not [id_ for id_ in letters if id_ in str(ticket)]
    assert noted.world.ticket(1, RON)["messages"][2]["in_reply_to"] == noted.ron.letters[0]["Message-ID"]


def test_outsiders_are_shown_changes_of_the_status_alone(noted: NotedWorld) -> None:
    noted.world.sets(1, RON, assignee=RON, priority=7, title="Another title")
    noted.world.known("boss@example.org", "Boss")
    noted.world.asks_in(1, "boss@example.org")
    noted.hears("It is done.")
    fields = {change["field"] for change in noted.world.ticket()["changes"]}
    assert {"assignee", "priority", "subject", "status"} <= fields
    changes = noted.world.ticket(1, RITA)["changes"]
    assert {change["field"] for change in changes} == {"status"}
    assert [(change["old"], change["new"]) for change in changes] == [
        (change["old"], change["new"]) for change in noted.world.ticket()["changes"] if change["field"] == "status"
    ]
    assert changes[-1]["by"] == {"email": None, "name": "Ron"}
    assert noted.world.ticket(1, RON)["changes"] == noted.world.ticket()["changes"]


def test_outsiders_are_shown_no_address_but_their_own(noted: NotedWorld) -> None:
    noted.world.sets(1, RON, assignee=RON)
    noted.world.known("nameless@example.com")
    noted.world.asks_in(1, "nameless@example.com")
    noted.hears("Hello.")
    ticket = noted.world.ticket(1, RITA)
    assert ticket["requestor"] == {"email": RITA, "name": "Rita"}
    assert ticket["assignee"] == {"email": None, "name": "Ron"}
    assert ticket["participants"] == [{"email": None, "name": "Pia"}, {"email": None, "name": "nameless"}]
    assert [message["sender"]["email"] for message in ticket["messages"]] == [RITA, None]
    assert noted.world.ticket(1, PIA)["requestor"] == {"email": None, "name": "Rita"}
    assert noted.world.ticket(1, RON)["requestor"] == {"email": RITA, "name": "Rita"}
    assert list(ticket) == [*noted.world.ticket(), "reply"]
    assert list(ticket["messages"][0]) == list(noted.world.ticket()["messages"][0])
    assert "@example" not in str(ticket).replace(RITA, "").replace("@home.example", "").replace(DOMAIN, "")
    [hit] = noted.finds("Hello", RITA)
    assert (hit["assignee"], hit["requestor"]) == (ticket["assignee"], ticket["requestor"])
    assert noted.finds(RON, RITA) == []


def test_the_page_that_an_outsider_asks_for_shows_the_same(noted: NotedWorld) -> None:
    noted.world.sets(1, RON, assignee=RON, priority=7)
    noted.ron.replies(noted.ron.letters[0], OFF["marked"])
    [page] = noted.steers(noted.rita, "show") if noted.rita.letters else []
    assert f"From: Rita <{RITA}>\nOwner: Ron\nCopied in: Pia" in page.text
    assert "You wrote:" in page.text
    assert "Hi Rita, all is well." in page.text
    for secret in (RON, PIA, "zebrafish", "pest", "riority", *(letter["Message-ID"] for letter in noted.ron.letters)):
        assert secret not in page.all_text


# A letter of ours as a file


def as_it_came(letter: Letter) -> bytes:
    """A letter in its reader's mailbox, where a server put its envelope sender on top."""
    raw = letter.raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return f"Return-Path: <{letter.envelope_from}>\r\n".encode() + raw


def sent_on(letter: bytes, head: str, *, encoded: bool = False) -> bytes:
    """One part of a mail, which has a letter in it."""
    if encoded:
        return f"{head}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode() + encodebytes(letter)
    return f"{head}\r\n\r\n".encode() + letter


def nested(letter: bytes) -> bytes:
    """A mail that a colleague sent on, and in which the letter is encoded."""
    inner = sent_on(letter, "Content-Type: application/octet-stream; name=letter.eml", encoded=True)
    return (
        b"From: rosa@example.org\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\n\r\nLook.\r\n--inner\r\n"
        + inner
        + b"\r\n--inner--\r\n"
    )


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "a mail": lambda content: sent_on(content, "Content-Type: message/rfc822"),
    "a mail with a name": lambda content: sent_on(
        content, 'Content-Type: message/rfc822; name="Between us only.eml"\r\nContent-Disposition: attachment'
    ),
    "a mail, encoded": lambda content: sent_on(content, "Content-Type: message/rfc822", encoded=True),
    "a mail in a mail": lambda content: sent_on(nested(content), "Content-Type: message/rfc822"),
    "a mail in a mail in a mail": lambda content: sent_on(
        nested(sent_on(nested(content), "Content-Type: message/rfc822")), "Content-Type: message/rfc822"
    ),
    "bytes": lambda content: sent_on(content, "Content-Type: application/octet-stream; name=x.bin", encoded=True),
    "a file of Outlook's": lambda content: sent_on(
        b"\xd0\xcf\x11\xe0" + content.decode("ascii", "replace").encode("utf-16-le"),
        "Content-Type: application/vnd.ms-outlook; name=letter.msg",
        encoded=True,
    ),
    "an unknown type": lambda content: sent_on(content, "Content-Type: x-mail/x-unknown; name=letter"),
    "a broken type": lambda content: sent_on(content, "Content-Type: rfc822\r\nContent-Disposition: attachment"),
    "a broken type that is shown": lambda content: sent_on(content, "Content-Type: ;;;"),
    "a text file": lambda content: sent_on(content, "Content-Type: text/plain; name=letter.txt", encoded=True),
}


def brings(noted: NotedWorld, part: bytes, to: str = "ticket1", sender: str = RON) -> str:
    """A mail with words and this part; its Message-ID."""
    message_id = make_msgid(domain="ron.example")
    raw = (
        f"From: {sender}\r\nTo: {to}@{DOMAIN}\r\nSubject: Re: Printer\r\nMessage-ID: {message_id}\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n"
        "--outer\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--outer\r\n"
    ).encode()
    noted.world.clock.passes(seconds=1)
    noted.world.brings(raw + part + b"\r\n--outer--\r\n", sender, f"{to}@{DOMAIN}")
    return message_id


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("kind", ["a private letter", "a letter to the team"])
def test_a_letter_to_the_team_that_is_attached_stays_with_the_team(
    inbox_desk: NotedWorld, form: Any, kind: str
) -> None:
    letter = inbox_desk.note if kind == "a private letter" else inbox_desk.ron.letters[0]
    brings(inbox_desk, form(as_it_came(letter)))
    for actor in (inbox_desk.rita, inbox_desk.pia):
        assert files(actor.letter()) == []
        assert "See the file." in actor.letter().text
        assert HELD_BACK in actor.letter().text
    assert inbox_desk.last()["attachments"] == []
    inbox_desk.is_tight("zebrafish", "Between us only", letter["Message-ID"], letter.envelope_from)
    # The team has it whole.
    assert HELD_BACK not in inbox_desk.rosa.letter().text
    assert len(files(inbox_desk.rosa.letter())) == len(inbox_desk.last(None)["attachments"]) == 1


def test_two_such_files_are_told_in_one_line_and_others_are_passed_on(noted: NotedWorld) -> None:
    twice = b"\r\n--outer\r\n".join([FORMS["a mail"](as_it_came(noted.note))] * 2)
    plan = b"Content-Type: application/pdf; name=plan.pdf\r\n\r\n%PDF"
    brings(noted, twice + b"\r\n--outer\r\n" + plan)
    assert [part.get_filename() for part in noted.rita.letter().mail.iter_attachments()] == ["plan.pdf"]
    assert "2 attached files aren't passed on: they're emails to the team" in noted.rita.letter().words
    assert [file["name"] for file in noted.last()["attachments"]] == ["plan.pdf"]
    assert len(files(noted.rosa.letter())) == 3


def test_the_names_of_such_files_find_nothing_for_outsiders(noted: NotedWorld) -> None:
    brings(noted, FORMS["a mail with a name"](as_it_came(noted.note)))
    assert noted.finds('"Between us only"', RON)
    assert noted.finds('"Between us only"', RITA) == []


def test_a_letter_to_an_outsider_and_any_other_mail_are_passed_on(noted: NotedWorld) -> None:
    noted.hears("Hello Rita.")
    own = as_it_came(noted.rita.letter())
    template = b"From: bob@bank.example\r\nMessage-ID: <%b@b>\r\n\r\nHello."
    alike = b"0123456789abcdef.0123456789abcdef0123456789abcdef@\xff", b"\xff.0123456789abcdef0123456789abcdef@b"
    for sender, part in ((RITA, own), (RON, own), *((RON, template % number) for number in (b"1", *alike))):
        brings(noted, FORMS["a mail"](part), sender=sender)
        reader = noted.pia
        assert len(files(reader.letter())) == 1
        assert "not passed on" not in reader.letter().text
        assert len(noted.last(PIA)["attachments"]) == 1


def test_in_private_the_team_gets_every_file(noted: NotedWorld) -> None:
    before = len(noted.rita.letters)
    brings(noted, FORMS["a mail"](as_it_came(noted.note)), "ticket1-comment")
    assert len(files(noted.rosa.letter())) == 1
    assert len(noted.rita.letters) == before


def test_a_first_mail_keeps_a_letter_to_the_team_from_whom_it_asks_in(noted: NotedWorld) -> None:
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Cc"] = RON, f"hello@{DOMAIN}", PIA
    mail["Subject"], mail["Message-ID"] = "New", make_msgid(domain="ron.example")
    mail.set_content("Look at this.")
    mail.add_attachment(as_it_came(noted.note), "application", "octet-stream", filename="letter.eml")
    noted.world.brings(mail.as_bytes(), RON, f"hello@{DOMAIN}")
    assert noted.world.ticket(2, None)["messages"][0]["attachments"]
    assert len(files(noted.rosa.letter())) == 1
    # Nothing proves the mail: whom it names waits until the team answers.
    noted.ron.replies(noted.ron.letter(), "I wrote that.")
    assert noted.world.ticket(2, PIA)["messages"][0]["attachments"] == []


# Titles and subjects


@pytest.mark.parametrize("line", ["Requestor: otto@example.net", "AddCc: otto@example.net"])
def test_the_title_of_a_ticket_that_the_team_opened_in_private_is_nobodys_else(
    inbox_desk: NotedWorld, line: str
) -> None:
    inbox_desk.rosa.writes("hello-comment", "Sue him?", subject="Zebrafish fraud of Otto")
    assert inbox_desk.world.ticket(2)["title"] == "Zebrafish fraud of Otto"
    inbox_desk.ron.replies(inbox_desk.ron.letter(), line)
    assert "Subject: Zebrafish fraud of Otto → Ticket 2" in inbox_desk.ron.letter().text
    inbox_desk.ron.writes("ticket2", "Hello Otto.", answering=inbox_desk.ron.letter())
    otto = inbox_desk.world.actor("otto@example.net")
    otto.replies(otto.letter(), "show")
    assert all("Zebrafish" not in whole(letter) for letter in otto.letters)
    assert "Zebrafish" not in str(inbox_desk.world.ticket(2, "otto@example.net"))
    inbox_desk.ron.replies(inbox_desk.ron.letters[-1], "Subject: A chair")
    assert inbox_desk.world.ticket(2)["title"] == "A chair"


def test_a_title_that_began_in_private_is_not_told_to_whom_a_merge_or_a_cc_brings(inbox_desk: NotedWorld) -> None:
    rosa, ron = inbox_desk.rosa, inbox_desk.ron
    rosa.writes("hello-comment", "Sue him?", subject="Zebrafish fraud of Rita")
    ron.replies(ron.letters[0], "Merge: 2")
    ron.replies(ron.letter(), "yes")
    assert inbox_desk.world.ticket(2)["title"] == "Ticket 2"
    assert "Ticket 2" in inbox_desk.rita.letter()["Subject"]
    assert "Subject: Zebrafish fraud of Rita → Ticket 2" in ron.letter().text
    rosa.writes("hello-comment", "Sue him?", subject="Kingfisher fraud of Otto")
    rosa.writes("ticket3", "Let us ask him.")
    ron.replies(ron.letter(), "Hello Otto.", headers={"Cc": "otto@example.net"})
    otto = inbox_desk.world.actor("otto@example.net")
    assert [person["email"] for person in inbox_desk.world.ticket(3)["participants"]] == [otto.email]
    ron.replies(ron.letter(), "Are you there?")
    assert "Ticket 3" in otto.letter()["Subject"]
    for reader in (inbox_desk.rita, inbox_desk.pia, otto):
        assert not [letter for letter in reader.letters if "fraud" in whole(letter)]


def test_the_subject_of_a_note_is_not_shown_with_a_public_reply(inbox_desk: NotedWorld) -> None:
    inbox_desk.hears("Here you are.", subject="Re: Between us only")
    assert inbox_desk.last()["subject"] == inbox_desk.world.ticket()["title"]
    assert inbox_desk.last(None)["subject"] == "Re: Between us only"
    inbox_desk.is_tight("Between us only")
    inbox_desk.rita.writes("ticket1", "Hm.", subject="Between us only")
    assert inbox_desk.last()["subject"] == "Between us only"


@pytest.mark.parametrize("subject", ["Fwd: Between us only (the fraud)", "Rita / between  us\u00a0*only*"])
def test_a_subject_that_holds_that_of_a_note_is_not_told_either(inbox_desk: NotedWorld, subject: str) -> None:
    assert "the fraud" not in inbox_desk.hears("Here you are.", subject=subject)
    inbox_desk.is_tight("etween us only")
    assert inbox_desk.last()["subject"] == inbox_desk.world.ticket()["title"]
    # One of its own is told.
    assert "Subject: Between you and me" in inbox_desk.hears("And this.", subject="Between you and me")
