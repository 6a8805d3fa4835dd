"""The mail servers tests send to: scripted relays with the tests' own certificate."""

import ssl
from pathlib import Path

from mail_tickets.devtools.scripted_relay import ScriptedRelay

CERTIFICATE = Path(__file__).parent / "tls" / "certificate.pem"


def client_context() -> ssl.SSLContext:
    """Verifies as any client does, but believes the tests' own certificate."""
    return ssl.create_default_context(cafile=CERTIFICATE)


class Sink(ScriptedRelay):
    """A scripted SMTP or LMTP server."""

    certificate = CERTIFICATE
