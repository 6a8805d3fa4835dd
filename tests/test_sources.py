"""Claims about the sources: a decision stands once, in the tables, and every module says what it is."""

import ast
import builtins
import re
import sys
from pathlib import Path

from mail_tickets.model.lifecycle.registry import LIFECYCLES
from tests.support.patterns import has_endless_ways
from tests.support.sources import APP, MODULES, ROOT, SOURCES, TEMPLATES, imports, is_in, nodes

# What "new" means there is a Maildir's folder or a change's later value, and no status.
NEW = {"maildir_relay.py", "ticket_json.py", "ticket_page.py", "ticket_text.py", "sources.py", "replay.py"}


def test_no_other_file_names_a_status_or_an_action() -> None:
    """Elsewhere a title would be a rule restated. A migration says what was once, for good."""
    titles = {title for life in LIFECYCLES.values() for title in (*life.statuses, *(a.title for a in life.actions))}
    for path in APP:
        if {"lifecycle", "cli", "devtools", "versions"} & {*path.parts}:
            continue
        for node in nodes(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                allowed = {"new"} if path.name in NEW else set()
                assert node.value not in titles - allowed, f"{path}:{node.lineno}: {node.value!r}"


def test_no_other_file_compares_a_role() -> None:
    """Who somebody is on a ticket is asked of the tables; `members` says which roles they have."""
    asking = {name for name, path in MODULES.items() if "app.model.lifecycle.tables.Role" in imports(path)}
    assert {name for name in asking if not is_in(name, "app.model.lifecycle")} <= {"app.model.tickets.members"}


def test_templates_decide_nothing() -> None:
    """They ask whether there is something to show, and never what the status or the role is."""
    plain = r'(if|for \w+ in) \w+|endif|endfor|block \w+|endblock|extends "[\w.]+"|include "[\w.]+"'
    plain += r"|macro \w+\([\w, ]*\)|endmacro|filter trim|endfilter"
    # A slot, its words in a list, and the words for one thing or several.
    words = r'\w+( \| (all|any|first|one_below_another|join\("(, | |\\n)"\)|replace\("{name}", name\)))?|_days\(\)'
    words += r'|plural\(\w+( \| length)?(, "[^"{}]*"){2}\)'
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        for tag in re.findall(r"{%-?\s*(.*?)\s*-?%}", text):
            assert re.fullmatch(plain, tag), (path, tag)
        for expression in re.findall(r"{{\s*(.*?)\s*}}", text):
            assert re.fullmatch(words, expression), (path, expression)


def test_the_model_is_given_its_clock() -> None:
    """The database alone has one by default, for want of another."""
    for path in APP:
        if path.is_relative_to(ROOT / "app" / "model") and path.name != "database.py":
            assert not re.search(r"\.(now|utcnow|today)\(|time\.time\(", path.read_text(encoding="utf-8")), path


def test_no_pattern_can_be_tried_in_ever_so_many_ways() -> None:
    """Python does nothing else while it tries: one line from outside would stop the mail."""
    assert has_endless_ways(r"/(?:[a-z]+/?)*")
    assert not has_endless_ways(r"/(?:[a-z]++/?)*+")
    for path in APP:
        for node in nodes(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                assert not has_endless_ways(node.value), f"{path}:{node.lineno}: {node.value!r}"


def test_every_module_says_what_it_is() -> None:
    for path in SOURCES:
        if text := path.read_text(encoding="utf-8").strip():
            first = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
            assert first[-1:] in (".", ":", "?"), path


def test_docstrings_name_errors_that_there_are() -> None:
    """An error that was renamed keeps its old name in prose, where no tool looks."""
    texts = {path: path.read_text(encoding="utf-8") for path in APP}
    every = (node for path in APP for node in nodes(path))
    names = {node.name for node in every if isinstance(node, ast.ClassDef | ast.alias)} | {*dir(builtins)}
    for path, text in texts.items():
        assert {*re.findall(r"[Rr]aises\s+(?:Salmon's\s+)?([A-Z]\w+)", text)} <= names, path


def test_no_letter_but_to_administrators_contains_a_shell_command() -> None:
    """These modules write letters, and these templates are letters to others."""
    for path in TEMPLATES:
        if path.stem not in ("admin", "errors"):
            assert not re.search(r"\btickets [a-z]+ (--|[A-Z]+\b|{{)|`tickets", path.read_text(encoding="utf-8")), path
    writing = {"letters", "inbound", "tickets", "operations", "lifecycle"}
    commands = re.compile(r"(?:`|    )tickets [a-z]+")
    for path in APP:
        if path.name in ("unmatched.py", "daily_work.py", "outbox.py") or not writing & {*path.relative_to(ROOT).parts}:
            continue
        for node in nodes(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and not _is_docstring(node.value, path):
                assert not commands.search(node.value), f"{path}:{node.lineno}: {node.value!r}"


def _is_docstring(text: str, path: Path) -> bool:
    return f'"""{text}"""' in path.read_text(encoding="utf-8")


def test_the_package_has_one_name_at_run_time() -> None:
    """Under a second name every module would be loaded twice, with tables and routes of its own."""
    outside = [path for top in ("config", "tests") for path in (ROOT / top).rglob("*.py")]
    naming = [path for path in outside if re.search(r"\bapp\b", path.read_text(encoding="utf-8"))]
    assert [path for path in naming if any(is_in(name, "app") for name in imports(path))] == []
    assert [name for name in sys.modules if is_in(name, "app")] == []
