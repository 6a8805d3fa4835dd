"""Claims about a ticket that another connection changes while a mail waits for it."""

from collections.abc import Callable
from threading import Thread

from sqlalchemy import text

from mail_tickets.model.records.queue_setup import add_queue
from mail_tickets.model.records.queues import find_queue
from mail_tickets.model.records.tickets import find_ticket
from tests.support.world import World, awaits


def waits_for_a_lock(world: World) -> bool:
    """Whether a connection waits for another one's rows."""
    with world.database.engine.connect() as connection:
        waiting = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return connection.execute(text(f"SELECT count(*) {waiting}")).scalar_one() > 0


def moved_while(world: World, wait: Callable[[], object]) -> None:
    """Move ticket 1 to another queue, and commit that once the work which is given waits for the ticket."""
    with world.database.transaction() as uow:
        add_queue(uow, "Billing", ["billing"], "correspondence")
    with world.database.transaction() as uow:
        find_ticket(uow, 1, locked=True).queue = find_queue(uow, "Billing")
        uow.session.flush()
        thread = Thread(target=wait)
        thread.start()
        awaits(lambda: waits_for_a_lock(world))
    thread.join(30)


def test_a_reply_that_waits_while_its_ticket_moves_to_another_queue_is_posted_there(postgres_inbox: World) -> None:
    world = postgres_inbox
    bob, ann = world.responder("bob@example.org"), world.actor("ann@example.org")
    ann.writes("hello", "Help!")
    letter = bob.letter()
    moved_while(world, lambda: bob.replies(letter, "Like this."))
    ticket = world.ticket(1)
    assert (ticket["queue"], [message["text"] for message in ticket["messages"]]) == (
        "Billing",
        ["Help!", "Like this."],
    )


def test_a_ticket_that_was_read_before_it_is_locked_is_found_in_its_new_queue(postgres_inbox: World) -> None:
    world, queues = postgres_inbox, []
    world.actor("ann@example.org").writes("hello", "Help!")

    def read_and_lock() -> None:
        with world.database.transaction() as uow:
            queues.extend([find_ticket(uow, 1).queue.name, find_ticket(uow, 1, locked=True).queue.name])

    moved_while(world, read_and_lock)
    assert queues == ["General", "Billing"]
