"""How a footer is read by its structure: which sentences stand in it, and what fills their slots, in any language."""

import re
from functools import cache
from typing import NamedTuple

from mail_tickets.model.lifecycle.registry import LIFECYCLES
from mail_tickets.model.lifecycle.tables import PRIVATE_NOTE
from mail_tickets.model.wording import wording_in

_MOST_LINES = 4
_REPLY = ("seen_by", "seen_only_by", "seen_by_nobody", "seen_later")
_TEAMS = ("team", "rest_of_team", "the_team", "the_rest_of_team")


class FooterSentence(NamedTuple):
    """One sentence of a footer: the macro that says it, and what stands in its slots."""

    name: str
    slots: dict[str, str]


class FooterReading(NamedTuple):
    """What a person reads in a footer: `does` is the phrase of the tables, `readers` are names, and `team(queue)`."""

    does: str
    private: bool
    readers: tuple[str, ...]
    status: str
    after: str
    sentences: tuple[FooterSentence, ...]

    def names(self) -> list[str]:
        """The sentences by name, in their order."""
        return [one.name for one in self.sentences]

    def slot(self, name: str, slot: str) -> str | None:
        """What stands in a slot of a sentence; None if the sentence is not there."""
        return next((one.slots[slot] for one in self.sentences if one.name == name), None)


def read_footer(footer: str, language: str = "en") -> FooterReading:
    """Return what a footer says that begins with what a reply does."""
    sentences = sentences_of(footer, language)
    first, second = sentences[0], sentences[1]
    assert first.name in _REPLY, footer
    assert second.name in ("status", "status_changes"), footer
    does = _phrases(language)[first.slots["does"]]
    status, private = second.slots["status"], does == PRIVATE_NOTE
    readers = readers_in(first.slots.get("readers", ""), language)
    return FooterReading(does, private, readers, status, second.slots.get("new", status), sentences)


def sentences_of(footer: str, language: str = "en") -> tuple[FooterSentence, ...]:
    """Return every sentence of a footer; each begins on a line of its own, and may be folded."""
    lines, found = footer.strip().splitlines(), list[FooterSentence]()
    while lines:
        for count in range(1, _MOST_LINES + 1):
            if (sentence := _sentence(" ".join(lines[:count]), language)) is not None:
                found.append(sentence)
                lines = lines[count:]
                break
        else:
            raise AssertionError(f"nobody knows this sentence: {lines[0]!r}")
    return tuple(found)


def readers_in(phrase: str, language: str = "en") -> tuple[str, ...]:
    """Return the readers whom a list of names names."""
    if not phrase:
        return ()
    parts = re.split(rf", | {wording_in(language).phrase('and')} ", phrase)
    return tuple(_team(part, language) or part for part in parts)


def team(queue: str) -> str:
    """Return what stands for a team among readers."""
    return f"@{queue}"


def _team(part: str, language: str) -> str | None:
    patterns = [(weight, pattern) for name, weight, pattern in _patterns(language) if name in _TEAMS]
    found = [(weight, match["queue"]) for weight, pattern in patterns if (match := pattern.fullmatch(part))]
    return team(max(found)[1]) if found else None


def _sentence(text: str, language: str) -> FooterSentence | None:
    """The sentence with the most words of its own that a text is."""
    matches = [
        (weight, name, found.groupdict())
        for name, weight, pattern in _patterns(language)
        if name not in _TEAMS and (found := pattern.fullmatch(text))
    ]
    if not matches:
        return None
    _, name, slots = max(matches, key=lambda one: one[0])
    return FooterSentence(name, slots)


@cache
def _patterns(language: str) -> list[tuple[str, int, re.Pattern[str]]]:
    module = wording_in(language).module("footer")
    macros = {name: macro for name, macro in vars(module).items() if hasattr(macro, "arguments")}
    found: list[tuple[str, int, re.Pattern[str]]] = []
    for name, macro in macros.items():
        slots = {
            one: [f"\x02{one}\x03"] if one in ("readers", "pages") else f"\x02{one}\x03" for one in macro.arguments
        }
        said = " ".join(str(macro(**slots)).split())
        pattern = re.sub("\x02(\\w+)\x03", r"(?P<\1>.+)", re.escape(said))
        found.append((name, len(re.sub("\x02\\w+\x03", "", said)), re.compile(pattern)))
    return found


@cache
def _phrases(language: str) -> dict[str, str]:
    """By how it is said, every phrase that says what a reply does."""
    does = [action.does for life in LIFECYCLES.values() for action in life.actions]
    return {wording_in(language).phrase(one): one for one in (*does, PRIVATE_NOTE)}
