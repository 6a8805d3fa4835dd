"""How a footer is read by its structure: which sentences stand in it, and what fills their slots, in any language."""

import re
from functools import cache
from operator import itemgetter
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
        return [sentence.name for sentence in self.sentences]

    def slot(self, name: str, slot: str) -> str | None:
        """What stands in a slot of a sentence; None if the sentence is not there."""
        return next((sentence.slots[slot] for sentence in self.sentences if sentence.name == name), None)


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
    lines, sentences = footer.strip().splitlines(), list[FooterSentence]()
    while lines:
        for count in range(1, _MOST_LINES + 1):
            if (sentence := _sentence(" ".join(lines[:count]), language)) is not None:
                sentences.append(sentence)
                lines = lines[count:]
                break
        else:
            raise AssertionError(f"nobody knows this sentence: {lines[0]!r}")
    return tuple(sentences)


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
    queues = [(weight, match["queue"]) for weight, pattern in patterns if (match := pattern.fullmatch(part))]
    return team(max(queues)[1]) if queues else None


def _sentence(text: str, language: str) -> FooterSentence | None:
    """The sentence with the most words of its own that a text is."""
    matches = [
        (weight, name, match.groupdict())
        for name, weight, pattern in _patterns(language)
        if name not in _TEAMS and (match := pattern.fullmatch(text))
    ]
    if not matches:
        return None
    _, name, slots = max(matches, key=itemgetter(0))
    return FooterSentence(name, slots)


@cache
def _patterns(language: str) -> list[tuple[str, int, re.Pattern[str]]]:
    module = wording_in(language).module("footer")
    macros = {name: macro for name, macro in vars(module).items() if hasattr(macro, "arguments")}
    patterns: list[tuple[str, int, re.Pattern[str]]] = []
    for name, macro in macros.items():
        slots = {
            slot: [f"\x02{slot}\x03"] if slot in ("readers", "pages") else f"\x02{slot}\x03" for slot in macro.arguments
        }
        text = " ".join(str(macro(**slots)).split())
        pattern = re.sub("\x02(\\w+)\x03", r"(?P<\1>.+)", re.escape(text))
        patterns.append((name, len(re.sub("\x02\\w+\x03", "", text)), re.compile(pattern)))
    return patterns


@cache
def _phrases(language: str) -> dict[str, str]:
    """By how it is said, every phrase that says what a reply does."""
    does = [action.does for life in LIFECYCLES.values() for action in life.actions]
    return {wording_in(language).phrase(phrase): phrase for phrase in (*does, PRIVATE_NOTE)}
