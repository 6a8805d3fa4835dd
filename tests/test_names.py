"""A claim about names: a class has one of its own in app/ and config/."""

import ast
from collections import defaultdict
from pathlib import Path

from tests.support.sources import ROOT, SOURCES

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
