"""The lifecycle `support`: one asks, somebody answers, the asker says whether it helped.

The reasons beside the rows are those of the support tracker that this lifecycle was made for.
"""

from .tables import (
    Action,
    AnswerEffect,
    ByRight,
    DefaultReply,
    Lifecycle,
    Role,
    Rule,
    Who,
    by_role,
    moves_to,
    moves_to_any_other,
    stays_in,
)

OPEN, NEEDS, ANSWERED, SOLVED = "Open", "Needs information", "Answered", "Solved"
EXPIRED, INVALID = "Expired", "Invalid"
SUPPORT_STATUSES = (OPEN, NEEDS, ANSWERED, SOLVED, EXPIRED, INVALID)

REQUEST_INFORMATION = Action(
    "Request for more information",
    "asks for more information",
    "{name} asked for more information:",
    "You asked for more information:",
)
GIVE_INFORMATION = Action(
    "Give more information",
    "gives more information",
    "{name} gave more information:",
    "You gave more information:",
)
COMMENT = Action(
    "Comment",
    "comments and changes nothing else",
    "{name} commented:",
    "You commented:",
    dated=False,
)
ANSWER = Action(
    "Answer",
    "answers it",
    "{name} proposed the following answer:",
    "You proposed the following answer:",
)
CONFIRM = Action(
    "Confirm",
    "confirms that it is solved",
    "{name} confirmed that the ticket is solved:",
    "You confirmed that the ticket is solved:",
    wordless=True,
)
REJECT = Action("Reject", "rejects it", "{name} rejected the ticket:", "You rejected the ticket:", wordless=True)
EXPIRE = Action(
    "Expire", "lets it expire", "{name} let the ticket expire:", "You let the ticket expire:", wordless=True
)
REOPEN = Action("Reopen", "reopens it", "{name} reopened the ticket:", "You reopened the ticket:", wordless=True)
CHANGE_STATUS = Action(
    "Change status",
    "changes its status",
    "{name} changed the status:",
    "You changed the status:",
    wordless=True,
)


SUPPORT_ROWS = (
    # A question back to the requestor. An answered ticket stays answered: the answer still stands.
    Rule(REQUEST_INFORMATION, Who.ANOTHER, moves_to(NEEDS, OPEN, NEEDS) | stays_in(ANSWERED)),
    Rule(GIVE_INFORMATION, Who.REQUESTOR, moves_to(OPEN, OPEN, NEEDS)),
    Rule(ANSWER, Who.ANOTHER, moves_to(ANSWERED, OPEN, NEEDS, ANSWERED)),
    # Whoever answers their own request has solved it, and says so by answering.
    Rule(
        ANSWER, Who.REQUESTOR, moves_to(SOLVED, OPEN, NEEDS, ANSWERED),
        answer=AnswerEffect.OWN, recorded_as=CONFIRM,
    ),
    # Also from Solved, so that the requestor can still say which answer it was.
    Rule(
        CONFIRM, Who.REQUESTOR, moves_to(SOLVED, OPEN, NEEDS, ANSWERED, SOLVED),
        answer=AnswerEffect.NAMED, answered_by=ANSWER,
    ),
    Rule(REJECT, Who.RESPONDER, moves_to(INVALID, OPEN, NEEDS, ANSWERED, SOLVED, EXPIRED), answer=AnswerEffect.OWN),
    Rule(EXPIRE, Who.TRACKER, moves_to(EXPIRED, OPEN, NEEDS)),
    Rule(
        REOPEN, Who.REQUESTOR, moves_to(OPEN, ANSWERED, EXPIRED, SOLVED),
        answer=AnswerEffect.CLEARED, reopens_from=frozenset({ANSWERED, EXPIRED, SOLVED}),
    ),
    Rule(COMMENT, Who.ANYONE, stays_in(*SUPPORT_STATUSES)),
    Rule(
        CHANGE_STATUS, Who.ADMINISTRATOR, moves_to_any_other(SUPPORT_STATUSES),
        answer=AnswerEffect.CLEARED, reopens_from=frozenset({SOLVED, INVALID}),
    ),
)  # fmt: skip

