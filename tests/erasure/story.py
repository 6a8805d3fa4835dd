"""A story in which letters of every kind are written, and all that somebody says or is called has a word of theirs."""

from mail_tickets.model.operations.daily_work import held_for_a_day, tell_of_held
from mail_tickets.model.records import registration
from tests.support.markers import PEOPLE, RITA, ROB, Small, called, email_of

ANN, BOB, EVE = PEOPLE[:3]


def tell_story(small: Small) -> None:
    """Let letters of every kind be written, about four tickets, to and about everybody."""
    small.writes(ANN, "hello", cc=email_of(BOB))
    small.writes(ROB, "ticket1", proven=True)
    # She may be Rita at an address that nobody knows.
    answers = {"In-Reply-To": small.actors[RITA].letter()["Message-ID"]}
    small.actors[EVE].writes("ticket1", f"{small.word(EVE)} here", subject=small.word(EVE), headers=answers)
    small.writes(BOB, "ticket1")
    small.commands(ROB, 1, f"Owner: {email_of(RITA)}\nAddCc: {email_of(EVE)}")
    small.commands(ROB, 1, f"Owner: {email_of(ROB)}\nSubject: {small.word(ROB)}")
    small.commands(RITA, 1, f"Owner: {ANN}\nAddCc: nobody at all")
    small.writes(EVE, "hello")
    small.commands(RITA, 2, f"Requestor: {email_of(BOB)}")
    small.writes(ROB, "ticket1", top=f"AddCc: {email_of(BOB)}\nOwner: {called(RITA)}")
    small.writes(EVE, "ticket1-comment")
    small.writes(EVE, "nowhere")
    small.writes(BOB, "hello")
    small.merges(RITA, 3)
    small.actors[BOB].writes("ticket1", "unsubscribe")
    small.world.known(email_of(BOB), f"{BOB.capitalize()} Renamed")
    with small.world.uow() as uow:
        registration.add_alias(uow, email_of(ANN), f"{ANN}@other.example")
    small.commands(ROB, 2, f"DelCc: {email_of(ANN)}")
    small.commands(RITA, 2, f"AddCc: {email_of(ANN)}")
    _ask(small)
    small.fails(email_of(ANN))
    for _ in range(24):
        _write_soon(small, ROB, "ticket1", minutes=2)
    small.commands(RITA, 2, "Status: resolved")
    small.commands(RITA, 2, "undo")
    small.commands(RITA, 2, "Queue: Questions")
    for lines in (
        f"Owner: {email_of(RITA)}",
        f"Subject: {small.word(ROB)}",
        f"DelCc: {email_of(EVE)}",
        "Status: resolved",
    ):
        _only_commands(small, ROB, 1, lines)
    for _ in range(14):
        _write_soon(small, EVE, "ticket1", minutes=0.5, automatic="auto-replied")
    small.world.clock.passes(hours=2)
    small.world.settle()
    small.writes(ANN, "hello")
    _slip(small)


def _slip(small: Small) -> None:
    """A reply that was meant for the tracker waits for a day, and its team is told."""
    small.actors[ROB].replies(small.actors[ROB].letter(), "Done")
    small.world.clock.passes(days=1)
    with small.world.uow() as uow:
        for message in held_for_a_day(uow):
            assert tell_of_held(uow, message)
    small.world.settle()


def _only_commands(small: Small, who: str, number: int, lines: str) -> None:
    """Answer the newest letter about a ticket with commands and no words, without a word of one's own in any id."""
    small.world.clock.passes(minutes=7)
    letters = [letter for letter in small.actors[who].letters if f"#{number}]" in letter["Subject"]]
    small.actors[who].replies(letters[-1], lines)


def _write_soon(small: Small, who: str, to: str, minutes: float, automatic: str = "no") -> None:
    small.world.clock.passes(minutes=minutes)
    words = f"{small.word(who)} once more"
    headers = {"Message-ID": f"<{small.word(who)}@{who}.example>", "Auto-Submitted": automatic}
    small.actors[who].writes(to, words, subject=words, headers=headers)


def _ask(small: Small) -> None:
    """Pages of every kind, asked for on a ticket and elsewhere."""
    rob, rita = small.actors[ROB], small.actors[RITA]
    for word in ("help", "list", "show 1", "show 2"):
        rob.writes("hello", word, subject=word)
    for word in ("help", "show", "show 1 2", "list"):
        rita.writes("ticket2", word, subject=word)
    for words in (f"{ANN}*", called(BOB), email_of(EVE), "help", "show 1", "list"):
        small.world.clock.passes(minutes=5)
        rita.writes("hello-search", "", subject=words)
