"""How what gzip has packed is read as far as it is whole."""

import gzip
import io
import zlib
from typing import BinaryIO

from ...mail.text import one_line

GZIP = b"\x1f\x8b"


class Unpacked(io.RawIOBase):
    """What a compressed file holds; it ends where the file is damaged, and then `damage` says so."""

    def __init__(self, file: BinaryIO) -> None:
        self.damage = ""
        self._file = gzip.GzipFile(fileobj=file)

    def readable(self) -> bool:
        """Whether it can be read from, as whoever puts a buffer around it asks."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # typeshed: any buffer
        """Fill a buffer; how many bytes came, none at the end."""
        filled = 0
        while filled < len(buffer) and (piece := self._step(len(buffer) - filled)):
            buffer[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def _step(self, size: int) -> bytes:
        """One step at a time: what was unpacked before the damage would be lost with it."""
        if self.damage:
            return b""
        try:
            return self._file.read1(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self.damage = f"the compressed file is damaged: {one_line(str(error))}"
            return b""
