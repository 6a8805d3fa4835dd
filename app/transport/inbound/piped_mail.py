"""A mail from a pipe, taken in: by the running server, or by `tickets deliver` itself."""

from .handover import PipedMail
from .intake import MailIntake


class NoSuchAddress(Exception):
    """One of the addresses leads nowhere, and such mail is refused."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(f"{address}: {why}")
        self.address = address
        self.why = why


def take_in(intake: MailIntake, mail: PipedMail) -> None:
    """Store a mail for all its recipients. NoSuchAddress, or any fault of ours: nothing was stored."""
    recipients = mail.addresses or intake.recipients(mail.raw, mail.variables)
    if not intake.keep_unmatched:
        for address in recipients:
            if why := intake.refuses(address):
                raise NoSuchAddress(address, why)
    intake.receive(mail.raw, mail.envelope_from, recipients)
