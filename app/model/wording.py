"""Sentences as values, and how a language says them: by the macros of its templates, which stand in one folder."""

import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from .folding import BREAK, GLUE, WIDTH, folded

if TYPE_CHECKING:
    from jinja2 import Environment, Template

TEMPLATES = Path(__file__).resolve().parents[1] / "templates" / "mail"
# The pages are in English: what their buttons and answers say is no letter, and has no translation.
_OF_PAGES = TEMPLATES.parent / "web"
ENGLISH = "en"
LANGUAGES = (ENGLISH, *sorted(path.name for path in TEMPLATES.iterdir() if path.is_dir()))


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
        # The template of a whole letter, by its name.
        self.template = cache(self._find_template)
        self._macro = cache(self._find_macro)

    def say(self, text: Sentence | str, width: int | None = WIDTH) -> str:
        """Return a sentence with its lines folded; what is no `Sentence` are somebody's words, and stays as it is."""
        if isinstance(text, str):
            return text
        glued: str = self._filled(text)
        words = glued.replace(GLUE, " ")
        # Most sentences fit into one line as they are.
        if words.isprintable() and not words.startswith(" ") and (width is None or len(words) <= width):
            return words
        return folded(glued, width)

    def line(self, text: Sentence | str) -> str:
        """Return a sentence in as few lines as it has."""
        return self.say(text, width=None)

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

    def render(self, template: str, **values: object) -> str:
        """Return a whole letter: its template's text, with every sentence among the values in this language."""
        return self.template(template).render(**self.texts_of(values))

    def texts_of(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Return the values of a letter with a text in place of every sentence."""
        texts: dict[str, Any] = {}
        for name, value in values.items():
            if isinstance(value, Sentence):
                texts[name] = self.say(value)
            else:
                texts[name] = [self.say(text) for text in value] if isinstance(value, list | tuple) else value
        return texts

    def _filled(self, value: Any) -> Any:
        """Return what a macro puts into its text: a sentence and a phrase in this language, all else as it is.

        No line breaks within somebody's words, or within what is typed as it stands: its spaces are glued.
        """
        if isinstance(value, Sentence):
            slots: dict[str, Any] = {}
            # Most slots are somebody's words, a phrase or a number: a call for each would be half of all calls.
            for name, slot in value.slots.items():
                if type(slot) is str:
                    slots[name] = slot.replace(" ", GLUE)
                elif isinstance(slot, Phrase):
                    slots[name] = self._phrases.get(slot, slot)
                elif type(slot) is int:
                    slots[name] = slot
                else:
                    slots[name] = [*map(self._filled, slot)] if isinstance(slot, list) else self._filled(slot)
            return str(self._macro(value.name)(**slots)).strip("\n")
        if isinstance(value, Phrase):
            return self._phrases.get(value, value)
        if isinstance(value, str) or not isinstance(value, Iterable):
            return value.replace(" ", GLUE) if isinstance(value, str) else value
        return [*map(self._filled, value)]

    def _find_macro(self, name: str) -> Any:
        file, _, macro = name.partition(".")
        return getattr(self.module(file), macro)

    def _find_template(self, name: str) -> "Template":
        return _environment(self.language).get_template(f"{name}.txt")

    def module(self, file: str) -> object:
        """Return the sentences of one file, by name."""
        return self.template(file).module


def sentence_list(words: Iterable[object], conjunction: str = "and", nothing: str = "none") -> str:
    """Return `a, b and c`, for a sentence."""
    *others, last = [*map(str, words)] or [nothing]
    return f"{', '.join(others)} {conjunction} {last}" if others else last


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

    from .compiled_templates import CompiledTemplates

    folders = [TEMPLATES, _OF_PAGES] if language == ENGLISH else [TEMPLATES / language, TEMPLATES]
    # Plain text mails: there is no markup to escape, and what a writer wrote goes out as written.
    environment = Environment(
        loader=FileSystemLoader(folders),
        bytecode_cache=None if sys.dont_write_bytecode else CompiledTemplates(),
        autoescape=False,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    phrase = wording_in(language).phrase
    for name, conjunction in (("all", "and"), ("any", "or")):
        listed = partial(sentence_list, conjunction=phrase(conjunction), nothing=phrase("none"))
        environment.filters[name] = listed
    environment.filters["one_below_another"] = BREAK.join
    environment.globals["plural"] = _plural
    return environment


def _plural(count: int, singular: str, plural: str) -> str:
    """Return the words for one thing, or those for another number, with the number in place of `#`."""
    return singular if count == 1 else plural.replace("#", str(count))
