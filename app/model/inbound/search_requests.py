"""Questions by mail: whoever answers for a queue looks for tickets, and gets what they may see."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...mail.subjects import bare_subject
from ...mail.text import one_line
from ..letters import info_letters
from ..letters.info_letters import Origin, Sheet
from ..letters.receipts import Kind
from ..letters.subjects import Subjects
from ..lifecycle import commands
from ..lifecycle.commands import HELP, LIST, SHOW, Page
from ..records.addressing import Place, search_address, ticket_address
from ..records.people import Person
from ..records.queues import Queue, answers_anywhere
from ..search.indexer import AT_ONCE, see_to
from ..search.query import read_query, what_counts
from ..search.search import Found, Hit, how_many_more, search
from ..search.time_limit import Deadline, TooMuch, within
from ..storage.unit_of_work import Desk
from ..tickets import loop_protection
from ..tickets.filters import Filter
from . import bounces, sender_proof
from .contents import words_of
from .delivery import Arrival, Fate, register
from .threads import Known
from .unmatched import put_aside, set_aside

if TYPE_CHECKING:
    from ..tickets.posts import Words

_MOST_LISTED = 20
# Other mail waits meanwhile.
_SECONDS = 2.0


def answer(
    desk: Desk, arrival: Arrival, recipient: str, place: Place, person: Person | None, known: Sequence[Known]
) -> None:
    """Answer a mail to a queue's address for questions, or set it aside. It posts nothing, and changes nobody."""
    if (why := _why_aside(desk, arrival, person)) or person is None:
        set_aside(desk, arrival, recipient, why)
        return
    if not register(desk, arrival, recipient, f"search {place.name}", Fate.ANSWERED):
        return
    proven = sender_proof.is_verified(desk, arrival, person, known)
    sender_proof.note_shown(desk, arrival, person, known)
    if not loop_protection.may_answer(desk, person.id, Kind.PAGE, proven=proven):
        put_aside(desk, arrival, info_letters.ENOUGH)
        return
    queue = desk.session.get_one(Queue, place.number)
    words = words_of(desk, arrival, None, arrival.incoming.text, can_be_empty=True)
    address = search_address(desk, place.name)
    asked, sheet = _answered(desk, address, person, words)
    footing = [
        info_letters.because(address, asked or "nothing"),
        "A reply is posted nowhere: it is another question, and looks for the words that you write.",
        f'One with only "{SHOW} 12" in it gets you ticket 12 to read; "{HELP}" alone says what else you can ask.',
    ]
    subject = f"Search: {asked}" if asked else "Search"
    info_letters.send_sheet(desk, person, words, sheet, Origin(queue.name, address, subject, footing))


def _why_aside(desk: Desk, arrival: Arrival, person: Person | None) -> str:
    """Why a question is not answered; empty if it is."""
    incoming = arrival.incoming
    if incoming.bounce:
        return bounces.claimed(arrival)
    if person is None or not answers_anywhere(desk, person):
        return "only those who answer for a queue can search"
    if incoming.automatic or incoming.listed:
        return "it was sent by a program or a list, and asks nothing"
    return "a server called it spam" if incoming.spam else ""


def _answered(desk: Desk, address: str, person: Person, words: "Words") -> tuple[str, Sheet]:
    """What was asked, and what is answered."""
    texts = _asked(words)
    for text in (words.text, *texts):
        if (page := commands.page_asked(text)) is not None:
            return _named(page), _page(desk, address, person, page)
    # What came just now is found too; behind a long import the rest is left to the server.
    see_to(desk, AT_ONCE, wait=False)
    try:
        with within(desk, _SECONDS) as deadline:
            return _found(desk, texts, person, deadline)
    except TooMuch:
        return one_line(texts[0], 200) or "a lot", Sheet(_TOO_MUCH, (), [_HOW])


def _found(desk: Desk, texts: Sequence[str], person: Person, deadline: Deadline) -> tuple[str, Sheet]:
    """What was asked, and what was found; the first text that finds something is the question."""
    asked, found, left_out = "", Found([], 0), ""
    for text in texts:
        if query := read_query(text):
            again = search(desk, query, Filter(), person, _MOST_LISTED, deadline)
            if not asked or again.hits:
                asked, found, left_out = one_line(text, 200), again, what_counts(query)
            if again.hits:
                break
    return asked, _sheet(desk, asked, found, left_out)


def _asked(words: "Words") -> list[str]:
    """What may be the question: the subject, and then the words below it; of an answer these first."""
    subject, answers = bare_subject(words.subject)
    if not answers and words.in_reply_to is None:
        return [words.subject, words.text]
    return [words.text] if read_query(words.text) else [subject]


def _named(page: Page) -> str:
    return " ".join([page.word, *(str(number) for number in (page.ticket, page.message) if number)])


def _page(desk: Desk, address: str, person: Person, page: Page) -> Sheet:
    return _help(address) if page.word == HELP else info_letters.sheet_for(desk, person, page)


def _sheet(desk: Desk, asked: str, found: Found, left_out: str) -> Sheet:
    """The tickets that were found, and what was not looked for."""
    told = [left_out] if left_out else []
    if not asked:
        return Sheet("There was no word to look for.", (), [_HOW])
    if not found.hits:
        return Sheet(f'No ticket that you may see has "{asked}".', (), [*told, _HOW])
    heading = f'These tickets have "{asked}", the best first:'
    if found.loosened:
        heading = f'Nothing has exactly "{asked}"; these tickets have words that begin so:'
    example = found.hits[0].ticket.id
    rest = how_many_more(found)
    more = [f"{rest}; with more words there are fewer."] if rest else []
    how = f'To read one, reply with the word "{SHOW}" and its number, as in "{SHOW} {example}".'
    paragraphs = [*told, *(_paragraph(desk, hit) for hit in found.hits), *more, how]
    return Sheet(heading, (), paragraphs, _shown_by(found.hits))


def _shown_by(hits: Sequence[Hit]) -> Subjects:
    writers = {hit.message.sender_id for hit in hits}
    return Subjects(frozenset(one for one in writers if one is not None), frozenset(hit.ticket.id for hit in hits))


def _paragraph(desk: Desk, hit: Hit) -> str:
    ticket, message = hit.ticket, hit.message
    head = f"{ticket.id}  {ticket.status}, {message.date:%Y-%m-%d}: {one_line(ticket.title, 100)}"
    who = one_line(message.sender.label, 60) if message.sender else "the tracker"
    private = " [private]" if message.private else ""
    said = f": {hit.snippet.text}" if hit.snippet.text else ""
    return f"{head} ({ticket_address(desk, ticket.id)})\n    {who}{private}{said}"


_TOO_MUCH = "That was too much to look for: ask again for fewer words, or for longer beginnings."
_HOW = (
    "A message is found that has all the words, in its text, its title, its people or the names of its files. With "
    '"quotation marks" they must stand together; print* finds words that begin so, -word leaves out messages with that '
    "word, and OR between two words lets one of them be enough."
)


def _help(address: str) -> Sheet:
    """What a mail to an address for questions can ask."""
    asks = "It looks for the words of its subject, or those below it if the subject is empty or an answer's."
    alone = (
        f"    {HELP}  (this letter)\n    {LIST}  (your open tickets)\n    {SHOW} 12  (ticket 12)\n"
        f"    {SHOW} 12 40  (its messages from number 40 on)"
    )
    return Sheet(
        f"This is what you can do with a mail to {address}.",
        (),
        [f"{asks} Only you get the list.", _HOW, f"A mail of one of these lines alone gets you:\n{alone}"],
    )
