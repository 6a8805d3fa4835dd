"""Letters that ask for a yes: to commands that nothing proves, to a merge, to words from an unknown address."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from ...mail.text import one_line, printable
from ..letters.footer import Footer, readers_of_reply, why
from ..letters.letter_subjects import Subjects
from ..letters.receipt_letters import ReceiptKind, ReceiptRecipient, write_receipt
from ..lifecycle.commands import LEAVE, LONGEST_LINE, MOST_LINES, POST_PRIVATE, UNDO, Line, lines_of, read
from ..lifecycle.slips import NO, YES
from ..operations.commands.merge_line import readers_of_merge
from ..records.letters import Letter, State
from ..records.messages import Attachment, Message
from ..records.people import Person
from ..storage.unit_of_work import UnitOfWork
from ..tickets.storms.letter_limits import may_answer, next_allowed_at
from ..tickets.storms.slow_storms import DAY
from ..wording import Sentence, say

EVERY = timedelta(hours=1)
# Who gets more of these letters about one ticket a day is a program that answers each of them.
MOST_A_DAY = 5
_OFFERS = "yes no"
# A line that is a whole wish of its own: it is listed in a letter of its own.
_ALONE = (UNDO, LEAVE)


def hold_for_confirmation(
    uow: UnitOfWork, to: ReceiptRecipient, lines: Sequence[str], *, checkpoint: int | None = None, opened: bool = False
) -> None:
    """Let lines wait, and list them in one letter to the person's stored address.

    There is one such letter per person and ticket an hour, and five a day: what comes sooner is added to the next one,
    which then lists all of it. So it is with what comes when a person has got very many such letters within an hour.
    """
    recent = _recent(uow, to)
    lines = [one_line(line, LONGEST_LINE) for line in lines]
    # A letter that asks about a message, too, stays by itself.
    joinable = [] if to.offer else [letter for letter in recent if letter.offered_id is None]
    alike = (letter for letter in joinable if _is_unseen(uow, letter) and _may_be_joined(letter.commands, lines))
    today = sorted(letter.created for letter in _recent(uow, to, within=DAY))
    due = max([uow.now, *(letter.created + EVERY for letter in recent)])
    if len(today) >= MOST_A_DAY:
        due = max(due, today[-MOST_A_DAY] + DAY)
    if (joined := next(alike, None)) is not None:
        lines, due = _collected((joined.commands or "").split("\n"), lines), joined.created
        uow.session.delete(joined)
        uow.session.flush()
    else:
        due = max(due, next_allowed_at(uow, to.member.person_id, ReceiptKind.WAITING))
    _write(uow, to, lines, due, checkpoint, opened=opened)


def _may_be_joined(waiting: str | None, lines: Sequence[str]) -> bool:
    return [waiting] == [*lines] or (waiting not in _ALONE and not set(lines) & {*_ALONE})


def _collected(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Lines of several mails; of what can stand only once, the later holds."""
    once = {line.command for line in lines_of("\n".join(now)) if line.command and not line.command.repeats}
    kept = [line.written for line in lines_of("\n".join(before)) if line.command not in once]
    return [*(line for line in kept if line not in now), *now][:MOST_LINES]


def _recent(
    uow: UnitOfWork, to: ReceiptRecipient, kind: str = ReceiptKind.WAITING, within: timedelta = EVERY
) -> Sequence[Letter]:
    """Such letters to this person about this ticket within an hour or so, also those that wait for their hour."""
    conditions = (
        Letter.ticket_id == to.ticket.id,
        Letter.person_id == to.member.person_id,
        Letter.kind == kind,
    )
    return uow.session.scalars(select(Letter).where(*conditions, Letter.created > uow.now - within)).all()


def _is_unseen(uow: UnitOfWork, letter: Letter) -> bool:
    """Whether a letter has waited for its hour, and no courier has touched it."""
    return letter.state == State.WAITING and letter.attempts == 0 and letter.next > uow.now


def _write(
    uow: UnitOfWork, to: ReceiptRecipient, lines: Sequence[str], due: datetime, checkpoint: int | None, *, opened: bool
) -> None:
    heading = say("notes.did_you_open" if opened else "notes.did_you_send", number=to.ticket.id)
    _list(uow, to, heading, lines, due, checkpoint)


_IF_SENT = say("notes.yes_or_no", yes=YES, no=NO)
_IF_WANTED = say("notes.want_that", yes=YES, no=NO)


