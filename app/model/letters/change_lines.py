"""What changed on a ticket, a line a thing, with the people by name."""

from collections.abc import Sequence

from ...mail.text import one_line
from ..records.people import find_person
from ..records.tickets import MERGED
from ..storage.unit_of_work import UnitOfWork
from ..tickets.undo import FieldChange
from ..wording import Phrase, Sentence, say

_ASSIGNEE = "assignee"
_OF_PEOPLE = (_ASSIGNEE, "requestor", "participant", "unsubscribed")


def change_lines(uow: UnitOfWork, changes: Sequence[FieldChange]) -> list[Sentence]:
    """Return what changed in lines that name people: the owner by name, others also by address."""
    return [_change_line(_with_names(uow, *change) if change[0] in _OF_PEOPLE else change) for change in changes]


def addresses_in(changes: Sequence[FieldChange]) -> list[str]:
    """Return the addresses of the people whom changes are about."""
    return [email for field, *values in changes if field in _OF_PEOPLE for email in values if email]


def _with_names(uow: UnitOfWork, field: str, old: str | None, new: str | None) -> FieldChange:
    """Return a change of people with names in place of addresses."""
    return field, _called(uow, field, old), _called(uow, field, new)


def _called(uow: UnitOfWork, field: str, email: str | None) -> str | None:
    person = find_person(uow, email) if email is not None else None
    if person is None or not person.name:
        return email
    return one_line(person.name if field == _ASSIGNEE else f"{person.name} <{email}>", 200)


_CHANGED_PERSON = {
    (False, True): "notes.copied_in",
    (True, False): "notes.copied_out",
}


def _change_line(change: FieldChange) -> Sentence:
    """One thing that changed, in one line."""
    field, old, new = change
    if field == MERGED:
        return say("notes.merged_in", number=new)
    if field == "participant":
        return say(_CHANGED_PERSON[bool(old), bool(new)], email=new or old)
    if field == "unsubscribed":
        return say("notes.left" if new else "notes.came_back", email=new or old)
    if field == "until" and new and not old:
        return say("notes.until", day=new)
    nothing = say({"priority": "notes.no_priority", "until": "notes.no_day"}.get(field, "notes.nobody"))
    return say("notes.change", field=Phrase(_LABELS.get(field, field)), old=old or nothing, new=new or nothing)


_LABELS = {
    "status": "Status",
    "subject": "Subject",
    "queue": "Queue",
    "assignee": "Owner",
    "until": "Until",
    "requestor": "Requestor",
    "priority": "Priority",
}
