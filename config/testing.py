"""The same as config.boot for `salmon routes`: the doors, and nothing that opens a port or a file."""

from config import settings
from mail_tickets.config.build import load_routes
from mail_tickets.config.current import current_settings

load_routes(current_settings())
settings.receiver = None
