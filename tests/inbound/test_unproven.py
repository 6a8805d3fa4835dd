"""Claims about mail that nothing proves: its words are posted, and nothing else follows from it."""

import pytest

from mail_tickets.model.inbound.writers import MOST_TICKETS_OF_UNPROVEN
from mail_tickets.model.records.received_mail import Delivery
from mail_tickets.model.tickets.storms.letter_limits import MOST_TO_OUTSIDERS
from tests.support.world import DOMAIN, Actor, World

EVIL = "evil@evil.example"


def people(world: World) -> tuple[Actor, Actor, Actor, Actor]:
    rita, sam = world.responder("rita@team.example", "Rita"), world.responder("sam@team.example", "Sam")
    return rita, sam, world.actor("ann@home.example", "Ann"), world.actor(EVIL, "Eve Evil")


def participants(world: World, number: int = 1) -> list[str]:
    return [participant["email"] for participant in world.ticket(number)["participants"]]


# People whom a mail names in To and Cc


@pytest.mark.parametrize("forged", ["rita@team.example", "ann@home.example"])
def test_on_an_existing_ticket_an_unproven_mail_lets_nobody_in(small_inbox: World, forged: str) -> None:
    small_inbox.switches("General", cc_from_others="on")
    _, _, ann, evil = people(small_inbox)
    ann.writes("hello", "My password is hunter2.")
    small_inbox.actor(forged).writes("ticket1", "Any words.", headers={"Cc": EVIL})
    assert participants(small_inbox) == []
    evil.writes("ticket1", "show")
    assert not any("hunter2" in letter.all_text for letter in evil.letters)


