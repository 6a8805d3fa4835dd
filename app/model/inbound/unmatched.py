"""Mail that leads nowhere: set aside byte for byte, and told to the administrators."""

from sqlalchemy import select

from ..letters.letter_rows import admin_wording
from ..operations.daily_letter import tell_administrators
from ..records.received_mail import Delivery, Mail
from ..storage.unit_of_work import UnitOfWork
from ..wording import ExplainedError, Sentence
from .attached_letters import mark_exposed
from .delivery import Claim, claim, repeat, settle
from .inbound_mail import DeliveryResult, Fate, InboundMail


class NoSuchMail(ExplainedError, LookupError):
    """No mail that was set aside has this number."""


def set_aside_mail(
    uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, reason: Sentence, formerly: str = ""
) -> DeliveryResult:
    """Keep a mail without posting it anywhere; nobody becomes known by it. What came to `formerly` is a repeat."""
    claimed = claim(uow, inbound_mail, recipient, f"aside {recipient.lower()}", formerly, new=True)
    return repeat(uow, inbound_mail, recipient) if claimed is None else set_aside_claimed(uow, claimed, reason)


def set_aside_claimed(uow: UnitOfWork, claimed: Claim, reason: Sentence) -> DeliveryResult:
    """Set a mail aside at the place that it has claimed, where it stays known: a repeat of it does nothing."""
    mark_exposed(uow, claimed.inbound_mail, passed_on=False)
    result = settle(uow, claimed, Fate.SET_ASIDE, reason=admin_wording(uow).line(reason))
    tell_administrators(uow)
    return result


def find_unmatched(uow: UnitOfWork, number: int, *, locked: bool = False) -> Delivery:
    """One mail that was set aside; `locked` holds others off until the work is done. NoSuchMail names the number."""
    delivery = uow.session.get(Delivery, number, with_for_update=locked)
    if delivery is None or not delivery.waiting:
        raise NoSuchMail("no_unmatched", number=number)
    return delivery


def raw_bytes(uow: UnitOfWork, mail_id: int) -> bytes:
    """The exact bytes of a mail."""
    return uow.session.execute(select(Mail.raw).where(Mail.id == mail_id)).scalar_one()
