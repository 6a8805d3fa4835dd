"""What systemd is told of a service of ours (sd_notify(3)), where it asks to be."""

import os
import socket
from contextlib import suppress


def tell_service_manager(*states: str) -> None:
    """Tell the service manager, such as READY=1; without one, nothing. A fault is its own matter."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    # An abstract socket's name begins with a NUL.
    place = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.sendto("\n".join(states).encode(), place)
