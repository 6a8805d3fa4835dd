"""Claims about the README and docs/: they show what the program does, and what they tell people to type works."""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import click
import pytest

from mail_tickets.cli import GROUPS
from mail_tickets.config import defaults
from mail_tickets.config.parsing import load, problems
from mail_tickets.model.lifecycle.commands import COMMANDS, UNDO, read
from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.records.queue_setup import SWITCHES
from mail_tickets.model.search.fulltext_table import POSTGRES_TABLE
from mail_tickets.model.storage.base import Base
from tests.support.bench_tables import PLOT, plot
from tests.support.command_line import check_command
from tests.support.documents import DOCS, DOCUMENTS, README, code_blocks, marked, with_blocks
from tests.support.sources import ROOT, SOURCES, TEMPLATES
from tests.test_layers import LAYERS, layer

PAGES = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
# Programs that our pages tell people to start besides our own.
OTHERS = {"rm", "cp", "chmod", "pip", "salmon", "python3", "mutt", "export", "git", "eval"}


@PAGES
def test_the_produced_parts_of_a_page_are_those_of_the_program(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert with_blocks(text) == text, "python -m tests.support.documents writes them anew"


def test_the_plot_of_growth_is_drawn_of_the_run_that_the_pages_show() -> None:
    assert PLOT.read_text(encoding="utf-8") == plot()


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


def test_every_setting_is_documented_with_its_default() -> None:
    text = (DOCS / "install.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `TICKETS_(\w+)` \| (?:`([^`]*)`)? *\|", text, re.M))
    assert rows == {name: str(value) for name, value in vars(defaults).items() if name.isupper()}


def typed_lines(path: Path) -> Iterator[str]:
    """Yield what a page shows behind a prompt, without comments."""
    for block in code_blocks(path.read_text(encoding="utf-8"), "console"):
        for line in re.findall(r"^ *\$ (.*)$", block, re.M):
            yield re.sub(r" {2,}#.*", "", line)


