"""Words on a page that look like a command or a private note: their writer is asked before they are sent."""

from hashlib import sha256

from ...mail.text import fold_words
from ..inbound.pending_commands import is_waiting_for
from ..inbound.situations import private_texts
from ..lifecycle.slips import is_slip, may_answer
from ..records.tickets import Ticket
from ..storage.unit_of_work import UnitOfWork
from ..wording import wording_in
from .outlook import Asker, Outlook


class AnswerDoubted(Exception):
    """Words for everybody look like a command or a private note. Nothing was done.

    `sentences` say why. `meant` is what the form brings back when its button is pressed again with the same words.
    """

    def __init__(self, sentences: list[str], meant: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences, self.meant = sentences, meant


def check_meant(uow: UnitOfWork, ticket: Ticket, asker: Asker, outlook: Outlook, text: str, meant: str) -> None:
    """Raise AnswerDoubted for a responder's public words without files that a mail would hold, unless they are meant.

    By docs/interface.md, section 6, for mail: there the writer is asked by a letter, here on the page.
    """
    asked = sha256(text.encode("utf-8", "replace")).hexdigest()
    if outlook.private or not asker.member.responder or meant == asked:
        return
    waits = may_answer(text) and is_waiting_for(uow, asker.member.person_id)
    command = is_slip(text, ticket.lifecycle, asker.member.own_name, waits=waits)
    if command or fold_words(text) in private_texts(uow, ticket):
        sentences = wording_in().render("answer_doubted", command=command, note=not command).strip().split("\n")
        raise AnswerDoubted(sentences, asked)
