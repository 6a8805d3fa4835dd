"""Claims about mails of kinds that other trackers read wrongly: `tests/mails/cases` has them, with what must hold."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mail_tickets.model.records.tickets import Ticket
from tests.support.world import Actor, Letter, World, make_database

CASES = Path(__file__).parents[1] / "mails" / "cases"
ALL = json.loads((CASES / "cases.json").read_text("utf-8"))
DOMAIN = "tracker.example"
ADVICE = "Please try the second switch on the left and tell me what the lamp above it does then."


class Conversation:
    """A ticket that Ann opened and Bob answered, and the marks that stand for it in a mail."""

    def __init__(self, ann: Actor, bob: Actor) -> None:
        words = "Good day,\n\nthe lamp stays dark since Monday. What can I do?\n"
        first = ann.writes(f"hello@{DOMAIN}", words, subject="The lamp stays dark")
        at_bobs = bob.letter()
        self.number = int(at_bobs["From"].partition("<ticket")[2].partition("@")[0])
        bob.replies(at_bobs, f"{ADVICE}\n")
        letter = ann.letter()
        lines, bare = letter.all_text.splitlines(), letter["Message-ID"].strip("<>")
        half = bare.index("@") // 2
        self.marks = {
            "TICKET": str(self.number),
            "LETTER": letter["Message-ID"],
            "FIRST": first,
            "BOBLETTER": at_bobs["Message-ID"],
            "BARE": bare,
            "BAREFIRST": first.strip("<>"),
            "HALF1": bare[:half],
            "HALF2": bare[half:],
            "QP": bare.replace("_", "=5F"),
            "TAG": f"[General #{self.number}]",
            "QUOTE": "\r\n".join(f"> {line}".rstrip() for line in lines),
            "PLAIN": "\r\n".join(lines),
            "HTML": "<br>\r\n".join(line.replace("&", "&amp;").replace("<", "&lt;") for line in lines),
        }


class Scene:
    """One world for all cases, in which each looks at what came since it began."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ann = world.actor("ann@customer.example", "Ann Customer")
        self.bob = world.responder("bob@team.example", "Bob Helper")

    def plays(self, case: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], list[Letter]]:
        """Bring the mail of a case. Gives its ticket, with `posted` and how many are `new`, its message, letters."""
        answers = case.get("to") == "reply" or "with_ticket" in case
        conversation = Conversation(self.ann, self.bob) if answers else None
        if conversation and "solve" in case:
            self.world.act(conversation.number, "Change status", self.bob.email, status=case["solve"])
        marks = conversation.marks if conversation else {}
        known = len(self.world.ticket(conversation.number)["messages"]) if conversation else 0
        tickets, letters = len(self.world.rows(Ticket.id)), len(self.world.far_end.letters)
        self.brings(case, marks)
        for repeat in case.get("then", []):
            self.brings(repeat, marks)
        new = sorted(self.world.rows(Ticket.id))[tickets:]
        posted = conversation is not None and len(self.world.ticket(conversation.number)["messages"]) > known
        ticket = self.world.ticket(conversation.number if conversation and posted else new[-1])
        ticket |= {"posted": posted, "new": len(new)}
        return ticket, ticket["messages"][-1], self.world.far_end.letters[letters:]

    def brings(self, mail: dict[str, Any], marks: dict[str, str]) -> None:
        """Bring one mail, its marks replaced, with CR LF."""
        raw = (CASES / mail["file"]).read_bytes().replace(b"\r\n", b"\n")
        raw = re.sub(rb"@REPEAT\(([^,]*),(\d+)\)@", lambda match: match[1] * int(match[2]), raw).replace(b"\n", b"\r\n")
        for mark, value in marks.items():
            raw = raw.replace(f"@{mark}@".encode(), value.encode())
        to = {"new": f"hello@{DOMAIN}", "reply": f"ticket{marks.get('TICKET')}@{DOMAIN}"}
        wanted = case_to if isinstance(case_to := mail.get("to", "new"), list) else [case_to]
        recipients = [to.get(name, name).replace("@TICKET@", marks.get("TICKET", "")) for name in wanted]
        self.world.clock.passes(minutes=30)
        self.world.brings(raw, mail.get("from", self.ann.email), *recipients)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    url = f"sqlite:///{tmp_path_factory.mktemp('cases')}/tickets.db"
    make_database(url)
    world = World(url, lifecycle="correspondence", domain=DOMAIN)
    world.clock.passes(days=7)  # Later than what the mails give as their dates.
    yield Scene(world)
    world.close()


def of_each_line(text: str) -> str:
    return " ".join(text.replace("\n> ", "\n").split())


@pytest.mark.parametrize("case", ALL, ids=[case["name"] for case in ALL])
def test_a_mail_of_a_kind_that_others_read_wrongly_is_read_right(scene: Scene, case: dict[str, Any]) -> None:
    ticket, message, letters = scene.plays(case)
    at_bobs = [letter for letter in letters if letter.recipient == scene.bob.email]
    lines = of_each_line("\n".join(letter.all_text for letter in at_bobs))
    has, hasnt = case.get("has", []), case.get("hasnt", [])
    assert [words for words in has if words not in message["text"]] == []
    assert [words for words in hasnt if words in message["text"]] == []
    assert [words for words in case.get("letter_has", has) if of_each_line(words) not in lines] == []
    assert [words for words in case.get("letter_hasnt", hasnt) if words in lines] == []
    for key, value in {
        "title": ticket["title"],
        "status": ticket["status"],
        "automatic": message["automatic"],
        "date": message["date"],
        "sender": message["sender"]["email"],
        "same_ticket": ticket["posted"],
        "tickets": ticket["new"],
        "letters": len(at_bobs),
    }.items():
        assert case.get(key, value) == value, key
    for wanted, file in zip(case.get("files", []), message["attachments"] if "files" in case else [], strict=True):
        for expected, of_file in zip(wanted, (file["name"], file["type"], file["bytes"]), strict=True):
            assert expected in (None, of_file)
    passed_on = {part.get_filename() for letter in at_bobs for part in letter.mail.iter_attachments()}
    assert set(case.get("passed_on", [])) <= passed_on
    assert not {letter.recipient for letter in letters} & set(case.get("no_letter_to", []))
