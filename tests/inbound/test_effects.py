"""Claims about what mail changes in the database: every column belongs to effects, and each was allowed to the mail."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

from sqlalchemy import event

from mail_tickets.model.inbound.effects import Effect
from mail_tickets.model.records.received_mail import Delivery
from tests.inbound.test_interpretation import TEXTS, WITHOUT_PROOF
from tests.support.world import DOMAIN, Actor, World

E = Effect
SAYS = {E.POST, E.COMMAND, E.UNDO}
SETS = {E.COMMAND, E.UNDO}
PARTAKES = {E.SUBSCRIBE, E.LEAVE, E.LET_IN, E.NAME, E.CONFIRM, E.COMMAND}
ALWAYS = {*Effect}
# Each column that mail may write, with the effects by which it does; a row of a table is inserted by those of "".
CAUSES: dict[str, set[Effect]] = {
    "mail": ALWAYS,
    "delivery": ALWAYS,
    # What follows from a mail is told, and the letter to its writer lists what waits for a yes.
    "letter": ALWAYS,
    "letter_subject": ALWAYS,
    "letter.commands": {E.ANSWER, E.COMMAND},
    "letter.shown": {E.EXPOSE},
    # What a storm holds back is told in one letter.
    "letter.text": {E.POST},
    "person": {E.KNOW, E.LET_IN, E.NAME, E.COMMAND},
    "person.known": {E.KNOW, E.COMMAND},
    "person.name": {E.KNOW},
    "person.refused": {E.KNOW},
    "person.undeliverable": {E.KNOW},
    "person.acknowledged": {E.POST},
    "person.email": {E.MOVE_LETTERS},
    "address": {E.KNOW, E.LET_IN, E.NAME, E.COMMAND},
    "participant": PARTAKES,
    "participant.subscribed": PARTAKES,
    "participant.dormant": PARTAKES,
    "participant.pending": {E.CONFIRM, E.LET_IN, E.COMMAND},
    "ticket": {E.POST},
    "ticket.requestor_email": {E.MOVE_LETTERS, *SETS},
    "message": {E.POST},
    "message.ticket_id": {E.COMMAND},
    "message.number": {E.COMMAND},
    # A private message is sent to everybody, or waits no more.
    **{f"message.{name}": {E.ANSWER} for name in ("private", "held", "action", "new_status", "text")},
    "attachment": {E.POST},
    "change": {E.POST, E.LEAVE, E.LET_IN, *SETS},
    "reopening": SAYS,
    "checkpoint": SAYS,
    # The words below an `undo` that waits for its proof are no reason against it.
    "checkpoint.posts": {E.POST},
    "checkpoint.changes": {E.POST},
    **{
        f"ticket.{name}": SAYS
        for name in ("status", "closed", "last_query", "last_response", "solved", "answer", "answerer_id")
    },
    **{f"ticket.{name}": {E.POST, E.COMMAND} for name in ("posts", "last_posted", "last_public", "has_private")},
    **{
        f"ticket.{name}": SETS
        for name in ("queue_id", "title", "priority", "requestor_id", "assignee_id", "handed_over")
    },
    "ticket.merged_into": {E.COMMAND},
    # A new status ends the day on which a stalled ticket opens again.
    "ticket.reopens": SAYS,
    "ticket.requestor_left": {E.SUBSCRIBE, E.LEAVE, *SETS},
}
# What the courier notes of letters on their way.
COURIER = {f"letter.{name}" for name in ("state", "sent", "attempts", "in_hand", "next", "error")}
TEXTS_HERE = {
    **TEXTS,
    "command": "AddCc: bea@example.net\nPriority: 3\nQueue: Questions\nOwner: nobody\n\nThank you.",
    "status": "Status: Solved",
}


@contextmanager
def writes(world: World) -> Iterator[list[str]]:
    """The tables into which rows are inserted, the columns that are updated, and the statements on deliveries."""
    columns: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if match := re.match(r"(?:INSERT INTO|DELETE FROM) (\w+)", statement):
            columns.append(match[1])
        elif match := re.match(r"UPDATE (\w+) SET (.*?)(?: WHERE|$)", statement, re.DOTALL):
            names = re.findall(r'(?:^|, )"?(\w+)"?=', match[2])
            columns.extend({f"{match[1]}.{name}" for name in names} - COURIER)

    event.listen(world.database.engine, "before_cursor_execute", note)
    try:
        yield columns
    finally:
        event.remove(world.database.engine, "before_cursor_execute", note)


def cast(world: World) -> list[Actor]:
    """A responder, a requestor, a participant, somebody known and a stranger, with tickets 1 and 2."""
    rita, ron = world.responder("rita@example.org", "Rita"), world.responder("ron@example.org", "Ron")
    pia, otto = world.known("pia@example.org", "Pia"), world.known("otto@example.org", "Otto")
    ann = world.actor("ann@example.org", "Ann")
    ann.writes("hello", "Help!")
    ann.writes("hello", "And here.")
    for number in (1, 2):
        world.asks_in(number, pia.email)
        rita.writes(f"ticket{number}", "Try this.")
    return [ron, ann, pia, otto, world.actor("eve@example.org", "Eve")]


def test_what_an_unproven_mail_writes_needs_no_proof(small_world: World) -> None:
    """A new effect fails here until its columns are named above and its rule asks for proof, or says why not."""
    people = cast(small_world)
    small_world.switches("General", cc_from_others="on")
    for writer, text, to in product(people, TEXTS_HERE.values(), ("ticket1", "hello", "ticket2-comment")):
        headers = {"Cc": "bea@example.net"}
        with writes(small_world) as columns:
            writer.writes(to, text, headers=headers)
        for column in columns:
            assert column in CAUSES, f"{column}: which effect writes it?"
            assert CAUSES[column] & WITHOUT_PROOF, (writer.email, to, text, column)


def test_every_column_that_mail_writes_belongs_to_an_effect(small_world: World) -> None:
    people = cast(small_world)
    small_world.switches("General", cc_from_others="on", acknowledge="on")
    for writer, text, copied in product(people, TEXTS_HERE.values(), ("bea@example.net", "")):
        if not writer.letters:
            continue
        with writes(small_world) as columns:
            writer.replies(writer.letter(), text, headers={"Cc": copied} if copied else None)
        assert {*columns} <= {*CAUSES}, (writer.email, text)


def test_a_delivery_is_stored_once_with_its_fate(small_world: World) -> None:
    people = cast(small_world)
    admin = small_world.known("root@example.org", admin=True)
    assert admin.letters == []
    for writer, text, to in product(people, TEXTS_HERE.values(), ("ticket1", "hello", "hello-search", "nobody")):
        with writes(small_world) as columns:
            writer.writes(to, text)
        assert [column for column in columns if column.startswith("delivery")] == ["delivery"], (writer.email, text, to)
    fates = {delivery.fate for delivery in small_world.rows(Delivery)}
    assert fates == {"opened", "posted", "set aside", "steered", "answered"}


def test_of_two_connections_that_open_with_the_same_mail_one_does(small_world: World) -> None:
    """Neither sees the other's delivery before it has made its ticket; the unique digest lets one of them stay."""
    from mail_tickets.model.inbound import dispatch
    from mail_tickets.model.inbound.delivery import Past
    from mail_tickets.model.inbound.finding.lookup import Lookup

    raw = b"From: ann@example.org\r\nMessage-ID: <1@home.example>\r\n\r\nHello"
    small_world.brings(raw, "ann@example.org", f"hello@{DOMAIN}")
    really, calls = dispatch.look_up, []

    def blind_once(*arguments: object) -> Lookup:
        calls.append(arguments)
        lookup = really(*arguments)  # type: ignore[arg-type]
        return lookup if len(calls) > 1 else lookup._replace(past=Past(False, False, False))

    dispatch.look_up = blind_once  # type: ignore[assignment]
    try:
        [outcome] = small_world.brings(raw, "ann@example.org", f"hello@{DOMAIN}")
    finally:
        dispatch.look_up = really
    assert (outcome.fate, len(calls), len(small_world.rows(Delivery))) == ("repeated", 2, 1)
    assert small_world.intake.receive(raw, None, [f"hello@{DOMAIN}"])[0].fate == "repeated"
