"""Questions by mail: whoever answers for a queue looks for tickets, and gets what they may see."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...mail.subjects import bare_subject
from ...mail.text import one_line
from ..letters import info_letters
from ..letters.info_letters import PageContent, PageOrigin
from ..letters.receipts import ReceiptKind
from ..letters.subjects import Subjects
from ..lifecycle import commands
from ..lifecycle.commands import HELP, LIST, SHOW, Page
from ..records.addressing import OurAddress, search_address, ticket_address
from ..records.people import Person
from ..records.queues import Queue, answers_anywhere
from ..search.indexer import AT_ONCE, index_batch
from ..search.query import read_query, what_counts
from ..search.search import Hit, SearchResult, remaining_hits_text, search
from ..search.time_limit import Deadline, SearchTooExpensive, within
from ..storage.unit_of_work import UnitOfWork
from ..tickets import loop_protection
from ..tickets.filters import Filter
from . import attached_letters, bounces, sender_proof
from .contents import draft_of, first_words
from .delivery import DeliveryResult, Fate, InboundMail, claim, repeat, settle
from .threads import KnownReference
from .unmatched import set_aside_claimed, set_aside_mail

if TYPE_CHECKING:
    from ..tickets.posts import NewMessage

_MOST_LISTED = 20
# Other mail waits meanwhile.
_SECONDS = 2.0


def answer_search(
    uow: UnitOfWork,
    inbound_mail: InboundMail,
    recipient: str,
    our_address: OurAddress,
    person: Person | None,
    known: Sequence[KnownReference],
) -> DeliveryResult:
    """Answer a mail to a queue's address for questions, or set it aside. It posts nothing, and changes nobody."""
    if (why := _why_aside(uow, inbound_mail, person)) or person is None:
        return set_aside_mail(uow, inbound_mail, recipient, why)
    claimed = claim(uow, inbound_mail, recipient, f"search {our_address.name}")
    if claimed is None:
        return repeat(uow, inbound_mail, recipient)
    proven = sender_proof.is_verified(uow, inbound_mail, person, known, came_before=claimed.came_before)
    attached_letters.mark_exposed(uow, inbound_mail)
    if not loop_protection.may_answer(uow, person.id, ReceiptKind.PAGE, proven=proven):
        return set_aside_claimed(uow, claimed, info_letters.ENOUGH)
    queue = uow.session.get_one(Queue, our_address.number)
    new_message = first_words(draft_of(uow, claimed, None), inbound_mail.parsed.text, can_be_empty=True, opens=False)
    address = search_address(uow, our_address.name)
    asked, sheet = _answered(uow, address, person, new_message)
    footing = [
        info_letters.page_reason(address, asked or "nothing"),
        "A reply is posted nowhere: it is another question, and looks for the words that you write.",
        f'One with only "{SHOW} 12" in it gets you ticket 12 to read; "{HELP}" alone says what else you can ask.',
    ]
    subject = f"Search: {asked}" if asked else "Search"
    info_letters.send_page(uow, person, new_message, sheet, PageOrigin(queue.name, address, subject, footing))
    return settle(uow, claimed, Fate.ANSWERED)


def _why_aside(uow: UnitOfWork, inbound_mail: InboundMail, person: Person | None) -> str:
    """Why a question is not answered; empty if it is."""
    parsed = inbound_mail.parsed
    if parsed.bounce:
        return bounces.unmatched_report_reason(inbound_mail)
    if person is None or inbound_mail.relayed or not answers_anywhere(uow, person):
        return "only those who answer for a queue can search"
    if parsed.automatic or parsed.listed:
        return "it was sent by a program or a list, and asks nothing"
    return "a server called it spam" if parsed.spam else ""


def _answered(uow: UnitOfWork, address: str, person: Person, new_message: "NewMessage") -> tuple[str, PageContent]:
    """What was asked, and what is answered."""
    texts = _asked(new_message)
    for text in (new_message.text, *texts):
        if (page := commands.page_asked(text)) is not None:
            return _named(page), _page(uow, address, person, page)
    # What came just now is found too; behind a long import the rest is left to the server.
    index_batch(uow, AT_ONCE, wait=False)
    try:
        with within(uow, _SECONDS) as deadline:
            return _found(uow, texts, person, deadline)
    except SearchTooExpensive:
        return one_line(texts[0], 200) or "a lot", PageContent(_TOO_MUCH, (), [_HOW])


