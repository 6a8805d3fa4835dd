"""Who is logged in to the web pages, and the links by which somebody may log in."""

from datetime import datetime

from sqlalchemy import ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..storage.base import CREDENTIAL, Base
from .people import Person


class WebSession(Base):
    """One browser in which somebody is logged in; `digest` is of the secret in its cookie, which is kept nowhere.

    `seen` is when it last asked for a page, to the hour. `browser` is what it calls itself.
    """

    __tablename__ = "web_session"
    __table_args__ = ({"info": CREDENTIAL},)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    made: Mapped[datetime]
    seen: Mapped[datetime]
    ends: Mapped[datetime]
    browser: Mapped[str]

    person: Mapped[Person] = relationship()


class LoginLink(Base):
    """A link that logs its person in, once; `digest` is of the secret in it.

    `asker` is a digest of what the browser that asked for it keeps, and `network` where that browser is; both are None
    where an administrator made the link. `leads_to` is the page that comes after.
    """

    __tablename__ = "login_link"
    __table_args__ = ({"info": CREDENTIAL},)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    made: Mapped[datetime] = mapped_column(index=True)
    ends: Mapped[datetime]
    used: Mapped[bool] = mapped_column(default=False, server_default=false())
    asker: Mapped[str | None]
    network: Mapped[str | None]
    leads_to: Mapped[str]

    person: Mapped[Person] = relationship()
