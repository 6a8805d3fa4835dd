"""A row of the benchmark's table."""

from typing import NamedTuple


class Figure(NamedTuple):
    """One row of the table; `number` is what a program reads of it, such as the plot of growth."""

    what: str
    value: str
    wanted: str = ""
    met: bool | None = None
    number: float | None = None


def at_most(name: str, number: float, most: float, form: str = "{:.2f}") -> Figure:
    """A figure that must not be larger than that; `form` prints both."""
    return Figure(name, form.format(number), f"<= {form.format(most)}", number <= most, number)


def at_least(name: str, number: float, least: float, form: str = "{:.2f}") -> Figure:
    """A figure that must not be smaller than that; `form` prints both."""
    return Figure(name, form.format(number), f">= {form.format(least)}", number >= least, number)
