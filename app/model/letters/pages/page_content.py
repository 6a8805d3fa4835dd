"""What a page says that somebody asked for."""

from collections.abc import Sequence
from typing import NamedTuple

from ...wording import Sentence
from ..letter_subjects import NOTHING_MORE, Subjects


class PageContent(NamedTuple):
    """What a page says: a first sentence, lines below it, then paragraphs; and what it shows besides whom they name."""

    heading: Sentence
    lines: Sequence[Sentence | str] = ()
    paragraphs: Sequence[Sentence | str] = ()
    shows: Subjects = NOTHING_MORE
