"""The lifecycle `correspondence`: a shared inbox, in the words of the trackers people know.

A responder's reply opens a ticket. Whoever writes from outside keeps it open, or opens it again. What comes from
somebody who is not on the ticket is kept for those who answer, so that a guessed number neither reads nor reaches a
requestor.
"""

from .moves import by_role, moves_to, moves_to_any_other, stays_in
from .roles import Role, Who
from .support import CHANGE_STATUS, COMMENT
from .tables import Action, AnswerEffect, DefaultReply, Lifecycle, Rule

NEW, OPEN, STALLED, RESOLVED, REJECTED = "new", "open", "stalled", "resolved", "rejected"
STATUSES = (NEW, OPEN, STALLED, RESOLVED, REJECTED)

REPLY = Action("Reply", "write to everyone on this ticket", "{name} wrote:", "You wrote:")

# No message is an answer for good: a new status clears what another lifecycle left, and dates a new end.
_CLEARED = AnswerEffect.CLEARED

ROWS = (
    # The requestor and whoever was asked in: more from them leaves a new ticket new, since nobody has answered it yet.
    Rule(REPLY, Who.CORRESPONDENT, stays_in(NEW, OPEN) | moves_to(OPEN, STALLED, RESOLVED, REJECTED), _CLEARED),
    Rule(REPLY, Who.RESPONDER, stays_in(OPEN) | moves_to(OPEN, NEW, STALLED, RESOLVED, REJECTED), _CLEARED),
    Rule(COMMENT, Who.ANYONE, stays_in(*STATUSES)),
    Rule(CHANGE_STATUS, Who.RESPONDER, moves_to_any_other(STATUSES), _CLEARED),
    # The requestor may say that it is done, and nothing else.
    Rule(CHANGE_STATUS, Who.REQUESTOR, moves_to(RESOLVED, NEW, OPEN, STALLED, REJECTED), _CLEARED),
)

_ELSE = "something_else"
# Nobody who says thanks wants the ticket open again.
_THANKS = Rule(REPLY, Who.CORRESPONDENT, stays_in(RESOLVED))
_AFTER_THE_END = DefaultReply(REPLY, hints=("all_good", "thanks_keep"), thanks=_THANKS)
_WHILE_OPEN = DefaultReply(REPLY, hints=("all_done", _ELSE))
_FROM_THE_REQUESTOR = {
    NEW: _WHILE_OPEN,
    OPEN: _WHILE_OPEN,
    STALLED: _WHILE_OPEN,
    RESOLVED: _AFTER_THE_END,
    REJECTED: DefaultReply(REPLY, hints=(_ELSE,)),
}
_FROM_A_PARTICIPANT = {
    NEW: DefaultReply(REPLY, hints=(_ELSE,)),
    OPEN: DefaultReply(REPLY, hints=(_ELSE,)),
    STALLED: DefaultReply(REPLY, hints=(_ELSE,)),
    RESOLVED: _AFTER_THE_END,
    REJECTED: DefaultReply(REPLY, hints=(_ELSE,)),
}
_FROM_A_RESPONDER = dict.fromkeys(STATUSES, DefaultReply(REPLY))
_KEPT_FOR_RESPONDERS = dict.fromkeys(STATUSES, DefaultReply(COMMENT, private=True))

CORRESPONDENCE = Lifecycle(
    name="correspondence",
    statuses=STATUSES,
    # Whoever answers for the queue answers, also on a ticket of their own.
    role_order=(Role.MACHINE, Role.RESPONDER, Role.REQUESTOR, Role.PARTICIPANT, Role.READER, Role.OTHER, Role.STRANGER),
    rules=ROWS,
    defaults=by_role(
        {
            Role.REQUESTOR: _FROM_THE_REQUESTOR,
            Role.PARTICIPANT: _FROM_A_PARTICIPANT,
            Role.RESPONDER: _FROM_A_RESPONDER,
            Role.READER: _KEPT_FOR_RESPONDERS,
            Role.OTHER: _KEPT_FOR_RESPONDERS,
            Role.MACHINE: _KEPT_FOR_RESPONDERS,
            Role.STRANGER: _KEPT_FOR_RESPONDERS,
        }
    ),
    solved=frozenset({RESOLVED}),
    spam=REJECTED,
    set_status=CHANGE_STATUS,
    closed=frozenset({RESOLVED, REJECTED}),
    elsewhere={
        NEW: "Open",
        OPEN: "Open",
        STALLED: "Needs information",
        RESOLVED: "Solved",
        REJECTED: "Invalid",
    },
    status_for_all=False,
    comments_in_private=True,
    pauses=STALLED,
    resumes=Rule(CHANGE_STATUS, Who.TRACKER, moves_to(OPEN, STALLED), _CLEARED),
    waiting=frozenset({NEW, OPEN}),
)
