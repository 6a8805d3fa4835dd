"""Letters to one person about themselves: the link that logs them in, and that an address of theirs was refused."""

from ...mail.addresses import address_key
from ..records.people import Person, addresses_of
from ..storage.unit_of_work import UnitOfWork
from ..wording import say
from .letter_rows import admin_wording, row_from_admins
from .letter_subjects import NOTHING_MORE, add_letters

LOGIN, CUT_OFF = "login", "cut off"


def write_login_letter(uow: UnitOfWork, person: Person, recipient: str, url: str) -> None:
    """Write to an address of somebody's, with the link that logs them in."""
    text = admin_wording(uow).render("login", url=url)
    subject = say("admin.login_subject", domain=uow.domain)
    row = row_from_admins(uow, person, recipient, kind=LOGIN, subject=subject, text=text, shows=NOTHING_MORE)
    add_letters(uow, [row])


def write_cut_off_letters(uow: UnitOfWork, person: Person, refused: str) -> None:
    """Tell somebody at each other address that letters to `refused` have ended, and how they begin again."""
    text = admin_wording(uow).render(
        "administrators",
        paragraphs=[say("admin.unreached", email=refused), say("admin.hear_again")],
        footer=[say("footer.nobody_reads"), say("footer.why_other_address")],
    )
    others = [address for address in addresses_of(uow, person) if address_key(address) != address_key(refused)]
    subject = say("admin.cut_off_subject", email=refused)
    rows = [
        row_from_admins(uow, person, other, kind=CUT_OFF, subject=subject, text=text, shows=NOTHING_MORE)
        for other in others
    ]
    add_letters(uow, rows)
