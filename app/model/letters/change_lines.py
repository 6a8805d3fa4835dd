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
    names = _Names(uow)
    return [_change_line(names.put_into(change)) for change in changes]


def addresses_in(changes: Sequence[FieldChange]) -> list[str]:
    """Return the addresses of the people whom changes are about."""
    return [email for field, *values in changes if field in _OF_PEOPLE for email in values if email]


class _Names:
    """The people of some changes by name; each is looked up once."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._by_email: dict[str, str] = {}

    def put_into(self, change: FieldChange) -> FieldChange:
        """Return a change with names in place of addresses."""
        field, old, new = change
        if field not in _OF_PEOPLE:
            return change
        return field, self._called(field, old), self._called(field, new)

    def _called(self, field: str, email: str | None) -> str | None:
        if email is None:
            return None
        if email not in self._by_email:
            person = find_person(self._uow, email)
            self._by_email[email] = person.name if person else ""
        name = self._by_email[email]
        return one_line(name if field == _ASSIGNEE else f"{name} <{email}>", 200) if name else email


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