_ELSE = "For anything else write to {queue_address}: that opens a new ticket."
_SOLVED_IT = "If you solved it yourself, put {solved} on the first line of your reply."
_ON_THE_LIST = "Until then it stays on your list of open tickets; a reply with the one word {list} gets you that list."
_REOPEN = "To reopen it, put {reopened} on the first line of your reply."
_CLOSED = ByRight(_REOPEN, "Only the requestor or an administrator can reopen it.")
_QUESTION_BACK = "A question back is fine too: what the requestor replies reopens the ticket."

# What a requestor's plain reply is taken to mean.
_FROM_THE_REQUESTOR = {
    # The likely case is more on the problem. Were it "I solved it myself", the ticket is still on the list of open
    # ones, and the requestor can put it right.
    OPEN: DefaultReply(GIVE_INFORMATION, hints=(_SOLVED_IT, _ON_THE_LIST, _ELSE)),
    NEEDS: DefaultReply(GIVE_INFORMATION, hints=(_SOLVED_IT, _ON_THE_LIST, _ELSE)),
    # The answer did not help, or the problem outlived the ticket. Were it "thanks, it works", the footer under the
    # answer has said beforehand what a reply does.
    ANSWERED: DefaultReply(
        REOPEN, hints=("If the answer solved your problem, put {solved} on the first line of your reply.",)
    ),
    EXPIRED: DefaultReply(REOPEN, hints=("If you no longer need help, you need not reply.",)),
    # After solving, a mail is more likely the answer to somebody's comment than a wish to reopen.
    SOLVED: DefaultReply(
        COMMENT, hints=("If you need help again, write to {queue_address}: that opens a new ticket.",)
    ),
    # No mail leads out of Invalid: only an administrator changes it.
    INVALID: DefaultReply(
        COMMENT,
        hints=(ByRight(_REOPEN, "Only an administrator can change that; your comment is the way to ask for it."),),
    ),
}

# What anybody else's plain reply is taken to mean.
_FROM_ANOTHER = {
    # An answer is the safest reading: the requestor can then confirm it, and were it a question back, the requestor's
    # reply to it reopens the ticket, so the outcome is right either way.
    OPEN: DefaultReply(ANSWER, hints=(_QUESTION_BACK,)),
    NEEDS: DefaultReply(ANSWER, hints=(_QUESTION_BACK,)),
    ANSWERED: DefaultReply(ANSWER, hints=(_QUESTION_BACK,)),
    # Nothing else is possible once a ticket is closed.
    EXPIRED: DefaultReply(COMMENT, hints=(_CLOSED,)),
    SOLVED: DefaultReply(COMMENT, hints=(_CLOSED,)),
    INVALID: DefaultReply(COMMENT, hints=(ByRight(_REOPEN, "Only an administrator can change that."),)),
}

# A machine means nothing by its mail, and of a stranger we know nothing: both are kept for those who answer.
_KEPT_FOR_RESPONDERS = dict.fromkeys(SUPPORT_STATUSES, DefaultReply(COMMENT, private=True))


SUPPORT = Lifecycle(
    name="support",
    statuses=SUPPORT_STATUSES,
    role_order=tuple(Role),
    rules=SUPPORT_ROWS,
    defaults=by_role(
        {
            Role.REQUESTOR: _FROM_THE_REQUESTOR,
            Role.RESPONDER: _FROM_ANOTHER,
            Role.PARTICIPANT: _FROM_ANOTHER,
            Role.OTHER: _FROM_ANOTHER,
            Role.MACHINE: _KEPT_FOR_RESPONDERS,
            Role.STRANGER: _KEPT_FOR_RESPONDERS,
        }
    ),
    solved=frozenset({SOLVED}),
    spam=INVALID,
    requestor_reason="you asked for help with",
    set_status=CHANGE_STATUS,
    closed=frozenset({SOLVED, EXPIRED, INVALID}),
    elsewhere={
        OPEN: "open",
        NEEDS: "stalled",
        ANSWERED: "open",
        SOLVED: "resolved",
        EXPIRED: "resolved",
        INVALID: "rejected",
    },
    expires=EXPIRE,
    waiting=frozenset({OPEN}),
)
