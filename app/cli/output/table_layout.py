"""Columns as a terminal shows them: aligned by display width, and cut to the width of the terminal."""

import os
import re
import shutil
import sys
from collections.abc import Sequence

import click

from ...mail.text import one_line

_GAP = "  "
# A line that begins with a mark of direction is read from there by some terminals.
_MARKS = re.compile("[\u061c\u200e\u200f]")
_ELLIPSIS = "…"
# Nobody reads further, and a pipe cuts nothing.
_LONGEST = 10_000
# Below this a column says nothing any more; on a terminal too narrow for that, whole lines are cut.
_NARROWEST = 4
_SHORT = 12


def terminal_width() -> int | None:
    """Return the width of the terminal (COLUMNS wins); None if standard output is not a terminal."""
    return shutil.get_terminal_size().columns if _is_terminal() else None


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def bold(text: str) -> str:
    """A text that stands out on a terminal; as it is elsewhere, and where NO_COLOR is set (no-color.org)."""
    plain = not _is_terminal() or os.environ.get("NO_COLOR") or os.environ.get("TERM") in (None, "dumb")
    return text if plain else click.style(text, bold=True)


def width_of(text: str) -> int:
    """Return how many terminal columns a line takes: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    # Loaded here: most of what is listed is ASCII.
    from wcwidth import wcswidth

    return max(0, wcswidth(text))


def cut(text: str, width: int) -> str:
    """Return a line cut to a number of columns, with an ellipsis at its end if something is missing."""
    if width_of(text) <= width:
        return text
    return f"{_beginning(text, width - 1)}{_ELLIPSIS}" if width > 0 else ""


def _beginning(text: str, width: int) -> str:
    """Return the beginning of a line that fits into a number of columns."""
    if text.isascii():
        return text[:width]
    from wcwidth import wcwidth

    end = columns = 0
    while end < len(text) and columns + max(0, wcwidth(text[end])) <= width:
        columns += max(0, wcwidth(text[end]))
        end += 1
    # Some signs are wider after another one than alone.
    while end and width_of(text[:end]) > width:
        end -= 1
    return text[:end]


def shown_cell(text: str) -> str:
    """Text for one cell: on one line, without what a terminal would obey, or what would turn the cells beside it."""
    cell = one_line(text, _LONGEST)
    if cell.isascii():
        return cell
    cell = _MARKS.sub("", cell)
    from wcwidth import wcwidth

    return "".join(sign if wcwidth(sign) >= 0 else "\ufffd" for sign in cell)


def laid_out(rows: Sequence[Sequence[str]], headings: Sequence[str], width: int | None) -> list[str]:
    """Rows below their headings, as lines; each column as wide as its widest cell, if all fit into `width` columns.

    If not, the widest are cut, the last one least. None for as wide as it takes.
    """
    cells = [[*headings], *([shown_cell(cell) for cell in row] for row in rows)]
    wanted = [max(width_of(row[column]) for row in cells) for column in range(len(headings))]
    widths = wanted if width is None else _fitting(wanted, width - len(_GAP) * (len(headings) - 1))
    lines = [_GAP.join(map(_filled, row, widths)).rstrip() for row in cells]
    return lines if width is None else [cut(line, width).rstrip() for line in lines]


def _filled(cell: str, width: int) -> str:
    text = cut(cell, width)
    return text + " " * (width - width_of(text))


def _fitting(wanted: Sequence[int], room: int) -> list[int]:
    """Widths that fit into the room: none over a limit, which for the last column is twice as high.

    What is short is worth most, a number or a status: it is cut only where all else is short already.
    """
    for whole in (_SHORT, 0):
        for limit in range(max(wanted, default=0), whole or _NARROWEST, -1):
            widths = [width if width <= whole else min(width, limit) for width in wanted[:-1]]
            widths.append(min(wanted[-1], 2 * limit))
            if sum(widths) <= room:
                return _filled_up(widths, wanted, room)
    return [min(width, _NARROWEST) for width in wanted]


def _filled_up(widths: Sequence[int], wanted: Sequence[int], room: int) -> list[int]:
    """Return the widths after giving the unused columns away, to the last one first."""
    wider = list(widths)
    for column in reversed(range(len(wider))):
        wider[column] += min(wanted[column] - wider[column], room - sum(wider))
    return wider
