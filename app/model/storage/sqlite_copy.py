"""How a SQLite database is copied whole, while others read it and write into it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from .disk import new_draft, put_in_place


class CannotCopy(Exception):
    """A copy could not be made; the text says why in one line."""


def copy_database(source: Path, target: Path, *, replace: bool = False) -> None:
    """Copy a SQLite database into one file for this account alone (mode 600), as it stood at one moment.

    The target appears when the copy is whole, on the disk and found sound, or not at all. CannotCopy if it cannot be
    made, or if something is there already and `replace` is false.
    """
    if target.exists() and any(file.exists() and target.samefile(file) for file in _files_of(source)):
        raise CannotCopy(f"{target} is the database itself; name another file.")
    if not replace and os.path.lexists(target):
        raise CannotCopy(f"{target} is there already.")
    draft = _draft_beside(target)
    try:
        _copy(source, draft)
        put_in_place(draft, target, replace=replace)
    except FileExistsError:
        raise CannotCopy(f"{target} is there already.") from None
    except (OSError, sqlite3.Error) as error:
        raise CannotCopy(f"No copy can be made at {target}: {_why(error)}.") from error
    finally:
        draft.unlink(missing_ok=True)


def _files_of(source: Path) -> list[Path]:
    """The files that a SQLite database is while it is in use."""
    return [source, *(source.with_name(f"{source.name}{end}") for end in ("-wal", "-shm", "-journal"))]


def _draft_beside(target: Path) -> Path:
    try:
        return new_draft(target)
    except OSError as error:
        raise CannotCopy(f"No copy can be made at {target}: {_why(error)}.") from error


def _copy(source: Path, draft: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as original,
        closing(sqlite3.connect(draft, isolation_level=None)) as copy,
    ):
        # In one step: with the pages in pieces, a busy writer would make it begin anew again and again.
        original.backup(copy)
        # One file and nothing beside it, so that it can be moved as it is.
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
        verdict = str(copy.execute("PRAGMA quick_check(1)").fetchone()[0])
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged, as the database may be ({verdict})")


def _why(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error).partition("\n")[0].rstrip(".")
