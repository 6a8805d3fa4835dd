"""Claims about letters that a whole team gets: one text for all who read the same, and a promise for each of them."""

from sqlalchemy import select

from mail_tickets.model.letters.promises import stored_promise
from mail_tickets.model.records.letters import Letter
from tests.support.world import World


def newest(world: World, count: int) -> dict[str, Letter]:
    """By recipient, the newest letters of the outbox."""
    with world.database.read_only() as uow:
        rows = uow.session.scalars(select(Letter).order_by(Letter.id.desc()).limit(count)).all()
        uow.session.expunge_all()
        return {row.recipient.partition("@")[0]: row for row in rows}


def test_colleagues_get_one_text_and_each_a_promise_that_names_the_others(small_world: World) -> None:
    team = [small_world.responder(f"{name.lower()}@team.example", name) for name in ("Rita", "Sam", "Pia")]
    ann = small_world.actor("ann@home.example", "Ann")
    ann.writes("hello", "The lamp stays dark.", subject="Lamp")
    letters = newest(small_world, len(team))
    assert letters.keys() == {"rita", "sam", "pia"}
    assert len({letter.text for letter in letters.values()}) == 1
    assert len({(letter.token, letter.message_id) for letter in letters.values()}) == len(team)
    people = {letter.person_id for letter in letters.values()}
    for letter in letters.values():
        promise = stored_promise(letter.promise or "")
        assert {*promise.others} & people == people - {letter.person_id}


def test_who_is_something_else_on_the_ticket_reads_another_footer(small_world: World) -> None:
    rita, sam, _ = (small_world.responder(f"{name.lower()}@team.example", name) for name in ("Rita", "Sam", "Pia"))
    ann = small_world.actor("ann@home.example", "Ann")
    ann.writes("hello", "The lamp stays dark.", subject="Lamp")
    sam.replies(sam.letter(), "Owner: me")
    ann.writes("ticket1", "Still dark.")
    letters = newest(small_world, 3)
    assert letters["rita"].text == letters["pia"].text != letters["sam"].text
    assert "is assigned to you" in letters["sam"].text
    # Of the others, a letter to somebody outside the team names those who are on the ticket.
    rita.replies(rita.letter(), "Try the other switch.")
    letters = newest(small_world, 3)
    assert letters["ann"].text.partition("\n-- \n")[2] != letters["pia"].text.partition("\n-- \n")[2]
