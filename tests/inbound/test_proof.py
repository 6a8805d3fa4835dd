"""Claims about which letters of ours prove who answers them: those that nobody else can know, for their ticket."""

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from mail_tickets.model.records.registration import add_alias
from tests.support.world import DOMAIN, Actor, Letter, World


@pytest.fixture(params=["correspondence", "support"])
def world(request: pytest.FixtureRequest, database_url: str) -> Iterator[World]:
    """Ann has asked two things, tickets 1 and 2."""
    world = World(database_url, lifecycle=request.param)
    world.responder("rita@team.example", "Rita")
    for number in (1, 2):
        world.actor("ann@home.example", "Ann").writes("hello", "Please help.", subject=f"Question {number}")
    yield world
    world.close()


@pytest.fixture
def rita(world: World) -> Actor:
    """Rita, who answers."""
    return world.actor("rita@team.example", "Rita")


def test_a_letter_whose_id_a_follow_up_shows_to_others_proves_nothing_any_more(world: World, rita: Actor) -> None:
    letter = rita.letters[0]
    own = rita.replies(letter, "It will be mended.")
    behind = {"In-Reply-To": own, "References": f"{letter['Message-ID']} {own}", "Cc": "list@public.example"}
    rita.writes("ticket1", "Tomorrow.", headers=behind)
    rita.writes("ticket1", "Priority: 41", headers={"In-Reply-To": letter["Message-ID"]})
    assert world.ticket()["priority"] is None


def test_a_letter_proves_its_reader_on_its_own_ticket_alone(world: World, rita: Actor) -> None:
    letter = {"In-Reply-To": rita.letters[0]["Message-ID"]}
    rita.writes("ticket2", "Priority: 7", headers=letter)
    assert world.ticket(2)["priority"] is None
    rita.writes("ticket1", "Priority: 7", headers=letter)
    assert world.ticket(1)["priority"] == 7


def test_a_letter_proves_its_reader_for_thirty_days(world: World, rita: Actor) -> None:
    first, second = rita.letters
    world.clock.passes(days=29)
    rita.replies(first, "Priority: 7")
    world.clock.passes(days=2)
    rita.replies(second, "Priority: 7")
    assert (world.ticket(1)["priority"], world.ticket(2)["priority"]) == (7, None)


def proves(rita: Actor, letter: Letter) -> bool:
    """Whether a bare mail that names the id of a letter of Rita's carries out a command on ticket 1."""
    before = rita.world.ticket()["priority"] or 0
    rita.writes("ticket1", f"Priority: {before + 1}", headers={"In-Reply-To": letter["Message-ID"]})
    return bool(rita.world.ticket()["priority"] == before + 1)


def mail_with(rita: Actor, **headers: str) -> EmailMessage:
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"] = f"Rita <{rita.email}>", f"ticket1@{DOMAIN}"
    mail["Message-ID"] = f"<{len(rita.world.ticket()['messages'])}@team.example>"
    for name, value in headers.items():
        mail[name] = value
    return mail


def brings(rita: Actor, mail: EmailMessage) -> None:
    rita.world.brings(mail.as_bytes(), rita.email, f"ticket1@{DOMAIN}")


def _as_attached_mail(mail: EmailMessage, letter: Letter) -> None:
    mail.set_content("See below.")
    mail.add_attachment(letter.mail)


def _in_a_zipless_file(mail: EmailMessage, letter: Letter) -> None:
    mail.set_content("See the file.")
    mail.add_attachment(letter.raw, "application", "octet-stream", filename="letter.eml")


def _in_a_file_of_outlooks(mail: EmailMessage, letter: Letter) -> None:
    mail.set_content("See the file.")
    text = letter.raw.decode("ascii", "replace").encode("utf-16-le")
    mail.add_attachment(b"\xd0\xcf" + text, "application", "vnd.ms-outlook", filename="letter.msg")


def _within_two_mails(mail: EmailMessage, letter: Letter) -> None:
    inner = EmailMessage(SMTP)
    inner["Subject"] = "Inner"
    inner.set_content("Look.")
    inner.add_attachment(letter.raw, "application", "octet-stream", filename="a")
    mail.set_content("See below.")
    mail.add_attachment(inner)


def _in_the_words(mail: EmailMessage, letter: Letter) -> None:
    mail.set_content(f"What is this?\n{letter['Message-ID'].upper()}", cte="base64")


