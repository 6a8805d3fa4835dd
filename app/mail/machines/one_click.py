"""What a person's client sends by one click: an answer to an invitation, a reaction, a read receipt."""

import re
from collections.abc import Sequence

from .. import mime
from ..mime import Part

_CALENDARS = ("text/calendar", "application/ics")
# RFC 5546: what an attendee's client sends. An invitation (REQUEST) is a person's mail.
_ANSWERED = re.compile(r"^METHOD\s*:\s*(?:REPLY|COUNTER)\s*$", re.IGNORECASE | re.MULTILINE)
_RECEIPT = "message/disposition-notification"
_REACTION = "text/vnd.google.email-reaction+json"
# The whole text: Gmail and Outlook, and the tapbacks of Apple's Messages.
_REACTED = re.compile(
    r"""[^\n]{0,100}\b(?:reacted\ via\ Gmail|reacted\ to\ your\ message|hat\ auf\ [^\n]{0,60}\breagiert)\b[^\n]{0,100}
    |(?:Liked|Loved|Disliked|Laughed\ at|Emphasized|Questioned)\ [“"][^”"]{1,500}[”"]""",
    re.VERBOSE,
)
_LONGEST = 65_536


def clicked(raw: bytes, leaves: Sequence[Part], text: str) -> str | None:
    """Return what was clicked, None for what somebody wrote. `text` is what the mail says."""
    kinds = {leaf.type for leaf in leaves}
    if _RECEIPT in kinds:
        return "read receipt"
    if _REACTION in kinds or _REACTED.fullmatch(text.strip()):
        return "reaction"
    calendars = [leaf for leaf in leaves if leaf.type in _CALENDARS][:5]
    if any(_ANSWERED.search(mime.text(raw, leaf, _LONGEST)) for leaf in calendars):
        return "answer to an invitation"
    return None
