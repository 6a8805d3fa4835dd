"""The letter with a link that logs its reader in to the web pages."""

from ...mail.addresses import mailable
from ..records.addressing import postmaster_address
from ..records.people import Person
from ..storage.unit_of_work import UnitOfWork
from .notification import letter_row
from .subjects import NOTHING_MORE, add_letters
from .templates import render

KIND = "login"


def write_login_letter(uow: UnitOfWork, person: Person, recipient: str, url: str) -> None:
    """Write to an address of somebody's, with the link that logs them in."""
    row = letter_row(
        uow,
        shows=NOTHING_MORE,
        ticket_id=None,
        about_id=None,
        kind=KIND,
        person_id=person.id,
        sender_name="Ticket tracker",
        sender=postmaster_address(uow),
        recipient_name=person.label,
        recipient=mailable(recipient),
        list_id=None,
        subject=f"Log in to the tickets of {uow.domain}",
        in_reply_to=None,
        references=None,
        text=render("login", url=url),
    )
    add_letters(uow, [row])
