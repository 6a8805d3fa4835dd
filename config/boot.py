"""What `salmon start --boot config.boot` loads before it starts `settings.receiver`."""

from config import settings
from mail_tickets.config.boot import boot

boot(settings)
