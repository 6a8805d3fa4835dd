"""Claims about questions by mail: who gets an answer, what it says, and that nothing else comes of one."""

import pytest

from mail_tickets.model.inbound import search_requests
from mail_tickets.model.records.letters import Letter as Row
from mail_tickets.model.records.messages import Message
from mail_tickets.model.records.people import Person, get_person
from mail_tickets.model.records.queue_setup import add_responder
from mail_tickets.model.records.queues import BadQueue, find_queue
from mail_tickets.model.records.received_mail import unmatched_deliveries
from mail_tickets.model.records.tickets import Ticket
from mail_tickets.model.tickets.storms.answer_chains import MOST_PAGES
from mail_tickets.model.tickets.storms.letter_limits import MOST_ANSWERS, MOST_PROVEN
from tests.support.world import DOMAIN, Actor, Letter, World

LAST = "so we'll stop for an hour."
ANN, BEA, RON, ROOT = "ann@example.net", "bea@example.net", "ron@example.org", "root@example.org"


class SearchDesk:
    """A tracker with some tickets, Ron who answers for General, and Root."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ron = world.responder(RON, "Ron")
        self.root = world.known(ROOT, "Root", admin=True)
        self.ann = world.actor(ANN, "Ann")
        self.ann.writes("hello", "The toner is empty.", subject="Printer in room 12")
        world.actor(BEA, "Bea").writes("questions", "Is the printer on fire?", subject="Smoke")
        self.ron.writes("ticket1-comment", "The printer is Rosa's secret.", subject="x")
        self.before = self.row_counts()

    def row_counts(self) -> tuple[int, ...]:
        return tuple(len(self.world.rows(table)) for table in (Ticket, Message, Person))

    def aside(self) -> list[str]:
        with self.world.database.read_only() as uow:
            return [delivery.reason for delivery in unmatched_deliveries(uow)]

    def asks(self, who: Actor, subject: str, text: str = "", to: str = "hello-search", **more: object) -> Letter | None:
        """Somebody asks; their new letter, if there is one. Nothing is posted, and nobody becomes known."""
        count = len(who.letters)
        who.writes(to, text, subject=subject, **more)  # type: ignore[arg-type]
        assert self.row_counts() == self.before
        assert len(who.letters) - count in (0, 1)
        return who.letters[count] if len(who.letters) > count else None


@pytest.fixture
def uow(inbox: World) -> SearchDesk:
    return SearchDesk(inbox)


@pytest.fixture
def small(small_inbox: World) -> SearchDesk:
    return SearchDesk(small_inbox)


def present(letter: Letter | None) -> Letter:
    assert letter is not None
    return letter


def words(letter: Letter | None) -> str:
    return " ".join(present(letter).text.split())


def test_the_words_of_the_subject_are_looked_for(uow: SearchDesk) -> None:
    letter = present(uow.asks(uow.ron, "toner", "Cheers, Ron"))
    assert letter.text == (
        '1 ticket matches "toner":\n\n'
        "#1  new, 2026-11-21: Printer in room 12 (ticket1@tickets.example)\n    Ann: The toner is empty.\n\n"
        "To read one, reply: show 1"
    )
    assert letter.footer == (
        "Reply to this email with other words to search again, or with show 12 to\n"
        "read a ticket. Nobody else sees this.\n"
        "You're getting this because you emailed hello-search@tickets.example."
    )
    assert (letter["From"], letter["Subject"]) == ("General <hello-search@tickets.example>", "Search: toner")
    assert letter["Reply-To"] in ("", "hello-search@tickets.example", letter["From"])
    assert letter["Auto-Submitted"].startswith("auto-")
    assert (letter.recipient, letter.mail.get_content_type()) == (RON, "text/plain")
    assert uow.aside() == []


def test_every_queue_is_searched_as_far_as_the_asker_may_see(uow: SearchDesk) -> None:
    """Ron answers for General, and sees Questions as anybody does whom the tracker knows."""
    letter = present(uow.asks(uow.ron, "printer"))
    assert "ticket1@" in letter.text
    assert "ticket2@" in letter.text
    assert "Rosa" in present(uow.asks(uow.ron, "secret")).text
    rosa = uow.world.responder("rosa@example.org", "Rosa", queue="Questions")
    uow.before = uow.row_counts()
    letter = present(uow.asks(rosa, "printer", to="questions-search"))
    assert "ticket1@" not in letter.text
    assert "ticket2@" in letter.text
    assert present(uow.asks(rosa, "secret")).text.startswith('Nothing matches "secret".')
    assert "Rosa" in present(uow.asks(uow.root, "secret")).text


def test_without_a_subject_the_words_below_it_are_looked_for(uow: SearchDesk) -> None:
    assert "ticket1@" in present(uow.asks(uow.ron, "", "toner")).text
    # Where the subject finds nothing, too; then the letter names what was found.
    letter = present(uow.asks(uow.ron, "A question of mine", "toner"))
    assert letter.text.partition("\n")[0].endswith(' "toner":')
    letter = present(uow.asks(uow.ron, "giraffe", "okapi"))
    assert letter.text.startswith('Nothing matches "giraffe".')


def test_an_answer_asks_by_its_own_words(uow: SearchDesk) -> None:
    letter = present(uow.asks(uow.ron, "toner"))
    again = present(
        uow.asks(
            uow.ron,
            f"Re: {letter['Subject']}",
            "smoke\n\nOn Monday, General wrote:\n> toner\n",
            answering=letter,
            to=letter["Reply-To"] or letter["From"],
        )
    )
    assert again.text.partition("\n")[0].endswith('matches "smoke":')
    assert "ticket1@" not in again.text
    assert present(uow.asks(uow.ron, "Re: toner", "smoke")).text.partition("\n")[0].endswith('matches "smoke":')
    assert present(uow.asks(uow.ron, "Re: toner", "")).text.partition("\n")[0].endswith(' "toner":')


def test_what_the_footer_promises_is_so(uow: SearchDesk) -> None:
    letter = present(uow.asks(uow.ron, "toner"))
    to = letter["Reply-To"] or letter["From"]
    page = present(uow.asks(uow.ron, f"Re: {letter['Subject']}", "show 1", answering=letter, to=to))
    assert page.text.startswith("Ticket 1 in General: Printer in room 12")
    assert "The toner is empty." in page.text
    assert f"To write on this ticket, start a new email to ticket1@{DOMAIN}." in page.text
    assert "you emailed hello-search@tickets.example" in page.footer
    helped = present(uow.asks(uow.ron, f"Re: {letter['Subject']}", "help", answering=page, to=to))
    assert helped.text.startswith("Email hello-search@tickets.example to find tickets.")
    # What the help names is so too.
    assert present(uow.asks(uow.ron, "list")).text.startswith("Your open tickets:")
    assert "We can't show you ticket 99" in present(uow.asks(uow.ron, "", "show 99")).text
    assert present(uow.asks(uow.ron, "show 1")).text == page.text


def test_where_there_is_no_word_the_letter_says_how_to_ask(uow: SearchDesk) -> None:
    letter = present(uow.asks(uow.ron, "", "!!"))
    assert letter.text.startswith("Tell us what to look for: put it in the subject.")
    assert '"exact phrase"' in letter.text


def test_beginnings_and_how_many_more_are_told(uow: SearchDesk) -> None:
    for number in range(22):
        uow.world.opens(ANN, f"Zebra {number}")
    uow.before = uow.row_counts()
    letter = present(uow.asks(uow.ron, "zebr"))
    assert letter.text.startswith('Nothing matches "zebr" exactly. These come close:')
    assert "2 more tickets match." in letter.text


def test_it_goes_to_the_stored_address_alone(uow: SearchDesk) -> None:
    """Somebody else can write in Ron's name, and learns nothing by it."""
    uow.ron.writes("hello-search", "", subject="secret", headers={"Reply-To": "eve@evil.example"})
    assert {letter.recipient for letter in uow.world.far_end.letters if "secret" in letter.all_text} == {RON}


