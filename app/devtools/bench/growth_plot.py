"""The plot of growth, drawn as SVG from the figures of a run."""

import re
from collections.abc import Iterable, Mapping
from math import log10
from typing import Any, NamedTuple

_NAME = re.compile(r"growth, (?P<database>\w+): (?P<kind>.+), (?P<size>[\d,]+) messages\Z")
_WIDTH, _HEIGHT = 880, 380
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 30, 400, 50
# Dark enough on white, and told apart without colours by their marks and dashes.
_COLOURS = ("#0b5cad", "#b3470f", "#2c7a3f", "#6b3fa0")
_DASHES = {"SQLite": "none", "PostgreSQL": "6 4"}


class _Curve(NamedTuple):
    database: str
    kind: str
    points: list[tuple[int, float]]


def growth_plot(figures: Iterable[Mapping[str, Any]]) -> str:
    """Return the SVG: milliseconds of a mail by the number of messages, a line for each kind and database."""
    lines = _lines(figures)
    most = max((cost for line in lines for _, cost in line.points), default=1.0)
    top = int(most) + 1
    sizes = sorted({size for line in lines for size, _ in line.points})
    kinds = list(dict.fromkeys(line.kind for line in lines))
    parts = [*_axes(sizes, top)]
    for number, line in enumerate(lines):
        colour = _COLOURS[kinds.index(line.kind) % len(_COLOURS)]
        places = [(_x(size, sizes), _y(cost, top)) for size, cost in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        stroke = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{_DASHES.get(line.database, "2 2")}"'
        parts.append(f'<polyline points="{path}" fill="none" {stroke}/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        y = _TOP + 12 + number * 20
        x = _WIDTH - _RIGHT + 14
        parts.append(f'<line x1="{x}" y1="{y - 4}" x2="{x + 26}" y2="{y - 4}" {stroke}/>')
        parts.append(f'<text x="{x + 32}" y="{y}">{line.kind}, {line.database}</text>')
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12">\n<title>Processor time of a mail by the size of the tracker</title>\n'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _lines(figures: Iterable[Mapping[str, Any]]) -> list[_Curve]:
    points_by_name: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for figure in figures:
        named = _NAME.match(figure["what"])
        if named and figure["number"] is not None:
            size = int(named["size"].replace(",", ""))
            points_by_name.setdefault((named["database"], named["kind"]), []).append((size, figure["number"]))
    return [_Curve(database, kind, sorted(points)) for (database, kind), points in points_by_name.items()]


def _axes(sizes: list[int], top: int) -> Iterable[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    # Ten lines or so, at whole milliseconds.
    for cost in range(0, top + 1, max(1, top // 10)):
        y = _y(cost, top)
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#dddddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{cost}</text>'
    for size in sizes:
        yield f'<text x="{_x(size, sizes):.1f}" y="{bottom + 20}" text-anchor="middle">{size:,}</text>'
    middle = (_LEFT + right) / 2
    yield f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">messages in the tracker</text>'
    yield f'<text x="{_LEFT - 40}" y="{_TOP - 12}">processor ms of a mail</text>'


def _x(size: int, sizes: list[int]) -> float:
    least, most = log10(sizes[0]), log10(sizes[-1])
    share = (log10(size) - least) / (most - least) if most > least else 0.5
    return _LEFT + 20 + share * (_WIDTH - _RIGHT - _LEFT - 40)


def _y(cost: float, top: int) -> float:
    return _HEIGHT - _BOTTOM - cost / top * (_HEIGHT - _BOTTOM - _TOP)
