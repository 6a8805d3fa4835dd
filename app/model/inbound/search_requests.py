"""Questions by mail: whoever answers for a queue looks for tickets, and gets what they may see."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...mail.subjects import bare_subject
from ...mail.text import one_line
from ..letters.letter_subjects import Subjects
from ..letters.pages import page_letters
from ..letters.pages.help_page import words_alone
from ..letters.pages.page_content import PageContent
from ..letters.pages.page_letters import PageOrigin
from ..letters.receipt_letters import ReceiptKind
from ..lifecycle import commands
from ..lifecycle.commands import HELP, SHOW, Page
from ..records.addressing import OurAddress, search_address, ticket_address
from ..records.people import Person, find_person
from ..records.queues import Queue, answers_anywhere, get_queue
from ..search.indexer import AT_ONCE, index_batch
from ..search.query import read_query, what_counts
from ..search.search import Hit, SearchResult, remaining_hits, search
from ..search.time_limit import Deadline, SearchTooExpensive, within
from ..storage.unit_of_work import UnitOfWork
from ..tickets.filters import Filter
from ..tickets.storms import letter_limits
from ..tickets.storms.answer_chains import MOST_PAGES, chain_of
from ..wording import Sentence, Wording, say, wording_in
from . import attached_letters, bounces, sender_proof
from .delivery import claim, repeat, settle
from .inbound_mail import DeliveryResult, Fate, InboundMail
from .unmatched import set_aside_claimed, set_aside_mail
from .writers import draft_of, first_words

if TYPE_CHECKING:
    from ..tickets.posts import NewMessage

_MOST_LISTED = 20
# Other mail waits meanwhile.
_SECONDS = 2.0


def answer_search(
    uow: UnitOfWork, inbound_mail: InboundMail, recipient: str, our_address: OurAddress
) -> DeliveryResult:
    """Answer a mail to a queue's address for questions, or set it aside. It posts nothing, and changes nobody."""
    person = find_person(uow, inbound_mail.mailbox.email)
    if (why := _why_aside(uow, inbound_mail, person)) or person is None:
        return set_aside_mail(uow, inbound_mail, recipient, why or say("reasons.only_team_searches"))
    claimed = claim(uow, inbound_mail, recipient, f"search {our_address.name}")
    if claimed is None:
        return repeat(uow, inbound_mail, recipient)
    proven = sender_proof.is_verified(uow, inbound_mail, person, came_before=claimed.came_before)
    attached_letters.mark_exposed(uow, inbound_mail)
    in_reply_to = next(iter(inbound_mail.parsed.in_reply_to), None)
    too_long = len(chain_of(uow, person.id, in_reply_to)) >= MOST_PAGES
    if too_long or not letter_limits.may_answer(uow, person.id, ReceiptKind.PAGE, proven=proven):
        return set_aside_claimed(uow, claimed, page_letters.ENOUGH)
    queue = get_queue(uow, our_address.number)
    new_message = first_words(draft_of(uow, claimed, None), inbound_mail.parsed.text, can_be_empty=True, opens=False)
    address = search_address(uow, our_address.name)
    asked, sheet = _answered(uow, queue, address, person, new_message)
    footing = [say("footer.search_reply", page=f"{SHOW} 12"), say("footer.why_search", address=address)]
    subject = say("pages.search_subject", asked=asked) if asked else say("pages.empty_search_subject")
    page_letters.send_page(uow, person, new_message, sheet, PageOrigin(queue, address, subject, footing))
    return settle(uow, claimed, Fate.ANSWERED)


def _why_aside(uow: UnitOfWork, inbound_mail: InboundMail, person: Person | None) -> Sentence | None:
    """Why a question is not answered; None if it is."""
    parsed = inbound_mail.parsed
    if parsed.bounce:
        return bounces.unmatched_report_reason(inbound_mail)
    if person is None or inbound_mail.relayed or not answers_anywhere(uow, person):
        return say("reasons.only_team_searches")
    if parsed.automatic or parsed.listed:
        return say("reasons.asks_nothing")
    return say("reasons.spam") if parsed.spam else None


