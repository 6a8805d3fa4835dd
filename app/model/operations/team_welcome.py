"""The letter that tells somebody on a team how it works."""

from ..letters.letter_rows import letter_row
from ..letters.letter_subjects import Subjects, add_letters
from ..records.addressing import comment_address, postmaster_address
from ..records.people import Person
from ..records.queues import Queue, main_address
from ..storage.unit_of_work import UnitOfWork
from ..wording import say, wording_in

_KIND = "welcome"
# What a responder of each lifecycle can always say.
_EXAMPLES = {"correspondence": ("Owner: me", "Status: resolved"), "support": ("Owner: me", "Subject: Other words")}


def explain_team(uow: UnitOfWork, queue: Queue, person: Person) -> None:
    """Write somebody a letter about how to work on this team."""
    address = main_address(uow, queue)
    wording = wording_in(queue.language)
    opens = say("footer.opens_ticket", queue=queue.name) if address else say("footer.nobody_reads")
    text = wording.render(
        "welcome",
        queue=queue.name,
        destination=address or say("footer.team", queue=queue.name),
        comment_address=comment_address(uow, 12),
        examples=_EXAMPLES[queue.lifecycle_name],
        footer=[opens, say("footer.why_new_on_team", queue=queue.name)],
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
        subject=wording.line(say("admin.welcome_subject", queue=queue.name)),
        in_reply_to=None,
        references=None,
        text=text,
    )
    add_letters(uow, [row])
