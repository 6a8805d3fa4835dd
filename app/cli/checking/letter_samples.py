"""A sample of every kind of letter, to know that its template is there and can be rendered."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ...model.wording import TEMPLATES, wording_in

# What the others extend: it is no letter.
_BASE = "base.txt"


def kinds() -> list[str]:
    """Return the kinds of letters, by the names of their templates."""
    return sorted(path.stem for path in TEMPLATES.glob("*.txt") if path.name != _BASE)


def render_sample(kind: str, names: set[str]) -> str:
    """Render a letter in which a word stands for each of these names; raises what keeps it from being rendered."""
    return wording_in().render(kind, **dict.fromkeys(names, _Sample("sample")))


def names_in_letters() -> set[str]:
    """Return the names of everything that a letter of any kind shows."""
    from jinja2 import Environment, TemplateSyntaxError, meta

    names: set[str] = set()
    for path in TEMPLATES.glob("*.txt"):
        # A letter of this kind will say what is wrong with it.
        with suppress(TemplateSyntaxError):
            names |= meta.find_undeclared_variables(Environment().parse(path.read_text(encoding="utf-8")))
    return names


class _Sample(str):
    """A word that is whatever a template takes it for: a text, a list, a function, an object with that text in it."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        """Be a list of one."""
        yield self

    def __getattr__(self, name: str) -> Any:
        """Have every attribute, but for what Python itself asks for."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: object, **__: object) -> "_Sample":
        """Be a function."""
        return self