def _found(uow: UnitOfWork, texts: Sequence[str], person: Person, deadline: Deadline) -> tuple[str, PageContent]:
    """What was asked, and what was found; the first text that finds something is the question."""
    asked, found, left_out = "", SearchResult([], 0), ""
    for text in texts:
        if query := read_query(text):
            again = search(uow, query, Filter(), person, _MOST_LISTED, deadline)
            if not asked or again.hits:
                asked, found, left_out = one_line(text, 200), again, what_counts(query)
            if again.hits:
                break
    return asked, _sheet(uow, asked, found, left_out)


def _asked(new_message: "NewMessage") -> list[str]:
    """What may be the question: the subject, and then the words below it; of an answer these first."""
    subject, answers = bare_subject(new_message.subject)
    if not answers and new_message.in_reply_to is None:
        return [new_message.subject, new_message.text]
    return [new_message.text] if read_query(new_message.text) else [subject]


def _named(page: Page) -> str:
    return " ".join([page.word, *(str(number) for number in (page.ticket, page.message) if number)])


def _page(uow: UnitOfWork, address: str, person: Person, page: Page) -> PageContent:
    return _help(address) if page.word == HELP else info_letters.page_content_for(uow, person, page)


def _sheet(uow: UnitOfWork, asked: str, found: SearchResult, left_out: str) -> PageContent:
    """The tickets that were found, and what was not looked for."""
    told = [left_out] if left_out else []
    if not asked:
        return PageContent("There was no word to look for.", (), [_HOW])
    if not found.hits:
        return PageContent(f'No ticket that you may see has "{asked}".', (), [*told, _HOW])
    heading = f'These tickets have "{asked}", the best first:'
    if found.loosened:
        heading = f'Nothing has exactly "{asked}"; these tickets have words that begin so:'
    example = found.hits[0].ticket.id
    rest = remaining_hits_text(found)
    more = [f"{rest}; with more words there are fewer."] if rest else []
    how = f'To read one, reply with the word "{SHOW}" and its number, as in "{SHOW} {example}".'
    paragraphs = [*told, *(_paragraph(uow, hit) for hit in found.hits), *more, how]
    return PageContent(heading, (), paragraphs, _shown_by(found.hits))


def _shown_by(hits: Sequence[Hit]) -> Subjects:
    writers = {hit.message.sender_id for hit in hits}
    return Subjects(
        frozenset(writer for writer in writers if writer is not None), frozenset(hit.ticket.id for hit in hits)
    )


def _paragraph(uow: UnitOfWork, hit: Hit) -> str:
    ticket, message = hit.ticket, hit.message
    head = f"{ticket.id}  {ticket.status}, {message.date:%Y-%m-%d}: {one_line(ticket.title, 100)}"
    who = one_line(message.sender.label, 60) if message.sender else "the tracker"
    private = " [private]" if message.private else ""
    said = f": {hit.snippet.text}" if hit.snippet.text else ""
    return f"{head} ({ticket_address(uow, ticket.id)})\n    {who}{private}{said}"


_TOO_MUCH = "That was too much to look for: ask again for fewer words, or for longer beginnings."
_HOW = (
    "A message is found that has all the words, in its text, its title, its people or the names of its files. With "
    '"quotation marks" they must stand together; print* finds words that begin so, -word leaves out messages with that '
    "word, and OR between two words lets one of them be enough."
)


def _help(address: str) -> PageContent:
    """What a mail to an address for questions can ask."""
    asks = "It looks for the words of its subject, or those below it if the subject is empty or an answer's."
    alone = (
        f"    {HELP}  (this letter)\n    {LIST}  (your open tickets)\n    {SHOW} 12  (ticket 12)\n"
        f"    {SHOW} 12 40  (its messages from number 40 on)"
    )
    return PageContent(
        f"This is what you can do with a mail to {address}.",
        (),
        [f"{asks} Only you get the list.", _HOW, f"A mail of one of these lines alone gets you:\n{alone}"],
    )
