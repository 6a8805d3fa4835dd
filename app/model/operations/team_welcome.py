"""The letter that tells somebody on a team how it works."""

from ..letters.notification import letter_row
from ..letters.subjects import Subjects, add_letters
from ..letters.templates import render
from ..records.addressing import comment_address, postmaster_address
from ..records.people import Person
from ..records.queues import Queue, whole_address
from ..storage.unit_of_work import UnitOfWork

_KIND = "welcome"
# What a responder of each lifecycle can always say.
_EXAMPLES = {"correspondence": ("Owner: me", "Status: resolved"), "support": ("Owner: me", "Subject: Other words")}


def explain_team(uow: UnitOfWork, queue: Queue, person: Person) -> None:
    """Write somebody a letter about how to work on this team."""
    address = next((whole_address(uow, row.address) for row in queue.addresses), None)
    opens = [f"A reply to this email opens a new ticket in {queue.name}."] if address else []
    text = render(
        "welcome",
        queue=queue.name,
        destination=address or f"the {queue.name} team",
        comment_address=comment_address(uow, 12),
        examples=_EXAMPLES[queue.lifecycle_name],
        footer=[*opens, f"You're getting this because you're on the {queue.name} team now."],
    )
    row = letter_row(
        uow,
        shows=Subjects(),
        ticket_id=None,
        about_id=None,
        kind=_KIND,
        person_id=person.id,
        sender_name=queue.name,
        sender=address or postmaster_address(uow),
        recipient_name=person.label,
        recipient=person.email,
        list_id=None,
        subject=f"You're on the {queue.name} team",
        in_reply_to=None,
        references=None,
        text=text,
    )
    add_letters(uow, [row])
