"""The daily work of a team that shares one inbox, mail by mail over real SMTP.

It retells the document that the inbox was built from (`ticket-tracking.txt`), with its people and mails of our own.
"""

from mail_tickets.model.records.people import Person, find_person
from mail_tickets.model.records.received_mail import Delivery
from mail_tickets.model.records.tickets import Ticket
from tests.support.world import DOMAIN, World, unproven

OUT_OF_OFFICE = {"Auto-Submitted": "auto-replied"}


def status(world: World, number: int = 1) -> str:
    return str(world.ticket(number)["status"])


def test_the_daily_work_of_the_document(inbox: World) -> None:
    """From a mail to hello@ to a thanks after it was resolved: the whole of the document's normal workflow."""
    world = inbox
    asheesh = world.responder("asheesh@openhatch.example", "Asheesh")
    shauna = world.responder("shauna@openhatch.example", "Shauna")
    deb = world.actor("deb@school.example", "Deb")
    with world.serving():
        # Somebody sends an email to hello@. It goes into the General queue and is not assigned to anybody.
        deb.writes("hello", "Could you run a workshop at our school?", subject="A workshop")
        ticket = world.ticket()
        assert (ticket["queue"], ticket["status"], ticket["assignee"]) == ("General", "new", None)
        assert ticket["requestor"] == {"email": "deb@school.example", "name": "Deb"}
        # No automatic reply: it would be impersonal, and would answer spam. Both responders hear of it.
        assert deb.letters == []
        first = shauna.letter()
        assert (first["Subject"], first.text) == (
            "[General #1] A workshop",
            "Deb <deb@school.example> wrote:\n\nCould you run a workshop at our school?",
        )
        assert f"Team only: ticket1-comment@{DOMAIN}" in (first.footer)

        # A responder writes a message only viewable by responders: by the ticket's address, and by support-comment.
        shauna.writes("ticket1-comment", "Do we have money for travel?", subject="Money")
        assert asheesh.letter()["From"] == f'"Shauna (General)" <ticket1-comment@{DOMAIN}>'
        asheesh.writes("support-comment", "Some, from the last grant.", subject=first["Subject"], answering=first)
        assert [message["private"] for message in world.ticket()["messages"]] == [False, True, True]
        assert (status(world), deb.letters) == ("new", [])

        # A responder replies by email with a helpful message, which changes the status from new to open.
        asheesh.replies(asheesh.letters[0], "Gladly. Which week suits you?")
        assert status(world) == "open"
        answer = deb.letter()
        assert answer.text == "Asheesh wrote:\n\nGladly. Which week suits you?\n\n    Status: new → open"
        assert "Ticket 1 is open." in answer.footer
        assert "travel" not in answer.all_text

        # Her client loses the tag, and writes to hello@: it is threaded all the same.
        deb.writes("hello", "The second week of May.", subject="dates", answering=answer)
        assert (status(world), len(world.rows(Ticket))) == ("open", 1)
        assert shauna.letter().text == "Deb wrote:\n\nSubject: dates\n\nThe second week of May."

        # She is away: nothing changes, the responders are told, and nobody answers the machine.
        before = len(deb.letters)
        deb.replies(answer, "I am away until Monday.", headers=OUT_OF_OFFICE)
        assert (status(world), len(deb.letters)) == ("open", before)
        assert "Automatic reply from" in shauna.letter().text

        # A stranger has guessed the number: kept for those who answer.
        eve = world.actor("eve@elsewhere.example", "Eve")
        eve.writes("ticket1", "Is the workshop open to everybody?")
        assert (len(deb.letters), status(world), eve.letters) == (before, "open", [])
        assert "Eve <eve@elsewhere.example> isn't on this ticket, so only the team got this." in shauna.letter().text

        # Resolving is announced to nobody but responders: the document found it impersonal.
        world.act(1, "Change status", "shauna@openhatch.example", status="resolved")
        assert (status(world), len(deb.letters)) == ("resolved", before)
        assert asheesh.letter().text == "Shauna changed the status.\n\n    Status: open → resolved"
        asheesh.replies(asheesh.letter(), "One more thing: bring your laptops.")
        assert status(world) == "open"
        world.act(1, "Change status", "shauna@openhatch.example", "See you there.", status="resolved")

        # What a thanks does was foretold by the footer under the last letter.
        last = deb.letter()
        assert last.text.endswith("See you there.\n\n    Status: open → resolved")
        assert "Ticket 1 is resolved." in last.footer
        assert "All good? You don't need to reply." in last.footer
        assert "A reply that only says thanks keeps it resolved." in last.footer
        foretold = world.ticket(1, "deb@school.example")["reply"]
        deb.replies(last, "Thank you all!")
        assert (world.ticket()["messages"][-1]["action"], status(world)) == ("Reply", "resolved")
        assert shauna.letter().text == asheesh.letter().text == "Deb wrote:\n\nThank you all!"
        deb.replies(last, "Thank you! Where do we park?")
        message = world.ticket()["messages"][-1]
        assert (message["action"], status(world)) == (foretold["action"], foretold["status"]) == ("Reply", "open")
        assert world.rows(Delivery.waiting).count(True) == 0


