"""Claims about docs/salmon.md: every hazard found in Salmon has a row, and every test that a row names exists."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent
TABLE = TESTS.parent / "docs" / "salmon.md"
# How many there are under each letter.
FOUND = {"A": 13, "B": 4, "C": 13, "D": 7, "E": 13}


def rows() -> dict[str, str]:
    """What shows that it cannot happen, by the hazard's number."""
    return dict(re.findall(r"^\| ([A-E]\d+) \| [^|]+ \| ([^|]+) \|$", TABLE.read_text(encoding="utf-8"), re.M))


def test_every_hazard_has_a_row() -> None:
    assert list(rows()) == [f"{letter}{number}" for letter, last in FOUND.items() for number in range(1, last + 1)]


def test_every_row_names_tests_that_exist() -> None:
    for number, shown in rows().items():
        named = re.findall(r"`(test_\w+\.py)::(\w+)`", shown)
        assert named, number
        assert shown.count("`") == 2 * len(named), f"{number}: something else than a test is named"
        for file, name in named:
            found = list(TESTS.rglob(file))
            assert len(found) == 1, f"{number}: {file} is {len(found)} files"
            tree = ast.parse(found[0].read_text(encoding="utf-8"))
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{number}: {name}"
