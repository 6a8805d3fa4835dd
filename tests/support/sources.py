"""The sources of app/ and config/, and what each imports."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for top in ("app", "config") for path in (ROOT / top).rglob("*.py"))
APP = [path for path in SOURCES if path.is_relative_to(ROOT / "app")]
TEMPLATES = sorted((ROOT / "app" / "templates").rglob("*.txt"))


def module_name(path: Path) -> str:
    """The dotted name by which a source is imported here."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in SOURCES}


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a source's tree, the module first."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imports(path: Path) -> set[str]:
    """Every module and name that a source imports, those in functions and for types included."""
    names: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


@cache
def imported_modules(path: Path) -> set[str]:
    """The modules of app/ and config/ that a source imports; a package only where nothing inside it is meant."""
    modules = imports(path) & MODULES.keys()
    inner = {name.rpartition(".")[0] for name in modules}
    return {name for name in modules if name not in inner or not MODULES[name].name.startswith("__init__")}


def is_in(name: str, *packages: str) -> bool:
    """Whether a name is one of these packages or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)
