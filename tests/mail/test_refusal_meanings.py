"""Claims about what a refusal means, by what mail servers really send."""

import time

import pytest

from mail_tickets.mail.machines.refusals import Meaning, meaning

REPLIES = {
    Meaning.RELAY: [
        # Gmail
        "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to a1-gsmtp",
        "550 5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders",
        "550 5.7.1 Our system has detected that this message is likely unsolicited mail. a1-gsmtp",
        "421 4.7.28 Our system has detected an unusual rate of unsolicited mail",
        "452 4.2.2 The recipient's inbox is out of storage space. a1-gsmtp",
        "535 5.7.8 Username and Password not accepted",
        # Microsoft
        "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message",
        "550 5.7.606 Access denied, banned sending IP [192.0.2.1]",
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        "550 5.1.8 Access denied, bad outbound sender",
        "530 5.7.57 Client not authenticated to send mail",
        "554 5.3.2 STOREDRV.Deliver; message is delayed",
        # Amazon SES
        "554 Message rejected: Email address is not verified. The following identities failed the check in EU-WEST-1",
        "554 Message rejected: Sending suspended for this account",
        "454 Throttling failure: Maximum sending rate exceeded.",
        "454 Throttling failure: Daily message quota exceeded.",
        "554 5.7.0 The limit on outgoing messages was exceeded. Try again later.",
        # Postfix
        "554 5.7.1 <ann@example.org>: Relay access denied",
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "504 5.5.2 <host>: Helo command rejected: need fully-qualified hostname",
        "550 5.1.0 <bounce-x@tickets.example>: Sender address rejected: User unknown in virtual alias table",
        "450 4.2.0 <ann@example.org>: Recipient address rejected: Greylisted",
        # Exim
        "550 relay not permitted",
        "550 Administrative prohibition",
        "550 Sender verify failed",
        "550 rejected because 192.0.2.1 is in a black list at dnsbl.example",
        "503 5.5.1 Error: need MAIL command",
        "550 Too many failed recipients",
        "554 Quota exceeded for this hour",
        "550 High probability of spam",
    ],
    Meaning.LETTER: [
        "552 5.3.4 Your message exceeded Google's message size limits.",
        "552 5.2.3 The recipient takes no mail of this size",
        "552 Message size exceeds maximum permitted",
        "554 5.6.0 Corrupt message content",
        "550 5.6.11 SMTPSEND.BareLinefeedsAreIllegal",
        "552 Message is too long",
        "552 message too large",
        # Unknown, without a cause.
        "554 transaction failed",
        "550 no such user",
        "550 Unrouteable address",
        "550 5.4.1 Recipient address rejected: nobody here",
        "550 5.0.0 not today",
        "553 mailbox name not allowed",
    ],
    Meaning.MAILBOX: [
        "550 5.1.1 The email account that you tried to reach does not exist. a1-gsmtp",
        "550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown in local recipient table",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        "550 5.1.2 Bad destination system address",
        "501 5.1.3 Bad recipient address syntax",
        "551 5.1.6 User has moved",
        "550 5.2.1 The email account that you tried to reach is disabled.",
        "550 #5.1.1 no such user",
        "550-5.1.1 over the quota of names",
    ],
    Meaning.FULL: [
        "552 5.2.2 The email account that you tried to reach is over quota.",
        "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException",
        "552 Mailbox quota exceeded",
        "550 Mailbox is full",
        "552 Requested mail action aborted: exceeded storage allocation",
        "550 5.0.0 User over quota",
    ],
}


@pytest.mark.parametrize(
    ("reply", "wanted"), [(reply, about) for about, replies in REPLIES.items() for reply in replies]
)
def test_a_refusal_means_what_its_server_means(reply: str, wanted: Meaning) -> None:
    assert meaning(reply) is wanted


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        ("550 5.1.1 no such user", Meaning.RELAY),
        ("550 rejected", Meaning.RELAY),
        ("552 5.2.2 full", Meaning.RELAY),
        ("554 5.7.0 The limit on outgoing messages was exceeded.", Meaning.RELAY),
        ("552 5.3.4 Message size exceeds fixed limit", Meaning.LETTER),
        ("552 message too large", Meaning.LETTER),
    ],
)
def test_what_answers_our_own_address_is_about_us_or_about_the_letters_size(reply: str, wanted: Meaning) -> None:
    assert meaning(reply, of_sender=True) is wanted


@pytest.mark.parametrize("text", ["", "not an address: ''", "cannot be written as a mail: 550", "250 ok", "5501 x"])
def test_what_no_server_said_means_nothing(text: str) -> None:
    assert meaning(text) is None


def test_a_hostile_reply_costs_little() -> None:
    begun = time.process_time()
    for word in ("message ", "mailbox ", "exceed ", "limit exceed", "- #"):
        meaning("550 " + word * 100_000)
    assert time.process_time() - begun < 1
