"""The lines of a sentence: folded at a width between its own words, and never within somebody else's."""

WIDTH = 72
INDENT = "    "
# The end of a line that stays one.
BREAK = "\x1e"
# A space at which no line breaks.
GLUE = "\x1f"


def folded(text: str, width: int | None) -> str:
    """Return a sentence whose paragraphs have lines of this width, or one each; indented lines stay as they are."""
    return "\n".join(_folded_part(part, width) for part in text.split(BREAK)).replace(GLUE, " ")


def _folded_part(text: str, width: int | None) -> str:
    lines: list[str] = []
    goes_on = False
    for line in text.split("\n"):
        plain = bool(line.strip()) and not line.startswith(INDENT)
        lines.append(f"{lines.pop()} {line.strip()}" if plain and goes_on else line)
        goes_on = plain
    if width is not None:
        lines = [line if line.startswith(INDENT) else _wrapped(line, width) for line in lines]
    return "\n".join(lines)


def _wrapped(line: str, width: int) -> str:
    lines, rest = list[str](), line.lstrip(" ")
    while len(rest) > width:
        end = rest.rfind(" ", 0, width + 1)
        if end < 0 and (end := rest.find(" ")) < 0:
            break
        lines.append(rest[:end])
        rest = rest[end + 1 :].lstrip(" ")
    return "\n".join([*lines, rest])
