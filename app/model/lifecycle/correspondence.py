"""The lifecycle `correspondence`: a shared inbox, in the words of the trackers people know.

A responder's reply opens a ticket. Whoever writes from outside keeps it open, or opens it again. What comes from
somebody who is not on the ticket is kept for those who answer, so that a guessed number neither reads nor reaches a
requestor.
"""

from .support import CHANGE_STATUS, COMMENT
from .tables import Action, AnswerEffect, Cell, Lifecycle, Role, Row, Who, by_role, staying, to, to_any_other

NEW, OPEN, STALLED, RESOLVED, REJECTED = "new", "open", "stalled", "resolved", "rejected"
STATUSES = (NEW, OPEN, STALLED, RESOLVED, REJECTED)

REPLY = Action("Reply", "goes to everybody on it", "{name} wrote:", "You wrote:")

# No message is an answer for good: a new status clears what another lifecycle left, and dates a new end.
_CLEARED = AnswerEffect.CLEARED

ROWS = (
    # The requestor and whoever was asked in: more from them leaves a new ticket new, since nobody has answered it yet.
    Row(REPLY, Who.CORRESPONDENT, staying(NEW, OPEN) | to(OPEN, STALLED, RESOLVED, REJECTED), _CLEARED),
    Row(REPLY, Who.RESPONDER, staying(OPEN) | to(OPEN, NEW, STALLED, RESOLVED, REJECTED), _CLEARED),
    Row(COMMENT, Who.ANYONE, staying(*STATUSES)),
    Row(CHANGE_STATUS, Who.RESPONDER, to_any_other(STATUSES), _CLEARED),
    # The requestor may say that it is done, and nothing else.
    Row(CHANGE_STATUS, Who.REQUESTOR, to(RESOLVED, NEW, OPEN, STALLED, REJECTED), _CLEARED),
)

_ELSE = "For anything else write to {queue_address}: that opens a new ticket."
_SETTLED = "If it is settled, put {solved} on the first line of your reply."
_ON_THE_LIST = "Until then it stays on your list of open tickets; a reply with the one word {list} gets you that list."
_ALL_IS_WELL = "If all is well, you need not reply."
# Nobody who says thanks wants the ticket open again.
_THANKS = Row(REPLY, Who.CORRESPONDENT, staying(RESOLVED))
_AFTER_THE_END = Cell(
    REPLY, hints=(_ALL_IS_WELL, f"A reply that only says thanks leaves it {RESOLVED}."), thanks=_THANKS
)
_FROM_THE_REQUESTOR = {
    NEW: Cell(REPLY, hints=(_SETTLED, _ON_THE_LIST, _ELSE)),
    OPEN: Cell(REPLY, hints=(_SETTLED, _ON_THE_LIST, _ELSE)),
    STALLED: Cell(REPLY, hints=(_SETTLED, _ON_THE_LIST, _ELSE)),
    RESOLVED: _AFTER_THE_END,
    REJECTED: Cell(REPLY, hints=(_ELSE,)),
}
_FROM_A_PARTICIPANT = {
    NEW: Cell(REPLY, hints=(_ELSE,)),
    OPEN: Cell(REPLY, hints=(_ELSE,)),
    STALLED: Cell(REPLY, hints=(_ELSE,)),
    RESOLVED: _AFTER_THE_END,
    REJECTED: Cell(REPLY, hints=(_ELSE,)),
}
_FROM_A_RESPONDER = dict.fromkeys(STATUSES, Cell(REPLY))
_KEPT_FOR_RESPONDERS = dict.fromkeys(STATUSES, Cell(COMMENT, private=True))

CORRESPONDENCE = Lifecycle(
    name="correspondence",
    statuses=STATUSES,
    # Whoever answers for the queue answers, also on a ticket of their own.
    order=(Role.MACHINE, Role.RESPONDER, Role.REQUESTOR, Role.PARTICIPANT, Role.OTHER, Role.STRANGER),
    rows=ROWS,
    defaults=by_role(
        {
            Role.REQUESTOR: _FROM_THE_REQUESTOR,
            Role.PARTICIPANT: _FROM_A_PARTICIPANT,
            Role.RESPONDER: _FROM_A_RESPONDER,
            Role.OTHER: _KEPT_FOR_RESPONDERS,
            Role.MACHINE: _KEPT_FOR_RESPONDERS,
            Role.STRANGER: _KEPT_FOR_RESPONDERS,
        }
    ),
    solved=frozenset({RESOLVED}),
    spam=REJECTED,
    asked="you wrote what became",
    sets=CHANGE_STATUS,
    closed=frozenset({RESOLVED, REJECTED}),
    status_for_all=False,
    comments_in_private=True,
    pauses=STALLED,
    resumes=Row(CHANGE_STATUS, Who.TRACKER, to(OPEN, STALLED), _CLEARED),
    waiting=frozenset({NEW, OPEN}),
)
