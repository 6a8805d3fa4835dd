"""The name and version of this program, as greetings and checks tell it."""

from functools import cache

from .storage.revision import REVISION


@cache
def program_name() -> str:
    """Return the name with the version of the program and of the schema that it works on."""
    # Loaded here: it takes longer than many a command.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"tickets {version('mail-tickets')}/{REVISION}"
    except PackageNotFoundError:
        return f"tickets {REVISION}"
