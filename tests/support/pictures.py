"""Draw the pictures of docs/web.md: `python -m tests.support.pictures`, on a machine with chromium."""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from mail_tickets.model.storage.database import utc_now
from tests.support.browser import PHONE, Reader, chromium_path, serving_web, started
from tests.support.world import World

DOCS = Path(__file__).resolve().parents[2] / "docs"
ANN, FINN, SAM, BRITTA = "ann@home.example", "finn@home.example", "sam@team.example", "britta@team.example"
DESKTOP = {"viewport": {"width": 1100, "height": 800}}


class Picture(NamedTuple):
    """One picture: its name, whose browser it shows, and where."""

    name: str
    email: str
    place: str
    look: dict[str, Any]


PICTURES: Sequence[Picture] = (
    Picture("work", SAM, "/", DESKTOP),
    Picture("list", SAM, "/tickets?status=any&order=newest", DESKTOP),
    Picture("ticket", SAM, "/tickets/1", DESKTOP),
    Picture("question", SAM, "/tickets/4", DESKTOP),
    Picture("dark", SAM, "/tickets/1", {**DESKTOP, "color_scheme": "dark"}),
    Picture("phone", ANN, "/tickets/1", PHONE),
)


def used_world(folder: str) -> World:
    """A tracker after some days of use."""
    world = World(f"sqlite:///{folder}/tickets.db", lifecycle="correspondence")
    world.clock.now = utc_now().replace(hour=9, minute=30)
    world.clock.passes(days=-3)
    for email, name in ((ANN, "Ann Archer"), (FINN, "Finn Fields")):
        world.known(email, name)
    for email, name in ((SAM, "Sam Person"), (BRITTA, "Britta Berg")):
        world.responder(email, name)
        world.responder(email, name, "Questions")
    world.opens(ANN, "Broken door in the library", "The door of the library doesn't close.\n\nIt's cold in there.")
    world.clock.passes(hours=2)
    world.act(1, "Reply", BRITTA, "Thanks, Ann. Is it the front door or the one to the garden?")
    world.clock.passes(hours=20)
    world.act(1, "Reply", ANN, "The one to the garden. Please call me before you come.")
    world.act(1, "Comment", BRITTA, "The caretaker has the key: 12 to 14 h only.", private=True)
    world.sets(1, BRITTA, assignee=SAM)
    world.opens(FINN, "Invoice 2026-17", "Please find the invoice attached.")
    world.clock.passes(hours=20)
    world.opens(FINN, "Can I rent the hall?", "For a birthday, on a Saturday in March.")
    world.opens(ANN, "How do I reset my card?", "The reader says it has expired.", queue="Questions")
    world.act(4, "Answer", BRITTA, "Ask for a new one at the front desk.")
    world.clock.passes(hours=5)
    return world


def draw(folder: Path) -> None:
    """Write every picture into a folder."""
    path = chromium_path()
    if path is None:
        sys.exit("There is no chromium to draw with: apt-get install chromium")
    with TemporaryDirectory() as place, started(path) as browser:
        world = used_world(place)
        with serving_web(world) as url:
            for picture in PICTURES:
                reader = Reader(browser, world, url, **picture.look).logs_in(picture.email)
                reader.page.goto(picture.place)
                reader.page.screenshot(path=folder / f"web-{picture.name}.png", full_page=True)
                reader.closes()
        world.close()


if __name__ == "__main__":
    draw(DOCS)
