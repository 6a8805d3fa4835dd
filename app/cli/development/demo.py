"""The command `demo`: a conversation over real SMTP, and each promise beside its keeping."""

import signal
import sys
import threading
from types import FrameType

import click


@click.command("demo", short_help="Play a conversation over real SMTP, in a database of its own.")
def demo_command() -> None:
    """Play a conversation over real SMTP, in a database of its own, and check what every letter promises."""
    from ...devtools.demo.conversation import play
    from ...devtools.demo.tracker import BrokenPromise

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _leave)
    try:
        kept = play(click.echo)
    except BrokenPromise as broken:
        raise click.ClickException(str(broken)) from None
    click.echo(f"All {kept} promises were kept. Nothing of this is left; `tickets serve` starts a tracker of your own.")


def _leave(number: int, _: FrameType | None) -> None:
    """End as after Ctrl-C, so that what was made is taken away."""
    sys.exit(128 + number)