def _without_its_domain(mail: EmailMessage, letter: Letter) -> None:
    mail.set_content(f"The number is {letter['Message-ID'].partition('@')[0][1:]}.")


def _in_the_subject(mail: EmailMessage, letter: Letter) -> None:
    mail["Subject"] = letter["Message-ID"]
    mail.set_content("Look.")


def _in_the_name_of_a_file(mail: EmailMessage, letter: Letter) -> None:
    mail.set_content("Look.")
    mail.add_attachment(b"x", "image", "png", filename=f"{letter['Message-ID'][1:-1]}.png")


@pytest.mark.parametrize(
    "put",
    [
        _as_attached_mail,
        _in_a_zipless_file,
        _in_a_file_of_outlooks,
        _within_two_mails,
        _in_the_words,
        _without_its_domain,
        _in_the_subject,
        _in_the_name_of_a_file,
    ],
)
def test_a_letter_whose_id_is_passed_on_proves_nothing_any_more(
    world: World, rita: Actor, put: Callable[[EmailMessage, Letter], None]
) -> None:
    letter = rita.letters[0]
    mail = mail_with(rita, **{"In-Reply-To": letter["Message-ID"]})
    put(mail, letter)
    assert proves(rita, letter)
    brings(rita, mail)
    # The mail that shows it is itself verified.
    assert world.ticket()["messages"][-1]["verified"]
    assert not proves(rita, letter)


@pytest.mark.parametrize("where", ["X-Note", "References", "text/html", "Resent-Message-ID"])
def test_whoever_is_named_in_a_mail_sees_all_of_it(world: World, rita: Actor, where: str) -> None:
    letter = rita.letters[0]
    mail = mail_with(rita, Cc="list@public.example")
    mail.set_content("Words.")
    if where == "text/html":
        mail.add_alternative(f"<p>Words.</p><!-- {letter['Message-ID']} -->", subtype="html", cte="base64")
    else:
        mail[where] = letter["Message-ID"]
    brings(rita, mail)
    assert not proves(rita, letter)


def test_to_be_named_at_another_address_of_ones_own_shows_nothing(world: World, rita: Actor) -> None:
    letter = rita.letters[0]
    with world.uow() as uow:
        add_alias(uow, rita.email, "rita@home.example")
    rita.replies(letter, "Words.", headers={"Cc": "Rita <rita@home.example>"})
    assert proves(rita, letter)


def test_mail_that_is_set_aside_shows_it_too(world: World, rita: Actor) -> None:
    letter = rita.letters[0]
    rita.writes("postmaster", "Look.", headers={"References": letter["Message-ID"], "Cc": "eve@public.example"})
    assert not proves(rita, letter)


def test_where_a_relay_gave_the_letter_another_id_the_last_of_ours_in_references_counts(
    world: World, rita: Actor
) -> None:
    letter = rita.letters[0]
    relays = "<0102018f-1@eu-west-1.relay.example>"
    for references in (relays, f"{letter['References']} {relays}"):
        rita.writes("ticket1", "Priority: 3", headers={"In-Reply-To": relays, "References": references})
    assert world.ticket()["priority"] == 3
    # The same for the letter that lists what waits.
    world.clock.passes(hours=2)
    world.settle()
    rita.writes("ticket1", "Priority: 4", headers={"In-Reply-To": relays, "References": relays})
    waits = rita.letter()
    assert "    Priority: 4" in waits.text
    rita.writes("ticket1", "yes", headers={"In-Reply-To": relays, "References": f"{waits['References']} {relays}"})
    assert world.ticket()["priority"] == 4
    assert all(message["text"] != "yes" for message in world.ticket()["messages"])
    # Not where somebody else's letter is the last, nor behind a message that is answered.
    world.actor("ann@home.example").writes("ticket1", "More words.")
    stored = world.ticket()["messages"][-1]["message_id"]
    rita.writes("ticket1", "Priority: 9", headers={"In-Reply-To": stored, "References": letter["References"]})
    colleague = world.responder("sam@team.example", "Sam")
    world.actor("ann@home.example").writes("ticket1", "Still more words.")
    mixed = f"{letter['References']} {colleague.letter()['Message-ID']}"
    rita.writes("ticket1", "Priority: 9", headers={"In-Reply-To": relays, "References": mixed})
    assert world.ticket()["priority"] == 4