@pytest.mark.parametrize("who", ["stranger", "requestor", "known"])
def test_who_does_not_answer_is_not_answered_and_their_mail_is_kept(uow: SearchDesk, who: str) -> None:
    if who == "known":
        uow.world.known("otto@example.net")
        uow.before = uow.row_counts()
    email = {"stranger": "steve@example.net", "requestor": ANN, "known": "otto@example.net"}[who]
    assert uow.asks(uow.world.actor(email), "toner") is None
    assert uow.aside() == ["only people on a team can search"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List-Id": "<club.example>"},
        {"X-Spam-Flag": "YES"},
        {"From": "hello@tickets.example"},
    ],
)
def test_programs_lists_and_spam_are_never_answered(small: SearchDesk, headers: dict[str, str]) -> None:
    assert small.asks(small.ron, "toner", headers=headers) is None
    assert len(small.aside()) == 1


def test_a_bounce_is_never_answered(small: SearchDesk) -> None:
    raw = f"From: {RON}\nTo: hello-search@{DOMAIN}\nSubject: toner\nContent-Type: multipart/report\n\nx\n".encode()
    small.world.brings(raw, "", f"hello-search@{DOMAIN}")
    assert (small.ron.letters[1:], len(small.aside()), small.row_counts()) == ([], 1, small.before)


