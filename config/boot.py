"""What `salmon start --boot config.boot` loads before it starts `settings.receiver`."""

from mail_tickets.config.boot import boot

from config import settings

boot(settings)
