"""Sentences as values, and how a language says them: by the macros of its templates, which stand in one folder."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).resolve().parents[1] / "templates" / "mail"
# The pages are in English: what their buttons and answers say is no letter, and has no translation.
_OF_PAGES = TEMPLATES.parent / "web"
ENGLISH = "en"
LANGUAGES = (ENGLISH, *sorted(path.name for path in TEMPLATES.iterdir() if path.is_dir()))
WIDTH = 72
# A space within somebody's words, or within what is typed as it stands: no line breaks there.
_GLUE = "\x1f"
# The end of a line that stays one.
_BREAK = "\x1e"
_INDENT = "    "


class Phrase(str):
    """A short phrase of the lifecycle tables, in English; a translation says it in its own language."""

    __slots__ = ()


class Sentence(NamedTuple):
    """A sentence or two: the macro that says it, as `file.macro` of the templates, and what stands in its slots.

    A slot is a number, somebody's words, a `Phrase`, another `Sentence`, or a list of these.
    """

    name: str
    slots: Mapping[str, object]

    @property
    def english(self) -> str:
        """The sentence as the command line says it."""
        return wording_in().line(self)


def say(name: str, /, **slots: object) -> Sentence:
    """Return the sentence of that name."""
    return Sentence(name, slots)


class ExplainedError(Exception):
    """Something that cannot be done; whoever asked for it reads why, as the sentence `code` of the errors' template."""

    def __init__(self, code: str, /, **slots: object) -> None:
        super().__init__(code)
        self.text = Sentence(f"errors.{code}", slots)

    @classmethod
    def saying(cls, text: Sentence) -> Self:
        """Return an error of this kind with the sentence of another."""
        error = cls("")
        error.text = text
        return error

    def __str__(self) -> str:
        return self.text.english


class Wording:
    """One language: its sentences, its phrases, and its templates of whole letters."""

    def __init__(self, language: str) -> None:
        self.language = language
        # Of English the phrases stand in the tables.
        self._phrases = {} if language == ENGLISH else _phrases_in(language)
        self._macros: dict[str, Any] = {}

    def say(self, text: Sentence | str) -> str:
        """Return a sentence with its lines folded; what is no `Sentence` are somebody's words, and stays as it is."""
        return text if isinstance(text, str) else _folded(self._said(text))

    def line(self, text: Sentence | str) -> str:
        """Return a sentence in as few lines as it has."""
        return text if isinstance(text, str) else _folded(self._said(text), width=None)

    def phrase(self, phrase: str) -> str:
        """Return a phrase of the tables in this language."""
        return self._phrases.get(phrase, phrase)

    def has_phrase(self, phrase: str) -> bool:
        """Return whether this language has words of its own for a phrase."""
        return phrase in self._phrases

    def slots_of(self, name: str) -> Sequence[str]:
        """Return the names of a sentence's slots."""
        arguments: Sequence[str] = self._macro(name).arguments
        return arguments

    def render(self, template: str, **context: object) -> str:
        """Return a whole letter: its template's text, with what is given said in this language."""
        slots = {name: self.said(value) for name, value in context.items()}
        return self._environment.get_template(f"{template}.txt").render(**slots)

    def said(self, value: Any) -> Any:
        """Return a value of a letter with every sentence in it said."""
        if isinstance(value, list | tuple) and not isinstance(value, Sentence):
            return [self.said(item) for item in value]
        return self.say(value) if isinstance(value, Sentence) else value

    def _said(self, text: Sentence) -> str:
        slots = {name: self._slot(value) for name, value in text.slots.items()}
        return str(self._macro(text.name)(**slots)).strip("\n")

    def _slot(self, value: object) -> object:
        if isinstance(value, Sentence):
            return self._said(value)
        if isinstance(value, Phrase):
            return self.phrase(value)
        if isinstance(value, str):
            return value.replace(" ", _GLUE)
        if isinstance(value, Iterable):
            return [self._slot(item) for item in value]
        return value

    def _macro(self, name: str) -> Any:
        if name not in self._macros:
            file, _, macro = name.partition(".")
            self._macros[name] = getattr(self.module(file), macro)
        return self._macros[name]

    def module(self, file: str) -> object:
        """Return the sentences of one file, by name."""
        return self._environment.get_template(f"{file}.txt").module

    @property
    def _environment(self) -> "Environment":
        return _environment(self.language)

    def all_of(self, words: Iterable[object]) -> str:
        """Return `a, b and c`."""
        return self._listed(words, "and")

    def any_of(self, words: Iterable[object]) -> str:
        """Return `a, b or c`."""
        return self._listed(words, "or")

    def _listed(self, words: Iterable[object], last: str) -> str:
        every = [str(word) for word in words]
        if len(every) < 2:
            return every[0] if every else self.phrase("none")
        return f"{', '.join(every[:-1])} {self.phrase(last)} {every[-1]}"


@cache
def wording_in(language: str = ENGLISH) -> Wording:
    """Return the wording of a language."""
    return Wording(language)


def moment(at: datetime, *, year: bool = False) -> Sentence:
    """Return a moment as people read it."""
    at = at.astimezone(UTC)
    slots = {"weekday": Phrase(f"{at:%a}"), "day": at.day, "month": Phrase(f"{at:%b}"), "time": f"{at:%H:%M}"}
    return say("pages.moment_of_year", **slots, year=at.year) if year else say("pages.moment", **slots)


def _phrases_in(language: str) -> dict[str, str]:
    phrases: dict[str, str] = tomllib.loads((TEMPLATES / language / "phrases.toml").read_text("utf-8"))["phrases"]
    return phrases


@cache
def _environment(language: str) -> "Environment":
    # Loaded here: most commands say nothing.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folders = [TEMPLATES, _OF_PAGES] if language == ENGLISH else [TEMPLATES / language, TEMPLATES]
    # Plain text mails: there is no markup to escape, and what a writer wrote goes out as written.
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=False,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"all": wording_in(language).all_of, "any": wording_in(language).any_of}
    environment.filters["one_below_another"] = _BREAK.join
    environment.filters["with_name"] = lambda pattern, name: pattern.replace("{name}", name)
    environment.globals["plural"] = _plural
    return environment


def _plural(count: int, singular: str, plural: str) -> str:
    """Return the words for one thing, or those for another number, with the number in place of `#`."""
    return singular if count == 1 else plural.replace("#", str(count))


def _folded(text: str, width: int | None = WIDTH) -> str:
    """Return a text whose paragraphs have lines of this width; lines that are indented stay as they are."""
    return "\n".join(_folded_part(part, width) for part in text.split(_BREAK)).replace(_GLUE, " ")


def _folded_part(text: str, width: int | None) -> str:
    lines: list[str] = []
    goes_on = False
    for line in text.split("\n"):
        plain = bool(line.strip()) and not line.startswith(_INDENT)
        lines.append(f"{lines.pop()} {line.strip()}" if plain and goes_on else line)
        goes_on = plain
    if width is not None:
        lines = [line if line.startswith(_INDENT) else _wrapped(line, width) for line in lines]
    return "\n".join(lines)


def _wrapped(line: str, width: int) -> str:
    lines = [""]
    for word in line.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if len(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)
