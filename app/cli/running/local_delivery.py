"""What `tickets deliver` does where no server runs: it takes the mail in by itself."""

from ...config.build import build_intake
from ...config.current import current_settings
from ...transport.inbound.handover import NO_SUCH_ADDRESS, STORED, Outcome, PipedMail
from ...transport.inbound.piped_mail import NoSuchAddress, take_in
from ..common import ready_database


def deliver_here(mail: PipedMail) -> Outcome:
    """Store a mail, and say what became of it; any fault is raised."""
    with ready_database() as database:
        try:
            take_in(build_intake(current_settings(), database), mail)
        except NoSuchAddress as error:
            return Outcome(NO_SUCH_ADDRESS, str(error))
    return Outcome(STORED, "")
