"""Claims about docs/salmon.md and SECURITY.md: every hazard that was found has a row, and each row's tests exist."""

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parent
TABLE = TESTS.parent / "docs" / "salmon.md"
# How many there are under each letter.
FOUND = {"A": 13, "B": 4, "C": 13, "D": 7, "E": 13}
FILES = [*TESTS.rglob("test_*.py")]
ATTACKS = TESTS.parent / "SECURITY.md"
# All that worked.
ATTACKED = re.findall(
    r"[A-Z]\d?", "A1 A2 B1 B2 B3 B4 C D1 D2 D3 D4 E F G H I J K L M N O P Q S T1 T2 T3 T4 T5 T6 T7 T8 U1 U2 U3 U4 U5"
)


def rows(table: Path = TABLE) -> dict[str, str]:
    """What shows that it cannot happen, by the hazard's number."""
    return dict(re.findall(r"^\| ([A-Z]\d*) \| [^|]+ \| ([^|]+) \|$", table.read_text(encoding="utf-8"), re.M))


@cache
def functions_in(path: Path) -> set[str]:
    """The names of a test file's functions, which many rows cite."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_hazard_has_a_row() -> None:
    assert list(rows()) == [f"{letter}{number}" for letter, last in FOUND.items() for number in range(1, last + 1)]


def test_every_attack_has_a_row() -> None:
    assert list(rows(ATTACKS)) == ATTACKED


def test_every_row_names_tests_that_exist() -> None:
    for number, row in [*rows().items(), *rows(ATTACKS).items()]:
        named = re.findall(r"`(test_\w+\.py)::(\w+)`", row)
        assert named, number
        assert row.count("`") == 2 * len(named), f"{number}: something else than a test is named"
        for file, name in named:
            paths = [path for path in FILES if path.name == file]
            assert len(paths) == 1, f"{number}: {file} is {len(paths)} files"
            assert name in functions_in(paths[0]), f"{number}: {name}"
