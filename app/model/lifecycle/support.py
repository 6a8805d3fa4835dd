"""The lifecycle `support`: one asks, somebody answers, the asker says whether it helped.

The reasons beside the rows are those of the support tracker that this lifecycle was made for.
"""

from .moves import by_role, moves_to, moves_to_any_other, stays_in
from .roles import Role, Who
from .tables import Action, AnswerEffect, ByRight, DefaultReply, Lifecycle, Rule

OPEN, NEEDS, ANSWERED, SOLVED = "Open", "Needs information", "Answered", "Solved"
EXPIRED, INVALID = "Expired", "Invalid"
SUPPORT_STATUSES = (OPEN, NEEDS, ANSWERED, SOLVED, EXPIRED, INVALID)

REQUEST_INFORMATION = Action(
    "Request for more information",
    "ask for more information",
    "{name} asks for more information:",
    "You asked for more information:",
)
GIVE_INFORMATION = Action(
    "Give more information",
    "give more information",
    "{name} sent more information:",
    "You sent more information:",
)
COMMENT = Action(
    "Comment",
    "add a comment",
    "{name} added a comment:",
    "You added a comment:",
    dated=False,
)
ANSWER = Action(
    "Answer",
    "answer",
    "{name} answered:",
    "You answered:",
)
CONFIRM = Action(
    "Confirm",
    "confirm that it's solved",
    "{name} says it's solved:",
    "You said it's solved:",
    wordless=True,
)
REJECT = Action(
    "Reject",
    "close it as Invalid",
    "{name} closed this ticket as Invalid:",
    "You closed this ticket as Invalid:",
    wordless=True,
)
EXPIRE = Action("Expire", "let it expire", "{name} closed this ticket:", "You closed this ticket:", wordless=True)
REOPEN = Action(
    "Reopen", "reopen this ticket", "{name} reopened this ticket:", "You reopened this ticket:", wordless=True
)
CHANGE_STATUS = Action(
    "Change status",
    "change the status",
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

_OPEN_HINTS = ("solved_yourself", "your_list", "something_else")
_REOPEN = "to_reopen"
_CLOSED = ByRight(_REOPEN, "only_requestor_reopens")
_QUESTION_BACK = "question_back"

# What a requestor's plain reply is taken to mean.
_FROM_THE_REQUESTOR = {
    # The likely case is more on the problem. Were it "I solved it myself", the ticket is still on the list of open
    # ones, and the requestor can put it right.
    OPEN: DefaultReply(GIVE_INFORMATION, hints=_OPEN_HINTS),
    NEEDS: DefaultReply(GIVE_INFORMATION, hints=_OPEN_HINTS),
    # The answer did not help, or the problem outlived the ticket. Were it "thanks, it works", the footer under the
    # answer has said beforehand what a reply does.
    ANSWERED: DefaultReply(REOPEN, hints=("did_that_help",)),
    EXPIRED: DefaultReply(REOPEN, hints=("no_help_needed",)),
    # After solving, a mail is more likely the answer to somebody's comment than a wish to reopen.
    SOLVED: DefaultReply(COMMENT, hints=("need_help_again",)),
    # No mail leads out of Invalid: only an administrator changes it.
    INVALID: DefaultReply(COMMENT, hints=(ByRight(_REOPEN, "say_so_to_admin"),)),
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
    INVALID: DefaultReply(COMMENT, hints=(ByRight(_REOPEN, "only_admin_reopens"),)),
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
            Role.READER: _KEPT_FOR_RESPONDERS,
            Role.OTHER: _FROM_ANOTHER,
            Role.MACHINE: _KEPT_FOR_RESPONDERS,
            Role.STRANGER: _KEPT_FOR_RESPONDERS,
        }
    ),
    solved=frozenset({SOLVED}),
    spam=INVALID,
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
