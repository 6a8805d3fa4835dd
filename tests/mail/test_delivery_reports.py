"""Claims about what mail servers write to the envelope sender of one letter, where words are enough."""

from pathlib import Path

import pytest

from mail_tickets.mail.delivery_status import DeliveryVerdict, read_report_at_token
from mail_tickets.mail.parsed import parse_mail

MAILS = Path(__file__).parents[1] / "mails"
FAILED, DELAYED, ARRIVED = DeliveryVerdict.FAILED, DeliveryVerdict.DELAYED, DeliveryVerdict.ARRIVED
RETURNED = "\n\n-----Original Message-----\nReceived: from x\nMessage-ID: <1@x>\nSubject: Hi 550 5.1.1\n\nHello\n"
DAEMON = "Mail System <MAILER-DAEMON@far.example>"

FAILURES = [
    "Your message to ann@far.example has been rejected by the recipient's mail server.",
    "The message you sent to ann@far.example was blocked. Policy.",
    "The recipient's mailbox is full.",
    "There is no account by that name here.",
    "Fehler bei der Nachrichtenzustellung an folgende Empfänger: ann@far.example",
    "Ihre Nachricht hat einige oder alle Empfänger nicht erreicht.",
    "Ihre E-Mail konnte leider\nnicht zugestellt werden.",
    "Votre message n'a pas pu être remis à ann@far.example.",
    "Échec de la remise pour ces destinataires : ann@far.example",
    "No se pudo entregar su mensaje a ann@far.example.",
    "Impossibile recapitare il messaggio a ann@far.example.",
    "A sua mensagem não pôde ser entregue a ann@far.example.",
    "Uw bericht kon niet worden bezorgd bij ann@far.example.",
    "Nie można dostarczyć wiadomości do ann@far.example.",
    "Ваше письмо не может быть доставлено ann@far.example.",
    "あなたのメールは ann@far.example へ配信できませんでした。",
    "抱歉，您的邮件被退回来了。",
]
DELAYS = [
    "This is a warning message only. You do not need to resend your message.",
    "Ihre Nachricht wurde noch nicht zugestellt. Es wird weiter versucht.",
    "Votre message est retardé, nous réessayons pendant 5 jours.",
    "Your message could not be delivered yet. We will keep trying for 5 days.",
]
NONE = [
    "Your message was successfully delivered to ann@far.example.",
    "Your message contained a virus, and was cleaned.",
    "Thank you for your mail. We answer within a week.",
]


def verdict(sender: str, text: str, path: str = "") -> DeliveryVerdict | None:
    raw = f"From: {sender}\nSubject: Mail\nContent-Type: text/plain; charset=utf-8\n\n{text}{RETURNED}".encode()
    report = read_report_at_token(raw, parse_mail(raw, path))
    assert report is None or not report.blames_address
    return report and report.verdict


@pytest.mark.parametrize("sender", [DAEMON, "postmaster@far.example", "ndr@far.example"])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [*((text, FAILED) for text in FAILURES), *((text, DELAYED) for text in DELAYS), *((text, None) for text in NONE)],
)
def test_what_mail_servers_say_in_words_is_read_in_many_languages(
    sender: str, text: str, wanted: DeliveryVerdict | None
) -> None:
    assert verdict(sender, text) == wanted


@pytest.mark.parametrize("text", [*FAILURES, "My parcel could not be delivered: user unknown, they said."])
def test_a_persons_words_are_no_report(text: str) -> None:
    assert verdict("Ann <ann@far.example>", text, "ann@far.example") is None


def test_an_away_note_is_no_report() -> None:
    raw = b"From: Ann <ann@far.example>\nSubject: Away\n\nI am away. Mail to my old address is not delivered.\n"
    assert read_report_at_token(raw, parse_mail(raw, "")) is None


REAL = {
    "flufl.bounce/bounce_01.txt": FAILED,
    "flufl.bounce/dumbass_01.txt": FAILED,
    "flufl.bounce/simple_43.txt": FAILED,
    "sisimai/lhost-exim-52.eml": FAILED,
    "sisimai/lhost-kddi-02.eml": FAILED,
    "sisimai/lhost-x1-04.eml": DELAYED,
    "sisimai/rfc3464-28.eml": ARRIVED,
    "sisimai/rfc3834-02.eml": None,
    "sisimai/arf-02.eml": None,
    "sisimai/is-not-bounce-01.eml": None,
}


@pytest.mark.parametrize(("name", "wanted"), REAL.items())
def test_real_reports_without_fields_or_with_odd_ones_are_read(name: str, wanted: DeliveryVerdict | None) -> None:
    raw = (MAILS / name).read_bytes()
    report = read_report_at_token(raw, parse_mail(raw, ""))
    assert (report and report.verdict) == wanted
