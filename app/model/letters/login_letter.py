"""The letter with a link that logs its reader in to the web pages."""

from ...mail.addresses import mailable
from ..records.addressing import postmaster_address
from ..records.people import Person
from ..storage.unit_of_work import UnitOfWork
from ..wording import say
from .letter_subjects import NOTHING_MORE, add_letters
from .notices import admin_wording, letter_row

KIND = "login"


def write_login_letter(uow: UnitOfWork, person: Person, recipient: str, url: str) -> None:
    """Write to an address of somebody's, with the link that logs them in."""
    wording = admin_wording(uow)
    row = letter_row(
        uow,
        shows=NOTHING_MORE,
        ticket_id=None,
        about_id=None,
        kind=KIND,
        person_id=person.id,
        sender_name=wording.line(say("admin.sender")),
        sender=postmaster_address(uow),
        recipient_name=person.label,
        recipient=mailable(recipient),
        list_id=None,
        subject=wording.line(say("admin.login_subject", domain=uow.domain)),
        in_reply_to=None,
        references=None,
        text=wording.render("login", url=url),
    )
    add_letters(uow, [row])
