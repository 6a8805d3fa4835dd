"""Pages that somebody known asks a queue for."""

from dataclasses import replace

from ...letters.pages import page_letters
from ...lifecycle import commands
from ...records.addressing import OurAddress
from ...records.people import find_person
from ...records.queues import get_queue
from ...storage.unit_of_work import UnitOfWork
from .. import attached_letters, writers
from ..delivery import Claim, settle
from ..effects import Effect, permitted
from ..inbound_mail import DeliveryResult, Fate
from ..interpretation import has_files
from ..situations import situation_in_queue
from ..unmatched import set_aside_claimed
from ..writers import first_words


def answer_page(uow: UnitOfWork, claim: Claim, our_address: OurAddress) -> DeliveryResult | None:
    """Send somebody known the page that they ask for. None for every other mail: there the word is text."""
    person = find_person(uow, claim.inbound_mail.mailbox.email)
    if person is None or not person.known:
        return None
    new_message = first_words(writers.draft_of(uow, claim, None), claim.inbound_mail.parsed.text)
    page = None if has_files(new_message) else commands.page_asked(new_message.text)
    if page is None:
        return None
    queue = get_queue(uow, our_address.number)
    about = situation_in_queue(uow, claim, queue, person, private=False)
    allowed = permitted(about).now
    if Effect.PAGE not in allowed:
        return None
    if Effect.EXPOSE in allowed:
        attached_letters.mark_exposed(uow, claim.inbound_mail)
    if not page_letters.send_page_from_queue(uow, queue, person, replace(new_message, verified=about.verified), page):
        return set_aside_claimed(uow, claim, page_letters.ENOUGH)
    return settle(uow, claim, Fate.ANSWERED)
