"""How text is made the same for the search, on every database: plain words with spaces between them.

The databases take these words as they are. What a letter is, and where a word ends, would else depend on their versions
and locales, and no query could be known to mean the same on both.
"""

import re
import unicodedata

LONGEST_WORD = 100
"""So many characters of a word count: PostgreSQL takes no word of more than 2,046 bytes."""

# Scripts that are written without spaces, or (Hangul) with particles at the end of a word: each character stands alone.
_APART = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x19E0, 0x19FF),
    (0x1100, 0x11FF),  # Hangul
    (0x3005, 0x3007),  # Iteration marks and the like
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3130, 0x318F),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF),
    (0x1B000, 0x1B16F),
    (0x20000, 0x3FFFF),
)
# What may stand within a word and is none of it: soft hyphens and joiners; and a letter that only draws a line longer.
_UNSEEN = frozenset(map(ord, "\u00ad\u0640"))
_ZERO_WIDTH_SPACE = 0x200B
_DOTLESS_I = 0x131
# Words joined by hyphens: many are written as one, too. Not numbers: dates and codes would be as many words more.
_JOINED = re.compile(r"(?<![\w-])[^\W\d_]{1,30}(?:[-\u2010\u2011][^\W\d_]{1,30}){1,3}(?![\w-])")


class _Folds(dict[int, str]):
    """What each character becomes, by its code point; worked out when a text has it first.

    A character never depends on its neighbours, so that a place in the folded text can be found in the original.
    """

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold(code)
        return folded


def _fold(code: int) -> str:
    if code == _DOTLESS_I:
        # Its capital is that of i.
        return "i"
    char = chr(code)
    kind = unicodedata.category(char)
    if code in _UNSEEN or (kind == "Cf" and code != _ZERO_WIDTH_SPACE) or _is_accent(char):
        return ""
    plain = "".join(part for part in unicodedata.normalize("NFKD", char) if not _is_accent(part)).casefold()
    return "".join(map(_piece, unicodedata.normalize("NFC", plain)))


def _is_accent(char: str) -> bool:
    """Whether it is a mark that people leave out when they look for a word: an accent, a Hebrew or Arabic vowel.

    Marks of other scripts are as good as letters: nukta (7), kana voicing (8), virama (9), the vowels of Thai.
    """
    combining = unicodedata.combining(char)
    return 10 <= combining <= 36 or combining >= 200 or combining == 1


def _piece(char: str) -> str:
    if unicodedata.category(char)[0] not in "LMN":
        return " "
    code = ord(char)
    return f" {char} " if any(first <= code <= last for first, last in _APART) else char


FOLDS = _Folds()
_ASCII = {code: FOLDS[code] for code in range(128)}


def folded(text: str) -> str:
    """Text with only words in it, folded: no case, no accents, characters of some scripts apart, spaces between."""
    if text.isascii():
        return text.translate(_ASCII)
    return unicodedata.normalize("NFC", text).translate(FOLDS)


def indexed_words(text: str) -> list[str]:
    """The words of a text, and behind them those that are written with hyphens as one word each."""
    return [*words(text), *(word for joined in _JOINED.findall(text) if (word := as_one_word(joined)))]


def as_one_word(text: str) -> str:
    """Words that hyphens join, as one folded word ("e-mail": "email"); empty for all other text."""
    if not _JOINED.fullmatch(text):
        return ""
    return "".join(folded(text).split())[:LONGEST_WORD]


def words(text: str) -> list[str]:
    """The words of a text, folded, in order."""
    return [word[:LONGEST_WORD] for word in folded(text).split()]