def test_whom_it_named_is_let_in_by_a_yes(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    bea = small_inbox.actor("bea@home.example", "Bea")
    ann.writes("hello", "It burns.")
    rita.writes("ticket1", "Bea knows about fire.", headers={"Cc": "Bea <bea@home.example>"})
    assert "    AddCc: bea@home.example" in rita.letter().text
    rita.replies(rita.letter(), "Yes")
    assert participants(small_inbox) == ["bea@home.example"]
    rita.replies(rita.letter(), "Hello all.")
    assert "Hello all." in bea.letter().text


def test_a_requestors_yes_lets_in_as_far_as_the_queue_lets_them(small_inbox: World) -> None:
    small_inbox.switches("General", cc_from_others="on")
    _, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    ann.writes("ticket1", "Bea knows more.", headers={"Cc": "bea@home.example"})
    ann.replies(ann.letter(), "yes")
    assert participants(small_inbox) == ["bea@home.example"]


def test_two_addresses_in_from_let_nobody_in_and_ask_nobody(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    before = len(rita.letters)
    both = {"From": "rita@team.example, sam@team.example", "Cc": EVIL}
    rita.writes("ticket1", "Any words.", headers=both)
    assert (participants(small_inbox), len(rita.letters)) == ([], before)


def test_on_a_new_ticket_the_named_get_and_see_nothing_before_the_team_answers(small_inbox: World) -> None:
    small_inbox.switches("General", cc_from_others="on")
    rita, _, ann, evil = people(small_inbox)
    ann.writes("hello", "My password is hunter2.", headers={"Cc": EVIL})
    assert participants(small_inbox) == [EVIL]
    ann.writes("ticket1", "More of it.")
    evil.writes("ticket1", "show")
    small_inbox.responder("tom@team.example", "Tom").writes("ticket1", "Nothing proves that I am Tom.")
    assert not any("hunter2" in letter.all_text or "More of it" in letter.all_text for letter in evil.letters)
    assert not any("Tom" in letter.text for letter in evil.letters)
    # The letter that Rita answers says that Eve will read it.
    assert "Ann" in rita.letters[0].footer
    assert "evil will read it" in rita.letters[0].footer or "evil" in rita.letters[0].footer
    rita.replies(rita.letters[0], "We look into it.")
    assert "We look into it." in evil.letter().text
    evil.writes("ticket1", "show")
    assert "hunter2" in evil.letter().text


def test_a_private_answer_lets_nobody_in(small_inbox: World) -> None:
    rita, _, _, evil = people(small_inbox)
    small_inbox.switches("General", cc_from_others="on")
    small_inbox.actor("ann@home.example").writes("hello", "It burns.", headers={"Cc": EVIL})
    rita.writes("ticket1-comment", "Who is that?", answering=rita.letters[0])
    rita.replies(rita.letters[0], "Action: Comment\n\nWho is that?")
    small_inbox.actor("ann@home.example").writes("ticket1", "Hello?")
    assert evil.letters == []


def test_once_the_requestor_is_believed_the_named_get_letters(small_inbox: World) -> None:
    small_inbox.switches("General", cc_from_others="on", acknowledge="on")
    _, _, ann, _ = people(small_inbox)
    bea = small_inbox.actor("bea@home.example", "Bea")
    ann.writes("hello", "It burns.", headers={"Cc": "bea@home.example"})
    assert "bea will read it" in ann.letter().footer or "bea" in ann.letter().footer
    ann.replies(ann.letter(), "It burns more.")
    assert "It burns more." in bea.letter().text


# Bounds


def test_sixty_letters_an_hour_go_to_outsiders_and_all_go_to_the_team(small_inbox: World) -> None:
    rita, sam, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    before = len(sam.letters)
    for number in range(MOST_TO_OUTSIDERS + 10):
        rita.writes("ticket1", f"Buy my water, {number}.")
    assert len(ann.letters) == MOST_TO_OUTSIDERS
    assert len(sam.letters) - before == MOST_TO_OUTSIDERS + 10
    assert "Ann didn't get it." in sam.letter().text
    # The person whose name it is is told once, and their answer is not held.
    notices = [letter for letter in rita.letters if "didn't go to Ann" in letter.text]
    assert len(notices) == 1
    rita.replies(notices[0], "This is really from Rita.")
    assert ann.letter().text == "Rita wrote:\n\nThis is really from Rita."
    small_inbox.clock.passes(hours=1, seconds=1)
    rita.writes("ticket1", "Hello again.")
    assert "Hello again." in ann.letter().text


def test_a_mail_that_missed_people_and_has_lines_that_wait_gets_one_letter_back(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    for number in range(MOST_TO_OUTSIDERS):
        rita.writes("ticket1", f"Buy my water, {number}.")
    small_inbox.clock.passes(minutes=30)
    before = len(rita.letters)
    rita.writes("ticket1", "Priority: 7\n\nBuy my water.")
    assert len(rita.letters) == before + 1
    assert "    Priority: 7" in rita.letter().text
    assert "Your email to ticket 1 didn't go to Ann." in rita.letter().text


def test_an_unproven_mail_reaches_five_tickets_and_the_rest_is_set_aside(small_inbox: World) -> None:
    _, _, ann, _ = people(small_inbox)
    for _ in range(MOST_TICKETS_OF_UNPROVEN + 3):
        ann.writes("hello", "It burns.")
    numbers = range(1, MOST_TICKETS_OF_UNPROVEN + 4)
    mail = f"From: rita@team.example\r\nTo: ticket1@{DOMAIN}\r\nSubject: Spam\r\nMessage-ID: <s@x>\r\n\r\nBuy it.\r\n"
    small_inbox.brings(mail.encode(), "x@evil.example", *(f"ticket{number}@{DOMAIN}" for number in numbers))
    posted = [number for number in numbers if len(small_inbox.ticket(number)["messages"]) == 2]
    assert posted == [*numbers][:MOST_TICKETS_OF_UNPROVEN]
    aside = [row.recipient for row in small_inbox.rows(Delivery) if row.waiting]
    assert aside == [f"ticket{number}@{DOMAIN}" for number in numbers][MOST_TICKETS_OF_UNPROVEN:]


def test_a_proven_mail_reaches_every_ticket_it_is_sent_to(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    for _ in range(MOST_TICKETS_OF_UNPROVEN + 3):
        ann.writes("hello", "It burns.")
    numbers = range(1, MOST_TICKETS_OF_UNPROVEN + 4)
    answered = rita.letters[0]["Message-ID"]
    head = f"From: rita@team.example\r\nTo: ticket1@{DOMAIN}\r\nIn-Reply-To: {answered}\r\nMessage-ID: <s@x>\r\n\r\n"
    small_inbox.brings(
        f"{head}All done.\r\n".encode(), "x@team.example", *(f"ticket{number}@{DOMAIN}" for number in numbers)
    )
    assert all(len(small_inbox.ticket(number)["messages"]) == 2 for number in numbers)


def test_one_address_brings_at_most_twenty_people(small_inbox: World) -> None:
    small_inbox.switches("General", cc_from_others="on")
    people(small_inbox)
    addresses = ", ".join(f"victim{number}@home.example" for number in range(300))
    small_inbox.actor("ann@home.example").writes("hello", "It burns.", headers={"Cc": addresses})
    for _ in range(3):
        small_inbox.actor("rita@team.example").writes(
            "ticket1", "More.", headers={"Cc": addresses.replace("victim", "other")}
        )
    assert len(participants(small_inbox)) == 20


# Yes, and nothing but yes


@pytest.mark.parametrize(
    "words",
    [
        "What is this? I have written nothing of the kind!",
        "Das war ich keinesfalls.",
        "Jamais de la vie.",
        "Huh? This looks like a forgery, please look into it, Sam.",
        "yes? I never wrote that",
        "ok, but who are you?",
        "Yes?",
        "Yesterday.",
        "rejected",
    ],
)
def test_other_words_than_yes_carry_nothing_out_and_stay_private(small_inbox: World, words: str) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    rita.writes("ticket1", "Status: rejected\n\nGo away.")
    before = len(ann.letters)
    rita.replies(rita.letter(), words)
    ticket = small_inbox.ticket()
    assert ticket["status"] == "open"
    assert (ticket["messages"][-1]["text"], ticket["messages"][-1]["private"]) == (words, True)
    assert len(ann.letters) == before
    # The writer is told, and a yes to that letter still does it.
    assert "    Status: rejected" in rita.letter().text
    rita.replies(rita.letter(), "yes")
    assert small_inbox.ticket()["status"] == "rejected"


@pytest.mark.parametrize(
    "words", ["yes", "Yes.", "OK!", "Ja", "Oui.", "sí", "はい", "да", "*confirm*", "Yes\n\nRita", "“Yes”"]
)
def test_a_yes_in_any_language_carries_the_lines_out_and_is_posted_to_nobody(small_inbox: World, words: str) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    rita.writes("ticket1", "Status: resolved")
    rita.replies(rita.letter(), words)
    assert small_inbox.ticket()["status"] == "resolved"
    assert len(small_inbox.ticket()["messages"]) == 1


@pytest.mark.parametrize("first", ["yes", "no"])
@pytest.mark.parametrize("second", ["yes", "no"])
def test_a_second_yes_or_no_gets_one_line_back_and_is_posted_to_nobody(
    small_inbox: World, first: str, second: str
) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    rita.writes("ticket1", "Status: stalled")
    question = rita.letter()
    rita.replies(question, first)
    status = small_inbox.ticket()["status"]
    assert status == ("stalled" if first == "yes" else "new")
    rita.replies(question, second)
    assert rita.letter().text.startswith("Nothing changed on ticket 1: those lines were carried out")
    assert (small_inbox.ticket()["status"], len(small_inbox.ticket()["messages"])) == (status, 1)


def test_a_yes_after_a_week_does_nothing(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    rita.writes("ticket1", "Status: stalled")
    question = rita.letter()
    small_inbox.clock.passes(days=8)
    rita.replies(question, "yes")
    assert "more than a week ago" in rita.letter().text
    assert (small_inbox.ticket()["status"], len(small_inbox.ticket()["messages"])) == ("new", 1)


def test_an_answer_with_commands_leaves_what_waits_waiting(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    rita.writes("ticket1", "Status: rejected\nPriority: 3")
    question = rita.letter()
    rita.replies(question, "Priority: 5")
    assert (small_inbox.ticket()["status"], small_inbox.ticket()["priority"]) == ("new", 5)
    assert "These lines still wait for a yes" in rita.letter().text
    assert "    Status: rejected" in rita.letter().text
    assert "Priority: 3" not in rita.letter().text
    rita.replies(question, "yes")
    assert (small_inbox.ticket()["status"], small_inbox.ticket()["priority"]) == ("rejected", 5)


# Leaving, and where letters go


def test_an_unproven_mail_takes_nobody_off_a_ticket(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    carol = small_inbox.known("carol@home.example", "Carol")
    ann.writes("hello", "It burns.")
    small_inbox.asks_in(1, carol.email)
    carol.writes("ticket1", "unsubscribe")
    rita.replies(rita.letters[0], "Is it out?")
    assert any("Is it out?" in letter.text for letter in carol.letters)
    assert "    unsubscribe" in carol.letters[0].text


def test_who_leaves_gets_one_confirmation_and_comes_back_by_writing(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    carol = small_inbox.known("carol@home.example", "Carol")
    ann.writes("hello", "It burns.")
    small_inbox.asks_in(1, carol.email)
    rita.replies(rita.letters[0], "Is it out?")
    carol.replies(carol.letter(), "unsubscribe")
    assert carol.letter().text.startswith('You\'ve left ticket 1, "Hello".')
    assert f"Write to ticket1@{DOMAIN}" in carol.letter().text
    confirmed = len(carol.letters)
    rita.replies(rita.letters[0], "Hello?")
    assert len(carol.letters) == confirmed
    carol.replies(carol.letter(), "I am back.")
    rita.replies(rita.letters[0], "Welcome.")
    assert "Welcome." in carol.letter().text


def test_a_yes_takes_the_writer_off(small_inbox: World) -> None:
    _, _, ann, _ = people(small_inbox)
    carol = small_inbox.known("carol@home.example", "Carol")
    ann.writes("hello", "It burns.")
    small_inbox.asks_in(1, carol.email)
    carol.writes("ticket1", "unsubscribe")
    carol.replies(carol.letter(), "yes")
    assert carol.letter().text.startswith("You've left ticket 1")
    assert len(small_inbox.ticket()["messages"]) == 1


def aliased(world: World, email: str, alias: str) -> Actor:
    from mail_tickets.model.records import registration

    with world.uow() as uow:
        registration.add_alias(uow, email, alias)
    return world.actor(alias)


def test_an_unproven_mail_from_an_old_address_moves_no_letters(small_inbox: World) -> None:
    rita, sam, ann, _ = people(small_inbox)
    old = aliased(small_inbox, rita.email, "rita@old.example")
    ann.writes("hello", "It burns.")
    old.writes("ticket1", "Just words.")
    sam.writes("ticket1-comment", "The secret is 42.")
    assert old.letters == []
    assert "The secret is 42." in rita.letter().text
    # An answer to a letter of hers moves them.
    old.replies(rita.letter(), "From now on here.")
    sam.writes("ticket1-comment", "And the other one is 43.")
    assert "And the other one is 43." in old.letter().text


def test_a_ticket_is_answered_where_it_was_opened_from(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "First.")
    home = aliased(small_inbox, ann.email, "ann@work.example")
    home.writes("hello", "Second.")
    rita.replies(next(letter for letter in rita.letters if "#1]" in letter["Subject"]), "Answer one.")
    rita.replies(next(letter for letter in rita.letters if "#2]" in letter["Subject"]), "Answer two.")
    assert ["Answer one." in letter.text for letter in ann.letters] == [True]
    assert ["Answer two." in letter.text for letter in home.letters] == [True]
    # A believed mail on the ticket from another address moves that ticket.
    ann.replies(home.letter(), "I am at home now.")
    rita.replies(rita.letter(), "Good.")
    assert ann.letter().text == "Rita wrote:\n\nGood."


# The brake on storms


@pytest.mark.parametrize("name", ["rita@team.example", "ann@home.example"])
def test_forged_mails_hold_back_no_proven_mail(small_inbox: World, name: str) -> None:
    rita, sam, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    rita.replies(rita.letter(), "What is it?")
    for number in range(22):
        small_inbox.actor(name).writes(
            "ticket1", f"Forged {number}.", headers={"In-Reply-To": f"<{number}@evil.example>"}
        )
    writer = {actor.email: actor for actor in (rita, ann)}[name]
    before = len(sam.letters)
    writer.replies(writer.letters[0], "This is urgent.")
    assert len(sam.letters) == before + 1
    assert "This is urgent." in sam.letter().text


def test_what_two_names_that_alternate_lose_is_told_when_it_is_over(small_inbox: World) -> None:
    rita, sam, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    for number in range(15):
        ann.writes("ticket1", f"From Ann {number}.")
        rita.writes("ticket1", f"From Rita {number}.")
    assert not any("From Ann 14." in letter.text for letter in sam.letters)
    small_inbox.clock.passes(minutes=11)
    small_inbox.settle()
    assert "    Ann: From Ann 14." in sam.letter().text
    assert sum("Nobody was emailed about these" in letter.text for letter in sam.letters) == 1


def test_a_ticket_is_answered_at_another_address_once_its_own_is_refused(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    home = aliased(small_inbox, ann.email, "ann@work.example")
    rita.replies(rita.letter(), "Is it out?")
    report = (
        f"From: MAILER-DAEMON@relay.example\r\nTo: {ann.letter().envelope_from}\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNo.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        "Final-Recipient: rfc822; ann@home.example\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
    )
    small_inbox.brings(report.encode(), "", ann.letter().envelope_from)
    rita.replies(rita.letters[0], "Hello?")
    assert "Hello?" in home.letter().text


# What outsiders are shown comes from what they may see


def test_a_private_comment_makes_no_ticket_of_a_list_younger(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    small_inbox.clock.passes(hours=5)
    rita.writes("ticket1-comment", "Does anybody know her?")
    ann.writes("hello", "list")
    assert "5 hours ago" in ann.letter().text
    rita.writes("hello", "list")
    assert "just now" in rita.letter().text


def test_a_ticket_of_private_comments_alone_is_as_old_as_its_opening(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    rita.writes("hello-comment", "She called.")
    rita.replies(rita.letter(), f"Requestor: {ann.email}")
    small_inbox.clock.passes(hours=5)
    rita.writes("ticket1-comment", "Does anybody know her?")
    ann.writes("hello", "list")
    assert "5 hours ago" in ann.letter().text


def test_an_old_date_answers_nothing_before_it_was_asked(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    rita.replies(rita.letter(), "We come.", headers={"Date": "Sat, 01 Jan 2000 00:00:00 +0000"})
    ticket = small_inbox.ticket()
    assert ticket["last_response"] == ticket["created"]


# What an attack found


def answering_by(world: World, *programs: Actor, head: str) -> int:
    """Let programs answer each letter with this header alone; how many mails they wrote before it was quiet."""
    counts = {program.email: max(0, len(program.letters) - 1) for program in programs}
    for written in range(200):
        fresh = [(program_, letter) for program_ in programs for letter in program_.letters[counts[program_.email] :]]
        if not fresh:
            return written
        program, letter = fresh[0]
        counts[program.email] += 1
        program.writes(letter["Reply-To"], "I am away.", headers={head: letter["Message-ID"]})
    return 200


@pytest.mark.parametrize("head", ["In-Reply-To", "References"])
def test_programs_that_answer_each_other_stop_whichever_header_proves_them(small_inbox: World, head: str) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    assert answering_by(small_inbox, rita, ann, head=head) < 60


def test_a_yes_of_somebody_who_is_off_the_ticket_by_now_is_answered(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    carol = small_inbox.known("carol@home.example", "Carol")
    ann.writes("hello", "It burns.")
    small_inbox.asks_in(1, carol.email)
    carol.writes("ticket1", "unsubscribe")
    question = carol.letter()
    rita.replies(rita.letters[0], "DelCc: carol@home.example")
    carol.replies(question, "yes")
    assert carol.letter().text.startswith("Nothing changed on ticket 1")


@pytest.mark.parametrize("words", ["no", "Status: rejected\n\nSam, who forged this?", "show"])
def test_a_denial_lets_nobody_in_whom_a_forged_mail_named(small_inbox: World, words: str) -> None:
    rita, _, _, evil = people(small_inbox)
    small_inbox.actor(rita.email).writes("hello", "Status: resolved\n\nThe code is 4711.", headers={"Cc": EVIL})
    rita.replies(rita.letter(), words)
    evil.writes("ticket1", "show")
    assert not any("4711" in letter.all_text or "forged" in letter.all_text for letter in evil.letters)


def test_a_merge_takes_nobody_along_whom_an_unproven_mail_named(small_inbox: World) -> None:
    rita, sam, ann, evil = people(small_inbox)
    ann.writes("hello", "My password is hunter2.")
    small_inbox.actor(sam.email).writes("hello", "Forged.", headers={"Cc": EVIL})
    merging = next(letter for letter in rita.letters if "#2]" in letter["Subject"])
    rita.replies(merging, "Merge: 1")
    rita.replies(rita.letter(), "yes")
    rita.replies(rita.letters[0], "We look into it.")
    assert evil.letters == []


def test_an_answer_to_a_letter_that_did_not_name_them_lets_nobody_in(small_inbox: World) -> None:
    """A forged first mail may become the ticket into which a real one is merged."""
    small_inbox.switches("General", cc_from_others="on")
    rita, _, ann, evil = people(small_inbox)
    ann.writes("hello", "My password is hunter2.")
    letter = rita.letter()
    ann.writes("hello", "And this.", headers={"Cc": EVIL})
    rita.replies(letter, "Merge: 2")
    ritas = rita.letter()
    rita.replies(letter, "It is changed.")
    assert evil.letters == []
    assert "It is changed." in ann.letter().text
    assert "Something changed" not in rita.letter().text
    assert "eve" in ritas.footer.lower() or "evil" in ritas.footer.lower()
    rita.replies(ritas, "Welcome.")
    assert "Welcome." in evil.letter().text


def test_whom_an_unproven_mail_named_reads_nothing_in_support_either(small_world: World) -> None:
    small_world.switches("General", cc_from_others="on")
    _, _, ann, evil = people(small_world)
    ann.writes("hello", "My password is hunter2.", headers={"Cc": EVIL})
    evil.writes("ticket1", "show")
    assert not any("hunter2" in letter.all_text for letter in evil.letters)


def test_who_leaves_before_being_let_in_stays_off(small_inbox: World) -> None:
    small_inbox.switches("General", cc_from_others="on")
    rita, _, ann, _ = people(small_inbox)
    bea = small_inbox.actor("bea@home.example", "Bea")
    ann.writes("hello", "It burns.", headers={"Cc": bea.email})
    bea.writes("ticket1", "unsubscribe")
    bea.replies(bea.letter(), "yes")
    left = len(bea.letters)
    # This letter named her before she left.
    assert "bea" in rita.letters[0].footer
    rita.replies(rita.letters[0], "We come.")
    assert len(bea.letters) == left


def test_a_second_yes_does_not_bring_who_left_back(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    carol = small_inbox.known("carol@home.example", "Carol")
    ann.writes("hello", "It burns.")
    small_inbox.asks_in(1, carol.email)
    carol.writes("ticket1", "unsubscribe")
    question = carol.letter()
    carol.replies(question, "yes")
    carol.replies(question, "yes")
    count = len(carol.letters)
    rita.replies(rita.letters[0], "We come.")
    assert len(carol.letters) == count


def test_a_first_mail_from_an_old_address_of_a_responder_leads_no_letters_there(small_inbox: World) -> None:
    rita, sam, _, _ = people(small_inbox)
    old = aliased(small_inbox, rita.email, "rita@old.example")
    old.writes("hello", "Forged.")
    sam.writes("ticket1-comment", "The secret is 42.")
    assert old.letters == []
    assert "The secret is 42." in rita.letter().text


def test_a_signed_yes_is_a_yes(small_inbox: World) -> None:
    rita, _, ann, _ = people(small_inbox)
    ann.writes("hello", "It burns.")
    rita.writes("ticket1", "Status: stalled")
    head = f"From: rita@team.example\r\nTo: ticket1@{DOMAIN}\r\nMessage-ID: <signed@team.example>\r\n"
    head += f"In-Reply-To: {rita.letter()['Message-ID']}\r\nMIME-Version: 1.0\r\n"
    head += 'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=b\r\n\r\n'
    parts = "--b\r\nContent-Type: text/plain\r\n\r\nyes\r\n"
    parts += "--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n"
    small_inbox.brings((head + parts).encode(), rita.email, f"ticket1@{DOMAIN}")
    assert small_inbox.ticket()["status"] == "stalled"
