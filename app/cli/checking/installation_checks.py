"""Checks of settings, templates, disk, addresses, and the servers that we talk to."""

import shutil
import stat
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from ...config import defaults
from ...config.parsing import Listen, Settings
from ...config.web_address import is_loopback
from ...model.storage.database import Database
from .. import in_one_line
from .dns_records import is_reserved_domain, missing_records
from .findings import Finding, Level, warning
from .listener_probe import listener_state, web_state

RELAY_SECONDS = 5.0


def check_trust(settings: Settings) -> Iterator[Finding]:
    """Warn where nothing proves who sends, or where others can fake the proof."""
    if settings.trust == "from":
        problem = "TICKETS_TRUST=from: anyone can fake a sender and change tickets"
        yield warning("trust", f"{problem}. Set TICKETS_TRUST=reply.")
    if settings.trust == "dmarc" and not settings.authserv_id:
        advice = "Set it to the name of the mail server that checks DMARC, or set TICKETS_TRUST=reply"
        problem = f"TICKETS_TRUST=dmarc needs TICKETS_AUTHSERV_ID; without it no command by email works. {advice}."
        yield Finding(Level.FAIL, "trust", problem)
    if settings.authserv_id:
        problem = f"Authentication-Results of {settings.authserv_id} are believed. That server must remove those that"
        yield Finding(Level.OK, "trust", f"{problem} arrive with its name, and then add its own on top")
        yield from _open_doors(settings)


def _open_doors(settings: Settings) -> Iterator[Finding]:
    """Warn of places at which others than the front server reach us: each can write such a header itself."""
    for place in settings.listen:
        if _is_open(place):
            where = place.path or place.host
            problem = (
                f"Anyone who reaches {where} can write Authentication-Results of {settings.authserv_id} themselves"
            )
            yield warning("trust", f"{problem}. Listen on 127.0.0.1, or on a socket that only the mail server can use.")


def _is_open(place: Listen) -> bool:
    if place.path:
        socket = Path(place.path)
        return socket.exists() and bool(socket.stat().st_mode & stat.S_IWOTH)
    try:
        return not ip_address(place.host).is_loopback
    except ValueError:
        return place.host != "localhost"


def check_handlers(settings: Settings) -> Iterator[Finding]:
    """Check that the handlers and their routes load."""
    from ...config.build import load_routes

    load_routes(settings)
    yield Finding(Level.OK, "handlers", "loaded")


def check_templates() -> Iterator[Finding]:
    """Render a letter of each kind; every mail that causes a broken one would be answered 451."""
    from .letter_samples import kinds, names_in_letters, render_sample

    letter_kinds = kinds()
    if not letter_kinds:
        yield Finding(Level.FAIL, "templates", "The email templates are missing. Install mail-tickets again.")
    names = names_in_letters()
    for kind in letter_kinds:
        try:
            render_sample(kind, names)
        except Exception as error:
            problem = f"Can't write emails of the kind {kind!r}: {in_one_line(error).rstrip('.')}"
            yield Finding(Level.FAIL, "templates", f"{problem}. Fix or restore that template and those it extends.")
            return
    if letter_kinds:
        yield Finding(Level.OK, "templates", f"fine ({len(letter_kinds)} kinds of email)")


def check_disk(settings: Settings, database: Database) -> Iterator[Finding]:
    """Check that the largest mail fits beside an SQLite database; a PostgreSQL may be on another machine."""
    from ...config.disk_space import SPARE_BYTES

    if not database.is_sqlite:
        return
    folder = Path(database.url.database or "").parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    needed = SPARE_BYTES + 3 * settings.max_message_bytes
    room = f"{free // 2**20} MB free at {folder}"
    if free <= needed:
        yield Finding(Level.FAIL, "disk", f"{room}: email is refused (452). Free up at least {needed // 2**20} MB.")
    elif free <= 10 * needed:
        yield warning("disk", f"{room}: nearly full. Below {needed // 2**20} MB email is refused, so free up space.")
    else:
        yield Finding(Level.OK, "disk", room)


def check_outgoing(settings: Settings) -> Iterator[Finding]:
    """Check that the relay takes connections."""
    from ...transport.outbound.relays import RelayError, relay_from_url

    relay = relay_from_url(settings.relay, timeout=RELAY_SECONDS, root=settings.home, helo=settings.domain)
    try:
        relay.check()
    except RelayError as error:
        problem = f"{error.text.rstrip('.')}. Emails wait until it works. Start it, or fix TICKETS_RELAY."
        yield Finding(Level.FAIL, "outgoing", problem)
    else:
        yield Finding(Level.OK, "outgoing", f"connects to {relay}")
    finally:
        relay.close()


def check_incoming(settings: Settings) -> Iterator[Finding]:
    """Check that the tracker listens, and warn of addresses that anybody reaches."""
    for place in settings.listen:
        free, state = listener_state(place)
        level = Level.OK if free is False else Level.FAIL
        yield Finding(level, "incoming", f"{state} Start tickets serve." if free else state)
        if place.host and not is_loopback(place.host):
            problem = f"Anyone who reaches {place.host}:{place.port} can hand in email as a mail server of yours"
            yield warning("incoming", f"{problem}. Listen on 127.0.0.1, or let a firewall admit only your mail server.")


def check_web_pages(settings: Settings) -> Iterator[Finding]:
    """Check that the web pages are served."""
    if settings.web is None:
        return
    place = settings.web.path or f"{settings.web.host}:{settings.web.port}"
    state = web_state(settings.web)
    if state == "ok":
        yield Finding(Level.OK, "web pages", f"served at {place}")
    elif state is None:
        yield warning("web pages", f"Nobody serves them at {place}. Start tickets serve, or set TICKETS_WEB= for none.")
    elif state == "unavailable":
        yield warning("web pages", f"They're served at {place}, and can't reach the database. Check the database.")
    else:
        problem = f"Another program uses {place}, so there are none"
        yield warning("web pages", f"{problem}. Set TICKETS_WEB to another port, like http://127.0.0.1:8827.")


def check_domain(settings: Settings) -> Iterator[Finding]:
    """Check that the public can reach our addresses; DNS is asked, and no answer is no finding."""
    domain = settings.domain
    if domain == defaults.DOMAIN and not settings.relay.startswith("maildir:"):
        problem = f"The domain is still {domain}, so nobody can answer the emails that leave"
        yield warning("domain", f"{problem}. Set yours: tickets config init")
        return
    missing = [] if is_reserved_domain(domain) else missing_records(domain)
    for problem in missing:
        yield warning("domain", problem)
    if not missing:
        yield Finding(Level.OK, "domain", domain)
