"""Letters to one person about themselves: the link that logs them in, and that an address of theirs was refused."""

from ...mail.addresses import address_key, mailable
from ..records.addressing import postmaster_address
from ..records.people import Person, addresses_of
from ..storage.unit_of_work import UnitOfWork
from ..wording import say
from .letter_subjects import NOTHING_MORE, add_letters
from .notices import admin_wording, letter_row

LOGIN, CUT_OFF = "login", "cut off"


def write_login_letter(uow: UnitOfWork, person: Person, recipient: str, url: str) -> None:
    """Write to an address of somebody's, with the link that logs them in."""
    wording = admin_wording(uow)
    row = letter_row(
        uow,
        shows=NOTHING_MORE,
        ticket_id=None,
        about_id=None,
        kind=LOGIN,
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


def write_cut_off_letters(uow: UnitOfWork, person: Person, refused: str) -> None:
    """Tell somebody at each other address that letters to `refused` have ended, and how they begin again."""
    wording = admin_wording(uow)
    text = wording.render(
        "administrators",
        paragraphs=[say("admin.unreached", email=refused), say("admin.hear_again")],
        footer=[say("footer.nobody_reads"), say("footer.why_other_address")],
    )
    others = [one for one in addresses_of(uow, person) if address_key(one) != address_key(refused)]
    rows = [
        letter_row(
            uow,
            shows=NOTHING_MORE,
            ticket_id=None,
            about_id=None,
            kind=CUT_OFF,
            person_id=person.id,
            sender_name=wording.line(say("admin.sender")),
            sender=postmaster_address(uow),
            recipient_name=person.label,
            recipient=mailable(other),
            list_id=None,
            subject=wording.line(say("admin.cut_off_subject", email=refused)),
            in_reply_to=None,
            references=None,
            text=text,
        )
        for other in others
    ]
    add_letters(uow, rows)
