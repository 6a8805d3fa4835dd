"""Replies that were meant for the tracker, and not for people (docs/interface.md, section 6, "Slips").

Pure, from the tables. Who may slip, and what becomes of such a reply, is decided elsewhere.
"""

import re
from collections.abc import Collection, Mapping
from functools import cache
from unicodedata import normalize

from . import commands
from .commands import COMMANDS, OWNER, WORDS_ALONE
from .tables import Lifecycle

# What people write in place of `Owner: me`.
_OF_OWNER = frozenset(["take", "taken", "taking", "mine", "claim", "claimed", "assign", "assigned", "assigning"])

# What people write in place of a status, an action, a command or a page, in whichever lifecycle.
USUAL = frozenset(
    """
    close closed closing done solve solved resolve resolved reopen reopened
    unresolved stall stalled pending park parked hold snooze postpone postponed
    reject rejected invalid spam junk delete deleted trash discard duplicate
    assignee unassign unassigned
    answered expired private internal note move moved merge merged
    commands usage tickets stop unsub leave mute unfollow
    hilfe erledigt geschlossen schließen gelöst übernehmen zuweisen abmelden abbestellen liste
    aide fermer fermé résolu terminé désabonner désinscrire
    ayuda cerrar cerrado resuelto hecho ajuda fechar fechado resolvido
    aiuto chiudi chiuso risolto fatto hulp sluiten gesloten opgelost klaar
    hjälp hjelp hjælp stäng stängd löst klart lukk lukket løst luk
    pomoc zamknij zamknięte pomoc zavřít zavřeno hotovo помощь закрыть закрыто решено готово
    """.casefold().split()
).union(_OF_OWNER)

# What people write before a colon in place of a command's name.
USUAL_NAMES: Mapping[str, commands.Command] = {
    "state": commands.STATUS,
    "set status": commands.STATUS,
    "new status": commands.STATUS,
    "close": commands.STATUS,
    "resolve": commands.STATUS,
    "assigned": OWNER,
    "assigned to": OWNER,
    "assign to": OWNER,
    "assign ticket": OWNER,
    "take": OWNER,
    "move": commands.QUEUE,
    "move to": commands.QUEUE,
    "cc": commands.ADD_CC,
    "add cc": commands.ADD_CC,
    "del cc": commands.DEL_CC,
    "remove cc": commands.DEL_CC,
    "prio": commands.PRIORITY,
    "title": commands.SUBJECT,
    "merge into": commands.MERGE,
    "merge with": commands.MERGE,
}

# The answers that mean something only while the tracker has asked something.
YES, NO, SEND, DROP = "yes", "no", "send", "drop"
ANSWERS = (YES, NO, SEND, DROP)

_MOST_WORDS = 2
# No two words are longer than this, and a first line is looked at no further.
_LONGEST = 200
# Shorter words are too near to each other.
_LONG_ENOUGH = 5
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
# Marks that stand before a line of a list or of bold text.
_MARKS = r"[\s>*_#\"'`~+.)(\u2010-\u2015\u2022\u2023\u25aa-\u25ff\ufeff\u200b-]*"
_NAMED = re.compile(rf"{_MARKS}([^\W\d_][\w-]{{0,29}}(?:[ \xa0][^\W\d_][\w-]{{0,29}}){{0,1}}){_MARKS}[:=]")


def means_owner(text: str) -> bool:
    """Whether a slip is a word for taking a ticket."""
    return not _OF_OWNER.isdisjoint(_words(_folded(text)[:_LONGEST]))


def is_slip(text: str, lifecycle: Lifecycle, name: str = "", *, waits: bool = False) -> bool:
    """Return whether a text was meant as a command, though it is none that was read as one.

    `text` is all that somebody wrote, without quotation and signature. `name` is its writer's, who may sign with it.
    `waits`: something waits for this writer's yes, no, send or drop.
    """
    folded = _folded(text[: _LONGEST + 1])
    return _begins_as_a_command(text, folded) or (
        len(folded) <= _LONGEST and _is_of_the_vocabulary(_words(folded), _words(_folded(name)), lifecycle, waits=waits)
    )


def may_answer(text: str) -> bool:
    """Return whether a text begins with a word that answers what the tracker has asked."""
    return any(word in ANSWERS for word in _words(_folded(text[:_LONGEST]))[:_MOST_WORDS])


def _begins_as_a_command(text: str, folded: str) -> bool:
    """Return whether the first line has the name of a command and a sign behind it, and cannot be read as one."""
    first, _, rest = folded.strip().partition("\n")
    named = _NAMED.match(first)
    if named is None or commands.begins(text) or (first.startswith(">") and _has_words(rest)):
        return False
    name = " ".join(named[1].split())
    return name in _NAMES or name in USUAL_NAMES


def _has_words(text: str) -> bool:
    """Return whether some line of a text is not quoted: then a quotation above is what it answers."""
    return any(line.strip() and not line.lstrip().startswith(">") for line in text.split("\n"))


def _is_of_the_vocabulary(words: list[str], names: Collection[str], lifecycle: Lifecycle, *, waits: bool) -> bool:
    while len(words) > 1 and words[-1] in names:
        words = words[:-1]
    if not 0 < len(words) <= _MOST_WORDS:
        return False
    if _is_term(" ".join(words), lifecycle) or _is_assignment(words):
        return True
    return all(_is_term(word, lifecycle) or (waits and word in ANSWERS) for word in words)


def _is_term(words: str, lifecycle: Lifecycle) -> bool:
    terms = _terms((*lifecycle.statuses, *(action.title for action in lifecycle.actions)))
    return words in terms or words in USUAL or _is_near_one_of(words, terms)


def _is_assignment(words: list[str]) -> bool:
    """Return whether two words are a command's name and one of its values: `Owner me`."""
    named = commands.command_named(words[0]) or USUAL_NAMES.get(words[0])
    return named is not None and words[1:] in [[value] for value in named.words]


@cache
def _terms(titles: tuple[str, ...]) -> frozenset[str]:
    """Return these titles, the commands and the pages, folded."""
    return frozenset(" ".join(_words(_folded(title))) for title in (*titles, *_NAMES, *WORDS_ALONE))


def _is_near_one_of(words: str, terms: Collection[str]) -> bool:
    return any(len(term) >= _LONG_ENOUGH and commands.is_near(words, term) for term in terms)


def _folded(text: str) -> str:
    return _UNSEEN.sub("", normalize("NFKC", text).casefold()).replace("\u2019", "'")


def _words(folded: str) -> list[str]:
    return [word.replace("-", "") for word in _WORD.findall(folded)]


_UNSEEN = re.compile("[\ufeff\u200b-\u200f\u2060\ufe0f]")
_NAMES = frozenset(name.casefold() for command in COMMANDS for name in command.names)
