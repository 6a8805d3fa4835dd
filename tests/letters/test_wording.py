"""Claims about sentences: each stands in a template, in every language, and is short enough to be read once."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mail_tickets.model.folding import WIDTH
from mail_tickets.model.lifecycle.commands import COMMANDS
from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.lifecycle.roles import Who
from mail_tickets.model.lifecycle.tables import PRIVATE_NOTE
from mail_tickets.model.wording import (
    ENGLISH,
    LANGUAGES,
    TEMPLATES,
    ExplainedError,
    Phrase,
    moment,
    say,
    wording_in,
)
from tests.support.sources import APP, ROOT

FILES = ("admin", "errors", "footer", "notes", "pages", "reasons")
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
MODEL = [path for path in APP if path.is_relative_to(ROOT / "app" / "model")]
# What people read who look after the server, in a terminal or a log; wordings of earlier versions; what mail says.
FOR_THE_SERVER = {
    *("revision.py", "schema.py", "sqlite_copy.py", "database.py", "psycopg_timeout.py", "vacuum.py", "old_letters.py"),
    *("slips.py", "erase_person.py", "rewrite.py", "inbound_mail.py"),
}
# What stands in the database as a name.
KEPT = {"Somebody who was forgotten"}
# The phrases and titles of the tables, how they are printed, and the web pages' own.
TABLES = {"tables.py", "roles.py", "support.py", "correspondence.py", "commands.py", "printing.py", "effects.py"}


def macros(language: str, file: str) -> dict[str, tuple[str, ...]]:
    """By name, the slots of every sentence of a file."""
    module = vars(wording_in(language).module(file))
    return {name: tuple(macro.arguments) for name, macro in module.items() if hasattr(macro, "arguments")}


def spoken(language: str) -> Iterator[tuple[str, str]]:
    """Every sentence, with a word in each slot."""
    for file in FILES:
        for name, slots in macros(language, file).items():
            values = {slot: 7 if slot in ("count", "minutes", "days") else "Word" for slot in slots}
            listed = ("readers", "names", "lines", "people", "choices", "titles", "allowed", "who", "numbers", "parts")
            values |= {slot: ["One", "Two"] for slot in slots if slot in (*listed, "pages", "others", "keys", "values")}
            values |= {slot: ["One", "Two"] for slot in slots if slot in ("sources", "addresses")}
            yield f"{file}.{name}", wording_in(language).say(say(f"{file}.{name}", **values))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("file", FILES)
def test_a_translation_has_every_sentence_with_the_same_slots(language: str, file: str) -> None:
    assert (TEMPLATES / language / f"{file}.txt").exists()
    assert macros(language, file) == macros(ENGLISH, file)


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_every_letter_that_has_words_of_its_own(language: str) -> None:
    with_words = {
        path.name
        for path in TEMPLATES.glob("*.txt")
        if re.search(r"[a-z]", re.sub(r"\{[%{#].*?[%}#]\}", "", path.read_text("utf-8"), flags=re.DOTALL))
    }
    translated = {path.name for path in (TEMPLATES / language).glob("*.txt")}
    assert with_words == translated


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_every_phrase_of_the_tables(language: str) -> None:
    actions = [action for life in LIFECYCLES.values() for action in life.actions]
    phrases = {PRIVATE_NOTE, *(action.does for action in actions), *Who, *(command.effect for command in COMMANDS)}
    phrases |= {pattern.rstrip(":") for action in actions for pattern in (action.third, action.second)}
    phrases |= {"and", "or", "none", "Status", "Subject", "Queue", "Owner", "Until", "Requestor", "Priority"}
    assert {phrase for phrase in phrases if not wording_in(language).has_phrase(phrase)} == set()


def test_every_sentence_that_is_said_is_there_with_its_slots() -> None:
    """A misspelt name or slot would be found by whoever gets the letter."""
    for path in MODEL:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (sentence := _sentence_of_call(node)) is not None:
                name, slots, more = sentence
                file, _, macro = name.partition(".")
                wanted = set(macros(ENGLISH, file)[macro])
                assert (slots <= wanted) if more else (slots == wanted), f"{path}:{node.lineno}: {name}"  # type: ignore[attr-defined]


def _sentence_of_call(node: ast.AST) -> tuple[str, set[str], bool] | None:
    """The sentence that a call says, with its slots, and whether there are more of them than can be seen here."""
    if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
        return None
    called, first = ast.unparse(node.func), node.args[0].value
    if called != "say" and called.rpartition(".")[2] not in ERRORS:
        return None
    slots = {keyword.arg for keyword in node.keywords}
    return first if called == "say" else f"errors.{first}", {slot for slot in slots if slot}, None in slots


def _errors() -> set[str]:
    names, todo = set(), [ExplainedError]
    while todo:
        kind = todo.pop()
        names.add(kind.__name__)
        todo += kind.__subclasses__()
    return names


ERRORS = _errors()


def test_no_sentence_that_people_read_stands_in_the_model() -> None:
    """Templates and tables have them. What is left are logs, queries, and what the server's keeper reads."""
    sentences = []
    for path in MODEL:
        if path.name not in FOR_THE_SERVER | TABLES and not {"migrations", "desk"} & {*path.relative_to(ROOT).parts}:
            every = [(path.name, line, text) for line, text in strings(path)]
            sentences += [
                sentence
                for sentence in every
                if sentence[2] not in KEPT and re.search(r"[a-z]{2,} [a-z']{2,} [a-z]{2,}", sentence[2])
            ]
    assert sentences == []


_NO_SENTENCES = re.compile(r"LOG\.|re\.compile|.*(Error|exec_driver_sql)$")


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of a source that are no docstring, no log message and no statement of SQL."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    exempt = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and re.match(
            r"LOG\.|re\.compile|.*(Error|exec_driver_sql)$", ast.unparse(node.func)
        ):
            exempt |= {id(part) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in exempt:
            yield node.lineno, node.value


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_can_be_said_in_lines_that_a_phone_shows(language: str) -> None:
    for name, text in spoken(language):
        assert text.strip(), name
        for line in text.split("\n"):
            assert len(line) <= WIDTH or line.startswith("    "), (name, line)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_of_a_footer_have_at_most_twenty_words(language: str) -> None:
    for name in macros(language, "footer"):
        text = next(sentence for key, sentence in spoken(language) if key == f"footer.{name}")
        for sentence in re.split(r"(?<=[.?:])\s", " ".join(text.split())):
            assert len(sentence.split()) <= 20, (name, sentence)


def test_an_error_says_its_sentence() -> None:
    assert str(ExplainedError("no_queue", name="Suport", names=["General", "Questions"])) == (
        'There\'s no queue called "Suport". Use General or Questions.'
    )


def test_a_name_is_not_broken_and_a_sentence_is() -> None:
    names = ["Ann Lee", "Bartholomew Montgomery Featherstonehaugh", "Carol"]
    sentence = wording_in().say(say("footer.seen_by", does=Phrase("answer"), readers=names))
    assert sentence == (
        "Reply to this email to answer. Ann Lee,\nBartholomew Montgomery Featherstonehaugh and Carol will see it."
    )


@pytest.mark.parametrize(("language", "words"), [("en", "Sat 21 Nov, 12:05 UTC"), ("de", "Sa. 21. Nov., 12:05 UTC")])
def test_a_moment_is_said_in_the_words_of_its_language(language: str, words: str) -> None:
    from datetime import UTC, datetime

    assert wording_in(language).line(moment(datetime(2026, 11, 21, 12, 5, tzinfo=UTC))) == words
