"""The site that answers the request in hand."""

from typing import cast

from flask import Flask, current_app

from .site import Site

_KEY = "tickets"


def current_site() -> Site:
    """Return the site that answers the request in hand."""
    return cast("Site", current_app.extensions[_KEY])


def attach(app: Flask, site: Site) -> None:
    """Let an application answer for a site."""
    app.extensions[_KEY] = site
