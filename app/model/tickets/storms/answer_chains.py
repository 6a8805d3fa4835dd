"""Answers to answers: programs that answer the receipts and pages that we send them."""

from collections.abc import Sequence

from sqlalchemy import select

from ...records.letters import Letter
from ...records.message_ids import is_our_id
from ...storage.unit_of_work import UnitOfWork
from ...wording import Sentence, say

# So many letters may answer mails each of which answers the letter before. People seldom answer receipts; a program
# answers each.
MOST_RECEIPTS = 10
# Somebody who searches may answer each page with the next question.
MOST_PAGES = 36


def chain_of(uow: UnitOfWork, person_id: int, answered: str | None, root: str | None = None) -> Sequence[str]:
    """The letters before a mail that answers one of those that answered its writer's mails, oldest first; else none.

    Each such letter names those before it in its References. `root` is the first id of all letters of the ticket.
    """
    if answered is None or not is_our_id(uow, answered):
        return ()
    own = Letter.person_id == person_id, Letter.acknowledges.is_(True)
    row = uow.connection.execute(select(Letter.references).where(Letter.message_id == answered, *own)).one_or_none()
    if row is None:
        return ()
    before = (row[0] or "").split()
    return (*(id_ for id_ in before if id_ != root and is_our_id(uow, id_)), answered)


def last_note(chain: Sequence[str], most: int) -> list[Sentence]:
    """What the last letter of a chain says."""
    return [say("notes.enough_in_chain", count=most)] if len(chain) == most - 1 else []