def _answered(
    uow: UnitOfWork, queue: Queue, address: str, person: Person, new_message: "NewMessage"
) -> tuple[str, PageContent]:
    """What was asked, and what is answered."""
    texts = _queries(new_message)
    for text in (new_message.text, *texts):
        if (page := commands.page_asked(text)) is not None:
            return _named(page), _page(uow, queue, address, person, page)
    # What came just now is found too; behind a long import the rest is left to the server.
    index_batch(uow, AT_ONCE, wait=False)
    try:
        with within(uow, _SECONDS) as deadline:
            return _matches(uow, texts, person, deadline)
    except SearchTooExpensive as error:
        return one_line(texts[0], 200), PageContent(error.text, (), [_HOW])


def _matches(uow: UnitOfWork, texts: Sequence[str], person: Person, deadline: Deadline) -> tuple[str, PageContent]:
    """What was asked, and what was found; the first text that finds something is the question."""
    asked, matches, left_out = "", SearchResult([], 0), list[Sentence]()
    for text in texts:
        if query := read_query(text):
            again = search(uow, query, Filter(), person, _MOST_LISTED, deadline)
            if not asked or again.hits:
                asked, matches, left_out = one_line(text, 200), again, what_counts(query)
            if again.hits:
                break
    return asked, _sheet(uow, asked, matches, left_out)


def _queries(new_message: "NewMessage") -> list[str]:
    """What may be the question: the subject, and then the words below it; of an answer these first."""
    subject, answers = bare_subject(new_message.subject)
    if not answers and new_message.in_reply_to is None:
        return [new_message.subject, new_message.text]
    return [new_message.text] if read_query(new_message.text) else [subject]


def _named(page: Page) -> str:
    return " ".join([page.word, *(str(number) for number in (page.ticket, page.message) if number)])


def _page(uow: UnitOfWork, queue: Queue, address: str, person: Person, page: Page) -> PageContent:
    wording = wording_in(queue.language)
    if page.word == HELP:
        return _help(address, wording)
    return page_letters.page_content_for(uow, person, page, address, wording)


def _sheet(uow: UnitOfWork, asked: str, matches: SearchResult, left_out: Sequence[Sentence]) -> PageContent:
    """The tickets that were found, and what was not looked for."""
    if not asked:
        return PageContent(say("pages.nothing_asked"), (), [_HOW])
    if not matches.hits:
        return PageContent(say("pages.no_match", asked=asked), (), [*left_out, _HOW])
    how = say("pages.read_one", word=f"{SHOW} {matches.hits[0].ticket.id}")
    rest = [say("pages.rest", clause=clause) for clause in remaining_hits(matches)]
    hits = [_hit(uow, hit) for hit in matches.hits]
    return PageContent(_heading(asked, matches), (), [*left_out, *hits, *rest, how], _shown_by(matches.hits))


def _heading(asked: str, matches: SearchResult) -> Sentence:
    if matches.loosened:
        return say("pages.near_matches", asked=asked)
    if matches.more:
        return say("pages.best_matches", asked=asked)
    return say("pages.matches", count=matches.total, asked=asked)


def _shown_by(hits: Sequence[Hit]) -> Subjects:
    writers = {hit.message.sender_id for hit in hits}
    return Subjects(
        frozenset(writer for writer in writers if writer is not None), frozenset(hit.ticket.id for hit in hits)
    )


def _hit(uow: UnitOfWork, hit: Hit) -> Sentence:
    ticket, message = hit.ticket, hit.message
    who: Sentence | str = say("pages.tracker") if hit.writer is None else one_line(hit.writer, 100)
    if message.private:
        who = say("pages.hit_private", who=who)
    return say(
        "pages.hit",
        number=ticket.id,
        status=ticket.status,
        day=f"{message.date:%Y-%m-%d}",
        title=one_line(ticket.title, 100),
        address=ticket_address(uow, ticket.id),
        words=say("pages.hit_words", who=who, words=hit.snippet.text) if hit.snippet.text else who,
    )


_HOW = say("pages.how_to_search")


def _help(address: str, wording: Wording) -> PageContent:
    """What a mail to an address for questions can ask."""
    words = words_alone(wording, here=False, part=True)
    heading = say("pages.search_help_heading", address=address)
    return PageContent(heading, (), [say("pages.search_help"), _HOW, words])
