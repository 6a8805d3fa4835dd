"""How a letter's text is rendered from its template."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates" / "mail"


@cache
def _template(name: str) -> "Template":
    # Loaded here: most commands write no letter.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Plain text mails: there is no markup to escape, and what a writer wrote goes out as written.
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=False,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(f"{name}.txt")


def render(name: str, **context: object) -> str:
    """The text of a letter: its template's, and the footer that the base template owns."""
    return _template(name).render(**context)
