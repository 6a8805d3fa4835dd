"""A ticket tracker that lives in e-mail, as a plug-in of Salmon; installed, this package is `mail_tickets`."""

from typing import Any


def start(settings: Any, *, courier: bool = True) -> None:
    """Start the tracker in another Salmon project, from its config/boot.py (docs/salmon.md).

    `settings` is the project's settings module, once its relay is made. Without a courier letters wait in the outbox.
    """
    # Loaded here: every command of ours loads this package first.
    from .config import plugin

    plugin.start(settings, courier=courier)
