"""The claim that the README shows what the program does."""

import re

from mail_tickets.config import defaults
from mail_tickets.config.parsing import PREFIX
from tests.support.readme import README, with_blocks


def test_the_mails_tables_and_diagrams_of_the_readme_are_those_of_the_program() -> None:
    text = README.read_text(encoding="utf-8")
    assert with_blocks(text) == text, "python -m tests.support.readme writes them anew"


def test_the_readme_names_every_setting_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `TICKETS_(\w+)` \| (?:`([^`]*)`)? *\|", README.read_text(encoding="utf-8"), re.M))
    assert rows == {name: str(value) for name, value in vars(defaults).items() if name.isupper()}, (
        f"the README's table of {PREFIX}… settings"
    )
