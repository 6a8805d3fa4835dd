"""Log in to the web pages by a link, and out again. There are no passwords.

What lets somebody in is kept as a digest alone: who reads the database, or a backup of it, gets in nowhere.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm.attributes import set_committed_value

from ...mail.addresses import address_key
from ..letters.personal_letters import write_login_letter
from ..lifecycle.tables import NotAllowed
from ..records.people import Address, Person, find_person
from ..records.web_access import LoginLink, WebSession
from ..storage.mapped_rows import columns_of, load
from ..storage.prepared import Prepared
from ..storage.unit_of_work import UnitOfWork

LINK_LASTS = timedelta(minutes=15)
SESSION_LASTS = timedelta(days=30)
# An administrator's session that nobody uses ends sooner: it may read everything.
ADMINISTRATOR_IDLE = timedelta(hours=12)
SEEN_EVERY = timedelta(hours=1)
_KEPT = timedelta(days=1)
# Letters with a link within a span: to one person, and for whoever asks from one network.
_LIMITS = ((timedelta(hours=1), 3), (timedelta(days=1), 10))
_NETWORK_LIMIT = (timedelta(hours=1), 20)
_LONGEST_BROWSER = 200
_SESSION = Prepared(
    select(*columns_of(WebSession), *columns_of(Person))
    .join(Person, Person.id == WebSession.person_id)
    .where(WebSession.digest == bindparam("digest"))
)


class LinkAsker(NamedTuple):
    """The browser that asks for a link: a secret that only it keeps, and the network that it is in."""

    secret: str
    network: str


class NotThisBrowser(NotAllowed):
    """A link was opened in another browser than the one that asked for it."""


class NoSuchLink(NotAllowed):
    """A link is unknown, was used, or is too old."""


class LoggedIn(NamedTuple):
    """A session that has begun: the secret for its cookie, and the page that comes first."""

    secret: str
    leads_to: str


def may_log_in(person: Person) -> bool:
    """Return whether there may be anything for somebody to see."""
    return (person.known or person.administrator) and not person.forgotten and not person.no_access


def make_link(uow: UnitOfWork, person: Person, asker: LinkAsker | None = None, leads_to: str = "/") -> str:
    """Make a link that logs somebody in; return the secret that it ends with. Raises NotAllowed."""
    if not may_log_in(person):
        raise NotAllowed("nothing_to_log_in_to", email=person.email)
    secret = secrets.token_urlsafe(32)
    link = LoginLink(
        person_id=person.id,
        digest=digest_of(secret),
        made=uow.now,
        ends=uow.now + LINK_LASTS,
        used=False,
        asker=digest_of(asker.secret) if asker else None,
        network=asker.network if asker else None,
        leads_to=leads_to,
    )
    uow.session.add(link)
    uow.session.flush()
    return secret


def send_link(uow: UnitOfWork, email: str, asker: LinkAsker, leads_to: str, url: str) -> None:
    """Write a letter with a link to an address, if it is known here; `url` is that of the web pages."""
    person = find_person(uow, email)
    if person is None or not may_log_in(person) or _is_one_too_many(uow, person, asker.network):
        return
    stored = select(Address.email).where(Address.person_id == person.id, Address.key == address_key(email))
    recipient = uow.session.scalar(stored) or person.email
    write_login_letter(uow, person, recipient, f"{url}/login/{make_link(uow, person, asker, leads_to)}")


def _is_one_too_many(uow: UnitOfWork, person: Person, network: str) -> bool:
    """Return whether so many links were asked for that no other letter is written."""
    links = select(func.count()).select_from(LoginLink).where(LoginLink.asker.is_not(None))
    for span, most in _LIMITS:
        to_person = links.where(LoginLink.person_id == person.id, LoginLink.made > uow.now - span)
        if (uow.session.scalar(to_person) or 0) >= most:
            return True
    span, most = _NETWORK_LIMIT
    from_there = links.where(LoginLink.network == network, LoginLink.made > uow.now - span)
    return (uow.session.scalar(from_there) or 0) >= most


def check_link(uow: UnitOfWork, secret: str, browser_secret: str, *, locked: bool = False) -> LoginLink:
    """Return the link that ends with a secret, if it can be used in this browser. Raises NoSuchLink, NotThisBrowser."""
    query = select(LoginLink).where(LoginLink.digest == digest_of(secret))
    link = uow.session.scalars(query.with_for_update() if locked else query).one_or_none()
    if link is None or link.used or link.ends <= uow.now or not may_log_in(link.person):
        raise NoSuchLink("link_is_over")
    if link.asker is not None and not secrets.compare_digest(link.asker, digest_of(browser_secret)):
        raise NotThisBrowser("link_of_another_browser")
    return link


def log_in(uow: UnitOfWork, secret: str, browser_secret: str, browser: str) -> LoggedIn:
    """Use up a link, and begin a session. Raises NoSuchLink or NotThisBrowser."""
    link = check_link(uow, secret, browser_secret, locked=True)
    link.used = True
    secret = secrets.token_urlsafe(32)
    uow.session.add(
        WebSession(
            person_id=link.person_id,
            digest=digest_of(secret),
            made=uow.now,
            seen=uow.now,
            ends=uow.now + SESSION_LASTS,
            browser=browser[:_LONGEST_BROWSER],
        )
    )
    _clear(uow)
    return LoggedIn(secret, link.leads_to)


def find_session(uow: UnitOfWork, secret: str) -> WebSession | None:
    """Return the session that a cookie stands for, if it has not ended."""
    row = _SESSION.row(uow.connection, {"digest": digest_of(secret)})
    if row is None:
        return None
    places = len(columns_of(WebSession))
    session = load(uow.session, WebSession, row[:places])
    set_committed_value(session, "person", load(uow.session, Person, row[places:]))
    return session if _lives(session, uow.now) else None


def _lives(session: WebSession, now: datetime) -> bool:
    idle = session.person.administrator and session.seen + ADMINISTRATOR_IDLE <= now
    return now < session.ends and not idle and may_log_in(session.person)


def sessions_of(uow: UnitOfWork, person: Person) -> list[WebSession]:
    """Return the sessions of somebody that have not ended, the newest first."""
    query = select(WebSession).where(WebSession.person_id == person.id).order_by(WebSession.id.desc())
    return [session for session in uow.session.scalars(query) if _lives(session, uow.now)]


def end_session(uow: UnitOfWork, person: Person, session_id: int) -> None:
    """End one session of somebody; nothing happens where it has ended, or is another person's."""
    uow.session.execute(delete(WebSession).where(WebSession.id == session_id, WebSession.person_id == person.id))


def end_access(uow: UnitOfWork, person: Person) -> None:
    """End all sessions of somebody, and the links that were made for them."""
    for table in (WebSession, LoginLink):
        uow.session.execute(delete(table).where(table.person_id == person.id))


def set_access(uow: UnitOfWork, person: Person, *, allowed: bool) -> None:
    """Let somebody log in to the web pages, or not: then their sessions and links end at once."""
    person.no_access = not allowed
    if not allowed:
        end_access(uow, person)


def note_use(uow: UnitOfWork, session_id: int) -> None:
    """Remember that a session is in use."""
    uow.session.execute(update(WebSession).where(WebSession.id == session_id).values(seen=uow.now))


def _clear(uow: UnitOfWork) -> None:
    """Delete what ended long ago; links are counted for a day."""
    uow.session.execute(delete(LoginLink).where(LoginLink.made <= uow.now - _KEPT))
    uow.session.execute(delete(WebSession).where(WebSession.ends <= uow.now))


def digest_of(secret: str) -> str:
    """Return what is kept of a secret."""
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
