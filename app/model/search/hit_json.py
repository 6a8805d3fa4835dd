"""What `tickets search --json` prints."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..storage.unit_of_work import UnitOfWork
from ..tickets.ticket_json import Json, moment_json, person_json, ticket_summaries, without_addresses
from ..tickets.visibility import visible_number

if TYPE_CHECKING:
    from .search import Hit


def found_summaries(uow: UnitOfWork, hits: "Sequence[Hit]") -> list[Json]:
    """What `tickets search --json` prints: the summary of each ticket, and the message by which it was found."""
    summaries = ticket_summaries(uow, [hit.ticket for hit in hits])
    for place, (hit, summary) in enumerate(zip(hits, summaries, strict=True)):
        summary["answer"] = visible_number(uow, hit.ticket, hit.ticket.answer, hit.member)
        summary["found"] = {
            "number": hit.number,
            "sender": person_json(hit.message.sender),
            "date": moment_json(hit.message.date),
            "private": hit.message.private,
            "snippet": hit.snippet.text,
        }
        if hit.member and not hit.member.insider:
            summaries[place] = without_addresses(summary, hit.member.email, hit.names)
    return summaries
