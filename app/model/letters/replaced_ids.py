"""Answers to Message-IDs that we never wrote: where they pile up, a relay gives our letters ids of its own."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased

from ..records.letters import Letter
from ..records.messages import Message
from ..storage.unit_of_work import UnitOfWork

_LOOKED_AT = 2_000
_LATELY = timedelta(days=30)
# One such answer may be to somebody else's mail that named us.
_FEW = 2


def answers_to_replaced_ids(uow: UnitOfWork) -> Counter[str]:
    """Count the newest answers to ids that nobody here wrote, by the domain of the id, where there are several.

    Only the mails of people count who had a letter about that ticket, and no domain from which people write: those
    answer each other.
    """
    newest = (uow.session.scalar(select(func.max(Message.id))) or 0) - _LOOKED_AT
    stored, letter = aliased(Message), aliased(Letter)
    answered = or_(stored.message_id == Message.in_reply_to, stored.original_id == Message.in_reply_to)
    had_letter = (letter.ticket_id == Message.ticket_id) & (letter.person_id == Message.sender_id)
    asked = select(Message.in_reply_to).where(
        *(Message.id > newest, Message.received > uow.now - _LATELY, Message.mail_id.is_not(None)),
        *(Message.in_reply_to.is_not(None), Message.automatic.is_(None)),
        *(~exists().where(answered), ~exists().where(letter.message_id == Message.in_reply_to)),
        exists().where(had_letter, letter.created <= Message.received),
    )
    counts = Counter(_domains(message_id or "" for message_id in uow.session.scalars(asked)))
    writing = set(_domains(uow.session.scalars(select(Message.message_id).where(Message.id > newest))))
    return Counter({domain: count for domain, count in counts.items() if count >= _FEW and domain not in writing})


def _domains(ids: Iterable[str]) -> list[str]:
    return [message_id.rpartition("@")[2].rstrip(">").lower() for message_id in ids]
