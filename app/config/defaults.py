"""Every setting with its default. Set others in config/settings.py, or as TICKETS_<NAME> in the environment."""

from typing import Any

# The domain of our addresses: ticket<n>@DOMAIN, hello@DOMAIN.
DOMAIN = "tickets.localhost"

# Where everything is kept: sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME.
DATABASE_URL = "sqlite:///run/tickets.db"

# Where mail is received, with commas between: smtp://HOST:PORT, lmtp://HOST:PORT, lmtp+unix:///PATH.
LISTEN = "smtp://127.0.0.1:8825"

# Where letters go: maildir:PATH, smtp://[USER:PASSWORD@]HOST[:PORT], smtps://…, smtp+starttls://…, lmtp://….
RELAY = "maildir:run/letters"

# The largest mail that is taken.
MAX_MESSAGE_BYTES = 26_214_400

# Mail to an address of ours that leads nowhere: "keep" sets it aside, "reject" refuses it with 550.
UNMATCHED = "keep"

# What proves who wrote: "reply", "dmarc" or "from"; and the front server whose Authentication-Results are believed.
TRUST = "reply"
AUTHSERV_ID = ""

# The configuration file; empty: tickets.toml in TICKETS_HOME, in the checkout, or in /etc/tickets.
CONFIG = ""

# Where relative paths start; empty: the checkout, or the data directory of an installed tracker.
HOME = ""

# Where the web pages are served: http://HOST:PORT, http+unix:///PATH, or empty for none.
WEB = "http://127.0.0.1:8826"

# The address that people use for them, like https://desk.example.org: letters then end with a link.
WEB_URL = ""

# Threads that take mail in.
WORKERS = 4

# Where a monitor reads numbers, at /metrics: http://HOST:PORT or http+unix:///PATH; empty: nowhere.
METRICS = ""

# The form of the log on standard error: "plain" or "json".
LOG = "plain"

# Salmon's own: the modules with the handlers, and what boot sets.
handlers = ["mail_tickets.handlers.ticket", "mail_tickets.handlers.other"]
receiver: Any = None
relay: Any = None
