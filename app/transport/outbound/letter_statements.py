"""The statements by which a courier takes letters in hand, and notes what became of them."""

from typing import cast

from sqlalchemy import Table, bindparam, case, exists, func, select, update

from ...model.letters.personal_letters import LOGIN
from ...model.letters.receipt_letters import ReceiptKind
from ...model.records.letters import HELD, Letter, State
from ...model.records.messages import Message
from ...model.records.people import Person
from ...model.records.received_mail import Mail
from ...model.storage.mapped_rows import columns_of
from ...model.storage.prepared import Prepared
from ...model.storage.revision import VERSION

# So many letters are taken in hand at once.
BATCH = 20
LETTER = cast("Table", Letter.__table__)
_WAITS = (LETTER.c.state == State.WAITING, LETTER.c.next <= bindparam("now"))
# The letters that are due, by whether those count that some courier has in hand, and whose lease ended.
_COUNTED = {True: _WAITS, False: (*_WAITS, ~LETTER.c.in_hand)}
ANY_DUE = {every: Prepared(select(LETTER.c.id).where(*conditions).limit(1)) for every, conditions in _COUNTED.items()}
# The header of the automatic mail that a letter tells of.
_AUTOMATIC_HEAD = (
    select(func.substr(Mail.raw, 1, 65_536))
    .join(Message, Message.mail_id == Mail.id)
    .where(Message.id == LETTER.c.about_id, Message.automatic.is_not(None))
    .scalar_subquery()
)
# Since when nobody could reach its reader.
_UNREACHED = (
    select(Person.undeliverable)
    .where(Person.id == LETTER.c.person_id, Person.email == LETTER.c.recipient)
    .scalar_subquery()
)
_VERSION = select(VERSION.c.version_num).scalar_subquery()
DUE = {
    every: Prepared(
        select(*columns_of(Letter), _AUTOMATIC_HEAD, _UNREACHED, _VERSION)
        .where(*conditions)
        .order_by(LETTER.c.next, LETTER.c.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    for every, conditions in _COUNTED.items()
}
TAKEN = Prepared(
    update(LETTER)
    .where(LETTER.c.id == bindparam("letter"))
    .values(next=bindparam("until"), attempts=LETTER.c.attempts + 1, in_hand=True)
)
SENT = Prepared(
    update(LETTER)
    # A report that it failed may have come before the relay's own word.
    .where(LETTER.c.id == bindparam("letter"), LETTER.c.state == State.WAITING)
    .values(
        state=State.SENT,
        sent=bindparam("now"),
        error=None,
        in_hand=False,
        # The link in it is for its reader alone, and in no backup.
        text=case((LETTER.c.kind == LOGIN, ""), else_=LETTER.c.text),
    )
)
# Letters that are dated after now, and not on purpose. One that was tried since is due before its date.
WRITTEN_LATER = (
    update(LETTER)
    .where(
        LETTER.c.state == State.WAITING,
        LETTER.c.created > bindparam("now"),
        LETTER.c.next >= LETTER.c.created,
        LETTER.c.kind.not_in((HELD, ReceiptKind.WAITING)),
        ~LETTER.c.in_hand,
    )
    .values(next=bindparam("now"))
)
TRIED_LATER = (
    update(LETTER)
    .where(
        LETTER.c.state == State.WAITING,
        LETTER.c.next > bindparam("furthest"),
        LETTER.c.kind != ReceiptKind.WAITING,
    )
    .values(next=bindparam("now"), in_hand=False)
)
# Letters that the relay refused while it refused all.
DUE_AGAIN = (
    update(LETTER)
    .where(
        LETTER.c.id.in_(bindparam("letters", expanding=True)),
        LETTER.c.state == State.WAITING,
        ~LETTER.c.in_hand,
    )
    .values(next=bindparam("now"))
)
_PERSON = cast("Table", Person.__table__)
# Whose letter was taken gets letters again.
REACHED = Prepared(
    update(_PERSON)
    .where(
        # First by the letter: this is asked for every one, and there are many people.
        _PERSON.c.id == select(LETTER.c.person_id).where(LETTER.c.id == bindparam("letter")).scalar_subquery(),
        _PERSON.c.undeliverable.is_not(None),
        exists().where(
            LETTER.c.id == bindparam("letter"),
            LETTER.c.state == State.SENT,
            LETTER.c.person_id == _PERSON.c.id,
            LETTER.c.recipient == _PERSON.c.email,
        ),
    )
    .values(undeliverable=None)
)
