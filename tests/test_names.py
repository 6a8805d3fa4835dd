"""Claims about names: a class has one of its own, and a variable says what its value is."""

import ast
from collections import defaultdict
from pathlib import Path

from tests.support.sources import ROOT, SOURCES

TESTS = sorted((ROOT / "tests").rglob("*.py"))
# Where a noun says what the value is.
VAGUE = {"found", "said", "told", "one", "it", "what", "which", "thing", "things"}

MIGRATIONS = ROOT / "app" / "model" / "migrations"


def classes(path: Path) -> list[str]:
    """The names of the classes at the top of a source."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef)]


def test_no_two_classes_have_one_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in SOURCES:
        if not path.is_relative_to(MIGRATIONS):
            for name in classes(path):
                places[name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def vague_names(path: Path) -> list[str]:
    """Every variable and parameter of a source that has a vague name, with its line; not the fields of its classes."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    fields = {node.target for node in nodes if isinstance(node, ast.AnnAssign) and node.value is None}
    names = [(node.lineno, node.arg) for node in nodes if isinstance(node, ast.arg)]
    variables = {node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)} - fields
    names += [(node.lineno, node.id) for node in variables]
    return [f"{path.relative_to(ROOT)}:{line}: {name}" for line, name in names if name in VAGUE]


def test_a_variable_is_named_by_what_its_value_is() -> None:
    assert [name for path in (*SOURCES, *TESTS) for name in vague_names(path)] == []