def ask_before_merge(uow: UnitOfWork, to: ReceiptRecipient, lines: Sequence[Line], *, posted: bool) -> None:
    """Let the lines of a believed mail wait that bring tickets of different people together, and ask for a yes.

    `posted`: the mail has words besides, which are on the ticket.
    """
    how = [say("notes.sent_without_lines"), _IF_WANTED] if posted else [_IF_WANTED]
    heading = say("notes.merges_others", number=to.ticket.id)
    _list(uow, to, heading, [line.written for line in lines], uow.now, None, how)


def _list(
    uow: UnitOfWork,
    to: ReceiptRecipient,
    heading: Sentence,
    lines: Sequence[str],
    due: datetime,
    checkpoint: int | None,
    how: Sequence[Sentence] = (_IF_SENT,),
) -> None:
    """Write a letter that lists lines; where they merge tickets of different people, it names who will read what."""
    person = uow.session.get_one(Person, to.member.person_id)
    readers = readers_of_merge(uow, to.ticket, person, lines_of("\n".join(lines)))
    merging = [*readers.sentences, say("notes.merge_is_final")] if readers.sentences else []
    footing = [say("footer.confirm_lines", yes=YES), say("footer.other_words_wait"), say("footer.own_commands")]
    write_receipt(
        uow,
        to,
        ReceiptKind.WAITING,
        heading,
        lines,
        [*merging, *how],
        footing=Footer([*footing, why(to.ticket, to.member)], None),
        shows=Subjects(readers.people),
        commands="\n".join(lines),
        offers=_OFFERS,
        checkpoint=checkpoint,
        # It is dated when it leaves: from then on it waits for its answer, and the next one for its hour.
        created=due,
        next=due,
    )


def send_words_offer(uow: UnitOfWork, to: ReceiptRecipient, message: Message, word: str) -> bool:
    """Offer somebody to post as theirs what came from an address that we do not know.

    `word` is POST or POST_PRIVATE. False if the letter has not all that it offers, or is one too many. Commands that do
    not all stand in it are not offered.
    """
    private = word == POST_PRIVATE
    stranger = uow.session.get(Person, message.sender_id)
    if stranger is None or not may_answer(uow, to.member.person_id, ReceiptKind.AUTHOR):
        return False
    reading = read(message.text)
    commanded = bool(reading.lines)
    confirm = say("footer.confirm_commands_and_words" if commanded else "footer.confirm_words", yes=YES)
    footing = [confirm, say("footer.other_words_wait"), why(to.ticket, to.member)]
    text = printable(message.text)
    if len(text) - len(printable(reading.rest)) > _MOST_OFFERED:
        return False
    files = [*map(one_line, uow.session.scalars(select(Attachment.name).where(Attachment.message_id == message.id)))]
    more = [say("notes.not_all_words")] if len(text) > _MOST_OFFERED else []
    more += [say("notes.with_files", names=files)] if files else []
    on_yes = _on_yes(uow, to, private=private, commanded=commanded)
    written = write_receipt(
        uow,
        to._replace(about_id=message.id, private=private),
        ReceiptKind.AUTHOR,
        say("notes.did_you_write", number=to.ticket.id, email=stranger.email),
        text[:_MOST_OFFERED].split("\n"),
        [
            *more,
            on_yes,
            say("notes.if_not_you", no=NO),
            say("notes.link_address"),
        ],
        footing=Footer(footing, None),
        offers=_OFFERS,
        shows=Subjects(frozenset([stranger.id])),
        commands=word,
    )
    return written and not more


def _on_yes(uow: UnitOfWork, to: ReceiptRecipient, *, private: bool, commanded: bool) -> Sentence:
    """Say what a yes does with words that came from an address which we do not know."""
    if commanded:
        return say("notes.if_you_wrote_commands", yes=YES)
    readers = readers_of_reply(uow, to.ticket, to.member, to.members, private=private)
    return say("notes.if_you_wrote", yes=YES, readers=readers) if readers else say("notes.if_you_wrote_saved", yes=YES)


_MOST_OFFERED = 4_000


def remind_of_pending(uow: UnitOfWork, to: ReceiptRecipient, letter: Letter) -> None:
    """Tell somebody who answered with other words that these were kept, and that the lines still wait.

    Once an hour: a program that answers every letter is not answered each time.
    """
    if sum(other.commands == letter.commands for other in _recent(uow, to, letter.kind)) > 1:
        return
    if letter.kind == ReceiptKind.AUTHOR:
        send_words_offer(uow, to, uow.session.get_one(Message, letter.about_id), letter.commands or "")
        return
    heading = say("notes.kept_your_words", number=to.ticket.id)
    _list(uow, to, heading, (letter.commands or "").split("\n"), uow.now, letter.checkpoint)