def test_our_own_letter_that_comes_back_is_set_aside(small: SearchDesk) -> None:
    letter = small.ron.letters[0]
    small.world.brings(letter.raw, RON, f"hello-search@{DOMAIN}")
    assert len(small.aside()) == 1


def test_the_same_mail_again_does_nothing(uow: SearchDesk) -> None:
    same = {"Message-ID": "<once@home.example>"}
    assert uow.asks(uow.ron, "toner", headers=same) is not None
    assert uow.asks(uow.ron, "toner", headers=same) is None


def test_a_storm_of_questions_is_answered_twenty_times_an_hour_and_the_rest_is_kept(small: SearchDesk) -> None:
    letters = [small.asks(small.ron, f"toner {number}") for number in range(25)]
    assert [letter is not None for letter in letters] == [True] * MOST_ANSWERS + [False] * 5
    assert LAST not in words(letters[MOST_ANSWERS - 2])
    assert f"{LAST} Replying to this email still works." in words(letters[MOST_ANSWERS - 1])
    # What is not answered does not say so, and can be answered later.
    assert [reason.startswith("we answered as many emails in this person's name") for reason in small.aside()] == [
        True
    ] * 5
    small.world.clock.passes(hours=2)
    assert small.asks(small.ron, "toner") is not None
    with small.world.uow() as uow:
        number = unmatched_deliveries(uow)[0].id
    before = len(small.ron.letters)
    assert small.world.intake.redeliver(number).fate == "answered"
    small.world.settle()
    assert (len(small.ron.letters), len(small.aside())) == (before + 1, 4)


def test_a_question_beyond_the_budget_that_comes_again_does_nothing(small: SearchDesk) -> None:
    same = {"Message-ID": "<once@home.example>"}
    for number in range(MOST_ANSWERS):
        small.asks(small.ron, f"toner {number}", headers=same if number == 0 else None)
    # One that was answered is no new question, either.
    for headers in (same, {"Message-ID": "<late@home.example>"}, {"Message-ID": "<late@home.example>"}):
        assert small.asks(small.ron, "toner", headers=headers) is None
    assert small.asks(small.ron, "toner 0", headers=same) is None


@pytest.mark.parametrize("to", ["hello-search", "questions-search"])
def test_a_proven_question_is_answered_however_many_there_were(small: SearchDesk, to: str) -> None:
    """A busy helper replies to the lists that they get."""
    letter = present(small.asks(small.ron, "toner"))
    for number in range(MOST_ANSWERS + 10):
        letter = present(small.asks(small.ron, "Re: Search", f"toner {number}", answering=letter, to=to))
    # Nobody else's mail is, in their name.
    assert small.asks(small.ron, "toner") is None
    assert small.asks(small.ron, "toner", headers={"In-Reply-To": small.ann.email}) is None


