"""What proves who wrote a mail (our letters' Message-IDs, the front server's word), and our own id."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import update

from ...mail import authentication_results
from ...mail.addresses import address_key
from ...mail.authentication_results import Verdict
from ..records.addressing import find_place
from ..records.letters import Letter
from ..records.message_ids import is_our_id
from ..storage.unit_of_work import Desk

if TYPE_CHECKING:
    from ..records.people import Person
    from .delivery import Arrival
    from .threads import Known


def is_verified(
    desk: Desk, arrival: "Arrival", person: "Person", known: "Sequence[Known]", *, came_before: bool
) -> bool:
    """Whether a mail is from whom it says (docs/interface.md, section 6).

    It answers a letter that went to that very person, or the front server says so of the address in From. Never with
    two addresses in From or none, when the front server disowns it, or when a mail of this Message-ID `came_before`:
    whoever saw it could send it again elsewhere.
    """
    if came_before or arrival.incoming.authors != 1 or (verdict := _verdict(desk, arrival)) is Verdict.FAIL:
        return False
    answers = desk.trust.by != "dmarc" and _answers_own_letter(desk, arrival, person, known)
    return verdict is Verdict.PASS or answers


def is_believed(desk: Desk, arrival: "Arrival", *, verified: bool) -> bool:
    """Whether a mail's commands are believed: it is verified, or its From is enough here and nobody disowns it."""
    if verified or desk.trust.by != "from":
        return verified
    return arrival.incoming.authors == 1 and _verdict(desk, arrival) is not Verdict.FAIL


def _verdict(desk: Desk, arrival: "Arrival") -> Verdict:
    """What the front server says of the address in From."""
    sender = arrival.incoming.sender
    return authentication_results.verdict(arrival.raw, desk.trust.server, sender.email) if sender else Verdict.NONE


def _answers_own_letter(desk: Desk, arrival: "Arrival", person: "Person", known: "Sequence[Known]") -> bool:
    """Only the nearest id counts: what stands in References was seen by everybody who answered before."""
    return any(is_our_id(desk, one.given) for one in _answered(arrival, person, known) if not one.shown)


def _answered(arrival: "Arrival", person: "Person", known: "Sequence[Known]") -> "list[Known]":
    """The letters to this person that a mail answers."""
    incoming = arrival.incoming
    nearest = incoming.in_reply_to or incoming.references[-1:]
    return [one for one in known if one.reader == person.id and one.given in nearest]


def note_shown(desk: Desk, arrival: "Arrival", person: "Person", known: "Sequence[Known]") -> None:
    """Remember that a mail shows the id of the letter that it answers to others: from now on they could use it."""
    answered = [one.given for one in _answered(arrival, person, known)]
    named = {address_key(one.email) for one in arrival.incoming.to} - {address_key(person.email)}
    if answered and any(find_place(desk, email) is None for email in named):
        desk.connection.execute(update(Letter).where(Letter.message_id.in_(answered)).values(shown=True))
