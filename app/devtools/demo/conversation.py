"""What is played: "Unable to boot installer", as a support tracker, then a day of a shared inbox."""

from collections.abc import Callable

from .tracker import DOMAIN, Actor, Stage, stage

QUEUE = "ubuntu"
REQUESTOR = Actor("No Privileges Person", "no-priv@canonical.com")
RESPONDER = Actor("Sample Person", "test@canonical.com")
ADMINISTRATOR = Actor("Foo Bar", "foo.bar@canonical.com")
NEWCOMER = Actor("Nora Newcomer", "nora@home.example")
BRITTA = Actor("Britta", "britta@team.example")
ASHEESH = Actor("Asheesh", "asheesh@team.example")
CAROL = Actor("Carol", "carol@team.example")


def play(tell: Callable[[str], None]) -> int:
    """Play all of it; how many promises were kept. BrokenPromise if one was not."""
    tell(
        f"A tracker of its own receives mail for {DOMAIN}, on real SMTP, in a temporary directory.\n"
        f"{REQUESTOR.name} needs help, {RESPONDER.name} answers for {QUEUE}, {ADMINISTRATOR.name} administers.\n"
    )
    with stage(tell) as tracker:
        _support(tracker, tell)
        _shared_inbox(tracker, tell)
        _daily_work(tracker, tell)
        return tracker.kept


def _support(tracker: Stage, tell: Callable[[str], None]) -> None:
    tracker.begins(QUEUE, RESPONDER, administrator=ADMINISTRATOR)
    tracker.mails(
        REQUESTOR,
        QUEUE,
        "Unable to boot installer",
        "I've tried installing Ubuntu on a Mac. But the installer never boots.",
    )
    tracker.mails(
        REQUESTOR,
        "ticket1",
        "PowerMac 7200",
        "I forgot to specify that I'm installing on a PowerMac 7200.",
    )
    tracker.acts(RESPONDER, "Request for more information", "What Mac model are you trying to install on?")
    tracker.replies(REQUESTOR, "Re: What model?", "A PowerMac 7200.")
    tracker.replies(RESPONDER, "BootX", "You need to install and configure BootX to boot the installer CD.")
    tracker.replies(
        REQUESTOR,
        "Re: BootX",
        "I installed BootX, but I must have made a mistake somewhere because it still doesn't boot. "
        "I have a dialog which says cannot find any kernel images.",
    )
    tracker.replies(
        RESPONDER,
        "More info on BootX",
        "You can find instructions on BootX installation at that URL: "
        "https://help.ubuntu.com/community/Installation/OldWorldMacs",
    )
    answer = tracker.ticket()["messages"][-1]["number"]
    tracker.acts(ADMINISTRATOR, "Change status", "Nobody has written for long.", status="Expired")
    tracker.replies(RESPONDER, "How weird", "Is somebody really trying to install Ubuntu on such obsolete hardware?")
    tracker.replies(REQUESTOR, "Need Help", "I still cannot install on my PowerMac.")
    tracker.acts(ADMINISTRATOR, "Reject", "A machine as old as this is not supported.")
    tracker.replies(
        REQUESTOR, "Come on!", "Trying to install on an old machine shouldn't be considered an invalid request!"
    )
    tracker.replies(RESPONDER, "Error?", "I think the rejection was an error.")
    tracker.acts(ADMINISTRATOR, "Change status", "It was, sorry.", status="Open")
    tracker.acts(REQUESTOR, "Confirm", "It boots now: I followed those instructions.", answer=answer)
    tracker.replies(RESPONDER, "RAM", "You will probably need to install some RAM to make this usable though.")
    tracker.replies(REQUESTOR, "Thanks", "Thanks for helping me make BootX work.")
    ticket = tracker.ticket()
    tell(f"The ticket is {ticket['status']}, answered by {ticket['answerer']['name']}, message {ticket['answer']}.")


def _shared_inbox(tracker: Stage, tell: Callable[[str], None]) -> None:
    tell(
        f"\nNow a shared inbox. {NEWCOMER.name} writes to hello@{DOMAIN}; {BRITTA.name} and {ASHEESH.name} answer,\n"
        "and talk about it in private.\n"
    )
    tracker.begins("General", BRITTA, ASHEESH)
    tracker.mails(NEWCOMER, "hello", "Helping out", "I would like to help with your next event. Whom do I talk to?")
    tracker.mails(BRITTA, "ticket2-comment", "Re: Helping out", "Do we know her? I would say yes.")
    tracker.replies(ASHEESH, "Re: Helping out", "From the last event. She is very good.")
    tracker.mails(BRITTA, "ticket2", "Re: Helping out", "Gladly! Come to our call on Sunday.")
    tracker.replies(NEWCOMER, "Re: Helping out", "I shall be there.")
    tracker.replies(ASHEESH, "Re: Helping out", "Very good; see you on Sunday.")
    tracker.acts(BRITTA, "Change status", "So this is settled.", status="resolved")
    tracker.replies(NEWCOMER, "Re: Helping out", "Thanks to you all! Where is the call?")
    tell(f"The ticket is {tracker.ticket()['status']} again, as the letter had said.")


def _daily_work(tracker: Stage, tell: Callable[[str], None]) -> None:
    tell(
        f"\nThe next day. {BRITTA.name} moves a ticket to the team of {CAROL.name}, for which she does not answer;\n"
        f"then {BRITTA.name} and {ASHEESH.name} answer at once, a word slips out, and {NEWCOMER.name} says thanks.\n"
    )
    tracker.lets_work("Sponsors", CAROL, lifecycle="correspondence")
    tracker.begins("General")
    tracker.mails(NEWCOMER, "hello", "Lunch", "My company would like to pay for your lunch. Whom do we talk to?")
    tracker.commands(BRITTA, "Re: Lunch", "Queue: Sponsors")
    tracker.replies(BRITTA, "Re: Lunch", "How kind! Carol answers for that.")
    tracker.replies(CAROL, "Re: Lunch", "Thank you very much: I have a form for that, I'll send it today.")
    tracker.begins("General")
    tracker.mails(NEWCOMER, "hello", "Sunday", "Where do we meet?")
    tracker.replies(BRITTA, "Re: Sunday", "In the hall behind the station.")
    tracker.replies(NEWCOMER, "Re: Sunday", "And when?")
    before = tracker.newest(ASHEESH)
    tracker.replies(BRITTA, "Re: Sunday", "At ten.")
    tracker.replies(ASHEESH, "Re: Sunday", "At ten, and there is coffee from half past nine.", before)
    # A slip: it would go to the newcomer, and waits until its writer says what was meant.
    tracker.commands(BRITTA, "Re: Sunday", "Resolved")
    tracker.commands(BRITTA, "Re: Sunday", "drop", "To drop it, reply: drop")
    tracker.acts(BRITTA, "Change status", "So this is settled.", status="resolved")
    tracker.thanks(NEWCOMER, "Re: Sunday", "Thanks, Britta!")
    tell(f"The ticket is still {tracker.ticket()['status']}, as the letter had said.")
