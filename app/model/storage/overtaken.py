"""Whether work on the database can simply be done again, because other work got in between."""

from sqlalchemy.exc import IntegrityError

# PostgreSQL's codes for work that was stopped because of other work: a failed serialization, a deadlock.
_OVERTAKEN = ("40001", "40P01")


def was_overtaken(error: BaseException) -> bool:
    """Whether another connection did the same at the same instant (made a sender known, say): it has now."""
    return isinstance(error, IntegrityError) or getattr(getattr(error, "orig", None), "sqlstate", None) in _OVERTAKEN
