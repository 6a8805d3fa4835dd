"""What of the tracker one process does, where several share the work."""

from typing import NamedTuple


class ProcessPart(NamedTuple):
    """Whether a process sends letters, and has what a machine has only once: web pages, numbers, mail from pipes.

    `shares_port`: other processes of this machine take connections at the same addresses.
    """

    sends: bool = True
    first: bool = True
    shares_port: bool = False


WHOLE = ProcessPart()