def test_an_answer_to_a_page_from_a_queue_is_proven_too(small: SearchDesk) -> None:
    small.ron.writes("hello", "help")
    for _ in range(MOST_ANSWERS + 5):
        before = len(small.ron.letters)
        small.ron.replies(small.ron.letter(), "help")
        assert len(small.ron.letters) == before + 1
    assert small.row_counts() == small.before


def test_a_question_that_is_sent_again_elsewhere_proves_nothing(small: SearchDesk) -> None:
    letter = present(small.asks(small.ron, "toner"))
    for number in range(MOST_ANSWERS):
        small.asks(small.ron, f"toner {number}")
    again = {"Message-ID": "<once@home.example>"}
    assert small.asks(small.ron, "Re:", "toner", answering=letter, headers=again) is not None
    assert small.asks(small.ron, "Re:", "toner", answering=letter, headers=again, to="questions-search") is None


def test_a_letter_whose_id_a_question_showed_to_others_proves_nothing_more(small: SearchDesk) -> None:
    letter = present(small.asks(small.ron, "toner"))
    for number in range(MOST_ANSWERS):
        small.asks(small.ron, f"toner {number}")
    headers = {"To": f"hello-search@{DOMAIN}", "Cc": "Eve <eve@evil.example>"}
    assert small.asks(small.ron, "Re:", "toner", answering=letter, headers=headers) is not None
    assert small.asks(small.ron, "Re:", "smoke", answering=letter) is None


def test_a_program_that_answers_every_list_stops(small: SearchDesk) -> None:
    """One without the headers that say so, and whose answers prove who they are from."""
    small.ron.writes("hello-search", "", subject="toner")
    before = len(small.ron.letters)
    for number in range(2 * MOST_PROVEN):
        count = len(small.ron.letters)
        small.ron.writes("hello-search", f"I am away {number}.", subject="Away", answering=small.ron.letter())
        if len(small.ron.letters) == count:
            break
    assert len(small.ron.letters) - before == MOST_PAGES - 1
    assert "we won't answer a reply to this one" in words(small.ron.letter())


def test_a_mail_to_a_queue_and_to_its_questions_opens_a_ticket_and_is_answered(small: SearchDesk) -> None:
    raw = f"From: {RON}\nTo: hello@{DOMAIN}\nCc: hello-search@{DOMAIN}\nMessage-ID: <2@x>\nSubject: toner\n\nx\n"
    outcomes = small.world.brings(raw.encode(), RON, f"hello@{DOMAIN}", f"hello-search@{DOMAIN}")
    assert [outcome.fate for outcome in outcomes] == ["opened", "answered"]
    assert [participant.email for participant in small.world.rows(Person)] == [RON, ROOT, ANN, BEA]


def test_a_ticket_in_the_header_is_no_place_to_post_a_question(small: SearchDesk) -> None:
    raw = f"From: {RON}\nTo: ticket1@{DOMAIN}\nMessage-ID: <2@x>\nSubject: toner\n\nx\n"
    [outcome] = small.world.brings(raw.encode(), RON, f"hello-search@{DOMAIN}")
    assert (outcome.fate, small.row_counts()) == ("answered", small.before)


def test_a_question_in_cc_is_no_comment_and_asks_nobody_in(small: SearchDesk) -> None:
    small.world.switches("General", cc_from_others="on")
    raw = f"From: {ANN}\nTo: ticket1@{DOMAIN}, hello-search@{DOMAIN}\nMessage-ID: <2@x>\nSubject: x\n\nMore.\n"
    small.world.brings(raw.encode(), ANN, f"ticket1@{DOMAIN}")
    assert small.world.ticket()["messages"][-1]["private"] is False
    assert small.world.ticket()["participants"] == []


