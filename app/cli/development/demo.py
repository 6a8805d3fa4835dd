"""The command `demo`: a conversation over real SMTP, and each promise beside its keeping."""

import signal
import sys
import threading
from types import FrameType

import click


@click.command("demo")
def demo_command() -> None:
    """Watch a sample conversation (nothing is kept).

    Plays it over real SMTP with a database of its own, and checks that every email keeps its promise.

    \b
    Example:
      tickets demo
    """
    from ...devtools.demo.conversation import play
    from ...devtools.demo.tracker import BrokenPromise

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _leave)
    try:
        kept = play(click.echo)
    except BrokenPromise as broken:
        raise click.ClickException(str(broken)) from None
    click.echo(
        f"All {kept} promises were kept. Nothing of this is stored. To start your own tracker, run: tickets serve"
    )


def _leave(number: int, _: FrameType | None) -> None:
    """End as after Ctrl-C, so that what was made is taken away."""
    sys.exit(128 + number)
