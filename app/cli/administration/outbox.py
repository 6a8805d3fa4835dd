"""The command `outbox`: letters that are waiting, sent or failed."""

import click

from ...config.current import current_settings, host_project, names_relay
from ...mail.addresses import is_usable
from ...mail.text import one_line
from ...model.letters.outbox import count_letters, letters_due, letters_in, newest_letters, retry
from ...model.letters.trial import compose_trial
from ...model.records.addressing import postmaster_address
from ...model.storage.database import Database
from ...transport.outbound.smtp_relay import SmtpRelay
from ..common import (
    Number,
    json_option,
    limit_option,
    open_read_only,
    open_transaction,
    print_json_array,
    print_rows,
    ready_database,
    tell_older,
)
from ..output.relative_time import minute

_COLUMNS = ("id", "ticket", "to", "state", "attempts", "next", "subject", "error")


@click.group("outbox", invoke_without_command=True)
@limit_option("emails, the newest")
@json_option
@click.pass_context
def outbox_command(context: click.Context, limit: int, as_json: bool) -> None:
    """Outgoing email: list, send, retry.

    Without a command it lists them.

    \b
    Examples:
      tickets outbox list --state failed
      tickets outbox retry 123
    """
    if context.invoked_subcommand is None:
        _print_letters(None, limit, as_json=as_json)


@outbox_command.command("list")
@click.option("--state", type=click.Choice(["waiting", "sent", "failed"]), help="Only emails in this state.")
@limit_option("emails, the newest")
@json_option
def outbox_list(state: str | None, limit: int, as_json: bool) -> None:
    """List outgoing email, oldest first."""
    _print_letters(state, limit, as_json=as_json)


def _print_letters(state: str | None, limit: int, *, as_json: bool) -> None:
    with open_read_only() as uow:
        if as_json:
            print_json_array(letters_in(uow, state))
            return
        rows, count = newest_letters(uow, state, limit), count_letters(uow, state)
    readable = [{**row, "next": row["next"] and minute(row["next"])} for row in rows]
    cells = [tuple(str(row[key] if row[key] is not None else "") for key in _COLUMNS) for row in readable]
    print_rows(cells, tuple(key.upper() for key in _COLUMNS), empty="No outgoing email")
    tell_older(count - len(rows), "email")


@outbox_command.command("send")
def outbox_send() -> None:
    """Send what is due now, without `tickets serve` (exit 1 if the outgoing server can't be reached)."""
    from ...config.build import build_relay
    from ...transport.outbound.courier import Courier

    project = host_project()
    if project is not None and not names_relay(project):
        raise click.ClickException("This Salmon project sends email itself, while its server runs.")
    relay = build_relay(current_settings())
    with ready_database() as database:
        courier = Courier(database, relay)
        sent = 0
        try:
            while due := _due(database):
                taken = courier.round()
                sent += taken
                if courier.is_stopped:
                    raise click.ClickException("The outgoing server refuses email. See: tickets outbox")
                if not taken:
                    # All of the round were refused, and are no longer due; or the relay is away, and says so here.
                    relay.check()
                    if _due(database) >= due:
                        raise click.ClickException(
                            "The outgoing server answers, but accepts no email. See: tickets outbox"
                        )
        finally:
            courier.stop()
            click.echo(f"{sent} email{'' if sent == 1 else 's'} sent")


@outbox_command.command("test")
@click.argument("address")
def outbox_test(address: str) -> None:
    """Send one test email, and say what the outgoing server answers.

    \b
    Example:
      tickets outbox test you@example.org
    """
    from ...config.build import build_relay
    from ...transport.outbound.errors import RelayError

    settings = current_settings()
    if not is_usable(address.strip()):
        raise click.ClickException(f'"{address}" isn\'t an email address. Write it like you@example.org.')
    with open_read_only() as uow:
        letter, sender = compose_trial(uow, address.strip()), postmaster_address(uow)
    relay = build_relay(settings)
    try:
        relay.deliver(letter, To=address.strip(), From=sender)
    except RelayError as error:
        raise click.ClickException(f"{relay} didn't take the email: {error.text}") from None
    finally:
        relay.close()
    answer = f' and answered "{one_line(relay.answer)}"' if isinstance(relay, SmtpRelay) and relay.answer else ""
    click.echo(f"{relay} took the email for {address.strip()}{answer}. If it doesn't arrive, check the spam folder.")


def _due(database: Database) -> int:
    with database.read_only() as uow:
        return letters_due(uow)


@outbox_command.command("retry")
@click.argument("letters", nargs=-1, type=Number(), metavar="[ID]...")
def outbox_retry(letters: tuple[int, ...]) -> None:
    """Try emails again now that are waiting or failed: those you name, or all."""
    with open_transaction() as uow:
        due = retry(uow, letters)
    click.echo(f"{due} email{'' if due == 1 else 's'} will be sent now")
