"""The command `login`."""

import click

from ...config.current import current_settings
from ...config.web import web_url
from ...model.operations.web_login import make_link
from ...model.records.people import get_person
from ..common import open_transaction


@click.command("login")
@click.argument("email")
def login_command(email: str) -> None:
    """Print a one-time link to the web pages.

    The link logs in whoever presses its button first, within 15 minutes.

    \b
    Example:
      tickets login you@example.org
    """
    url = web_url(current_settings())
    if url is None:
        raise click.ClickException("Nobody can know the address of the web pages: set TICKETS_WEB or TICKETS_WEB_URL.")
    with open_transaction() as uow:
        secret = make_link(uow, get_person(uow, email))
    click.echo(f"{url}/login/{secret}")