@PAGES
def test_every_command_of_a_page_can_be_typed(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line in typed_lines(path):
        if "tickets" not in line.split()[0]:
            assert line.split()[0] in OTHERS, line
        elif "tickets test" not in line:
            check_command(line, tmp_path)


@PAGES
def test_every_command_in_a_sentence_of_a_page_exists(path: Path, tmp_path: Path) -> None:
    """It may lack arguments, or have placeholders in their place, and brackets; its options are options."""
    prose = re.sub(r"^ *```.*?^ *```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for line in re.findall(r"`(?:\./)?(tickets [^`]*)`", prose):
        if re.match(r"tickets (COMMAND|test)\b", line) is None:
            with suppress(click.MissingParameter, click.BadParameter, click.exceptions.NoArgsIsHelpError):
                check_command(re.sub(r"\\\|[^\]]*(?=\])|[\[\]…]|\\\|\S+", "", line), tmp_path)


@PAGES
def test_every_setting_of_a_page_can_be_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for block in code_blocks(text, "console"):
        exported = dict(re.findall(r"^ *\$ export (TICKETS_\w+)=(\S+)", block, re.M))
        values = {name: value for name, value in vars(defaults).items() if name.isupper()}
        assert list(problems(values, exported)) == []
        assert load(values, exported)
    known = {"TICKETS_CONFIG", *(f"TICKETS_{name}" for name in vars(defaults) if name.isupper())}
    named = {name.removesuffix("_FILE") for name in re.findall(r"\bTICKETS_[A-Z_]+\b", text)}
    assert named - known == set()


def test_the_volunteers_page_shows_commands_that_are_commands() -> None:
    lines = [line.strip() for line in marked(DOCS / "team.md", "team commands").splitlines() if line.strip()]
    assert len(lines) > 5
    for line in lines:
        typed = re.split(r" {2,}", line)[0]
        commands = [read_line.command for read_line in read(typed).lines]
        assert typed == UNDO or (len(commands) == 1 and commands[0] in COMMANDS), line


def test_the_volunteers_page_fits_on_a_page() -> None:
    assert len((DOCS / "team.md").read_text(encoding="utf-8").splitlines()) <= 66


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@PAGES
def test_every_link_of_a_page_leads_somewhere(path: Path) -> None:
    prose = re.sub(r"^ *```.*?^ *```$|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


ARCHITECTURE = DOCS / "architecture.md"
CHECKOUT = ("app", "config", "docs", "packaging", "tests", ".ci")
# What an installation has, or Salmon's project, and a checkout has not.
ELSEWHERE = {"tickets.toml", "logs/"}


def in_backticks(path: Path) -> list[str]:
    """Return what stands in backticks in the sentences and tables of a page."""
    prose = re.sub(r"^ *```.*?^ *```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.findall(r"`([^`\n]+)`", prose)


@cache
def endings() -> set[str]:
    """Return every way in which a page may name a file or a folder: `model/schema.py` is one in app/."""
    files = [path.relative_to(ROOT) for top in CHECKOUT for path in (ROOT / top).rglob("*") if path.is_file()]
    files += [path.relative_to(ROOT) for path in ROOT.iterdir() if path.is_file()]
    paths = {path for file in files for path in (file, *file.parents)}
    return {"/".join(path.parts[start:]) for path in paths for start in range(len(path.parts))}


@PAGES
def test_every_file_that_a_page_names_is_there(path: Path) -> None:
    file = r"[\w.-]+(/[\w.-]+)*/|[\w.-]+(/[\w.-]+)*\.(py|html|txt|toml|md|css|js|svg)"
    for name in in_backticks(path):
        if re.fullmatch(file, name) and name not in ELSEWHERE:
            assert name.rstrip("/") in endings(), name


def test_every_name_on_the_architecture_page_is_one_of_the_program() -> None:
    """What looks like a function, a class or a column, as in `add_letters`, is a word of a source or template."""
    texts = [path.read_text(encoding="utf-8") for path in (*SOURCES, *TEMPLATES)]
    words = {word for text in texts for word in re.findall(r"\w+", text)}
    names = {name for name in in_backticks(ARCHITECTURE) if re.fullmatch(r"(?!TICKETS_)[A-Za-z_]+", name)}
    assert names - words == set()


def test_the_architecture_page_names_functions_where_they_are() -> None:
    pairs = re.findall(r"`(\w+)` in `([\w/]+\.py)`", ARCHITECTURE.read_text(encoding="utf-8"))
    assert pairs
    for name, file in pairs:
        [path] = [
            path for top in CHECKOUT for path in (ROOT / top).rglob("*.py") if path.as_posix().endswith(f"/{file}")
        ]
        assert re.search(rf"\b{name}\b", path.read_text(encoding="utf-8")), (name, file)


# Files of the model beside its packages: two are named below the table, the others stand with `schema.py`.
UNLISTED = {"app.model.folding", "app.model.compiled_templates", "app.model.wording"}
UNLISTED |= {"app.model.program", "app.model.setup"}


def rows_below(heading: str) -> list[str]:
    """Return the first cells of a table of the architecture page."""
    section = ARCHITECTURE.read_text(encoding="utf-8").partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| (`.*?) \|", section, re.M)


def test_the_architecture_page_has_every_table_and_no_other() -> None:
    named = {name for cell in rows_below("## The tables of the database") for name in re.findall(r"`(\w+)`", cell)}
    assert named == {*Base.metadata.tables, "search", POSTGRES_TABLE, "alembic_version"}


def test_the_architecture_page_has_every_package_below_those_that_it_imports() -> None:
    names = [cell.split("`")[1].removesuffix(".py").strip("/") for cell in rows_below("## Packages") if "app/" in cell]
    places = [layer(name.replace("/", ".")) for name in names]
    assert places == sorted(places)
    assert {LAYERS[place] for place in places} == {*LAYERS} - UNLISTED


def test_the_interface_page_names_every_word_that_people_and_scripts_can_use() -> None:
    text = (DOCS / "interface.md").read_text(encoding="utf-8")
    commands = {name for group in GROUPS.values() for name in group}
    assert {name for name in commands if not re.search(rf"`(\./)?tickets {name}\b", text)} == set()
    words = {f"TICKETS_{name}" for name in vars(defaults) if name.isupper()}
    words |= {*SWITCHES, *(command.name for command in COMMANDS)}
    for lifecycle in LIFECYCLES.values():
        words |= {*lifecycle.statuses, *(action.title for action in lifecycle.actions)}
    assert {word for word in words if f"`{word}`" not in text} == set()


def test_the_readme_leads_to_every_page() -> None:
    text = README.read_text(encoding="utf-8")
    assert [path.name for path in sorted(DOCS.glob("*.md")) if f"docs/{path.name}" not in text] == []