def test_mail_set_aside_can_be_asked_again_once_its_writer_answers(small: SearchDesk) -> None:
    otto = small.world.known("otto@example.net")
    otto.writes("hello-search", "", subject="toner")
    with small.world.database.transaction() as uow:
        add_responder(uow, find_queue(uow, "General"), get_person(uow, "otto@example.net"))
        number = unmatched_deliveries(uow)[0].id
    small.world.intake.redeliver(number)
    small.world.settle()
    assert otto.letter().text.partition("\n")[0].endswith(' "toner":')


def test_whole_addresses_of_other_domains_have_questions_too(small: SearchDesk) -> None:
    small.world.answers_at("hello@openhatch.example")
    letter = present(small.asks(small.ron, "toner", to="HELLO-Search@openhatch.example"))
    assert letter["From"] == "General <hello-search@openhatch.example>"


def test_where_unmatched_mail_is_rejected_questions_are_taken(any_database_url: str) -> None:
    world = World(any_database_url, keep_unmatched=False)
    try:
        world.responder(RON)
        with world.serving(), world.smtp() as client:
            client.helo()
            client.mail(RON)
            assert client.rcpt(f"hello-search@{DOMAIN}")[0] == 250
            assert client.rcpt(f"nothing-search@{DOMAIN}")[0] == 550
    finally:
        world.close()


def test_help_names_the_address_to_those_who_may_ask(small: SearchDesk) -> None:
    small.ron.writes("hello", "help")
    assert "To search, email hello-search@tickets.example" in small.ron.letter().text
    small.ron.replies(small.ron.letters[0], "help")
    assert "To search, email hello-search@tickets.example" in small.ron.letter().text
    small.ann.writes("hello", "help")
    assert "-search@" not in small.ann.letter().text


def test_a_letter_of_a_question_is_about_no_ticket(small: SearchDesk) -> None:
    small.asks(small.ron, "toner")
    assert small.world.rows(Row)[-1].ticket_id is None


def test_no_queue_gets_an_address_that_means_something_beside_anothers(small: SearchDesk) -> None:
    small.world.answers_at("jobs-search@openhatch.example")
    small.world.answers_at("hello@openhatch.example")
    for taken in ("hello-search@openhatch.example", "hello-comment@openhatch.example", "club-search"):
        with pytest.raises(BadQueue, match="can't be a queue's address"):
            small.world.answers_at(taken, "Questions")
    # One that a queue had before the other came stays its own.
    small.world.answers_at("jobs@openhatch.example")
    small.ann.writes("jobs-search@openhatch.example", "I look for one.")
    assert small.world.rows(Ticket)[-1].id == 3


def test_a_question_that_is_too_much_is_answered_so_and_other_mail_goes_on(
    uow: SearchDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_requests, "_SECONDS", 0.0)
    raw = f"From: {RON}\nTo: hello-search@{DOMAIN}\nMessage-ID: <2@x>\nSubject: toner\n\n\n".encode()
    [outcome] = uow.world.brings(raw, RON, f"hello-search@{DOMAIN}")
    letter = uow.ron.letters[-1]
    assert (outcome.fate, uow.row_counts()) == ("answered", uow.before)
    assert letter.text.startswith("That search took too long. Try fewer or longer words.")
    assert "because you emailed hello-search@tickets.example" in letter.footer
    monkeypatch.undo()
    assert "ticket1@" in present(uow.asks(uow.ron, "toner")).text


def test_a_question_with_too_many_words_says_which_count(small: SearchDesk) -> None:
    rest = "We only looked for the first 32 words and 8 beginnings*."
    words = " OR ".join(f"toner{number}" for number in range(40))
    assert rest in present(small.asks(small.ron, f"toner OR {words}")).text
    assert rest in present(small.asks(small.ron, words)).text
    assert rest not in present(small.asks(small.ron, "toner " * 40)).text


def test_the_line_of_an_empty_message_ends_with_its_writer(uow: SearchDesk) -> None:
    uow.world.opens(ANN, "Giraffe", "")
    uow.before = uow.row_counts()
    assert "\n    Ann\n" in present(uow.asks(uow.ron, "giraffe")).text
