"""The settings of this checkout, in Salmon's place for them.

A setting that is written here (`DOMAIN = "tickets.example.org"`) replaces its default in app/config/defaults.py, and an
environment variable with the prefix TICKETS_ replaces both.
"""

from typing import Any

# Salmon's own: the modules with the doors, to which others may be added, and what config/boot.py sets.
handlers = ["mail_tickets.handlers.ticket", "mail_tickets.handlers.other"]
receiver: Any = None
relay: Any = None
