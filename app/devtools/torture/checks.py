"""The verdict: what was sent and answered, against what is stored, and where each letter went."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ...model.inbound.inbound_mail import Fate
from ...model.lifecycle.registry import LIFECYCLES
from ...model.lifecycle.tables import Lifecycle, WorkflowError, find_rule, target_status
from ...model.tickets.members import TicketMember
from .faulty_relay import Copy
from .mail_generator import HELPERS, GeneratedMail
from .report import Tally
from .stored_rows import Case, Evidence, Sent, StoredMessage


class Facts(NamedTuple):
    """What we know from outside: the mails and what was answered, the relay's copies, the processes that were killed.

    `refused`: the tokens of letters that the relay refused for good; `failed`: letters that the outbox gave up;
    `unnoted`: those that a process had sent when it had to end while the database was away.
    """

    sent: Mapping[int, GeneratedMail]
    answered: Collection[tuple[int, str]]
    copies: Sequence[Copy]
    killed: Collection[int]
    refused: Collection[str]
    failed: Sequence[Sent]
    unnoted: Collection[int] = ()


def judge(facts: Facts, evidence: Evidence, tally: Tally) -> None:
    """Count everything, and note whatever is wrong."""
    mails = _whose(facts, evidence, tally)
    _judge_mails(facts, evidence, mails, tally)
    _judge_places(facts, evidence, mails, tally)
    _judge_tickets(evidence, mails, tally)
    _judge_letters(evidence, tally)
    _judge_relay(facts, evidence.letters, tally)


def _whose(facts: Facts, evidence: Evidence, tally: Tally) -> dict[int, GeneratedMail]:
    """The mail that each stored row is, byte for byte."""
    by_bytes = {mail.raw: mail for mail in facts.sent.values()}
    placed = {delivery.mail for delivery in evidence.stored}
    mails = {}
    for row, raw in evidence.mails:
        if raw in by_bytes:
            mails[row] = by_bytes[raw]
        else:
            tally.wrong("stored bytes that nobody sent", f"row {row}, {len(raw)} bytes")
        if row not in placed:
            tally.wrong("stored bytes that belong nowhere", f"row {row}")
    return mails


def _judge_mails(facts: Facts, evidence: Evidence, mails: Mapping[int, GeneratedMail], tally: Tally) -> None:
    """Exactly once what was answered 250, for each recipient; at most once what was not."""
    stored = Counter(
        (mails[delivery.mail].number, delivery.recipient) for delivery in evidence.stored if delivery.mail in mails
    )
    wanted = [(mail.number, recipient) for mail in facts.sent.values() for recipient in mail.recipients]
    answered = [key for key in wanted if key in facts.answered]
    for number, recipient in wanted:
        times, was_answered = stored[number, recipient], (number, recipient) in facts.answered
        if was_answered and not times:
            tally.wrong("lost: answered 250 and not stored", f"mail {number} to {recipient}")
        if times > 1:
            tally.wrong("stored more than once", f"mail {number} to {recipient}, {times} times")
    tally.count("mails sent", len(facts.sent))
    tally.count("mails and recipients answered 250", len(answered))
    tally.count("stored exactly once of these, byte for byte", sum(stored[key] == 1 for key in answered))
    tally.count("not answered 250", len(wanted) - len(answered))
    tally.count("stored once of these, as may be", sum(stored[key] == 1 for key in wanted if key not in facts.answered))


def _judge_places(facts: Facts, evidence: Evidence, mails: Mapping[int, GeneratedMail], tally: Tally) -> None:
    """Every stored mail is one message, on the ticket where it belongs."""
    messages: Counter[tuple[int | None, int | None]] = Counter((post.mail, post.ticket) for post in evidence.posts)
    opened = {mails[delivery.mail].number: delivery.ticket for delivery in evidence.stored if delivery.mail in mails}
    for delivery in evidence.stored:
        mail = mails.get(delivery.mail)
        if mail is None:
            continue
        if messages[delivery.mail, delivery.ticket] != 1:
            tally.wrong(
                "not one message of one mail",
                f"mail {mail.number}: {messages[delivery.mail, delivery.ticket]} messages",
            )
        right = delivery.fate == Fate.OPENED if mail.opens is None else delivery.ticket == opened.get(mail.opens)
        if not right:
            tally.wrong("on a wrong ticket", f"mail {mail.number}: {delivery.fate}, ticket {delivery.ticket}")
    places = {(delivery.mail, delivery.ticket) for delivery in evidence.stored}
    for post in evidence.posts:
        if (post.mail, post.ticket) not in places:
            tally.wrong("a message of no mail", f"message {post.number} of ticket {post.ticket}")
    tally.count("messages", len(evidence.posts))


def _judge_tickets(evidence: Evidence, mails: Mapping[int, GeneratedMail], tally: Tally) -> None:
    """Every ticket is as its messages, played again through the tables, leave it."""
    posts: dict[int, list[StoredMessage]] = defaultdict(list)
    for post in evidence.posts:
        posts[post.ticket].append(post)
    changes: dict[int, list[tuple[str | None, str | None]]] = defaultdict(list)
    for ticket, old, new in evidence.changes:
        changes[ticket].append((old, new))
    explained = 0
    for case in evidence.cases:
        try:
            _replay(case, posts[case.id], mails, changes[case.id])
            explained += 1
        except (_Unexplained, WorkflowError) as error:
            tally.wrong("a ticket that its messages do not explain", f"ticket {case.id}: {error}")
    tally.count("tickets", len(evidence.cases))
    tally.count("explained by their messages", explained)


class _Unexplained(Exception):
    """What a ticket is, and what it would be."""


def _replay(
    case: Case,
    posts: Sequence[StoredMessage],
    mails: Mapping[int, GeneratedMail],
    changes: Sequence[tuple[str | None, str | None]],
) -> None:
    lifecycle = LIFECYCLES[case.lifecycle]
    if [post.number for post in posts] != list(range(1, case.posts + 1)) or not posts:
        raise _Unexplained(f"its messages have the numbers {[post.number for post in posts]}, of {case.posts}")
    status, moves = lifecycle.first, []
    for post in posts:
        mail = mails.get(post.mail or 0)
        action, new, private = _done_by(lifecycle, case, status, post, private=bool(mail and mail.private))
        if (post.action, post.new_status, post.private) != (action, new, private):
            raise _Unexplained(f"message {post.number} is {post[5:]}, and would be {(action, new, private)}")
        if new != status:
            moves.append((status, new))
        status = new
    if case.status != status:
        raise _Unexplained(f"it is {case.status}, and would be {status}")
    if list(changes) != moves:
        raise _Unexplained(f"its changes are {list(changes)}, and would be {moves}")


def _done_by(
    lifecycle: Lifecycle, case: Case, status: str, post: StoredMessage, *, private: bool
) -> tuple[str | None, str, bool]:
    """The action of a mail, the status after it, and whether it is private, as the tables have it."""
    if post.number == 1:
        return None, lifecycle.first, False
    email = post.sender or ""
    member = TicketMember(0, "", email, requestor=email == case.requestor, answers=email in HELPERS, known=False)
    roles = member.roles_in(lifecycle)
    cell = lifecycle.default_reply(status, roles.role)
    action = lifecycle.comment if private or cell.private else cell.action
    row = find_rule(lifecycle, action, status, roles)
    return row.recorded_action.title, target_status(row, status), private or cell.private


def _judge_letters(evidence: Evidence, tally: Tally) -> None:
    """Every message has a letter for everybody who is to hear of it, and none for anybody else."""
    requestors = {case.id: case.requestor for case in evidence.cases}
    recipients: dict[int, list[str]] = defaultdict(list)
    count = 0
    for letter in evidence.letters:
        if letter.about is None or letter.kind not in ("opened", "posted"):
            count += 1
        else:
            recipients[letter.about].append(letter.recipient)
    for post in evidence.posts:
        expected = {*HELPERS, *(() if post.private else (requestors[post.ticket],))} - {post.sender}
        if sorted(recipients[post.id]) != sorted(expected):
            actual = sorted(recipients[post.id])
            line = f"message {post.number} of ticket {post.ticket}: to {actual}, not {sorted(expected)}"
            tally.wrong("a message whose letters are not those that it must have", line)
    tally.count("letters", len(evidence.letters))
    tally.count("of these about no message", count)


def _judge_relay(facts: Facts, letters: Sequence[Sent], tally: Tally) -> None:
    """Every letter is at the relay, and twice only if it was in hand when the server ended or the relay left."""
    copies: dict[str, list[int]] = defaultdict(list)
    for place, copy in enumerate(facts.copies):
        copies[copy.message_id].append(place)
    last = {copy.process: place for place, copy in enumerate(facts.copies)}
    reasons: Counter[str] = Counter()
    for letter in letters:
        _judge_copies(letter, [facts.copies[place] for place in copies[letter.message_id]], tally)
        for place in copies.pop(letter.message_id)[:-1]:
            copy = facts.copies[place]
            reason = _reason(facts, letter, copy, was_last=place == last[copy.process])
            reasons[reason] += 1
            if not reason:
                tally.wrong("a letter doubled without a reason", f"letter {letter.id} to {letter.recipient}")
    for message_id in copies:
        tally.wrong("a letter at the relay that no outbox has", message_id)
    for letter in facts.failed:
        if letter.token not in facts.refused:
            tally.wrong("a letter given up that nobody refused", f"letter {letter.id}")
    _count_copies(facts, reasons, tally)


def _count_copies(facts: Facts, reasons: Mapping[str, int], tally: Tally) -> None:
    times = Counter(copy.message_id for copy in facts.copies)
    tally.count("letters at the relay", len(times))
    tally.count("exactly once", sum(number == 1 for number in times.values()))
    tally.count("more than once", sum(number > 1 for number in times.values()))
    tally.count("copies too many, in hand when the server was killed", reasons.get(_KILL, 0))
    tally.count("copies too many, not noted, as the database was away at the end", reasons.get(_NOT_NOTED, 0))
    tally.count("copies too many, not answered by the relay", reasons.get(_DROP, 0))
    tally.count("letters refused for good, and sent when retried", len(facts.failed))


_KILL, _NOT_NOTED, _DROP = "kill", "not noted", "drop"


def _reason(facts: Facts, letter: Sent, copy: Copy, *, was_last: bool) -> str:
    """Why a copy need not be the last one: its 250 was not said, or could not be noted. Empty if there is none.

    Only the last letter that a process sent was in hand when it ended.
    """
    if not copy.heard:
        return _DROP
    if was_last and copy.process in facts.killed:
        return _KILL
    return _NOT_NOTED if was_last and letter.id in facts.unnoted else ""


def _judge_copies(letter: Sent, copies: Sequence[Copy], tally: Tally) -> None:
    if not copies:
        tally.wrong("a letter that never came to the relay", f"letter {letter.id} to {letter.recipient}")
    if {copy.recipient for copy in copies} - {letter.recipient}:
        tally.wrong("a letter that went to somebody else", f"letter {letter.id}")
    if len({copy.digest for copy in copies}) > 1:
        tally.wrong("a letter that was not the same each time", f"letter {letter.id}")
