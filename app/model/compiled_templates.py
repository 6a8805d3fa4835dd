"""Templates as they are compiled, kept for the next program that starts: compiling them is half of a short command."""

from contextlib import suppress
from pathlib import Path

from jinja2.bccache import Bucket, FileSystemBytecodeCache


class CompiledTemplates(FileSystemBytecodeCache):
    """The folder in which Python keeps compiled modules. Where nothing can be kept there, each start compiles."""

    def __init__(self, folder: Path = Path(__file__).parent / "__pycache__") -> None:
        super().__init__(str(folder), "template-%s.cache")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, unless what is kept is missing, damaged or of another text."""
        try:
            super().load_bytecode(bucket)
        # A damaged pickle raises nearly anything.
        except Exception:
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what the bucket has; a full disk or a folder of somebody else's stops nothing."""
        with suppress(OSError):
            super().dump_bytecode(bucket)