def test_the_tracker_in_cc_of_a_mail_to_a_sponsor_keeps_the_thread(inbox: World) -> None:
    """The document's further thought: an archive that everybody shares of what was written to sponsors."""
    world = inbox
    asheesh = world.responder("asheesh@openhatch.example", "Asheesh")
    shauna = world.responder("shauna@openhatch.example", "Shauna")
    sponsor = world.actor("money@bank.example", "Bank")
    with world.serving():
        to_bank = {"To": "Bank <money@bank.example>", "Cc": f"hello@{DOMAIN}"}
        written = asheesh.writes("hello", "Would you sponsor us?", subject="Sponsoring", headers=to_bank)
        assert [participant["email"] for participant in world.ticket()["participants"]] == ["money@bank.example"]
        # The bank has the mail already.
        wrote = f"Asheesh <asheesh@openhatch.example> wrote:\n\n{unproven('Asheesh')}Would you sponsor us?"
        assert (sponsor.letters, shauna.letter().text) == ([], wrote)
        sponsor.writes(
            "hello",
            "How much?",
            subject="Re: Sponsoring",
            headers={"To": "asheesh@openhatch.example", "Cc": f"hello@{DOMAIN}", "In-Reply-To": written},
        )
        assert (len(world.rows(Ticket)), status(world)) == (1, "new")
        message = world.ticket()["messages"][-1]
        assert (message["text"], message["private"], message["action"]) == ("How much?", False, "Reply")
        # From now on they write through the ticket.
        shauna.replies(shauna.letter(), "Five hundred.")
        assert sponsor.letter().text == "Shauna wrote:\n\nFive hundred.\n\n    Status: new → open"
        sponsor.replies(sponsor.letter(), "Agreed.")
        assert (status(world), asheesh.letter().text) == ("open", "Bank wrote:\n\nAgreed.")


def test_a_mail_that_is_forwarded_to_support_opens_a_ticket_that_its_author_can_be_let_into(inbox: World) -> None:
    world = inbox
    shauna = world.responder("shauna@openhatch.example", "Shauna")
    with world.serving():
        shauna.writes(
            "support",
            "---------- Forwarded message ---------\nFrom: Old <old@friend.example>\n\nIs anybody there?",
            subject="Fwd: Hello",
        )
        assert "Is anybody there?" in world.ticket()["messages"][0]["text"]
        assert (world.ticket()["title"], shauna.letter()["Subject"]) == ("Hello", "Re: [General #1] Hello")
        assert world.rows(Person.email) == ["shauna@openhatch.example"]


def test_whoever_wants_to_help_is_asked_to_write_and_is_given_an_account(inbox: World) -> None:
    world = inbox
    shauna = world.responder("shauna@openhatch.example", "Shauna")
    new = world.actor("new@helper.example", "New")
    with world.serving():
        new.writes("hello", "I want to help.", subject="An account")
        assert new.letters == []
        world.responder("new@helper.example")
        world.actor("deb@school.example").writes("hello", "Hello?")
        assert new.letter()["Subject"] == "[General #2] Hello"
        new.replies(new.letter(), "Hello!")
        assert status(world, 2) == "open"
        assert shauna.letter().text == "New wrote:\n\nHello!\n\n    Status: new → open"


def test_whoever_writes_to_hello_is_known_and_a_stranger_on_a_ticket_is_not(inbox: World) -> None:
    inbox.actor("deb@school.example").writes("hello", "Hello?")
    inbox.actor("eve@elsewhere.example").writes("ticket1", "Me too.")
    with inbox.uow() as uow:
        deb, eve = find_person(uow, "deb@school.example"), find_person(uow, "eve@elsewhere.example")
        assert deb is not None
        assert eve is not None
        assert (deb.known, eve.known) == (True, False)


def test_every_status_may_be_set_from_every_other_by_a_responder(small_inbox: World) -> None:
    world = small_inbox
    world.responder("ron@example.org")
    world.opens("rita@example.org")
    for old in ("new", "open", "stalled", "resolved", "rejected"):
        for new in ("new", "open", "stalled", "resolved", "rejected"):
            if old != new:
                world.becomes(1, old)
                world.act(1, "Change status", "ron@example.org", status=new)
                assert status(world) == new


def test_a_resolved_ticket_has_the_date_it_was_resolved_until_it_is_opened_again(small_inbox: World) -> None:
    world = small_inbox
    world.responder("ron@example.org")
    rita = world.actor("rita@example.org")
    rita.writes("hello", "Help!")
    world.act(1, "Change status", "rita@example.org", status="resolved")
    assert world.ticket()["solved"] == world.clock.now.isoformat()
    rita.writes("ticket1", "No, not yet.")
    assert (world.ticket()["status"], world.ticket()["solved"]) == ("open", None)
