"""How the web pages are served beside the mail, as the settings say."""

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..model.storage.database import Database
from . import defaults
from .parsing import BadSetting, Settings
from .web_address import WebAddress, parse_web

if TYPE_CHECKING:
    from ..transport.inbound.intake import MailIntake
    from ..web.serving import WebServer
    from ..web.site import Site

LOG = logging.getLogger("tickets.web")


def build_web(
    settings: Settings, database: Database, intake: "MailIntake", stored: Callable[[], None]
) -> "WebServer | None":
    """Return the web server, which has its port already; None without one. BadSetting if the port is taken.

    A port that is only the default never stops the mail: a second tracker on a machine has no pages then.
    """
    from ..web.serving import WebServer

    if settings.web is None:
        return None
    behind_proxy = settings.web_url is not None and settings.web.is_local

    def site(server: WebServer) -> "Site":
        return _site(settings, server, database, intake, stored)

    try:
        return WebServer(settings.web.host, settings.web.port, settings.web.path, site, behind_proxy=behind_proxy)
    except OSError as error:
        why = f"The web pages can't be served at {_place(settings.web)}: {error.strerror or error}."
        if settings.web != parse_web(defaults.WEB):
            raise BadSetting(f"{why} TICKETS_WEB says where to.") from None
        LOG.warning("%s Mail is received all the same; TICKETS_WEB names another place.", why)
        return None


def web_url(settings: Settings) -> str | None:
    """Return the address of the web pages for people; None where nobody can know it."""
    if settings.web_url is not None:
        return settings.web_url
    if settings.web is None or settings.web.path:
        return None
    return f"http://{_place(settings.web)}"


def _site(
    settings: Settings, server: "WebServer", database: Database, intake: "MailIntake", stored: Callable[[], None]
) -> "Site":
    from ..web.site import LOOPBACK, Site

    url = settings.web_url or server.url
    name = re.sub(r":\d*\Z", "", url.partition("://")[2].lower(), flags=re.ASCII)
    return Site(
        database=database,
        url=url,
        hosts=LOOPBACK | {name},
        stored=stored,
        redeliver=intake.redeliver,
        later=server.later,
        max_bytes=settings.max_message_bytes,
    )


def _place(web: WebAddress) -> str:
    return web.path or f"{f'[{web.host}]' if ':' in web.host else web.host}:{web.port}"
