"""A test email, which shows an administrator that letters arrive."""

from email.message import EmailMessage
from email.utils import format_datetime

from ..records.addressing import postmaster_address
from ..records.message_ids import new_message_id
from ..storage.unit_of_work import UnitOfWork
from ..wording import say, wording_in


def compose_trial(uow: UnitOfWork, recipient: str) -> EmailMessage:
    """Return a test email to somebody, from the tracker itself; it is stored nowhere."""
    mail, wording = EmailMessage(), wording_in()
    mail["From"] = f"{wording.line(say('admin.sender'))} <{postmaster_address(uow)}>"
    mail["To"] = recipient
    mail["Subject"] = wording.line(say("admin.trial_subject", domain=uow.domain))
    mail["Date"] = format_datetime(uow.now)
    mail["Message-ID"] = new_message_id(uow)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(wording.render("trial", domain=uow.domain, footer=[say("footer.nobody_reads")]))
    return mail
