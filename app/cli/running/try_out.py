"""The command `try`: a first conversation with the server that runs, left there to look at."""

import smtplib
import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid
from pathlib import Path

import click

from ...config.build import build_relay
from ...config.current import current_settings
from ...config.parsing import Listen, Settings
from ...mail.addresses import Mailbox, address_key
from ...model.records import queue_setup, queues, registration
from ...model.storage.database import utc_now
from ...model.storage.unit_of_work import UnitOfWork
from ...transport.outbound.maildir_relay import MaildirRelay
from ..checking.listener_probe import listener_state
from ..common import open_transaction
from ..output.letter_display import parsed_letter, shown_letter
from .launcher import launcher

_PATIENCE_SECONDS = 20.0
_ANN = Mailbox("Ann Lee", "ann@example.org")
_ROB = Mailbox("Rob Helper", "rob@example.org")
_ANSWER = "Hello Ann,\n\nit works. You're reading this in a reply to your own email.\n"


@click.command("try", short_help="Watch a first conversation with the running tracker.")
def try_command() -> None:
    """Watch a first conversation with the running tracker. It stays there to look at.

    Ann writes to the first queue with an address, and somebody on its team answers. Letters must go to a Maildir: Ann
    is made up, and gets none by a real relay.

    \b
    Example:
      tickets try
    """
    settings = current_settings()
    place, relay = _server(settings), build_relay(settings)
    if not isinstance(relay, MaildirRelay):
        advice = "tickets outbox test ADDRESS sends one email to a real person"
        raise click.ClickException(f"Ann and Rob are made up, and your letters go to {relay}. Try instead: {advice}.")
    with open_transaction() as uow:
        address, helper = _queue_and_helper(uow)
    before = {path.name for path in _letters(relay)}
    opening = _mail(_ANN, address, "A first question", "Hello,\n\ndoes this work?\n\nAnn\n")
    _say(_ANN, opening)
    _hand_over(place, _ANN, opening)
    to_team = _wait_for(relay, helper, before)
    answer = _reply(helper, to_team, _ANSWER)
    _say(helper, answer)
    _hand_over(place, helper, answer)
    _wait_for(relay, _ANN, before)
    number = _recipient(answer).partition("@")[0].removeprefix("ticket")
    click.echo(f"\nThis is ticket {number}. Read it:  {launcher()} show {number}\nThe emails are in {relay.path}/new")


def _server(settings: Settings) -> Listen:
    """Return where the running server takes mail."""
    place = next((listen for listen in settings.listen if listen.scheme != "lmtp+unix"), None)
    if place is None:
        raise click.ClickException("The server listens on a socket only. Add smtp://127.0.0.1:8825 to TICKETS_LISTEN.")
    free, _ = listener_state(place)
    if free is not False:
        raise click.ClickException(f"The server doesn't run. Start it in another terminal:  {launcher()} serve")
    return place


def _queue_and_helper(uow: UnitOfWork) -> tuple[str, Mailbox]:
    """Return an address that people write to, and somebody who answers there; Rob joins a team of nobody."""
    queue = next((queue for queue in queues.every_queue(uow) if queue.addresses), None)
    if queue is None:
        raise click.ClickException("No queue has an address. Give it one:  tickets queue set General address=hello")
    team = [
        person for its_queue, person in queues.responders(uow) if its_queue.id == queue.id and not person.undeliverable
    ]
    if not team:
        team = [registration.add_person(uow, _ROB)]
        queue_setup.add_responder(uow, queue, team[0])
    return queues.whole_address(uow, queue.addresses[0].address), Mailbox(team[0].name, team[0].email)


def _mail(who: Mailbox, to: str, subject: str, text: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = formataddr((who.name, who.email))
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(utc_now())
    mail["Message-ID"] = make_msgid(domain="example.org")
    mail.set_content(text)
    return mail


def _reply(who: Mailbox, letter: EmailMessage, text: str) -> EmailMessage:
    mail = _mail(who, str(letter["Reply-To"] or letter["From"]), f"Re: {letter['Subject']}", text)
    mail["In-Reply-To"] = letter["Message-ID"]
    return mail


def _say(who: Mailbox, mail: EmailMessage) -> None:
    click.echo(f"\n{who.name or who.email} writes:\n{shown_letter(mail.as_bytes())}")


def _hand_over(place: Listen, who: Mailbox, mail: EmailMessage) -> None:
    """Send a mail to the server, as a mail server would."""
    kind = smtplib.LMTP if place.scheme == "lmtp" else smtplib.SMTP
    with kind(place.host, place.port, timeout=_PATIENCE_SECONDS) as client:
        client.sendmail(who.email, [_recipient(mail)], mail.as_bytes())


def _wait_for(relay: MaildirRelay, reader: Mailbox, before: set[str]) -> EmailMessage:
    """Return the next letter that somebody gets, and show it."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        for path in [path for path in _letters(relay) if path.name not in before]:
            before.add(path.name)
            raw = path.read_bytes()
            if _recipient(parsed_letter(raw)) == address_key(reader.email):
                click.echo(f"\n{reader.name or reader.email} gets:\n{shown_letter(raw)}")
                return parsed_letter(raw)
        time.sleep(0.1)
    raise click.ClickException(
        f"{reader.email} got no letter within {_PATIENCE_SECONDS:.0f} seconds. Run: tickets doctor"
    )


def _recipient(mail: EmailMessage) -> str:
    return address_key(str(mail["To"]).rpartition("<")[2].rstrip(">"))


def _letters(relay: MaildirRelay) -> Iterator[Path]:
    yield from sorted((relay.path / "new").glob("*"))
